"""Where a camera sits on the head: from views of a board that stands still, taken while the head's pose is tracked.

With the board and the world fixed, ``T_world_head_i @ T_head_camera @ T_camera_board_i = T_world_board`` for every view
i, two unknown transforms. Start: rotations by F. C. Park, B. J. Martin, "Robot sensor calibration: solving AX = XB on
the Euclidean group", IEEE Trans. Robotics and Automation 10(5), 1994, then positions, which are linear. Then all
corners' reprojection errors are made least together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gazeline.calib import so3
from gazeline.calib.camera_base import Array
from gazeline.calib.cameras import Camera
from gazeline.calib.intrinsics import View
from gazeline.calib.least_squares import Linear, inverse, minimise
from gazeline.calib.lenses import point_jacobian, pose_jacobian
from gazeline.calib.pose import rms, solve_pose
from gazeline.calib.se3 import SE3

FEWEST = 5
LEAST_TURN_DEG = 15.0  # about a second axis; with less, position and rotation are hardly told apart
_WORSE = 3.0
_HARMLESS_PX = 1.0


@dataclass(frozen=True, eq=False)
class HandEye:
    """``T_head_camera`` and where the board stands. ``std_m`` and ``std_rad``: one standard deviation, (3,) each, of
    the camera's position and rotation along and about the camera's axes. ``turn_deg``: how far the head turned about
    its first and second axis. ``used`` and ``left_out`` name views.
    """

    T_head_camera: SE3
    T_world_board: SE3
    std_m: Array
    std_rad: Array
    rms_px: float
    turn_deg: tuple[float, float]
    used: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _State:
    T_head_camera: SE3
    T_world_board: SE3


def solve_hand_eye(camera: Camera, views: Sequence[View], T_world_head: Sequence[SE3]) -> HandEye:
    """The camera's place on the head; the i-th head pose is that at the i-th view's capture.

    Raises ValueError with one sentence of advice where there are too few views, or the head hardly turned.
    """
    pairs, boards = [], []
    for view, head in zip(views, T_world_head, strict=True):
        pose = solve_pose(camera, view.p_m, view.px)
        if pose is not None:
            pairs.append((view, head))
            boards.append(pose.T_camera_points)
    if len(pairs) < FEWEST:
        raise ValueError(
            f"{len(pairs)} views of the board with a head pose are too few: take at least {FEWEST}, better 30"
        )
    turn_deg = _turns_deg([head for _, head in pairs])
    if turn_deg[1] < LEAST_TURN_DEG:
        about = "hardly at all" if turn_deg[0] < LEAST_TURN_DEG else "about one axis only"
        raise ValueError(
            f"the head turned {about} ({turn_deg[0]:.0f} and {turn_deg[1]:.0f} degrees about its two main axes), which"
            " does not show where the camera sits: look at the board while nodding, turning and tilting the head by 20"
            " degrees and more"
        )
    state = _start([head for _, head in pairs], boards)
    left_out: list[str] = []
    while True:
        problem = _Problem(camera, pairs)
        found = minimise(state, problem.linear, problem.cost, _moved)
        errors = problem.errors(found.state)
        bad = int(np.argmax(errors))
        if errors[bad] <= max(_WORSE * float(np.median(errors)), _HARMLESS_PX) or len(pairs) <= FEWEST:
            break
        left_out.append(pairs.pop(bad)[0].name)
        state = found.state
    std = np.sqrt(np.diag(problem.covariance(found.state)))[:6]
    return HandEye(
        found.state.T_head_camera,
        found.state.T_world_board,
        std[:3],
        std[3:],
        rms(problem.residuals(found.state)),
        turn_deg,
        tuple(view.name for view, _ in pairs),
        tuple(left_out),
    )


def _turns_deg(heads: Sequence[SE3]) -> tuple[float, float]:
    """How far the head turned about the axis about which it turned most, and about the next one: from end to end."""
    middle = heads[len(heads) // 2].inverse()
    turns = np.array([so3.log((middle @ head).quat_wxyz) for head in heads])  # (V, 3)
    _, _, axes = np.linalg.svd(turns - turns.mean(axis=0), full_matrices=False)
    spans = np.degrees(np.ptp(turns @ axes.T, axis=0))
    return float(spans[0]), float(spans[1])


def _start(heads: Sequence[SE3], boards: Sequence[SE3]) -> _State:
    """``A X = X B`` for the motions between all pairs of views: A of the head, B of the camera, X is T_head_camera."""
    alpha, beta, motions = [], [], []
    for i, (head_i, board_i) in enumerate(zip(heads, boards, strict=True)):
        for head_j, board_j in zip(heads[i + 1 :: 2], boards[i + 1 :: 2], strict=True):
            A, B = head_j.inverse() @ head_i, board_j @ board_i.inverse()
            alpha.append(so3.log(A.quat_wxyz))
            beta.append(so3.log(B.quat_wxyz))
            motions.append((A, B))
    U, _, Vt = np.linalg.svd(np.array(alpha).T @ np.array(beta))
    R = U @ np.diag([1.0, 1.0, np.linalg.det(U @ Vt)]) @ Vt  # alpha = R beta
    rows = np.concatenate([A.R - np.eye(3) for A, _ in motions])
    rest = np.concatenate([R @ B.xyz_m - A.xyz_m for A, B in motions])
    position, *_ = np.linalg.lstsq(rows, rest, rcond=None)
    T_head_camera = SE3(so3.from_matrix(R), position)
    middle = len(heads) // 2
    return _State(T_head_camera, heads[middle] @ T_head_camera @ boards[middle])


def _moved(state: _State, step: Array) -> _State:
    return _State(state.T_head_camera @ SE3.exp(step[:6]), SE3.exp(step[6:]) @ state.T_world_board)


class _Problem:
    """The cost and its derivatives: by a twist of the camera in its own frame, and one of the board in the world's."""

    def __init__(self, camera: Camera, pairs: Sequence[tuple[View, SE3]]) -> None:
        self._camera, self._pairs = camera, pairs
        self._px = np.concatenate([view.px for view, _ in pairs])
        self._bounds = np.cumsum([0, *(len(view.px) for view, _ in pairs)])

    def residuals(self, state: _State) -> Array:
        """Computed minus seen (M, 2)."""
        points = [self._camera_world(state, head).apply(state.T_world_board.apply(v.p_m)) for v, head in self._pairs]
        return np.asarray(self._camera.project(np.concatenate(points))[0] - self._px)

    def errors(self, state: _State) -> Array:
        """Of each view, px."""
        return np.array([rms(r) for r in np.split(self.residuals(state), self._bounds[1:-1])])

    def cost(self, state: _State) -> float:
        return 0.5 * float(np.sum(self.residuals(state) ** 2))

    def linear(self, state: _State) -> Linear:
        J, r = self._jacobian(state), self.residuals(state).ravel()
        return Linear(0.5 * float(r @ r), J.T @ r, J.T @ J)

    def covariance(self, state: _State) -> Array:
        """(12, 12), by views that err on their own: each has one head pose, whose error all its corners share."""
        J, r = self._jacobian(state), self.residuals(state).ravel()
        inverted = inverse(J.T @ J)
        views = len(self._pairs)
        scores = [J[2 * a : 2 * b].T @ r[2 * a : 2 * b] for a, b in zip(self._bounds, self._bounds[1:], strict=False)]
        spread = sum(np.outer(score, score) for score in scores) * views / max(views - 2, 1)
        return np.asarray(inverted @ spread @ inverted)

    def _jacobian(self, state: _State) -> Array:
        rows = []
        for view, head in self._pairs:
            T_camera_world = self._camera_world(state, head)
            p_world = state.T_world_board.apply(view.p_m)
            by_point = point_jacobian(self._camera, p_camera := T_camera_world.apply(p_world))
            of_board = pose_jacobian(by_point @ T_camera_world.R, p_world)
            rows.append(np.concatenate((-pose_jacobian(by_point, p_camera), of_board), axis=-1))
        return np.concatenate(rows).reshape(-1, 12)

    @staticmethod
    def _camera_world(state: _State, head: SE3) -> SE3:
        return (head @ state.T_head_camera).inverse()
