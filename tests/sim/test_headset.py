"""The headset's messages, against the scene that they come from: punctual, calibrated, true, and broken on demand."""

import math
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from gazeline.calib.rig import loads
from gazeline.calib.so3 import angle_rad
from gazeline.runtime import demo, wire
from gazeline.runtime.bus import BusAddress, Hub, Publisher, Subscriber
from gazeline.runtime.images import image_of, plane_of
from gazeline.runtime.messages import Frame, Gaze, HeadPose, Overlay, RigDevice, Stats, TruthFrame, TruthScore
from gazeline.runtime.sync import se3_of
from gazeline.runtime.topics import (
    FRAME_DEPTH,
    FRAME_WORLD,
    GAZE_BINOCULAR,
    POSE_HEAD,
    RIG_DEVICE,
    TRUTH_FRAME,
    TRUTH_SCORE,
)
from gazeline.runtime.wire import Received, WireError
from gazeline.sim import realtime
from gazeline.sim.delivery import Delivery, Faults, Link
from gazeline.sim.depth_camera import DepthSettings
from gazeline.sim.headset import Headset, HeadsetSettings
from gazeline.sim.rig import simulated_rig
from gazeline.sim.scene import build_scene
from gazeline.sim.sensors import CameraEffects, CameraSettings

pytestmark = pytest.mark.skipif(not demo.can_draw(), reason="the simulator needs an off-screen OpenGL")

SECONDS = 3.0
EPOCH_NS = 10_000_000_000
MS = 1_000_000
PARTS = ("gaze.3d.01.", "pose.head", "frame.world", "rig.device", "truth.frame")


def headset(seed: int = 4, *, fisheye: bool = False, **settings: Any) -> Headset:
    rig = simulated_rig(320, 240, fisheye=fisheye)
    return Headset(build_scene("kitchen", seed), rig, seed, HeadsetSettings(**settings), EPOCH_NS)


def messages(deliveries: list[Delivery], kind: type[Any]) -> list[Any]:
    return [delivery.message for delivery in deliveries if isinstance(delivery.message, kind)]


@pytest.fixture(scope="module")
def session() -> Iterator[list[Delivery]]:
    one = headset(frame_hz=10.0)
    yield list(one.deliveries(SECONDS))
    one.close()


def test_everything_comes_at_its_rate_and_in_the_order_of_its_delivery(session: list[Delivery]) -> None:
    counts = Counter(delivery.message.topic for delivery in session)
    assert counts == {GAZE_BINOCULAR: 360, POSE_HEAD: 360, FRAME_WORLD: 30, TRUTH_FRAME: 30, RIG_DEVICE: 3}
    assert all(a.deliver_ns <= b.deliver_ns for a, b in pairwise(session))
    delays = defaultdict(list)
    for delivery in session:
        assert delivery.message.capture_ns is not None
        delays[delivery.message.topic].append((EPOCH_NS + delivery.deliver_ns - delivery.message.capture_ns) / MS)
    assert min(delays[GAZE_BINOCULAR]) >= 8.0
    assert min(delays[POSE_HEAD]) >= 2.0
    assert min(delays[FRAME_WORLD]) >= 25.0
    assert np.mean(delays[GAZE_BINOCULAR]) == pytest.approx(9.0, abs=0.3)
    frames = messages(session, Frame)
    assert [frame.index for frame in frames] == list(range(30))
    assert {b.capture_ns - a.capture_ns for a, b in pairwise(frames)} == {100 * MS}


