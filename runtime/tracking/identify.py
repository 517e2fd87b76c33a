"""Lasting ids: an outline gets the id of the track that it continues, or of the one that it is again, or a new one.

First by where things stand once the head's motion is undone (`associate`), then, for what has been out of sight, by
what they look like (`reidentify`). What cannot be known again any more is forgotten, and never more than `MOST_KEPT`
things are remembered.
"""

from collections.abc import Sequence
from dataclasses import replace

from gazeline.calib.cameras import Camera
from gazeline.runtime.tracking.appearance import blended
from gazeline.runtime.tracking.associate import UNKNOWN_NS, associate
from gazeline.runtime.tracking.carry import standings
from gazeline.runtime.tracking.motion import Motion, Sighting
from gazeline.runtime.tracking.reidentify import reidentify
from gazeline.runtime.tracking.shape import Shape, middle_of
from gazeline.runtime.tracking.track import Track, Tracker, Trail

KEPT_NS = 600_000_000_000  # unseen for longer, a thing is forgotten,
ONCE_KEPT_NS = 20_000_000_000  # or for this long, if it was seen only once: most of that is chance
MOST_KEPT = 96


def assign(
    tracker: Tracker, shapes: Sequence[Shape], camera: Camera | None, t_ns: int
) -> tuple[Tracker, tuple[int, ...]]:
    """The ids of all shapes seen at ``t_ns`` in one picture of ``camera`` (None: not calibrated), and the new tracker.

    All shapes are of one camera pose. No id is given twice in one picture, and none is ever given again.
    """
    tracks = tuple(track for track in tracker.tracks if _kept(track, t_ns))
    pose = shapes[0].T_world_camera if shapes else None
    found = associate(tracks, standings(tracks, camera, pose), shapes, camera, t_ns)
    left_shapes = [i for i in range(len(shapes)) if i not in found]
    left_tracks = [j for j in range(len(tracks)) if j not in found.values()]
    again = reidentify([tracks[j] for j in left_tracks], [shapes[i] for i in left_shapes], t_ns)
    found |= {left_shapes[i]: left_tracks[j] for i, j in again.items()}
    seen, next_id = [], tracker.next_id
    for i, shape in enumerate(shapes):
        if i in found:
            seen.append(_seen_again(tracks[found[i]], shape, t_ns, camera))
        else:
            seen.append(_seen(Track(next_id, shape, t_ns, Trail(t_ns), t_ns, 1, shape.appearance), camera))
            next_id += 1
    kept = [track for j, track in enumerate(tracks) if j not in found.values()]
    return replace(tracker, tracks=(*kept, *seen)[-MOST_KEPT:], next_id=next_id), tuple(track.id for track in seen)


def _kept(track: Track, t_ns: int) -> bool:
    if track.appearance is None:
        return t_ns - track.sure_ns <= UNKNOWN_NS
    return t_ns - track.sure_ns <= (KEPT_NS if track.sightings > 1 else ONCE_KEPT_NS)


def _seen_again(track: Track, shape: Shape, t_ns: int, camera: Camera | None) -> Track:
    again = replace(
        track,
        shape=shape,
        seen_ns=t_ns,
        trail=Trail(t_ns),
        sightings=track.sightings + (t_ns > track.seen_ns),
        appearance=blended(track.appearance, shape.appearance),
    )
    return _seen(again, camera)


def _seen(track: Track, camera: Camera | None) -> Track:
    """With its motion, if that can be told."""
    shape, pose = track.shape, track.shape.T_world_camera
    if camera is None or pose is None or not shape.rays or shape.depth_m is None:
        return replace(track, motion=Motion())
    sighting = Sighting(track.seen_ns, pose.xyz_m, pose.R @ middle_of(shape), shape.depth_m)
    return replace(track, motion=track.motion.seen(sighting))
