"""Playing a source over a real bus: when it starts, in which order and at what times, and how it ends."""

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gazeline.calib import rig as rigs
from gazeline.calib.cameras import Pinhole
from gazeline.calib.rig import Rig, RigCamera, Transform
from gazeline.calib.se3 import FORWARD_CAMERA
from gazeline.runtime import topics
from gazeline.runtime.bus import BusAddress, Hub, Publisher, Subscriber
from gazeline.runtime.messages import Frame, Gaze, RigDevice, Stats
from gazeline.runtime.sources.play import Played, play
from gazeline.runtime.sources.source import Sample, Source, frame_sample, gaze_sample, interleaved
from gazeline.runtime.wire import Received

RIG = Rig("test", {"world": RigCamera(Pinhole(32, 24, 30.0, 30.0, 15.5, 11.5), Transform.of(FORWARD_CAMERA))})
IMAGE = np.full((24, 32, 3), 128, dtype=np.uint8)
START_NS = 5_000_000_000_000  # the recording's own clock
FRAME_NS = 50_000_000


def source_of(frames: int, gaze_hz: int = 100) -> Source:
    def samples() -> Iterator[Sample]:
        pictures = [frame_sample(IMAGE, START_NS + i * FRAME_NS, i, RIG.id) for i in range(frames)]
        step_ns = 1_000_000_000 // gaze_hz
        gaze = (gaze_sample(START_NS + i * step_ns, (0.0, 0.0, -1.0)) for i in range(10_000))
        return interleaved(pictures, gaze)

    return Source("test source", RIG, samples)


def stats(ready: bool) -> Stats:
    return Stats(
        topic=topics.STATS_RUNTIME,
        capture_ns=time.monotonic_ns(),
        ready=ready,
        model="test",
        uptime_s=1.0,
        frames={},
        gaze={},
        dropped={},
        stages={},
        rates_hz={},
        rss_mb=1.0,
        rss_peak_mb=1.0,
    )


class Ears:
    """Everything that comes over the bus, until it is asked for."""

    def __init__(self, address: BusAddress) -> None:
        self._subscriber = Subscriber(address, [topics.FRAME_WORLD, topics.GAZE_BINOCULAR, topics.RIG_DEVICE])
        self._heard: list[Received] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while not self._stop.is_set():
            self._heard += self._subscriber.poll(timeout_ms=20)

    def of(self, kind: type) -> list[Received]:
        return [received for received in list(self._heard) if isinstance(received.message, kind)]

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._subscriber.close()


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BusAddress]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with tempfile.TemporaryDirectory(prefix="gz") as short:  # a socket's path has 107 bytes
        os.chmod(short, 0o700)
        monkeypatch.setenv("XDG_RUNTIME_DIR", short)
        address = BusAddress.parse("test")
        with Hub(address):
            yield address


@pytest.fixture
def ears(address: BusAddress) -> Iterator[Ears]:
    ears = Ears(address)
    yield ears
    ears.close()


@pytest.fixture
def publisher(address: BusAddress, ears: Ears) -> Iterator[Publisher]:
    with Publisher(address) as publisher, Subscriber(address, [topics.STATS_RUNTIME]) as echo:
        end = time.monotonic() + 10
        while not echo.poll(20) and time.monotonic() < end:  # until the way through the hub is open
            publisher.send(stats(ready=False))
        yield publisher


