"""The runtime as a whole: real sockets, a real (tiny) network that segments by colour, real processes and signals."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, TypeVar

import cv2
import msgspec
import numpy as np
import pytest
import zmq
from numpy.typing import NDArray

from gazeline.calib import rig as rig_file
from gazeline.calib.cameras import Pinhole
from gazeline.calib.rig import Rig, RigCamera, Transform
from gazeline.calib.se3 import FORWARD_CAMERA
from gazeline.runtime import app
from gazeline.runtime.bus import BusAddress, Publisher, Subscriber
from gazeline.runtime.config import ModelSettings, Settings
from gazeline.runtime.messages import Frame, Gaze, HeadPose, Message, Overlay, Pose, RigDevice, Stats, UserPrompt
from tests.engines.toy_models import write_own

CAMERA = Pinhole(640, 480, 500.0, 500.0, 319.5, 239.5)
RIG = Rig("bench", {"world": RigCamera(CAMERA, Transform.of(FORWARD_CAMERA))})
LEFT, RIGHT = (200.0, 240.0), (440.0, 250.0)  # the middles of a blue and a red square, 80 px wide
HALF = 40
M = TypeVar("M", bound=Message)


def picture() -> NDArray[np.uint8]:
    image = np.full((480, 640, 3), 120, np.uint8)
    for (x, y), colour in ((LEFT, (30, 60, 220)), (RIGHT, (220, 40, 30))):
        image[int(y) - HALF : int(y) + HALF, int(x) - HALF : int(x) + HALF] = colour
    return image


def jpeg() -> bytes:
    return bytes(cv2.imencode(".jpg", picture()[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("toy")
    write_own(folder)
    return folder


class Headset:
    """Sends what a headset sends: pictures at 30 Hz, poses and gaze at 120 Hz; ``look`` is the gazed pixel."""

    def __init__(self, address: BusAddress) -> None:
        self.look: tuple[float, float] | None = LEFT
        self.source: Literal["eye", "mouse"] = "eye"
        self.image = jpeg()
        self.publisher = Publisher(address)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def gaze(self) -> Gaze:
        assert self.look is not None
        d, _ = CAMERA.unproject(self.look)
        x, y, z = FORWARD_CAMERA.rotate(d).tolist()
        return Gaze(
            topic="gaze.3d.01.", capture_ns=time.monotonic_ns(), confidence=1.0, d_head=(x, y, z), source=self.source
        )

    def frame(self, index: int) -> Frame:
        return Frame(
            topic="frame.world", capture_ns=time.monotonic_ns(), width=640, height=480, index=index, format="jpeg",
            T_head_camera_id="bench",
        )  # fmt: skip

    def _run(self) -> None:
        still = Pose(quat_wxyz=(1.0, 0.0, 0.0, 0.0), xyz_m=(0.0, 0.0, 0.0))
        text = rig_file.dumps(RIG)
        tick = 0
        while not self._stop.wait(1 / 120):
            now_ns = time.monotonic_ns()
            if tick % 30 == 0:
                self.publisher.send(RigDevice(topic="rig.device", capture_ns=now_ns, rig_id="bench", rig_json=text))
            self.publisher.send(HeadPose(topic="pose.head", capture_ns=now_ns, T_world_head=still))
            if self.look is not None:
                self.publisher.send(self.gaze())
            if tick % 4 == 0:
                self.publisher.send(self.frame(tick // 4), self.image)
            tick += 1

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self.publisher.close()


class Bench:
    """A runtime in a thread of this process, a headset, and ears."""

    def __init__(self, folder: Path, model: Path) -> None:
        self.address = BusAddress.parse(f"ipc://{folder}/bus")
        self.stop = threading.Event()
        settings = Settings(model=ModelSettings(name=str(model), threads=1))
        self.runtime = threading.Thread(
            target=app.run, args=(settings,), kwargs={"bus": str(self.address), "stop": self.stop}
        )
        self.runtime.start()
        self.ears = Subscriber(self.address, ["overlay.objects", "stats.runtime"])
        self.until(Stats, lambda stats: stats.ready)
        self.headset = Headset(self.address)

    def until(self, kind: type[M], wanted: Callable[[M], bool], timeout_s: float = 20.0) -> M:
        """The first message of a kind that is as wanted."""
        give_up_s = time.monotonic() + timeout_s
        last: Message | None = None
        while time.monotonic() < give_up_s:
            for received in self.ears.poll(100):
                if isinstance(received.message, kind):
                    last = received.message
                    if wanted(received.message):
                        return received.message
        raise AssertionError(f"no such {kind.__name__} within {timeout_s} s; the last one was {last}")

    def close(self) -> None:
        self.headset.close()
        self.ears.close()
        self.stop.set()
        self.runtime.join(10)
        assert not self.runtime.is_alive()


@pytest.fixture
def bench(tmp_path: Path, model: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, model)
    yield made
    made.close()


def outlines(px: tuple[float, float]) -> Callable[[Overlay], bool]:
    """Whether an overlay outlines the square around a pixel."""

    def right(overlay: Overlay) -> bool:
        if not overlay.objects or overlay.objects[0].carried:
            return False
        x0, y0, x1, y1 = overlay.objects[0].box
        wanted = (px[0] - HALF, px[1] - HALF, px[0] + HALF, px[1] + HALF)
        return bool(np.abs(np.subtract((x0, y0, x1, y1), wanted)).max() < 4.0)

    return right


def test_what_is_looked_at_is_outlined_and_the_outline_follows(bench: Bench) -> None:
    first = bench.until(Overlay, outlines(LEFT))
    thing = first.objects[0]
    assert thing.gazed
    assert first.gaze_state == "fixation"
    assert thing.area_px == pytest.approx((2 * HALF) ** 2, rel=0.1)
    assert [len(ring) for ring in thing.rays] == [len(ring) for ring in thing.outline]
    assert first.T_world_camera is not None
    assert set(first.latency_ms) == {
        "picture", "encode", "decode", "outline", "frame_to_overlay", "gaze_to_overlay"
    }  # fmt: skip
    bench.headset.look = RIGHT
    second = bench.until(Overlay, outlines(RIGHT))
    assert second.objects[0].id != thing.id
    bench.headset.look = LEFT
    assert bench.until(Overlay, outlines(LEFT)).objects[0].id == thing.id
    bench.headset.look, bench.headset.source = RIGHT, "mouse"
    assert bench.until(Overlay, outlines(RIGHT)).gaze_source == "mouse"
    bench.headset.look = None
    lost = bench.until(Overlay, lambda overlay: overlay.gaze_state == "lost")
    assert not any(thing.gazed for thing in lost.objects)
    stats = bench.until(Stats, lambda stats: stats.gaze["samples"] > 20)
    assert stats.model == "toy"
    assert stats.frames["captured"] >= stats.frames["encoded"] > 5
    assert stats.gaze["prompts"] >= stats.gaze["fixations"] >= 3
    assert {"encode", "decode", "outline", "gaze_to_overlay"} <= stats.stages.keys()
    assert stats.rates_hz["camera"] > 0


def test_a_click_is_answered_and_cleared(bench: Bench) -> None:
    bench.headset.look = None
    bench.until(Stats, lambda stats: stats.frames["encoded"] > 2)
    click = UserPrompt(topic="prompt.user", capture_ns=time.monotonic_ns(), kind="point", points=[(*RIGHT, 1)])
    bench.headset.publisher.send(click)
    overlay = bench.until(Overlay, outlines(RIGHT))
    assert overlay.gaze_state == "user"
    bench.headset.publisher.send(UserPrompt(topic="prompt.user", capture_ns=time.monotonic_ns(), kind="clear"))
    bench.until(Overlay, lambda o: all(thing.carried for thing in o.objects))


def test_garbage_on_the_bus_is_counted_and_harmless(bench: Bench) -> None:
    bench.until(Overlay, outlines(LEFT))
    raw: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PUB)
    raw.linger = 0
    raw.connect(bench.address.publish_endpoint)
    time.sleep(0.3)
    pack = msgspec.msgpack.encode
    header = msgspec.to_builtins(bench.headset.frame(0))
    gaze = msgspec.to_builtins(bench.headset.gaze())
    rng = np.random.default_rng(0)

    def later(message: dict[str, object], **changes: object) -> bytes:
        return pack({**message, "capture_ns": time.monotonic_ns(), **changes})

    def round_of_garbage() -> None:
        for parts in (
            [b"frame.world"],
            [b"frame.world", b"\xc1", b""],
            [b"frame.world", later(header), b"\xff\xd8 this is no picture"],
            [b"frame.world", later(header), bench.headset.image[:2000]],
            [b"frame.world", later(header, width=9, height=9), bench.headset.image],
            [b"frame.world", later(header, capture_ns=2**62), bench.headset.image],
            [b"gaze.3d.01.", later(gaze, d_head=[float("nan"), 0.0, 0.0])],
            [b"gaze.3d.01.", later(gaze, confidence=7.0)],
            [b"gaze.3d.01.", later(gaze, capture_ns=2**62)],
            [b"pose.head", pack({"topic": "pose.head", "capture_ns": 2**62, "T_world_head": {
                "quat_wxyz": [1.0, 0.0, 0.0, 0.0], "xyz_m": [0.0, 0.0, 0.0]}})],
            [b"rig.device", later({"topic": "rig.device", "rig_id": "bench", "rig_json": "{"})],
            [b"prompt.user", pack({"topic": "prompt.user", "capture_ns": 1, "kind": "point", "points": [[3, 3, 1]]})],
            [b"nonsense", b"\x80"],
            [b"gaze.3d.01.", rng.bytes(200)],
        ):  # fmt: skip
            raw.send_multipart(parts)
        time.sleep(0.1)

    def bad_images(stats: Stats) -> int:
        return stats.dropped.get("frame_bad_image", 0) + stats.dropped.get("bad_image", 0)

    for _ in range(5):
        round_of_garbage()
    stats = bench.until(Stats, lambda stats: stats.dropped.get("frame_future", 0) >= 3)
    for _ in range(50):  # a good picture that comes right after a broken one overtakes it, which is counted otherwise
        if bad_images(stats):
            break
        round_of_garbage()
        stats = bench.until(Stats, lambda _: True)
    raw.close()
    assert bad_images(stats) >= 1
    for reason in ("bad_map", "not_finite", "out_of_bounds", "gaze_future", "pose_future", "prompt_unknown_frame"):
        assert stats.dropped.get(reason, 0) >= 1, reason
    bench.headset.look = RIGHT
    bench.until(Overlay, outlines(RIGHT))


def test_old_pupil_messages_without_our_time_are_understood(bench: Bench) -> None:
    bench.headset.look = None
    x, y = RIGHT
    for _ in range(60):
        now_s = time.monotonic() - 1000.0  # a clock of its own
        sample = Gaze(
            topic="gaze.3d.01.", timestamp=now_s, confidence=0.9, norm_pos=((x + 0.5) / 640, 1 - (y + 0.5) / 480)
        )
        bench.headset.publisher.send(sample)
        time.sleep(1 / 120)
    bench.until(Overlay, outlines(RIGHT))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_the_process_cleanly(number: signal.Signals, tmp_path: Path, model: Path) -> None:
    address = BusAddress.parse(f"ipc://{tmp_path}/bus")
    process = subprocess.Popen(
        [sys.executable, "-m", "gazeline.runtime.cli", "run", "--bus", str(address), "--model", str(model)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        with Subscriber(address, ["stats.runtime"]) as ears:
            give_up_s = time.monotonic() + 30
            while not ears.poll(100):
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < give_up_s
        process.send_signal(number)
        out, err = process.communicate(timeout=15)
    finally:
        process.kill()
    assert (process.returncode, err) == (0, "")
    assert "Traceback" not in out


def test_a_bus_in_use_and_a_model_that_is_not_there_are_one_sentence(bench: Bench, tmp_path: Path, model: Path) -> None:
    settings = Settings(model=ModelSettings(name=str(model), threads=1))
    with pytest.raises(OSError, match="in use"):
        app.run(settings, bus=str(bench.address), stop=threading.Event())
    with pytest.raises((ValueError, OSError), match="no-such-model"):
        app.run(settings, bus=f"ipc://{tmp_path}/other", model="no-such-model", stop=threading.Event())
