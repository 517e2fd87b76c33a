"""Mask to outline: where the logits cross zero, to a fraction of a pixel, as few vertices as the tolerance allows.

Marching squares with linear interpolation on the edges of the pixel grid; the ambiguous cells are decided as bilinear
interpolation itself would (G. Nielson and B. Hamann, "The asymptotic decider", IEEE Visualization 1991). Simplified by
Douglas and Peucker's method. Before that step a pixel centre lies inside exactly where its logit is above 0.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.calib.cameras import Camera

Array = NDArray[np.float64]
Logits = NDArray[np.float32]

ISLAND_SHARE = 0.01  # islands smaller than this share of the biggest are specks
LOST_SHARE = 0.025  # simplification may move the border by this share of area / perimeter: IoU stays above 0.98
MOST_ISLANDS = 32  # of one object, biggest first; more is noise, and so are more holes in one island
MOST_HOLES = 32

# Corners of a cell inside the mask: top left 1, top right 2, bottom right 4, bottom left 8. For each of the 16 cases
# the segments (from, to) between the cell's edges, the mask on the right hand as seen on the screen. The last two rows
# are cases 5 and 10 with the two inside corners joined.
TOP, RIGHT, BOTTOM, LEFT, NONE = 0, 1, 2, 3, -1
SEGMENTS = np.array(
    [
        [NONE, NONE, NONE, NONE],
        [TOP, LEFT, NONE, NONE],
        [RIGHT, TOP, NONE, NONE],
        [RIGHT, LEFT, NONE, NONE],
        [BOTTOM, RIGHT, NONE, NONE],
        [TOP, LEFT, BOTTOM, RIGHT],
        [BOTTOM, TOP, NONE, NONE],
        [BOTTOM, LEFT, NONE, NONE],
        [LEFT, BOTTOM, NONE, NONE],
        [TOP, BOTTOM, NONE, NONE],
        [RIGHT, TOP, LEFT, BOTTOM],
        [RIGHT, BOTTOM, NONE, NONE],
        [LEFT, RIGHT, NONE, NONE],
        [TOP, RIGHT, NONE, NONE],
        [LEFT, TOP, NONE, NONE],
        [NONE, NONE, NONE, NONE],
        [TOP, RIGHT, BOTTOM, LEFT],
        [LEFT, TOP, RIGHT, BOTTOM],
    ]
)
JOINED = {5: 16, 10: 17}


@dataclass(frozen=True, eq=False)
class Outline:
    """Closed rings of vertices (V, 2) in pixels of the frame: outer ones with positive shoelace area (clockwise on the
    screen), holes with negative. ``box`` is x0, y0, x1, y1 of the vertices."""

    rings: tuple[Array, ...]
    area_px: float
    box: tuple[float, float, float, float]
    tolerance_px: float  # what was used: no point of the exact outline lies farther from this one

    def contains(self, px: tuple[float, float]) -> bool:
        """Whether a pixel position lies inside (even-odd rule)."""
        return sum(_inside(ring, px) for ring in self.rings) % 2 == 1


def outline(
    logits: Logits,
    origin_px: tuple[int, int] = (0, 0),
    *,
    tolerance_px: float = 0.5,
    min_area_px: float = 0.0,
    gaze_px: tuple[float, float] | None = None,
) -> Outline | None:
    """The outline of ``logits`` (h, w) > 0, whose first pixel is ``origin_px`` (x, y) of the frame; None if empty.

    A mask that reaches the border of ``logits`` is closed half a pixel outside. Islands smaller than 1 % of the biggest
    or than ``min_area_px`` are left out unless ``gaze_px`` lies in them, and so are holes smaller than ``min_area_px``.
    The biggest island always stays. ``tolerance_px`` is the most that simplification may move the border; where that
    would cost a small or thin mask 2 % of its area it is less.
    """
    rings = _rings(logits) if logits.size else []
    if not rings:
        return None
    rings = [ring + np.asarray(origin_px, np.float64) for ring in rings]
    kept = _chosen(rings, min_area_px, gaze_px)
    area = sum(_areas(kept))
    perimeter = sum(float(np.linalg.norm(ring - np.roll(ring, 1, axis=0), axis=1).sum()) for ring in kept)
    tolerance_px = min(tolerance_px, LOST_SHARE * area / perimeter)
    simple = tuple(_simplified(ring, tolerance_px) for ring in kept)
    low = np.min([ring.min(axis=0) for ring in simple], axis=0).tolist()
    high = np.max([ring.max(axis=0) for ring in simple], axis=0).tolist()
    return Outline(simple, area, (low[0], low[1], high[0], high[1]), tolerance_px)


def rays_of(shape: Outline, camera: Camera) -> tuple[Array, ...]:
    """The vertices as unit directions (V, 3) in the camera frame, ring by ring."""
    directions, _ = camera.unproject(np.concatenate(shape.rings))
    return tuple(np.split(directions, np.cumsum([len(ring) for ring in shape.rings])[:-1]))


def _rings(logits: Logits) -> list[Array]:
    """All closed contours, in pixels of ``logits``; those of fewer than 3 vertices left out."""
    # Outside of the picture everything is outside of the mask, and the border lies half a pixel out.
    v = np.pad(logits, 1, mode="edge")
    for side in (v[0], v[-1], v[:, 0], v[:, -1]):
        np.negative(np.abs(side), out=side)
    inside = (v > 0.0).astype(np.uint8)
    width = v.shape[1]
    code = inside[:-1, :-1] | inside[:-1, 1:] << 1 | inside[1:, 1:] << 2 | inside[1:, :-1] << 3
    y, x = np.nonzero((code != 0) & (code != 15))
    if not len(y):
        return []
    case = code[y, x].astype(np.intp)
    saddle = np.flatnonzero((case == 5) | (case == 10))
    if len(saddle):
        ys, xs = y[saddle], x[saddle]
        tl, tr, bl, br = v[ys, xs], v[ys, xs + 1], v[ys + 1, xs], v[ys + 1, xs + 1]
        joined = saddle[(tl * br - tr * bl) / (tl + br - tr - bl) > 0.0]
        case[joined] = np.where(case[joined] == 5, JOINED[5], JOINED[10])
    # Edges of the grid by number: to the right of pixel p is p, below it is p + v.size.
    corner = y * width + x
    edges = np.stack((corner, corner + 1 + v.size, corner + width, corner + v.size), axis=1)  # (n, 4) as TOP .. LEFT
    cells = np.arange(len(case))
    segments = SEGMENTS[case]
    two = np.flatnonzero(segments[:, 2] != NONE)
    starts = np.concatenate((edges[cells, segments[:, 0]], edges[two, segments[two, 2]]))
    ends = np.concatenate((edges[cells, segments[:, 1]], edges[two, segments[two, 3]]))
    # Every edge that is crossed starts one segment and ends another, so following them closes every ring.
    order = np.argsort(starts)
    starts = starts[order]
    following = np.searchsorted(starts, ends[order]).tolist()
    vertices = _crossings(v, starts)
    return [vertices[ring] for ring in _cycles(following) if len(ring) >= 3]


def _crossings(v: Logits, edges: NDArray[np.intp]) -> Array:
    """Where the logits are zero on each edge: (n, 2), in pixels of the picture inside the padding of ``v``."""
    flat = v.ravel()
    down = edges >= v.size
    first = np.where(down, edges - v.size, edges)
    a, b = flat[first].astype(np.float64), flat[first + np.where(down, v.shape[1], 1)]
    share = a / (a - b)
    y, x = np.divmod(first, v.shape[1])
    return np.stack((x + np.where(down, 0.0, share) - 1.0, y + np.where(down, share, 0.0) - 1.0), axis=1)


def _cycles(following: list[int]) -> list[list[int]]:
    """The cycles of a permutation."""
    cycles = []
    seen = bytearray(len(following))
    for first in range(len(following)):
        if seen[first]:
            continue
        cycle = []
        at = first
        while not seen[at]:
            seen[at] = 1
            cycle.append(at)
            at = following[at]
        cycles.append(cycle)
    return cycles


def _chosen(rings: list[Array], min_area_px: float, gaze_px: tuple[float, float] | None) -> list[Array]:
    """Outer rings that are no specks, biggest first, each followed by its holes."""
    areas = _areas(rings)
    outer = sorted((i for i, area in enumerate(areas) if area > 0.0), key=lambda i: -areas[i])
    least = max(min_area_px, ISLAND_SHARE * areas[outer[0]])
    big = [i for i in outer if i == outer[0] or areas[i] >= least]
    small = [] if gaze_px is None else [i for i in outer[len(big) :] if _inside(rings[i], gaze_px)]
    islands = [*big[:MOST_ISLANDS], *small]
    holes: dict[int, list[int]] = {i: [] for i in islands}
    for i in sorted((i for i, area in enumerate(areas) if area < 0.0 and -area >= min_area_px), key=lambda i: areas[i]):
        x, y = rings[i][0].tolist()
        # an island within a hole of another has holes of its own: the smallest one around it is the one it is in
        parent = next((j for j in reversed(islands) if areas[j] > -areas[i] and _inside(rings[j], (x, y))), None)
        if parent is not None and len(holes[parent]) < MOST_HOLES:
            holes[parent].append(i)
    return [rings[j] for i in islands for j in (i, *holes[i])]


def _areas(rings: list[Array]) -> list[float]:
    """Shoelace areas of many rings at once: a noisy mask has thousands."""
    lengths = np.array([len(ring) for ring in rings])
    first = np.cumsum(lengths) - lengths
    here = np.concatenate(rings)
    here -= here[np.repeat(first, lengths)]  # small numbers: no digits are lost
    there = np.roll(here, -1, axis=0)
    there[first + lengths - 1] = here[first]
    areas: list[float] = (0.5 * np.add.reduceat(here[:, 0] * there[:, 1] - here[:, 1] * there[:, 0], first)).tolist()
    return areas


def _inside(ring: Array, px: tuple[float, float]) -> bool:
    if (px < ring.min(axis=0)).any() or (px > ring.max(axis=0)).any():
        return False
    return bool(cv2.pointPolygonTest(ring.astype(np.float32), px, False) > 0)


def _simplified(ring: Array, tolerance_px: float) -> Array:
    simple = cv2.approxPolyDP(ring.astype(np.float32), tolerance_px, True).reshape(-1, 2).astype(np.float64)
    return simple if len(simple) >= 3 and np.prod(_areas([simple, ring])) > 0.0 else ring
