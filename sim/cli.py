"""``python -m gazeline.sim``: the simulated headset in real time; ``… lockstep``: with the runtime, in simulated time.

Errors are one sentence on stderr, ``error: …``, and exit code 2.
"""

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from gazeline.runtime import exits
from gazeline.runtime.config import Settings, labelled_by
from gazeline.runtime.exits import stop_signals
from gazeline.runtime.options import Bus, Label, Model, Plain, Report, Seconds, Video, width_height
from gazeline.sim import measures

if TYPE_CHECKING:  # these load MuJoCo and OpenGL
    from gazeline.sim.headset import Headset, HeadsetSettings

SECONDS_LOCKSTEP = 20.0

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Scene = Annotated[str, typer.Option("--scene", metavar="kitchen|desk|room", help="What there is to look at.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Another seed, another scene and another wearer.")]
Rate = Annotated[float, typer.Option("--rate", min=1.0, max=120.0, metavar="HZ", help="Pictures per second.")]
Size = Annotated[str, typer.Option("--size", metavar="WxH", help="Size of the pictures, px.")]
Fisheye = Annotated[bool, typer.Option("--fisheye", help="A fisheye lens of 120 degrees instead of a pinhole of 75.")]
Walk = Annotated[bool, typer.Option("--walking", help="The head bobs as in walking.")]
FaultRates = Annotated[
    str,
    typer.Option(
        "--faults",
        metavar="NAME=RATE,…",
        help="How often, 0 to 1, a message is lost, late, reordered, duplicated or corrupt.",
        show_default="none",
    ),
]
TrackerErrors = Annotated[
    str,
    typer.Option(
        "--tracker",
        metavar="NAME=NUMBER,…",
        help="The eye tracker's errors: bias_deg (accuracy), noise_deg (precision, per axis), gain, torsion_deg, "
        "slip_deg at slip_s, dropouts_per_min of dropout_s, range_deg.",
        show_default="bias_deg=0.8,noise_deg=0.2",
    ),
]
Fixation = Annotated[
    float, typer.Option("--fixation-ms", min=100.0, max=3000.0, help="How long the eye rests: the median.")
]
Who = Annotated[
    Literal["own", "bus"],
    typer.Option("--head", help="bus: head and gaze are those that another sends, such as gazeline hud."),
]
NoDepth = Annotated[bool, typer.Option("--no-depth", help="A headset without depth camera.")]
Latency = Annotated[
    float, typer.Option("--camera-latency-ms", min=0.0, max=1000.0, help="From the picture's capture to its delivery.")
]


@app.callback(invoke_without_command=True)
def play(
    context: typer.Context,
    bus: Bus = "gazeline",
    scene: Scene = "kitchen",
    seed: Seed = 0,
    seconds: Seconds = None,
    rate: Rate = 20.0,
    size: Size = "640x480",
    fisheye: Fisheye = False,
    walking: Walk = False,
    faults: FaultRates = "",
    tracker: TrackerErrors = "",
    fixation_ms: Fixation = 330.0,
    camera_latency_ms: Latency = 25.0,
    no_depth: NoDepth = False,
    head: Who = "own",
    insecure_plain_tcp: Plain = False,
) -> None:
    """The simulated headset: camera, gaze and head pose of somebody who looks at things, with the exact truth.

    It publishes on the bus of a running runtime (gazeline run), which it waits for up to 20 seconds.

    [bold]Examples[/bold]

    \b
      gazeline sim
      gazeline sim --scene desk --seed 3 --walking
      gazeline sim --faults lost=0.05,late=0.02,corrupt=0.01
      gazeline sim --tracker bias_deg=2,gain=1.05,slip_deg=3,slip_s=10
      gazeline sim --head bus                     seen by the wearer of gazeline hud
      gazeline sim lockstep --seed 3 --seconds 20 --report report.json
    """
    if context.invoked_subcommand is not None:
        return
    from gazeline.runtime.bus import BusAddress
    from gazeline.sim import realtime

    address = BusAddress.parse(bus, insecure_plain_tcp=insecure_plain_tcp)
    settings = _settings(rate, faults, tracker, fixation_ms, camera_latency_ms, walking, no_depth)
    headset = _headset(scene, seed, size, fisheye, settings, follow=head == "bus")
    with stop_signals() as stop:
        if not realtime.wait_for_runtime(address, stop):
            print("no runtime is ready on this bus; sending all the same", file=sys.stderr)
        if stop.is_set():
            return
        played = realtime.play(headset, address, seconds, stop)
    print(
        f"sent {played.frames} pictures ({played.skipped} skipped: rendering was too slow) and {played.samples} "
        f"gaze samples; judged {played.judged} overlays",
        file=sys.stderr,
    )


