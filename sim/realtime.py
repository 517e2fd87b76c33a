"""The simulated headset in real time, on the bus.

Three threads: this one renders, since OpenGL belongs to one thread; one sends gaze and head pose at 120 Hz, punctual
however long a picture takes, and everything else when it is due; one judges the overlays that come back, and shows the
wearer the targets of a calibration.

A picture takes 30 to 60 ms to render on a processor, and a camera has no such delay. Since the wearer is a function of
time, a picture is rendered ahead, for an instant that is still to come, and sent when a camera would have delivered it.
Instants that rendering cannot keep up with are skipped, and counted.
"""

import heapq
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np

from gazeline.runtime.bus import BusAddress, Publisher, Subscriber
from gazeline.runtime.messages import CalibrationTarget, Overlay, Stats
from gazeline.runtime.topics import CALIBRATE_TARGET, GAZE_BINOCULAR, OVERLAY_OBJECTS, POSE_HEAD, STATS_RUNTIME
from gazeline.sim.bus_wearer import BusWearer
from gazeline.sim.delivery import Delivery
from gazeline.sim.headset import RIG_EVERY_NS, SAMPLE_HZ, Headset, frame_ns, sample_ns
from gazeline.sim.score import Scorer
from gazeline.sim.wearer import Wearer

TARGET_GONE_NS = 1_000_000_000  # a calibration that was broken off says nothing more
READY_WAIT_S = 20.0
LAST_SCORES_S = 0.5  # overlays of the last pictures are still on their way at the end
BEHIND_SAMPLES = SAMPLE_HZ // 4  # after a longer pause (a suspended laptop) samples are left out, not made up for
SWITCH_INTERVAL_S = 0.0005  # Python gives a waiting thread its turn after 5 ms by default: most of a sample's period


@dataclass(frozen=True)
class Played:
    """What was sent: pictures and those skipped because rendering was too slow, samples, and how many overlays were
    judged."""

    frames: int
    skipped: int
    samples: int
    judged: int


def wait_for_runtime(address: BusAddress, stop: threading.Event, wait_s: float = READY_WAIT_S) -> bool:
    """Wait until a runtime on the bus says that it is ready; False if none did so in time."""
    give_up_ns = time.monotonic_ns() + round(1e9 * wait_s)
    with Subscriber(address, [STATS_RUNTIME]) as subscriber:
        while not stop.is_set() and time.monotonic_ns() < give_up_ns:
            for received in subscriber.poll(timeout_ms=100):
                if isinstance(received.message, Stats) and received.message.ready:
                    return True
    return stop.is_set()


def play(headset: Headset, address: BusAddress, seconds: float | None, stop: threading.Event) -> Played:
    """Send what the headset sends, from now on, for so many seconds or until ``stop``.

    Sets ``headset.epoch_ns`` to now. Must be called from the thread that made the headset.
    """
    with ExitStack() as stack:
        if headset.follows is not None:
            stack.enter_context(_following(headset.follows, address))
            while not headset.follows.known and not stop.wait(0.05):
                pass
        return _play(headset, address, seconds, stop)


def _play(headset: Headset, address: BusAddress, seconds: float | None, stop: threading.Event) -> Played:
    headset.epoch_ns = time.monotonic_ns()
    if headset.follows is not None:
        headset.follows.epoch_ns = headset.epoch_ns
    end_ns = None if seconds is None else round(1e9 * seconds)
    heard = [OVERLAY_OBJECTS, CALIBRATE_TARGET]
    with Publisher(address) as publisher, Subscriber(address, heard) as subscriber, _quick_switching():
        sender = _Sender(headset, publisher)
        listener = _Listener(headset, publisher, subscriber)
        threads = [threading.Thread(target=each.run, name=f"gazeline-sim-{each.name}") for each in (sender, listener)]
        for thread in threads:
            thread.start()
        try:
            frames, skipped = _render(headset, sender, listener, end_ns, stop)
            if end_ns is not None:
                stop.wait(max(end_ns - _now(headset), 0) * 1e-9)
            sender.stopped.set()
            if not stop.is_set():
                stop.wait(LAST_SCORES_S)
        finally:
            sender.stopped.set()
            listener.stopped.set()
            for thread in threads:
                thread.join()
        return Played(frames, skipped, sender.samples, listener.judged)


