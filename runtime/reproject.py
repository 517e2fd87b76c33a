"""Late reprojection: what was seen at capture, moved to where it stands at display.

An outline belongs to the instant its frame was captured. At a head turn of 100 deg/s a 50 ms old outline drawn as it
is would stand 5 degrees off; moved by the two poses it stands still in the world. Turning the head is undone exactly
for every distance; moving it needs the distance, and without one the object is taken to be far away.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazeline.calib.cameras import Camera
from gazeline.calib.se3 import SE3

Array = NDArray[np.float64]


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
    if depth_m is None:
        return d_display
    # Dividing by the distance first keeps this exact for far points and makes "no distance" a translation of zero.
    depth = np.asarray(depth_m, dtype=np.float64)
    known = np.isfinite(depth) & (depth > 0.0)
    nearness = np.divide(1.0, depth, out=np.zeros_like(depth), where=known)
    moved = d_display + nearness[..., None] * T_display_capture.xyz_m
    length = np.linalg.norm(moved, axis=-1, keepdims=True)
    unit: Array = np.where(length > 1e-9, moved / np.maximum(length, 1e-9), d_display)
    return unit


def pixels_at_display(
    camera: Camera,
    d_capture: ArrayLike,
    T_world_capture: SE3,
    T_world_display: SE3,
    depth_m: ArrayLike | None = None,
) -> tuple[Array, NDArray[np.bool_]]:
    """The same as pixels (..., 2) of ``camera`` at display, and whether they lie on its picture."""
    return camera.project(directions_at_display(d_capture, T_world_capture, T_world_display, depth_m))
