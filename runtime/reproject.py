"""Late reprojection: what was seen at capture, moved to where it stands at display.

An outline belongs to the instant its frame was captured. At a head turn of 100 deg/s a 50 ms old outline drawn as it
is would stand 5 degrees off; moved by the two poses it stands still in the world. Turning the head is undone exactly
for every distance; moving it needs the distance, and without one the object is taken to be far away.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazeline.calib import so3
from gazeline.calib.cameras import Camera
from gazeline.calib.se3 import SE3
from gazeline.runtime.messages import OverlayObject

Array = NDArray[np.float64]

FARTHEST_S = 0.2  # for so long a moving thing is taken to go on as it did


def reproject(
    thing: OverlayObject,
    T_world_capture: SE3,
    T_world_display: SE3,
    *,
    rays: Sequence[ArrayLike] | None = None,
    default_depth_m: float | None = None,
    after_s: float = 0.0,
) -> list[Array]:
    """An object's outline at display: rings of unit directions (V, 3) in the frame of camera or eye at display.

    ``T_world_capture`` is the overlay's ``T_world_camera``, and ``T_world_display`` that of the camera, or T_world_eye,
    at display. Each vertex is as far as ``depths_m`` says, else ``depth_m``, else ``default_depth_m``; where that is
    None too, the turn of the head alone is undone. ``after_s``, the time from capture to display, moves on what moves.
    ``rays``: the outline as unit directions, for an object that comes without.
    """
    moved = np.zeros(3)
    if thing.velocity_m_s is not None:
        moved = min(after_s, FARTHEST_S) * np.asarray(thing.velocity_m_s)
    T_world_moved = SE3(T_world_capture.quat_wxyz, T_world_capture.xyz_m + moved)
    depths: Sequence[ArrayLike | None] = thing.depths_m
    rings = thing.rays if rays is None else rays
    if not depths:
        depths = [thing.depth_m if thing.depth_m is not None else default_depth_m] * len(rings)
    return [
        directions_at_display(np.reshape(np.asarray(ring, np.float64), (-1, 3)), T_world_moved, T_world_display, depth)
        for ring, depth in zip(rings, depths, strict=True)
    ]


def directions_at_display(
    d_capture: ArrayLike,
    T_world_capture: SE3,
    T_world_display: SE3,
    depth_m: ArrayLike | None = None,
) -> Array:
    """Unit directions (..., 3) in the camera's frame at capture, as unit directions (..., 3) in its frame at display.

    ``T_world_capture`` and ``T_world_display`` are T_world_camera (or T_world_eye) at the two instants. ``depth_m``,
    one number or (...), is the distance along each direction from the camera at capture; where it is None, not finite
    or not positive only the rotation is undone.
    """
    T_display_capture = T_world_display.inverse() @ T_world_capture
    d_display = T_display_capture.rotate(d_capture)
    return d_display if depth_m is None else _moved(d_display, T_display_capture.xyz_m, depth_m)


def pixels_at_display(
    camera: Camera,
    d_capture: ArrayLike,
    T_world_capture: SE3,
    T_world_display: SE3,
    depth_m: ArrayLike | None = None,
) -> tuple[Array, NDArray[np.bool_]]:
    """The same as pixels (..., 2) of ``camera`` at display, and whether they lie on its picture."""
    return camera.project(directions_at_display(d_capture, T_world_capture, T_world_display, depth_m))


def unrolled(
    d_camera: Array, shares: ArrayLike, T_world_start: SE3, T_world_end: SE3, depth_m: ArrayLike | None = None
) -> Array:
    """Directions seen by a rolling shutter, as if all had been seen at one instant.

    Each unit direction (V, 3) was seen at a time of its own, at ``shares`` (V,) of the camera's way from
    ``T_world_start`` to ``T_world_end``; shares may be negative. What comes out are unit directions (V, 3) in its frame
    at the start. Between the two poses it moves evenly, which a head nearly does in the 5 to 30 ms of a readout.
    ``depth_m`` as in `directions_at_display`.
    """
    T_start_end = T_world_start.inverse() @ T_world_end
    s = np.asarray(shares, np.float64)[:, None]
    R = so3.to_matrix(so3.exp(s * so3.log(T_start_end.quat_wxyz)))  # (V, 3, 3)
    d_start: Array = np.einsum("vij,vj->vi", R, d_camera)
    return d_start if depth_m is None else _moved(d_start, s * T_start_end.xyz_m, depth_m)


def _moved(d: Array, by_m: Array, depth_m: ArrayLike) -> Array:
    """Unit directions to points ``depth_m`` along ``d`` (..., 3) and then moved ``by_m``, (3,) or (..., 3)."""
    # Dividing by the distance first keeps this exact for far points and makes "no distance" a translation of zero.
    depth = np.asarray(depth_m, dtype=np.float64)
    known = np.isfinite(depth) & (depth > 0.0)
    nearness = np.divide(1.0, depth, out=np.zeros_like(depth), where=known)
    moved = d + nearness[..., None] * by_m
    length = np.linalg.norm(moved, axis=-1, keepdims=True)
    unit: Array = np.where(length > 1e-9, moved / np.maximum(length, 1e-9), d)
    return unit
