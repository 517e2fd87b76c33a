"""``gazeline bench engines`` measures every network in a process of its own."""

from pathlib import Path

import pytest

from gazeline.engines.bundle import DEFAULT, find
from gazeline.runtime.bench.engines import Subject, measure
from tests.engines.toy_models import write_own


def test_all_are_measured_in_turn_and_compared_with_the_first(tmp_path: Path) -> None:
    write_own(tmp_path)
    subjects = [
        Subject("ours", find(DEFAULT), False, "onnxruntime", 1),
        Subject("ours, whole frame", find(DEFAULT), True, "onnxruntime", 1),
        Subject("toy", tmp_path, False, "onnxruntime", 1),
    ]
    rows = measure(subjects, seconds=0.5)
    assert [row.label for row in rows] == [subject.label for subject in subjects]
    for row in rows:
        assert row.runs >= 2
        assert 0.0 < row.encode_p50_ms <= row.encode_p99_ms
        assert 0.0 < row.decode_p50_ms <= row.decode_p99_ms
        assert row.peak_rss_mb > 20.0
    assert rows[0].encode_ratio == rows[0].decode_ratio == 1.0
    assert rows[2].encode_ratio == pytest.approx(rows[2].encode_p50_ms / rows[0].encode_p50_ms)


def test_a_network_that_does_not_load_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises((ValueError, OSError), match=r"broken on onnxruntime: .*model\.toml"):
        measure([Subject("broken", tmp_path, False, "onnxruntime", 1)], seconds=0.1)