def test_a_depth_camera_sends_the_distances_in_each_picture_before_it() -> None:
    one = headset(frame_hz=10.0, depth=DepthSettings(every_px=2))
    deliveries = list(one.deliveries(1.0))
    one.close()
    received = [
        wire.unpack(d.parts()) for d in deliveries if d.message.topic in (FRAME_WORLD, FRAME_DEPTH, TRUTH_FRAME)
    ]
    truths = {r.message.capture_ns: plane_of(r, 2) for r in received if isinstance(r.message, TruthFrame)}
    sent = [r for r in received if isinstance(r.message, Frame)]
    assert [r.message.topic for r in sent] == [FRAME_DEPTH, FRAME_WORLD] * 10
    for depth, picture in zip(sent[::2], sent[1::2], strict=True):
        assert depth.message.capture_ns == picture.message.capture_ns
        mm = plane_of(depth)
        assert mm.shape == (120, 160)
        true_mm = truths[depth.message.capture_ns][1::2, 1::2].astype(float)
        known = (true_mm > 250) & (true_mm < 5900)
        error_mm = (mm - true_mm)[known] / (1e-3 * true_mm[known]) ** 2
        assert np.abs(np.mean(error_mm)) < 1.0  # the truth is cut to whole mm
        assert np.std(error_mm) == pytest.approx(4.0, abs=0.5)


def test_every_message_is_one_that_a_reader_takes(session: list[Delivery]) -> None:
    for delivery in session:
        received = wire.unpack(delivery.parts())
        assert received.message == delivery.message
        if isinstance(received.message, Frame):
            assert image_of(received).shape == (240, 320, 3)
        if isinstance(received.message, Gaze) and received.message.norm_pos is not None:
            assert 0.0 <= min(received.message.norm_pos) <= max(received.message.norm_pos) <= 1.0


def test_pose_calibration_and_pictures_agree(session: list[Delivery]) -> None:
    """The camera's pose by head pose and rig is that of the truth."""
    rig = loads(messages(session, RigDevice)[0].rig_json)
    poses = {pose.capture_ns: pose for pose in messages(session, HeadPose)}
    for truth in messages(session, TruthFrame):
        T_world_camera = se3_of(poses[truth.capture_ns].T_world_head) @ rig.cameras["world"].se3
        np.testing.assert_allclose(T_world_camera.as_matrix(), se3_of(truth.T_world_camera).as_matrix(), atol=1e-9)
    assert {frame.T_head_camera_id for frame in messages(session, Frame)} == {rig.id}
    assert rig.eyes is not None


def test_the_gazed_object_is_the_one_at_the_gazed_pixel(session: list[Delivery]) -> None:
    resting = 0
    for delivery in session:
        truth = delivery.message
        if not isinstance(truth, TruthFrame) or truth.gaze_px is None:
            continue
        x, y = (round(value) for value in truth.gaze_px)
        ids = np.frombuffer(delivery.raw[0], np.uint16).reshape(truth.height, truth.width)
        assert ids[y, x] == truth.gazed_id
        listed = {thing.id: thing for thing in truth.objects}
        assert set(np.unique(ids).tolist()) - {0} == set(listed)
        for thing in truth.objects:
            rows, columns = np.nonzero(ids == thing.id)
            assert thing.visible_px == len(rows)
            edges = columns.min() - 0.5, rows.min() - 0.5, columns.max() + 0.5, rows.max() + 0.5
            assert thing.box == edges
        resting += truth.fixation_ns > 0 and truth.eye in ("fixation", "pursuit") and truth.gazed_id != 0
    assert resting > 10


def test_the_reported_gaze_falls_near_the_true_one(session: list[Delivery]) -> None:
    """Through head pose, calibration and vergence depth, as any reader of the bus would do it."""
    rig = loads(messages(session, RigDevice)[0].rig_json)
    camera = rig.cameras["world"]
    gazes = {gaze.capture_ns: gaze for gaze in messages(session, Gaze)}
    off_deg = []
    for truth in messages(session, TruthFrame):
        gaze = gazes[truth.capture_ns]
        if truth.gaze_px is None or truth.eye != "fixation" or gaze.confidence < 0.6:
            continue
        point = camera.se3.inverse().apply((gaze.depth_m or 10.0) * np.array(gaze.d_head))
        d_true, _ = camera.camera.unproject(truth.gaze_px)
        off_deg.append(math.degrees(float(angle_rad(point / np.linalg.norm(point), d_true))))
    assert len(off_deg) > 10
    assert 0.3 < np.median(off_deg) < 1.5, "0.8 deg of bias, some noise, some error of the depth"


