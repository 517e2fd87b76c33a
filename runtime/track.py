"""Lasting ids: an outline gets the id of the earlier one that stands where it stands once the head's motion is undone.

Ids count up from 1 and are never given twice. What is out of sight is remembered for a while, so that looking away and
back at a thing finds it under its id.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import acos

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.calib.cameras import Camera
from gazeline.calib.se3 import SE3
from gazeline.runtime.motion import Motion, Sighting
from gazeline.runtime.reproject import directions_at_display

Array = NDArray[np.float64]
Rings = tuple[Array, ...]

KEPT_NS = 10_000_000_000  # unseen for longer, a thing is forgotten: it may have been moved by then
MOST_KEPT = 64
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


@dataclass(frozen=True, eq=False)
class Track:
    """One thing: its id, how it looked when it was last seen, when that was, and how it has moved."""

    id: int
    shape: Shape
    seen_ns: int
    motion: Motion = field(default_factory=Motion)


@dataclass(frozen=True, eq=False)
class Tracker:
    """The things that are remembered, newest last."""

    tracks: tuple[Track, ...] = ()
    next_id: int = 1


def assign(
    tracker: Tracker, shapes: Sequence[Shape], camera: Camera | None, t_ns: int
) -> tuple[Tracker, tuple[int, ...]]:
    """The ids of all shapes seen at ``t_ns`` in one picture of ``camera`` (None: not calibrated), and the new tracker.

    The best pairs go first; what matches nothing is new. No id is given twice in one picture.
    """
    tracks = tuple(track for track in tracker.tracks if t_ns - track.seen_ns <= KEPT_NS)
    pairs = []
    for i, shape in enumerate(shapes):
        for track in tracks:
            rings = _seen_now(track.shape, shape, camera)
            if rings and (score := likeness(rings, shape.rings)) > 0.0:
                pairs.append((score, track.seen_ns, track.id, i))
    ids: dict[int, int] = {}
    for _, _, track_id, i in sorted(pairs, reverse=True):
        if i not in ids and track_id not in ids.values():
            ids[i] = track_id
    next_id = tracker.next_id
    for i in range(len(shapes)):
        if i not in ids:
            ids[i] = next_id
            next_id += 1
    motions = {track.id: track.motion for track in tracks}
    seen = tuple(_seen(ids[i], shape, t_ns, camera, motions.get(ids[i])) for i, shape in enumerate(shapes))
    kept = tuple(track for track in tracks if track.id not in ids.values())
    everything = (*kept, *seen)[-MOST_KEPT:]
    return replace(tracker, tracks=everything, next_id=next_id), tuple(ids[i] for i in range(len(shapes)))


def velocity_of(tracker: Tracker, track_id: int) -> Array | None:
    """The velocity (3,) in the world of a thing that was just seen; None where it stands still or is not predictable.

    Only where its distance is known: without it, what the head's own motion did to its direction cannot be told apart.
    """
    track = next((track for track in tracker.tracks if track.id == track_id), None)
    if track is None or track.shape.depth_m is None:
        return None
    return track.motion.velocity_m_s


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


def _seen(track_id: int, shape: Shape, t_ns: int, camera: Camera | None, motion: Motion | None) -> Track:
    """The track of a thing that was seen now, with its motion if that can be told."""
    motion = motion or Motion()
    if camera is None or shape.T_world_camera is None or not shape.rays or shape.depth_m is None:
        return Track(track_id, shape, t_ns)
    camera_pose = shape.T_world_camera
    sighting = Sighting(t_ns, camera_pose.xyz_m, camera_pose.R @ middle_of(shape), shape.depth_m)
    return Track(track_id, shape, t_ns, motion.seen(sighting))


def middle_of(shape: Shape) -> Array:
    """The direction (3,) of the middle of the largest ring, camera frame: of its area, since vertices come and go."""
    ring, rays = shape.rings[0], shape.rays[0]
    m = cv2.moments(ring.astype(np.float32))
    middle = np.array([m["m10"], m["m01"]]) / m["m00"] if m["m00"] > 0.0 else ring.mean(axis=0)
    # within the outline the lens is nearly linear: the ray of the middle by least squares from the vertices'
    weights, *_ = np.linalg.lstsq(np.column_stack((ring - middle, np.ones(len(ring)))), rays, rcond=None)
    return np.asarray(weights[2] / np.linalg.norm(weights[2]))


def _seen_now(track: Shape, shape: Shape, camera: Camera | None) -> Rings:
    """The track's rings where they stand in the picture of ``shape``; empty where they cannot be seen."""
    if camera is None or shape.T_world_camera is None or track.T_world_camera is None or not track.rays:
        return track.rings
    if not shape.rays:
        return ()
    there, here = track.T_world_camera, shape.T_world_camera
    if not _may_touch(track, shape, there, here):
        return ()
    rings = []
    for ring in track.rays:
        px, _ = camera.project(directions_at_display(ring, there, here, track.depth_m))
        px = px[np.isfinite(px).all(axis=1)]
        if len(px) >= 3:
            rings.append(px)
    return tuple(rings)


def _may_touch(track: Shape, shape: Shape, there: SE3, here: SE3) -> bool:
    """A quick no for most of what is remembered: their middles are farther apart than both reach."""
    towards = track.d_world
    if track.depth_m is not None:
        towards = there.xyz_m + track.depth_m * towards - here.xyz_m
        towards = towards / max(float(np.linalg.norm(towards)), 1e-6)
    apart = acos(min(max(float(towards @ shape.d_world), -1.0), 1.0))
    return apart <= 1.5 * (acos(min(track.least_cosine, 1.0)) + acos(min(shape.least_cosine, 1.0)))


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
