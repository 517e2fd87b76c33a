"""The runtime as a process: threads and sockets around the pipeline's pure step.

One thread runs the step; one waits for messages, one encodes, one decodes, one follows outlines from picture to
picture. The stages hold one item each, because the pipeline never has more in flight. Nothing that arrives and nothing
that fails inside of the loop ends it: it is counted, and the counts are in ``stats.runtime``.
"""

import gc
import queue
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from types import TracebackType

import numpy as np
from rich.console import Console

from gazeline.engines.segmenter import Prompt, Segmenter
from gazeline.runtime import terminal, topics
from gazeline.runtime.bus import BusAddress, Hub, Publisher, Subscriber
from gazeline.runtime.clock import Clocks, stamped
from gazeline.runtime.clock_exchange import Exchanger, measure_of
from gazeline.runtime.config import ModelSettings, Settings
from gazeline.runtime.decode import decode
from gazeline.runtime.encode import encode, window_of
from gazeline.runtime.events import (
    Decode,
    Decoded,
    DepthArrived,
    Effect,
    Encode,
    Encoded,
    Event,
    Follow,
    Followed,
    FrameArrived,
    GazeArrived,
    Label,
    Labelled,
    PoseArrived,
    Publish,
    RigArrived,
    Survey,
    Surveyed,
    Teach,
    Tick,
    UserPromptArrived,
)
from gazeline.runtime.exits import stop_signals
from gazeline.runtime.find.search import Search
from gazeline.runtime.gaze import profile as gaze_profile
from gazeline.runtime.gaze.correction import Correction
from gazeline.runtime.images import plane_of
from gazeline.runtime.inputs import Inputs
from gazeline.runtime.messages import Frame, Gaze, HeadPose, Overlay, RigDevice, UserPrompt
from gazeline.runtime.naming import gallery
from gazeline.runtime.naming.labelling import LabelStage, names_for, stage_of, vocabulary_of
from gazeline.runtime.naming.step import Naming
from gazeline.runtime.pipeline import State, step
from gazeline.runtime.pupil_remote import PupilRemote
from gazeline.runtime.stage import Inbox, Stage
from gazeline.runtime.stats import StatsAccumulator
from gazeline.runtime.survey import SurveyStage
from gazeline.runtime.tracking.follow import follow
from gazeline.runtime.wire import Received

HEARD = (
    topics.FRAME_WORLD,
    topics.FRAME_DEPTH,
    topics.GAZE_BINOCULAR,
    topics.GAZE_RIGHT,
    topics.GAZE_LEFT,
    topics.POSE_HEAD,
    topics.RIG_DEVICE,
    topics.PROMPT_USER,
)
STALE_FRAMES = f"stale_{topics.FRAME_WORLD}"  # as the subscriber counts them
TICK_S = 0.05
RATES = {Encoded: "encode", Decoded: "decode", Followed: "follow", Surveyed: "survey", Labelled: "label"}
WAITING = 64  # batches of events between two threads; with the step that far behind, the subscriber drops and counts
LAST_STAGE_S = 2.0  # for so long a stage that still runs at the end is waited for
SWITCH_INTERVAL_S = 0.0005  # Python's 5 ms would be most of a decode
WARM_UP_PX = (640, 480)


def run(
    settings: Settings,
    *,
    bus: str | None = None,
    model: str | None = None,
    backend: str | None = None,
    user: str | None = None,
    insecure_plain_tcp: bool = False,
    join: bool = False,
    stop: threading.Event | None = None,
) -> None:
    """Run until SIGINT or SIGTERM, or until ``stop`` is set (then signals are left alone).

    ``bus``, ``model``, ``backend``, ``user`` and ``insecure_plain_tcp`` go before the settings. The hub of the bus is
    started here, unless ``join`` says that there is one. Raises OSError or ValueError with one sentence where it cannot
    start.
    """
    plain = insecure_plain_tcp or settings.bus.insecure_plain_tcp
    address = BusAddress.parse(bus or settings.bus.address, insecure_plain_tcp=plain)
    wearer = user or settings.gaze.user
    correction = Correction.of(gaze_profile.load(wearer)) if wearer else Correction()
    with ExitStack() as stack:
        if stop is None:
            stop = stack.enter_context(stop_signals())
        if not join:
            stack.enter_context(Hub(address))
            if settings.bus.pupil_remote_port:
                stack.enter_context(PupilRemote(address, settings.bus.pupil_remote_port))
        publisher = stack.enter_context(Publisher(address))
        # Listening from the start: a rig that is sent once a second is known by the time that the model is.
        subscriber = stack.enter_context(Subscriber(address, HEARD))
        segmenter = _loaded(settings.model, model, backend)
        stack.callback(segmenter.close)
        surveys = SurveyStage(segmenter, settings.outline)
        stack.callback(surveys.close)
        labels = stage_of(segmenter, settings.label, gallery.default_path())
        state = State(
            settings,
            Inputs(correction=correction),
            naming=Naming(names_for(segmenter, settings.label)),
            search=Search(vocabulary=vocabulary_of(settings.label), compares=labels.compares),
        )
        console = Console()
        tell = stack.enter_context(terminal.live(console) if console.is_terminal else nullcontext(None))
        stack.enter_context(_unhurried_collector())
        asked = settings.sync.clock
        exchanger = stack.enter_context(Exchanger(measure_of(asked))) if asked else None
        loop = stack.enter_context(_Loop(state, segmenter, labels, surveys, publisher, subscriber, tell, exchanger))
        loop.run(stop)


