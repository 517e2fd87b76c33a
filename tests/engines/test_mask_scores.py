"""The scores of masks, against values worked out by hand."""

import numpy as np
import pytest

from gazeline.engines.mask_scores import boundary_f, iou


def square(x0: int, y0: int, side: int) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    mask = np.zeros((300, 400), np.bool_)  # its diagonal is 500 px: borders may be 4 px apart
    mask[y0 : y0 + side, x0 : x0 + side] = True
    return mask


NOTHING = square(0, 0, 0)


def test_iou_of_shifted_squares() -> None:
    assert iou(square(50, 50, 100), square(50, 50, 100)) == 1.0
    assert iou(square(50, 50, 100), square(100, 50, 100)) == pytest.approx(1 / 3)
    assert iou(square(50, 50, 100), square(200, 50, 100)) == 0.0
    assert iou(NOTHING, NOTHING) == 0.0


def test_boundary_f_forgives_what_is_within_the_tolerance() -> None:
    assert boundary_f(square(50, 50, 100), square(50, 50, 100)) == 1.0
    assert boundary_f(square(54, 50, 100), square(50, 50, 100)) == 1.0


def test_boundary_f_of_a_square_that_is_shifted_further() -> None:
    """The border is a ring of 4 x 100 px, x 49 to 149, or 59 to 159 once shifted by 10 px.

    Of the shifted one, these are within 4 px of the other: of the top and the bottom row 94 each (x 60 to 153), of the
    left column 5 at either end, of the right one nothing. The other way round it is the same.
    """
    by_hand = (2 * 94 + 2 * 5) / 400
    assert boundary_f(square(60, 50, 100), square(50, 50, 100)) == pytest.approx(by_hand, abs=1e-9)


def test_boundary_f_of_nothing() -> None:
    assert boundary_f(NOTHING, NOTHING) == 1.0
    assert boundary_f(NOTHING, square(50, 50, 100)) == 0.0
    assert boundary_f(square(50, 50, 100), NOTHING) == 0.0
    assert boundary_f(square(50, 50, 100), square(280, 150, 100)) == 0.0


def reference_f(found: np.ndarray, wanted: np.ndarray) -> float:
    """davis2017-evaluation's f_measure, with the dilation spelt out."""
    import cv2

    def border(seg: np.ndarray) -> np.ndarray:
        e, s, se = np.zeros_like(seg), np.zeros_like(seg), np.zeros_like(seg)
        e[:, :-1], s[:-1, :], se[:-1, :-1] = seg[:, 1:], seg[1:, :], seg[1:, 1:]
        b = seg ^ e | seg ^ s | seg ^ se
        b[-1, :] = seg[-1, :] ^ e[-1, :]
        b[:, -1] = seg[:, -1] ^ s[:, -1]
        b[-1, -1] = 0
        return np.asarray(b)

    r = int(np.ceil(0.008 * np.linalg.norm(found.shape)))
    y, x = np.mgrid[-r : r + 1, -r : r + 1]
    disc = (x**2 + y**2 <= r**2).astype(np.uint8)
    ours, theirs = border(found), border(wanted)
    near_theirs = cv2.dilate(theirs.astype(np.uint8), disc) > 0
    near_ours = cv2.dilate(ours.astype(np.uint8), disc) > 0
    precision = (ours & near_theirs).sum() / ours.sum()
    recall = (theirs & near_ours).sum() / theirs.sum()
    return float(2 * precision * recall / (precision + recall))


@pytest.mark.parametrize("seed", range(8))
def test_boundary_f_is_davis_s(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ys, xs = np.mgrid[:120, :160]
    masks = []
    for _ in range(2):
        mask = np.zeros((120, 160), np.bool_)
        for _ in range(3):
            x, y, radius = rng.uniform(20, 150), rng.uniform(20, 110), rng.uniform(10, 40)  # also over the edge
            mask |= np.hypot(xs - x, ys - y) < radius
        masks.append(mask)
    assert boundary_f(*masks) == pytest.approx(reference_f(*masks), abs=1e-9)
