"""What a model is asked about a labelled object (a click, noisy gaze, corrective clicks, a box), and how it answers."""

import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gazeline.engines.clicks import Mask, Point, corrective_click, deepest
from gazeline.engines.labelled_sets import Depth, Labelled
from gazeline.engines.mask_scores import boundary_f, iou
from gazeline.engines.segmenter import Embedding, Masks, Prompt, Segmenter
from gazeline.engines.window import Window
from gazeline.runtime.image_files import Image, read_image

Ask = Literal["click", "gaze", "clicks", "box"]
ASKS: tuple[Ask, ...] = get_args(Ask)
CLICKS = (3, 5)  # the numbers of clicks, with the first, after which answers are scored


@dataclass(frozen=True)
class GazeError:
    """How far gaze strays: a normal error of ``error_deg`` per axis, drawn ``draws`` times.

    Degrees become pixels by the angle that the picture's longer side spans: the set's own where it is known and
    ``fov_deg`` is None, else ``fov_deg``, else 75; everywhere alike, as in a fisheye picture.
    """

    error_deg: float = 0.8
    draws: int = 5
    fov_deg: float | None = None


@dataclass(frozen=True, eq=False)
class Case:
    """A labelled object with its picture (H, W, 3), its mask (H, W) and the prompts that stand for it, in pixels."""

    thing: Labelled
    image: Image
    wanted: Mask
    click: Point  # deepest inside
    gaze: NDArray[np.float64]  # (draws, 2), inside the picture
    box: NDArray[np.float64]  # x0, y0, x1, y1: the borders of its outermost pixels
    depth_m: Depth | None = None


@dataclass(frozen=True)
class Answer:
    """How good an answer was, or the mean of several: IoU of the chosen mask and of the best candidate, boundary F of
    the chosen one, and the IoU that the model itself expected of it (NaN: it says nothing)."""

    chosen: float
    best: float
    boundary_f: float
    expected: float = float("nan")


@dataclass
class Times:
    """How long each run of the encoder and of the decoder took, ms."""

    encode_ms: list[float] = field(default_factory=list)
    decode_ms: list[float] = field(default_factory=list)


def read_case(thing: Labelled, gaze: GazeError, seed: int, *, with_depth: bool) -> Case:
    """The object's picture, mask and prompts; the gaze depends on the object's name and the seed alone."""
    image, wanted = read_image(thing.picture), thing.read_mask()
    height, width = image.shape[:2]
    if wanted.shape != (height, width):
        raise ValueError(
            f"{thing.picture} has {width}x{height} pixels, but its mask of {thing.name} has "
            f"{wanted.shape[1]}x{wanted.shape[0]}"
        )
    if not wanted.any():
        raise ValueError(f"the mask of {thing.name} is empty")
    click, _ = deepest(wanted)
    error_px = gaze.error_deg * max(height, width) / (gaze.fov_deg or thing.fov_deg or 75.0)
    rng = np.random.default_rng([seed, zlib.crc32(thing.name.encode())])
    strayed = click + rng.normal(0.0, error_px, (gaze.draws, 2))
    rows, columns = np.flatnonzero(wanted.any(axis=1)), np.flatnonzero(wanted.any(axis=0))
    depth_m = thing.read_depth() if with_depth and thing.read_depth is not None else None
    if with_depth and depth_m is None:
        raise ValueError(f"{thing.name} has no depth picture; leave out --depth")
    return Case(
        thing,
        image,
        wanted,
        click,
        np.clip(strayed, 0, [width - 1, height - 1]),
        np.array([columns[0] - 0.5, rows[0] - 0.5, columns[-1] + 0.5, rows[-1] + 0.5]),
        depth_m,
    )


