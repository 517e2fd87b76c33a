"""Headset and runtime in simulated time: one process, no sockets, and the same seed gives the same report.

Every message goes through the wire format, and the pipeline is the very step that the runtime runs, with the real model
behind it. Only time is made up: each stage takes what `StageCosts` says, whatever this machine takes. So the report's
latencies are those of such a machine, and its truth is that of the model.
"""

import heapq
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from gazeline.engines.segmenter import Segmenter
from gazeline.runtime import events as e
from gazeline.runtime import messages as m
from gazeline.runtime import pipeline, wire
from gazeline.runtime.app import event_of
from gazeline.runtime.config import Settings
from gazeline.runtime.decode import decode
from gazeline.runtime.encode import encode
from gazeline.runtime.find.search import Search
from gazeline.runtime.naming.labelling import LabelStage, names_for, stage_of, vocabulary_of
from gazeline.runtime.naming.step import Naming
from gazeline.runtime.report import Accumulator
from gazeline.runtime.survey import SurveyStage
from gazeline.runtime.topics import STATS_RUNTIME
from gazeline.runtime.tracking.follow import follow
from gazeline.runtime.video import VideoWriter
from gazeline.runtime.wire import WireError
from gazeline.sim.headset import Headset
from gazeline.sim.score import Scorer

EPOCH_NS = 1_000_000_000  # when the session begins, in the simulated host's clock
TICK_NS = 50_000_000
AFTER_NS = 500_000_000  # the last pictures' overlays are waited for


Watch = Callable[[m.Overlay, int], None]
Drifted = Callable[[m.GazeDrift, int], None]
Says = Callable[[m.Overlay, m.TruthScore], m.UserPrompt | None]


@dataclass(frozen=True)
class StageCosts:
    """What each stage takes, in ms: those of gazeline-s on a laptop's processor."""

    picture_ms: float = 3.0  # JPEG to RGB
    encode_ms: float = 12.0
    decode_ms: float = 5.0
    outline_ms: float = 1.0
    follow_ms: float = 2.0
    label_ms: float = 3.0
    survey_ms: float = 900.0


@dataclass
class _Run:
    """A session under way."""

    headset: Headset
    segmenter: Segmenter
    labels: LabelStage
    surveys: SurveyStage
    state: pipeline.State
    costs: StageCosts
    video: VideoWriter | None
    scorer: Scorer
    watch: Watch
    says: Says
    drifted: Drifted
    report: Accumulator = field(default_factory=Accumulator)
    broken: Counter[str] = field(default_factory=Counter)
    later: list[tuple[int, int, Callable[[int], None]]] = field(default_factory=list)  # (when, order, what)
    count: int = 0

    def at(self, t_ns: int, what: Callable[[int], None]) -> None:
        self.count += 1
        heapq.heappush(self.later, (t_ns, self.count, what))

    def until(self, t_ns: int) -> None:
        """Everything that is due before ``t_ns``, in order."""
        while self.later and self.later[0][0] < t_ns:
            now_ns, _, what = heapq.heappop(self.later)
            what(now_ns)

    def receive(self, parts: list[bytes], now_ns: int) -> None:
        """What comes over the bus, as the runtime and the recorder get it."""
        try:
            received = wire.unpack(parts, now_ns)
        except WireError as error:
            self.broken[error.reason] += 1
            return
        if self.video is not None:
            self.video.take(received)
        event = event_of(received)
        if event is not None:
            self.step(event, now_ns)

    def step(self, event: e.Event, now_ns: int) -> None:
        before = self.state.drift
        self.state, effects = pipeline.step(self.state, event, now_ns)
        if self.state.drift is not before and self.state.drift.message is not None:
            self.drifted(self.state.drift.message, now_ns)
        for effect in effects:
            if isinstance(effect, e.Publish):
                self.publish(effect.message, now_ns)
            else:
                done, took_ms = self.work(effect)
                self.at(now_ns + round(1e6 * took_ms), partial(self.step, done))

    def work(self, effect: e.Encode | e.Decode | e.Follow | e.Survey | e.Label | e.Teach) -> tuple[e.Event, float]:
        """Do it with the real model; returns the event of its end, and how long it is said to have taken."""
        costs = self.costs
        if isinstance(effect, e.Label | e.Teach):
            return self.labels.work(effect), costs.label_ms
        if isinstance(effect, e.Survey):
            return self.surveyed(effect), costs.survey_ms
        if isinstance(effect, e.Encode):
            took_ms = {"picture": costs.picture_ms, "encode": costs.encode_ms}
        elif isinstance(effect, e.Decode):
            took_ms = {"decode": costs.decode_ms, "outline": costs.outline_ms}
        else:
            took_ms = {"follow": costs.follow_ms}
        settings = self.state.settings
        try:
            done: e.Encoded | e.Decoded | e.Followed
            if isinstance(effect, e.Encode):
                done = encode(self.segmenter, effect, settings.model.window)
            elif isinstance(effect, e.Decode):
                done = decode(self.segmenter, effect, settings.outline)
            else:
                done = follow(effect)
        except WireError as error:
            return e.Failed(effect, error.reason), costs.picture_ms
        except ValueError:
            return e.Failed(effect, "failed"), costs.picture_ms
        return replace(done, took_ms=took_ms), sum(took_ms.values())

    def surveyed(self, effect: e.Survey) -> e.Event:
        """As `work`, for all that is in a picture."""
        try:
            return self.surveys.work(effect)
        except ValueError as error:
            return e.Failed(effect, error.reason if isinstance(error, WireError) else "failed")

    def publish(self, overlay: m.Overlay, now_ns: int) -> None:
        received = wire.unpack(wire.pack(overlay), now_ns)
        self.report.feed(received.message)
        if self.video is not None:
            self.video.take(received)
        if isinstance(received.message, m.Overlay):
            self.watch(received.message, now_ns)
            score = self.scorer.score(received.message)
            if score is not None:
                self.report.feed(wire.unpack(wire.pack(score), now_ns).message)
                prompt = self.says(received.message, score)
                if prompt is not None:
                    self.receive(wire.pack(prompt), now_ns)


