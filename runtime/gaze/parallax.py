"""Parallax between the eyes and the camera: the pixel that gaze falls on depends on how far what is looked at is.

With a camera 5 cm beside the eyes, taking everything to be 1 m away puts gaze 4 degrees off at 40 cm. Vergence tells
the distance roughly, a depth picture exactly: the gaze ray is followed until it meets the surface that is seen there.
"""

import numpy as np

from gazeline.calib.se3 import SE3
from gazeline.runtime.depth import UNKNOWN, Plane
from gazeline.runtime.messages import Vec2
from gazeline.runtime.prompt import Array, View, pixel_of

ROUNDS = 6  # each brings the distance nearer by the ratio of the camera's offset to the distance
TOLERANCE = 0.01  # of the distance


def pixel_on_surface(
    d: Array,
    view: View,
    plane: Plane,
    *,
    start_m: float,
    in_world: bool = False,
    T_world_head: SE3 | None = None,
) -> Vec2 | None:
    """Where gaze along ``d`` (3,) meets what ``plane``, the depth picture of ``view``, shows; None outside of it.

    The other parameters are those of `pixel_of`; ``start_m`` is the distance to begin with, and the one that counts
    where the plane knows none. Across an edge in depth it may not settle; then the nearer surface is taken, which is
    what hides the other.
    """
    depth_m, nearest_m = start_m, np.inf
    for _ in range(ROUNDS):
        px = pixel_of(d, view, depth_m=depth_m, in_world=in_world, T_world_head=T_world_head)
        seen_m = None if px is None else _distance_m(px, view, plane)
        if seen_m is None or abs(seen_m - depth_m) <= TOLERANCE * depth_m:
            return px
        depth_m, nearest_m = seen_m, min(nearest_m, seen_m)
    return pixel_of(d, view, depth_m=nearest_m, in_world=in_world, T_world_head=T_world_head)


def _distance_m(px: Vec2, view: View, plane: Plane) -> float | None:
    """How far from between the eyes the surface under a pixel is; None where the plane does not know."""
    frame, calibration = view.frame, view.calibration
    column = min(int((px[0] + 0.5) * plane.shape[1] / frame.width), plane.shape[1] - 1)
    row = min(int((px[1] + 0.5) * plane.shape[0] / frame.height), plane.shape[0] - 1)
    along_mm = int(plane[max(row, 0), max(column, 0)])
    d_camera, valid = calibration.camera.unproject(np.asarray(px))
    if along_mm in UNKNOWN or not bool(valid):
        return None
    p_head = calibration.T_head_camera.apply(1e-3 * along_mm * d_camera)
    return float(np.linalg.norm(p_head - calibration.eyes_m))
