"""A calibration board before a camera, drawn exactly: each pixel is the mean of rays through its lens onto the board.

No OpenGL is needed, every lens is exact, and the place of each corner is known to rounding: that is what calibration is
tested with.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.calib.board import MARGIN_SQUARES, Board
from gazeline.calib.cameras import Camera
from gazeline.calib.se3 import SE3
from gazeline.sim.sensors import GAMMA

Image = NDArray[np.uint8]
F64 = NDArray[np.float64]

RAYS = 3  # a side, through each pixel
SQUARE_PX = 96  # of the board's own picture
INK, PAPER, WALL = 0.03, 0.75, 0.35  # shares of light given back
TOWARDS_LIGHT = np.array([0.3, -0.6, -0.74])  # from the board, as it stands upright: from above, over the shoulder
AMBIENT = 0.55


class BoardView:
    """Draws boards through one camera, whose rays are computed once (a second or two for a large picture)."""

    def __init__(self, camera: Camera) -> None:
        self.camera = camera
        steps = (np.arange(RAYS) + 0.5) / RAYS - 0.5
        x = (np.arange(camera.width)[:, None] + steps).ravel()
        y = (np.arange(camera.height)[:, None] + steps).ravel()
        rays, self._seen = camera.unproject(np.stack(np.meshgrid(x, y), axis=-1))
        self._rays = rays.astype(np.float32)  # (H * RAYS, W * RAYS, 3)

    def draw(self, board: Board, T_camera_board: SE3, behind: Image | None = None) -> Image:
        """The camera's picture (H, W, 3) RGB; ``behind``: what is seen around the board, otherwise a plain wall."""
        height, width = self.camera.height, self.camera.width
        out = _wall(width, height) if behind is None else behind.copy()
        T_board_camera = T_camera_board.inverse()
        x0, y0, x1, y1 = self._box(board, T_camera_board)
        if x0 >= x1 or y0 >= y1:
            return out
        part = np.s_[y0 * RAYS : y1 * RAYS, x0 * RAYS : x1 * RAYS]
        d = self._rays[part] @ T_board_camera.R.T.astype(np.float32)
        with np.errstate(divide="ignore", invalid="ignore"):
            far = -T_board_camera.xyz_m[2] / d[..., 2]
            at_m = T_board_camera.xyz_m[:2] + far[..., None] * d[..., :2]
            at = np.floor((at_m - board.corner_m[:2]) / board.square_m * SQUARE_PX)
        at = np.nan_to_num(at, nan=-1e6, posinf=-1e6, neginf=-1e6).clip(-1e6, 1e6).astype(np.int32)
        at += round(MARGIN_SQUARES * SQUARE_PX)
        picture = _picture(board)
        rows, columns = picture.shape
        on = (far > 0) & (d[..., 2] > 0) & self._seen[part]
        on &= (at >= 0).all(-1) & (at[..., 0] < columns) & (at[..., 1] < rows)
        white = picture[at[..., 1].clip(0, rows - 1), at[..., 0].clip(0, columns - 1)]
        light = AMBIENT + (1.0 - AMBIENT) * max(0.0, float(T_camera_board.rotate((0, 0, -1)) @ TOWARDS_LIGHT))
        given = np.where(white, PAPER, INK).astype(np.float32) * np.float32(light) * on
        size = (x1 - x0, y1 - y0)
        colour = cv2.resize(given, size, interpolation=cv2.INTER_AREA)
        share = cv2.resize(on.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        under = (out[y0:y1, x0:x1] / 255.0) ** GAMMA
        mixed = colour[..., None] + (1.0 - share[..., None]) * under
        out[y0:y1, x0:x1] = np.rint(255.0 * mixed ** (1.0 / GAMMA)).clip(0, 255)
        return out

    def _box(self, board: Board, T_camera_board: SE3) -> tuple[int, int, int, int]:
        """The pixels that the board may cover: x0, y0, x1, y1; all of them where it reaches out of the lens's view."""
        margin = MARGIN_SQUARES * board.square_m
        wide, high = board.size_m
        along = np.linspace(0.0, 1.0, 33)
        low = board.corner_m[:2] - margin
        x, y = low[0] + along * (wide + 2 * margin), low[1] + along * (high + 2 * margin)
        rim = np.concatenate([np.stack(np.broadcast_arrays(a, b, 0.0), -1) for a, b in _rim(x, y)])
        p_camera = T_camera_board.apply(rim)
        px, _ = self.camera.project(p_camera)
        if not np.all(np.isfinite(px)):
            return 0, 0, self.camera.width, self.camera.height
        (x0, y0), (x1, y1) = np.floor(px.min(0)).astype(int) - 2, np.ceil(px.max(0)).astype(int) + 3
        return max(x0, 0), max(y0, 0), min(x1, self.camera.width), min(y1, self.camera.height)


@lru_cache(maxsize=4)
def _picture(board: Board) -> NDArray[np.bool_]:
    """The board with its margin, True where it is white."""
    edge = round(MARGIN_SQUARES * SQUARE_PX)
    return np.pad(board.drawn(SQUARE_PX), edge, constant_values=255) > 127


def _rim(x: F64, y: F64) -> list[tuple[F64, F64]]:
    return [(x, y[:1]), (x, y[-1:]), (x[:1], y), (x[-1:], y)]


def _wall(width: int, height: int) -> Image:
    """A wall that is lighter above, as rooms are lit."""
    shade = np.linspace(1.15, 0.7, height)[:, None] * np.linspace(0.95, 1.05, width)[None]
    colour = (WALL * shade)[..., None] * np.array([1.0, 0.96, 0.9])
    return np.asarray(np.rint(255.0 * colour ** (1.0 / GAMMA)).clip(0, 255), np.uint8)
