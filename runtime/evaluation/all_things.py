"""How well everything in labelled pictures is found: ``gazeline eval SET --ask everything``, and the bench's judge."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from gazeline.engines.everything import everything, workers_of
from gazeline.engines.labelled_sets import Depth, Labelled, Mask, read_set, spread
from gazeline.engines.segmenter import Segmenter
from gazeline.runtime.evaluation import simulator
from gazeline.runtime.evaluation.confidence import Estimate, estimate
from gazeline.runtime.evaluation.measure import warm_up
from gazeline.runtime.files import write_bytes
from gazeline.runtime.image_files import Image, read_image
from gazeline.runtime.report import check_writable

FOUND_IOU = 0.5
WIDTH = 140


@dataclass(frozen=True, eq=False)
class Finding:
    """What was found in a picture: masks (H, W), and which of them are whole things: no parts, no surfaces."""

    masks: Sequence[Mask]
    things: Sequence[bool]


Finder = Callable[[Image, Depth | None], Finding]


@dataclass(frozen=True, eq=False)
class Picture:
    """A fully labelled picture (H, W, 3): the masks (H, W) of all its objects that are large enough."""

    name: str
    group: str
    image: Image
    wanted: Sequence[Mask]
    depth_m: Depth | None = None


class Score(Struct, frozen=True):
    """How well everything was found, with 95 % limits.

    ``recall``: the share of objects with which some mask overlaps by an IoU above 0.5; ``duplicates``: how many more
    do, for each object; ``precision``: the share of whole things that overlap so with an object, low where the labels
    leave things out; ``found``: masks in a picture, parts and surfaces with them.
    """

    pictures: int
    objects: int
    recall: Estimate
    duplicates: float
    precision: Estimate | None
    found: float
    p50_ms: float
    worst_ms: float


def by_picture(things: Sequence[Labelled], most: int | None = None) -> list[list[Labelled]]:
    """The objects of each fully labelled picture; of at most so many, spread over the set. ValueError: none."""
    pictures: dict[Path, list[Labelled]] = {}
    for thing in things:
        if thing.complete:
            pictures.setdefault(thing.picture, []).append(thing)
    if not pictures:
        raise ValueError("no picture of this set has all its objects labelled, so what was found cannot be judged")
    chosen = list(pictures.values())
    return chosen if most is None else [chosen[i] for i in spread(range(len(chosen)), most)]


def read_picture(things: Sequence[Labelled], *, with_depth: bool = False) -> Picture:
    """The picture that ``things`` are the objects of."""
    first = things[0]
    depth_m = first.read_depth() if with_depth and first.read_depth is not None else None
    masks = [thing.read_mask() for thing in things]
    return Picture(first.picture.name, first.group, read_image(first.picture), masks, depth_m)


def finder_of(segmenter: Segmenter, workers: int) -> Finder:
    """`gazeline.engines.everything` as a finder."""

    def find(image: Image, depth_m: Depth | None) -> Finding:
        found = everything(segmenter, image, depth_m, workers=workers)
        whole = [thing.whole is None and not thing.surface for thing in found]
        return Finding([thing.masks.mask() for thing in found], whole)

    return find


def score(pictures: Sequence[Sequence[Labelled]], find: Finder, read: Callable[[Sequence[Labelled]], Picture],
          done: Callable[[], None] = lambda: None) -> Score:  # fmt: skip
    """Find everything in all ``pictures``. The time is that of ``find`` alone, full masks included."""
    hits: list[tuple[float, str]] = []
    right: list[tuple[float, str]] = []
    again, masks, took_ms = 0, 0, []
    for things in pictures:
        picture = read(things)
        start = time.monotonic_ns()
        found = find(picture.image, picture.depth_m)
        took_ms.append((time.monotonic_ns() - start) / 1e6)
        fits = overlaps(found.masks, picture.wanted) > FOUND_IOU  # (F, N)
        hit, fit = np.atleast_1d(fits.any(axis=0)), np.atleast_1d(fits.any(axis=1))
        hits += [(float(one), picture.group) for one in hit]
        right += [(float(one), picture.group) for one, thing in zip(fit, found.things, strict=True) if thing]
        again += int((fits.sum(axis=0) - 1).clip(0).sum())
        masks += len(found.masks)
        done()
    return Score(
        pictures=len(pictures),
        objects=len(hits),
        recall=_estimate(hits),
        duplicates=again / len(hits),
        precision=_estimate(right) if right else None,
        found=masks / len(pictures),
        p50_ms=round(float(np.median(took_ms)), 1),
        worst_ms=round(max(took_ms), 1),
    )


def overlaps(found: Sequence[Mask], wanted: Sequence[Mask]) -> NDArray[np.float64]:
    """IoU of each mask with each object: (F, N)."""
    sizes = [int(np.count_nonzero(mask)) for mask in wanted]
    out = np.zeros((len(found), len(wanted)))
    for i, mask in enumerate(found):
        size = int(np.count_nonzero(mask))
        for j, other in enumerate(wanted):
            common = int(np.count_nonzero(mask & other))
            out[i, j] = common / max(1, size + sizes[j] - common)
    return out


def table_of(scores: dict[str, Score], title: str) -> Table:
    """The scores for people."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in ("", "recall at IoU 0.5", "duplicates", "precision of things", "masks", "p50 ms", "worst ms"):
        table.add_column(column, justify="left" if not column else "right")
    for name, row in scores.items():
        cells = (_text(row.recall), f"{row.duplicates:.2f}", "-" if row.precision is None else _text(row.precision))
        table.add_row(name, *cells, f"{row.found:.1f}", f"{row.p50_ms:.0f}", f"{row.worst_ms:.0f}")
    return table


def evaluate(
    labelled: str,
    models: Sequence[str],
    *,
    min_area_px: float,
    most: int | None,
    with_depth: bool = False,
    out: Path | None = None,
) -> dict[str, Score]:
    """The command: measure ``models`` one after the other, print and write. ``most``: pictures."""
    if out is not None:
        check_writable(out, "--out")
    scores = {}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        folder = simulator.simulated_views(progress) if labelled == simulator.NAME else Path(labelled)
        pictures = by_picture(read_set(folder, min_area_px=min_area_px), most)
        for model in dict.fromkeys(models):
            task = progress.add_task(model, total=len(pictures))
            workers = workers_of(model)
            segmenter = Segmenter.load(model, threads=1 if workers > 1 else None)
            try:
                warm_up(segmenter)
                find = finder_of(segmenter, workers)
                scores[model] = score(
                    pictures, find, lambda things: read_picture(things, with_depth=with_depth),
                    lambda: progress.advance(task),  # noqa: B023 - called before the loop goes on
                )  # fmt: skip
            finally:
                segmenter.close()
    first = next(iter(scores.values()))
    title = f"everything in {first.pictures} pictures of {folder.name}: {first.objects} objects of {min_area_px:g} px"
    Console(width=WIDTH).print(table_of(scores, title))
    if out is not None:
        write_bytes(out, msgspec.json.encode(scores))
    return scores


def _estimate(values: Sequence[tuple[float, str]]) -> Estimate:
    numbers, groups = zip(*values, strict=True)
    return estimate(np.array(numbers, np.float64), np.array(groups))


def _text(estimated: Estimate) -> str:
    return f"{estimated.mean:.3f} ({estimated.low:.3f} to {estimated.high:.3f})"
