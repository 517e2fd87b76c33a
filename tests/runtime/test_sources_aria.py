"""The Aria source on a real recording: upright pictures, an exact camera, gaze where the service says it is."""

import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from gazeline.calib.fisheye624 import Fisheye624
from gazeline.calib.so3 import angle_rad
from gazeline.runtime.calibration.clock_from_data import turning_of
from gazeline.runtime.calibration.image_motion import turns
from gazeline.runtime.images import image_of
from gazeline.runtime.messages import Frame, Gaze, HeadPose
from gazeline.runtime.sources.aria import T_HEAD_CPF, read_aria_gaze
from gazeline.runtime.sources.opening import open_source
from gazeline.runtime.sources.source import Source
from gazeline.runtime.wire import Received

pytest.importorskip("projectaria_tools", reason="needs the extra gazeline[aria]")


@pytest.fixture(scope="module")
def recording(shared_data: Path) -> Path:
    path = shared_data / "aria_everyday" / "recording.vrs"
    if not path.is_file():
        pytest.skip(f"no recording at {path}")
    return path


@pytest.fixture(scope="module")
def source(recording: Path) -> Source:
    return open_source(recording)


def test_it_yields_upright_pictures_and_gaze_in_the_order_of_time(source: Source) -> None:
    samples = list(source)
    times = [sample.capture_ns for sample in samples]
    assert times == sorted(times)
    frames = [s for s in samples if isinstance(s.message, Frame)]
    gaze = [s.message for s in samples if isinstance(s.message, Gaze)]
    assert len(frames) == 8
    assert len(gaze) == 4
    assert all(g.depth_m is None for g in gaze)  # the column is there and empty
    for index, sample in enumerate(frames):
        frame = sample.message
        assert isinstance(frame, Frame)
        assert (frame.index, frame.width, frame.height, frame.format) == (index, 1408, 1408, "jpeg")
        assert frame.T_head_camera_id == source.rig.id
        assert frame.exposure_ns > 1_000_000
    assert len(list(source)) == len(samples)  # and once more from the beginning


def test_the_picture_is_the_recorded_one_turned_clockwise(source: Source, recording: Path) -> None:
    from projectaria_tools.core import data_provider

    provider = data_provider.create_vrs_data_provider(str(recording))
    stream = provider.get_stream_id_from_label("camera-rgb")
    raw = provider.get_image_data_by_index(stream, 0)[0].to_numpy_array()
    sample = next(iter(source))
    bgr = cv2.imdecode(np.frombuffer(sample.raw[0], np.uint8), cv2.IMREAD_COLOR)
    assert bgr is not None
    sent = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    assert np.abs(sent.astype(int) - np.rot90(raw, -1)).mean() < 3.0  # JPEG


def test_the_gyroscope_turns_the_head_as_the_pictures_turn(source: Source) -> None:
    samples = list(source)
    head = turning_of([(s.capture_ns, s.message.T_world_head) for s in samples if isinstance(s.message, HeadPose)])
    assert head is not None
    world = source.rig.cameras["world"]
    frames = [s for s in samples if isinstance(s.message, Frame)]
    pictures = ((s.capture_ns, image_of(Received(s.message, s.raw))) for s in frames)
    compared = 0
    for turned in turns(pictures, world.camera):
        by_gyro = head.between(np.array([turned.start_ns], float), np.array([turned.end_ns], float))[0]
        if np.isfinite(by_gyro).all():
            by_picture = world.se3.rotate(turned.phi_rad)
            assert angle_rad(by_gyro, by_picture) < math.radians(20.0)  # the room is near: its shift looks like a turn
            assert 0.7 < np.linalg.norm(by_gyro) / np.linalg.norm(by_picture) < 1.1
            compared += 1
    assert compared >= 5


def test_points_in_the_head_frame_land_where_projectaria_puts_them(source: Source, recording: Path) -> None:
    from projectaria_tools.core import data_provider

    device = data_provider.create_vrs_data_provider(str(recording)).get_device_calibration()
    calibration = device.get_camera_calib("camera-rgb")
    T_camera_cpf = np.linalg.inv(device.get_transform_cpf_sensor("camera-rgb").to_matrix())
    world = source.rig.cameras["world"]
    assert isinstance(world.camera, Fisheye624)
    points = np.random.default_rng(3).uniform([-0.9, -0.9, -3.0], [0.9, 0.9, -1.0], (300, 3))  # before the head, in it
    px, valid = world.camera.project(world.se3.inverse().apply(points))
    theirs = []
    for p in T_HEAD_CPF.inverse().apply(points):
        q = calibration.project((T_camera_cpf @ np.append(p, 1.0))[:3])
        theirs.append((math.nan, math.nan) if q is None else (1407.0 - float(q[1]), float(q[0])))  # turned clockwise
    seen = np.isfinite(theirs).all(axis=-1)
    assert seen.sum() > 200
    assert (seen == valid).mean() > 0.99  # the border of the valid circle is an angle with us, a radius with them
    np.testing.assert_allclose(px[seen & valid], np.array(theirs)[seen & valid], atol=1e-3)