@app.command()
def lockstep(
    scene: Scene = "kitchen",
    seed: Seed = 0,
    seconds: Annotated[float, typer.Option("--seconds", min=0.5, help="Length of the session.")] = SECONDS_LOCKSTEP,
    report: Report = None,
    video: Video = None,
    model: Model = None,
    label: Label = None,
    rate: Rate = 20.0,
    size: Size = "640x480",
    fisheye: Fisheye = False,
    walking: Walk = False,
    faults: FaultRates = "",
    tracker: TrackerErrors = "",
    fixation_ms: Fixation = 330.0,
    camera_latency_ms: Latency = 25.0,
    no_depth: NoDepth = False,
) -> None:
    """Headset and runtime in one process and in simulated time: the same seed gives the same report.

    Every stage is given a fixed cost, so that latencies are those of a usual machine and not of this one.

    [bold]Examples[/bold]

    \b
      gazeline sim lockstep --seed 3 --seconds 20 --report report.json
      gazeline sim lockstep --scene room --faults lost=0.1 --video outlined.mp4
    """
    from rich.console import Console

    from gazeline.runtime import report as report_
    from gazeline.sim import lockstep as lockstep_

    for path, option in ((report, "--report"), (video, "--video")):
        if path is not None:
            report_.check_writable(path, option)
    settings = _settings(rate, faults, tracker, fixation_ms, camera_latency_ms, walking, no_depth)
    made = lockstep_.run(
        _headset(scene, seed, size, fisheye, settings),
        seconds,
        model=model,
        video=video,
        settings=labelled_by(Settings(), label or ()),
    )
    Console().print(report_.summary(made))
    if report is not None:
        report_.write(made, report)
        print(f"report: {report}")


@app.command()
def views(
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where to write them; made if missing.")],
    count: Annotated[int, typer.Option("--count", min=1, help="Number of views.")] = 1200,
    seed0: Annotated[int, typer.Option("--seed0", min=0, help="Seed of the first scene.")] = 0,
    size: Annotated[int, typer.Option("--size", min=64, max=4096, help="Edge of the square pictures, px.")] = 384,
    views_per_scene: Annotated[int, typer.Option("--views-per-scene", min=1, help="Views of each scene.")] = 12,
    people: Annotated[bool, typer.Option("--people", help="Look at people, where there are any.")] = False,
) -> None:
    """Random views of random scenes with exact masks and depth, to train on or to measure on.

    Views that are there already are not rendered again.

    [bold]Examples[/bold]

    \b
      gazeline sim views --out views --count 6000
      gazeline sim views --out unseen --count 120 --seed0 100000
    """
    _require_simulator()
    from gazeline.sim.random_views import render_views

    render_views(out, count, seed0, size, views_per_scene, people)


@app.command()
def board(
    out: Annotated[Path, typer.Argument(metavar="FILE.gzl", help="The log to write.")],
    spec: Annotated[str, typer.Option("--board", help="The board.")] = "chessboard:8x5:30mm",
    seed: Seed = 0,
    seconds: Annotated[float, typer.Option("--seconds", min=1.0, help="Length of the session.")] = 20.0,
    size: Size = "640x480",
    fisheye: Fisheye = False,
) -> None:
    """Somebody looks at a calibration board from all sides: pictures and head poses in a log, to calibrate with.

    [bold]Examples[/bold]

    \b
      gazeline sim board session.gzl
      gazeline calibrate extrinsics session.gzl --board chessboard:8x5:30mm
    """
    from gazeline.calib.board import parse_board
    from gazeline.sim.board_session import BoardSettings, write_board_session
    from gazeline.sim.rig import simulated_rig

    rig = simulated_rig(*width_height(size, "--size"), fisheye=fisheye)
    write_board_session(out, rig, parse_board(spec), BoardSettings(seconds=seconds), seed)


