"""What was out of sight and is back: known again by its looks, its size, and where it is in the world."""

from collections.abc import Sequence

import numpy as np

from gazeline.runtime.tracking.appearance import alike
from gazeline.runtime.tracking.assignment import Array, best_pairs
from gazeline.runtime.tracking.associate import KNOWN, OFTEN
from gazeline.runtime.tracking.shape import Shape
from gazeline.runtime.tracking.track import Track

AWAY_NS = 400_000_000  # what was seen more lately than this is where it was
ALIKE_THERE = 0.4  # likeness that is enough where it was seen last
ALIKE_NEAR = 0.3  # or where it can have come to,
NEAR_NS, NEAR_M_S, NEAR_RAD_S = 2_000_000_000, 3.0, 1.5  # lately lost, at the speed of a thrown ball or a person
ALIKE_ELSEWHERE = 0.8  # and anywhere else,
CLEARLY = 0.3  # if everything else that is remembered is less alike by this
SIZE_RATIO = 1.6  # larger or smaller by more is another thing
PLACE = 1.0  # share of its size that it may be from where it was, to be there still,
LEAST_PLACE_M = 0.08  # and in any case so far: a distance has an error


def reidentify(tracks: Sequence[Track], shapes: Sequence[Shape], t_ns: int) -> dict[int, int]:
    """The track (its index) that each outline (its index) is again; left out: what was not seen before.

    ``tracks`` and ``shapes`` are those of a picture taken at ``t_ns`` that fitted nothing by where they stand.
    """
    looks = np.full((len(shapes), len(tracks)), -1.0)
    for i, shape in enumerate(shapes):
        for j, track in enumerate(tracks):
            likeness = alike(track.appearance, shape.appearance)
            if likeness is not None and _as_large(track.shape, shape):
                looks[i, j] = likeness
    scores = np.zeros_like(looks)
    for i, shape in enumerate(shapes):
        for j, track in enumerate(tracks):
            if track.trail.lost_ns is None and t_ns - track.sure_ns < AWAY_NS:
                continue
            if _there(track.shape, shape):
                scores[i, j] = looks[i, j] if looks[i, j] >= ALIKE_THERE else 0.0
            elif looks[i, j] >= ALIKE_NEAR and _near(track, shape, t_ns):
                scores[i, j] = 0.7 * looks[i, j] + KNOWN * min(track.sightings, OFTEN) / OFTEN
            elif looks[i, j] >= ALIKE_ELSEWHERE and looks[i, j] - _next_best(looks, i, j) >= CLEARLY:
                scores[i, j] = 0.5 * looks[i, j]
    return dict(best_pairs(scores))


def _next_best(looks: Array, i: int, j: int) -> float:
    """How alike the most similar other pair is, of the same outline or of the same track."""
    return float(np.concatenate((np.delete(looks[i], j), np.delete(looks[:, j], i), [-1.0])).max())


def _as_large(a: Shape, b: Shape) -> bool:
    if a.reach_m is None or b.reach_m is None:
        return True
    return 1.0 / SIZE_RATIO < a.reach_m / b.reach_m < SIZE_RATIO


def _near(track: Track, shape: Shape, t_ns: int) -> bool:
    """Whether a thing that was lost lately can have come so far."""
    after_s = 1e-9 * (t_ns - track.seen_ns)
    if after_s > 1e-9 * NEAR_NS or track.trail.lost_ns is None:
        return False
    before, now = track.shape.p_world, shape.p_world
    if before is not None and now is not None:
        return float(np.linalg.norm(now - before)) <= NEAR_M_S * after_s
    if track.shape.T_world_camera is None or shape.T_world_camera is None or not track.shape.rays or not shape.rays:
        return False
    return float(np.arccos(np.clip(track.shape.d_world @ shape.d_world, -1.0, 1.0))) <= NEAR_RAD_S * after_s


def _there(track: Shape, shape: Shape) -> bool:
    """Whether something is seen where a thing was seen last."""
    before, now, reach_m = track.p_world, shape.p_world, track.reach_m
    if before is None or now is None or reach_m is None:
        return False
    return float(np.linalg.norm(now - before)) <= max(PLACE * reach_m, LEAST_PLACE_M)
