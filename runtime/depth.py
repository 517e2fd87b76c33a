"""Depth pictures: how far the outlined object is, as a whole and at each vertex of its outline.

A depth picture holds distances along the rays of the camera's picture, whose view it shows, often at a smaller size. At
an outline the distance jumps, and a mask is seldom exact to the pixel. So the distance of a vertex is that of the
object's own surface next to it: samples beside the mask, or far from the object's others, are not asked.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.runtime.outline import Outline

Array = NDArray[np.float64]
Plane = NDArray[np.uint16]  # (h, w), mm along the ray

UNKNOWN = (0, 65535)  # values that stand for no distance
ASIDE_DEVIATIONS = 6.0  # samples this many deviations from the object's median, and this share of it, are not its own
ASIDE_SHARE = 0.1
SMOOTH = 5  # px of the depth picture: over so many a vertex's distance is averaged


@dataclass(frozen=True, eq=False)
class Distances:
    """How far an outlined object is: its median, and ring by ring the distance (V,) along the ray of each vertex, m."""

    median_m: float
    rings: tuple[Array, ...]


def metres(plane: Plane) -> NDArray[np.float32]:
    """A depth picture in metres (h, w), 0 where the distance is unknown."""
    depth_m = plane * np.float32(1e-3)
    depth_m[plane == UNKNOWN[1]] = 0.0
    return np.asarray(depth_m, np.float32)


def distances(shape: Outline, plane: Plane, width: int, height: int) -> Distances | None:
    """The distances of an outline in a picture of ``width`` x ``height``; None where the plane knows nothing of it."""
    scale = np.array([plane.shape[1] / width, plane.shape[0] / height])
    rings = [(ring + 0.5) * scale - 0.5 for ring in shape.rings]  # px of the plane
    every = np.concatenate(rings)
    low = np.maximum(np.floor(every.min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(every.max(axis=0)).astype(int) + 2, (plane.shape[1], plane.shape[0]))
    if (high <= low).any():
        return None
    seen = plane[low[1] : high[1], low[0] : high[0]]
    own = _own(seen, [ring - low for ring in rings])
    if own is None:
        return None
    depth_m = 1e-3 * seen.astype(np.float32)
    own32 = own.astype(np.float32)
    count = cv2.boxFilter(own32, -1, (SMOOTH, SMOOTH), normalize=False, borderType=cv2.BORDER_CONSTANT)
    total = cv2.boxFilter(depth_m * own32, -1, (SMOOTH, SMOOTH), normalize=False, borderType=cv2.BORDER_CONSTANT)
    smooth = total / np.maximum(count, 1.0)  # right where a sample of the object's own is, and only asked there
    _, nearest = cv2.distanceTransformWithLabels(
        np.where(own, 0, 255).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    by_label = np.zeros(int(nearest.max()) + 1)
    by_label[nearest[own]] = smooth[own]
    last = np.array(seen.shape)[::-1] - 1
    found = []
    for ring in rings:
        column, row = np.clip(np.rint(ring - low).astype(int), 0, last).T
        found.append(by_label[nearest[row, column]])
    return Distances(float(np.median(depth_m[own])), tuple(found))


def _own(seen: Plane, rings: list[Array]) -> NDArray[np.bool_] | None:
    """The samples of the object's own surface (h, w), those next to its border left out; None if there is none."""
    mask = np.zeros(seen.shape, np.uint8)
    cv2.fillPoly(mask, [np.rint(ring * 16).astype(np.int32) for ring in rings], 1, shift=4)
    known = (seen != UNKNOWN[0]) & (seen != UNKNOWN[1])
    inner = cv2.erode(mask, np.ones((3, 3), np.uint8), borderValue=1)
    own = np.asarray(inner > 0) & known
    if not own.any():  # a thin thing
        own = np.asarray(mask > 0) & known
        if not own.any():
            return None
    values = seen[own].astype(np.float64)
    off = np.abs(seen - np.median(values))
    deviation = 1.4826 * float(np.median(np.abs(values - np.median(values))))
    kept = own & (off <= max(ASIDE_DEVIATIONS * deviation, ASIDE_SHARE * float(np.median(values))))
    return np.asarray(kept, np.bool_)
