"""Where to ask for things in a picture: in the middle of every patch that edges enclose, the large ones first.

With as many prompts a regular grid meets fewer things: half of its points fall on walls, and small things between them.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.engines.canvas import Canvas

SMOOTH_CELLS = 0.8
EDGES = 0.2  # the share of all cells, those that differ most from their neighbours, on which edges lie
FAINTEST = 2.5  # CIELAB units per cell: less is no edge, however dull the picture
NARROWEST = 1.5  # cells from the middle of a patch to its edge

Points = NDArray[np.float64]


def seeds(image: NDArray[np.uint8], canvas: Canvas) -> Points:
    """Points (N, 2) in pixels of ``image`` (H, W, 3) RGB, in the order in which to ask."""
    rows, columns = canvas.shape
    small = np.asarray(cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
    edges = _edges(small)
    if not edges.any():
        return np.array([[0.5 * (canvas.frame_w - 1), 0.5 * (canvas.frame_h - 1)]])
    away = cv2.distanceTransform((~edges).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    y, x = np.nonzero((away >= cv2.dilate(away, np.ones((3, 3), np.uint8))) & (away >= NARROWEST))
    order = np.argsort(-away[y, x], kind="stable")
    taken = np.zeros((rows, columns), np.uint8)
    kept = []
    for i in order.tolist():
        at = int(x[i]), int(y[i])
        if not taken[at[1], at[0]]:
            kept.append(i)
            cv2.circle(taken, at, int(np.ceil(away[at[1], at[0]])), 1, -1)
    return canvas.middles_of(y[kept], x[kept])


def _edges(small: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Ridges of the colour gradient (rows, columns) bool."""
    lab = cv2.cvtColor(small.astype(np.float32) / np.float32(255.0), cv2.COLOR_RGB2LAB)
    lab = cv2.GaussianBlur(lab, (0, 0), SMOOTH_CELLS)
    slopes = [cv2.Sobel(lab, cv2.CV_32F, dx, 1 - dx, ksize=3) / 8.0 for dx in (1, 0)]
    steep = np.sqrt(sum((slope**2).sum(axis=-1) for slope in slopes)).astype(np.float32)
    ridge = np.zeros(steep.shape, np.bool_)
    for across in ((1, 3), (3, 1)):
        ridge |= steep >= cv2.dilate(steep, np.ones(across, np.uint8))
    return np.asarray(ridge & (steep > max(FAINTEST, float(np.quantile(steep, 1.0 - EDGES)))))
