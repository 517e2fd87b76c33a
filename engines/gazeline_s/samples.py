"""Training samples: a scene from disk, seen through a foveal window, with prompts and the masks they ask for."""

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from gazeline.engines.gazeline_s.losses import OBJECT
from gazeline.engines.gazeline_s.network import MASK_PX, WINDOW_PX
from gazeline.engines.gazeline_s.procedural import Scene
from gazeline.engines.window import Window

MEAN = np.array([123.675, 116.28, 103.53], np.float32)
STD = np.array([58.395, 57.12, 57.375], np.float32)
PROMPTS, POINTS = 3, 4
WINDOWS_A_SCENE = 4
GAZE_ERROR = 0.011  # of the longest side: 0.8 deg in a 75 deg picture

Sample = dict[str, NDArray[Any]]
Ids = NDArray[np.uint16]


def read_scene(picture: Path) -> Scene:
    """A scene as `generate` (or any renderer that writes the same two files) left it."""
    bgr = cv2.imread(str(picture), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError(f"{picture} is no picture that can be read; delete it and make the scene again")
    with np.load(picture.with_suffix(".npz")) as ids:
        objects, parts = ids["object_ids"], ids["part_ids"]
        groups = ids["groups"] if "groups" in ids else np.zeros(int(objects.max()) + 1, np.uint16)
    return Scene(np.asarray(bgr[..., ::-1], np.uint8), objects, parts, groups)


class Scenes(Dataset[Sample]):
    """Samples from folders of scenes, each folder with its share; sample k depends on (seed, k) alone.

    WINDOWS_A_SCENE samples in a row look at one scene, since reading it costs more than looking at it.
    """

    def __init__(self, folders: dict[Path, float], length: int, seed: int) -> None:
        self.length, self.seed = length, seed
        self.pictures = [sorted(folder.glob("*.jpg")) for folder in folders]
        for folder, pictures in zip(folders, self.pictures, strict=True):
            if not pictures:
                raise ValueError(f"no scenes (*.jpg with *.npz) in {folder}")
        shares = np.array(list(folders.values()), float)
        self.shares = shares / shares.sum()
        self.at_hand: tuple[int, Scene] | None = None

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, number: int) -> Sample:
        cv2.setNumThreads(1)
        for attempt in itertools.count(number // WINDOWS_A_SCENE * 1000):
            sample = make_sample(np.random.default_rng([self.seed, number, attempt]), self._scene(attempt))
            if sample is not None:
                return sample
        raise AssertionError("unreachable")

    def _scene(self, draw: int) -> Scene:
        if self.at_hand is None or self.at_hand[0] != draw:
            rng = np.random.default_rng([self.seed, draw])
            pictures = self.pictures[rng.choice(len(self.pictures), p=self.shares)]
            self.at_hand = (draw, read_scene(pictures[rng.integers(len(pictures))]))
        return self.at_hand[1]


def make_sample(rng: np.random.Generator, scene: Scene) -> Sample | None:
    """One window with PROMPTS prompts on it, or None where the crop shows nothing to ask for."""
    scene = _crop(rng, scene)
    height, width = scene.object_ids.shape
    longest = max(height, width)
    areas = np.bincount(scene.object_ids.ravel())
    things = np.flatnonzero(areas >= max(40, 2e-4 * height * width))
    things = things[things > 0]
    if not len(things):
        return None
    chance = areas[things] ** 0.3
    target = int(rng.choice(things, p=chance / chance.sum()))
    click = _click(rng, scene.object_ids == target, longest)
    centre = click
    if rng.random() < 0.4:  # prompts besides the gaze the window was made for
        centre = click + rng.uniform(-0.06, 0.06, 2) * longest
    window = Window.foveal(width, height, WINDOW_PX, centre)
    coarse = replace(window, size=MASK_PX)
    objects, parts = coarse.sample_nearest(scene.object_ids), coarse.sample_nearest(scene.part_ids)

    asks = [_ask(rng, scene, window, objects, parts, target, click)]
    nearby = [t for t in np.unique(objects) if t > 0 and areas[t] >= 40]
    while len(asks) < PROMPTS:
        other = int(rng.choice(nearby)) if nearby and rng.random() < 0.7 else target
        asks.append(_ask(rng, scene, window, objects, parts, other, _click(rng, scene.object_ids == other, longest)))
    sample: Sample = {key: np.stack([ask[key] for ask in asks]) for key in asks[0]}
    seen = window.sample(_colours(rng, scene.image), fill=MEAN)
    sample["image"] = np.moveaxis((_lens(rng, seen) - MEAN) / STD, -1, 0).astype(np.float32)
    sample["weight"] = frame_area(window)
    return sample


def frame_area(window: Window) -> NDArray[np.float32]:
    """How much of the frame each mask pixel stands for, (MASK_PX, MASK_PX), mean 1: IoU is meant in the frame."""
    u = (2 * np.arange(MASK_PX) + 1) / MASK_PX - 1
    stretch = window.x.linear + 3 * window.x.cubic * u * u
    weight = stretch[:, None] * stretch[None, :]
    return np.asarray(weight / weight.mean(), np.float32)


def _targets(objects: Ids, parts: Ids, groups: NDArray[np.uint16], target: int, part: int) -> NDArray[np.float32]:
    """The masks wanted in each slot, (3, M, M): part, object, group."""
    whole = objects == target
    piece = parts == part if part else whole
    if not 6 < np.count_nonzero(piece) < 0.85 * np.count_nonzero(whole):
        piece = whole
    group = int(groups[target]) if target < len(groups) else 0
    together = np.isin(objects, np.flatnonzero(groups == group)) if group else whole
    return np.stack([piece, whole, together]).astype(np.float32)


def _ask(
    rng: np.random.Generator,
    scene: Scene,
    window: Window,
    objects: Ids,
    parts: Ids,
    target: int,
    click: NDArray[np.float64],
) -> Sample:
    """One prompt: a click, at times a box, further clicks, or an earlier mask to mend."""
    x, y = np.clip(np.rint(click).astype(int), 0, [scene.object_ids.shape[1] - 1, scene.object_ids.shape[0] - 1])
    part = int(scene.part_ids[y, x]) if scene.object_ids[y, x] == target else 0
    wanted = _targets(objects, parts, scene.groups, target, part)
    whole = wanted[OBJECT] > 0.5
    coords = np.zeros((POINTS, 2), np.float32)
    labels = np.full(POINTS, -1, np.float32)
    mask, has = np.zeros((1, MASK_PX, MASK_PX), np.float32), np.float32(0)
    coords[0], labels[0] = window.to_window(click), 1
    kind = rng.random()
    if kind < 0.15:
        _box(rng, scene.object_ids == target, window, coords, labels)
    elif kind < 0.40:
        for k in range(1, int(rng.integers(2, POINTS + 1))):
            inside = rng.random() < 0.5 and whole.any()
            where = whole if inside else _around(whole)
            if where.any():
                rows, columns = np.nonzero(where)
                pick = rng.integers(len(rows))
                coords[k] = 2 * np.array([columns[pick], rows[pick]]) + rng.uniform(0, 1, 2)
                labels[k] = inside
        if rng.random() < 0.6:
            mask[0], has = _earlier(rng, wanted), np.float32(1)
    return {"coords": coords, "labels": labels, "mask": mask, "has": np.array(has), "target": wanted}


def _click(rng: np.random.Generator, thing: NDArray[np.bool_], longest: int) -> NDArray[np.float64]:
    """Where somebody who means this thing looks: mostly well inside, with an eye tracker's error. (x, y) px."""
    rows, columns = np.nonzero(thing)
    if rng.random() < 0.6:
        top, left = rows.min(), columns.min()
        piece = thing[top : rows.max() + 1, left : columns.max() + 1].astype(np.uint8)
        depth = cv2.distanceTransform(np.pad(piece, 1), cv2.DIST_L2, 3)[1:-1, 1:-1][rows - top, columns - left]
        pick = int(rng.choice(len(rows), p=depth / depth.sum()))
    else:
        pick = int(rng.integers(len(rows)))
    click = np.array([columns[pick], rows[pick]], float)
    return click + rng.normal(0, GAZE_ERROR * longest * 0.6, 2) if rng.random() < 0.4 else click


def _box(
    rng: np.random.Generator,
    thing: NDArray[np.bool_],
    window: Window,
    coords: NDArray[np.float32],
    labels: NDArray[np.float32],
) -> None:
    rows, columns = np.nonzero(thing)
    corners = np.array([[columns.min() - 0.5, rows.min() - 0.5], [columns.max() + 0.5, rows.max() + 0.5]])
    corners = corners + rng.normal(0, 0.04, (2, 2)) * (corners[1] - corners[0])
    if rng.random() < 0.6:
        labels[0] = -1
    coords[1:3], labels[1:3] = window.to_window(corners), [2, 3]


def _around(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    ring = cv2.dilate(mask.astype(np.uint8), np.ones((15, 15), np.uint8)).astype(bool)
    return np.asarray(ring & ~mask, np.bool_)


def _earlier(rng: np.random.Generator, masks: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a first try may have looked like: the wrong level, bitten, swollen or shifted; as logits."""
    mask = masks[rng.choice(3, p=[0.3, 0.5, 0.2])].copy()
    kernel = np.ones(2 * (int(rng.integers(1, 5)),), np.uint8)
    mask = cv2.dilate(mask, kernel) if rng.random() < 0.5 else cv2.erode(mask, kernel)
    for _ in range(rng.integers(0, 4)):
        x, y = (int(v) for v in rng.integers(0, MASK_PX, 2))
        cv2.circle(mask, (x, y), int(rng.integers(2, 12)), float(rng.random() < 0.5), -1)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.5, 2)) * 12 - 6, np.float32)


def _crop(rng: np.random.Generator, scene: Scene) -> Scene:
    height, width = scene.object_ids.shape
    share = rng.uniform(0.45, 1.0) if rng.random() < 0.6 else 1.0
    tall = int(height * share)
    wide = int(min(width, tall * rng.choice([1.0, 4 / 3, 16 / 9, 0.75])))
    y, x = rng.integers(0, height - tall + 1), rng.integers(0, width - wide + 1)
    cut = np.s_[y : y + tall, x : x + wide]
    image, objects, parts = scene.image[cut], scene.object_ids[cut], scene.part_ids[cut]
    if rng.random() < 0.5:
        image, objects, parts = image[:, ::-1], objects[:, ::-1], parts[:, ::-1]
    return Scene(image, objects, parts, scene.groups)


def _colours(rng: np.random.Generator, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Another exposure, contrast and white balance, through one lookup table a channel."""
    ramp = np.linspace(0, 1, 256)[:, None] ** rng.uniform(0.6, 1.4)
    gain = rng.uniform(0.7, 1.5) * rng.normal(1, 0.06, 3)
    lift = rng.uniform(-0.03, 0.08)
    table = np.clip(255 * (ramp * gain + lift), 0, 255).astype(np.uint8)
    out = np.asarray(cv2.LUT(np.ascontiguousarray(image), table[None]), np.uint8)
    if rng.random() < 0.1:
        out = np.repeat(np.asarray(cv2.cvtColor(out, cv2.COLOR_RGB2GRAY), np.uint8)[..., None], 3, axis=2)
    return out


def _lens(rng: np.random.Generator, seen: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blur and noise at the window's own scale."""
    seen = np.ascontiguousarray(seen)
    if rng.random() < 0.35:
        seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), rng.uniform(0.4, 1.3)), np.float32)
    if rng.random() < 0.5:
        size = seen.shape[:2]
        noise = rng.standard_normal(size, np.float32)[..., None] * rng.uniform(0, 8)
        seen = seen + noise + rng.standard_normal(seen.shape, np.float32) * rng.uniform(0, 4)
    return seen
