"""Solving for a camera: the lens and all boards' poses together, with the least reprojection error.

Bundle adjustment as in Z. Zhang, "A flexible new technique for camera calibration", IEEE TPAMI 22(11), 2000, for any of
our lenses. It needs no solver per lens: the start is found by trying focal lengths, and the distortion is let go last.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gazeline.calib.camera_base import Array
from gazeline.calib.cameras import Camera
from gazeline.calib.least_squares import Linear, Minimum, inverse, minimise
from gazeline.calib.lenses import Lens, lens_jacobian, point_jacobian, pose_jacobian
from gazeline.calib.pose import rms, solve_pose, starts
from gazeline.calib.se3 import SE3

FEWEST_VIEWS = 4
_FOCALS = np.geomspace(0.15, 4.0, 28)  # of the picture's longer side
_TRIED = 12  # views with which focal lengths are compared


@dataclass(frozen=True, eq=False)
class View:
    """One picture of the board: corners in the board's frame (N, 3) in metres and in the picture (N, 2) in px."""

    name: str
    p_m: Array
    px: Array
    rise_px: float = float("nan")


@dataclass(frozen=True, eq=False)
class Solution:
    """A calibrated camera. ``std``: one standard deviation of each of the lens's numbers, by name.

    ``T_camera_board`` and ``residuals_px`` ((N, 2) each, seen minus computed) go with ``views``.
    """

    lens: Lens
    camera: Camera
    std: dict[str, float]
    views: tuple[View, ...]
    T_camera_board: tuple[SE3, ...]
    residuals_px: tuple[Array, ...]
    settled: bool

    @property
    def rms_px(self) -> float:
        """Over all corners."""
        return rms(np.concatenate(self.residuals_px))


@dataclass(frozen=True, eq=False)
class _State:
    values: Array  # (K,)
    poses: tuple[SE3, ...]


def solve(lens: Lens, views: Sequence[View], width: int, height: int, near: Solution | None = None) -> Solution:
    """The camera that took ``views``; ``near``: a solution with these views among others, to begin from.

    Raises ValueError with one sentence where the views do not suffice.
    """
    if len(views) < FEWEST_VIEWS:
        raise ValueError(f"{len(views)} usable views of the board are too few: take at least {FEWEST_VIEWS}, better 20")
    problem = _Problem(lens, tuple(views), width, height)
    if near is not None:
        poses = {view.name: T for view, T in zip(near.views, near.T_camera_board, strict=True)}
        state = _State(lens.values(near.camera), tuple(poses[view.name] for view in views))
    else:
        state = _start(lens, views, width, height)
        state = problem.solved(state, free=lens.linear).state
    found = problem.solved(state, free=len(lens.names))
    residuals = tuple(-r for r in np.split(problem.residuals(found.state), problem.bounds[1:-1]))
    covariance = problem.covariance(found.state)
    std = np.sqrt(np.diag(covariance))
    return Solution(
        lens,
        lens.camera(width, height, found.state.values),
        dict(zip(lens.names, std.tolist(), strict=True)),
        tuple(views),
        found.state.poses,
        residuals,
        found.settled,
    )


