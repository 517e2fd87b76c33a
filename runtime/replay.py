"""``gazeline replay``: a recording through the runtime in real time, as if it were a headset."""

from dataclasses import dataclass
from pathlib import Path

from gazeline.runtime import show
from gazeline.runtime.bus import BusAddress, Publisher, Subscriber
from gazeline.runtime.exits import stop_signals
from gazeline.runtime.processes import Program
from gazeline.runtime.show import Show
from gazeline.runtime.sources.opening import MOUSE, open_source
from gazeline.runtime.sources.play import play
from gazeline.runtime.sources.source import Source
from gazeline.runtime.topics import STATS_RUNTIME


@dataclass(frozen=True)
class Recording:
    """A recording and where its gaze comes from; see ``gazeline replay --help``."""

    path: Path
    gaze: str | None = None
    mouse: bool = False
    rig: Path | None = None

    def open(self) -> Source:
        """Raises OSError or ValueError with one sentence."""
        if self.mouse and self.gaze is not None:
            raise ValueError("--mouse and --gaze exclude each other; give one of them")
        return open_source(self.path, MOUSE if self.mouse else self.gaze, rig=self.rig)

    @property
    def arguments(self) -> list[str]:
        """The same on a command line."""
        given = [str(self.path)]
        given += ["--gaze", self.gaze] if self.gaze is not None else []
        given += ["--rig", str(self.rig)] if self.rig is not None else []
        return [*given, "--mouse"] if self.mouse else given


@dataclass(frozen=True)
class Options:
    """The command's options; see ``gazeline replay --help``."""

    recording: Recording
    headless: bool = False
    loop: bool = False
    report: Path | None = None
    video: Path | None = None
    port: int | None = None
    model: str | None = None
    label: tuple[str, ...] = ()


def replay(options: Options) -> None:
    """Play the recording; raises OSError or ValueError with one sentence."""
    options.recording.open()  # what is wrong with it is said before anything is started
    show.play(
        Show(
            source=Program("the recording", show.command("source", *options.recording.arguments)),
            recording=True,
            loop=options.loop or not options.headless,
            headless=options.headless,
            report=options.report,
            video=options.video,
            port=options.port,
            model=options.model,
            label=options.label,
        )
    )


def publish(recording: Recording, address: BusAddress, *, loop: bool) -> None:
    """Publish the recording on a bus until it ends, or until SIGINT or SIGTERM; from the main thread."""
    source = recording.open()
    with stop_signals() as stop, Publisher(address) as publisher, Subscriber(address, (STATS_RUNTIME,)) as stats:
        play(source, publisher, stats=stats, loop=loop, stop=stop)
