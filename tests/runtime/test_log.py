"""Logs: what is written comes back as it was; what is no log, or a cut one, is said in one sentence."""

import threading
import time
from pathlib import Path

import pytest

from gazeline.runtime import demo
from gazeline.runtime.bus import BusAddress, Hub, Publisher
from gazeline.runtime.images import image_of
from gazeline.runtime.log import LogWriter, is_log, read_log, read_parts, record
from gazeline.runtime.messages import Frame, Gaze, HeadPose, Message, Pose
from gazeline.runtime.topics import FRAME_WORLD, GAZE_BINOCULAR, POSE_HEAD, RIG_DEVICE
from gazeline.runtime.wire import Received

JPEG = b"\xff\xd8 not much of a picture \xff\xd9"


def messages() -> list[tuple[Message, tuple[bytes, ...]]]:
    pose = Pose(quat_wxyz=(1.0, 0.0, 0.0, 0.0), xyz_m=(0.0, 1.6, 0.0))
    return [
        (Gaze(topic=GAZE_BINOCULAR, capture_ns=1, confidence=0.9, d_head=(0.0, 0.0, -1.0)), ()),
        (Frame(topic=FRAME_WORLD, capture_ns=2, width=64, height=48, index=0, format="jpeg"), (JPEG,)),
        (HeadPose(topic=POSE_HEAD, capture_ns=3, T_world_head=pose), ()),
    ]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "some.gzl"
    with LogWriter(path) as writer:
        for k, (message, raw) in enumerate(messages()):
            writer.write(message, *raw, receive_ns=1000 + k)
    return path


def test_what_was_written_comes_back(log: Path) -> None:
    back = list(read_log(log))
    assert [(item.message, item.raw) for item in back] == messages()
    assert [item.receive_ns for item in back] == [1000, 1001, 1002]
    assert is_log(log)


def test_broken_messages_are_kept_as_they_are_and_left_out_when_read(tmp_path: Path) -> None:
    path = tmp_path / "broken.gzl"
    message, raw = messages()[0]
    with LogWriter(path) as writer:
        writer.write_parts([b"gaze.3d.01.", b"garbage"], 1)
        writer.write(message, *raw, receive_ns=2)
    assert [item.receive_ns for item in read_log(path)] == [2]
    assert next(iter(read_parts(path))) == ([b"gaze.3d.01.", b"garbage"], 1)


def test_a_log_cut_inside_a_message_says_so_after_its_whole_messages(log: Path) -> None:
    whole = log.read_bytes()
    lengths = [9 + sum(4 + len(part) for part in parts) for parts, _ in read_parts(log)]
    start = len(whole) - sum(lengths)
    for before, length in enumerate(lengths):
        for cut in (1, 8, 9, 11, 40, length - 1):
            log.write_bytes(whole[: start + cut])
            found: list[Received] = []
            with pytest.raises(ValueError, match=r"some\.gzl is cut off: its message at byte"):
                found.extend(read_log(log))
            assert [(item.message, item.raw) for item in found] == messages()[:before]
        start += length


def test_foreign_missing_and_impossible_files(tmp_path: Path) -> None:
    foreign = tmp_path / "holiday.mp4"
    foreign.write_bytes(b"\x00\x00\x00 ftypisom")
    assert not is_log(foreign)
    with pytest.raises(ValueError, match=r"holiday\.mp4 is no Gazeline recording"):
        list(read_log(foreign))
    with pytest.raises(FileNotFoundError, match=r"there is no recording .*gone\.gzl"):
        list(read_log(tmp_path / "gone.gzl"))
    with pytest.raises(IsADirectoryError, match="is a folder"):
        list(read_log(tmp_path))
    with pytest.raises(OSError, match="cannot write the recording"):
        LogWriter(tmp_path / "no" / "such" / "folder.gzl")


def test_lengths_that_no_message_has_are_refused_before_memory_is_taken(log: Path) -> None:
    whole = bytearray(log.read_bytes())
    at = len(b"gazeline log 1\n") + 9
    whole[at : at + 4] = b"\xff\xff\xff\xff"
    log.write_bytes(whole)
    with pytest.raises(ValueError, match="is damaged at byte 15"):
        list(read_log(log))


def test_records_what_comes_over_a_real_bus(tmp_path: Path) -> None:
    address = BusAddress.parse(f"ipc://{tmp_path}/bus")
    path = tmp_path / "live.gzl"
    stop = threading.Event()
    counts: list[int] = []
    with Hub(address), Publisher(address) as publisher:
        thread = threading.Thread(target=lambda: counts.append(record(address, path, stop=stop.is_set)))
        thread.start()
        give_up_ns = time.monotonic_ns() + 10_000_000_000
        while time.monotonic_ns() < give_up_ns and (not path.exists() or path.stat().st_size < 1000):
            for message, raw in messages():
                publisher.send(message, *raw)
            time.sleep(0.02)
        stop.set()
        thread.join()
    back = list(read_log(path))
    assert counts == [len(back)]
    assert {item.message.topic for item in back} == {GAZE_BINOCULAR, FRAME_WORLD, POSE_HEAD}
    assert all(item.raw == (JPEG,) for item in back if isinstance(item.message, Frame))


def test_the_recording_that_comes_with_the_package_is_whole() -> None:
    path = demo.bundled_recording()
    assert path is not None
    assert path.stat().st_size <= 1_500_000
    back = list(read_log(path))
    assert len(back) == len(list(read_parts(path))), "nothing in it is broken"
    frames = [item for item in back if isinstance(item.message, Frame)]
    assert len(frames) >= 50
    assert all(image_of(item).shape == (480, 640, 3) for item in frames[::10])
    assert {item.message.topic for item in back} == {GAZE_BINOCULAR, FRAME_WORLD, POSE_HEAD, RIG_DEVICE}