def test_the_same_seed_sends_the_same_bytes() -> None:
    def sent(seed: int) -> list[tuple[int, list[bytes]]]:
        one = headset(seed, frame_hz=5.0, faults=Faults(lost=0.1, reordered=0.1, corrupt=0.05))
        found = [(delivery.deliver_ns, delivery.parts()) for delivery in one.deliveries(0.7)]
        one.close()
        return found

    first = sent(4)
    assert first == sent(4)
    assert first != sent(5)


def test_a_fisheye_sees_the_same_gazed_object_as_a_pinhole(session: list[Delivery]) -> None:
    wide = headset(frame_hz=10.0, fisheye=True)
    found = messages(list(wide.deliveries(1.0)), TruthFrame)
    wide.close()
    pairs = list(zip(found, messages(session, TruthFrame)[:10], strict=True))
    same = [a.gazed_id == b.gazed_id for a, b in pairs if a.gaze_px is not None and b.gaze_px is not None]
    assert len(same) >= 8
    assert sum(same) >= len(same) - 1, "at a border, pixels decide"
    assert any(len(a.objects) > len(b.objects) for a, b in pairs), "it sees more"


def link(**rates: float) -> Link:
    return Link(10.0, 0.0, 8 * MS, (1, 2), Faults(**rates))


def gaze(number: int) -> Gaze:
    return Gaze(topic=GAZE_BINOCULAR, capture_ns=number * 8 * MS, confidence=0.9, d_head=(0.0, 0.0, -1.0))


def through(way: Link, count: int = 4000) -> list[list[Delivery]]:
    return [way.deliver(number, number * 8 * MS, gaze(number)) for number in range(count)]


def test_faults_come_at_their_rates_and_only_when_asked_for() -> None:
    assert all(len(found) == 1 and found[0].broken is None for found in through(link()))
    assert np.mean([not found for found in through(link(lost=0.2))]) == pytest.approx(0.2, rel=0.15)
    assert np.mean([len(found) == 2 for found in through(link(duplicated=0.1))]) == pytest.approx(0.1, rel=0.2)
    late = [found[0].deliver_ns - number * 8 * MS for number, found in enumerate(through(link(late=0.1)))]
    assert set(late) == {10 * MS, 160 * MS}
    assert np.mean(np.array(late) > 100 * MS) == pytest.approx(0.1, rel=0.2)
    arrivals = [found[0].deliver_ns for found in through(link(reordered=0.1))]
    assert np.mean(np.diff(arrivals) < 0) == pytest.approx(0.09, rel=0.2)


