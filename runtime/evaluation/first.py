"""``gazeline eval SET --ask first``: a mask is given in the first picture of each video and carried through it.

By J (region similarity, IoU) and F (boundary) as DAVIS has them for semi-supervised methods, the first and the last
picture left out; ``decay`` is J in the first quarter less J in the last (F. Perazzi et al., "A benchmark dataset and
evaluation methodology for video object segmentation", CVPR 2016). Beside it, in the same run, what is left without the
model, what flow alone does, and what comes of a single click in the place of the mask.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from gazeline.engines.clicks import Mask, deepest
from gazeline.engines.labelled_sets import Labelled, read_set
from gazeline.engines.mask_scores import boundary_f, iou
from gazeline.engines.segmenter import Prompt, Segmenter
from gazeline.runtime.evaluation.measure import warm_up
from gazeline.runtime.files import write_bytes
from gazeline.runtime.image_files import Image, read_image
from gazeline.runtime.report import check_writable
from gazeline.runtime.tracking.propagate import begun, propagated

Method = Literal["mask", "click", "without the model", "flow alone"]
METHODS: dict[Method, str] = {
    "mask": "flow, colours, model",
    "click": "the same, from one click",
    "without the model": "without the model",
    "flow alone": "flow alone",
}


class Row(Struct, frozen=True):
    """One object of one video by one method; ``ms``: for each picture."""

    video: str
    method: str
    j: float
    f: float
    decay: float
    pictures: int
    ms: float


@dataclass(frozen=True, eq=False)
class Video:
    """An object in the pictures of a video in which it is labelled, in order."""

    name: str
    frames: tuple[Labelled, ...]


def evaluate(folder: Path, model: str, out: Path | None, console: Console | None = None) -> list[Row]:
    """Measure, print and write. ValueError or OSError: what is wrong with the set, the model or the file."""
    if out is not None:
        check_writable(out, "--out")
    console = console or Console()
    videos = videos_of(read_set(folder, min_area_px=1.0))
    segmenter = Segmenter.load(model)
    try:
        warm_up(segmenter)
        with console.status("") as status:
            rows = measure(videos, segmenter, status.update)
    finally:
        segmenter.close()
    console.print(table(rows, model))
    if out is not None:
        write_bytes(out, msgspec.json.format(msgspec.json.encode(rows)))
    return rows


def videos_of(things: list[Labelled]) -> list[Video]:
    """The objects of a set by their videos. ValueError where it has none."""
    by_object: dict[tuple[str, str], list[Labelled]] = {}
    for thing in things:
        number = thing.name.removeprefix(f"{thing.group} {thing.picture.stem}").strip()
        by_object.setdefault((thing.group, number), []).append(thing)
    videos = [Video(" ".join(key).strip(), tuple(frames)) for key, frames in by_object.items() if len(frames) > 2]
    if not videos:
        raise ValueError(
            "--ask first needs videos (a DAVIS folder): no object of this set is in more than two pictures"
        )
    return videos


def measure(videos: list[Video], segmenter: Segmenter, about: Callable[[str], None] = lambda name: None) -> list[Row]:
    """Every method on every video."""
    rows = []
    for video in videos:
        frames = [(read_image(frame.picture), frame.read_mask()) for frame in video.frames]
        for method, words in METHODS.items():
            about(f"{video.name}: {words}")
            rows.append(_row(video.name, method, frames, segmenter))
    return rows


def _row(name: str, method: Method, frames: list[tuple[Image, Mask]], segmenter: Segmenter) -> Row:
    (image, mask), *others = frames
    carried = begun(image, clicked(segmenter, image, mask) if method == "click" else mask)
    found, started_ns = [], time.monotonic_ns()
    for image, _ in others:
        asked = None if method in ("without the model", "flow alone") else segmenter
        carried = propagated(carried, image, asked, colours=method != "flow alone")
        found.append(carried.mask)
    ms = (time.monotonic_ns() - started_ns) * 1e-6 / len(others)
    judged = list(zip(found, (wanted for _, wanted in others), strict=True))[:-1]
    j = np.array([iou(mask, wanted) for mask, wanted in judged])
    f = np.array([boundary_f(mask, wanted) for mask, wanted in judged])
    quarter = max(len(j) // 4, 1)
    decay = float(j[:quarter].mean() - j[-quarter:].mean())
    j_mean, f_mean, decay = (round(float(value), 4) for value in (j.mean(), f.mean(), decay))
    return Row(name, METHODS[method], j_mean, f_mean, decay, len(j), round(ms, 1))


def clicked(segmenter: Segmenter, image: Image, mask: Mask) -> Mask:
    """What the model outlines when the object is clicked once, deepest inside."""
    point, _ = deepest(mask)
    window = segmenter.window_for(image.shape[1], image.shape[0], point)
    (masks,) = segmenter.decode(segmenter.encode(image, window), [Prompt([point])])
    return masks.mask()


def table(rows: list[Row], model: str) -> Table:
    """The rows for people, with the mean over all videos of each method."""
    made = Table(title=f"{model}, asked in the first picture only", title_justify="left", box=None, pad_edge=False)
    made.add_column("video")
    made.add_column("by")
    for column in ("J", "F", "J & F", "decay of J", "ms a picture"):
        made.add_column(column, justify="right")
    for video in (*dict.fromkeys(row.video for row in rows), "all"):
        label = video
        for method in METHODS.values():
            own = [row for row in rows if row.method == method and video in (row.video, "all")]
            j, f, decay, ms = (float(np.mean([getattr(row, key) for row in own])) for key in ("j", "f", "decay", "ms"))
            made.add_row(label, method, f"{j:.3f}", f"{f:.3f}", f"{(j + f) / 2:.3f}", f"{decay:+.3f}", f"{ms:.0f}")
            label = ""
    return made