def _start(lens: Lens, views: Sequence[View], width: int, height: int) -> _State:
    """The focal length with which the boards fit best as they are, without distortion, and their poses with it."""
    some = views[:: max(1, len(views) // _TRIED)]
    best, focal = np.inf, 0.0
    for f in (_FOCALS * max(width, height)).tolist():
        camera = lens.camera(width, height, lens.start(width, height, f))
        errors = [_start_error(camera, view) for view in some]
        if (error := float(np.median(errors))) < best:
            best, focal = error, f
    if not np.isfinite(best):
        raise ValueError("the views of the board fit no camera; is its size right, and is it flat?")
    values = lens.start(width, height, focal)
    camera = lens.camera(width, height, values)
    poses = [solve_pose(camera, view.p_m, view.px) for view in views]
    for view, pose in zip(views, poses, strict=True):
        if pose is None:
            raise ValueError(f"{view.name}: the board in it fits no camera")
    return _State(values, tuple(pose.T_camera_points for pose in poses if pose is not None))


def _start_error(camera: Camera, view: View) -> float:
    errors = [rms(camera.project(T.apply(view.p_m))[0] - view.px) for T in starts(camera, view.p_m, view.px)]
    return min((error for error in errors if np.isfinite(error)), default=float("inf"))


class _Problem:
    """The views as one list of corners, and the problem's cost and derivatives."""

    def __init__(self, lens: Lens, views: tuple[View, ...], width: int, height: int) -> None:
        self._lens, self._views, self._size = lens, views, (width, height)
        self.bounds = np.cumsum([0, *(len(view.px) for view in views)])  # of each view's corners in the list
        self._px = np.concatenate([view.px for view in views])  # (M, 2)

    def solved(self, start: _State, free: int) -> Minimum[_State]:
        """The minimum over the first ``free`` numbers of the lens and all poses."""
        return minimise(
            start,
            lambda state: self._linear(state, free),
            lambda state: 0.5 * float(np.sum(self.residuals(state) ** 2)),
            lambda state, step: self._moved(state, step, free),
        )

    def residuals(self, state: _State) -> Array:
        """Computed minus seen (M, 2)."""
        camera = self._lens.camera(*self._size, state.values)
        return np.asarray(camera.project(self._points(state))[0] - self._px)

    def covariance(self, state: _State) -> Array:
        """Of the lens's numbers (K, K).

        The larger, for each, of two estimates: that of independent corners of equal noise, and that of independent
        views (a "sandwich": P. J. Huber, "The behavior of maximum likelihood estimates under nonstandard conditions",
        1967), which knows that the corners of one picture err together: by blur, a bent board, a rolling shutter.
        """
        K = len(self._lens.names)
        r, J_lens, J_pose = self._derivatives(state)
        reduced, scores = np.zeros((K, K)), []
        for a, b in zip(self.bounds[:-1], self.bounds[1:], strict=True):
            J, P = J_lens[a:b].reshape(-1, K), J_pose[a:b].reshape(-1, 6)
            J = J - P @ np.linalg.lstsq(P, J, rcond=None)[0]  # what the pose cannot make up for
            reduced += J.T @ J
            scores.append(J.T @ r[a:b].ravel())
        inverted = inverse(reduced)
        freedom = max(r.size - K - 6 * len(self._views), 1)
        independent = inverted * float(np.sum(r**2)) / freedom
        views = len(self._views)
        spread = sum(np.outer(score, score) for score in scores) * views / max(views - K / 2, 1)
        clustered = inverted @ spread @ inverted
        larger = np.sqrt(np.maximum(np.diag(clustered) / np.maximum(np.diag(independent), 1e-300), 1.0))
        return np.asarray(independent * np.outer(larger, larger))

    def _points(self, state: _State) -> Array:
        pairs = zip(state.poses, self._views, strict=True)
        return np.concatenate([T.apply(view.p_m) for T, view in pairs])  # (M, 3)

    def _derivatives(self, state: _State) -> tuple[Array, Array, Array]:
        points = self._points(state)
        camera = self._lens.camera(*self._size, state.values)
        residuals = camera.project(points)[0] - self._px
        J_pose = pose_jacobian(point_jacobian(camera, points), points)
        return residuals, lens_jacobian(self._lens, *self._size, state.values, points), J_pose

    def _linear(self, state: _State, free: int) -> Linear:
        r, J_lens, J_pose = self._derivatives(state)
        J_lens = J_lens[..., :free]
        size = free + 6 * len(self._views)
        normal, gradient = np.zeros((size, size)), np.zeros(size)
        flat = J_lens.reshape(-1, free)
        normal[:free, :free], gradient[:free] = flat.T @ flat, flat.T @ r.ravel()
        for i, (a, b) in enumerate(zip(self.bounds[:-1], self.bounds[1:], strict=True)):
            at = slice(free + 6 * i, free + 6 * i + 6)
            J, P, e = J_lens[a:b].reshape(-1, free), J_pose[a:b].reshape(-1, 6), r[a:b].ravel()
            normal[at, at], gradient[at] = P.T @ P, P.T @ e
            normal[:free, at] = J.T @ P
            normal[at, :free] = normal[:free, at].T
        return Linear(0.5 * float(np.sum(r**2)), gradient, normal)

    @staticmethod
    def _moved(state: _State, step: Array, free: int) -> _State:
        values = state.values.copy()
        values[:free] += step[:free]
        steps = step[free:].reshape(-1, 6)
        return _State(values, tuple(SE3.exp(d) @ T for d, T in zip(steps, state.poses, strict=True)))
