"""Clock offsets from movements alone: pictures that turn with the head, eyes that turn against it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from gazeline.calib import so3
from gazeline.calib.cameras import Pinhole
from gazeline.runtime import demo
from gazeline.runtime.calibration.clock_from_data import Turning, camera_offset, gaze_offset, turning_of
from gazeline.runtime.calibration.image_motion import Turned, turns
from gazeline.runtime.messages import Gaze, HeadPose, Pose, Vec3

MS = 1_000_000
CAMERA = Pinhole(320, 240, 250.0, 250.0, 159.5, 119.5)

drawn = pytest.mark.skipif(not demo.can_draw(), reason="the simulator needs an off-screen OpenGL")


def test_the_rotation_between_two_pictures_is_found() -> None:
    """A picture of blobs on a sphere, turned by a known rotation; a tenth of it moves by itself."""
    rng = np.random.default_rng(0)
    canvas = cv2.GaussianBlur(rng.integers(0, 256, (240, 320), dtype=np.uint8), (0, 0), 2.5)
    canvas = cv2.normalize(canvas, np.empty_like(canvas), 0, 255, cv2.NORM_MINMAX)
    phi = np.array([0.02, -0.05, 0.03])
    yx = np.mgrid[0:240, 0:320].astype(np.float64)
    d_second, _ = CAMERA.unproject(np.stack((yx[1], yx[0]), axis=-1))
    px, _ = CAMERA.project(d_second @ so3.to_matrix(so3.exp(phi)).T)
    turned = cv2.remap(canvas, px[..., 0].astype(np.float32), px[..., 1].astype(np.float32), cv2.INTER_LINEAR)
    turned[100:170, 120:200] = canvas[100:170, 112:192]
    first, second = (np.stack([np.asarray(each, np.uint8)] * 3, axis=-1) for each in (canvas, turned))
    (found,) = turns([(7, first), (9, second)], CAMERA)
    assert (found.start_ns, found.end_ns) == (7, 9)
    assert found.points > 50
    np.testing.assert_allclose(found.phi_rad, phi, atol=0.002)


def test_pictures_without_anything_to_follow_tell_nothing() -> None:
    grey = np.full((240, 320, 3), 128, np.uint8)
    assert list(turns([(0, grey), (1, grey)], CAMERA)) == []


@pytest.fixture(scope="module")
def wearer() -> tuple[list[tuple[int, Pose]], list[tuple[int, Vec3]]]:
    """Head poses and gaze, as tracked, of 40 s of looking about."""
    from gazeline.sim.headset import SAMPLE_HZ, Headset, HeadsetSettings
    from gazeline.sim.rig import simulated_rig
    from gazeline.sim.scene import build_scene

    headset = Headset(build_scene("kitchen", 6), simulated_rig(64, 64), 6, HeadsetSettings(), 10**9)
    poses, gaze = [], []
    for index in range(40 * SAMPLE_HZ):
        for delivery in headset.samples(index):
            message = delivery.message
            assert message.capture_ns is not None
            if isinstance(message, HeadPose):
                poses.append((message.capture_ns, message.T_world_head))
            elif isinstance(message, Gaze) and message.d_head is not None and message.confidence >= 0.6:
                gaze.append((message.capture_ns, message.d_head))
    headset.close()
    return poses, gaze


@drawn
@pytest.mark.parametrize("offset_ms", [-80.0, -30.0, 0.0, 45.0, 80.0])
def test_the_gazes_offset_is_found_within_3_ms(wearer: Any, offset_ms: float) -> None:
    poses, gaze = wearer
    head = turning_of(poses)
    assert head is not None
    found = gaze_offset([(t + round(offset_ms * MS), d) for t, d in gaze], head)
    assert found.trouble == ""
    assert found.offset_ms == pytest.approx(offset_ms, abs=3.0)
    assert found.offset_ms == pytest.approx(offset_ms, abs=2.0 * found.uncertainty_ms)  # what it says of itself holds
    assert found.agreement > 0.5


@drawn
def test_eyes_that_do_not_go_with_the_head_give_no_answer(wearer: Any) -> None:
    poses, gaze = wearer
    head = turning_of(poses)
    assert head is not None
    half = len(gaze) // 2
    other = [(t, d) for (t, _), (_, d) in zip(gaze[:half], reversed(gaze[half:]), strict=False)]
    assert gaze_offset(other, head).trouble


def still(seconds: int) -> Turning:
    poses = [(i * 8 * MS, Pose((1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0))) for i in range(seconds * 125)]
    head = turning_of(poses)
    assert head is not None
    return head


def test_a_head_that_rests_and_a_recording_that_is_short_are_named() -> None:
    ahead = [(i * 8 * MS, (0.0, 0.0, -1.0)) for i in range(1000)]
    assert "hardly turns" in gaze_offset(ahead, still(8)).trouble
    assert "too short" in gaze_offset(ahead[:20], still(8)).trouble
    assert "no gaze" in gaze_offset([], still(8)).trouble
    assert turning_of([(0, Pose((1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0)))]) is None
    from gazeline.calib.se3 import FORWARD_CAMERA

    few = [Turned(i * 50 * MS, (i + 1) * 50 * MS, np.zeros(3), 99) for i in range(5)]
    assert "too short" in camera_offset(few, FORWARD_CAMERA, still(2)).trouble


@drawn
def test_the_command_finds_what_a_log_was_skewed_by(tmp_path: Path) -> None:
    log, report = tmp_path / "skewed.gzl", tmp_path / "clocks.json"
    sim = [sys.executable, "-m", "gazeline.sim", "log", str(log), "--seconds", "12", "--size", "320x240", "--seed", "4"]
    subprocess.run([*sim, "--camera-offset-ms", "60", "--gaze-offset-ms", "-40"], check=True, capture_output=True)
    command = [sys.executable, "-m", "gazeline.runtime.cli", "calibrate", "clock", str(log), "--report", str(report)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "camera" in done.stdout
    found = json.loads(report.read_text())
    assert found["camera"]["offset_ms"] == pytest.approx(60.0, abs=1.0)
    assert found["camera"]["trouble"] == ""
    assert found["camera"]["uncertainty_ms"] < 2.0
    assert found["gaze"]["offset_ms"] == pytest.approx(-40.0, abs=5.0)  # 12 s are short for the eyes


def test_a_recording_without_head_poses_is_refused_in_one_sentence(tmp_path: Path) -> None:
    picture = tmp_path / "grey.png"
    cv2.imwrite(str(picture), np.full((48, 64, 3), 128, np.uint8))
    command = [sys.executable, "-m", "gazeline.runtime.cli", "calibrate", "clock", str(picture)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "no head poses" in done.stderr
    assert "Traceback" not in done.stderr
