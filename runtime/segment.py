"""``gazeline segment``: the objects at given points or boxes of one picture, as COCO run lengths and as a picture.

Each prompt stands alone: it is seen through a window of its own, around its box or its points. Prompts whose windows
are the same share one run of the encoder.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import msgspec
import numpy as np
from numpy.typing import NDArray

from gazeline.engines import rle
from gazeline.engines.bundle import DEFAULT
from gazeline.engines.segmenter import Masks, Prompt, Segmenter
from gazeline.engines.window import Window
from gazeline.runtime.draw import draw_masks
from gazeline.runtime.files import write_bytes
from gazeline.runtime.image_files import Image, read_image, write_image
from gazeline.runtime.segment_prompts import PromptEntry, entries_of


class Candidate(TypedDict):
    """One of the masks for a prompt, at the picture's full resolution."""

    segmentation: rle.Rle
    predicted_iou: float


class MaskEntry(Candidate):
    """The mask for a prompt, and all that it was chosen from."""

    id: str | int
    candidates: list[Candidate]


class Output(TypedDict):
    """The ``--out`` file."""

    image: dict[str, int]
    masks: list[MaskEntry]
    timing_ms: dict[str, float]


@dataclass(frozen=True)
class Segmentation:
    """The masks of each prompt, in the prompts' order, and how long encoding and decoding took."""

    masks: list[Masks]
    encode_ms: float
    decode_ms: float


def run(
    image: Path,
    points: Sequence[str] = (),
    box: str | None = None,
    prompts: Path | None = None,
    model: str | None = None,
    out: Path | None = None,
    overlay: Path | None = None,
    backend: str | None = None,
) -> None:
    """The command. ``points`` are "X,Y" or "X,Y,LABEL", ``box`` is "X0,Y0,X1,Y1".

    Without ``out`` and ``overlay`` the JSON goes to the standard output, else a line for each mask. ValueError and
    OSError say what is wrong.
    """
    start = time.monotonic_ns()
    entries = entries_of(points, box, prompts)
    check_outputs(out, overlay)
    picture = read_image(image)
    read_ms = _ms_since(start)

    loading = time.monotonic_ns()
    segmenter = Segmenter.load(model or DEFAULT, backend or "auto")
    load_ms = _ms_since(loading)
    try:
        result = segment_image(segmenter, picture, entries)
    finally:
        segmenter.close()

    tracing = time.monotonic_ns()
    output = output_of(picture, entries, result)
    masks_ms = _ms_since(tracing)
    if overlay is not None:
        write_image(overlay, draw_result(picture, entries, result))
    timing = {
        "read": read_ms,
        "load": load_ms,
        "encode": result.encode_ms,
        "decode": result.decode_ms,
        "masks": masks_ms,
        "total": _ms_since(start),
    }
    output["timing_ms"] = {name: round(ms, 3) for name, ms in timing.items()}
    text = msgspec.json.encode(output)
    if out is None and overlay is None:
        sys.stdout.write(text.decode() + "\n")
        return
    if out is not None:
        write_bytes(out, text)
    for row, masks in zip(output["masks"], result.masks, strict=True):
        print(f"{row['id']}: {int(masks.mask().sum())} px, predicted IoU {row['predicted_iou']:.2f}")


def check_outputs(*paths: Path | None) -> None:
    """OSError, before any work is done, where one of these files cannot be written."""
    for path in paths:
        if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
            raise OSError(f"{path} cannot be written: {'it is' if path.is_dir() else 'its parent is not'} a folder")


def segment_image(segmenter: Segmenter, image: Image, entries: Sequence[PromptEntry]) -> Segmentation:
    """The masks of each prompt on ``image``. ValueError, naming the prompt, where one does not fit the picture."""
    height, width = image.shape[:2]
    prompts = [entry.prompt() for entry in entries]
    groups: dict[Window, list[int]] = {}
    for i, (entry, prompt) in enumerate(zip(entries, prompts, strict=True)):
        with entry.named():
            prompt.check_inside(width, height)
        window = segmenter.window_for(width, height, centre_of(prompt))
        groups.setdefault(window, []).append(i)
    answers: dict[int, Masks] = {}
    encode_ms = decode_ms = 0.0
    for window, members in groups.items():
        start = time.monotonic_ns()
        embedding = segmenter.encode(image, window)
        encode_ms += _ms_since(start)
        start = time.monotonic_ns()
        answers |= zip(members, segmenter.decode(embedding, [prompts[i] for i in members]), strict=True)
        decode_ms += _ms_since(start)
    return Segmentation([answers[i] for i in range(len(entries))], encode_ms, decode_ms)


def centre_of(prompt: Prompt) -> NDArray[np.float64]:
    """Where to look for a prompt: the middle of its box, or of its positive points."""
    wanted = np.asarray(prompt.points)[np.asarray(prompt.labels) == 1]
    corners = wanted if prompt.box is None else np.reshape(np.asarray(prompt.box), (2, 2))
    return np.asarray(0.5 * (corners.min(axis=0) + corners.max(axis=0)))


def output_of(image: Image, entries: Sequence[PromptEntry], result: Segmentation) -> Output:
    """What the ``--out`` file says, but for the times."""
    rows: list[MaskEntry] = []
    for entry, masks in zip(entries, result.masks, strict=True):
        candidates: list[Candidate] = [
            {"segmentation": rle.encode(masks.mask(k)), "predicted_iou": round(float(np.clip(iou, 0.0, 1.0)), 6)}
            for k, iou in enumerate(masks.iou)
        ]
        rows.append({"id": entry.id, **candidates[masks.best], "candidates": candidates})
    return {"image": {"width": image.shape[1], "height": image.shape[0]}, "masks": rows, "timing_ms": {}}


def draw_result(image: Image, entries: Sequence[PromptEntry], result: Segmentation) -> Image:
    """The picture with its masks and prompts drawn on."""
    return draw_masks(
        image,
        [masks.mask() for masks in result.masks],
        labels=[str(entry.id) for entry in entries] if len(entries) > 1 else (),
        points=[
            (p[0], p[1], int(p[2]) if len(p) == 3 else 1) for entry in entries if entry.points for p in entry.points
        ],
        boxes=[entry.box for entry in entries if entry.box is not None],
    )


def _ms_since(start_ns: int) -> float:
    return (time.monotonic_ns() - start_ns) / 1e6