class _Loop:
    """The step's thread, and the threads that feed it."""

    def __init__(
        self,
        state: State,
        segmenter: Segmenter,
        labels: LabelStage,
        surveys: SurveyStage,
        publisher: Publisher,
        subscriber: Subscriber,
        tell: terminal.Show | None,
        exchanger: Exchanger | None,
    ) -> None:
        self._inbox: Inbox = queue.Queue(WAITING)
        self._publisher, self._subscriber, self._tell = publisher, subscriber, tell
        self._state, settings = state, state.settings
        self._clocks, self._exchanger = Clocks(), exchanger
        self._stats = StatsAccumulator(segmenter.name, time.monotonic_ns())
        self._overlay: Overlay | None = None
        self._outlined_frame: int | None = None
        self._closing = threading.Event()
        self._encoder = Stage[Encode]("encode", lambda r: encode(segmenter, r, settings.model.window), self._inbox)
        self._decoder = Stage[Decode]("decode", lambda r: decode(segmenter, r, settings.outline), self._inbox)
        self._follower = Stage[Follow]("follow", follow, self._inbox, niceness=5)
        self._surveyor = Stage[Survey]("survey", surveys.work, self._inbox, niceness=19)
        self._labeller = Stage[Label | Teach]("label", labels.work, self._inbox, niceness=10)
        self._listener = threading.Thread(target=self._listen, name="gazeline-listen", daemon=True)

    def __enter__(self) -> "_Loop":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._encoder.stop()
        self._decoder.stop()
        self._follower.stop()
        self._surveyor.stop()
        self._labeller.stop()
        give_up_s = time.monotonic() + LAST_STAGE_S
        while any(thread.is_alive() for thread in self._threads) and time.monotonic() < give_up_s:
            with suppress(queue.Empty):  # whoever still has something to hand over can do so
                self._inbox.get(timeout=0.01)

    def run(self, stop: threading.Event) -> None:
        """Until ``stop``."""
        every_ns = round(1e9 / self._state.settings.stats_hz)
        ticked_ns = told_ns = 0
        while not stop.is_set():
            with suppress(queue.Empty):
                for event in self._inbox.get(timeout=TICK_S):
                    self._step(event)
            now_ns = time.monotonic_ns()
            if now_ns - ticked_ns >= TICK_S * 1e9:
                self._step(Tick())
                ticked_ns = now_ns
            if now_ns - told_ns >= every_ns:
                self._report(now_ns)
                told_ns = now_ns
        self._report(time.monotonic_ns())

    @property
    def _threads(self) -> tuple[threading.Thread, ...]:
        stages = (self._encoder, self._decoder, self._follower, self._surveyor, self._labeller)
        return self._listener, *(stage.thread for stage in stages)

    def _step(self, event: Event) -> None:
        now_ns = time.monotonic_ns()
        self._state, effects = step(self._state, event, now_ns)
        for effect in effects:
            self._perform(effect, now_ns)
        match event:
            case FrameArrived():
                self._stats.event("camera", now_ns)
            case GazeArrived():
                self._stats.event("gaze", now_ns)
            case Encoded() | Decoded() | Followed() | Surveyed() | Labelled():
                rates = {
                    Encoded: "encode",
                    Decoded: "decode",
                    Followed: "follow",
                    Surveyed: "survey",
                    Labelled: "label",
                }
                self._stats.event(rates[type(event)], now_ns)
                for stage, ms in event.took_ms.items():
                    self._stats.latency(stage, ms, now_ns)

    def _perform(self, effect: Effect, now_ns: int) -> None:
        match effect:
            case Encode():
                self._encoder.start(effect)
            case Decode():
                self._decoder.start(effect)
            case Follow():
                self._follower.start(effect)
            case Survey():
                self._surveyor.start(effect)
            case Label() | Teach():
                self._labeller.start(effect)
            case Publish(message):
                self._publisher.send(message)
                self._overlay = message
                self._stats.event("overlay", now_ns)
                latency_ms = message.latency_ms
                if "gaze_to_overlay" in latency_ms:
                    self._stats.latency("gaze_to_overlay", latency_ms["gaze_to_overlay"], now_ns)
                # later overlays on the same picture come of gaze that moved on; the picture was outlined before
                if "frame_to_overlay" in latency_ms and message.frame_index != self._outlined_frame:
                    self._stats.latency("frame_to_overlay", latency_ms["frame_to_overlay"], now_ns)
                    self._outlined_frame = message.frame_index

    def _report(self, now_ns: int) -> None:
        state, stats, bus = self._state, self._stats, Counter(self._subscriber.dropped)
        frames_dropped = sum(count for reason, count in state.dropped.items() if reason.startswith("frame_"))
        stats.frames["captured"] = state.counts.get("captured", 0) + bus[STALE_FRAMES]
        stats.frames["encoded"] = state.counts.get("encoded", 0)
        stats.frames["dropped"] = frames_dropped + bus[STALE_FRAMES]
        stats.gaze["samples"] = state.counts.get("samples", 0)
        stats.gaze["prompts"] = state.counts.get("prompts", 0)
        stats.gaze["fixations"] = state.inputs.gaze.fixations
        stats.dropped = Counter(state.dropped)
        stats.clocks = self._clocks.stats(now_ns, state.settings.sync.clock_limit_ms)
        if self._exchanger is not None:
            bus["clock_no_answer"] = self._exchanger.failures
        message = stats.snapshot(now_ns, ready=True, elsewhere=bus + self._publisher.dropped)
        correction = state.inputs.correction
        if correction.user:
            message.gaze_user = correction.user
            message.gaze_profile = "used" if correction.fits(state.inputs.rigs) else "other_device"
        message.gaze_drift = state.drift.message
        self._publisher.send(message)
        if self._tell is not None:
            self._tell(message, self._overlay)

    def _listen(self) -> None:
        """Messages to events, in a thread of its own, so that the step has one thing to wait for."""
        while not self._closing.is_set():
            events = []
            for answer in self._exchanger.answers() if self._exchanger is not None else ():
                self._clocks = self._clocks.exchanged(answer)
            for received in self._subscriber.poll(100):
                in_host_time, self._clocks = stamped(received, self._clocks)
                if (event := event_of(in_host_time)) is not None:
                    events.append(event)
            if events:
                self._inbox.put(events)


