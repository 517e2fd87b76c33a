"""From where the wearer looks at the instant of display: the head, each eye, and its field of view.

Angles are (right, up) in radians as seen from the head: yaw about its up axis, then pitch. Labels are placed in them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan, cos, radians, sin

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazeline.calib.se3 import SE3

Array = NDArray[np.float64]
Tangents = tuple[float, float, float, float]

NEAR, FAR = 0.01, 1000.0  # nothing is tested for depth; between these nothing is cut away


@dataclass(frozen=True, eq=False)
class Eye:
    """One view: T_world_eye (x right, y up, -z forward) and the tangents of the angles from its axis to its borders
    left, right, up, down, all as positive numbers (as in `gazeline.calib.rig.Display`)."""

    T_world_eye: SE3
    tangents_lrud: Tangents

    def project(self, p_world: ArrayLike) -> Array:
        """Points (..., 3), world, metres, as places (..., 2) in the view: x and y from 0 (left, top) to 1; NaN behind.

        Places outside of the view are beyond 0 and 1.
        """
        p = self.T_world_eye.inverse().apply(p_world)
        left, right, up, down = self.tangents_lrud
        ahead = np.where(p[..., 2] < 0.0, -p[..., 2], np.nan)
        x = (p[..., 0] / ahead + left) / (left + right)
        y = (up - p[..., 1] / ahead) / (up + down)
        return np.stack((x, y), axis=-1)


@dataclass(frozen=True, eq=False)
class Views:
    """The head and its eyes at the instant of display. ``pixel_rad``: the angle that one pixel covers in the middle."""

    T_world_head: SE3
    eyes: tuple[Eye, ...]
    pixel_rad: float

    def bounds(self) -> Array:
        """The angles ((left, down), (right, up)) that all eyes see, (2, 2)."""
        left, right, up, down = (min(eye.tangents_lrud[i] for eye in self.eyes) for i in range(4))
        return np.array(((-atan(left), -atan(down)), (atan(right), atan(up))))

    def angles(self, p_world: ArrayLike) -> Array:
        """Points (..., 3), world, as angles (..., 2) from the head."""
        return angles_of(self.T_world_head.inverse().apply(p_world))

    def point(self, angles: ArrayLike, distance_m: float) -> Array:
        """The point (3,), world, that is seen at ``angles`` (2,), so far from the head."""
        return self.T_world_head.apply(distance_m * direction_at(angles))

    def axes(self, angles: ArrayLike) -> tuple[Array, Array]:
        """Unit vectors (3,), world, to the right and up in the plane that faces the head at ``angles`` (2,)."""
        yaw, pitch = np.asarray(angles, dtype=np.float64).tolist()
        right = np.array((cos(yaw), 0.0, sin(yaw)))
        up = np.array((-sin(yaw) * sin(pitch), cos(pitch), cos(yaw) * sin(pitch)))
        return self.T_world_head.rotate(right), self.T_world_head.rotate(up)


def angles_of(p_head: ArrayLike) -> Array:
    """Points or directions (..., 3) in the head frame as angles (..., 2)."""
    p = np.asarray(p_head, dtype=np.float64)
    x, y, z = p[..., 0], p[..., 1], p[..., 2]
    return np.stack((np.arctan2(x, -z), np.arctan2(y, np.hypot(x, z))), axis=-1)


def direction_at(angles: ArrayLike) -> Array:
    """The unit direction (3,) in the head frame at ``angles`` (2,)."""
    yaw, pitch = np.asarray(angles, dtype=np.float64).tolist()
    return np.array((sin(yaw) * cos(pitch), sin(pitch), -cos(yaw) * cos(pitch)))


def projection(tangents_lrud: Tangents) -> NDArray[np.float32]:
    """OpenGL's projection matrix (4, 4) of a view, for column vectors."""
    left, right, up, down = tangents_lrud
    wide, high = left + right, up + down
    return np.array(
        (
            (2.0 / wide, 0.0, (right - left) / wide, 0.0),
            (0.0, 2.0 / high, (up - down) / high, 0.0),
            (0.0, 0.0, -(FAR + NEAR) / (FAR - NEAR), -2.0 * FAR * NEAR / (FAR - NEAR)),
            (0.0, 0.0, -1.0, 0.0),
        ),
        dtype=np.float32,
    )


def symmetric(T_world_head: SE3, width: int, height: int, vertical_fov_deg: float) -> Views:
    """One eye in the middle of the head with square pixels: for pictures."""
    up = float(np.tan(radians(vertical_fov_deg) / 2.0))
    side = up * width / height
    return Views(T_world_head, (Eye(T_world_head, (side, side, up, up)),), 2.0 * up / height)


def stereo(
    T_world_head: SE3, tangents: Sequence[Tangents], pixel_rad: float, between_eyes_m: float = 0.063
) -> Views:
    """Two eyes beside each other, left first."""
    half = between_eyes_m / 2.0
    eyes = tuple(
        Eye(T_world_head @ SE3(np.array((1.0, 0.0, 0.0, 0.0)), np.array((side * half, 0.0, 0.0))), each)
        for side, each in zip((-1.0, 1.0), tangents, strict=True)
    )
    return Views(T_world_head, eyes, pixel_rad)
