"""Where somebody who means an object clicks: first deepest inside it, then where the answer is most wrong."""

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Point = NDArray[np.float64]


def deepest(mask: Mask) -> tuple[Point, float]:
    """The pixel (x, y) of ``mask`` (H, W) that is farthest from its border, and how far that is in pixels.

    The picture's edge is a border, too. An empty mask gives its first pixel and 0.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return np.zeros(2), 0.0
    piece = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.uint8)
    depth = cv2.distanceTransform(np.pad(piece, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return np.array([x + columns[0], y + rows[0]], np.float64), float(depth[y, x])


def corrective_click(found: Mask, wanted: Mask, clickable: Mask) -> tuple[Point, int] | None:
    """The next click (x, y) and its label, 1 "this, too" or 0 "not this"; None where nothing clickable is wrong.

    It goes to the deepest point of what is missing or of what is too much, whichever is deeper: the usual protocol of
    interactive segmentation (as in RITM: Sofiiuk et al., "Reviving Iterative Training with Mask Guidance", 2022). All
    masks are (H, W); pixels clicked before are to be left out of ``clickable``.
    """
    missing, missing_px = deepest(wanted & ~found & clickable)
    surplus, surplus_px = deepest(found & ~wanted & clickable)
    if missing_px == 0.0 == surplus_px:
        return None
    return (missing, 1) if missing_px >= surplus_px else (surplus, 0)