class Observer:
    """A model that looks at one picture; what it asks twice in a row through the same window is encoded once."""

    def __init__(self, segmenter: Segmenter, case: Case, times: Times) -> None:
        self._segmenter, self._image, self._depth_m, self._times = segmenter, case.image, case.depth_m, times
        self._embedding: Embedding | None = None

    def ask(self, at: Point, prompt: Prompt) -> Masks:
        """The answer to one prompt, through the window that the model wants for a gaze at ``at``."""
        window = self._segmenter.window_for(self._image.shape[1], self._image.shape[0], at)
        if self._embedding is None or self._embedding.window != window:
            start = time.monotonic_ns()
            self._embedding = self._segmenter.encode(self._image, window, self._depth_m)
            self._times.encode_ms.append((time.monotonic_ns() - start) / 1e6)
        start = time.monotonic_ns()
        (masks,) = self._segmenter.decode(self._embedding, [prompt])
        self._times.decode_ms.append((time.monotonic_ns() - start) / 1e6)
        return masks


def ask(observer: Observer, case: Case, asks: Sequence[Ask], *, mask_input: bool = False) -> dict[str, Answer]:
    """The model's answers about a case, by what it was asked: "click", "3 clicks", "5 clicks", "gaze", "box".

    ``mask_input``: whether corrective clicks come with the mask so far.
    """
    answers = {}
    if "click" in asks or "clicks" in asks:
        first = observer.ask(case.click, Prompt([case.click]))
        if "click" in asks:
            answers["click"] = judge(first, case.wanted)
        if "clicks" in asks:
            answers |= _corrected(observer, case, first, mask_input)
    if "gaze" in asks:
        draws = [judge(observer.ask(point, Prompt([point])), case.wanted) for point in case.gaze]
        answers["gaze"] = mean(draws)
    if "box" in asks:
        middle = np.clip((case.box[:2] + case.box[2:]) / 2, 0, None)
        answers["box"] = judge(observer.ask(middle, Prompt(box=case.box)), case.wanted)
    return answers


def judge(masks: Masks, wanted: Mask) -> Answer:
    """How good the masks are."""
    shown = [masks.mask(k) for k in range(len(masks.logits))]
    ious = [iou(mask, wanted) for mask in shown]
    expected = float(np.clip(masks.iou[masks.best], 0.0, 1.0))
    return Answer(ious[masks.best], max(ious), boundary_f(shown[masks.best], wanted), expected)


def mean(answers: Sequence[Answer]) -> Answer:
    """The mean of several answers."""
    table = [(a.chosen, a.best, a.boundary_f, a.expected) for a in answers]
    return Answer(*np.mean(table, axis=0).tolist())


def _corrected(observer: Observer, case: Case, masks: Masks, mask_input: bool) -> dict[str, Answer]:
    """Clicks after the first; what the window does not show cannot be clicked on."""
    answers: dict[str, Answer] = {}
    points, labels = [case.click], [1]
    clickable = _shown(masks.window)
    clickable[int(case.click[1]), int(case.click[0])] = False
    for count in range(2, max(CLICKS) + 1):
        click = corrective_click(masks.mask(), case.wanted, clickable)
        if click is not None:
            point, label = click
            clickable[int(point[1]), int(point[0])] = False
            points, labels = [*points, point], [*labels, label]
            so_far = masks.logits[masks.best] if mask_input else None
            masks = observer.ask(case.click, Prompt(points, labels, mask=so_far))
        if count in CLICKS:
            answers[f"{count} clicks"] = judge(masks, case.wanted)
    return answers


def _shown(window: Window) -> Mask:
    """The pixels (H, W) of the frame that a window shows."""
    middle = window.to_frame(np.full(2, (window.size - 1) / 2))
    xs, ys = np.arange(window.frame_w, dtype=float), np.arange(window.frame_h, dtype=float)
    columns = window.contains(np.stack([xs, np.full_like(xs, middle[1])], axis=-1))
    rows = window.contains(np.stack([np.full_like(ys, middle[0]), ys], axis=-1))
    return np.asarray(rows[:, None] & columns[None, :])
