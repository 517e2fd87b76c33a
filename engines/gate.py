"""Whether a network in another precision, or an engine, still gives the masks of the float32 original.

A fixed set of pictures and prompts, made here from a seed, goes through both. What is compared is every mask of every
prompt: the share that both have of what either has (IoU). A model with random weights, or one at a loss, may put a
whole picture inside or outside; there the masks are cut at the original's own median instead, so that the figure still
says whether the logits are the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import cv2
import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from gazeline.engines.segmenter import Embedding, Masks, Prompt, Segmenter

Precision = Literal["fp32", "fp16", "int8", "fp8"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "fp16", "int8", "fp8")
MIN_IOU: dict[Precision, float] = {"fp32": 0.99, "fp16": 0.99, "int8": 0.97, "fp8": 0.97}
DEGENERATE = 1e-3  # a mask of less than this share of the window, or all but this share, is not compared as it is

Image = NDArray[np.uint8]  # (H, W, 3) RGB


class Verdict(Struct, frozen=True):
    """What the comparison gave. ``worst``: the index of the prompt with the lowest IoU. Cosine: of all embeddings."""

    precision: Precision
    backend: str
    prompts: int
    mean_iou: float
    worst_iou: float
    worst: int
    cosine: float
    finite: bool
    min_iou: Annotated[float, Meta(ge=0.0, le=1.0)]
    loss_accepted: bool = False  # the user takes it as it is

    @property
    def good(self) -> bool:
        """Whether it is as the original is."""
        return self.finite and self.mean_iou >= self.min_iou

    @property
    def usable(self) -> bool:
        """Whether it may be used."""
        return self.good or self.loss_accepted

    def __str__(self) -> str:
        if not self.finite:
            return f"{self.precision} on {self.backend} gives values that are not finite"
        return (
            f"{self.precision} on {self.backend}: mean mask IoU {self.mean_iou:.4f} with float32 over {self.prompts} "
            f"prompts ({self.min_iou:g} is needed), worst {self.worst_iou:.4f}, cosine of embeddings {self.cosine:.5f}"
        )


@dataclass(frozen=True, eq=False)
class Golden:
    """One picture, its prompts, and what the original made of them."""

    image: Image
    depth_m: NDArray[np.float32]
    prompts: list[Prompt]
    embedding: Embedding
    masks: list[Masks]


def golden(original: Segmenter, pictures: int = 4) -> list[Golden]:
    """The original's answers to the fixed prompts."""
    made = []
    for seed in range(pictures):
        image, depth_m, prompts = picture(seed)
        embedding = original.encode(image, original.window_for(image.shape[1], image.shape[0]), depth_m)
        made.append(Golden(image, depth_m, prompts, embedding, original.decode(embedding, prompts)))
    return made


def compare(reference: Sequence[Golden], candidate: Segmenter, precision: Precision) -> Verdict:
    """The candidate against the original's answers."""
    ious: list[float] = []
    dots = np.zeros(3)
    finite = True
    for known in reference:
        embedding = candidate.encode(known.image, known.embedding.window, known.depth_m)
        masks = candidate.decode(embedding, known.prompts)
        arrays = [*embedding.tensors.values(), *(m.logits for m in masks), *(m.iou for m in masks)]
        finite = finite and all(bool(np.isfinite(array).all()) for array in arrays)
        for name, array in known.embedding.tensors.items():
            a, b = array.astype(np.float64).ravel(), embedding.tensors[name].astype(np.float64).ravel()
            dots += a @ b, a @ a, b @ b
        ious += [mean_iou(a.logits, b.logits) for a, b in zip(known.masks, masks, strict=True)]
    worst = int(np.argmin(ious))
    cosine = float(dots[0] / np.sqrt(dots[1] * dots[2])) if finite and dots[2] > 0.0 else 0.0
    return Verdict(
        precision=precision,
        backend=candidate.backend,
        prompts=len(ious),
        mean_iou=float(np.mean(ious)),
        worst_iou=ious[worst],
        worst=worst,
        cosine=cosine,
        finite=finite,
        min_iou=MIN_IOU[precision],
    )


