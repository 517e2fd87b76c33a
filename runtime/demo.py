"""``gazeline demo``: the simulated headset, the runtime and the browser page, in one command."""

import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from gazeline.runtime import show
from gazeline.runtime.processes import Program
from gazeline.runtime.show import Show, StartError

SIMULATOR = "the simulator"
SURVEY_HZ = 0.5  # on the page, everything is outlined faintly; a report is of gaze alone
GET_OPENGL = "to let it: sudo apt-get install libegl1 libegl-mesa0 libgl1-mesa-dri libopengl0; see gazeline doctor"


@dataclass(frozen=True)
class Options:
    """The command's options; see ``gazeline demo --help``."""

    headless: bool = False
    seconds: float | None = None
    seed: int = 0
    scene: str | None = None
    lockstep: bool = False
    report: Path | None = None
    video: Path | None = None
    port: int | None = None
    model: str | None = None
    label: tuple[str, ...] = ()


def demo(options: Options) -> None:
    """Run the demo; without a way to draw, it plays a recording of the simulator that comes with it.

    Raises OSError or ValueError with one sentence.
    """
    if options.lockstep:
        lockstep(options)
    simulator = Program(SIMULATOR, (sys.executable, "-m", "gazeline.sim", *_scene(options)))
    try:
        show.play(_show(options, simulator))
    except StartError as error:
        if error.program.name != SIMULATOR or can_draw():
            raise
        recording = bundled_recording()
        if recording is None:
            raise OSError(f"the simulator cannot draw on this machine; {GET_OPENGL}") from error
        text = f"The simulator cannot draw on this machine, so a recording of it is played ({GET_OPENGL})."
        Console(stderr=True).print(text, highlight=False)
        played = Program("the recording", show.command("source", str(recording)))
        endless = not options.headless or options.seconds is not None
        show.play(replace(_show(options, played), recording=True, loop=endless))


def lockstep(options: Options) -> None:
    """Hand over to the simulator, which drives the pipeline itself in simulated time. Does not return."""
    arguments = [*_scene(options)]
    for name in ("seconds", "report", "video", "model"):
        value = getattr(options, name)
        if value is not None:
            arguments += [f"--{name}", str(value)]
    arguments += [argument for name in options.label for argument in ("--label", name)]
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "gazeline.sim", "lockstep", *arguments])


def can_draw() -> bool:
    """Whether the simulator finds an off-screen OpenGL; asked in a process of its own, since it keeps a context."""
    code = "from gazeline.sim.gl import make_current; make_current()"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False).returncode == 0


def bundled_recording() -> Path | None:
    """The short recording of the simulator that is part of the package."""
    package = importlib.util.find_spec("gazeline.sim")  # found, not imported: the runtime does without it
    folders = list(package.submodule_search_locations or ()) if package else []
    return next((path for folder in folders for path in sorted(Path(folder, "data").glob("*.gzl"))), None)


def _scene(options: Options) -> tuple[str, ...]:
    scene = () if options.scene is None else ("--scene", options.scene)
    return ("--seed", str(options.seed), *scene)


def _show(options: Options, source: Program) -> Show:
    return Show(
        source=source,
        headless=options.headless,
        seconds=options.seconds,
        report=options.report,
        video=options.video,
        port=options.port,
        model=options.model,
        label=options.label,
        survey_hz=None if options.headless else SURVEY_HZ,
    )
