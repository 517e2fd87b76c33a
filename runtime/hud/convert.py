"""OpenXR's poses and fields of view as ours, and back."""

from math import tan

import numpy as np
import xr

from gazeline.calib.se3 import SE3
from gazeline.runtime.hud.views import Tangents

LOCATED = int(xr.SpaceLocationFlags.ORIENTATION_VALID_BIT | xr.SpaceLocationFlags.POSITION_VALID_BIT)


def se3_of(pose: xr.Posef) -> SE3:
    """A pose as a transform."""
    q, p = pose.orientation, pose.position
    return SE3(np.array((q.w, q.x, q.y, q.z)), np.array((p.x, p.y, p.z)))


def posef_of(transform: SE3) -> xr.Posef:
    """A transform as a pose."""
    w, x, y, z = transform.quat_wxyz.tolist()
    return xr.Posef(xr.Quaternionf(x, y, z, w), xr.Vector3f(*transform.xyz_m.tolist()))


def tangents_of(fov: xr.Fovf) -> Tangents:
    """A field of view (signed angles) as positive tangents left, right, up, down."""
    return tan(-fov.angle_left), tan(fov.angle_right), tan(fov.angle_up), tan(-fov.angle_down)


def known(location: xr.SpaceLocation) -> bool:
    """Whether a space was located, both where it is and how it is turned."""
    return int(location.location_flags) & LOCATED == LOCATED
