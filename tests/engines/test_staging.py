"""A folder appears whole or not at all."""

import resource
import signal
from pathlib import Path

import pytest

from gazeline.engines.staging import MARK, staged


def test_it_appears_when_all_is_written(tmp_path: Path) -> None:
    with staged(tmp_path / "model") as work:
        (work / "a").write_text("1")
        assert not (tmp_path / "model").exists()
    assert (tmp_path / "model" / "a").read_text() == "1"
    with staged(tmp_path / "model", replace=True) as work:
        (work / "b").write_text("2")
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["b"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "old").touch()
    with pytest.raises(FileExistsError), staged(tmp_path / "model"):
        pass
    with pytest.raises(IsADirectoryError), staged(tmp_path / "model", replace=True) as work:
        work.write_text("no folder can be written to")
    assert [path.name for path in tmp_path.rglob("*")] == ["model", "old"]


def test_a_full_disk_is_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    """A limit on the size of files stands for a disk that is full: the write fails in the same place."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(OSError, match="has no room for the model"), staged(tmp_path / "model") as work:
            (work / "encoder.onnx").write_bytes(b"\0" * 1_000_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / f"{MARK}999999999-x").mkdir()
    with staged(tmp_path / "model"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
