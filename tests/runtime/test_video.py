"""The video of the view: real time, each picture with its own outlines, and clear words where it cannot be written."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.runtime import messages as m
from gazeline.runtime.draw import draw_overlay
from gazeline.runtime.video import VideoWriter
from gazeline.runtime.wire import Received
from tests.runtime import scripted_headset as headset

START_NS = 5_000_000_000
MS = 1_000_000


def received(message: m.Message, *raw: bytes) -> Received:
    return Received(message, raw, message.capture_ns or 0)


def shade(value: int) -> NDArray[np.uint8]:
    return np.full((headset.HEIGHT, headset.WIDTH, 3), value, np.uint8)


def frame(index: int, t_ms: float, image: NDArray[np.uint8]) -> Received:
    return received(headset.frame_of(index, START_NS + round(t_ms * MS)), headset.jpeg_of(image))


def read(path: Path) -> tuple[list[NDArray[np.uint8]], float]:
    """All pictures as RGB, and the rate."""
    video = cv2.VideoCapture(str(path))
    rate = video.get(cv2.CAP_PROP_FPS)
    pictures: list[NDArray[np.uint8]] = []
    while True:
        found, image = video.read()
        if not found:
            return pictures, rate
        pictures.append(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8))


def test_it_runs_in_real_time(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with VideoWriter(path, fps=20.0) as writer:
        for t_ms in range(0, 1000, 100):  # 10 Hz: each shown twice
            writer.take(frame(t_ms, t_ms, shade(20 + t_ms // 10)))
        for t_ms in range(1000, 2000, 10):  # 100 Hz: every fifth
            writer.take(frame(t_ms, t_ms, shade(120 + (t_ms - 1000) // 10)))
    pictures, rate = read(path)
    assert rate == 20.0
    assert len(pictures) == writer.counts.written
    assert abs(len(pictures) - 40) <= 1
    assert writer.counts.pictures == 110
    shades = np.array([each.mean() for each in pictures])
    at_ms = np.arange(len(pictures)) * 50.0
    expected = np.where(at_ms < 1000, 20 + at_ms // 100 * 10, 120 + (at_ms - 1000) / 10)
    assert np.abs(shades - expected).max() < 12  # a picture's time is right to one frame
    assert (np.diff(shades) > -3).all()


def test_each_picture_has_the_outlines_of_its_own_instant(tmp_path: Path) -> None:
    """Outlines come two pictures late, for every second picture; the head turns all the while."""
    path = tmp_path / "out.mp4"
    yaws = [0.02 * index for index in range(12)]
    pictures = [headset.picture(yaw) for yaw in yaws]
    times_ns = [START_NS + 50 * MS * index for index in range(12)]
    with VideoWriter(path, fps=20.0) as writer:
        writer.take(received(headset.rig_message()))
        for index in range(12):
            writer.take(received(headset.pose_message(yaws[index], times_ns[index])))
            writer.take(frame(index, 50 * index, pictures[index]))
            late = index - 2
            if late >= 0 and late % 2 == 0:
                writer.take(received(headset.overlay_of(2, index=late, capture_ns=times_ns[late], yaw_rad=yaws[late])))
    written, _ = read(path)
    assert len(written) == 12
    assert writer.counts.with_own_overlay == 5  # of pictures 0, 2, 4, 6 and 8
    assert writer.counts.with_older_overlay == 7
    for index in range(12):
        right = headset.overlay_of(2, index=index, capture_ns=times_ns[index], yaw_rad=yaws[index])
        behind = headset.overlay_of(2, index=index, capture_ns=times_ns[index], yaw_rad=yaws[index] - 0.02)
        errors = [
            float(np.abs(draw_overlay(pictures[index], each).astype(int) - written[index]).mean())
            for each in (right, behind)
        ]
        assert errors[0] < 0.8 * errors[1], index


def test_pictures_do_not_wait_for_ever(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "out.mp4", wait_frames=3) as writer:
        for index in range(10):
            writer.take(frame(index, 33.4 * index, shade(50)))
        assert writer.counts.written == 7
    assert writer.counts.written == 10
    assert writer.counts.with_own_overlay == writer.counts.with_older_overlay == 0


def test_long_pauses_are_cut_and_another_clock_goes_on(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "out.mp4", fps=10.0) as writer:
        writer.take(frame(0, 0, shade(50)))
        writer.take(frame(1, 3_600_000, shade(90)))  # an hour later
        writer.take(frame(2, 3_600_100, shade(90)))
        writer.take(frame(3, 3_600_050, shade(90)))  # late: left out
        writer.take(frame(0, -4_000, shade(130)))  # started again, with another clock
        writer.take(frame(1, -3_900, shade(130)))
    assert writer.counts.written == pytest.approx(24, abs=1)
    assert writer.counts.skipped >= 1


def test_what_is_broken_or_of_another_size_does_not_end_it(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with VideoWriter(path) as writer:
        writer.take(frame(0, 0, shade(50)))
        writer.take(received(headset.frame_of(1, START_NS + 33 * MS), b"\xff\xd8 no picture"))
        small = shade(200)[:100, :120].copy()
        writer.take(received(headset.frame_of(2, START_NS + 67 * MS, width=120, height=100), headset.jpeg_of(small)))
        odd = shade(90)[:101, :77].copy()
        writer.take(
            received(headset.frame_of(3, START_NS + 100 * MS, width=77, height=101, format="rgb"), odd.tobytes())
        )
    pictures, _ = read(path)
    assert writer.counts.skipped == 1
    assert [each.shape for each in pictures] == [(headset.HEIGHT, headset.WIDTH, 3)] * len(pictures)
    assert len(pictures) == 4


def test_odd_sizes_lose_their_last_row_and_column(tmp_path: Path) -> None:
    path = tmp_path / "odd.mp4"
    with VideoWriter(path) as writer:
        image = shade(90)[:101, :77].copy()
        writer.take(received(headset.frame_of(0, START_NS, width=77, height=101), headset.jpeg_of(image)))
    assert read(path)[0][0].shape == (100, 76, 3)


def test_a_path_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"nowhere/out\.mp4 cannot be written: No such file or directory"):
        VideoWriter(tmp_path / "nowhere" / "out.mp4")
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(OSError, match=r"folder\.mp4 cannot be written: Is a directory"):
        VideoWriter(tmp_path / "folder.mp4")
    with pytest.raises(ValueError, match=r"out\.avi: a video's name ends in \.mp4"):
        VideoWriter(tmp_path / "out.avi")
    with pytest.raises(ValueError, match="frames per second"):
        VideoWriter(tmp_path / "out.mp4", fps=0.0)


def test_nothing_seen_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with VideoWriter(path):
        assert os.path.exists(path)
    assert not path.exists()
