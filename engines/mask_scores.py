"""How well a mask fits another one: by area (IoU) and by border (boundary F)."""

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

BORDER_TOLERANCE = 0.008  # of the picture's diagonal, as DAVIS has it


def iou(a: Mask, b: Mask) -> float:
    """Intersection over union of two masks (H, W); 0 where both are empty."""
    return int(np.count_nonzero(a & b)) / max(1, int(np.count_nonzero(a | b)))


def boundary_f(found: Mask, wanted: Mask) -> float:
    """DAVIS's contour accuracy F of two masks (H, W): how much of each border lies close to the other one, 0..1.

    Close is within 0.8 % of the diagonal, rounded up. Perazzi et al., "A Benchmark Dataset and Evaluation Methodology
    for Video Object Segmentation", 2016, as its code computes it (davis2017-evaluation, ``f_measure``).
    """
    height, width = wanted.shape
    tolerance_px = int(np.ceil(BORDER_TOLERANCE * np.hypot(height, width)))
    where = _around(found | wanted, tolerance_px + 2)
    ours, theirs = _border(found)[where], _border(wanted)[where]
    if not ours.any() or not theirs.any():
        return float(ours.any() == theirs.any())
    precision, recall = _share_near(ours, theirs, tolerance_px), _share_near(theirs, ours, tolerance_px)
    return 2.0 * precision * recall / (precision + recall) if precision + recall > 0.0 else 0.0


def _border(mask: Mask) -> Mask:
    """The pixels that differ from the one below, to the right, or diagonally so (DAVIS's ``seg2bmap``)."""
    more = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    border: Mask = (mask ^ more[1:, :-1]) | (mask ^ more[:-1, 1:]) | (mask ^ more[1:, 1:])
    border[-1, -1] = False
    return border


def _share_near(border: Mask, other: Mask, tolerance_px: int) -> float:
    """How much of ``border`` lies within the tolerance of ``other``, which is not empty."""
    away = cv2.distanceTransform((~other).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return float(np.count_nonzero(away[border] <= tolerance_px + 1e-3) / np.count_nonzero(border))


def _around(mask: Mask, margin: int) -> tuple[slice, slice]:
    """The part of a picture that a mask lies in, with a margin: borders elsewhere there are none."""
    spans = []
    for axis in (1, 0):
        hit = np.flatnonzero(mask.any(axis=axis))
        first, last = (hit[0], hit[-1]) if len(hit) else (0, 0)
        spans.append(slice(max(0, int(first) - margin), int(last) + margin + 1))
    return spans[0], spans[1]
