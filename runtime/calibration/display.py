"""``gazeline calibrate display``: where the display sits on the head, from marks that covered a board's corner."""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console

from gazeline.calib import rig as rigs
from gazeline.calib.board import Board, parse_board
from gazeline.calib.display_alignment import solve_display
from gazeline.calib.pose import solve_pose
from gazeline.calib.rig import Rig
from gazeline.runtime.bus import BusAddress
from gazeline.runtime.calibration.display_live import Alignments, align, checked
from gazeline.runtime.calibration.extrinsics import looked_at, print_place, save
from gazeline.runtime.calibration.gather import Gathered
from gazeline.runtime.exits import stop_signals
from gazeline.runtime.sources.gaze_csv import integer, number, rows
from gazeline.runtime.sources.source import CAMERA_ID

ALIGNED_WITHIN_NS = 150_000_000  # from an alignment to the picture that shows where the board was


@dataclass(frozen=True)
class Recorded:
    """Alignments that were made with another tool: a log of the bus, and a CSV file of the times and places."""

    log: Path
    alignments: Path


@dataclass(frozen=True)
class Options:
    """The command's options; see ``gazeline calibrate display --help``."""

    source: Recorded | BusAddress
    board: str
    out: Path
    corner: int | None = None
    rig: Path | None = None


def run(options: Options, console: Console) -> None:
    """Find the display's place and write the rig; raises OSError or ValueError with one sentence."""
    board = parse_board(options.board)
    corner = _checked_corner(board, options.corner, "--corner")
    if isinstance(options.source, Recorded):
        rig, gathered, _ = looked_at(options.source.log, options.board, options.rig, console)
        checked(rig)
        alignments = _recorded(options.source.alignments, rig, gathered, board, options.corner or 0)
    else:
        given = rigs.load(options.rig) if options.rig is not None else None
        with stop_signals() as stop:
            alignments, rig = align(options.source, board, corner, given, stop, console.print)
    _, display = checked(rig)
    found = solve_display(display, alignments.p_head_m, alignments.px)
    save(msgspec.structs.replace(rig, display=found.applied(display)), options.out)
    console.print(f"from {len(found.errors_deg)} alignments ({found.left_out} left out)", highlight=False)
    print_place("T_head_view", found.T_head_view, found.std_m, found.std_rad, console)
    console.print(f"alignments are off by {np.median(found.errors_deg):.3f} degrees in the middle", highlight=False)
    console.print(f"rig: {options.out}", highlight=False)


def _recorded(path: Path, rig: Rig, gathered: Gathered, board: Board, default_corner: int) -> Alignments:
    """From ``capture_ns,x_px,y_px[,corner]``."""
    camera = rig.cameras[CAMERA_ID]
    views = [(gathered.capture_ns[view.name], view) for view in gathered.views]
    points, px = [], []
    for line, row in rows(path):
        t_ns = integer(path, line, row, "capture_ns")
        at_ns, view = min(views, key=lambda each: abs(each[0] - t_ns))
        pose = solve_pose(camera.camera, view.p_m, view.px) if abs(at_ns - t_ns) <= ALIGNED_WITHIN_NS else None
        if pose is None:
            continue
        corner = integer(path, line, row, "corner") if row.get("corner") else default_corner
        _checked_corner(board, corner, f"{path}, line {line}: corner")
        points.append((camera.se3 @ pose.T_camera_points).apply(board.points_m[corner]))
        px.append([number(path, line, row, "x_px"), number(path, line, row, "y_px")])
    return Alignments(np.reshape(points, (-1, 3)), np.reshape(px, (-1, 2)))


def _checked_corner(board: Board, corner: int | None, origin: str) -> int:
    """The corner, by default the middle one. ValueError where the board has none of that number."""
    if corner is None:
        return board.middle
    if not 0 <= corner < len(board.points_m):
        raise ValueError(f"{origin} {corner}: the corners of {board} have the numbers 0 to {len(board.points_m) - 1}")
    return corner
