"""Where remembered outlines stand in a picture: moved as the head moved, then as they were followed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gazeline.calib.cameras import Camera
from gazeline.calib.se3 import SE3
from gazeline.runtime.tracking.shape import Array, Extent, Rings, Shape
from gazeline.runtime.tracking.track import STAYS, Track


@dataclass(frozen=True, eq=False)
class Standing:
    """A track's outline in a picture: rings (V, 2) px, where nothing that cannot be seen is left; the same as unit rays
    (V, 3) of its camera, empty without calibration; the distances (V,) along them, where known."""

    rings: Rings
    rays: Rings = ()
    depths: Rings = ()

    @cached_property
    def extent(self) -> Extent:
        return Extent.of(self.rings)


def standings(tracks: Sequence[Track], camera: Camera | None, T_world_camera: SE3 | None) -> list[Standing | None]:
    """Where each track's outline stands in a picture of ``camera`` (None: not calibrated); None: nowhere in it.

    All vertices of all tracks go through the lens at once. Where a pose is missing, an outline stays where it was.
    """
    turned = [i for i, track in enumerate(tracks) if turns(track.shape, camera, T_world_camera)]
    found: list[Standing | None] = [
        Standing(_warped(track.shape.rings, track.trail.warp), track.shape.rays, track.shape.depths)
        if T_world_camera is None or track.shape.T_world_camera is None or camera is None
        else None
        for track in tracks
    ]
    if not turned or camera is None or T_world_camera is None:
        return found
    p_world = np.concatenate([tracks[i].shape.vertices_m for i in turned])  # (N, 3)
    p_camera = T_world_camera.inverse().apply(p_world)
    far = np.linalg.norm(p_camera, axis=1)
    rays = p_camera / np.maximum(far, 1e-9)[:, None]
    px, _ = camera.project(rays)
    seen = np.asarray(np.isfinite(px).all(axis=1))
    first = 0
    for i in turned:
        found[i], first = _standing(tracks[i], camera, px[first:], rays[first:], far[first:], seen[first:], first)
    return found


def seen_from(shape: Shape, camera: Camera, T_world_camera: SE3) -> Rings:
    """Where an outline with rays and a pose stands in the picture of another pose; vertices behind it left out."""
    p_camera = T_world_camera.inverse().apply(shape.vertices_m)
    px, _ = camera.project(p_camera / np.maximum(np.linalg.norm(p_camera, axis=1, keepdims=True), 1e-9))
    rings = np.split(px, np.cumsum([len(ring) for ring in shape.rays])[:-1])
    finite = (ring[np.isfinite(ring).all(axis=1)] for ring in rings)
    return tuple(ring for ring in finite if len(ring) >= 3)


def _standing(
    track: Track, camera: Camera, px: Array, rays: Array, far: Array, seen: NDArray[np.bool_], first: int
) -> tuple[Standing | None, int]:
    """The standing whose vertices come first, and where the next one's begin."""
    shape, rings = track.shape, []
    known = bool(shape.depths) or shape.depth_m is not None
    at = 0
    for ring in shape.rays:
        which = at + np.flatnonzero(seen[at : at + len(ring)])
        at += len(ring)
        if len(which) >= 3:
            rings.append((px[which], rays[which], far[which]))
    if not rings:
        return None, first + at
    pixels, directions, distances = (tuple(column) for column in zip(*rings, strict=True))
    if track.trail.warp is not STAYS:
        pixels = _warped(pixels, track.trail.warp)
        directions = tuple(camera.unproject(ring)[0] for ring in pixels)
    every = np.concatenate(pixels)
    low, high = every.min(axis=0), every.max(axis=0)
    if not np.isfinite(low).all() or (high < -0.5).any() or (low > np.array([camera.width, camera.height])).any():
        return None, first + at
    return Standing(pixels, directions, distances if known else ()), first + at


def turns(shape: Shape, camera: Camera | None, T_world_camera: SE3 | None) -> bool:
    """Whether what the head's motion does to an outline can be told."""
    return camera is not None and T_world_camera is not None and shape.T_world_camera is not None and bool(shape.rays)


def _warped(rings: Rings, warp: Array) -> Rings:
    return rings if warp is STAYS else tuple(ring @ warp[:, :2].T + warp[:, 2] for ring in rings)