def run(
    headset: Headset,
    seconds: float,
    *,
    model: str | Path | None = None,
    video: Path | None = None,
    settings: Settings | None = None,
    costs: StageCosts | None = None,
    watch: Watch = lambda overlay, now_ns: None,
    says: Says = lambda overlay, score: None,
    drifted: Drifted = lambda drift, now_ns: None,
    gallery: Path | None = None,
) -> dict[str, Any]:
    """A session of so many simulated seconds; returns its report (`gazeline.runtime.report`).

    ``watch`` is called with each overlay as it is published, and the time then; ``says`` with how it compares with the
    truth: what the wearer says to it; ``drifted`` with what the runtime says of a drift of gaze. ``gallery``: a file
    for what is taught.

    ``memory_mb`` holds None: memory is of this process and differs from run to run. Sets ``headset.epoch_ns``. Raises
    ValueError or OSError with one sentence for a model or a video file that cannot be used.
    """
    settings, costs = settings or Settings(), costs or StageCosts()
    headset.epoch_ns = EPOCH_NS
    segmenter = Segmenter.load(model or settings.model.name)
    with ExitStack() as stack:
        stack.callback(segmenter.close)
        writer = stack.enter_context(VideoWriter(video)) if video is not None else None
        scorer = Scorer(headset.eye_at, EPOCH_NS)
        labels = stage_of(segmenter, settings.label, gallery)
        naming = Naming(names_for(segmenter, settings.label))
        search = Search(vocabulary=vocabulary_of(settings.label), compares=labels.compares)
        state = pipeline.State(settings=settings, naming=naming, search=search)
        surveys = SurveyStage(segmenter, settings.outline)
        stack.callback(surveys.close)
        session = _Run(headset, segmenter, labels, surveys, state, costs, writer, scorer, watch, says, drifted)
        end_ns = EPOCH_NS + round(1e9 * seconds) + AFTER_NS
        for t_ns in range(EPOCH_NS, end_ns, TICK_NS):
            session.at(t_ns, partial(session.step, e.Tick()))
        for delivery in headset.deliveries(seconds):
            now_ns = EPOCH_NS + delivery.deliver_ns
            session.until(now_ns)
            if delivery.truth is not None:
                session.scorer.add(delivery.truth)
            session.receive(delivery.parts(), now_ns)
        session.until(end_ns)
        session.report.feed(_stats(session, end_ns))
    report = session.report.report()
    report["memory_mb"] = {"rss_peak": None}
    return report


def _stats(session: _Run, now_ns: int) -> m.Stats:
    """The pipeline's counts, as the runtime publishes them."""
    state = session.state
    counts, dropped = state.counts, Counter(state.dropped) + session.broken
    return m.Stats(
        topic=STATS_RUNTIME,
        capture_ns=now_ns,
        ready=True,
        model=session.segmenter.bundle.manifest.name,
        uptime_s=(now_ns - EPOCH_NS) * 1e-9,
        frames={
            "captured": counts.get("captured", 0),
            "encoded": counts.get("encoded", 0),
            "dropped": sum(count for reason, count in dropped.items() if reason.startswith("frame_")),
        },
        gaze={
            "samples": counts.get("samples", 0),
            "prompts": counts.get("prompts", 0),
            "fixations": state.inputs.gaze.fixations,
        },
        dropped=dict(dropped),
        stages={},
        rates_hz={},
        rss_mb=0.0,
        rss_peak_mb=0.0,
    )
