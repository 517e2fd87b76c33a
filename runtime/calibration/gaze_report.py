"""A gaze calibration's result as a table, as JSON, and as a map of the error over the field."""

from pathlib import Path

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from gazeline.calib.gaze_mapping import Array, angles_of
from gazeline.calib.gaze_quality import Quality, TargetGaze, quality_at
from gazeline.runtime.calibration.gaze_result import Outcome, Verdict
from gazeline.runtime.files import write_bytes

MAP_PX, MARGIN_PX = 900, 70
BACKGROUND, GRID, BEFORE, AFTER, TEXT = (
    (14, 11, 8),
    (60, 52, 44),
    (80, 150, 250),
    (150, 220, 90),
    (225, 220, 210),
)  # BGR


def table(outcome: Outcome) -> Table:
    """Accuracy and precision at the targets that check the fit, without and with it."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("at targets not fitted", "accuracy", "precision (RMS-S2S)", "std", "offset right, up"):
        made.add_column(heading, justify="left" if heading.startswith("at") else "right")
    for name, quality in (("without correction", outcome.before), (f"with ({outcome.fit.model})", outcome.after)):
        right, up = np.degrees(quality.offset_rad).tolist()
        values = np.degrees([quality.accuracy_rad, quality.precision_rad, quality.std_rad]).tolist()
        made.add_row(name, *(f"{value:.2f} deg" for value in values), f"{right:+.2f}, {up:+.2f} deg")
    return made


def write_json(outcome: Outcome, judged: Verdict, path: Path) -> None:
    """Everything for programs, angles in degrees. OSError with one sentence."""
    content = {
        "user": outcome.profile.user,
        "device": outcome.profile.device,
        "made": outcome.profile.made,
        "passed": judged.passed,
        "advice": judged.advice,
        "model": outcome.fit.model,
        "left_out_deg": {name: float(np.degrees(value)) for name, value in outcome.fit.left_out_rad.items()},
        "without_correction": _degrees(outcome.before),
        "with_correction": _degrees(outcome.after),
        "targets": [_target(outcome, seen) for seen in (*outcome.fitted, *outcome.checked)],
    }
    write_bytes(path, msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")


def write_map(outcome: Outcome, field_deg: tuple[float, float], path: Path) -> None:
    """The error over the field as a PNG: at every target, where gaze was without and with the correction."""
    picture = _map(outcome, field_deg)
    done, png = cv2.imencode(".png", picture)
    assert done
    write_bytes(path, png.tobytes())


def _map(outcome: Outcome, field_deg: tuple[float, float]) -> NDArray[np.uint8]:
    wide, high = field_deg[0] * 1.3, field_deg[1] * 1.3
    scale = (MAP_PX - 2 * MARGIN_PX) / wide  # px per degree
    height = round(high * scale) + 2 * MARGIN_PX
    picture = np.full((height, MAP_PX, 3), BACKGROUND, np.uint8)

    def at(angles_rad: Array) -> tuple[int, int]:
        right, up = np.degrees(angles_rad).tolist()
        return round(MAP_PX / 2 + right * scale), round(height / 2 - up * scale)

    for deg in range(-45, 46, 5):
        for along in (0, 1):
            reach = (wide, high)[along] / 2
            if abs(deg) > reach:
                continue
            ends = [np.radians((deg, side) if along == 0 else (side, deg)) for side in (-high / 2, high / 2)]
            if along == 1:
                ends = [np.radians((side, deg)) for side in (-wide / 2, wide / 2)]
            cv2.line(picture, at(ends[0]), at(ends[1]), GRID, 1, cv2.LINE_AA)
            x, y = at(ends[0])
            _write(picture, f"{deg:+d}" if deg else "0", (x - 14, y + 22) if along == 0 else (x - 46, y + 5), 0.45)
    for seen, fitted in [(s, True) for s in outcome.fitted] + [(s, False) for s in outcome.checked]:
        target = angles_of(seen.target)
        for samples, colour in ((seen, BEFORE), (seen.mapped(outcome.fit.mapping), AFTER)):
            for each in angles_of(samples.samples):
                cv2.circle(picture, at(each), 1, colour, -1, cv2.LINE_AA)
            cv2.line(picture, at(target), at(angles_of(samples.middle)), colour, 1, cv2.LINE_AA)
        (cv2.circle if fitted else _cross)(picture, at(target), 7, TEXT, 1, cv2.LINE_AA)
    before, after = (np.degrees(quality.accuracy_rad) for quality in (outcome.before, outcome.after))
    _write(picture, f"gaze without correction ({before:.2f} deg off)", (MARGIN_PX, 26), 0.55, BEFORE)
    _write(picture, f"with it ({after:.2f} deg, at the crosses, which were not fitted)", (MARGIN_PX, 48), 0.55, AFTER)
    _write(picture, "degrees from straight ahead", (MARGIN_PX, height - 14), 0.45)
    return picture


def _cross(picture: NDArray[np.uint8], at: tuple[int, int], size: int, *style: object) -> None:
    x, y = at
    cv2.line(picture, (x - size, y), (x + size, y), *style)  # type: ignore[call-overload]
    cv2.line(picture, (x, y - size), (x, y + size), *style)  # type: ignore[call-overload]


def _write(
    picture: NDArray[np.uint8], text: str, at: tuple[int, int], size: float, colour: tuple[int, int, int] = TEXT
) -> None:
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)


def _degrees(quality: Quality) -> dict[str, object]:
    right, up = np.degrees(quality.offset_rad).tolist()
    return {
        "accuracy_deg": float(np.degrees(quality.accuracy_rad)),
        "precision_deg": float(np.degrees(quality.precision_rad)),
        "std_deg": float(np.degrees(quality.std_rad)),
        "offset_deg": [right, up],
        "samples": quality.samples,
    }


def _target(outcome: Outcome, seen: TargetGaze) -> dict[str, object]:
    right, up = np.degrees(angles_of(seen.target)).tolist()
    return {
        "right_deg": right,
        "up_deg": up,
        "fitted": any(seen is other for other in outcome.fitted),
        "without_correction": _degrees(quality_at(seen)),
        "with_correction": _degrees(quality_at(seen.mapped(outcome.fit.mapping))),
    }
