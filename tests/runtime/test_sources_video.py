"""Videos, folders of images and single images as sources, with gaze from files, by script or none."""

import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from gazeline.calib import rig as rigs
from gazeline.calib.cameras import Pinhole, RadTan
from gazeline.calib.rig import Rig, RigCamera, Transform
from gazeline.calib.se3 import FORWARD_CAMERA
from gazeline.runtime.messages import Frame, Gaze
from gazeline.runtime.sources.opening import open_source
from gazeline.runtime.sources.source import Source

FRAMES = 12
HZ = 20.0
SIZE = (160, 120)


def picture(i: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A grey picture whose brightness says which it is (BGR)."""
    return np.full((SIZE[1], SIZE[0], 3), 20 + 15 * i, dtype=np.uint8)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), HZ, SIZE)
    assert writer.isOpened()
    for i in range(FRAMES):
        writer.write(picture(i))
    writer.release()
    return path


def frames_of(source: Source) -> list[tuple[int, Frame, float]]:
    """Time, message and mean brightness of every picture."""
    found = []
    for sample in source:
        if isinstance(sample.message, Frame):
            image = cv2.imdecode(np.frombuffer(sample.raw[0], np.uint8), cv2.IMREAD_COLOR)
            assert image is not None
            assert image.shape[:2] == (sample.message.height, sample.message.width)
            found.append((sample.capture_ns, sample.message, float(image.mean())))
    return found


def gaze_of(source: Source) -> list[Gaze]:
    return [sample.message for sample in source if isinstance(sample.message, Gaze)]


def pixel(source: Source, gaze: Gaze) -> list[float]:
    """Where a gaze direction is on the picture, the way the runtime finds it."""
    world = source.rig.cameras["world"]
    assert gaze.d_head is not None
    px, _ = world.camera.project(world.se3.inverse().rotate(gaze.d_head))
    return [float(v) for v in px]


def test_a_video_keeps_its_order_and_its_times(video: Path) -> None:
    source = open_source(video, "mouse")
    frames = frames_of(source)
    assert [f.index for _, f, _ in frames] == list(range(FRAMES))
    assert frames[0][0] == 0
    np.testing.assert_allclose(np.diff([t for t, _, _ in frames]), 1e9 / HZ, atol=2e6)
    np.testing.assert_allclose([mean for _, _, mean in frames], [20 + 15 * i for i in range(FRAMES)], atol=4)
    assert gaze_of(source) == []  # the mouse's part


def test_without_calibration_a_pinhole_of_70_degrees_is_assumed_and_said(video: Path) -> None:
    rig = open_source(video).rig
    assert rig.id == "uncalibrated-70deg-160x120"
    left, right = rig.cameras["world"].camera.unproject([[-0.5, 59.5], [159.5, 59.5]])[0]
    assert math.degrees(math.acos(float(left @ right))) == pytest.approx(70.0)


def test_scripted_gaze_visits_the_picture_calmly_and_always_alike(video: Path) -> None:
    source = open_source(video)
    gaze = gaze_of(source)
    assert len(gaze) == pytest.approx(60 * FRAMES / HZ, abs=3)
    assert gaze == gaze_of(source)
    assert pixel(source, gaze[0]) == pytest.approx([79.5, 59.5])
    points = np.array([pixel(source, g) for g in gaze])
    assert ((points > 0) & (points < [160, 120])).all()


def test_gaze_from_our_own_csv(video: Path, tmp_path: Path) -> None:
    csv = tmp_path / "g.csv"
    csv.write_text(
        "timestamp_ns,x_px,y_px,confidence\n"
        "300000000,80,60,0.5\n"  # out of order
        "100000000,10.5,20.25,1\n"
        "200000000,,,0.9\n"  # a blink
        "99000000000,1,1,1\n"  # long after the last picture
    )
    source = open_source(video, csv)
    seen, blink, later = gaze_of(source)
    assert pixel(source, seen) == pytest.approx([10.5, 20.25])
    assert seen.norm_pos == pytest.approx((11 / 160, 1 - 20.75 / 120))
    assert (blink.d_head, blink.confidence) == (None, 0.0)
    assert (later.confidence, later.capture_ns) == (0.5, 300_000_000)
    times = [sample.capture_ns for sample in source]
    assert times == sorted(times)


def test_a_pupil_labs_export_is_read_as_it_is(video: Path, tmp_path: Path) -> None:
    zero = 1_700_000_000_000_000_000
    (tmp_path / "gaze.csv").write_text(
        "section id,recording id,timestamp [ns],gaze x [px],gaze y [px],worn,fixation id,blink id\n"
        f"a,b,{zero + 10_000_000},40.0,30.0,1.0,1,\n"
        f"a,b,{zero + 60_000_000},41.0,31.0,1.0,,7\n"
        f"a,b,{zero + 70_000_000},42.0,32.0,0.0,,\n"
    )
    with pytest.raises(FileNotFoundError, match=r"gaze\.csv has absolute times; put the world_timestamps\.csv"):
        open_source(tmp_path)
    (tmp_path / "world_timestamps.csv").write_text(
        "section id,recording id,timestamp [ns]\n" + "".join(f"a,b,{zero + i * 50_000_000}\n" for i in range(FRAMES))
    )
    source = open_source(tmp_path)  # the folder as it was exported
    assert [t - zero for t, _, _ in frames_of(source)] == [i * 50_000_000 for i in range(FRAMES)]
    seen, blinking, off = gaze_of(source)
    assert pixel(source, seen) == pytest.approx([40.0, 30.0])
    assert [g.confidence for g in (seen, blinking, off)] == [1.0, 0.0, 0.0]


def test_a_rig_file_replaces_the_assumption(video: Path, tmp_path: Path) -> None:
    camera = RadTan(160, 120, 150.0, 150.0, 80.0, 61.0, -0.1, 0.02, 1e-3, 0.0)
    rigs.save(Rig("mine", {"scene": RigCamera(camera, Transform.of(FORWARD_CAMERA))}), tmp_path / "rig.json")
    csv = tmp_path / "g.csv"
    csv.write_text("timestamp_ns,x_px,y_px\n0,20,30\n")
    source = open_source(video, csv, rig=tmp_path / "rig.json")
    assert source.rig.id == "mine"
    assert source.rig.cameras["world"].camera == camera
    assert pixel(source, gaze_of(source)[0]) == pytest.approx([20.0, 30.0])
    small = open_source(video, csv, rig=tmp_path / "rig.json", longest_side_px=80)
    assert frames_of(small)[0][1].width == 80
    assert pixel(small, gaze_of(small)[0]) == pytest.approx([20.5 / 2 - 0.5, 30.5 / 2 - 0.5])


def test_a_rig_of_another_size_is_refused(video: Path, tmp_path: Path) -> None:
    camera = RigCamera(Pinhole(640, 480, 500.0, 500.0, 320.0, 240.0), Transform.of(FORWARD_CAMERA))
    rigs.save(Rig("big", {"world": camera}), tmp_path / "rig.json")
    with pytest.raises(ValueError, match=r"clip\.avi is 160x120 and the camera of rig 'big' is 640x480"):
        open_source(video, rig=tmp_path / "rig.json")


def test_a_folder_of_images_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    for i in (0, 1, 2, 10):
        cv2.imwrite(str(tmp_path / f"img{i}.{'jpg' if i else 'png'}"), picture(i))
    (tmp_path / "notes.txt").write_text("not an image")
    frames = frames_of(open_source(tmp_path, "mouse"))
    np.testing.assert_allclose([mean for _, _, mean in frames], [20, 35, 50, 170], atol=4)
    np.testing.assert_allclose(np.diff([t for t, _, _ in frames]), 1e9 / 24, atol=1)


def test_a_single_image_is_shown_for_ten_seconds(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "still.jpg"), picture(3))
    source = open_source(tmp_path / "still.jpg")
    raws = [sample.raw[0] for sample in source if sample.raw]
    assert len(raws) == 240
    assert set(raws) == {(tmp_path / "still.jpg").read_bytes()}  # a JPEG is sent as it is


def test_damaged_and_missing_and_mixed_up_things_are_one_sentence(tmp_path: Path, video: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.mp4").write_bytes(b"no video at all")
    (tmp_path / "nothing.mp4").write_bytes(b"")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n")
    (tmp_path / "nothing.jpg").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("hello")
    sizes = tmp_path / "sizes"
    sizes.mkdir()
    cv2.imwrite(str(sizes / "1.png"), picture(1))
    cv2.imwrite(str(sizes / "2.png"), picture(1)[:50])
    for path, message in (
        ("none.mp4", "there is no"),
        ("empty", "holds no recording, video or image"),
        ("broken.mp4", "cannot be read as a video"),
        ("nothing.mp4", "cannot be read as a video"),
        ("broken.png", "cannot be read as an image"),
        ("nothing.jpg", "cannot be read as an image"),
        ("notes.txt", "its name must end in one of"),
        (".", "holds several recordings"),
        ("sizes", "must be of one size"),
    ):
        with pytest.raises((ValueError, OSError), match=message) as error:
            list(open_source(tmp_path / path))
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("timestamp_ns,x_px,y_px\n", "holds no gaze"),
        ("time,x,y\n1,2,3\n", "line 1: no column 'timestamp_ns'"),
        ("timestamp_ns,x_px,y_px\n1,2,3\n2,a,3\n", "line 3: x_px is 'a'"),
        ("timestamp_ns,x_px,y_px\n1.5,2,3\n", "line 2: timestamp_ns is '1.5'"),
        ("timestamp_ns,x_px,y_px\n-1,2,3\n", "line 2: timestamp_ns is '-1'"),
        ("timestamp_ns,x_px,y_px\n1,inf,3\n", "line 2: x_px is 'inf'"),
        ("timestamp_ns,x_px,y_px\n1,2\n", "line 2: not as many values"),
        ("timestamp_ns,x_px,y_px\n9999999999999999999,1,2\n", "line 2: timestamp_ns"),
        ("timestamp_ns,x_px,y_px,confidence\n1,2,3,4\n", "line 2: confidence is 4"),
        ("\x00\x01", "line|empty|not a CSV|no gaze"),
    ],
)
def test_a_wrong_gaze_file_is_named_with_line_and_column(text: str, message: str, video: Path, tmp_path: Path) -> None:
    csv = tmp_path / "g.csv"
    csv.write_text(text)
    with pytest.raises(ValueError, match=rf"g\.csv.*({message})"):
        open_source(video, csv)


def test_a_missing_gaze_file_is_named(video: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no gaze file .*none\.csv"):
        open_source(video, tmp_path / "none.csv")
