"""``gazeline calibrate gaze``: shows targets on the HUDs of a bus, watches the gaze, stores the wearer's profile."""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from gazeline.runtime import topics
from gazeline.runtime.bus import BusAddress, Publisher, Subscriber
from gazeline.runtime.calibration import gaze_report as report
from gazeline.runtime.calibration.gaze_result import outcome_of, verdict
from gazeline.runtime.calibration.gaze_targets import CHECKED, FIVE, NINE, Shown, Targets, step, target_directions
from gazeline.runtime.centroid import GazeSample
from gazeline.runtime.clock import Clocks, stamped
from gazeline.runtime.exits import stop_signals
from gazeline.runtime.gaze import profile as gaze_profile
from gazeline.runtime.messages import CalibrationTarget, Frame, Gaze, RigDevice
from gazeline.runtime.prompt import direction_of
from gazeline.runtime.viewpoint import Viewpoint

PERIOD_MS = 30  # between two messages to the HUDs
SILENCE_S = 8.0  # without any gaze of the eyes for so long, nothing will come


@dataclass(frozen=True)
class Options:
    """The command's options; see ``gazeline calibrate gaze --help``."""

    user: str
    bus: BusAddress
    points: int = 9
    field_deg: tuple[float, float] = (30.0, 20.0)
    depth_m: float = 1.0
    report: Path | None = None
    map: Path | None = None


def run(options: Options) -> bool:
    """Calibrate; True if it passed and the profile was stored. OSError or ValueError with one sentence."""
    gaze_profile.path_of(options.user)  # a name that is none is refused before anybody looks at targets
    console = Console(highlight=False)
    with ExitStack() as stack:
        stop = stack.enter_context(stop_signals())
        session = stack.enter_context(_Session(options.bus))
        places = FIVE if options.points == 5 else NINE
        targets = Targets(target_directions((*places, *CHECKED), options.field_deg))
        with _progress(console, len(targets.targets)) as progress:
            task = progress.add_task("Look at the dots", total=len(targets.targets))
            while not targets.done:
                if stop.is_set():
                    raise OSError("the calibration was broken off; nothing was stored")
                targets = session.advance(targets, options.depth_m)
                progress.update(task, completed=len(targets.gathered))
        device = session.device
    found = outcome_of(targets, len(places), options.user, device)
    judged = verdict(found)
    console.print(report.table(found), *judged.advice, sep="\n")
    if options.report is not None:
        report.write_json(found, judged, options.report)
    if options.map is not None:
        report.write_map(found, options.field_deg, options.map)
    if judged.passed:
        stored = gaze_profile.save(found.profile)
        console.print(f"Stored: {stored}. Use it with: gazeline run --user {options.user}", soft_wrap=True)
    return judged.passed


class _Session:
    """The bus: targets out, raw gaze in."""

    def __init__(self, bus: BusAddress) -> None:
        self._bus = bus
        self._clock = Clocks()
        self._viewpoint = Viewpoint()
        self._frame: Frame | None = None
        self._heard_s = time.monotonic()
        self.device = ""

    def __enter__(self) -> "_Session":
        with ExitStack() as stack:
            self._publisher = stack.enter_context(Publisher(self._bus))
            heard = (topics.GAZE_BINOCULAR, topics.RIG_DEVICE, topics.FRAME_WORLD)
            self._subscriber = stack.enter_context(Subscriber(self._bus, heard))
            stack.callback(lambda: self._publisher.send(_message(None, 1.0)))  # the HUDs are done at once
            self._closing = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def advance(self, targets: Targets, depth_m: float) -> Targets:
        """Show the target, and take what the eyes did meanwhile."""
        self._publisher.send(_message(targets.shown(time.monotonic_ns()), depth_m))
        for received in self._subscriber.poll(PERIOD_MS):
            in_host_time, self._clock = stamped(received, self._clock)
            message = in_host_time.message
            self._viewpoint.take(message)
            if isinstance(message, RigDevice):
                self.device = message.rig_id
            elif isinstance(message, Frame):
                self._frame = message
            elif isinstance(message, Gaze) and (sample := self._sample(message)) is not None:
                self._heard_s = time.monotonic()
                targets = step(targets, sample, time.monotonic_ns())
        if time.monotonic() - self._heard_s > SILENCE_S:
            raise OSError(f"no gaze of the eyes came over {self._bus} for {SILENCE_S:.0f} seconds; is the tracker on?")
        return step(targets, None, time.monotonic_ns())

    def _sample(self, gaze: Gaze) -> GazeSample | None:
        """The raw direction; None for what is no eye's, or leads nowhere."""
        if gaze.source != "eye" or gaze.capture_ns is None:
            return None
        d_head = gaze.d_head
        if d_head is None:
            view = None if self._frame is None else self._viewpoint.of(self._frame)
            found = None if view is None else direction_of(gaze, view.calibration, 1.0)
            if found is None:
                return None
            d_head = found[0].tolist()
        return GazeSample(gaze.capture_ns, np.asarray(d_head, np.float64), gaze.confidence)


def _message(shown: Shown | None, depth_m: float) -> CalibrationTarget:
    message = CalibrationTarget(topic=topics.CALIBRATE_TARGET, capture_ns=time.monotonic_ns(), depth_m=depth_m)
    if shown is not None:
        message.d_head, message.size_rad, message.progress = shown.d_head, shown.size_rad, shown.progress
        message.number, message.count = shown.number, shown.count
    return message


def _progress(console: Console, count: int) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console, transient=True
    )
