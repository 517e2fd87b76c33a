"""``gazeline calibrate camera``: a camera from pictures of a board."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import msgspec
from rich.console import Console
from rich.table import Table

from gazeline.calib import rig as rigs
from gazeline.calib.board import Board, parse_board
from gazeline.calib.camera_calibration import AUTO, calibrate
from gazeline.calib.cameras import Camera
from gazeline.calib.coverage import spread
from gazeline.calib.lenses import LENSES
from gazeline.calib.rig import Rig, RigCamera, Transform
from gazeline.calib.se3 import FORWARD_CAMERA
from gazeline.runtime import show
from gazeline.runtime.bus import BusAddress
from gazeline.runtime.calibration.camera_report import CameraReport
from gazeline.runtime.calibration.gather import Gathered, gather
from gazeline.runtime.calibration.live import watch
from gazeline.runtime.calibration.shots import read_shots, rig_of
from gazeline.runtime.exits import stop_signals
from gazeline.runtime.files import write_bytes
from gazeline.runtime.processes import Family, Program
from gazeline.runtime.sources.source import CAMERA_ID

MOST_VIEWS = 60  # more make it slower and hardly better; the most different ones are taken


@dataclass(frozen=True)
class Options:
    """The command's options; see ``gazeline calibrate camera --help``. ``bus``: the live bus in place of a source."""

    source: str
    bus: str | None
    board: str
    model: str
    out: Path
    rig: Path | None = None
    port: int | None = None
    insecure_plain_tcp: bool = False


def run(options: Options, console: Console) -> None:
    """Calibrate and write the results; raises OSError or ValueError with one sentence."""
    board = parse_board(options.board)
    lenses = lenses_of(options.model)
    base = rigs.load(options.rig) if options.rig is not None else None
    if options.bus is not None:
        _run_live(options, options.bus, board, lenses, base, console)
        return
    source = Path(options.source)
    with looking(console) as tell:
        gathered = gather(read_shots(source), board, str(source), tell)
    finish(gathered, board, lenses, base or rig_of(source), str(source), options.out, console)


def _run_live(
    options: Options, bus: str, board: Board, lenses: tuple[str, ...], base: Rig | None, console: Console
) -> None:
    """From a live bus, with the browser page that says what to show; Ctrl-C solves what there is."""
    address = BusAddress.parse(bus, insecure_plain_tcp=options.insecure_plain_tcp)
    port = options.port or show.free_port()
    plain = ("--insecure-plain-tcp",) if options.insecure_plain_tcp else ()
    page = Program("the browser page", show.command("web", "--bus", str(address), "--port", str(port), *plain))
    with stop_signals() as stop, Family() as family, looking(console) as tell:
        family.start(page)
        console.print(f"Open [bold]http://localhost:{port}/[/bold]: it says which views are missing. Ctrl-C ends.")

        def heard(count: int, found: int) -> None:
            tell(count, found)
            for ended in family.ended():
                console.print(f"{ended.program.name} ended, calibration goes on without it: {ended.reason}")

        gathered, reported = watch(address, board, stop, heard)
    finish(gathered, board, lenses, base or reported, str(address), options.out, console)


def finish(
    gathered: Gathered,
    board: Board,
    lenses: tuple[str, ...],
    base: Rig | None,
    source: str,
    out: Path,
    console: Console,
) -> None:
    """From views to files. Nothing is written unless all of it succeeds."""
    width, height = gathered.width, gathered.height
    views = spread(gathered.views, width, height, MOST_VIEWS)
    with console.status("solving …"):
        report = CameraReport(source, board, gathered, calibrate(views, width, height, lenses))
        pictures = report.pictures()
    rig = rig_with(report.calibration.solution.camera, base)
    files = {
        name: cv2.imencode(".png", cv2.cvtColor(p, cv2.COLOR_RGB2BGR))[1].tobytes() for name, p in pictures.items()
    }
    files["report.html"] = report.as_html(pictures).encode()
    files["report.json"] = msgspec.json.format(msgspec.json.encode(report.as_json()), indent=2)
    files["rig.json"] = rigs.dumps(rig).encode()
    out.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        write_bytes(out / name, data)
    _print(report, console)
    console.print(f"rig: {out / 'rig.json'}\nreport: {out / 'report.html'}", highlight=False)


def lenses_of(model: str) -> tuple[str, ...]:
    """The lenses to try for a ``--model``; ValueError for an unknown one."""
    if model == "auto":
        return AUTO
    if model not in LENSES:
        raise ValueError(f"--model {model} is no lens model; choose auto, {', '.join(LENSES)}")
    return (model,)


def rig_with(camera: Camera, base: Rig | None) -> Rig:
    """A rig with this camera: the base's, where there is one, with its place on the head kept.

    Without one the camera is taken to look straight ahead from the head's origin.
    """
    if base is None:
        name = type(camera).__name__.lower()
        place = RigCamera(camera, Transform.of(FORWARD_CAMERA))
        return Rig(f"{name}-{camera.width}x{camera.height}", {CAMERA_ID: place})
    key = CAMERA_ID if CAMERA_ID in base.cameras else next(iter(base.cameras))
    place = msgspec.structs.replace(base.cameras[key], camera=camera)
    return msgspec.structs.replace(base, cameras={**base.cameras, key: place})


@contextmanager
def looking(console: Console) -> Iterator[Callable[[int, int], None]]:
    """A line in the terminal that counts the pictures."""
    with console.status("looking for the board …") as status:
        yield lambda count, found: status.update(f"looking for the board … in {found} of {count} pictures")


def _print(report: CameraReport, console: Console) -> None:
    solution = report.calibration.solution
    table = Table("", "value", "± std", box=None, padding=(0, 2, 0, 0))
    for name, value in zip(solution.lens.names, solution.lens.values(solution.camera).tolist(), strict=True):
        digits = 2 if name in solution.lens.names[: solution.lens.linear] else 5
        table.add_row(name, f"{value:.{digits}f}", f"{solution.std[name]:.{digits}f}")
    console.print(f"{solution.lens.name}, from {len(solution.views)} of {report.gathered.pictures} pictures")
    console.print(table)
    for trial in report.calibration.trials:
        beyond = f", {trial.beyond} corners beyond its reach" if trial.beyond else ""
        console.print(f"{trial.lens}: {trial.rms_px:.3f} px, on views not seen {trial.held_out_px:.3f} px{beyond}")
    for each in report.left_out:
        console.print(f"left out: {each.name}: {each.reason}", highlight=False)
    for said in report.advice:
        console.print(f"to make it better: {said}", highlight=False)
    console.print(report.verdict, highlight=False)
