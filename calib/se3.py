"""Rigid transforms. ``T_a_b`` takes points in frame b to frame a, so neighbours cancel: ``T_a_c = T_a_b @ T_b_c``.

Frames: head and world are x right, y up, -z forward (OpenXR); cameras are x right, y down, z forward (OpenCV). The
change between the two is ``FORWARD_CAMERA`` and is written nowhere else.

Formulas: J. Solà, J. Deray, D. Atchuthan, "A micro Lie theory for state estimation in robotics", arXiv:1812.01537,
equations 169 to 182 (there V is the left Jacobian of SO(3)).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazeline.calib import so3

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SE3:
    """A rigid transform: unit quaternion (w, x, y, z), w >= 0, and translation in metres.

    Takes sequences as well as arrays, normalises the quaternion, and raises ValueError for what is not finite.
    """

    quat_wxyz: Array  # (4,)
    xyz_m: Array  # (3,)

    def __post_init__(self) -> None:
        quat = so3.normalised(self.quat_wxyz)
        xyz_m = np.array(self.xyz_m, dtype=np.float64)
        if quat.shape != (4,) or xyz_m.shape != (3,):
            raise ValueError(f"a transform is 4 + 3 numbers; got arrays of shape {quat.shape} and {xyz_m.shape}")
        if not np.all(np.isfinite(xyz_m)):
            raise ValueError(f"a translation must be finite; got {xyz_m.tolist()}")
        for name, value in (("quat_wxyz", quat), ("xyz_m", xyz_m)):
            value.flags.writeable = False
            object.__setattr__(self, name, value)

    @staticmethod
    def identity() -> "SE3":
        """The transform that moves nothing."""
        return SE3(np.array([1.0, 0.0, 0.0, 0.0]), np.zeros(3))

    @staticmethod
    def from_matrix(T: ArrayLike) -> "SE3":
        """From a homogeneous matrix (4, 4); raises ValueError where its rotation or last row is none."""
        m = np.asarray(T, dtype=np.float64)
        if m.shape != (4, 4) or not np.allclose(m[3], (0.0, 0.0, 0.0, 1.0)):
            raise ValueError(f"not a rigid transform (4 x 4, last row 0 0 0 1): {m.tolist()}")
        return SE3(so3.from_matrix(m[:3, :3]), m[:3, 3])

    @staticmethod
    def exp(xi: ArrayLike) -> "SE3":
        """From a twist (6,): ``[rho_m, phi_rad]``, constant velocity and rotation rate for one unit of time."""
        twist = np.asarray(xi, dtype=np.float64)
        if twist.shape != (6,):
            raise ValueError(f"a twist is 3 + 3 numbers; got an array of shape {twist.shape}")
        phi = twist[3:]
        b, c = _left_jacobian_terms(float(np.linalg.norm(phi)))
        cross = np.cross(phi, twist[:3])
        return SE3(so3.exp(phi), twist[:3] + b * cross + c * np.cross(phi, cross))

    def log(self) -> Array:
        """The twist (6,) ``[rho_m, phi_rad]`` with rotation angle in [0, pi], of which this is the ``exp``."""
        phi = so3.log(self.quat_wxyz)
        cross = np.cross(phi, self.xyz_m)
        d = _inverse_jacobian_term(float(np.linalg.norm(phi)))
        return np.concatenate((self.xyz_m - 0.5 * cross + d * np.cross(phi, cross), phi))

    @cached_property
    def R(self) -> Array:  # noqa: N802 - a rotation matrix is R everywhere
        """The rotation as a matrix (3, 3)."""
        return so3.to_matrix(self.quat_wxyz)

    def as_matrix(self) -> Array:
        """The homogeneous matrix (4, 4)."""
        T = np.eye(4)
        T[:3, :3], T[:3, 3] = self.R, self.xyz_m
        return T

    def inverse(self) -> "SE3":
        """``T_b_a`` of a ``T_a_b``."""
        return SE3(so3.inverse(self.quat_wxyz), -(self.R.T @ self.xyz_m))

    def __matmul__(self, other: "SE3") -> "SE3":
        return SE3(so3.multiply(self.quat_wxyz, other.quat_wxyz), self.R @ other.xyz_m + self.xyz_m)

    def apply(self, points_m: ArrayLike) -> Array:
        """Points (..., 3) in metres, from frame b to frame a."""
        return np.asarray(points_m, dtype=np.float64) @ self.R.T + self.xyz_m

    def rotate(self, directions: ArrayLike) -> Array:
        """Directions (..., 3), from frame b to frame a: no translation, lengths kept."""
        return np.asarray(directions, dtype=np.float64) @ self.R.T


def interpolate(a: SE3, b: SE3, t: float) -> SE3:
    """The transform at ``t`` (0: a, 1: b; beyond: carried on): slerp of the rotation, straight line of the position."""
    return SE3(so3.slerp(a.quat_wxyz, b.quat_wxyz, t), (1.0 - t) * a.xyz_m + t * b.xyz_m)


def _left_jacobian_terms(angle_rad: float) -> tuple[float, float]:
    """(1 - cos) / angle^2 and (angle - sin) / angle^3."""
    b = 0.5 * float(np.sinc(angle_rad / (2.0 * np.pi))) ** 2
    if angle_rad < 0.2:  # the difference below loses digits; the next term of the series is under 1e-15
        q = angle_rad * angle_rad
        return b, 1 / 6 - q / 120 * (1 - q / 42 * (1 - q / 72 * (1 - q / 110)))
    return b, (angle_rad - float(np.sin(angle_rad))) / angle_rad**3


def _inverse_jacobian_term(angle_rad: float) -> float:
    """(1 - angle / 2 * cot(angle / 2)) / angle^2."""
    if angle_rad < 0.2:
        q = angle_rad * angle_rad
        return 1 / 12 + q / 720 + q**2 / 30240 + q**3 / 1209600
    half = angle_rad / 2.0
    return (1.0 - half * float(np.cos(half) / np.sin(half))) / angle_rad**2


FORWARD_CAMERA = SE3(np.array([0.0, 1.0, 0.0, 0.0]), np.zeros(3))
"""T_head_camera of a camera that looks straight ahead from the head's origin: 180 degrees about x."""
