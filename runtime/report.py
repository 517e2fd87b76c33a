"""What a run amounted to: counts, latency percentiles, memory, truth, and what was looked at, when, for how long.

An ``Accumulator`` is fed with the messages of the bus and has no clock, socket or file of its own, so that the demo,
a replay and the lockstep simulator report in the same way.
"""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table

from gazeline.runtime.messages import Message, Overlay, Stats, TruthScore
from gazeline.runtime.tracking.looks import Look, looked

STAGES = ("encode", "decode", "frame_to_overlay", "gaze_to_overlay")


class Accumulator:
    """Feed it every message of ``overlay.objects``, ``stats.runtime`` and ``truth.score``; others are ignored."""

    def __init__(self) -> None:
        self._latency_ms = {stage: array("d") for stage in STAGES}  # 8 bytes per value: 4 MB an hour at 30 Hz
        self._iou = array("d")
        self._hits = 0
        self._misses = 0
        self._scores = 0
        self._last_stats: Stats | None = None
        self._earlier: Counter[str] = Counter()  # totals of a runtime that died and was started again
        self._rss_peak_mb = 0.0
        self._last_frame: int | None = None
        self._looks: list[dict[str, Any]] = []
        self._look_now: Look | None = None

    def feed(self, message: Message) -> None:
        match message:
            case Overlay():
                self._overlay(message)
            case Stats():
                if self._last_stats is not None and message.uptime_s < self._last_stats.uptime_s:
                    self._earlier.update(_totals(self._last_stats))
                self._last_stats = message
                self._rss_peak_mb = max(self._rss_peak_mb, message.rss_peak_mb)
            case TruthScore():
                self._score(message)
            case _:
                pass

    def report(self) -> dict[str, Any]:
        """The report as plain values; a percentile without a sample is None, ``truth`` is there only with scores."""
        stats = self._last_stats
        totals = self._earlier + _totals(stats)
        report: dict[str, Any] = {
            "frames": {key: totals[key] for key in ("captured", "encoded", "dropped")},
            "gaze": {key: totals[key] for key in ("samples", "prompts", "fixations")},
            "latency_ms": {
                stage: {"p50": _percentile(values, 50), "p99": _percentile(values, 99)}
                for stage, values in self._latency_ms.items()
            },
            "memory_mb": {"rss_peak": round(self._rss_peak_mb, 1) if stats else None},
        }
        if self._scores:
            judged = self._hits + self._misses
            report["truth"] = {
                "gaze_iou": {
                    "mean": round(float(np.mean(self._iou)), 4) if self._iou else None,
                    "p10": _percentile(self._iou, 10, digits=4),
                },
                "gaze_hit_rate": round(self._hits / judged, 4) if judged else None,
            }
        report["looks"] = [
            {
                "object_id": look["object_id"],
                "name": look["name"],
                "start_ns": look["start_ns"],
                "duration_ms": round((look["end_ns"] - look["start_ns"]) / 1e6, 1),
                "frames": look["frames"],
            }
            for look in self._looks
        ]
        return report

    def _overlay(self, overlay: Overlay) -> None:
        # Several overlays may stand on one encoded frame (the gaze moved on): its encoding is one event, and only the
        # first of them says how long the frame took to be outlined.
        first_of_frame = overlay.frame_index != self._last_frame
        for stage, values in self._latency_ms.items():
            once_per_frame = stage in {"encode", "frame_to_overlay"}
            if stage in overlay.latency_ms and (first_of_frame or not once_per_frame):
                values.append(overlay.latency_ms[stage])
        if overlay.latency_ms:
            self._last_frame = overlay.frame_index
        self._look(overlay)

    def _look(self, overlay: Overlay) -> None:
        gazed = next((item for item in overlay.objects if item.gazed), None)
        now_ns = overlay.gaze_capture_ns if overlay.gaze_capture_ns is not None else overlay.capture_ns
        if gazed is None or now_ns is None or overlay.gaze_state not in {"fixation", "user"}:
            return
        since_ns = now_ns - round(1e6 * gazed.dwell_ms)  # the first overlay of a look comes some time after its start
        look = looked(self._look_now, gazed.id, since_ns, now_ns)
        if not look.goes_on(self._look_now):
            self._looks.append({"object_id": look.object_id, "name": None, "frames": 0, "frame": None})
        self._look_now, row = look, self._looks[-1]
        row |= {"start_ns": look.start_ns, "end_ns": look.end_ns, "name": gazed.name or row["name"]}
        if row["frame"] != overlay.frame_index:
            row["frame"] = overlay.frame_index
            row["frames"] += 1

    def _score(self, score: TruthScore) -> None:
        self._scores += 1
        if score.iou is not None:
            self._iou.append(score.iou)
        if score.hit is not None:
            self._hits += score.hit
            self._misses += not score.hit


