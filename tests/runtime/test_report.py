"""The report: counts, percentiles and looks from messages as the bus carries them."""

import io
import json
from pathlib import Path
from typing import Any, Literal

import pytest
from rich.console import Console

from gazeline.runtime import report
from gazeline.runtime.messages import Overlay, OverlayObject, Stats, TruthScore

MS = 1_000_000


def overlay(
    at_ms: int,
    frame_index: int,
    object_id: int | None = None,
    *,
    name: str | None = None,
    state: Literal["fixation", "saccade", "blink", "lost", "user"] = "fixation",
    latency_ms: dict[str, float] | None = None,
) -> Overlay:
    gazed = [] if object_id is None else [
        OverlayObject(id=object_id, score=0.9, gazed=True, outline=[], box=(0, 0, 9, 9), area_px=81, name=name)
    ]  # fmt: skip
    return Overlay(
        topic="overlay.objects",
        capture_ns=at_ms * MS,
        publish_ns=at_ms * MS,
        frame_index=frame_index,
        width=640,
        height=480,
        gaze_state=state,
        gaze_capture_ns=at_ms * MS,
        objects=gazed,
        latency_ms=latency_ms or {},
    )


def stats(captured: int, rss_peak_mb: float, uptime_s: float = 1.0) -> Stats:
    return Stats(
        topic="stats.runtime",
        ready=True,
        model="gazeline-s",
        uptime_s=uptime_s,
        frames={"captured": captured, "encoded": captured - 1, "dropped": 1},
        gaze={"samples": 120, "prompts": 7, "fixations": 3},
        dropped={},
        stages={},
        rates_hz={},
        rss_mb=100.0,
        rss_peak_mb=rss_peak_mb,
    )


def test_nothing_seen_gives_the_keys_and_no_invented_numbers() -> None:
    made = report.Accumulator().report()
    assert set(made) == {"frames", "gaze", "latency_ms", "memory_mb", "looks"}
    assert made["frames"] == {"captured": 0, "encoded": 0, "dropped": 0}
    assert made["gaze"] == {"samples": 0, "prompts": 0, "fixations": 0}
    assert set(made["latency_ms"]) == {"encode", "decode", "frame_to_overlay", "gaze_to_overlay"}
    assert made["latency_ms"]["encode"] == {"p50": None, "p99": None}
    assert made["memory_mb"] == {"rss_peak": None}


def test_counts_are_the_last_totals_and_memory_is_the_peak() -> None:
    accumulator = report.Accumulator()
    for captured, peak in ((10, 300.0), (20, 310.0)):
        accumulator.feed(stats(captured, peak))
    made = accumulator.report()
    assert made["frames"] == {"captured": 20, "encoded": 19, "dropped": 1}
    assert made["gaze"] == {"samples": 120, "prompts": 7, "fixations": 3}
    assert made["memory_mb"] == {"rss_peak": 310.0}


def test_totals_and_peak_outlive_a_restart_of_the_runtime() -> None:
    accumulator = report.Accumulator()
    for captured, peak, uptime_s in ((10, 300.0, 1.0), (50, 420.0, 5.0), (2, 200.0, 0.5), (7, 210.0, 1.0)):
        accumulator.feed(stats(captured, peak, uptime_s))
    made = accumulator.report()
    assert made["frames"]["captured"] == 57
    assert made["memory_mb"] == {"rss_peak": 420.0}


def test_one_encoding_counts_once_though_the_gaze_prompted_it_twice() -> None:
    accumulator = report.Accumulator()
    for frame_index, gaze_ms in ((1, 10.0), (1, 20.0), (2, 30.0)):
        latency_ms = {"encode": 5.0 * frame_index, "decode": 2.0, "frame_to_overlay": 9.0, "gaze_to_overlay": gaze_ms}
        accumulator.feed(overlay(frame_index * 33, frame_index, 1, latency_ms=latency_ms))
    latency_ms = accumulator.report()["latency_ms"]
    assert latency_ms["encode"]["p50"] == pytest.approx(7.5)  # of 5 and 10, not of 5, 5 and 10
    assert latency_ms["gaze_to_overlay"]["p50"] == pytest.approx(20.0)


def test_truth_leaves_out_what_could_not_be_judged() -> None:
    accumulator = report.Accumulator()
    for iou, hit in ((0.9, True), (0.5, True), (None, None), (0.1, False)):
        accumulator.feed(
            TruthScore(topic="truth.score", frame_index=1, gazed_id=3, iou=iou, hit=hit, overlay_id=1)
        )  # fmt: skip
    truth = accumulator.report()["truth"]
    assert truth["gaze_iou"]["mean"] == pytest.approx(0.5)
    assert truth["gaze_iou"]["p10"] == pytest.approx(0.18)
    assert truth["gaze_hit_rate"] == pytest.approx(2 / 3, abs=1e-4)


def test_looks_say_what_when_and_for_how_long() -> None:
    accumulator = report.Accumulator()
    accumulator.feed(overlay(0, 0, 7))
    accumulator.feed(overlay(100, 1, 7, name="mug"))
    accumulator.feed(overlay(150, 2, state="blink"))  # a blink does not end a look
    accumulator.feed(overlay(300, 3, 7))
    accumulator.feed(overlay(350, 4, 8))
    accumulator.feed(overlay(360, 4, 8))
    accumulator.feed(overlay(2000, 5, 8))  # the same object, long after: looked at again
    assert accumulator.report()["looks"] == [
        {"object_id": 7, "name": "mug", "start_ns": 0, "duration_ms": 300.0, "frames": 3},
        {"object_id": 8, "name": None, "start_ns": 350 * MS, "duration_ms": 10.0, "frames": 1},
        {"object_id": 8, "name": None, "start_ns": 2000 * MS, "duration_ms": 0.0, "frames": 1},
    ]


def test_written_as_json_and_read_by_a_person(tmp_path: Path) -> None:
    accumulator = report.Accumulator()
    accumulator.feed(stats(20, 310.0))
    accumulator.feed(overlay(0, 0, 7, name="mug", latency_ms={"gaze_to_overlay": 12.0}))
    accumulator.feed(overlay(900, 9, 7, latency_ms={"gaze_to_overlay": 13.0}))
    made = accumulator.report()
    report.write(made, tmp_path / "report.json")
    read: dict[str, Any] = json.loads((tmp_path / "report.json").read_text())
    assert read == made
    console = Console(file=io.StringIO(), width=100)
    console.print(report.summary(made))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "20 captured" in text
    assert "mug" in text


def test_an_output_that_cannot_be_written_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"folder of .*missing.* does not exist.*--report"):
        report.check_writable(tmp_path / "missing" / "report.json", "--report")
    with pytest.raises(OSError, match="is a folder"):
        report.check_writable(tmp_path, "--video")
    with pytest.raises(OSError, match="cannot write the report"):
        report.write({}, tmp_path)
