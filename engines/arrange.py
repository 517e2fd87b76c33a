"""From candidates to what is found: duplicates removed, surfaces told from things, parts put under their wholes."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.engines.canvas import Bools, Canvas, ious, overlaps
from gazeline.engines.found import Candidate, Found

SAME_IOU = 0.6  # two masks that overlap by this much are one
INSIDE = 0.8  # a part lies in its whole with this share of its area,
SMALLER = 0.75  # and is at most this large, measured by it
SURFACE_SHARE = 0.03  # of the frame's area: a smaller one is no surface
LARGE_SHARE, HUGE_SHARE = 0.04, 0.1
BORDER_SHARE = 0.05  # of a border of the frame: less is not touching it
EVIDENCE = 2  # of how many kinds there must be for a surface
FLAT = 0.012  # median error, as a share of the distance, by which a plane fits the depth of a flat thing
NOMINAL_HALF_WIDTH = 0.7  # tangent of half the angle that the frame's longer side spans: it need not be exact


def arranged(
    candidates: Sequence[Candidate], canvas: Canvas, depth_m: NDArray[np.float32] | None = None
) -> list[Found]:
    """What stays of ``candidates``, the largest first."""
    if not candidates:
        return []
    kept = sorted(_distinct(candidates), key=lambda candidate: -candidate.area_px)
    common = overlaps(np.stack([candidate.cells for candidate in kept]))
    surfaces = _surfaces(kept, common, None if depth_m is None else _inverse_depth(depth_m, canvas))
    wholes = _wholes(common, surfaces)
    return [
        Found(c.masks, c.score, c.stability, c.area_px, c.point, c.cells, whole=whole, surface=surface)
        for c, whole, surface in zip(kept, wholes, surfaces, strict=True)
    ]


def _distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The best of each, where several are nearly the same."""
    ordered = sorted(candidates, key=lambda candidate: -candidate.score)
    same = ious(overlaps(np.stack([candidate.cells for candidate in ordered]))) >= SAME_IOU
    kept: list[int] = []
    for i in range(len(ordered)):
        if not same[i, kept].any():
            kept.append(i)
    return [ordered[i] for i in kept]


def _wholes(common: NDArray[np.float32], surfaces: Sequence[bool]) -> list[int | None]:
    """For each mask, largest first, the smallest one that it lies in. What stands on a surface is no part of it."""
    areas = np.diag(common)
    inside = (common >= INSIDE * areas[:, None]) & (areas[:, None] <= SMALLER * areas[None]) & ~np.array(surfaces)
    wholes: list[int | None] = []
    for i, around in enumerate(inside):
        found = np.flatnonzero(around)
        wholes.append(int(found[areas[found].argmin()]) if len(found) and not surfaces[i] else None)
    return wholes


def _surfaces(
    kept: Sequence[Candidate], common: NDArray[np.float32], inverse_depth: NDArray[np.float32] | None
) -> list[bool]:
    """Which masks are surfaces: large, cut off by the frame, with things before them, flat."""
    areas = np.diag(common)
    found = []
    for i, candidate in enumerate(kept):
        cells = candidate.cells
        share = float(areas[i]) / cells.size
        if share < SURFACE_SHARE:
            found.append(False)
            continue
        touched = [float(side.mean()) for side in (cells[0], cells[-1], cells[:, 0], cells[:, -1])]
        before = _before(i, kept, common)
        evidence = (
            (share > LARGE_SHARE)
            + (share > HUGE_SHARE)
            + (sum(touched) > BORDER_SHARE)
            + (sum(side > BORDER_SHARE for side in touched) >= 2)
            + (before >= 1)
            + (before >= 3)
            + (inverse_depth is not None and _is_flat(cells, inverse_depth))
        )
        found.append(evidence >= EVIDENCE)
    return found


def _before(i: int, kept: Sequence[Candidate], common: NDArray[np.float32]) -> int:
    """How many smaller things stand in what the mask reaches around without being in it."""
    cells = kept[i].cells
    contours, _ = cv2.findContours(cells.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = np.zeros(cells.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.concatenate(contours)), 1)
    around = (hull > 0) & ~cells
    areas = np.diag(common)
    return sum(
        int(np.count_nonzero(around & kept[j].cells)) > INSIDE * float(areas[j]) for j in range(i + 1, len(kept))
    )


def _inverse_depth(depth_m: NDArray[np.float32], canvas: Canvas) -> NDArray[np.float32]:
    """One over the distance along the optical axis in each cell, 0 where unknown: over a plane, it grows evenly."""
    rows, columns = canvas.shape
    far = cv2.resize(depth_m.astype(np.float32), (columns, rows), interpolation=cv2.INTER_NEAREST)
    x, y = (np.arange(n) - 0.5 * (n - 1) for n in (columns, rows))
    slant = np.hypot(1.0, NOMINAL_HALF_WIDTH * np.hypot(x[None], y[:, None]) / (0.5 * max(rows, columns)))
    known = np.isfinite(far) & (far > 0)
    return np.asarray(np.where(known, slant / np.where(known, far, 1.0), 0.0), np.float32)


def _is_flat(cells: Bools, inverse_depth: NDArray[np.float32]) -> bool:
    y, x = np.nonzero(cells & (inverse_depth > 0.0))
    if len(x) < 20:
        return False
    here = np.column_stack([x, y, np.ones(len(x))])
    values = inverse_depth[y, x]
    plane, *_ = np.linalg.lstsq(here, values, rcond=None)
    return bool(np.median(np.abs(here @ plane - values) / values) < FLAT)
