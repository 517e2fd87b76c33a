"""Training samples: a scene from disk, seen through a foveal window, with prompts and the masks they ask for."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from gazeline.engines.gazeline_s.appearance import FIELD_PX, MEAN, STD, look, sensed_depth
from gazeline.engines.gazeline_s.composites import pasted
from gazeline.engines.gazeline_s.losses import OBJECT
from gazeline.engines.gazeline_s.scenes import Ids, Scene, read_scene
from gazeline.engines.window import Window

PROMPTS, POINTS = 4, 4
WINDOWS_A_SCENE = 4
GAZE_ERROR = 0.011  # of the longest side: 0.8 deg in a 75 deg picture

Sample = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Source:
    """A folder of scenes, its share of the samples, and how often things of another scene are laid into its own."""

    folder: Path
    share: float = 1.0
    pasted: float = 0.0


class Scenes(Dataset[Sample]):
    """Samples for windows of ``window_px``; sample k depends on (seed, k) alone.

    WINDOWS_A_SCENE samples in a row look at one scene, since reading it costs more than looking at it. Things to paste
    come from scenes of the sources whose own scenes are shown as they are.
    """

    def __init__(self, sources: Sequence[Source], window_px: int, length: int, seed: int) -> None:
        self.window_px, self.length, self.seed = window_px, length, seed
        self.sources = sources
        self.pictures = [sorted(source.folder.glob("*.jpg")) for source in sources]
        for source, pictures in zip(sources, self.pictures, strict=True):
            if not pictures:
                raise ValueError(f"no scenes (*.jpg with *.npz) in {source.folder}")
        shares = np.array([source.share for source in sources], float)
        donors = shares * [source.pasted < 1 for source in sources]
        self.shares, self.donors = shares / shares.sum(), donors / max(donors.sum(), 1e-9)
        self.at_hand: tuple[int, Scene] | None = None

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, number: int) -> Sample:
        cv2.setNumThreads(1)
        for attempt in itertools.count(number // WINDOWS_A_SCENE * 1000):
            rng = np.random.default_rng([self.seed, number, attempt])
            sample = make_sample(rng, self._scene(attempt), self.window_px)
            if sample is not None:
                return sample
        raise AssertionError("unreachable")

    def _scene(self, draw: int) -> Scene:
        if self.at_hand is None or self.at_hand[0] != draw:
            rng = np.random.default_rng([self.seed, draw])
            which = rng.choice(len(self.pictures), p=self.shares)
            scene = self._any(rng, which)
            if rng.random() < self.sources[which].pasted and self.donors.any():
                scene = pasted(rng, scene, self._any(rng, rng.choice(len(self.pictures), p=self.donors)))
            self.at_hand = (draw, scene)
        return self.at_hand[1]

    def _any(self, rng: np.random.Generator, which: int) -> Scene:
        pictures = self.pictures[which]
        return read_scene(pictures[rng.integers(len(pictures))])


def make_sample(rng: np.random.Generator, scene: Scene, window_px: int) -> Sample | None:
    """One window with PROMPTS prompts on it, or None where the crop shows nothing to ask for."""
    wanted = _prominent(rng, scene) if rng.random() < 0.4 else 0  # as people photograph: the thing fills the picture
    scene = _crop(rng, scene, wanted)
    height, width = scene.object_ids.shape
    longest = max(height, width)
    areas = np.bincount(scene.object_ids.ravel())
    things = np.flatnonzero(areas >= max(40, 2e-4 * height * width))
    things = things[things > 0]
    if not len(things):
        return None
    chance = areas[things] ** 0.4
    target = wanted if wanted in things else int(rng.choice(things, p=chance / chance.sum()))
    click = _click(rng, scene.object_ids == target, longest)
    centre = click
    if rng.random() < 0.3:  # prompts besides the gaze the window was made for
        centre = click + rng.uniform(-0.06, 0.06, 2) * longest
    scale = FIELD_PX / window_px * float(np.exp(np.clip(rng.normal(0, 0.3), -0.7, 0.7)))
    window = Window.foveal(width, height, window_px, centre, middle_scale=scale)
    objects, parts = window.sample_nearest(scene.object_ids), window.sample_nearest(scene.part_ids)

    asks = [_ask(rng, scene, window, objects, parts, target, click)]
    nearby = [t for t in np.unique(objects) if t > 0 and areas[t] >= 40]
    while len(asks) < PROMPTS:
        other = int(rng.choice(nearby)) if nearby and rng.random() < 0.7 else target
        asks.append(_ask(rng, scene, window, objects, parts, other, _click(rng, scene.object_ids == other, longest)))
    sample: Sample = {key: np.stack([ask[key] for ask in asks]) for key in asks[0]}
    sample["image"] = np.moveaxis((look(rng, scene.image, window) - MEAN) / STD, -1, 0).astype(np.float32)
    sample["depth"] = sensed_depth(rng, scene.depth_mm, window)[None]
    sample["weight"] = frame_area(window)
    sample["levels"] = np.full(PROMPTS, scene.levels, np.float32)
    return sample


def frame_area(window: Window) -> NDArray[np.float32]:
    """How much of the frame each mask pixel stands for, (M, M), mean 1: IoU is meant in the frame."""
    side = window.size // 2
    u = (2 * np.arange(side) + 1) / side - 1
    stretch = window.x.linear + 3 * window.x.cubic * u * u
    weight = stretch[:, None] * stretch[None, :]
    return np.asarray(weight / weight.mean(), np.float32)


def _targets(objects: Ids, parts: Ids, groups: NDArray[np.uint16], target: int, part: int) -> NDArray[np.float32]:
    """The masks wanted in each slot, (3, M, M): part, object, group; each pixel the share of its four that belong."""
    whole = objects == target
    piece = parts == part if part else whole
    if not 6 < np.count_nonzero(piece) < 0.85 * np.count_nonzero(whole):
        piece = whole
    group = int(groups[target]) if target < len(groups) else 0
    together = np.isin(objects, np.flatnonzero(groups == group)) if group else whole
    side = objects.shape[0] // 2
    masks = (cv2.resize(m.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA) for m in (piece, whole))
    piece, whole = (np.asarray(m, np.float32) for m in masks)
    if group:
        together = cv2.resize(together.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
    return np.stack([piece, whole, together if group else whole])


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
    mask, has = np.zeros((1, *whole.shape), np.float32), np.float32(0)
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
        x, y = (int(v) for v in rng.integers(0, len(mask), 2))
        cv2.circle(mask, (x, y), int(rng.integers(2, 12)), float(rng.random() < 0.5), -1)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.5, 2)) * 12 - 6, np.float32)


def _prominent(rng: np.random.Generator, scene: Scene) -> int:
    """One of the larger things, or 0 if there is none."""
    areas = np.bincount(scene.object_ids.ravel())
    areas[0] = 0
    things = np.flatnonzero(areas >= 0.004 * scene.object_ids.size)
    if not len(things):
        return 0
    chance = areas[things] ** 0.5
    return int(rng.choice(things, p=chance / chance.sum()))


def _crop(rng: np.random.Generator, scene: Scene, wanted: int) -> Scene:
    """A part of the picture, often all of it, or what is around the thing ``wanted``; perhaps mirrored."""
    height, width = scene.object_ids.shape
    share, middle = rng.uniform(0.5, 1.0) if rng.random() < 0.5 else 1.0, rng.uniform(0, 1, 2) * [height, width]
    if wanted:
        hits = np.nonzero(scene.object_ids == wanted)
        extent = max(int(np.ptp(axis)) + 1 for axis in hits)
        middle = np.array([(axis.min() + axis.max()) / 2 for axis in hits]) + rng.normal(0, 0.12, 2) * extent
        share = float(np.clip(extent * np.exp(rng.uniform(0.05, 0.95)) / max(height, width), 0.25, 1.0))
    wide, tall = int(width * share), int(height * share)
    if rng.random() < 0.3:
        wide, tall = (wide, int(tall * 0.75)) if rng.random() < 0.6 else (int(wide * 0.75), tall)
    y, x = (int(np.clip(m - s / 2, 0, f - s)) for m, s, f in zip(middle, (tall, wide), (height, width), strict=True))
    cut = np.s_[y : y + tall, x : x + wide]
    way = -1 if rng.random() < 0.5 else 1  # mirrored or not
    depth = None if scene.depth_mm is None else scene.depth_mm[cut][:, ::way]
    objects, parts = (ids[cut][:, ::way] for ids in (scene.object_ids, scene.part_ids))
    return replace(scene, image=scene.image[cut][:, ::way], object_ids=objects, part_ids=parts, depth_mm=depth)
