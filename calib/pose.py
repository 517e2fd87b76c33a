"""Where known points are before a camera: the pose from their pixels, for any camera model."""

import itertools
from dataclasses import dataclass

import cv2
import numpy as np

from gazeline.calib.camera_base import Array
from gazeline.calib.cameras import Camera
from gazeline.calib.least_squares import Linear, inverse, minimise
from gazeline.calib.lenses import point_jacobian, pose_jacobian
from gazeline.calib.se3 import SE3


@dataclass(frozen=True, eq=False)
class Pose:
    """``T_camera_points`` with its residuals (N, 2) px, and its covariance (6, 6) for twists in the camera's frame
    (m, rad) at the noise that the residuals show.
    """

    T_camera_points: SE3
    residuals_px: Array
    covariance: Array

    @property
    def rms_px(self) -> float:
        """Root of the mean squared distance in the picture."""
        return rms(self.residuals_px)


def rms(residuals_px: Array) -> float:
    """Root of the mean squared length of residuals (N, 2), as OpenCV's calibration reports it."""
    return float(np.sqrt(np.mean(np.sum(residuals_px**2, axis=-1)))) if residuals_px.size else float("nan")


def solve_pose(camera: Camera, p_m: Array, px: Array) -> Pose | None:
    """The pose of points (N, 3) that are seen at px (N, 2), with the least reprojection error; None if there is none.

    Flat points (z = 0) have two candidates, which are both followed.
    """
    found = [_refined(camera, p_m, px, start) for start in starts(camera, p_m, px)]
    if all(
        pose is None for pose in found
    ):  # corners that are in disorder have none, but they have to be told from the others
        found = [_refined(camera, p_m, px, _facing(camera, p_m, px))]
    return min((pose for pose in found if pose is not None), key=lambda pose: pose.rms_px, default=None)


def starts(camera: Camera, p_m: Array, px: Array) -> list[SE3]:
    """First guesses of the pose, the best one first.

    The rays are turned until they surround the axis of a pinhole, so that it works beyond 90 degrees as well; flat
    points: T. Collins, A. Bartoli, "Infinitesimal plane-based pose estimation", IJCV 109(3), 2014; others: G. Terzakis,
    M. Lourakis, "A consistently fast and globally optimal solution to the PnP problem", ECCV 2020.
    """
    rays, _ = camera.unproject(px)  # (N, 3)
    turn = _turned_to_axis(rays.mean(axis=0))
    x, y, z = (rays @ turn.R.T).T
    front = z > 0.1
    if np.count_nonzero(front) < 4:
        return []
    tangents = np.stack((x[front] / z[front], y[front] / z[front]), axis=-1)[:, None]  # (N, 1, 2)
    how = cv2.SOLVEPNP_IPPE if not np.any(p_m[:, 2]) else cv2.SOLVEPNP_SQPNP
    try:
        _, turns, shifts, *_ = cv2.solvePnPGeneric(p_m[front][:, None], tangents, np.eye(3), None, flags=how)
    except cv2.error:
        return []
    found = []
    for rotation, shift in itertools.zip_longest(turns, shifts):
        if np.all(np.isfinite(rotation)) and np.all(np.isfinite(shift)):
            T = np.eye(4)
            T[:3, :3], T[:3, 3] = cv2.Rodrigues(rotation)[0], shift.ravel()
            found.append(turn.inverse() @ SE3.from_matrix(T))
    return found


def _facing(camera: Camera, p_m: Array, px: Array) -> SE3:
    """The points turned as the camera is, in the direction and at the distance at which they are about as large."""
    rays, _ = camera.unproject(px)
    middle = rays.mean(axis=0)
    middle = middle / np.linalg.norm(middle)
    size_m = np.linalg.norm(p_m - p_m.mean(axis=0), axis=1).mean()
    size_rad = np.linalg.norm(rays - middle, axis=1).mean()
    turn = _turned_to_axis(middle).inverse()
    return SE3(turn.quat_wxyz, middle * size_m / max(size_rad, 1e-3) - turn.rotate(p_m.mean(axis=0)))


def _turned_to_axis(direction: Array) -> SE3:
    """The rotation that takes a direction to the optical axis."""
    d = direction / np.linalg.norm(direction)
    axis = np.cross(d, (0.0, 0.0, 1.0))
    sine = float(np.linalg.norm(axis))
    angle = float(np.arctan2(sine, d[2]))
    axis = axis / sine if sine > 1e-9 else np.array([1.0, 0.0, 0.0])
    return SE3.exp(np.concatenate((np.zeros(3), angle * axis)))


def _refined(camera: Camera, p_m: Array, px: Array, start: SE3) -> Pose | None:
    def residuals(T: SE3) -> Array:
        return np.asarray(camera.project(T.apply(p_m))[0] - px)

    def cost(T: SE3) -> float:
        return 0.5 * float(np.sum(residuals(T) ** 2))

    def linearise(T: SE3) -> Linear:
        p_camera = T.apply(p_m)
        J = pose_jacobian(point_jacobian(camera, p_camera), p_camera).reshape(-1, 6)
        r = residuals(T).ravel()
        return Linear(0.5 * float(r @ r), J.T @ r, J.T @ J)

    if not np.isfinite(cost(start)):
        return None
    found = minimise(start, linearise, cost, lambda T, step: SE3.exp(step) @ T)
    r = residuals(found.state)
    freedom = max(r.size - 6, 1)
    return Pose(found.state, r, inverse(found.linear.normal) * float(np.sum(r**2)) / freedom)
