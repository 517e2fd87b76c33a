"""``gazeline segment --everything``: all things of one picture, in wholes and parts, as JSON and as a picture."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

import msgspec
import numpy as np

from gazeline.engines import rle
from gazeline.engines.bundle import DEFAULT
from gazeline.engines.everything import everything, workers_of
from gazeline.engines.found import Found
from gazeline.engines.segmenter import Segmenter
from gazeline.runtime.draw import draw_things
from gazeline.runtime.files import write_bytes
from gazeline.runtime.image_files import Image, read_image, write_image
from gazeline.runtime.segment import check_outputs


class ThingEntry(TypedDict):
    """One thing or surface. ``whole`` is the id of what it is a part of, ``parts`` are those of its parts; ``bbox`` is
    x, y, width, height, and ``point`` where it was asked for, px."""

    id: int
    segmentation: rle.Rle
    bbox: list[int]
    area: int
    point: list[float]
    score: float
    predicted_iou: float
    stability: float
    whole: int | None
    parts: list[int]
    surface: bool


class Output(TypedDict):
    """The ``--out`` file: the largest first."""

    image: dict[str, int]
    masks: list[ThingEntry]
    timing_ms: dict[str, float]


def run(
    image: Path,
    model: str | None = None,
    out: Path | None = None,
    overlay: Path | None = None,
    backend: str | None = None,
) -> None:
    """The command. Without ``out`` and ``overlay`` the JSON goes to the standard output, else a line for each thing.

    ValueError and OSError say what is wrong.
    """
    start = time.monotonic_ns()
    check_outputs(out, overlay)
    picture = read_image(image)
    name = model or DEFAULT
    workers = workers_of(name)
    segmenter = Segmenter.load(name, backend or "auto", threads=1 if workers > 1 else None)
    loaded = time.monotonic_ns()
    try:
        found = everything(segmenter, picture, workers=workers)
    finally:
        segmenter.close()
    seen = time.monotonic_ns()
    output = output_of(picture, found)
    if overlay is not None:
        masks = [thing.masks.mask() for thing in found]
        write_image(
            overlay,
            draw_things(picture, masks, [thing.whole for thing in found], [thing.surface for thing in found]),
        )
    times = {"load": loaded - start, "everything": seen - loaded, "total": time.monotonic_ns() - start}
    output["timing_ms"] = {what: round(ns / 1e6, 3) for what, ns in times.items()}
    text = msgspec.json.encode(output)
    if out is None and overlay is None:
        sys.stdout.write(text.decode() + "\n")
        return
    if out is not None:
        write_bytes(out, text)
    for entry in output["masks"]:
        print(_line(entry))


def output_of(image: Image, found: Sequence[Found]) -> Output:
    """What the ``--out`` file says, but for the times."""
    rows: list[ThingEntry] = []
    for i, thing in enumerate(found):
        mask = thing.masks.mask()
        y, x = np.nonzero(mask)
        low, high = (0, 0), (-1, -1)  # nothing of it is left at full size: a speck between pixels
        if len(x):
            low, high = (int(x.min()), int(y.min())), (int(x.max()), int(y.max()))
        rows.append(
            {
                "id": i,
                "segmentation": rle.encode(mask),
                "bbox": [*low, high[0] - low[0] + 1, high[1] - low[1] + 1],
                "area": len(x),
                "point": [round(value, 1) for value in thing.point.tolist()],
                "score": round(thing.score, 4),
                "predicted_iou": round(float(thing.masks.iou[0]), 4),
                "stability": round(thing.stability, 4),
                "whole": thing.whole,
                "parts": [j for j, other in enumerate(found) if other.whole == i],
                "surface": thing.surface,
            }
        )
    return {"image": {"width": image.shape[1], "height": image.shape[0]}, "masks": rows, "timing_ms": {}}


def _line(entry: ThingEntry) -> str:
    x, y, width, height = entry["bbox"]
    kind = "surface" if entry["surface"] else "thing" if entry["whole"] is None else f"part of {entry['whole']}"
    return f"{entry['id']}: {kind}, {entry['area']} px, {width}x{height} at {x},{y}, score {entry['score']:.2f}"
