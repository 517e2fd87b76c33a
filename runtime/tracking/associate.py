"""Which outline of a picture is which track, by where it stands, its size, and what it looks like."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gazeline.calib.cameras import Camera
from gazeline.calib.se3 import SE3
from gazeline.runtime.tracking.appearance import alike
from gazeline.runtime.tracking.assignment import Array, best_pairs
from gazeline.runtime.tracking.carry import Standing, seen_from, turns
from gazeline.runtime.tracking.shape import Extent, Overlap, Shape, overlap_of
from gazeline.runtime.tracking.track import Track

LEAST_IOU = 0.3
NEAR = 0.6  # or middles closer than this share of the size (square root of the area), of two that are about as large,
LEAST_AREA_RATIO = 0.5
NEAR_SCORE = 0.15
LOOKS = 0.3  # what likeness adds to or takes from the overlap
KNOWN, OFTEN = 0.1, 5  # a thing that was seen so often is preferred by this to one that was seen once
OTHER = -0.9  # less alike than this is another thing, wherever it stands
UNSURE_NS = 2_000_000_000  # not known to be there for longer, a place alone says little:
STILL_ALIKE = 0.0  # what stands there must look like it,
UNKNOWN_NS = 10_000_000_000  # and if that cannot be told, it is another thing after so long: it may have been moved
DEPTH_RATIO = 1.5  # of something that much nearer or farther is not it
INSIDE = 0.75  # share of a smaller outline within a larger one that makes it a piece of it
APART = 0.3  # two that overlap by less are two things
MERGED_IOU = 0.65  # an outline over two things is one of them only if it fits it so well
PIECES = 0.5  # share of a thing that its pieces must make up together


def associate(
    tracks: Sequence[Track],
    standing: Sequence[Standing | None],
    shapes: Sequence[Shape],
    camera: Camera | None,
    t_ns: int,
) -> dict[int, int]:
    """The track (its index) of each outline (its index) in a picture taken at ``t_ns``; what is left out fits none."""
    extents = [Extent.of(shape.rings) for shape in shapes]
    overlaps = {
        (i, j): overlap
        for j, where in enumerate(standing)
        if where is not None
        for i, shape in enumerate(shapes)
        if where.extent.common(extents[i]) >= 0.0
        if (overlap := _overlap(shape, tracks[j].shape, where, camera)).a > 0.0
    }
    scores = np.zeros((len(shapes), len(tracks)))
    for (i, j), overlap in overlaps.items():
        if may_be(tracks[j], shapes[i], t_ns):
            looks = alike(tracks[j].appearance, shapes[i].appearance)
            scores[i, j] = _score(overlap, looks, tracks[j].sightings)
    _pieces(scores, overlaps)
    _merges(scores, overlaps, tracks, standing)
    return dict(best_pairs(scores))


def may_be(track: Track, shape: Shape, t_ns: int) -> bool:
    """Whether an outline can be a track's thing, by its distance, its looks, and how long it has been unknown."""
    looks, unsure_ns = alike(track.appearance, shape.appearance), t_ns - track.sure_ns
    if looks is None:
        if unsure_ns > UNKNOWN_NS:
            return False
    elif looks < (STILL_ALIKE if unsure_ns > UNSURE_NS else OTHER):
        return False
    there, here = track.shape.p_world, shape.T_world_camera
    if there is None or here is None or shape.depth_m is None:
        return True
    ratio = distance_m(there, here) / shape.depth_m
    return 1.0 / DEPTH_RATIO < ratio < DEPTH_RATIO


def distance_m(p_world: Array, T_world_camera: SE3) -> float:
    """How far a place is from the camera."""
    return float(np.linalg.norm(p_world - T_world_camera.xyz_m))


def _overlap(shape: Shape, track: Shape, where: Standing, camera: Camera | None) -> Overlap:
    """Of an outline with a track's, as far as both pictures showed them.

    Of both only what lies in this picture counts, and of this outline only what the earlier one would have shown.
    """
    here = overlap_of(shape.rings, where.rings, None if camera is None else (camera.width, camera.height))
    there = track.T_world_camera
    if not track.cut or here.a == 0.0 or camera is None or there is None or not turns(shape, camera, there):
        return here
    rings = seen_from(shape, camera, there)
    if not rings:
        return here
    every = np.concatenate(rings)
    low, high = every.min(axis=0), every.max(axis=0)
    last = np.array([camera.width, camera.height]) - 0.5
    shown = np.clip(high, -0.5, last) - np.clip(low, -0.5, last)
    share = float(shown.prod() / max(float((high - low).prod()), 1e-9))  # of it that the earlier picture showed
    return replace(here, a=max(here.a * share, here.common))


def _score(overlap: Overlap, looks: float | None, sightings: int) -> float:
    """0: not the same; the more, the likelier."""
    if overlap.iou >= LEAST_IOU:
        place = overlap.iou
    else:
        small, large = sorted((overlap.a, overlap.b))
        if small < LEAST_AREA_RATIO * large or overlap.apart > NEAR * small**0.5:
            return 0.0
        place = NEAR_SCORE
    known = KNOWN * min(sightings, OFTEN) / OFTEN
    return max(place + LOOKS * (looks or 0.0) + known, 0.01)


def _pieces(scores: Array, overlaps: dict[tuple[int, int], Overlap]) -> None:
    """A thing that was outlined in pieces is its likeliest one, though none overlaps it much."""
    for j in range(scores.shape[1]):
        inside = {i: o for (i, k), o in overlaps.items() if k == j and o.of_a >= INSIDE}
        if len(inside) < 2 or scores[:, j].any():
            continue
        if sum(o.of_b for o in inside.values()) >= PIECES:
            for i, overlap in inside.items():
                scores[i, j] = 0.5 * overlap.of_b


def _merges(
    scores: Array,
    overlaps: dict[tuple[int, int], Overlap],
    tracks: Sequence[Track],
    standing: Sequence[Standing | None],
) -> None:
    """An outline that covers two things is neither, unless it fits one of them well."""
    for i in range(scores.shape[0]):
        covered = [j for (k, j), o in overlaps.items() if k == i and o.of_b >= INSIDE and tracks[j].sightings > 1]
        if len(covered) < 2 or not _two_things([standing[j] for j in covered]):
            continue
        for j in range(scores.shape[1]):
            if scores[i, j] > 0.0 and overlaps[i, j].iou < MERGED_IOU:
                scores[i, j] = 0.0


def _two_things(covered: Sequence[Standing | None]) -> bool:
    """Whether any two of these outlines are apart; a thing and its part are not."""
    for k, a in enumerate(covered):
        for b in covered[k + 1 :]:
            if a is not None and b is not None:
                overlap = overlap_of(a.rings, b.rings)
                if max(overlap.of_a, overlap.of_b) < APART:
                    return True
    return False
