"""A replay end to end: a video through real processes, with a report, a video of outlines, and an end."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

SECONDS, FPS = 3, 20


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    """A bright disc in the middle of a dark wall, for three seconds."""
    path = tmp_path / "walk.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), FPS, (320, 240))
    for _ in range(SECONDS * FPS):
        image = np.full((240, 320, 3), (50, 40, 30), np.uint8)
        cv2.circle(image, (160, 120), 40, (40, 90, 220), -1)
        writer.write(image)
    writer.release()
    return path


def replay(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "gazeline.runtime.cli", "replay", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)


def test_a_video_is_reported_and_ends(walk: Path, tmp_path: Path) -> None:
    report, video = tmp_path / "report.json", tmp_path / "outlined.mp4"
    done = replay(str(walk), "--headless", "--report", str(report), "--video", str(video))
    assert done.returncode == 0, done.stdout + done.stderr
    made = json.loads(report.read_text())
    assert "truth" not in made
    assert made["frames"]["captured"] == SECONDS * FPS  # nothing of it was missed while the runtime started
    assert made["gaze"]["fixations"] > 0
    assert made["looks"]
    assert all(look["duration_ms"] <= 1000 * SECONDS + 1000 for look in made["looks"])
    capture = cv2.VideoCapture(str(video))
    seconds = capture.get(cv2.CAP_PROP_FRAME_COUNT) / capture.get(cv2.CAP_PROP_FPS)
    assert seconds == pytest.approx(SECONDS, abs=1.0)
    assert (capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)) == (320, 240)


def test_a_gaze_file_of_something_else_is_one_sentence(walk: Path, tmp_path: Path) -> None:
    gaze = tmp_path / "gaze.csv"
    gaze.write_text("nothing,of,use\n1,2,3\n")
    done = replay(str(walk), "--gaze", str(gaze), "--headless")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "gaze.csv" in done.stderr
