"""Puts an overlay into the world: outlines of pixels and rays become rings of points, which then stand still.

An outline belongs to the instant of its capture. Once its vertices are points of the world, each eye sees them at
display where `gazeline.runtime.reproject` says, and moving them there costs no more than drawing them. A vertex is as
far as its own depth says, else the object's (where no depth picture tells it, the runtime takes the distance at which
the gaze of both eyes meets), else an assumed distance.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gazeline.calib.cameras import Camera
from gazeline.calib.se3 import SE3
from gazeline.runtime.messages import Overlay, OverlayObject
from gazeline.runtime.reproject import FARTHEST_S

Array = NDArray[np.float64]

NEAREST_M, FARTHEST_M = 0.1, 100.0


@dataclass(frozen=True, eq=False)
class Thing:
    """One outlined object as it stands in the world.

    ``rings_m``: closed rings (N, 3), outer ones clockwise as seen from the camera, as they were at ``capture_ns``.
    ``depth_m`` is its distance from the camera if it is known; ``distance_m`` is what it is drawn at. The rest is as on
    the wire; ``size_guessed``: its distance was not measured by a depth camera.
    """

    id: int
    name: str | None
    gazed: bool
    rings_m: tuple[Array, ...]
    centre_m: Array
    distance_m: float
    depth_m: float | None
    size_m: tuple[float, float] | None
    capture_ns: int
    velocity_m_s: Array | None = None
    name_score: float | None = None
    size_error_m: tuple[float, float] | None = None
    size_guessed: bool = False
    dwell_ms: float = 0.0
    looks: int = 0
    found: bool = False
    surface: bool = False

    def at(self, t_ns: int) -> "Thing":
        """Where it is at an instant, if it goes on as it did (for at most 0.2 s)."""
        if self.velocity_m_s is None:
            return self
        moved_m = min(max((t_ns - self.capture_ns) * 1e-9, 0.0), FARTHEST_S) * self.velocity_m_s
        rings_m = tuple(ring + moved_m for ring in self.rings_m)
        return replace(self, rings_m=rings_m, centre_m=self.centre_m + moved_m)


def placed(
    overlay: Overlay,
    T_world_camera: SE3,
    camera: Camera | None = None,
    *,
    surface_m: float | None = None,
    default_depth_m: float,
) -> tuple[Thing, ...]:
    """The overlay's objects in the world, the gazed ones last (they are drawn on top).

    ``camera``: for objects that come without rays; an object with neither is left out. With ``surface_m`` everything is
    drawn on a plane so far ahead of the camera: on its picture, which hangs there.
    """
    things = []
    for thing in sorted(overlay.objects, key=lambda each: each.gazed):
        rays = _rays(thing, overlay, camera)
        if not rays:
            continue
        known = thing.depth_m if thing.depth_m and np.isfinite(thing.depth_m) else None
        distance_m = float(np.clip(surface_m or known or default_depth_m, NEAREST_M, FARTHEST_M))
        if surface_m is not None:
            rings = [ray * (surface_m / np.maximum(ray[:, 2:], 0.1)) for ray in rays]
        else:
            depths = thing.depths_m if len(thing.depths_m) == len(rays) else [[]] * len(rays)
            rings = [_ring(ray, depth, distance_m) for ray, depth in zip(rays, depths, strict=True)]
        rings = [ring for ring in rings if len(ring) >= 3]
        if not rings:
            continue
        every = np.concatenate(rings)
        centre = 0.5 * (every.min(axis=0) + every.max(axis=0))
        things.append(
            Thing(
                id=thing.id,
                name=thing.name,
                gazed=thing.gazed,
                rings_m=tuple(T_world_camera.apply(ring) for ring in rings),
                centre_m=T_world_camera.apply(centre),
                distance_m=distance_m,
                depth_m=known,
                size_m=thing.size_m,
                capture_ns=overlay.capture_ns or 0,
                velocity_m_s=None if thing.velocity_m_s is None else np.asarray(thing.velocity_m_s),
                name_score=thing.name_score,
                size_error_m=thing.size_error_m,
                size_guessed=thing.size_source not in (None, "depth"),
                dwell_ms=thing.dwell_ms,
                looks=thing.looks,
                found=thing.found,
                surface=thing.surface,
            )
        )
    return tuple(things)


def _rays(thing: OverlayObject, overlay: Overlay, camera: Camera | None) -> list[Array]:
    """Unit directions, (N, 3) for each ring, camera frame; none if there is no telling."""
    if thing.rays:
        return [np.asarray(ring, dtype=np.float64).reshape(-1, 3) for ring in thing.rays]
    if camera is None:
        return []
    scale = np.array([camera.width / overlay.width, camera.height / overlay.height])
    rings = [np.asarray(ring, dtype=np.float64).reshape(-1, 2) for ring in thing.outline]
    return [camera.unproject((ring + 0.5) * scale - 0.5)[0] for ring in rings]


def _ring(rays: Array, depths_m: list[float], distance_m: float) -> Array:
    """Points (N, 3) in the camera frame; a vertex without a depth of its own has the object's distance."""
    distance = np.full(len(rays), distance_m)
    if len(depths_m) == len(rays):
        depth = np.asarray(depths_m, dtype=np.float64)
        distance = np.where(np.isfinite(depth) & (depth > 0.0), np.clip(depth, NEAREST_M, FARTHEST_M), distance_m)
    points: Array = rays * distance[:, None]
    return points