def worst_picture(reference: Sequence[Golden], candidate: Segmenter, verdict: Verdict) -> Image:
    """The prompt with the lowest IoU, as a picture: left the original's mask, right the candidate's."""
    position = verdict.worst
    for known in reference:
        if position < len(known.prompts):
            break
        position -= len(known.prompts)
    embedding = candidate.encode(known.image, known.embedding.window, known.depth_m)
    answer = candidate.decode(embedding, known.prompts)[position]
    original = known.masks[position]
    sides = []
    for masks, name in ((original, "float32"), (answer, verdict.precision)):
        view = known.image.copy()
        inside = masks.mask(original.best)
        view[inside] = (0.5 * view[inside] + 0.5 * np.array([80, 255, 120])).astype(np.uint8)
        for x, y in np.asarray(known.prompts[position].points, np.int64):
            cv2.drawMarker(view, (int(x), int(y)), (255, 40, 40), cv2.MARKER_CROSS, 14, 2)
        cv2.putText(view, name, (8, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255), 2, cv2.LINE_AA)
        sides.append(view)
    return np.concatenate(sides, axis=1)


def picture(seed: int, width: int = 640, height: int = 480) -> tuple[Image, NDArray[np.float32], list[Prompt]]:
    """A picture of shaded shapes in front of a textured ground, its depth in metres (of which a band is unknown), and
    the prompts: a point on each shape, a box around two."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(60, 190, (6, 8, 3)).astype(np.float32)
    image: NDArray[np.float32] = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    depth_m = np.linspace(3.5, 1.5, height, dtype=np.float32)[:, None].repeat(width, axis=1)  # a floor
    prompts = []
    for i, (x, y, r) in enumerate(_places(rng, width, height)):
        colour = rng.uniform(0, 255, 3)
        shape = np.zeros((height, width), np.float32)
        if i % 2:
            cv2.ellipse(shape, (x, y), (r, int(r * 0.7)), float(rng.uniform(0, 180)), 0, 360, 1.0, -1, cv2.LINE_AA)
        else:
            corners = cv2.boxPoints(((x, y), (1.6 * r, 1.2 * r), float(rng.uniform(0, 90)))).astype(np.int32)
            cv2.fillPoly(shape, [corners], 1.0, cv2.LINE_AA)
        shade = np.linspace(1.15, 0.75, height, dtype=np.float32)[:, None, None]
        image += shape[..., None] * (colour.astype(np.float32) * shade - image)
        depth_m[shape > 0.5] = rng.uniform(0.4, 1.4)
        prompts.append(Prompt(points=[(x, y)]))
        if i < 2:
            prompts.append(Prompt(box=(x - r, y - r, x + r, y + r)))
    image += rng.normal(0, 4, image.shape).astype(np.float32)
    depth_m[:, : width // 20] = 0.0
    return np.clip(image, 0, 255).astype(np.uint8), depth_m, prompts


def _places(rng: np.random.Generator, width: int, height: int) -> Iterator[tuple[int, int, int]]:
    """The middles and radii of four shapes, one in each quarter around the middle of the picture."""
    for quarter in range(4):
        x = width * (0.34 + 0.32 * (quarter % 2)) + rng.uniform(-20, 20)
        y = height * (0.30 + 0.40 * (quarter // 2)) + rng.uniform(-20, 20)
        yield int(x), int(y), int(rng.uniform(40, 75))


def mean_iou(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """The mean IoU of the masks (K, h, w) of one prompt; 0 for what is not finite."""
    if not np.isfinite(b).all():
        return 0.0
    shares = []
    for x, y in zip(a, b, strict=True):
        covered = float((x > 0.0).mean())
        level = 0.0 if DEGENERATE < covered < 1.0 - DEGENERATE else float(np.median(x))
        p, q = x > level, y > level
        either = int((p | q).sum())
        shares.append(int((p & q).sum()) / either if either else 1.0)
    return float(np.mean(shares))