def _render(
    headset: Headset, sender: "_Sender", listener: "_Listener", end_ns: int | None, stop: threading.Event
) -> tuple[int, int]:
    """Render until the end; returns how many pictures were taken and skipped."""
    rate_hz = headset.settings.frame_hz
    period_ns, latency_ns = round(1e9 / rate_hz), round(1e6 * headset.settings.frame_latency_ms)
    tick, frames, takes_ns = 1, 0, float(period_ns)  # the first picture is to be rendered ahead, too
    known = headset.follows is None  # where a head that is followed will be, nobody knows: its pictures come late
    while not stop.is_set():
        t_ns = frame_ns(tick, rate_hz)
        if end_ns is not None and t_ns >= end_ns:
            break
        ahead_ns = max(period_ns, round(takes_ns) - latency_ns) if known else 0
        stop.wait(max(t_ns - ahead_ns - _now(headset), 0) * 1e-9)
        begin_ns = _now(headset)
        if begin_ns + (takes_ns if known else 0) > t_ns + latency_ns + period_ns / 2:
            tick += 1  # it would come too late
            continue
        deliveries = headset.frame(frames, t_ns)
        for delivery in deliveries:
            if delivery.truth is not None:
                listener.add(delivery)
        sender.put(deliveries)
        takes_ns += 0.2 * (_now(headset) - begin_ns - takes_ns)
        tick, frames = tick + 1, frames + 1
    return frames, tick - 1 - frames


class _Sender:
    """Samples at 120 Hz, the calibration once a second, and what it is given, each when it is due."""

    name = "sender"

    def __init__(self, headset: Headset, publisher: Publisher) -> None:
        self._headset, self._publisher = headset, publisher
        self._lock = threading.Lock()
        self._due: list[tuple[int, int, Delivery]] = []
        self._made = 0
        self.stopped = threading.Event()
        self.samples = 0

    def put(self, deliveries: list[Delivery]) -> None:
        with self._lock:
            for delivery in deliveries:
                heapq.heappush(self._due, (delivery.deliver_ns, self._made, delivery))
                self._made += 1

    def run(self) -> None:
        index, calibrated_ns = 0, -RIG_EVERY_NS
        while not self.stopped.is_set():
            now_ns = _now(self._headset)
            if now_ns - calibrated_ns >= RIG_EVERY_NS:
                calibrated_ns = now_ns
                self.put([self._headset.calibration(now_ns)])
            index = max(index, now_ns * SAMPLE_HZ // 1_000_000_000 - BEHIND_SAMPLES)
            while sample_ns(index) <= now_ns:
                self.put(self._headset.samples(index))
                index += 1
                self.samples += 1
            next_ns = self._send_due()
            wait_ns = min(sample_ns(index), next_ns) - _now(self._headset)
            if wait_ns > 0:
                time.sleep(min(wait_ns, 5_000_000) * 1e-9)  # a picture may be put at any time, due at once

    def _send_due(self) -> int:
        """Send what is due; returns when the next is."""
        while True:
            with self._lock:
                if not self._due or self._due[0][0] > _now(self._headset):
                    return self._due[0][0] if self._due else 2**62
                delivery = heapq.heappop(self._due)[2]
            self._publisher.send_parts(delivery.parts())


class _Listener:
    """Scores every overlay that comes back and publishes the scores; shows the wearer the targets of a calibration."""

    name = "listener"

    def __init__(self, headset: Headset, publisher: Publisher, subscriber: Subscriber) -> None:
        self._headset = headset
        self._scorer = Scorer(headset.eye_at, headset.epoch_ns)
        self._publisher, self._subscriber = publisher, subscriber
        self._target: tuple[float, float, float] | None = None
        self._target_ns = 0
        self._lock = threading.Lock()
        self.stopped = threading.Event()
        self.judged = 0

    def add(self, delivery: Delivery) -> None:
        if delivery.truth is not None:
            with self._lock:
                self._scorer.add(delivery.truth)

    def run(self) -> None:
        while not self.stopped.is_set():
            if self._target is not None and _now(self._headset) - self._target_ns > TARGET_GONE_NS:
                self._look_at(None, 1.0)
            for received in self._subscriber.poll(timeout_ms=100):
                if isinstance(received.message, CalibrationTarget):
                    self._look_at(received.message.d_head, received.message.depth_m)
                    continue
                if not isinstance(received.message, Overlay):
                    continue
                with self._lock:
                    score = self._scorer.score(received.message)
                if score is not None:
                    self._publisher.send(score)
                    self.judged += 1

    def _look_at(self, d_head: tuple[float, float, float] | None, depth_m: float) -> None:
        self._target_ns = _now(self._headset)
        if d_head != self._target:
            self._target = d_head
            target = None if d_head is None else np.array(d_head)
            if isinstance(self._headset.wearer, Wearer):  # another one sees it without being told
                self._headset.wearer.look_at(self._target_ns, target, depth_m)


@contextmanager
def _following(wearer: BusWearer, address: BusAddress) -> Iterator[None]:
    """Tells the wearer what the bus says of head and eyes, in a thread."""
    over = threading.Event()

    def follow() -> None:
        with Subscriber(address, [POSE_HEAD, GAZE_BINOCULAR]) as subscriber:
            while not over.is_set():
                for received in subscriber.poll(timeout_ms=100):
                    wearer.take(received.message)

    thread = threading.Thread(target=follow, name="gazeline-sim-follower")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _now(headset: Headset) -> int:
    """Session time."""
    return time.monotonic_ns() - headset.epoch_ns


@contextmanager
def _quick_switching() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
