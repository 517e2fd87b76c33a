"""Finding a board in a picture: which of its corners are where, how sharp they are, and why there is none."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.calib.board import Array, Board, Image

FEWEST = 12  # corners of a partly seen board that are worth using
_EXACT = cv2.CALIB_CB_EXHAUSTIVE | cv2.CALIB_CB_ACCURACY
_SEARCHES = (_EXACT, _EXACT | cv2.CALIB_CB_NORMALIZE_IMAGE)  # one finds what the other does not
_REACH = 0.25  # of the way to the next corner
_PROFILE = np.linspace(-1.0, 1.0, 33)


@dataclass(frozen=True, eq=False)
class Detection:
    """The corners that were found: their numbers (N,), where they are in px (N, 2), and how sharp the picture is there.

    ``rise_px``: the width of an edge from a tenth to nine tenths of its height: 1 to 2 is sharp, 4 is soft.
    """

    ids: NDArray[np.int64]
    px: Array
    rise_px: float


def grey_of(image: Image) -> Image:
    """RGB (H, W, 3) or grey (H, W) to grey."""
    return image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def find_board(image: Image, board: Board, *, thorough: bool = True) -> Detection | None:
    """The board in a picture (RGB or grey), or None. ``thorough`` looks harder, and takes up to a second for it."""
    grey = grey_of(image)
    found = _charuco(grey, board) if board.numbered else _chessboard(grey, board, thorough)
    if found is None:
        return None
    ids, px = found
    return Detection(ids, px, _rise_px(grey, board, ids, px))


def why_not(image: Image, board: Board) -> str | None:
    """What is wrong with a picture in which `find_board` finds nothing, if that can be told."""
    grey = grey_of(image)
    if board.numbered:
        if _charuco(np.ascontiguousarray(grey[:, ::-1]), board) is not None:
            return "the picture is mirrored; switch that off in the camera's settings"
        other = Board(board.columns, board.rows, board.square_m, board.marker_m, board.dictionary, not board.legacy)
        if _charuco(grey, other) is not None:
            return f"the board in it is {other}"
        return None
    c, r = board.columns, board.rows
    for columns, rows in ((c - 1, r - 1), (c + 1, r + 1), (c - 1, r), (c, r - 1), (c + 1, r), (c, r + 1)):
        if min(columns, rows) >= 3:
            other = Board(columns, rows, board.square_m)
            if _chessboard(grey, other, thorough=False) is not None:
                return f"it shows a board of {columns}x{rows} inner corners (--board counts inner corners)"
    return None


def _chessboard(grey: Image, board: Board, thorough: bool) -> tuple[NDArray[np.int64], Array] | None:
    """A. Duda, U. Frese, "Accurate detection and localization of checkerboard corners for calibration", BMVC 2018."""
    size = (board.columns, board.rows)
    for flags in _SEARCHES if thorough else (cv2.CALIB_CB_EXHAUSTIVE,):
        found, corners = cv2.findChessboardCornersSB(grey, size, flags=flags)
        if found:
            break
    else:
        return None
    grid = np.asarray(corners, np.float64).reshape(board.rows, board.columns, 2)
    across, down = grid[0, -1] - grid[0, 0], grid[-1, 0] - grid[0, 0]
    if across[0] * down[1] - across[1] * down[0] < 0.0:  # counted from behind
        grid = grid[:, ::-1]
    if _upside_down(grey, grid, board):
        grid = grid[::-1, ::-1]
    return np.arange(board.columns * board.rows), _refined(grey, grid).reshape(-1, 2)


def _refined(grey: Image, grid: Array) -> Array:
    """Each corner (rows, columns, 2) where the edges around it cross, within a quarter of the way to the next corner.

    The search above fits curves through whole rows, whose errors are alike for all corners of a slanted board and so
    end up in the focal length; these are smaller for the camera, if not for each corner.
    """
    across = np.pad(np.linalg.norm(np.diff(grid, axis=1), axis=-1), ((0, 0), (1, 1)), constant_values=np.inf)
    down = np.pad(np.linalg.norm(np.diff(grid, axis=0), axis=-1), ((1, 1), (0, 0)), constant_values=np.inf)
    gap = np.min([across[:, 1:], across[:, :-1], down[1:], down[:-1]], axis=0)  # (rows, columns)
    half = np.clip(np.rint(_REACH * gap), 2, 15).astype(int)
    refined = grid.copy()
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 50, 1e-3)
    for size in np.unique(half).tolist():
        corners = np.ascontiguousarray(grid[half == size][:, None], np.float32)
        refined[half == size] = cv2.cornerSubPix(grey, corners, (size, size), (-1, -1), stop)[:, 0]
    return refined


def _upside_down(grey: Image, grid: Array, board: Board) -> bool:
    """The first square within the corners is black; of boards without an up, the first corner is the upper left."""
    if board.turnable:
        return bool(grid[0, 0].sum() > grid[-1, -1].sum())
    return _like_a_board(grey, grid) < 0.5


def _like_a_board(grey: Image, grid: Array) -> float:
    """How many squares are as dark, against their neighbours to the right, as in a board whose first one is black."""
    middles = 0.25 * (grid[:-1, :-1] + grid[1:, :-1] + grid[:-1, 1:] + grid[1:, 1:])  # (rows - 1, columns - 1, 2)
    value = _sampled(grey, middles)
    darker = value[:, :-1] < value[:, 1:]
    row, column = np.indices(darker.shape)
    return float(np.mean(darker == ((row + column) % 2 == 0)))


def _charuco(grey: Image, board: Board) -> tuple[NDArray[np.int64], Array] | None:
    parameters = cv2.aruco.CharucoParameters()
    parameters.tryRefineMarkers = True  # small or slanted markers are found again from where the others say they are
    detector = cv2.aruco.CharucoDetector(board.charuco(), parameters)
    corners, ids, _, _ = detector.detectBoard(grey)
    if ids is None or len(ids) < FEWEST:
        return None
    order = np.argsort(ids.ravel())
    return ids.ravel()[order].astype(np.int64), np.asarray(corners, np.float64).reshape(-1, 2)[order]


def _rise_px(grey: Image, board: Board, ids: NDArray[np.int64], px: Array) -> float:
    """The median width of the edges between neighbouring corners, measured across their middles.

    As ISO 12233 measures edges: from 10 to 90 percent of the height, here from the steepest slope of the mean profile.
    """
    place = {int(number): i for i, number in enumerate(ids)}
    pairs = []
    for number, i in place.items():
        row, column = divmod(number, board.columns)
        if column + 1 < board.columns and number + 1 in place:
            pairs.append((i, place[number + 1]))
        if row + 1 < board.rows and number + board.columns in place:
            pairs.append((i, place[number + board.columns]))
    if not pairs:
        return float("nan")
    a, b = px[[i for i, _ in pairs]], px[[j for _, j in pairs]]
    along = b - a
    length = np.linalg.norm(along, axis=1, keepdims=True)
    across = np.stack((-along[:, 1], along[:, 0]), axis=-1) / length
    reach = np.minimum(0.2 * length, 12.0)  # px; beyond lie markers, or the next edge of a slanted board
    at = (0.5 * (a + b))[:, None] + (reach * _PROFILE)[..., None] * across[:, None]  # (E, 33, 2)
    value = _sampled(grey, at)
    height = value.max(axis=1) - value.min(axis=1)
    slope = np.abs(np.diff(value, axis=1)).max(axis=1) / (reach[:, 0] * (_PROFILE[1] - _PROFILE[0]))
    return float(np.median(0.8 * height / np.maximum(slope, 1e-6)))


def _sampled(grey: Image, at: Array) -> Array:
    xy = at.reshape(-1, 1, 2).astype(np.float32)
    value = cv2.remap(grey, xy[..., 0], xy[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(value, np.float64).reshape(at.shape[:-1])
