"""Boards at random before a camera: poses as a person would hold them, and their corners as seen with noise."""

import numpy as np
from numpy.typing import NDArray

from gazeline.calib.board import Board
from gazeline.calib.cameras import Camera
from gazeline.calib.intrinsics import View
from gazeline.calib.se3 import SE3

Array = NDArray[np.float64]


def held(board: Board, camera: Camera, rng: np.random.Generator, near_m: float = 1.0) -> SE3:
    """T_camera_board with all of the board in the picture, tilted, at one to two times ``near_m``."""
    rim = board.points_m + 1.2 * board.square_m * np.sign(board.points_m - board.points_m.mean(axis=0))
    while True:
        at = rng.uniform(0.2, 0.8, 2) * [camera.width, camera.height]
        direction, seen = camera.unproject(at)
        turn = SE3.exp(np.concatenate((np.zeros(3), rng.uniform(-0.6, 0.6, 2), rng.normal(0.0, 0.15, 1))))
        T = SE3(turn.quat_wxyz, direction * near_m * rng.uniform(1.0, 2.0) - turn.R @ board.points_m.mean(axis=0))
        _, valid = camera.project(T.apply(rim))
        if seen and valid.all():
            return T


def seen(
    board: Board,
    camera: Camera,
    count: int,
    rng: np.random.Generator,
    noise_px: float = 0.0,
    shift_px: float = 0.0,
    near_m: float = 1.0,
) -> list[View]:
    """Views with independent noise in each corner, and with a shift of each whole picture at random."""
    views = []
    for i in range(count):
        px, _ = camera.project(held(board, camera, rng, near_m).apply(board.points_m))
        twist = rng.normal(0.0, shift_px, 2) * np.linspace(-1.0, 1.0, len(px))[:, None]  # a pose cannot make up for it
        views.append(View(f"view {i}", board.points_m, px + rng.normal(0.0, noise_px, px.shape) + twist, 1.0))
    return views
