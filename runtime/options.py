"""The options that several commands share, so that they are spelt and explained once."""

from pathlib import Path
from typing import Annotated

import typer

Seconds = Annotated[
    float | None, typer.Option("--seconds", min=0.5, help="End after this long.", show_default="until Ctrl-C")
]
Headless = Annotated[bool, typer.Option("--headless", help="No browser page; only the terminal.")]
Report = Annotated[
    Path | None, typer.Option("--report", metavar="FILE.json", help="Write what was measured and looked at.")
]
Video = Annotated[Path | None, typer.Option("--video", metavar="FILE.mp4", help="Record the view with its outlines.")]
Model = Annotated[str | None, typer.Option("--model", metavar="NAME", help="A model; see: gazeline models list")]
Label = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="MODEL",
        help="A text model or detector that names things; may be repeated. See: gazeline models add",
        show_default="none, or what the settings say",
    ),
]
SettingsFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE.toml", help="Settings.", show_default="./gazeline.toml if it exists"),
]
Backend = Annotated[
    str | None,
    typer.Option(
        "--backend",
        metavar="NAME",
        help="What runs the model: auto, onnxruntime, onnxruntime-cuda, onnxruntime-tensorrt, onnxruntime-rtx, "
        "onnxruntime-openvino or tensorrt.",
        show_default="auto, or what the settings say",
    ),
]
WebPort = Annotated[
    int | None, typer.Option("--port", min=1, max=65535, help="Port of the browser page.", show_default="8765")
]
SourcePath = Annotated[Path, typer.Argument(metavar="SOURCE", help="The recording.")]
Gaze = Annotated[
    str | None,
    typer.Option(
        "--gaze",
        metavar="FILE.csv",
        help='A gaze file, or "scripted" for a slow tour of points.',
        show_default="what lies beside the recording, else scripted",
    ),
]
Mouse = Annotated[bool, typer.Option("--mouse", help="The mouse over the page's picture is the only gaze.")]
RigFile = Annotated[
    Path | None, typer.Option("--rig", metavar="FILE.json", help="The camera's calibration, for videos and pictures.")
]
Loop = Annotated[bool, typer.Option("--loop", help="Begin again at the end, also when headless.")]
BUS_HELP = "A name, ipc:///folder/name, or tcp://host:port."
Bus = Annotated[str, typer.Option("--bus", help=BUS_HELP)]
Plain = Annotated[
    bool,
    typer.Option("--insecure-plain-tcp", help="No encryption on tcp: who reaches the port reads the wearer's gaze."),
]


def width_height(size: str, option: str) -> tuple[int, int]:
    """A size such as 640x480. Raises ValueError with one sentence."""
    width, _, height = size.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise ValueError(f"{option} {size} is no size; write width x height in pixels, for example 640x480")
    if not (64 <= int(width) <= 4096 and 64 <= int(height) <= 4096):
        raise ValueError(f"{option} {size} is out of bounds: each side has 64 to 4096 pixels")
    return int(width), int(height)
