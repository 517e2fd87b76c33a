"""All that is in a picture, from a segmenter that answers prompts: coarse to fine, each once, in wholes and parts.

Prompts go into the middle of what edges enclose, large patches first, and only where no good mask lies yet. Each
window of the model is encoded once and asked in batches. A mask counts by its predicted IoU and its stability (how
little it changes when it is cut at another level), as in segment-anything's automatic mask generator (Kirillov et al.,
"Segment Anything", 2023, appendix B); but masks are compared on a coarse canvas, and only those that stay are ever
drawn at full size.
"""

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazeline.engines import bundle as bundles
from gazeline.engines.arrange import arranged
from gazeline.engines.canvas import Canvas
from gazeline.engines.describe import Description
from gazeline.engines.found import Candidate, Found
from gazeline.engines.seeds import Points, seeds
from gazeline.engines.segmenter import Embedding, Masks, Prompt, Segmenter
from gazeline.engines.session import usable_cores
from gazeline.engines.window import Window

TILE_U = 0.62  # how far from its middle (0 to 1) a foveal window is asked, before the next one is nearer
ROUND = 24  # prompts between two looks at what is explained by now
MOST_PROMPTS = 200
MOST_WORKERS = 4
EXPLAINS = 0.5  # the score of a mask in which nothing more is asked
OFFSET = 0.5  # logits: by so much the level is moved to see whether a mask is stable
LEAST_SCORE = 0.25
LEAST_SHARE = 4e-4  # of the frame's area
PART_STABILITY = 0.75  # of a mask that a model of ours draws as a part of an object
PART_SHARE = (0.08, 0.6)  # of its object's area


def everything(
    segmenter: Segmenter,
    image: NDArray[np.uint8],
    depth_m: NDArray[np.float32] | None = None,
    *,
    workers: int = 1,
) -> list[Found]:
    """All things and surfaces in ``image`` (H, W, 3) RGB, the largest first; each knows the index of its whole.

    ``depth_m`` (h, w): as for `Segmenter.encode`; it also tells what is flat. ``workers``: how many windows are looked
    at side by side; more than one is of use where the model has several windows on a frame and runs in one thread.
    """
    survey = slices(segmenter, image, depth_m, workers=workers)
    while True:
        try:
            next(survey)
        except StopIteration as end:
            return list(end.value)


def workers_of(model: str | Path) -> int:
    """How many windows of a model are best looked at side by side here, the model being loaded with one thread then;
    1: it has but one window on a frame, and needs all threads for it."""
    foveal = bundles.read(bundles.find(model)).manifest.window.kind == "foveal"
    return min(usable_cores(), MOST_WORKERS) if foveal else 1


def slices(
    segmenter: Segmenter,
    image: NDArray[np.uint8],
    depth_m: NDArray[np.float32] | None = None,
    *,
    workers: int = 1,
) -> Generator[None, None, list[Found]]:
    """As `everything`, but bit by bit: it pauses after each batch of prompts, and can be closed then."""
    height, width = image.shape[:2]
    canvas = Canvas(width, height)
    windows = tiles(segmenter, width, height)
    embeddings: dict[int, Embedding] = {}
    candidates: list[Candidate] = []
    explained = np.zeros(canvas.shape, np.bool_)
    waiting = seeds(image, canvas)[:MOST_PROMPTS]

    def ask(task: tuple[int, Points]) -> list[Candidate]:
        which, points = task
        if which not in embeddings:  # a window is in no two tasks of one round
            embeddings[which] = segmenter.encode(image, windows[which], depth_m)
        masks = segmenter.decode(embeddings[which], [Prompt([point]) for point in points])
        slotted = segmenter.bundle.manifest.family == "gazeline"
        return candidates_of(masks, points, canvas, slotted=slotted)

    with closing(_Side(workers)) as side:
        while len(waiting := waiting[~explained[canvas.cells_of(waiting)]]):
            batch, waiting = waiting[:ROUND], waiting[ROUND:]
            for answers in side.map(ask, _by_window(batch, windows)):
                candidates += answers
                for candidate in answers:
                    if candidate.score > EXPLAINS:
                        explained |= candidate.cells
                yield
    return arranged(candidates, canvas, depth_m)


