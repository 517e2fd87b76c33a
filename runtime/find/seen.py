"""Tracks as things that can be looked for: where they are as the wearer sees them, in view or not, and which way."""

from math import degrees

import numpy as np
from numpy.typing import NDArray

from gazeline.calib.se3 import SE3
from gazeline.runtime.find.things import Box, Thing
from gazeline.runtime.messages import OverlayObject, Pointer
from gazeline.runtime.naming.step import Naming
from gazeline.runtime.reproject import directions_at_display
from gazeline.runtime.tracking.shape import middle_of
from gazeline.runtime.tracking.track import Track

Array = NDArray[np.float64]


def thing_of(track: Track, shown: OverlayObject | None, here: SE3 | None, naming: Naming) -> Thing | None:
    """A track as seen from ``here``, T_world_camera of an overlay, in which it is ``shown``; None: nothing tells where.

    Where the head's pose is known its box is in degrees to the right and downwards of where the head looks, level with
    the world; else it is that of the picture, and what is not in the picture is nowhere.
    """
    named, traits = naming.names.of(track.id), naming.traits.get(track.id)
    box: Box | None
    if here is None or not track.shape.rays or track.shape.T_world_camera is None:
        box, depth_m = (None, None) if shown is None else (shown.box, shown.depth_m)
    else:
        box, depth_m = box_of(track.shape.vertices_m, here), distance_m(track, here)
    if box is None:
        return None
    reach_m = track.shape.reach_m
    return Thing(
        id=track.id,
        box=box,
        name=None if named is None else named.name,
        score=0.0 if named is None else named.score,
        colours={} if traits is None else traits.colours,
        depth_m=depth_m,
        p_world=track.shape.p_world,
        size_m=None if reach_m is None else 2.0 * reach_m,
    )


def pointer_of(track: Track, here: SE3 | None, naming: Naming) -> Pointer | None:
    """Which way a track is from ``here``, T_world_camera; None without the head's pose, then or now."""
    shape = track.shape
    if here is None or not shape.rays or shape.T_world_camera is None:
        return None
    named = naming.names.of(track.id)
    d = directions_at_display(middle_of(shape), shape.T_world_camera, here, shape.depth_m)
    return Pointer(
        id=track.id,
        d_camera=(float(d[0]), float(d[1]), float(d[2])),
        name=None if named is None else named.name,
        depth_m=distance_m(track, here),
    )


def distance_m(track: Track, here: SE3) -> float | None:
    """How far its middle is from a camera; None where its distance is not known."""
    shape = track.shape
    if shape.depth_m is None or shape.T_world_camera is None:
        return None
    p_world = shape.T_world_camera.xyz_m + shape.depth_m * shape.d_world
    return float(np.linalg.norm(p_world - here.xyz_m))


def box_of(p_world: Array, T_world_camera: SE3) -> Box:
    """The box around places (V, 3), in degrees to the right and downwards of the camera's heading, level with the
    world."""
    d = p_world - T_world_camera.xyz_m
    heading = T_world_camera.R[:, 2]
    x = _wrapped(np.arctan2(d[:, 0], -d[:, 2]) - np.arctan2(heading[0], -heading[2]))
    if x.max() - x.min() > np.pi:  # what is right behind the wearer is one thing, not two
        x = np.where(x < 0.0, x + 2.0 * np.pi, x)
    y = -np.arctan2(d[:, 1], np.hypot(d[:, 0], d[:, 2]))
    return degrees(x.min()), degrees(y.min()), degrees(x.max()), degrees(y.max())


def _wrapped(angle: Array) -> Array:
    return np.asarray((angle + np.pi) % (2 * np.pi) - np.pi)
