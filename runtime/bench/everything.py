"""``gazeline bench everything``: beside segment-anything's automatic mask generator, which drives the same model."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from gazeline.engines.everything import tiles, workers_of
from gazeline.engines.labelled_sets import Depth, Labelled, read_set
from gazeline.engines.segmenter import Prompt, Segmenter
from gazeline.engines.window import Window
from gazeline.runtime.evaluation import simulator
from gazeline.runtime.evaluation.all_things import (
    WIDTH,
    Finder,
    Finding,
    Picture,
    Score,
    by_picture,
    finder_of,
    read_picture,
    score,
    table_of,
)
from gazeline.runtime.evaluation.measure import warm_up
from gazeline.runtime.files import write_bytes
from gazeline.runtime.image_files import Image
from gazeline.runtime.report import check_writable

FRAME = (640, 480)
OURS = "gazeline"
LOOSE = {"pred_iou_thresh": 0.3, "stability_score_thresh": 0.6, "stability_score_offset": 0.5}  # as everything's own


def bench(model: str, labelled: str, most: int, min_area_px: float, out: Path | None) -> dict[str, Score]:
    """Measure all on the same pictures, cut to 4:3 and made 640x480, and print. ValueError or OSError in a sentence."""
    if absent := [name for name in ("torch", "segment_anything") if importlib.util.find_spec(name) is None]:
        raise ValueError(f"the generator to compare with needs {', '.join(absent)}: pip install 'gazeline[export]'")
    if out is not None:
        check_writable(out, "--out")
    workers = workers_of(model)
    one, all_cores = Segmenter.load(model, threads=1 if workers > 1 else None), Segmenter.load(model)
    scores: dict[str, Score] = {}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        folder = simulator.simulated_views(progress) if labelled == simulator.NAME else Path(labelled)
        pictures = by_picture(read_set(folder, min_area_px=min_area_px), most)
        finders: dict[str, Finder] = {
            OURS: finder_of(one, workers),
            "SAM's generator, its thresholds": generator(all_cores, {}, tiled=False),
            "SAM's generator, ours": generator(all_cores, LOOSE, tiled=False),
            "SAM's generator, ours, in our windows": generator(all_cores, LOOSE, tiled=True),
        }
        for segmenter in (one, all_cores):
            warm_up(segmenter)
        for name, find in finders.items():
            task = progress.add_task(name, total=len(pictures))
            scores[name] = score(
                pictures, find, lambda things: framed(things, min_area_px), lambda: progress.advance(task)  # noqa: B023
            )  # fmt: skip
    ours = scores[OURS]
    console = Console(width=WIDTH)
    title = f"everything in {ours.pictures} pictures of {FRAME[0]}x{FRAME[1]}, {ours.objects} objects, model {model}"
    console.print(table_of(scores, title))
    for name, row in scores.items():
        if name != OURS:
            better = ours.recall.mean - row.recall.mean
            console.print(f"{row.p50_ms / ours.p50_ms:.0f} times as fast as {name}, recall {better:+.3f}")
    if out is not None:
        write_bytes(out, msgspec.json.encode(scores))
    one.close()
    all_cores.close()
    return scores


def framed(things: Sequence[Labelled], min_area_px: float) -> Picture:
    """A picture cut to 4:3 around its middle, and made 640x480, with the objects that are large enough then."""
    picture = read_picture(things)
    height, width = picture.image.shape[:2]
    scale = min(width / FRAME[0], height / FRAME[1])
    wide, high = round(FRAME[0] * scale), round(FRAME[1] * scale)
    x, y = (width - wide) // 2, (height - high) // 2
    cut = np.s_[y : y + high, x : x + wide]
    masks = [
        cv2.resize(mask[cut].astype(np.uint8), FRAME, interpolation=cv2.INTER_NEAREST) > 0 for mask in picture.wanted
    ]
    image = np.asarray(cv2.resize(picture.image[cut], FRAME, interpolation=cv2.INTER_AREA), np.uint8)
    wanted = [np.asarray(mask) for mask in masks if np.count_nonzero(mask) >= min_area_px]
    return Picture(picture.name, picture.group, image, wanted)


def generator(segmenter: Segmenter, thresholds: dict[str, float], *, tiled: bool) -> Finder:
    """``SamAutomaticMaskGenerator`` on ``segmenter``, with its 32x32 points; ``tiled``: each asked in the window of
    ours that is nearest, else all in one window on the whole frame."""
    from gazeline.engines.torchvision_stand_in import torchvision_or_nothing

    with torchvision_or_nothing():
        from segment_anything import automatic_mask_generator as sam
    sam.batched_nms = _box_nms  # the same as torchvision's, which the installed torch may not fit
    stand_in = SimpleNamespace(image_encoder=SimpleNamespace(img_size=1024), mask_threshold=0.0, device="cpu")
    made = sam.SamAutomaticMaskGenerator(stand_in, **thresholds)
    made.predictor = _Predictor(segmenter, tiled)

    def find(image: Image, depth_m: Depth | None) -> Finding:
        masks = [entry["segmentation"] for entry in made.generate(image)]
        return Finding(masks, [True] * len(masks))

    return find


class _Predictor:
    """What the generator wants of a ``SamPredictor``, answered by one of our segmenters."""

    def __init__(self, segmenter: Segmenter, tiled: bool) -> None:
        self._segmenter, self._tiled = segmenter, tiled
        self.device = "cpu"
        self.model = SimpleNamespace(mask_threshold=0.0)
        self.transform = SimpleNamespace(apply_coords=lambda points, size: points)  # points stay pixels of the frame

    def set_image(self, image: Image) -> None:
        self._height, self._width = image.shape[:2]
        size = self._segmenter.bundle.manifest.input.size
        full = [Window.full(self._width, self._height, size)]
        self._windows = tiles(self._segmenter, self._width, self._height) if self._tiled else full
        self._embeddings = [self._segmenter.encode(image, window) for window in self._windows]

    def reset_image(self) -> None:
        self._embeddings = []

    def predict_torch(self, points: Any, labels: Any, multimask_output: bool, return_logits: bool) -> tuple[Any, ...]:
        import torch

        at = points[:, 0].numpy().astype(np.float64)  # (N, 2)
        middles = np.array([(window.x.centre, window.y.centre) for window in self._windows])
        nearest = np.linalg.norm(at[:, None] - middles[None], axis=-1).argmin(axis=1)
        logits = torch.empty((len(at), 3, self._height, self._width))
        iou = torch.empty((len(at), 3))
        for which in np.unique(nearest):
            members = np.flatnonzero(nearest == which)
            answers = self._segmenter.decode(self._embeddings[which], [Prompt([at[i]]) for i in members])
            logits[members] = self._enlarged(np.stack([answer.logits for answer in answers]), self._windows[which])
            iou[members] = torch.as_tensor(np.stack([answer.iou for answer in answers]))
        return logits, iou, None

    def _enlarged(self, logits: NDArray[np.float32], window: Window) -> Any:
        """At the frame's size; from a window of one scale as ``SamPredictor`` does it."""
        import torch

        if window.is_foveal:
            return torch.as_tensor(np.stack([window.unwarp(each) for each in logits]))
        side = logits.shape[-1] / max(self._height, self._width)
        shown = torch.as_tensor(logits)[..., : round(self._height * side), : round(self._width * side)]
        return torch.nn.functional.interpolate(shown, (self._height, self._width), mode="bilinear", align_corners=False)


def _box_nms(boxes: Any, scores: Any, _: Any, iou_threshold: float) -> Any:
    import torch

    b, order = boxes.numpy(), np.argsort(-scores.numpy(), kind="stable")
    areas, keep = (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1]), []
    while len(order):
        first, rest = order[0], order[1:]
        keep.append(int(first))
        sides = np.minimum(b[first, 2:], b[rest, 2:]) - np.maximum(b[first, :2], b[rest, :2])
        common = sides.clip(0).prod(axis=1)
        order = rest[common / np.maximum(areas[first] + areas[rest] - common, 1e-9) <= iou_threshold]
    return torch.as_tensor(keep, dtype=torch.int64)
