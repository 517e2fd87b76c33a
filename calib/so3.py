"""Rotations as unit quaternions (w, x, y, z).

Every function takes arrays with any leading shape. A quaternion and its negative are the same rotation; what these
functions return has w >= 0, so that the logarithm is the short way round (angle in [0, pi]).

Formulas: J. Solà, "Quaternion kinematics for the error-state Kalman filter", arXiv:1711.02508, sections 1 to 4.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def normalised(quat_wxyz: ArrayLike) -> Array:
    """The unit quaternion with w >= 0 along ``quat_wxyz`` (..., 4). Raises ValueError where it has no direction."""
    quat = np.asarray(quat_wxyz, dtype=np.float64)
    if quat.shape[-1:] != (4,):
        raise ValueError(f"a quaternion has the four numbers w, x, y, z; got an array of shape {quat.shape}")
    norm: Array = np.sqrt(np.sum(quat * quat, axis=-1, keepdims=True))
    if not np.all(np.isfinite(norm) & (norm > 1e-9)):
        raise ValueError(f"a quaternion must be finite and not zero; got {quat.tolist()}")
    return np.divide(np.where(quat[..., :1] < 0.0, -quat, quat), norm)


def multiply(a_wxyz: ArrayLike, b_wxyz: ArrayLike) -> Array:
    """The rotation ``b`` followed by the rotation ``a``: (..., 4), unit."""
    a, b = np.asarray(a_wxyz, dtype=np.float64), np.asarray(b_wxyz, dtype=np.float64)
    aw, ax, ay, az = np.moveaxis(a, -1, 0)
    bw, bx, by, bz = np.moveaxis(b, -1, 0)
    product = np.stack(
        (
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ),
        axis=-1,
    )
    return normalised(product)


def inverse(quat_wxyz: ArrayLike) -> Array:
    """The opposite rotation of a unit quaternion (..., 4)."""
    opposite: Array = np.asarray(quat_wxyz, dtype=np.float64) * np.array([1.0, -1.0, -1.0, -1.0])
    return opposite


def exp(phi_rad: ArrayLike) -> Array:
    """The rotation by the angle |phi_rad| about the axis phi_rad (..., 3), as a quaternion (..., 4)."""
    phi = np.asarray(phi_rad, dtype=np.float64)
    angle = np.sqrt(np.sum(phi * phi, axis=-1, keepdims=True))
    # sinc keeps sin(angle / 2) / angle exact down to an angle of zero.
    return normalised(np.concatenate((np.cos(angle / 2.0), phi * (0.5 * np.sinc(angle / (2.0 * np.pi)))), axis=-1))


def log(quat_wxyz: ArrayLike) -> Array:
    """The rotation vector (axis times angle in radians, angle in [0, pi]) of a unit quaternion: (..., 3)."""
    quat = normalised(quat_wxyz)
    w, v = quat[..., :1], quat[..., 1:]
    sine = np.sqrt(np.sum(v * v, axis=-1, keepdims=True))
    # atan2 is exact near zero and near pi, where arcsin and arccos are not.
    tiny = sine < 1e-12
    return v * np.where(tiny, 2.0, 2.0 * np.arctan2(sine, w) / np.where(tiny, 1.0, sine))


def to_matrix(quat_wxyz: ArrayLike) -> Array:
    """The rotation matrices (..., 3, 3) of unit quaternions (..., 4)."""
    w, x, y, z = np.moveaxis(np.asarray(quat_wxyz, dtype=np.float64), -1, 0)
    rows = (
        np.stack((1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)), axis=-1),
        np.stack((2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)), axis=-1),
        np.stack((2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)), axis=-1),
    )
    return np.stack(rows, axis=-2)


def from_matrix(R: ArrayLike) -> Array:
    """The quaternion (4,) of one rotation matrix (3, 3). Raises ValueError where it is none, to 1e-5.

    Of the four ways to read a quaternion off a matrix it takes the one that divides by the largest component
    (S. W. Shepperd, "Quaternion from rotation matrix", J. Guidance and Control 1(3), 1978), so it holds near pi too.
    """
    m = np.asarray(R, dtype=np.float64)
    if m.shape != (3, 3) or not np.allclose(m @ m.T, np.eye(3), atol=1e-5) or np.linalg.det(m) < 0.0:
        raise ValueError(f"not a rotation matrix (3 x 3, orthonormal, determinant +1): {m.tolist()}")
    squares = np.array(
        (
            1 + m[0, 0] + m[1, 1] + m[2, 2],
            1 + m[0, 0] - m[1, 1] - m[2, 2],
            1 - m[0, 0] + m[1, 1] - m[2, 2],
            1 - m[0, 0] - m[1, 1] + m[2, 2],
        )
    )
    wx, wy, wz = m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]
    xy, xz, yz = m[0, 1] + m[1, 0], m[0, 2] + m[2, 0], m[1, 2] + m[2, 1]
    candidates = (
        (squares[0], wx, wy, wz),
        (wx, squares[1], xy, xz),
        (wy, xy, squares[2], yz),
        (wz, xz, yz, squares[3]),
    )
    return normalised(candidates[int(np.argmax(squares))])


def slerp(a_wxyz: ArrayLike, b_wxyz: ArrayLike, t: float) -> Array:
    """The rotation at ``t`` (0: a, 1: b) of the turn from a to b at constant speed, the short way round."""
    return multiply(a_wxyz, exp(t * log(multiply(inverse(a_wxyz), b_wxyz))))


def angle_rad(d_a: ArrayLike, d_b: ArrayLike) -> Array:
    """The angle in radians between directions (..., 3) of any length; exact for small angles (arccos is not)."""
    a, b = np.asarray(d_a, dtype=np.float64), np.asarray(d_b, dtype=np.float64)
    return np.asarray(np.arctan2(np.linalg.norm(np.cross(a, b), axis=-1), np.sum(a * b, axis=-1)))
