"""What a describer is trained on: looks at named things in views, as statistics of what the finished encoder sees.

The masks are the bundle's own answers to a gaze at each thing, and at times the true ones, so that what is learnt fits
what comes when the model is used. Statistics are taken once; a training run reads them from one file.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track

from gazeline.engines.clicks import deepest
from gazeline.engines.describe import PooledDescriber
from gazeline.engines.gazeline_s.appearance import FIELD_PX, MEAN, STD, look, sensed_depth
from gazeline.engines.gazeline_s.describer import INPUTS, Pool
from gazeline.engines.gazeline_s.samples import GAZE_ERROR
from gazeline.engines.gazeline_s.scenes import Scene, read_scene
from gazeline.engines.mask_scores import iou
from gazeline.engines.ort import OrtSession
from gazeline.engines.segmenter import Embedding, Prompt, Segmenter
from gazeline.engines.window import Window

HELD_OUT = 8  # one place in so many sets how scores and likenesses are read, and is not trained on
THINGS = 6  # looks at one window, the gazed thing and others
LEAST_PX, LEAST_CELLS = 60, 12  # of the picture, of the mask's map: less is not to be recognised
LEAST_IOU = 0.4  # of an answer that counts as a look at the thing
NOTHING = ""  # the kind of walls and floors


@dataclass(frozen=True, eq=False)
class Looks:
    """N looks. ``statistics`` (N, F) and ``pooled`` (N, C), what the untrained describer makes of each; ``kinds``,
    ``places``, ``things`` (an id in its place, 0: walls and floor), ``views``, ``areas`` (px of the picture that are to
    be seen of the thing) and ``fits`` (the mask's IoU with it), (N,) each."""

    statistics: NDArray[np.float16]
    pooled: NDArray[np.float16]
    kinds: NDArray[np.str_]
    places: NDArray[np.int64]
    things: NDArray[np.int64]
    views: NDArray[np.int64]
    areas: NDArray[np.int64]
    fits: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.kinds)

    def __getitem__(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> "Looks":
        return Looks(*(getattr(self, field.name)[which] for field in fields(self)))


def classes_of(looks: Looks, kinds: list[str]) -> NDArray[np.int64]:
    """(N,): the kind's number, ``len(kinds)`` for none of them, -1 for what is something but has no name here."""
    number = {kind: index for index, kind in enumerate(kinds)} | {NOTHING: len(kinds)}
    return np.array([number.get(kind, -1) for kind in looks.kinds.tolist()], np.int64)


def read_looks(path: Path) -> Looks:
    """Those that `write_looks` wrote."""
    with np.load(path) as arrays:
        return Looks(*(arrays[field.name] for field in fields(Looks)))


def write_looks(path: Path, looks: Looks) -> None:
    """All of them in one file, or none."""
    part = path.with_suffix(".part.npz")
    np.savez(part, allow_pickle=False, **{field.name: getattr(looks, field.name) for field in fields(Looks)})
    part.replace(path)


def take_looks(
    bundle: Path,
    folders: Sequence[Path],
    windows: int,
    *,
    seed: int,
    plain: bool = False,
    held_out: bool | None = None,
) -> Looks:
    """Looks at the things in so many windows on the views of ``folders``, spread evenly over them.

    ``plain``: as the model is used, with its own masks alone and the pictures as they are, instead of as they could be.
    ``held_out``: only the views of places that are held out, or only the others. ValueError where the views do not say
    what things are called.
    """
    pictures = [picture for folder in folders for picture in sorted(folder.glob("*.jpg"))]
    if held_out is not None:
        pictures = [picture for picture in pictures if (place_of(picture) % HELD_OUT == 0) == held_out]
    if not pictures:
        raise ValueError(f"there are no views (NNNNNN.jpg with NNNNNN.npz) in {', '.join(map(str, folders))}")
    segmenter = Segmenter.load(bundle, threads=1)
    taker = _Taker(segmenter, OrtSession(segmenter.bundle.encoder, threads=1), plain)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    rows: list[_Rows] = []
    read: tuple[int, Scene] | None = None
    for number in track(range(windows), description="looks"):
        index = number * len(pictures) // windows
        if read is None or read[0] != index:
            read = index, read_scene(pictures[index])
        scene = read[1]
        if not scene.kinds:
            raise ValueError(f"{pictures[index]} does not say what its things are called; render the views again")
        rows += taker.take(np.random.default_rng([seed, number]), scene, index)
    segmenter.close()
    columns = zip(*rows, strict=True)
    return Looks(*(np.concatenate(column) for column in columns))


def place_of(picture: Path) -> int:
    """The place that a view shows; one of its own where nobody says."""
    with np.load(picture.with_suffix(".npz")) as arrays:  # reads what is asked for alone
        return int(arrays["scene_seed"]) if "scene_seed" in arrays else int(picture.stem)


_Rows = tuple[NDArray[np.generic], ...]


@dataclass(frozen=True)
class _Taker:
    segmenter: Segmenter
    encoder: OrtSession
    plain: bool

    @torch.no_grad()
    def take(self, rng: np.random.Generator, scene: Scene, view: int) -> list[_Rows]:
        """The looks of one window; none where it shows nothing that could be recognised."""
        height, width = scene.object_ids.shape
        areas = np.bincount(scene.object_ids.ravel(), minlength=len(scene.kinds))
        there = np.flatnonzero(areas[1:] >= LEAST_PX) + 1
        if not len(there):
            return []
        chance = areas[there] ** 0.3
        gazed = int(rng.choice(there, p=chance / chance.sum()))
        centre = self._click(rng, scene, gazed)
        spread = 0.0 if self.plain else 0.2
        scale = FIELD_PX / self.segmenter.bundle.manifest.input.size * float(np.exp(rng.normal(0, spread)))
        window = Window.foveal(width, height, self.segmenter.bundle.manifest.input.size, centre, middle_scale=scale)
        ids = window.sample_nearest(scene.object_ids)
        cells = np.bincount(ids.ravel(), minlength=len(scene.kinds)) // 4
        others = [int(t) for t in rng.permutation(there) if cells[t] >= LEAST_CELLS and t != gazed][: THINGS - 1]
        things = [gazed, *others, *([0] if areas[0] >= 400 else [])]
        embedding = self._embedding(rng, scene, window)
        clicks = [centre, *(self._click(rng, scene, thing) for thing in things[1:])]
        shown = [bool(window.contains(click)) for click in clicks]
        things = [thing for thing, seen in zip(things, shown, strict=True) if seen]
        prompts = [Prompt([click]) for click, seen in zip(clicks, shown, strict=True) if seen]
        kept: list[tuple[int, float, NDArray[np.float32]]] = []
        for thing, masks in zip(things, self.segmenter.decode(embedding, prompts), strict=True):
            wanted = cv2.resize(
                (ids == thing).astype(np.float32), masks.logits.shape[1:][::-1], interpolation=cv2.INTER_AREA
            )
            logits = masks.logits[masks.best]
            right = iou(logits > 0, wanted > 0.5)
            if thing == 0:
                if (wanted[logits > 0] > 0.5).sum() > 0.7 * max(1, (logits > 0).sum()):
                    kept.append((0, right, logits))
            elif not self.plain and (right < LEAST_IOU or rng.random() < 0.3):
                kept.append((thing, 1.0, np.asarray(12.0 * wanted - 6.0, np.float32)))
            elif self.plain or right >= LEAST_IOU:
                kept.append((thing, right, logits))
        if not kept:
            return []
        return [self._row(embedding, scene, view, areas, kept)]

    def _row(
        self,
        embedding: Embedding,
        scene: Scene,
        view: int,
        areas: NDArray[np.int64],
        kept: list[tuple[int, float, NDArray[np.float32]]],
    ) -> _Rows:
        things, fits = np.array([thing for thing, _, _ in kept]), np.array([fit for _, fit, _ in kept])
        masks = [logits for _, _, logits in kept]
        tensors = {**embedding.seen, **embedding.tensors, "masks": np.stack(masks)}
        statistics = Pool()(*(torch.from_numpy(tensors[name]) for name in INPUTS)).numpy()
        described = PooledDescriber(next(iter(embedding.tensors))).describe(embedding.tensors, masks)
        pooled = np.stack([description.vector for description in described])
        kinds = np.array([scene.kinds[thing] if thing else NOTHING for thing in things.tolist()], "U40")
        place = scene.place if scene.place is not None else -1 - view  # a picture that stands for itself
        everywhere = np.ones_like(things)
        half = statistics.astype(np.float16), pooled.astype(np.float16)
        return *half, kinds, place * everywhere, things, view * everywhere, areas[things], fits

    def _embedding(self, rng: np.random.Generator, scene: Scene, window: Window) -> Embedding:
        if self.plain:
            return self.segmenter.encode(scene.image, window)
        seen = np.moveaxis((look(rng, scene.image, window) - MEAN) / STD, -1, 0)[None].astype(np.float32)
        feeds = {"image": seen, "depth": sensed_depth(rng, scene.depth_mm, window)[None, None]}
        return Embedding(self.encoder.run(feeds), window, self.segmenter.name, feeds)

    def _click(self, rng: np.random.Generator, scene: Scene, thing: int) -> NDArray[np.float64]:
        """Somewhere on the thing, or where it is deepest, with an eye tracker's error; inside of the picture."""
        height, width = scene.object_ids.shape
        where = scene.object_ids == thing
        if thing and rng.random() < 0.5:
            click = np.array(deepest(where)[0], float)
        else:
            rows, columns = np.nonzero(where)
            pick = int(rng.integers(len(rows)))
            click = np.array([columns[pick], rows[pick]], float)
        click += rng.normal(0, 0.5 * GAZE_ERROR * max(height, width), 2)
        return np.clip(click, 0, [width - 1, height - 1])
