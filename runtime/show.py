"""Programs on a private bus, watched and shown until they end: what ``gazeline demo`` and ``gazeline replay`` share.

The runtime, the source (simulator or recording) and the browser page are processes of their own. This one starts them,
starts again what dies, shows how it goes, and makes the report from what it hears on the bus.
"""

import os
import socket
import sys
import threading
import time
import webbrowser
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from gazeline.runtime import report, terminal, topics
from gazeline.runtime.bus import BusAddress, Subscriber
from gazeline.runtime.exits import stop_signals
from gazeline.runtime.messages import Overlay, Stats
from gazeline.runtime.processes import Ended, Family, Program

DEFAULT_PORT = 8765
START_WAIT_S = 90.0  # a cold start on a slow machine takes about 10: imports, the model, the scene
QUIET_S = 0.7  # the runtime is done when it says no more for this long; its totals come twice a second
QUIET_MAX_S = 5.0
WAITING = 128  # reports and videos need every message; drawing a large picture takes longer than to the next one


class StartError(OSError):
    """A program ended before anything was to be seen; the text says which and why."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(f"{ended.program.name} did not start: {ended.reason}")
        self.program = ended.program


@dataclass(frozen=True)
class Show:
    """What to run and for how long.

    ``source``: the program that publishes as a headset; ``--bus`` is added to its command line. A recording has an end:
    there the show is over, or, with ``loop``, it begins again, and the report covers the first pass. Any other source
    that ends is started again. ``port`` None: the usual one, or a free one where that is taken; with ``headless`` there
    is a page only if a port is named.
    """

    source: Program
    recording: bool = False
    loop: bool = False
    headless: bool = False
    seconds: float | None = None
    report: Path | None = None
    video: Path | None = None
    port: int | None = None
    model: str | None = None
    label: tuple[str, ...] = ()
    survey_hz: float | None = None  # how often all that is in view is looked for; None: as the settings say


def command(*args: str) -> tuple[str, ...]:
    """One of our own commands, run by this interpreter."""
    return (sys.executable, "-m", "gazeline.runtime.cli", *args)


def play(show: Show) -> None:
    """Run ``show`` until it is over or SIGINT or SIGTERM comes; then write the report and say what came of it.

    For the main thread. Raises OSError or ValueError with one sentence, StartError where a program does not start.
    """
    for path, option in ((show.report, "--report"), (show.video, "--video")):
        if path is not None:
            report.check_writable(path, option)
    address = BusAddress.parse(f"show-{os.getpid()}")
    port = _page_port(show)
    with ExitStack() as stack:
        stack.callback(Path(f"{address.path}.lock").unlink, missing_ok=True)
        stop = stack.enter_context(stop_signals())
        stage = stack.enter_context(_Stage(show, address, port, stop))
        stage.start()
        if not stage.wait_for_start():
            return
        if port is not None:
            _show_page(f"http://localhost:{port}/", show, stage.console)
        trouble = stage.watch()
    made = stage.report
    stage.console.print(report.summary(made))
    if show.report is not None:
        report.write(made, show.report)
        stage.console.print(f"report: {show.report}")
    if trouble is not None:
        raise OSError(trouble)


class _Stage:
    """A show that runs: its programs, what came over the bus so far, and the terminal."""

    def __init__(self, show: Show, address: BusAddress, port: int | None, stop: threading.Event) -> None:
        bus = ("--bus", str(address))
        model = () if show.model is None else ("--model", show.model)
        survey = () if show.survey_hz is None else ("--survey", str(show.survey_hz))
        label = [argument for name in show.label for argument in ("--label", name)]
        self._show, self._address, self._stop = show, address, stop
        self._source = Program(show.source.name, (*show.source.argv, *bus))
        self._programs = [Program("the runtime", command("run", *bus, *model, *label, *survey)), self._source]
        if port is not None:
            self._programs.append(Program("the browser page", command("web", *bus, "--port", str(port))))
        self._accumulator = report.Accumulator()
        self._reporting = True
        self._stats: Stats | None = None
        self._overlay: Overlay | None = None
        self._stats_s = self._overlay_s = 0.0
        self.console = Console()

    def __enter__(self) -> "_Stage":
        with ExitStack() as stack:
            self._subscriber = stack.enter_context(
                Subscriber(self._address, (topics.OVERLAY_OBJECTS, topics.STATS_RUNTIME, topics.TRUTH_SCORE), WAITING)
            )
            self._first_pass = stack.enter_context(ExitStack())
            if self._show.video is not None:
                self._first_pass.enter_context(_recorded(self._address, self._show.video, self.console))
            self._family = stack.enter_context(Family())
            self._closing = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    @property
    def report(self) -> dict[str, object]:
        return self._accumulator.report()

    def start(self) -> None:
        for program in self._programs:
            self._family.start(program)

    def wait_for_start(self) -> bool:
        """Until the runtime has had a first picture; False if the show was stopped before."""
        deadline_s = time.monotonic() + START_WAIT_S
        with self.console.status("starting …") if self.console.is_terminal else nullcontext():
            while not (self._stats and self._stats.ready and self._stats.frames.get("captured", 0)):
                if self._stop.is_set():
                    return False
                for ended in self._family.ended():
                    raise StartError(ended)
                if time.monotonic() > deadline_s:
                    raise OSError(f"no picture came from {self._source.name} within {START_WAIT_S:.0f} seconds")
                self._listen()
        return True

    def watch(self) -> str | None:
        """Until the show is over; says why if that was not as it should be."""
        end_s = time.monotonic() + (self._show.seconds or float("inf"))
        with terminal.live(self.console) as tell:
            while not self._stop.is_set() and time.monotonic() < end_s:
                self._listen()
                if self._stats is not None:
                    tell(self._stats, self._overlay)
                for ended in self._family.ended():
                    if ended.program.name == self._source.name and self._show.recording:
                        self._settle()
                        if ended.code != 0:
                            return f"{ended.program.name} broke off: {ended.reason}"
                        if not self._show.loop:
                            return None
                        self._reporting = False
                        self._first_pass.close()
                        self._family.start(Program(self._source.name, (*self._source.argv, "--loop")))
                    elif self._family.restart(ended.program):
                        self.console.print(f"{ended.program.name} ended and was started again: {ended.reason}")
                    else:
                        return f"{ended.program.name} does not stay up: {ended.reason}"
            self._family.stop([self._source.name])
            self._settle()
        return None

    def _settle(self) -> None:
        """Until the runtime has nothing more to say about what it was sent."""
        began_s = time.monotonic()
        while time.monotonic() < began_s + QUIET_MAX_S:
            self._listen()
            quiet_s = time.monotonic() - max(began_s, self._overlay_s)
            if quiet_s > QUIET_S and self._stats_s > began_s:
                return

    def _listen(self) -> None:
        for received in self._subscriber.poll(100):
            message = received.message
            if isinstance(message, Stats):
                self._stats, self._stats_s = message, time.monotonic()
            elif isinstance(message, Overlay):
                self._overlay, self._overlay_s = message, time.monotonic()
            if self._reporting:
                self._accumulator.feed(message)


@contextmanager
def _recorded(address: BusAddress, path: Path, console: Console) -> Iterator[None]:
    """Writes the video in a thread of its own, with a subscriber of its own: it may take its time."""
    from gazeline.runtime import video  # OpenCV, only where it is needed

    over = threading.Event()
    with video.VideoWriter(path) as writer, Subscriber(address, video.TOPICS, WAITING) as subscriber:

        def write() -> None:
            end_s = float("inf")
            while (heard := subscriber.poll(100)) or not over.is_set():
                for received in heard:
                    writer.take(received)
                end_s = min(end_s, time.monotonic() + QUIET_MAX_S) if over.is_set() else end_s
                if time.monotonic() > end_s:
                    return

        with ThreadPoolExecutor(1, "gazeline-video") as pool:
            written = pool.submit(write)
            try:
                yield
            finally:
                over.set()
            written.result()
    console.print(f"video: {path}" if writer.counts.written else "video: there was nothing to record")


def _page_port(show: Show) -> int | None:
    if show.port is not None:
        return show.port
    return None if show.headless else free_port()


def free_port() -> int:
    """The usual port of the browser page, or another where that is taken."""
    for port in (DEFAULT_PORT, 0):
        with suppress(OSError), socket.create_server(("localhost", port)) as found:
            return int(found.getsockname()[1])
    return DEFAULT_PORT


def _show_page(url: str, show: Show, console: Console) -> None:
    console.print(f"Open [bold]{url}[/bold] and move the mouse over the picture. Ctrl-C ends.")
    desktop = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if desktop and not show.headless:
        webbrowser.open(url)
