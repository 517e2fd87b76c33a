"""How large things are: width and height in metres as seen from here, and how far they may be wrong.

"As seen from here": the outline's points, each as far along its ray as the surface is there, are laid onto the plane
that faces the camera at the object's middle, and their extents are taken: the width along the horizon, the height at
right angles to it (along the picture's own axes where the head's pose is not known). It is what a ruler held before the
object would read, so that a plate seen from the side is flat, and of a thing half hidden the part that is to be seen.

How far the surface is says the depth picture. Without one the distance is estimated, in the logarithm of it, from all
that is known (a grid over the distance, Bayes' rule):

- most things that are looked at are within reach or across a room: log-normal around the default distance;
- the eyes' vergence, whose error is about constant in dioptres;
- things stand on something: the ray to the outline's lowest point ends on a floor or on a table. That takes a world
  whose floor is known, as OpenXR's stage is; it is taken to be where the head is as high above 0 as heads are.

What is stated is one standard deviation, with the outline's own error: in the picture, and as its expected IoU tells.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from gazeline.calib.se3 import SE3
from gazeline.runtime.messages import OverlayObject, Vec2

Array = NDArray[np.float64]
Source = Literal["depth", "vergence", "plane", "default"]

UP_CAMERA = np.array([0.0, -1.0, 0.0])
STEEPEST = 0.999  # looking straight down there is no horizon: above this cosine it is the picture that has the say

DISTANCES_M = np.geomspace(0.15, 25.0, 160)
USUAL_SPREAD = 0.9  # standard deviation of the logarithm of the distance where nothing is known of it
VERGENCE_DIOPTRES = 0.1  # 0.36 deg between the two eyes' directions, by usual trackers' precision and accuracy
HEADS_M = (0.7, 2.2)  # above the floor, sitting or standing
# What things stand on, m above the floor, how far that varies, and how often: floors and low shelves, tables of sofas,
# tables and desks (EN 527-1: 0.65 to 0.85), kitchen worktops (EN 1116: 0.85 to 0.95).
STANDS_ON = ((0.0, 0.08, 0.3), (0.43, 0.1, 0.1), (0.75, 0.07, 0.3), (0.9, 0.08, 0.1))
ANYWHERE = 0.5  # they hang, are held, or stand on something else
LEAST_SLOPE = 0.05  # flatter rays say nothing

DEPTH_SHARE = 0.01  # of what a depth picture says, one standard deviation
BORDER_PX = 1.0  # of an outline's border in the picture
IOU_SHARE = 0.45  # of what an expected IoU lacks to 1, so much is a length wrong


@dataclass(frozen=True)
class Distance:
    """How far something is: the mean, its standard deviation as a share of it, and what it is known by."""

    m: float
    share: float
    source: Source


def distance_of(lowest: Array, T_world_camera: SE3 | None, vergence_m: float | None, default_m: float) -> Distance:
    """The distance of a thing that no depth picture shows. ``lowest`` (3,): the ray to its lowest point, camera frame;
    ``vergence_m``: how far the eyes that look at it converge."""
    log_m = np.log(DISTANCES_M / default_m)
    weight = np.exp(-0.5 * (log_m / USUAL_SPREAD) ** 2)
    source: Source = "default"
    if T_world_camera is not None and HEADS_M[0] <= float(T_world_camera.xyz_m[1]) <= HEADS_M[1]:
        slope = float(T_world_camera.R[1] @ lowest)
        if slope < -LEAST_SLOPE:
            height = float(T_world_camera.xyz_m[1]) + slope * DISTANCES_M  # of the lowest point above the floor
            stands = np.full(len(DISTANCES_M), ANYWHERE / HEADS_M[1])
            for level, spread, often in STANDS_ON:
                stands += often / (spread * 2.5066) * np.exp(-0.5 * ((height - level) / spread) ** 2)
            weight = weight * np.where(height > -0.1, stands, 1e-6)
            source = "plane"
    if vergence_m is not None and vergence_m > 0.0:
        off = (1.0 / DISTANCES_M - 1.0 / vergence_m) / VERGENCE_DIOPTRES
        weight = weight * (np.exp(-0.5 * off**2) + 1e-9)
        source = "vergence"
    weight = weight / weight.sum()  # of even steps of the logarithm
    mean = float(weight @ DISTANCES_M)
    return Distance(mean, float(np.sqrt(weight @ (DISTANCES_M - mean) ** 2)) / mean, source)


def extent_of(points_m: Array, up: Array = UP_CAMERA) -> Vec2:
    """Width and height (m) of points (N, 3) as seen from the origin: on the plane that faces it at their middle, the
    height towards ``up`` (3,), the camera's or the world's, in the frame of the points."""
    right, high = facing(points_m, up)
    wide, tall = points_m @ right, points_m @ high
    return float(np.ptp(wide)), float(np.ptp(tall))


def facing(points_m: Array, up: Array) -> tuple[Array, Array]:
    """The axes (3,) to the right and upwards in the plane that faces the middle of points (N, 3)."""
    rays = points_m / np.linalg.norm(points_m, axis=1, keepdims=True)
    ahead = 0.5 * (rays.min(axis=0) + rays.max(axis=0))
    ahead /= np.linalg.norm(ahead)
    if abs(float(ahead @ up)) > STEEPEST:
        up = UP_CAMERA
    right = np.cross(ahead, up)
    right /= np.linalg.norm(right)
    return right, np.cross(right, ahead)


def sized(objects: Sequence[OverlayObject], T_world_camera: SE3 | None, default_m: float) -> tuple[OverlayObject, ...]:
    """The objects with their sizes; those without rays (the camera is not calibrated) have none.

    ``depth_m`` of an object without ``depths_m`` is what gaze tells, as on the wire; ``default_m`` is the distance that
    is assumed where nothing else is known.
    """
    return tuple(_sized(each, T_world_camera, default_m) for each in objects)


def _sized(thing: OverlayObject, T_world_camera: SE3 | None, default_m: float) -> OverlayObject:
    if not any(thing.rays):
        return thing
    rays = np.concatenate([np.asarray(ring, np.float64).reshape(-1, 3) for ring in thing.rays])
    up = UP_CAMERA if T_world_camera is None else T_world_camera.R[1]  # the world's up in the camera frame
    if sum(map(len, thing.depths_m)) == len(rays):
        points_m, share, source = rays * np.concatenate(thing.depths_m)[:, None], DEPTH_SHARE, "depth"
    else:
        lowest = rays[int((rays @ up).argmin())]
        far = distance_of(lowest, T_world_camera, thing.depth_m, default_m)
        points_m, share, source = _on_plane(rays) * far.m, far.share, far.source
    size_m = extent_of(points_m, up)
    spans_px = thing.box[2] - thing.box[0], thing.box[3] - thing.box[1]
    share = float(np.hypot(share, IOU_SHARE * (1.0 - min(max(thing.score, 0.0), 1.0))))
    errors = [
        float(np.hypot(share * size, np.sqrt(2.0) * BORDER_PX * size / max(px, 1.0)))
        for size, px in zip(size_m, spans_px, strict=True)
    ]
    return msgspec.structs.replace(
        thing,
        size_m=(round(size_m[0], 4), round(size_m[1], 4)),
        size_error_m=(round(errors[0], 4), round(errors[1], 4)),
        size_source=source,
    )


def _on_plane(rays: Array) -> Array:
    """Rays (N, 3) up to where they meet the plane that faces their middle, 1 m away."""
    middle = 0.5 * (rays.min(axis=0) + rays.max(axis=0))
    middle /= np.linalg.norm(middle)
    points: Array = rays / np.maximum(rays @ middle, 0.05)[:, None]
    return points