@app.command()
def align(
    bus: Bus = "gazeline",
    spec: Annotated[str, typer.Option("--board", help="The board.")] = "charuco:9x6:45mm:33mm:4x4_100",
    seed: Seed = 0,
    size: Size = "960x720",
    insecure_plain_tcp: Plain = False,
) -> None:
    """Somebody with a see-through display, who brings the crosses of gazeline calibrate display over a board's corner.

    \b
      gazeline sim align
      gazeline calibrate display --bus gazeline --board charuco:9x6:45mm:33mm:4x4_100
    """
    from gazeline.calib.board import parse_board
    from gazeline.runtime.bus import BusAddress
    from gazeline.sim.aligner import AimSettings, Aligner
    from gazeline.sim.rig import simulated_rig

    board = parse_board(spec)
    aligner = Aligner(simulated_rig(*width_height(size, "--size")), board, board.middle, AimSettings(), seed)
    with stop_signals() as stop:
        aligner.run(BusAddress.parse(bus, insecure_plain_tcp=insecure_plain_tcp), stop)


@app.command()
def log(
    out: Annotated[Path, typer.Argument(metavar="FILE.gzl", help="Where to write it.")],
    scene: Scene = "kitchen",
    seed: Seed = 0,
    seconds: Annotated[float, typer.Option("--seconds", min=0.5, help="Length of the session.")] = 20.0,
    size: Size = "640x480",
    camera_offset_ms: Annotated[float, typer.Option(help="By how much the pictures' times are late.")] = 0.0,
    gaze_offset_ms: Annotated[float, typer.Option(help="By how much the gaze's times are late.")] = 0.0,
) -> None:
    """A session as a log, for gazeline replay and gazeline calibrate clock, as fast as it renders.

    [bold]Examples[/bold]

    \b
      gazeline sim log session.gzl --seconds 30
      gazeline sim log skewed.gzl --camera-offset-ms 40 --gaze-offset-ms -30
    """
    _require_simulator()
    from gazeline.sim.headset import HeadsetSettings
    from gazeline.sim.recorded import record

    headset = _headset(scene, seed, size, False, HeadsetSettings())
    count = record(headset, out, seconds, camera_offset_ms=camera_offset_ms, gaze_offset_ms=gaze_offset_ms)
    print(f"{count} messages: {out}")


app.command()(measures.registration)
app.command()(measures.sizes)
app.command()(measures.levels)
app.command()(measures.identity)
app.command()(measures.names)


def _settings(
    rate: float,
    faults: str,
    tracker: str,
    fixation_ms: float,
    camera_latency_ms: float,
    walking: bool,
    no_depth: bool,
) -> "HeadsetSettings":
    _require_simulator()
    from gazeline.sim.delivery import Faults
    from gazeline.sim.depth_camera import DepthSettings
    from gazeline.sim.eyes import EyeSettings
    from gazeline.sim.head import HeadSettings
    from gazeline.sim.headset import HeadsetSettings
    from gazeline.sim.tracker import TrackerSettings

    return HeadsetSettings(
        frame_hz=rate,
        frame_latency_ms=camera_latency_ms,
        depth=None if no_depth else DepthSettings(),
        tracker=TrackerSettings.parse(tracker),
        eyes=EyeSettings(fixation_median_s=fixation_ms / 1000.0),
        head=HeadSettings(walking=walking),
        faults=Faults.parse(faults),
    )


def _headset(
    scene: str, seed: int, size: str, fisheye: bool, settings: "HeadsetSettings", *, follow: bool = False
) -> "Headset":
    from gazeline.sim.bus_wearer import BusWearer
    from gazeline.sim.headset import Headset
    from gazeline.sim.rig import simulated_rig
    from gazeline.sim.scene import build_scene

    width, height = width_height(size, "--size")
    built = build_scene(scene, seed)  # type: ignore[arg-type]  # it checks
    follows = BusWearer() if follow else None
    return Headset(built, simulated_rig(width, height, fisheye=fisheye), seed, settings, follows=follows)


def _require_simulator() -> None:
    for name in ("mujoco", "OpenGL"):
        if importlib.util.find_spec(name) is None:
            raise ValueError("the simulator is not installed; install it with: pip install 'gazeline[sim]'")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0, or 2 with one sentence on stderr."""
    exits.run(app, "gazeline sim", arguments)
