"""From logits to outlines: exact to a fraction of a pixel, simplified within the tolerance, holes and islands right."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gazeline.calib.cameras import KannalaBrandt
from gazeline.engines.segmenter import Masks
from gazeline.engines.window import Window
from gazeline.runtime.outline import Outline, outline, rays_of

Array = NDArray[np.float64]


def grid(w: int, h: int) -> tuple[Array, Array]:
    x, y = np.meshgrid(np.arange(w, dtype=np.float64), np.arange(h, dtype=np.float64))
    return x, y


def disc(w: int, h: int, cx: float, cy: float, r: float) -> NDArray[np.float32]:
    x, y = grid(w, h)
    return np.asarray(r - np.hypot(x - cx, y - cy), np.float32)


def shoelace(ring: Array) -> float:
    x, y = ring[:, 0], ring[:, 1]
    return 0.5 * float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def raster(rings: tuple[Array, ...], w: int, h: int) -> NDArray[np.bool_]:
    """Which pixel centres lie inside, by the even-odd rule along each row."""
    inside = np.zeros((h, w), np.bool_)
    columns = np.arange(w)
    for ring in rings:
        for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
            low, high = sorted((y0, y1))
            for y in range(max(0, int(np.ceil(low))), min(h, int(np.ceil(high)))):
                inside[y] ^= columns < x0 + (y - y0) / (y1 - y0) * (x1 - x0)
    return inside


def iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float((a & b).sum() / (a | b).sum())


def made(shape: Outline | None) -> Outline:
    assert shape is not None
    return shape


def test_a_disc_to_a_fraction_of_a_pixel() -> None:
    shape = made(outline(disc(200, 150, 80.3, 60.7, 40.0), tolerance_px=0.5))
    (ring,) = shape.rings
    radius = np.hypot(*(ring - (80.3, 60.7)).T)
    assert np.abs(radius - 40.0).max() < 0.02  # each vertex lies on the true border
    assert shape.area_px == pytest.approx(np.pi * 1600, rel=0.001)
    assert 10 < len(ring) < 40
    assert shape.box == pytest.approx((40.3, 20.7, 120.3, 100.7), abs=0.5)
    assert shoelace(ring) > 0.0
    assert shape.contains((80.0, 60.0))
    assert not shape.contains((10.0, 10.0))


def test_no_point_of_the_border_is_farther_away_than_the_tolerance() -> None:
    logits = disc(300, 300, 150.0, 150.0, 100.0) + np.asarray(15 * np.sin(grid(300, 300)[0] / 9), np.float32)
    exact = made(outline(logits, tolerance_px=0.0))
    for tolerance in (0.5, 2.0):
        simple = made(outline(logits, tolerance_px=tolerance))
        assert simple.tolerance_px <= tolerance
        polygon = simple.rings[0].astype(np.float32)
        away = [abs(cv2.pointPolygonTest(polygon, point, True)) for point in exact.rings[0].tolist()]
        assert max(away) <= simple.tolerance_px + 1e-3
        assert len(simple.rings[0]) < len(exact.rings[0])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1.0, 2.0, 6.0]))
def test_any_mask_comes_back_when_its_exact_outline_is_filled(seed: int, smoothness: float) -> None:
    rng = np.random.default_rng(seed)
    logits = cv2.GaussianBlur(rng.normal(-0.02, 1.0, (48, 64)), (0, 0), smoothness).astype(np.float32)
    shape = outline(logits, tolerance_px=0.0)
    if shape is None:
        assert not (logits > 0).any()
        return
    filled = raster(shape.rings, 64, 48)
    assert not (filled & (logits <= 0) & ~specks(logits)).any()
    missing = (logits > 0) & ~filled
    count, labels = cv2.connectedComponents((logits > 0).astype(np.uint8), connectivity=4)
    biggest = max(((labels == i).sum() for i in range(1, count)), default=0)
    assert all((missing & (labels == i)).sum() <= max(0.05 * biggest, 3) for i in range(1, count))


def specks(logits: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Holes too small to have three vertices' worth of area are drawn over."""
    count, labels = cv2.connectedComponents((logits <= 0).astype(np.uint8), connectivity=4)
    small = [i for i in range(1, count) if (labels == i).sum() <= 2]
    return np.isin(labels, small)


def window_masks(kind: str, w: int, h: int, m: int) -> Masks:
    u = np.linspace(-1.0, 1.0, m)
    x, y = np.meshgrid(u, u)
    logits = {
        "blob": 20 * (0.5 - np.hypot(x - 0.1, y) + 0.1 * np.sin(5 * np.arctan2(y, x))),
        "tool": 20 * (0.03 - np.maximum(np.abs(y - 0.3 * x), np.abs(x) - 0.6)),
        "ring": 20 * (0.12 - np.abs(np.hypot(x, y) - 0.5)),
        "small": 20 * (0.06 - np.hypot(x, y)),
        "whole": np.full((m, m), 3.0),
    }[kind]
    window = Window.foveal(w, h, 192, (w * 0.4, h * 0.55))
    return Masks(logits[None].astype(np.float32), np.array([0.9], np.float32), 0, window)