def event_of(received: Received) -> Event | None:
    """The event that a message is to the pipeline; None if it is none of its business."""
    match received.message:
        case Frame() as frame:
            depth = frame.topic == topics.FRAME_DEPTH
            return DepthArrived(frame, plane_of(received)) if depth else FrameArrived(frame, received)
        case Gaze() as gaze:
            return GazeArrived(gaze)
        case HeadPose() as pose:
            return PoseArrived(pose)
        case RigDevice() as rig:
            return RigArrived(rig)
        case UserPrompt() as prompt:
            return UserPromptArrived(prompt)
        case _:
            return None


def _loaded(settings: ModelSettings, name: str | None, backend: str | None) -> Segmenter:
    """The model, after a first run of both networks: the first one is slow."""
    segmenter = Segmenter.load(name or settings.name, backend or settings.backend, settings.threads or None)
    width, height = WARM_UP_PX
    middle = (width / 2, height / 2)
    window = window_of(segmenter, width, height, middle, settings.window)
    embedding = segmenter.encode(np.zeros((height, width, 3), np.uint8), window)
    segmenter.decode(embedding, [Prompt([middle])])
    return segmenter


@contextmanager
def _unhurried_collector() -> Iterator[None]:
    """Threads change hands quickly, and garbage collection leaves alone what was loaded: it would pause the loop."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        sys.setswitchinterval(before)
