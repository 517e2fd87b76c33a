"""Gaze from a CSV file, for pictures that carry none. The header decides which of two formats it is.

Ours: ``timestamp_ns,x_px,y_px[,confidence]``. Times are nanoseconds since the first picture; pixels are (x, y) with
(0, 0) the centre of the top-left pixel; confidence is 0 to 1, and 1 where the column is missing. Empty x_px and y_px
mean that the tracker saw no gaze.

Pupil Labs' exports (Neon, Invisible: gaze.csv): ``timestamp [ns]``, ``gaze x [px]``, ``gaze y [px]`` among others.
Their times are absolute, so the export's world_timestamps.csv, which has the pictures' times, is needed as well. Gaze
counts as none where the glasses were not ``worn`` and during a blink (``blink id``).
"""

import csv
import itertools
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

OURS = ("timestamp_ns", "x_px", "y_px")
PUPIL = ("timestamp [ns]", "gaze x [px]", "gaze y [px]")
WORLD_TIMESTAMPS = "world_timestamps.csv"


@dataclass(frozen=True)
class GazeTrack:
    """Gaze in pixels of the scene camera, in the order of time. ``absolute``: times are not since the first picture."""

    timestamp_ns: NDArray[np.int64]  # (N,)
    px: NDArray[np.float64]  # (N, 2), NaN where there was no gaze
    confidence: NDArray[np.float64]  # (N,)
    absolute: bool


def read_gaze(path: Path) -> GazeTrack:
    """Read either format. Raises OSError or ValueError with one sentence that names the file and the line."""
    times: list[int] = []
    px: list[tuple[float, float]] = []
    confidence: list[float] = []
    absolute = False
    for line, row in rows(path):
        if not times:
            absolute = PUPIL[0] in row
            missing = [name for name in (PUPIL if absolute else OURS) if name not in row]
            if missing:
                raise ValueError(
                    f"{path} line 1: no column {missing[0]!r}; a gaze file has {','.join(OURS)}[,confidence]"
                    " or is a gaze.csv of Pupil Labs' export"
                )
        time_name, x_name, y_name = PUPIL if absolute else OURS
        times.append(integer(path, line, row, time_name))
        x, y = number(path, line, row, x_name), number(path, line, row, y_name)
        px.append((x, y))
        sure = number(path, line, row, "confidence") if row.get("confidence") else 1.0
        if not 0.0 <= sure <= 1.0:
            raise ValueError(f"{path} line {line}: confidence is {sure:g}; it is from 0 to 1")
        off = row.get("worn") in ("0", "0.0", "False", "false") or bool(row.get("blink id"))
        confidence.append(0.0 if off or math.isnan(x) or math.isnan(y) else sure)
    if not times:
        raise ValueError(f"{path} holds no gaze: there is nothing after its header")
    order = np.argsort(np.array(times), kind="stable")
    return GazeTrack(np.array(times)[order], np.array(px)[order], np.array(confidence)[order], absolute)


def read_world_timestamps(path: Path) -> NDArray[np.int64]:
    """The pictures' times (N,) from a world_timestamps.csv of Pupil Labs' export. Raises as ``read_gaze``."""
    times = [integer(path, line, row, PUPIL[0]) for line, row in rows(path)]
    if not times:
        raise ValueError(f"{path} holds no times: there is nothing after its header")
    if any(later <= earlier for earlier, later in itertools.pairwise(times)):
        raise ValueError(f"{path}: the times of the pictures do not increase")
    return np.array(times)


def rows(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The rows of a CSV file with their line numbers; the header is line 1."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            if not reader.fieldnames:
                raise ValueError(f"{path} is empty")
            for row in reader:
                if None in row or None in row.values():  # a line cut off, or one too long
                    raise ValueError(
                        f"{path} line {reader.line_num}: not as many values as the {len(reader.fieldnames)} columns of"
                        " the header"
                    )
                yield reader.line_num, row
    except FileNotFoundError:
        raise FileNotFoundError(f"no gaze file {path}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is not a CSV text file: {error}") from None


def integer(path: Path, line: int, row: Mapping[str, str], name: str) -> int:
    """A whole number of at least 0, in ``row``'s column ``name``."""
    text = row.get(name) or ""
    if not re.fullmatch(r"\s*\d{1,19}\s*", text, re.ASCII) or int(text) >= 2**63:
        raise ValueError(f"{path} line {line}: {name} is {text!r}; it must be a whole number")
    return int(text)


def number(path: Path, line: int, row: Mapping[str, str], name: str) -> float:
    """A finite number in ``row``'s column ``name``, or NaN where it is empty."""
    text = row.get(name) or ""
    if not text.strip():
        return math.nan
    try:
        value = float(text)
    except ValueError:
        value = math.inf
    if math.isinf(value):
        raise ValueError(f"{path} line {line}: {name} is {text!r}; it must be a number")
    return value