def test_corrupt_messages_are_refused_by_every_reader() -> None:
    reasons: Counter[str] = Counter()
    frame = Frame(topic=FRAME_WORLD, capture_ns=1, width=4, height=4, index=0, format="jpeg")
    way = link(corrupt=1.0)
    for number in range(300):
        for message, raw in ((gaze(number), ()), (frame, (b"\xff\xd8 a picture \xff\xd9",))):
            (broken,) = way.deliver(number, 0, message, *raw)
            with pytest.raises(WireError) as error:
                wire.unpack(broken.parts())
            reasons[error.value.reason] += 1
    assert len(reasons) >= 4


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("lost", "has no number"), ("lots=0.1", "there is no fault 'lots'"), ("lost=2", "is no probability")],
)
def test_fault_rates_that_make_no_sense(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Faults.parse(text)
    assert Faults.parse("lost=0.05, late=0.02") == Faults(lost=0.05, late=0.02)
    assert Faults.parse("") == Faults()


def test_noise_vignette_exposure_and_jpeg_are_as_set() -> None:
    grey = np.full((240, 320, 3), 120, np.uint8)
    plain = CameraSettings(vignette=0.0, read_noise=2.0, shot_noise=0.05)
    effects = CameraEffects(plain, 320, 240, seed=1)
    noisy = effects.apply(grey, 0)
    assert float(noisy.mean()) == pytest.approx(120.0, abs=0.2)
    assert float(noisy.std()) == pytest.approx(math.sqrt(4.0 + 0.05 * 120), rel=0.05)
    assert (effects.apply(grey, 0) == noisy).all()
    assert (effects.apply(grey, 1) != noisy).any()
    dark = CameraEffects(CameraSettings(vignette=0.5, exposure_gain=0.5), 320, 240, seed=1).apply(grey, 0)
    assert dark[110:130, 150:170].mean() == pytest.approx(120 * 0.5 ** (1 / 2.2), rel=0.02)
    assert dark[:10, :10].mean() < 0.8 * dark[110:130, 150:170].mean()
    rough, fine = (CameraEffects(CameraSettings(jpeg_quality=q), 320, 240, 1).jpeg(noisy) for q in (30, 95))
    assert len(rough) < len(fine)
    assert cv2.imdecode(np.frombuffer(fine, np.uint8), cv2.IMREAD_COLOR) is not None


def test_in_real_time_over_a_real_bus(tmp_path: Path) -> None:
    """A runtime that says it is ready gets the session, and its overlays are judged."""
    address = BusAddress.parse(f"ipc://{tmp_path}/bus")
    heard: dict[str, list[Received]] = defaultdict(list)
    done = threading.Event()

    def runtime() -> None:
        topics = (GAZE_BINOCULAR, POSE_HEAD, FRAME_WORLD, RIG_DEVICE, TRUTH_SCORE)
        with Publisher(address) as publisher, Subscriber(address, topics) as subscriber:
            while not done.is_set():
                publisher.send(ready())
                for received in subscriber.poll(timeout_ms=20):
                    heard[received.message.topic].append(received)
                    if isinstance(received.message, Frame):
                        publisher.send(nothing_found(received.message))

    one = headset(frame_hz=10.0)
    with Hub(address):
        thread = threading.Thread(target=runtime)
        thread.start()
        try:
            stop = threading.Event()
            assert realtime.wait_for_runtime(address, stop)
            played = realtime.play(one, address, 2.0, stop)
        finally:
            done.set()
            thread.join()
            one.close()
    assert played.samples > 200
    assert len(heard[GAZE_BINOCULAR]) > 0.9 * played.samples
    assert {b.message.capture_ns - a.message.capture_ns for a, b in pairwise(heard[POSE_HEAD])} <= {8333333, 8333334}  # type: ignore[operator]
    assert played.frames + played.skipped == pytest.approx(19, abs=1)
    assert all(item.receive_ns > item.message.capture_ns for item in heard[FRAME_WORLD])  # type: ignore[operator]
    scores = [item.message for item in heard[TRUTH_SCORE]]
    assert scores
    assert all(isinstance(score, TruthScore) and score.iou in (None, 0.0) for score in scores)
    assert played.judged >= len(scores)


def test_without_a_runtime_it_waits_and_can_be_stopped(tmp_path: Path) -> None:
    address = BusAddress.parse(f"ipc://{tmp_path}/bus")
    with Hub(address):
        assert not realtime.wait_for_runtime(address, threading.Event(), wait_s=0.3)
        stop = threading.Event()
        threading.Timer(0.2, stop.set).start()
        assert realtime.wait_for_runtime(address, stop, wait_s=60.0)


def ready() -> Stats:
    return Stats(
        topic="stats.runtime",
        capture_ns=time.monotonic_ns(),
        ready=True,
        model="none",
        uptime_s=1.0,
        frames={},
        gaze={},
        dropped={},
        stages={},
        rates_hz={},
        rss_mb=1.0,
        rss_peak_mb=1.0,
    )


def nothing_found(frame: Frame) -> Overlay:
    return Overlay(
        topic="overlay.objects",
        capture_ns=frame.capture_ns,
        frame_index=frame.index,
        width=frame.width,
        height=frame.height,
        publish_ns=time.monotonic_ns(),
    )
