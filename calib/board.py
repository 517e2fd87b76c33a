"""The boards that a camera is calibrated with: a chessboard, or a ChArUco board, whose every corner has a number.

The board's frame: x right, y down, z into the board, as the printed side is seen upright; its origin is the first inner
corner of a chessboard, and the outer corner of a ChArUco board (OpenCV's conventions).
"""

import re
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Image = NDArray[np.uint8]

FORMS = "chessboard:8x6:25mm (inner corners, square) or charuco:11x8:20mm:15mm:5x5_100 (squares, square, marker, set)"
MARGIN_SQUARES = 1.0  # white around a printed board


@dataclass(frozen=True)
class Board:
    """A flat board. ``columns`` and ``rows`` count inner corners, for both kinds; lengths are in metres.

    ``marker_m`` and ``dictionary`` (OpenCV's name, without DICT_) make it a ChArUco board; ``legacy``: printed with
    OpenCV before 4.6, which began even-rowed boards with a white square.
    """

    columns: int
    rows: int
    square_m: float
    marker_m: float | None = None
    dictionary: str = ""
    legacy: bool = False

    @property
    def numbered(self) -> bool:
        """Whether its corners carry numbers, so that parts of it can be used."""
        return self.marker_m is not None

    @property
    def turnable(self) -> bool:
        """Whether it looks the same upside down; its pose is then ambiguous."""
        return not self.numbered and (self.columns - self.rows) % 2 == 0

    @cached_property
    def points_m(self) -> Array:
        """All inner corners in the board's frame (columns * rows, 3), row by row; their index is their number."""
        first = 1.0 if self.numbered else 0.0
        x, y = np.meshgrid(np.arange(self.columns) + first, np.arange(self.rows) + first)
        return np.stack((x.ravel(), y.ravel(), np.zeros(x.size)), axis=-1) * self.square_m  # (N, 3)

    @property
    def corner_m(self) -> Array:
        """The outer corner of the board's first square (3,), in the board's frame."""
        away = 0.0 if self.numbered else -self.square_m
        return np.array([away, away, 0.0])

    @property
    def size_m(self) -> tuple[float, float]:
        """Width and height over all squares."""
        return (self.columns + 1) * self.square_m, (self.rows + 1) * self.square_m

    @property
    def middle(self) -> int:
        """The number of the inner corner in the middle, or to the right of and below it."""
        return self.rows // 2 * self.columns + self.columns // 2

    def charuco(self) -> "cv2.aruco.CharucoBoard":
        """OpenCV's object of a ChArUco board."""
        assert self.marker_m is not None
        dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, f"DICT_{self.dictionary}"))
        size = (self.columns + 1, self.rows + 1)
        board = cv2.aruco.CharucoBoard(size, self.square_m, self.marker_m, dictionary)
        board.setLegacyPattern(self.legacy)
        return board

    def drawn(self, square_px: int) -> Image:
        """The squares as a picture (H, W), black on white, ``square_px`` each, without a margin."""
        width, height = (self.columns + 1) * square_px, (self.rows + 1) * square_px
        if self.numbered:
            return np.asarray(self.charuco().generateImage((width, height), marginSize=0), np.uint8)
        y, x = np.mgrid[0:height, 0:width] // square_px
        return np.where((x + y) % 2 == 0, 0, 255).astype(np.uint8)

    def svg(self) -> str:
        """The board as a drawing in true size, to be printed at 100 %."""
        modules = 1 if not self.numbered else 8 * round(max(1.0, self.square_m / 0.010))
        pixels = self.drawn(modules * 4 if self.numbered else 1)
        step = 1000.0 * self.size_m[0] / pixels.shape[1]  # mm
        margin = 1000.0 * MARGIN_SQUARES * self.square_m
        width, height = (1000.0 * side + 2 * margin for side in self.size_m)
        runs = []
        for y, row in enumerate(pixels < 128):
            edges = np.flatnonzero(np.diff(np.concatenate(([0], row.astype(np.int8), [0]))))
            runs += [f"M{a} {y}h{b - a}v1h{a - b}z" for a, b in edges.reshape(-1, 2)]
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}mm" height="{height:g}mm"'
            f' viewBox="0 0 {width:g} {height:g}"><rect width="100%" height="100%" fill="#fff"/>'
            f'<path transform="translate({margin:g} {margin:g}) scale({step:.6f})" shape-rendering="crispEdges"'
            f' d="{"".join(runs)}"/><text x="{margin:g}" y="{height - margin / 3:g}" font-family="sans-serif"'
            f' font-size="{min(4.0, margin / 4):g}">{self}, print at 100 %: a square is'
            f" {1000 * self.square_m:g} mm</text></svg>\n"
        )

    def __str__(self) -> str:
        if self.marker_m is None:
            return f"chessboard:{self.columns}x{self.rows}:{1000 * self.square_m:g}mm"
        parts = (f"{self.columns + 1}x{self.rows + 1}", f"{1000 * self.square_m:g}mm", f"{1000 * self.marker_m:g}mm")
        return ":".join(("charuco", *parts, self.dictionary.lower(), *(["legacy"] if self.legacy else [])))


def parse_board(text: str) -> Board:
    """A board from its short form, such as ``chessboard:8x6:25mm``; raises ValueError with one sentence."""
    kind, *parts = text.lower().split(":")
    legacy = parts[-1:] == ["legacy"]
    parts = parts[:-1] if legacy else parts
    size = re.fullmatch(r"(\d+)x(\d+)", parts[0]) if parts else None
    lengths = [re.fullmatch(r"([\d.]+)(mm|cm|m)", part) for part in parts[1:3]]
    wanted = {"chessboard": 2, "charuco": 4}.get(kind)
    if wanted != len(parts) or size is None or None in lengths or (legacy and kind != "charuco"):
        raise ValueError(f"--board {text} is no board; write {FORMS}")
    columns, rows = int(size[1]), int(size[2])
    metres = [float(m[1]) * {"mm": 1e-3, "cm": 1e-2, "m": 1.0}[m[2]] for m in lengths if m is not None]
    if kind == "chessboard":
        board = Board(columns, rows, metres[0])
    else:
        name = parts[3].removeprefix("dict_").upper()
        name = name.replace("APRILTAG_36H11", "APRILTAG_36h11") if name.startswith("APRIL") else name
        if not hasattr(cv2.aruco, f"DICT_{name}"):
            raise ValueError(f"--board {text}: OpenCV has no marker set {parts[3]}; for example 5x5_100")
        if not 0.0 < metres[1] < metres[0]:
            raise ValueError(f"--board {text}: the markers must be smaller than the squares")
        board = Board(columns - 1, rows - 1, metres[0], metres[1], name, legacy)
    if not (3 <= board.columns <= 60 and 3 <= board.rows <= 60 and 1e-3 <= board.square_m <= 1.0):
        raise ValueError(f"--board {text}: a board has 3 to 60 inner corners a side and squares of 1 mm to 1 m")
    return board