def test_scaled_pictures_come_with_a_scaled_camera(source: Source, recording: Path) -> None:
    small = open_source(recording, longest_side_px=704)
    frame = next(iter(small)).message
    assert isinstance(frame, Frame)
    assert (frame.width, frame.height) == (704, 704)
    d = np.array([[0.3, -0.2, 1.0], [-0.4, 0.1, 1.0]])
    px, _ = source.rig.cameras["world"].camera.project(d)
    px_small, _ = small.rig.cameras["world"].camera.project(d)
    np.testing.assert_allclose(px_small + 0.5, (px + 0.5) / 2, atol=1e-9)
    assert small.rig.id != source.rig.id


def test_the_eyes_rest_on_the_bed_while_the_head_turns(source: Source) -> None:
    # In this recording the head turns to the left over 0.3 s and the gaze stays on the bed, between its pillows.
    world = source.rig.cameras["world"]
    on_picture = []
    for sample in source:
        if isinstance(sample.message, Gaze) and sample.message.d_head is not None:
            px, valid = world.camera.project(world.se3.inverse().apply(np.array(sample.message.d_head) * 3.0))
            assert valid
            on_picture.append(px)
    xs = [float(px[0]) for px in on_picture]
    assert xs == sorted(xs, reverse=True)
    np.testing.assert_allclose(on_picture[0], [930, 709], atol=10)
    np.testing.assert_allclose(on_picture[-1], [702, 732], atol=10)


@pytest.mark.parametrize("content", [b"", b"hello", b"VisionRe" + bytes(500)])
def test_a_broken_recording_is_one_sentence(content: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "broken.vrs"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"broken\.vrs cannot be read as an Aria recording") as error:
        open_source(path)
    assert "\n" not in str(error.value)
    assert capfd.readouterr().err == ""


def test_a_recording_cut_short_is_one_sentence(recording: Path, tmp_path: Path) -> None:
    path = tmp_path / "short.vrs"
    path.write_bytes(recording.read_bytes()[:100_000])
    with pytest.raises(ValueError, match="holds no pictures"):
        open_source(path)


def test_opening_is_quiet(recording: Path, capfd: pytest.CaptureFixture[str]) -> None:
    list(open_source(recording, longest_side_px=64))
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_gaze_angles_are_those_of_the_service(tmp_path: Path) -> None:
    path = tmp_path / "general_eye_gaze.csv"
    path.write_text(
        "tracking_timestamp_us,yaw_rads_cpf,pitch_rads_cpf,depth_m\n"
        "1000,0.0,0.0,\n1100,0.1,0.0,0.75\n1200,0.0,-0.2,0\n1300,,,\n"
    )
    ahead, left, down, blink = (s.message for s in read_aria_gaze(path))
    assert isinstance(ahead, Gaze)
    assert isinstance(left, Gaze)
    assert isinstance(down, Gaze)
    assert isinstance(blink, Gaze)
    assert ahead.capture_ns == 1_000_000
    np.testing.assert_allclose(ahead.d_head or (), [0.0, 0.0, -1.0], atol=1e-12)
    np.testing.assert_allclose(left.d_head or (), [-math.sin(0.1), 0.0, -math.cos(0.1)], atol=1e-12)
    np.testing.assert_allclose(down.d_head or (), [0.0, -math.sin(0.2), -math.cos(0.2)], atol=1e-12)
    assert (ahead.depth_m, left.depth_m, down.depth_m) == (None, 0.75, None)
    assert (blink.d_head, blink.confidence) == (None, 0.0)


def test_two_eyes_are_combined(tmp_path: Path) -> None:
    path = tmp_path / "general_eye_gaze.csv"
    path.write_text(
        "tracking_timestamp_us,left_yaw_rads_cpf,right_yaw_rads_cpf,pitch_rads_cpf,depth_m\n1000,-0.0315,0.0315,0,1\n"
    )
    (sample,) = read_aria_gaze(path)  # eyes 63 mm apart that meet a metre straight ahead
    assert isinstance(sample.message, Gaze)
    np.testing.assert_allclose(sample.message.d_head or (), [0.0, 0.0, -1.0], atol=1e-6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("tracking_timestamp_us,yaw_rads_cpf,pitch_rads_cpf,depth_m\n", "holds no gaze"),
        ("time,x,y\n1,2,3\n", "no column 'tracking_timestamp_us'"),
        ("tracking_timestamp_us,yaw_rads_cpf,pitch_rads_cpf\n5,0,0\nnow,0,0\n", "line 3: tracking_timestamp_us"),
        ("tracking_timestamp_us,yaw_rads_cpf,pitch_rads_cpf\n5,left,0\n", "line 2: yaw_rads_cpf is 'left'"),
    ],
)
def test_a_wrong_gaze_file_is_named_with_its_line(text: str, message: str, recording: Path, tmp_path: Path) -> None:
    path = tmp_path / "gaze.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"gaze\.csv.*{message}"):
        open_source(recording, path)