def described(
    segmenter: Segmenter,
    image: NDArray[np.uint8],
    found: Sequence[Found],
    depth_m: NDArray[np.float32] | None = None,
) -> list[Description]:
    """What each of the things found in ``image`` looks like; each window is looked through once more for it."""
    windows: dict[Window, list[int]] = {}
    for index, thing in enumerate(found):
        windows.setdefault(thing.masks.window, []).append(index)
    looks: dict[int, Description] = {}
    for window, members in windows.items():
        logits = [found[i].masks.logits[found[i].masks.best] for i in members]
        looks |= zip(members, segmenter.describe(segmenter.encode(image, window, depth_m), logits), strict=True)
    return [looks[i] for i in range(len(found))]


def tiles(segmenter: Segmenter, width: int, height: int) -> list[Window]:
    """The windows through which a model sees a whole frame well: one, or a grid of foveal ones."""
    middle = segmenter.window_for(width, height)
    if not middle.is_foveal:
        return [middle]
    reach_px = float(middle.x.to_frame(np.array(TILE_U))) - middle.x.centre
    across, down = (max(1, ceil(side / (2.0 * reach_px))) for side in (width, height))
    return [
        segmenter.window_for(width, height, ((i + 0.5) * width / across - 0.5, (j + 0.5) * height / down - 0.5))
        for j in range(down)
        for i in range(across)
    ]


def candidates_of(masks: Sequence[Masks], points: Points, canvas: Canvas, *, slotted: bool) -> list[Candidate]:
    """The answers to single points that are worth keeping.

    ``slotted``: the three masks of a prompt are a part, the object and a group, and the predicted IoU of each is that
    with the object. So a part counts by its object.
    """
    found = []
    areas = masks[0].window.areas_px(masks[0].logits.shape[-1])
    least_px = LEAST_SHARE * canvas.frame_w * canvas.frame_h
    for answer, point in zip(masks, points, strict=True):
        logits, iou = answer.logits, np.clip(np.nan_to_num(answer.iou), 0.0, 1.0)
        area, core, reach = (np.tensordot(logits > level, areas, 2) for level in (0.0, OFFSET, -OFFSET))
        stability = core / np.maximum(reach, 1.0)
        score = iou * stability
        if slotted and score[1] > EXPLAINS and _is_part(logits[:2], area[:2], stability[0], areas):
            score[0] = max(score[0], EXPLAINS * score[1])
        for k in np.flatnonzero((score >= LEAST_SCORE) & (area >= least_px)):
            only = Masks(logits[k : k + 1], iou[k : k + 1], 0, answer.window)
            cells = canvas.drawn(only.logits, answer.window)[0]
            if cells.any():
                found.append(Candidate(only, float(score[k]), float(stability[k]), float(area[k]), point, cells))
    return found


def _is_part(logits: NDArray[np.float32], area: NDArray[Any], stability: float, areas: NDArray[np.float32]) -> bool:
    """Whether the first of two masks (2, h, w) is a clear part of the second one."""
    share = area[0] / max(float(area[1]), 1.0)
    if stability < PART_STABILITY or not PART_SHARE[0] <= share <= PART_SHARE[1]:
        return False
    return float(areas[(logits > 0.0).all(axis=0)].sum()) > 0.9 * float(area[0])


def _by_window(points: Points, windows: Sequence[Window]) -> list[tuple[int, Points]]:
    """Each point with the window whose middle is nearest to it."""
    middles = np.array([(window.x.centre, window.y.centre) for window in windows])
    nearest = np.linalg.norm(points[:, None] - middles[None], axis=-1).argmin(axis=1)
    return [(int(which), points[nearest == which]) for which in np.unique(nearest)]


class _Side:
    """Maps in this thread, or in several."""

    def __init__(self, workers: int) -> None:
        self._pool = ThreadPoolExecutor(workers) if workers > 1 else None
        self.map = map if self._pool is None else self._pool.map

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
