"""From where the wearer looks at the instant of display: the head, each eye, and its field of view.

Labels are placed by tangents: (x, y) of a point on the plane one metre ahead of the head, right and up. Near the middle
of the view they are angles in radians; what is a rectangle in them is one in the view, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import radians, sqrt

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

    @cached_property
    def T_eye_world(self) -> SE3:  # noqa: N802 - the name of a transform
        """From the world to the view."""
        return self.T_world_eye.inverse()

    def project(self, p_world: ArrayLike) -> Array:
        """Points (..., 3), world, metres, as places (..., 2) in the view: x and y from 0 (left, top) to 1; NaN behind.

        Places outside of the view are beyond 0 and 1.
        """
        p = self.T_eye_world.apply(p_world)
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

    @cached_property
    def _T_head_world(self) -> SE3:  # noqa: N802 - the name of a transform
        return self.T_world_head.inverse()

    def bounds(self) -> Array:
        """The tangents ((left, down), (right, up)), (2, 2), between which all eyes see."""
        left, right, up, down = (min(eye.tangents_lrud[i] for eye in self.eyes) for i in range(4))
        return np.array(((-left, -down), (right, up)))

    def tangents(self, p_world: ArrayLike) -> Array:
        """Points (..., 3), world, as tangents (..., 2); what is beside or behind the head is far out."""
        p = self._T_head_world.apply(p_world)
        ahead: Array = np.maximum(-p[..., 2:], 1e-3)
        return np.asarray(p[..., :2] / ahead)

    def point(self, tangents: Array, distance_m: float) -> Array:
        """The point (3,), world, that is seen there, so far from the head."""
        x, y = tangents.tolist()
        return self.T_world_head.apply(distance_m / sqrt(x * x + y * y + 1.0) * np.array((x, y, -1.0)))

    def axes(self) -> tuple[Array, Array]:
        """The head's right and up, unit vectors (3,), world."""
        return self.T_world_head.R[:, 0], self.T_world_head.R[:, 1]


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


def stereo(T_world_head: SE3, tangents: Sequence[Tangents], pixel_rad: float, between_eyes_m: float = 0.063) -> Views:
    """Two eyes beside each other, left first."""
    half = between_eyes_m / 2.0
    eyes = tuple(
        Eye(T_world_head @ SE3(np.array((1.0, 0.0, 0.0, 0.0)), np.array((side * half, 0.0, 0.0))), each)
        for side, each in zip((-1.0, 1.0), tangents, strict=True)
    )
    return Views(T_world_head, eyes, pixel_rad)
