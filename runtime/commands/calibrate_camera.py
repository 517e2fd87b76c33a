"""``gazeline calibrate camera`` and what goes with it: where camera and display sit, boards, other tools' files."""

import os
from pathlib import Path
from typing import Annotated

import typer

from gazeline.runtime.options import BUS_HELP, Plain, WebPort

BoardSpec = Annotated[
    str,
    typer.Option(
        "--board",
        metavar="BOARD",
        help="chessboard:8x6:25mm (inner corners, square) or charuco:11x8:20mm:15mm:5x5_100 (squares, square, marker).",
    ),
]


RigOption = Annotated[
    Path | None,
    typer.Option("--rig", metavar="FILE.json", help="The camera's calibration.", show_default="what the log carries"),
]
Recording = Annotated[Path, typer.Argument(metavar="LOG.gzl", help="A log of the bus: pictures and head poses.")]
RigOut = Annotated[Path, typer.Option("--out", metavar="FILE.json", help="The rig to write.")]


def _quiet_blas() -> None:
    """Before numpy is loaded: its threads fight over busy cores, and the systems here are small."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def camera(
    board: BoardSpec,
    source: Annotated[
        str | None,
        typer.Argument(metavar="[SOURCE]", help="A folder of pictures, a video, a .vrs, a .gzl, or a bus address."),
    ] = None,
    bus: Annotated[str | None, typer.Option("--bus", help=f"A live bus instead. {BUS_HELP}")] = None,
    model: Annotated[
        str, typer.Option("--model", help="auto, pinhole, radtan, fisheye, rational or fisheye624.")
    ] = "auto",
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the rig and the report go.")] = Path(
        "calibration"
    ),
    rig: Annotated[
        Path | None, typer.Option("--rig", metavar="FILE.json", help="A rig whose camera is to be replaced.")
    ] = None,
    port: WebPort = None,
    insecure_plain_tcp: Plain = False,
) -> None:
    """Calibrate a camera from views of a board.

    From a live bus (that of gazeline run), the browser page shows what was covered and says what to show next. It ends
    when that is enough; Ctrl-C ends it with what there is.
    Bad views are left out, with the reason. The lens model is the one that best predicts views it was not fitted to.
    FOLDER gets rig.json, report.html, report.json and the report's pictures.

    [bold]Examples[/bold]

    \b
      gazeline calibrate camera pictures/ --board chessboard:8x6:25mm
      gazeline calibrate camera --bus gazeline --board chessboard:8x6:25mm
      gazeline calibrate camera ipc:///tmp/headset --board chessboard:8x6:25mm
      gazeline calibrate camera walk.mp4 --board charuco:11x8:20mm:15mm:5x5_100 --model fisheye
    """
    _quiet_blas()
    from rich.console import Console

    from gazeline.runtime.calibration import camera as camera_

    if (source is None) == (bus is None):
        raise ValueError("give either a SOURCE (a folder, a video, a recording) or a live bus (--bus)")
    live = bus if source is None else source if "://" in source else None
    options = camera_.Options(source or "", live, board, model, out, rig, port, insecure_plain_tcp)
    camera_.run(options, Console())


def extrinsics(source: Recording, board: BoardSpec, out: RigOut = Path("rig.json"), rig: RigOption = None) -> None:
    """Find where the camera sits on the head, from a board that stands still while the head moves and is tracked.

    Look at the board from all sides for half a minute, and nod, turn and tilt the head by 20 degrees and more.

    [bold]Examples[/bold]

    \b
      gazeline calibrate extrinsics session.gzl --board chessboard:8x5:30mm --rig calibration/rig.json --out rig.json
    """
    _quiet_blas()
    from rich.console import Console

    from gazeline.runtime.calibration import extrinsics as extrinsics_

    extrinsics_.run(extrinsics_.Options(source=source, board=board, out=out, rig=rig), Console())


def display(
    board: BoardSpec,
    log: Annotated[
        Path | None, typer.Argument(metavar="[LOG.gzl", help="A log of the bus, with alignments of another tool.")
    ] = None,
    alignments: Annotated[
        Path | None, typer.Argument(metavar="ALIGNMENTS.csv]", help="capture_ns,x_px,y_px[,corner]: see below.")
    ] = None,
    bus: Annotated[str | None, typer.Option("--bus", help=f"The live bus of a HUD and its wearer. {BUS_HELP}")] = None,
    corner: Annotated[
        int | None,
        typer.Option("--corner", metavar="N", help="Of the board.", show_default="the middle one; in a file 0"),
    ] = None,
    out: RigOut = Path("rig.json"),
    rig: RigOption = None,
    insecure_plain_tcp: Plain = False,
) -> None:
    """Find where the display sits on the head, from marks on it that were brought over a corner of a board.

    On a live bus, gazeline hud shows one cross after the other. Shut the right eye, bring the cross over the corner
    that is named, and confirm with the button, a pinch, or Enter here. A ChArUco board may reach out of the picture.

    From a log, each line of ALIGNMENTS.csv says when the mark at the display's pixel x_px, y_px covered a corner: for
    a camera behind the display, which does it more exactly than an eye. Corners are counted from 0, along the rows.
    Make 20 alignments, all over the display, 0.4 to 2 m away.

    The rig needs the display's size and tangents; its place is what is found.

    [bold]Examples[/bold]

    \b
      gazeline calibrate display --bus gazeline --board charuco:9x6:30mm:22mm:5x5_100 --rig rig.json --out rig.json
      gazeline calibrate display session.gzl alignments.csv --board chessboard:8x5:30mm --rig rig.json --out rig.json
    """
    _quiet_blas()
    from rich.console import Console

    from gazeline.runtime.bus import BusAddress
    from gazeline.runtime.calibration import display as display_

    source: display_.Recorded | BusAddress
    if bus is not None and log is None:
        source = BusAddress.parse(bus, insecure_plain_tcp=insecure_plain_tcp)
    elif bus is None and log is not None and alignments is not None:
        source = display_.Recorded(log, alignments)
    else:
        raise ValueError("give either a live bus (--bus), or a log and a file of alignments")
    display_.run(display_.Options(source=source, board=board, out=out, corner=corner, rig=rig), Console())


def board(
    spec: Annotated[str, typer.Argument(metavar="BOARD", help="As --board of the other commands has it.")],
    out: Annotated[Path, typer.Argument(metavar="FILE.svg", help="The drawing, in true size.")],
) -> None:
    """Draw a board to print: at 100 %, and glued to something flat.

    [bold]Examples[/bold]

    \b
      gazeline calibrate board chessboard:8x5:30mm board.svg
      gazeline calibrate board charuco:9x6:30mm:22mm:5x5_100 board.svg
    """
    from gazeline.calib.board import parse_board
    from gazeline.runtime.files import write_bytes

    write_bytes(out, parse_board(spec).svg().encode())


def convert(
    source: Annotated[
        Path, typer.Argument(metavar="FILE", help="A rig, Kalibr's or OpenCV's YAML, an Aria .vrs, scene_camera.json.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A rig (.json), or a YAML file.")],
    form: Annotated[str, typer.Option("--format", metavar="opencv|kalibr", help="Of a YAML file.")] = "opencv",
    size: Annotated[
        str | None, typer.Option("--size", metavar="WxH", help="Of the pictures, where the file does not say.")
    ] = None,
) -> None:
    """Read the calibration of another tool, or write it for one.

    [bold]Examples[/bold]

    \b
      gazeline calibrate convert camchain.yaml rig.json
      gazeline calibrate convert recording.vrs rig.json
      gazeline calibrate convert scene_camera.json rig.json           a Neon export
      gazeline calibrate convert rig.json camera.yaml --format kalibr
    """
    if form not in ("opencv", "kalibr"):
        raise ValueError(f"--format {form} is not known; choose opencv or kalibr")
    from gazeline.runtime.calibration import convert as convert_

    typer.echo(f"{convert_.convert(source, out, form, size)} -> {out}")
