"""``gazeline models compare``: how alike two models' masks are on one's own pictures, which need no labels."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.markup import escape

from gazeline.engines.segmenter import Prompt, Segmenter
from gazeline.runtime.image_files import Image, read_image
from gazeline.runtime.models.catalogue import known_picture

GRID = (0.2, 0.5, 0.8)  # where the clicks go, as shares of the picture's sides
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp")


@dataclass(frozen=True)
class Agreement:
    """The IoU of the two models' masks, one for each click, and the median times of their encoders."""

    ious: list[float]
    pictures: int
    encode_ms: tuple[float, float]


def compare(model: str, reference: str, paths: Sequence[Path], console: Console | None = None) -> None:
    """Print how much of the reference's masks the model gives as well, and how much faster it is."""
    console = console or Console(highlight=False)
    pictures = [read_image(path) for path in _files(paths)] or [known_picture()[0]]
    first = Segmenter.load(model)
    try:
        second = Segmenter.load(reference)
        try:
            found = agreement(first, second, pictures)
        finally:
            second.close()
    finally:
        first.close()
    low, middle = np.quantile(found.ious, [0.1, 0.5])
    console.print(
        f"{escape(model)} and {escape(reference)}, {len(found.ious)} clicks on {found.pictures} pictures: IoU of their "
        f"masks {np.mean(found.ious):.3f} on average, {middle:.3f} median, {low:.3f} at the lowest tenth"
    )
    ours, theirs = found.encode_ms
    console.print(f"encode {ours:.0f} ms and {theirs:.0f} ms, {theirs / ours:.1f} times as fast")
    if not paths:
        console.print("On one made picture only: give some of yours.", style="yellow")


def agreement(first: Segmenter, second: Segmenter, pictures: Sequence[Image]) -> Agreement:
    """The masks that two models take for the same nine clicks on each picture, compared."""
    ious: list[float] = []
    times: list[tuple[float, float]] = []
    for picture in pictures:
        height, width = picture.shape[:2]
        for x, y in ((x, y) for y in GRID for x in GRID):
            click = (x * (width - 1), y * (height - 1))
            (a, a_ms), (b, b_ms) = (_mask(segmenter, picture, click) for segmenter in (first, second))
            either = int((a | b).sum())
            ious.append(float((a & b).sum() / either) if either else 1.0)
            times.append((a_ms, b_ms))
    ours, theirs = np.median(np.array(times), axis=0).tolist()
    return Agreement(ious, len(pictures), (ours, theirs))


def _mask(segmenter: Segmenter, picture: Image, click: tuple[float, float]) -> tuple[NDArray[np.bool_], float]:
    window = segmenter.window_for(picture.shape[1], picture.shape[0], click)
    start = time.monotonic_ns()
    embedding = segmenter.encode(picture, window)
    took_ms = (time.monotonic_ns() - start) / 1e6
    return segmenter.decode(embedding, [Prompt([click])])[0].mask(), took_ms


def _files(paths: Sequence[Path]) -> list[Path]:
    """The pictures among these files and folders."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES) if path.is_dir() else [path]
        if not inside:
            raise ValueError(f"there is no picture in {path}")
        found += inside
    return found