@pytest.mark.parametrize("kind", ["blob", "tool", "ring", "small", "whole"])
@pytest.mark.parametrize(("w", "h", "m"), [(640, 480, 96), (640, 480, 256), (1408, 1408, 96)])
def test_masks_of_a_foveal_window(kind: str, w: int, h: int, m: int) -> None:
    masks = window_masks(kind, w, h, m)
    logits, (x0, y0, _, _) = masks.crop()
    shape = made(outline(logits, (x0, y0), tolerance_px=0.5))
    assert iou(raster(shape.rings, w, h), masks.mask()) >= 0.98
    exact = made(outline(logits, (x0, y0), tolerance_px=0.0))
    assert np.array_equal(raster(exact.rings, w, h), masks.mask())
    assert shape.area_px == pytest.approx(float(masks.mask().sum()), rel=0.03, abs=6.0)
    assert len(shape.rings) == (2 if kind == "ring" else 1)
    assert all(len(ring) < 200 for ring in shape.rings)


def test_holes_go_the_other_way_round() -> None:
    logits = np.minimum(disc(120, 120, 60, 60, 40), -disc(120, 120, 60, 60, 20))
    shape = made(outline(logits))
    outer, hole = shape.rings
    assert shoelace(outer) == pytest.approx(np.pi * 1600, rel=0.01)
    assert shoelace(hole) == pytest.approx(-np.pi * 400, rel=0.02)
    assert shape.area_px == pytest.approx(np.pi * 1200, rel=0.01)
    assert not shape.contains((60.0, 60.0))
    assert shape.contains((60.0, 30.0))
    filled = made(outline(logits, min_area_px=1500.0))
    assert len(filled.rings) == 1


def test_an_island_in_a_hole_stays_an_island() -> None:
    r = disc(200, 200, 100, 100, 0)
    logits = np.asarray(np.sin(-r / 8.0), np.float32) * np.asarray(-r < 8 * 3 * np.pi, np.float32)
    shape = made(outline(logits - np.float32(1e-3), min_area_px=4.0))
    assert [shoelace(ring) > 0 for ring in shape.rings] == [True, False, True]


def test_specks_go_unless_gaze_is_on_them() -> None:
    logits = np.maximum(disc(300, 200, 100, 100, 60), disc(300, 200, 250, 100, 4))  # 50 of 11300 px
    assert len(made(outline(logits)).rings) == 1
    assert len(made(outline(logits, gaze_px=(250.0, 100.0))).rings) == 2
    bigger = np.maximum(disc(300, 200, 100, 100, 60), disc(300, 200, 250, 100, 10))
    assert len(made(outline(bigger)).rings) == 2
    assert len(made(outline(bigger, min_area_px=400.0)).rings) == 1


def test_the_only_island_stays_however_small() -> None:
    shape = made(outline(disc(50, 50, 20, 20, 1.5), min_area_px=100.0))
    assert shape.area_px == pytest.approx(np.pi * 2.25, rel=0.2)


def test_at_the_border_of_the_picture_the_outline_ends_half_a_pixel_out() -> None:
    everything = made(outline(np.full((40, 60), 2.0, np.float32), tolerance_px=0.0))
    assert everything.box == (-0.5, -0.5, 59.5, 39.5)
    assert everything.area_px == pytest.approx(60 * 40, abs=1.0)  # the four corners are cut
    moved = made(outline(np.full((40, 60), 2.0, np.float32), (100, 200), tolerance_px=0.5))
    assert moved.box == (99.5, 199.5, 159.5, 239.5)


def test_diagonal_pixels_are_joined_as_bilinear_interpolation_joins_them() -> None:
    apart = np.array([[1.0, -3.0], [-3.0, 1.0]], np.float32)
    joined = np.array([[3.0, -1.0], [-1.0, 3.0]], np.float32)
    assert len(made(outline(apart, tolerance_px=0.0)).rings) == 2
    assert len(made(outline(joined, tolerance_px=0.0)).rings) == 1
    assert len(made(outline(joined[:, ::-1], tolerance_px=0.0)).rings) == 1


def test_an_empty_mask_has_no_outline() -> None:
    assert outline(np.full((20, 20), -1.0, np.float32)) is None
    assert outline(np.zeros((0, 0), np.float32)) is None


def test_rays_are_the_vertices_seen_by_the_camera() -> None:
    camera = KannalaBrandt(640, 480, 250.0, 250.0, 319.5, 239.5, 0.02, -0.01, 0.001, 0.0)
    logits = np.minimum(disc(640, 480, 300, 200, 80), -disc(640, 480, 300, 200, 30))
    shape = made(outline(logits))
    rays = rays_of(shape, camera)
    assert [len(ring) for ring in rays] == [len(ring) for ring in shape.rings]
    for ring, directions in zip(shape.rings, rays, strict=True):
        assert np.allclose(np.linalg.norm(directions, axis=1), 1.0)
        px, valid = camera.project(directions)
        assert valid.all()
        assert np.abs(px - ring).max() < 1e-3
