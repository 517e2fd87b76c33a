"""A log of the bus played again: the headset's messages in the order of their capture, and nothing else."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from gazeline.calib import rig as rigs
from gazeline.calib.cameras import Pinhole
from gazeline.calib.rig import Rig, RigCamera, Transform
from gazeline.runtime.log import LogWriter
from gazeline.runtime.messages import Frame, Gaze, HeadPose, Message, Pose, RigDevice, TruthScore
from gazeline.runtime.sources.opening import open_source

MS = 1_000_000
RIG = Rig("a", {"world": RigCamera(Pinhole(64, 48, 60.0, 60.0, 31.5, 23.5), Transform((0, 1, 0, 0), (0, 0, 0)))})
JPEG = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()


def frame(at_ms: int, index: int) -> Frame:
    return Frame(topic="frame.world", capture_ns=at_ms * MS, width=64, height=48, index=index, format="jpeg")


def gaze(at_ms: int) -> Gaze:
    return Gaze(topic="gaze.3d.01.", capture_ns=at_ms * MS, confidence=1.0, d_head=(0.0, 0.0, -1.0))


def pose(at_ms: int) -> HeadPose:
    return HeadPose(topic="pose.head", capture_ns=at_ms * MS, T_world_head=Pose((1, 0, 0, 0), (0, 0, 0)))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Pictures come in 60 ms after their capture, gaze after 5."""
    rig = RigDevice(topic="rig.device", capture_ns=0, rig_id="a", rig_json=rigs.dumps(RIG))
    score = TruthScore(topic="truth.score", capture_ns=9, frame_index=0, gazed_id=1, iou=1.0, hit=True, overlay_id=1)
    sent: list[tuple[int, Message]] = [(0, rig), (100, score)]
    sent += [(50 * i + 60, frame(50 * i, i)) for i in range(4)]
    sent += [(10 * i + 5, gaze(10 * i)) for i in range(20)] + [(20 * i + 1, pose(20 * i)) for i in range(10)]
    with LogWriter(tmp_path / "short.gzl") as writer:
        for receive_ms, message in sorted(sent, key=lambda pair: pair[0]):
            writer.write(message, *([JPEG] if isinstance(message, Frame) else []), receive_ns=receive_ms * MS)
    return tmp_path / "short.gzl"


def test_everything_of_the_headset_in_the_order_of_capture(log: Path) -> None:
    source = open_source(log)
    samples = list(source)
    assert [s.capture_ns for s in samples] == sorted(s.capture_ns for s in samples)
    kinds = [type(s.message) for s in samples]
    assert (kinds.count(Frame), kinds.count(Gaze), kinds.count(HeadPose), len(kinds)) == (4, 20, 10, 34)
    assert source.rig == RIG
    assert [s.raw for s in samples if isinstance(s.message, Frame)] == [(JPEG,)] * 4
    assert list(source) == samples  # from the beginning, every time


def test_another_gaze_in_place_of_the_recorded_one(log: Path) -> None:
    assert not [s for s in open_source(log, "mouse") if isinstance(s.message, Gaze)]
    scripted = [s.message for s in open_source(log, "scripted") if isinstance(s.message, Gaze)]
    assert scripted
    assert all(message.norm_pos is not None for message in scripted)


def test_what_cannot_be_played_is_said_in_one_sentence(log: Path, tmp_path: Path) -> None:
    whole = log.read_bytes()
    (tmp_path / "cut.gzl").write_bytes(whole[:-10])
    with pytest.raises(ValueError, match=r"cut\.gzl is cut off"):
        list(open_source(tmp_path / "cut.gzl"))
    (tmp_path / "other.gzl").write_bytes(b"something else")
    with pytest.raises(ValueError, match="is no Gazeline recording"):
        open_source(tmp_path / "other.gzl")
    with LogWriter(tmp_path / "bare.gzl") as writer:
        writer.write(frame(0, 0), JPEG, receive_ns=0)
    with pytest.raises(ValueError, match=r"holds no calibration.*--rig"):
        open_source(tmp_path / "bare.gzl")
    (tmp_path / "gaze.csv").write_text("x")
    with pytest.raises(ValueError, match="has its own gaze"):
        open_source(log, tmp_path / "gaze.csv")
