"""An outline as it was seen, and how much two of them are the same."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.calib.se3 import SE3

Array = NDArray[np.float64]
Rings = tuple[Array, ...]

LEAST_IOU = 0.3
NEAR = 0.6  # or centres closer than this share of the size (square root of the area), of two that are about as large,
LEAST_AREA_RATIO = 0.5
RASTER = 64  # px along the longer side of the two outlines when their overlap is measured


@dataclass(frozen=True, eq=False)
class Shape:
    """An outline as it was seen: rings (V, 2) in px; the same as unit rays (V, 3) in the camera frame and the camera's
    pose then, where known; the distance, where known."""

    rings: Rings
    rays: Rings = ()
    T_world_camera: SE3 | None = None
    depth_m: float | None = None

    @cached_property
    def d_world(self) -> Array:
        """Where its middle lies (3,), seen from the camera then; only with rays and a pose."""
        assert self.T_world_camera is not None
        d: Array = self.T_world_camera.R @ self.rays[0].mean(axis=0)
        return d / np.linalg.norm(d)

    @cached_property
    def least_cosine(self) -> float:
        """Of the angle from the middle to the farthest vertex."""
        middle = self.rays[0].mean(axis=0)
        return float((self.rays[0] @ middle).min() / np.linalg.norm(middle))


def likeness(a: Rings, b: Rings) -> float:
    """How much two outlines are the same: 0 not at all, up to 1 their IoU, or a little for being near and as large."""
    overlap, area_a, area_b, distance = _overlap(a, b)
    iou = overlap / (area_a + area_b - overlap) if area_a + area_b > overlap else 0.0
    if iou >= LEAST_IOU:
        return iou
    small, large = sorted((area_a, area_b))
    near = small >= LEAST_AREA_RATIO * large and distance <= NEAR * small**0.5
    return 0.5 * LEAST_IOU if near else 0.0


def iou_of(a: Rings, b: Rings) -> float:
    """Intersection over union of two outlines in pixels, 0..1."""
    overlap, area_a, area_b, _ = _overlap(a, b)
    union = area_a + area_b - overlap
    return overlap / union if union > 0.0 else 0.0


def middle_of(shape: Shape) -> Array:
    """The direction (3,) of the middle of the largest ring, camera frame: of its area, since vertices come and go."""
    ring, rays = shape.rings[0], shape.rays[0]
    m = cv2.moments(ring.astype(np.float32))
    middle = np.array([m["m10"], m["m01"]]) / m["m00"] if m["m00"] > 0.0 else ring.mean(axis=0)
    # within the outline the lens is nearly linear: the ray of the middle by least squares from the vertices'
    weights, *_ = np.linalg.lstsq(np.column_stack((ring - middle, np.ones(len(ring)))), rays, rcond=None)
    return np.asarray(weights[2] / np.linalg.norm(weights[2]))


def _overlap(a: Rings, b: Rings) -> tuple[float, float, float, float]:
    """Areas in px^2 of both together, of ``a``, of ``b``, and the distance of their centres in px."""
    low_a, high_a, low_b, high_b = (
        getattr(np.concatenate(rings), side)(axis=0) for rings in (a, b) for side in ("min", "max")
    )
    if (low_a > high_b).any() or (low_b > high_a).any():
        return 0.0, 0.0, 0.0, float("inf")
    low, high = np.minimum(low_a, low_b), np.maximum(high_a, high_b)
    scale = (RASTER - 1) / max(float((high - low).max()), 1e-6)
    drawn = [_drawn(rings, low, scale) for rings in (a, b)]
    centres = [np.argwhere(each).mean(axis=0) if each.any() else np.full(2, np.inf) for each in drawn]
    area = 1.0 / scale**2
    distance = float(np.linalg.norm(centres[0] - centres[1])) / scale if all(each.any() for each in drawn) else np.inf
    overlap, area_a, area_b = (float(each.sum()) * area for each in (drawn[0] & drawn[1], *drawn))
    return overlap, area_a, area_b, distance


def _drawn(rings: Rings, low: Array, scale: float) -> NDArray[np.bool_]:
    picture = np.zeros((RASTER, RASTER), np.uint8)
    points = [np.rint(np.clip((ring - low) * scale, -4096, 4096) * 16).astype(np.int32) for ring in rings]
    cv2.fillPoly(picture, points, 1, shift=4)
    return picture > 0
