"""Lasting ids: an outline gets the id of the earlier one that stands where it stands once the head's motion is undone.

Ids count up from 1 and are never given twice. What is out of sight is remembered for a while, so that looking away and
back at a thing finds it under its id.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import acos

import numpy as np

from gazeline.calib.cameras import Camera
from gazeline.calib.se3 import SE3
from gazeline.runtime.motion import Motion, Sighting
from gazeline.runtime.reproject import directions_at_display
from gazeline.runtime.shape import Array, Rings, Shape, likeness, middle_of

KEPT_NS = 10_000_000_000  # unseen for longer, a thing is forgotten: it may have been moved by then
MOST_KEPT = 64


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


def _seen(track_id: int, shape: Shape, t_ns: int, camera: Camera | None, motion: Motion | None) -> Track:
    """The track of a thing that was seen now, with its motion if that can be told."""
    motion = motion or Motion()
    if camera is None or shape.T_world_camera is None or not shape.rays or shape.depth_m is None:
        return Track(track_id, shape, t_ns)
    camera_pose = shape.T_world_camera
    sighting = Sighting(t_ns, camera_pose.xyz_m, camera_pose.R @ middle_of(shape), shape.depth_m)
    return Track(track_id, shape, t_ns, motion.seen(sighting))


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
