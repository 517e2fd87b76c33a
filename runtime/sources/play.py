"""Publishing a source in real time, as a headset would: its intervals kept, its times moved to the host's clock."""

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType

import msgspec

from gazeline.calib import rig as rigs
from gazeline.calib.rig import Rig
from gazeline.runtime.bus import Publisher, Subscriber
from gazeline.runtime.messages import Frame, RigDevice, Stats
from gazeline.runtime.sources.source import Sample, Source
from gazeline.runtime.topics import FRAME_WORLD, RIG_DEVICE

RIG_INTERVAL_NS = 1_000_000_000
SLIP_NS = 250_000_000  # later than this and the recording is played on from here, as its pictures come too slowly
AHEAD = 32  # samples read in advance: a few pictures with the gaze between them

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Played:
    """What was published. ``slipped_ms``: by how much playing fell behind real time because reading was too slow."""

    frames: int
    others: int
    slipped_ms: float


def play(
    source: Source,
    publisher: Publisher,
    *,
    stats: Subscriber | None = None,
    ready_timeout_s: float = 20.0,
    loop: bool = False,
    stop: threading.Event | None = None,
) -> Played:
    """Publish ``source`` in real time until it ends (never, with ``loop``) or ``stop`` is set.

    With ``stats``, a subscriber to ``stats.runtime``, playing starts when the runtime says that it is ready, so that
    nothing of a short recording is lost; after ``ready_timeout_s`` it starts anyway, with a warning. What is looped
    starts at once. The rig is published about once a second, also while waiting. Raises what reading the source raises.
    """
    stop = stop or threading.Event()
    rig = _RigSender(source.rig, publisher)
    if stats is not None and not loop and not _wait_until_ready(stats, rig, ready_timeout_s, stop):
        log.warning("the runtime did not report ready within %g s; playing %s anyway", ready_timeout_s, source.name)
    rig.send()  # the runtime may have come up since the last one, and a short recording leaves no time for the next
    offset_ns: int | None = None
    frames = others = slipped_ns = 0
    with _ReadAhead(_passes(source, loop)) as samples:
        for sample in samples:
            now_ns = time.monotonic_ns()
            if offset_ns is None:
                offset_ns = now_ns - sample.capture_ns
            late_ns = now_ns - (sample.capture_ns + offset_ns)
            if late_ns > SLIP_NS:
                offset_ns += late_ns
                slipped_ns += late_ns
            due_ns = sample.capture_ns + offset_ns
            if not rig.sleep_until(due_ns, stop):
                break
            publisher.send(
                msgspec.structs.replace(sample.message, capture_ns=due_ns, timestamp=due_ns / 1e9), *sample.raw
            )
            if sample.message.topic == FRAME_WORLD:
                frames += 1
            else:
                others += 1
    return Played(frames, others, slipped_ns / 1e6)


def _wait_until_ready(stats: Subscriber, rig: "_RigSender", timeout_s: float, stop: threading.Event) -> bool:
    end_ns = time.monotonic_ns() + int(timeout_s * 1e9)
    while time.monotonic_ns() < end_ns and not stop.is_set():
        rig.send_if_due()
        if any(isinstance(r.message, Stats) and r.message.ready for r in stats.poll(timeout_ms=100)):
            return True
    return stop.is_set()


def _passes(source: Source, loop: bool) -> Iterator[Sample]:
    """The source once, or over and over with times and frame indices running on. ValueError if it has no picture."""
    shift_ns = shift_index = 0
    while True:
        first_ns = frame_ns = None
        interval_ns, last_ns, index = 100_000_000, 0, 0
        for sample in source:
            message = sample.message
            if isinstance(message, Frame):
                if message.topic == FRAME_WORLD:
                    if frame_ns is not None:
                        interval_ns = sample.capture_ns - frame_ns
                    frame_ns = sample.capture_ns
                index = max(index, message.index)
                message = msgspec.structs.replace(message, index=index + shift_index)
            first_ns = sample.capture_ns if first_ns is None else first_ns
            last_ns = sample.capture_ns
            yield Sample(sample.capture_ns + shift_ns, message, sample.raw)
        if first_ns is None or frame_ns is None:
            raise ValueError(f"{source.name} holds no picture")
        if not loop:
            return
        shift_ns += max(last_ns, frame_ns + interval_ns) - first_ns
        shift_index += index + 1


class _RigSender:
    """Publishes the rig once a second while somebody waits with it."""

    def __init__(self, rig: Rig, publisher: Publisher) -> None:
        self._message = RigDevice(topic=RIG_DEVICE, rig_id=rig.id, rig_json=rigs.dumps(rig))
        self._publisher = publisher
        self._due_ns = 0

    def send_if_due(self) -> None:
        if time.monotonic_ns() >= self._due_ns:
            self.send()

    def send(self) -> None:
        now_ns = time.monotonic_ns()
        self._publisher.send(msgspec.structs.replace(self._message, capture_ns=now_ns, timestamp=now_ns / 1e9))
        self._due_ns = now_ns + RIG_INTERVAL_NS

    def sleep_until(self, due_ns: int, stop: threading.Event) -> bool:
        """False if ``stop`` was set before."""
        while not stop.is_set():
            self.send_if_due()
            now_ns = time.monotonic_ns()
            if now_ns >= due_ns:
                return True
            stop.wait((min(due_ns, self._due_ns) - now_ns) / 1e9)
        return False


class _ReadAhead:
    """Reads an iterator in a thread, a little ahead, so that decoding a picture never delays the gaze before it."""

    def __init__(self, samples: Iterator[Sample]) -> None:
        self._samples = samples
        self._queue: queue.Queue[Sample | Exception | None] = queue.Queue(AHEAD)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._read, name="gazeline-source", daemon=True)

    def __enter__(self) -> "_ReadAhead":
        self._thread.start()
        return self

    def __iter__(self) -> Iterator[Sample]:
        while (item := self._queue.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        while self._thread.is_alive():
            with contextlib.suppress(queue.Empty):
                self._queue.get_nowait()
            self._thread.join(0.05)

    def _read(self) -> None:
        try:
            for sample in self._samples:
                self._queue.put(sample)
                if self._closing.is_set():
                    return
            self._queue.put(None)
        except Exception as error:  # noqa: BLE001 - it is raised again where the samples are taken
            self._queue.put(error)
