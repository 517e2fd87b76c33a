"""An outline as it was seen, and how much two of them are the same."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.calib.se3 import SE3
from gazeline.runtime.tracking.appearance import Appearance

Array = NDArray[np.float64]
Rings = tuple[Array, ...]

RASTER = 64  # px along the longer side of the two outlines when their overlap is measured
USUAL_M = 1.3  # nearer to the truth indoors than far away, and flow sees to the rest
INNER = 6  # points along the longer side of an outline's box that stand for its inside


@dataclass(frozen=True, eq=False)
class Shape:
    """An outline as it was seen: rings (V, 2) in px; the same as unit rays (V, 3) in the camera frame and the camera's
    pose then, where known; the distance, and that of each vertex (V,), where known; how sure the model is of it, what
    it looks like, and whether the picture's border cuts it off."""

    rings: Rings
    rays: Rings = ()
    T_world_camera: SE3 | None = None
    depth_m: float | None = None
    depths: Rings = ()
    score: float = 0.0
    appearance: Appearance | None = None
    cut: bool = False

    @cached_property
    def d_world(self) -> Array:
        """Where its middle lies (3,), seen from the camera then; only with rays and a pose."""
        assert self.T_world_camera is not None
        d: Array = self.T_world_camera.R @ self.rays[0].mean(axis=0)
        return d / np.linalg.norm(d)

    @cached_property
    def p_world(self) -> Array | None:
        """Where its middle is (3,); None where that was not measured: the distance that gaze tells is too rough."""
        if self.T_world_camera is None or self.depth_m is None or not self.depths:
            return None
        return self.T_world_camera.xyz_m + self.depth_m * self.d_world

    @cached_property
    def reach_m(self) -> float | None:
        """How large it is: the mean distance of its vertices from the middle; None where that was not measured."""
        if self.depth_m is None or not self.depths:
            return None
        middle = self.rays[0].mean(axis=0)
        away = self.rays[0] / (self.rays[0] @ middle)[:, None] - middle
        return float(np.sqrt((away**2).sum(axis=1).mean())) * self.depth_m

    @cached_property
    def vertices_m(self) -> Array:
        """All vertices in the world (V, 3), at `USUAL_M` where nothing says how far they are."""
        assert self.T_world_camera is not None
        d_world = np.concatenate(self.rays) @ self.T_world_camera.R.T
        depth_m = np.concatenate(self.depths)[:, None] if self.depths else self.depth_m or USUAL_M
        return np.asarray(self.T_world_camera.xyz_m + depth_m * d_world)

    @cached_property
    def least_cosine(self) -> float:
        """Of the angle from the middle to the farthest vertex."""
        middle = self.rays[0].mean(axis=0)
        return float((self.rays[0] @ middle).min() / np.linalg.norm(middle))

    @cached_property
    def inner(self) -> Array:
        """Points of a grid inside of it (N, 2), px; its middle alone where none lies inside."""
        every = np.concatenate(self.rings)
        low, high = every.min(axis=0), every.max(axis=0)
        step = max(float((high - low).max()) / INNER, 1.0)
        x, y = (np.arange(a + 0.5 * step, b, step) for a, b in zip(low, high, strict=True))
        grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        scale = (RASTER - 1) / max(float((high - low).max()), 1e-6)
        column, row = np.rint((grid - low) * scale).astype(int).T
        inside: Array = grid[_drawn(self.rings, low, scale)[row, column]]
        return inside if len(inside) else every.mean(axis=0, keepdims=True)


@dataclass(frozen=True)
class Overlap:
    """What two outlines have in common, their areas, and how far their middles are apart: px^2 and px."""

    common: float
    a: float
    b: float
    apart: float

    @property
    def iou(self) -> float:
        """Intersection over union, 0..1."""
        union = self.a + self.b - self.common
        return self.common / union if union > 0.0 else 0.0

    @property
    def of_a(self) -> float:
        """How much of the first lies in the second, 0..1."""
        return self.common / self.a if self.a > 0.0 else 0.0

    @property
    def of_b(self) -> float:
        """How much of the second lies in the first, 0..1."""
        return self.common / self.b if self.b > 0.0 else 0.0