def until(done: object, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    assert callable(done)
    while not done():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def test_intervals_are_kept_and_times_are_of_the_hosts_clock(publisher: Publisher, ears: Ears) -> None:
    before_ns = time.monotonic_ns()
    played = play(source_of(8), publisher)
    after_ns = time.monotonic_ns()
    assert (played.frames, played.others) == (8, 41)
    until(lambda: len(ears.of(Gaze)) == 41 and len(ears.of(Frame)) == 8)
    for kind, step_ns in ((Frame, FRAME_NS), (Gaze, 10_000_000)):
        times = [received.message.capture_ns or 0 for received in ears.of(kind)]
        assert before_ns <= times[0]
        assert times[-1] <= after_ns
        if played.slipped_ms == 0.0:
            assert set(np.diff(times)) == {step_ns}
        for received in ears.of(kind):
            capture_ns = received.message.capture_ns or 0
            assert received.receive_ns >= capture_ns  # nothing is published before its time
            assert received.message.timestamp == pytest.approx(capture_ns / 1e9)
    indices = [received.message.index for received in ears.of(Frame) if isinstance(received.message, Frame)]
    assert indices == list(range(8))


def test_the_rig_comes_first_and_again_every_second(publisher: Publisher, ears: Ears) -> None:
    play(source_of(24), publisher)
    until(lambda: len(ears.of(RigDevice)) >= 2)
    first = ears.of(RigDevice)[0]
    assert isinstance(first.message, RigDevice)
    assert rigs.loads(first.message.rig_json) == RIG
    assert first.receive_ns <= ears.of(Frame)[0].receive_ns
    assert len(ears.of(RigDevice)) <= 3  # in 1.2 s


def test_it_waits_until_the_runtime_is_ready(address: BusAddress, publisher: Publisher, ears: Ears) -> None:
    played: list[Played] = []
    with Subscriber(address, [topics.STATS_RUNTIME]) as heard:
        thread = threading.Thread(target=lambda: played.append(play(source_of(3), publisher, stats=heard)))
        thread.start()
        for _ in range(5):
            publisher.send(stats(ready=False))
            time.sleep(0.1)
        assert ears.of(RigDevice)
        assert not ears.of(Frame)
        while thread.is_alive():
            publisher.send(stats(ready=True))
            thread.join(0.1)
    assert played[0].frames == 3
    until(lambda: len(ears.of(Frame)) == 3)  # not one of them was lost


def test_a_runtime_that_never_gets_ready_is_not_waited_for_for_ever(
    address: BusAddress, publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    with Subscriber(address, [topics.STATS_RUNTIME]) as heard:
        played = play(source_of(2), publisher, stats=heard, ready_timeout_s=0.3)
    assert played.frames == 2
    assert "playing test source anyway" in caplog.text


def test_a_loop_runs_on_in_time_and_index_until_it_is_stopped(publisher: Publisher, ears: Ears) -> None:
    stop = threading.Event()
    played: list[Played] = []
    thread = threading.Thread(target=lambda: played.append(play(source_of(3), publisher, loop=True, stop=stop)))
    thread.start()
    until(lambda: len(ears.of(Frame)) >= 7)
    stop.set()
    thread.join(5.0)
    assert not thread.is_alive()
    frames = [received.message for received in ears.of(Frame)]
    assert [f.index for f in frames if isinstance(f, Frame)] == list(range(len(frames)))
    if played[0].slipped_ms == 0.0:
        assert set(np.diff([f.capture_ns or 0 for f in frames])) == {FRAME_NS}
    for kind in (Frame, Gaze):
        times = [received.message.capture_ns or 0 for received in ears.of(kind)]
        assert times == sorted(times)


def test_pictures_that_come_too_slowly_shift_the_rest_instead_of_hurrying_it(publisher: Publisher, ears: Ears) -> None:
    def samples() -> Iterator[Sample]:
        for i in range(4):
            time.sleep(0.5 if i == 2 else 0.0)
            yield frame_sample(IMAGE, START_NS + i * FRAME_NS, i, RIG.id)

    played = play(Source("slow", RIG, samples), publisher)
    assert played.frames == 4
    assert played.slipped_ms >= 300
    until(lambda: len(ears.of(Frame)) == 4)
    last, newest = (received.message.capture_ns or 0 for received in ears.of(Frame)[-2:])
    assert newest - last >= FRAME_NS


def test_a_recording_that_breaks_half_way_says_so(publisher: Publisher) -> None:
    def samples() -> Iterator[Sample]:
        yield frame_sample(IMAGE, START_NS, 0, RIG.id)
        raise ValueError("picture 2 is damaged")

    with pytest.raises(ValueError, match="picture 2 is damaged"):
        play(Source("broken", RIG, samples), publisher)


def test_a_source_without_pictures_is_refused(publisher: Publisher) -> None:
    with pytest.raises(ValueError, match="nothing holds no picture"):
        play(Source("nothing", RIG, lambda: iter(())), publisher, loop=True)


def test_gaze_and_frames_are_merged_within_the_span_of_the_frames() -> None:
    frames = [frame_sample(IMAGE, t, i, "r") for i, t in enumerate((100, 200, 300))]
    gaze = [gaze_sample(t, None) for t in (50, 100, 150, 290, 350, 400, 401, 10**9)]
    merged = [(s.capture_ns, isinstance(s.message, Frame)) for s in interleaved(frames, gaze)]
    assert merged == [
        (100, True), (100, False), (150, False), (200, True), (290, False), (300, True), (350, False), (400, False),
    ]  # fmt: skip
    assert list(interleaved([], gaze)) == []