def write(report: Mapping[str, Any], path: Path) -> None:
    """Write ``report`` as indented JSON. Raises OSError with a sentence when the file cannot be written."""
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    except OSError as error:
        raise OSError(
            f"cannot write the report to {path}: {error.strerror}; choose another file with --report"
        ) from error


def check_writable(path: Path, option: str) -> None:
    """Refuse an output file before the run rather than after it. Raises OSError with a sentence."""
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give a file to {option}")
    if not path.resolve().parent.is_dir():
        raise FileNotFoundError(f"the folder of {path} does not exist; make it or choose another file with {option}")


def summary(report: Mapping[str, Any], longest_looks: int = 5) -> RenderableType:
    """The report for a person: one small table, and the objects looked at longest."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column()
    frames, gaze = report["frames"], report["gaze"]
    table.add_row("frames", f"{frames['captured']} captured, {frames['encoded']} encoded, {frames['dropped']} dropped")
    table.add_row("gaze", f"{gaze['samples']} samples, {gaze['prompts']} prompts, {gaze['fixations']} fixations")
    for stage, value in report["latency_ms"].items():
        if value["p50"] is not None:
            table.add_row(stage.replace("_", " "), f"{value['p50']:.1f} ms, 99 % within {value['p99']:.1f} ms")
    if report["memory_mb"]["rss_peak"] is not None:
        table.add_row("memory", f"{report['memory_mb']['rss_peak']:.0f} MB at most")
    if truth := report.get("truth"):
        mean, hit_rate = truth["gaze_iou"]["mean"], truth["gaze_hit_rate"]
        table.add_row(
            "against the truth", f"IoU {_or_none(mean)} on average, gaze inside the outline {_or_none(hit_rate)}"
        )
    looks = _longest(report["looks"])
    if not looks:
        return table
    seen = Table(box=None, pad_edge=False, title="Looked at longest", title_justify="left")
    for heading in ("object", "looks", "seconds"):
        seen.add_column(heading, justify="left" if heading == "object" else "right")
    for name, count, duration_ms in looks[:longest_looks]:
        seen.add_row(name, str(count), f"{duration_ms / 1000:.1f}")
    return Group(table, "", seen)


def _totals(stats: Stats | None) -> Counter[str]:
    return Counter({**stats.frames, **stats.gaze}) if stats else Counter()


def _longest(looks: Sequence[Mapping[str, Any]]) -> list[tuple[str, int, float]]:
    totals: dict[int, tuple[str, int, float]] = {}
    for look in looks:
        key = look["object_id"]
        name, count, duration_ms = totals.get(key, (f"object {key}", 0, 0.0))
        totals[key] = (look["name"] or name, count + 1, duration_ms + look["duration_ms"])
    return sorted(totals.values(), key=lambda total: -total[2])


def _percentile(values: Sequence[float], percent: float, digits: int = 2) -> float | None:
    return round(float(np.percentile(np.asarray(values), percent)), digits) if len(values) else None


def _or_none(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"