NONE = Overlap(0.0, 0.0, 0.0, float("inf"))


@dataclass(frozen=True)
class Extent:
    """The box around an outline, px, and the area that it encloses, px^2: tells most pairs apart at once."""

    x0: float
    y0: float
    x1: float
    y1: float
    area: float

    @classmethod
    def of(cls, rings: Rings) -> "Extent":
        every = rings[0] if len(rings) == 1 else np.concatenate(rings)
        (x0, y0), (x1, y1) = every.min(axis=0).tolist(), every.max(axis=0).tolist()
        return cls(x0, y0, x1, y1, area_of(rings))

    def common(self, other: "Extent") -> float:
        """The area that both boxes hold, px^2; below 0 where they do not touch."""
        width = min(self.x1, other.x1) - max(self.x0, other.x0)
        height = min(self.y1, other.y1) - max(self.y0, other.y0)
        return width * height if width >= 0.0 and height >= 0.0 else -1.0

    def most_iou(self, other: "Extent") -> float:
        """What the IoU of the two outlines is not above."""
        return min(self.common(other) / max(self.area, other.area, 1e-9), 1.0)


def iou_of(a: Rings, b: Rings) -> float:
    """Intersection over union of two outlines in pixels, 0..1."""
    return overlap_of(a, b).iou


def overlap_of(a: Rings, b: Rings, size: tuple[int, int] | None = None) -> Overlap:
    """How two outlines in pixels lie on each other; of two whose boxes do not touch, nothing but that.

    ``size``: of the picture; what of them lies outside of it plays no part.
    """
    low_a, high_a, low_b, high_b = (
        getattr(np.concatenate(rings), side)(axis=0) for rings in (a, b) for side in ("min", "max")
    )
    if (low_a > high_b).any() or (low_b > high_a).any():
        return NONE
    low, high = np.minimum(low_a, low_b), np.maximum(high_a, high_b)
    if size is not None:
        low, high = np.clip(low, -0.5, np.array(size) - 0.5), np.clip(high, -0.5, np.array(size) - 0.5)
    scale = (RASTER - 1) / max(float((high - low).max()), 1e-6)
    columns, rows = np.ceil((high - low) * scale).astype(int) + 1
    drawn = [_drawn(rings, low, scale)[:rows, :columns] for rings in (a, b)]
    centres = [np.argwhere(each).mean(axis=0) if each.any() else np.full(2, np.inf) for each in drawn]
    area = 1.0 / scale**2
    distance = float(np.linalg.norm(centres[0] - centres[1])) / scale if all(each.any() for each in drawn) else np.inf
    common, area_a, area_b = (float(each.sum()) * area for each in (drawn[0] & drawn[1], *drawn))
    return Overlap(common, area_a, area_b, distance)


def area_of(rings: Rings) -> float:
    """The area that rings enclose, px^2; holes, which run the other way, taken off."""
    return float(abs(sum(cv2.contourArea(ring.astype(np.float32), True) for ring in rings)))


def middle_of(shape: Shape) -> Array:
    """The direction (3,) of the middle of the largest ring, camera frame: of its area, since vertices come and go."""
    ring, rays = shape.rings[0], shape.rays[0]
    m = cv2.moments(ring.astype(np.float32))
    middle = np.array([m["m10"], m["m01"]]) / m["m00"] if m["m00"] > 0.0 else ring.mean(axis=0)
    # within the outline the lens is nearly linear: the ray of the middle by least squares from the vertices'
    weights, *_ = np.linalg.lstsq(np.column_stack((ring - middle, np.ones(len(ring)))), rays, rcond=None)
    return np.asarray(weights[2] / np.linalg.norm(weights[2]))


def _drawn(rings: Rings, low: Array, scale: float) -> NDArray[np.bool_]:
    picture = np.zeros((RASTER, RASTER), np.uint8)
    points = [np.rint(np.clip((ring - low) * scale, -4096, 4096) * 16).astype(np.int32) for ring in rings]
    cv2.fillPoly(picture, points, 1, shift=4)
    return picture > 0
