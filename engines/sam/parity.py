"""Whether an exported network gives what torch gives: the check without which no model is added."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from gazeline.engines import bundle
from gazeline.engines.ort import OrtSession
from gazeline.engines.sam.export import INPUTS, MASKS_PER_CELL, OUTPUTS, PromptDecoder
from gazeline.engines.sam.network import Sam
from gazeline.engines.session import Array

MAX_RELATIVE_ERROR = 1e-4
MIN_MASK_IOU = 0.999


@dataclass(frozen=True)
class Parity:
    """The worst of all comparisons. An error is relative to the largest value of the tensor that it is in."""

    encoder_error: float
    decoder_error: float
    mask_iou: float  # of the masks that both cut at 0
    pictures: int
    prompts: int

    @property
    def ok(self) -> bool:
        """Whether the export is the network; a NaN anywhere makes it False."""
        close = self.encoder_error <= MAX_RELATIVE_ERROR and self.decoder_error <= MAX_RELATIVE_ERROR
        return close and self.mask_iou >= MIN_MASK_IOU

    def __str__(self) -> str:
        return (
            f"relative error at most {max(self.encoder_error, self.decoder_error):.1e}, mask IoU at least "
            f"{self.mask_iou:.5f} on {self.pictures} pictures and {self.prompts} prompts"
        )


def measure(sam: Sam, folder: Path) -> Parity:
    """``encoder.onnx`` and ``decoder.onnx`` of ``folder`` in ONNX Runtime against ``sam`` in torch."""
    size = int(sam.image_encoder.img_size)
    decoder = PromptDecoder(sam).eval()
    encoder_error, decoder_error, ious, asked = 0.0, 0.0, [], 0
    exported = {name: OrtSession(folder / name) for name in (bundle.ENCODER, bundle.DECODER)}
    try:
        pictures = list(_pictures(size))
        for picture in pictures:
            with torch.no_grad():
                wanted = sam.image_encoder(torch.from_numpy(picture)).numpy()
            found = exported[bundle.ENCODER].run({"image": picture})[INPUTS[0]]
            encoder_error = _worse(encoder_error, _error(found, wanted))
            for prompt in _prompts(size, wanted):
                with torch.no_grad():
                    masks, iou = decoder(*(torch.from_numpy(prompt[name]) for name in INPUTS))
                answer = exported[bundle.DECODER].run(prompt)
                for name, tensor in zip(OUTPUTS, (masks, iou), strict=True):
                    decoder_error = _worse(decoder_error, _error(answer[name], tensor.numpy()))
                ious += _ious(answer[OUTPUTS[0]], masks.numpy())
                asked += len(masks)
    finally:
        for session in exported.values():
            session.close()
    return Parity(encoder_error, decoder_error, min(ious, default=0.0), len(pictures), asked)


def _pictures(size: int) -> Iterator[NDArray[np.float32]]:
    """Normalised pictures (1, 3, size, size): noise, and shapes on a slope with an empty strip as padding leaves it."""
    rng = np.random.default_rng(0)
    yield rng.normal(0.0, 1.0, (1, 3, size, size)).astype(np.float32)
    ys, xs = np.mgrid[:size, :size] / size
    shapes = 2.0 * xs - 1.0 + np.where(np.hypot(xs - 0.4, ys - 0.3) < 0.15, 1.5, 0.0)
    shapes -= np.where((abs(xs - 0.7) < 0.1) & (abs(ys - 0.5) < 0.2), 2.0, 0.0)
    structured = shapes[None, None] * np.array([1.0, 0.5, -0.5])[None, :, None, None]
    structured[:, :, int(0.75 * size) :] = 0.0
    yield structured.astype(np.float32)


def _prompts(size: int, embedding: Array) -> Iterator[dict[str, Array]]:
    """One point; several prompts of several points, some of them padding; boxes with an earlier mask."""
    rng = np.random.default_rng(1)
    side = MASKS_PER_CELL * embedding.shape[-1]
    for labels, has_mask in (
        ([[1, -1]], [0]),
        ([[1, 0, -1], [1, 1, -1], [0, 1, -1]], [0, 0, 0]),
        ([[2, 3], [2, 3]], [1, 0]),
    ):
        n, points = np.shape(labels)
        yield {
            "image_embeddings": embedding,
            "point_coords": np.sort(rng.uniform(0, size, (n, points, 2)), axis=1).astype(np.float32),
            "point_labels": np.array(labels, np.float32),
            "mask_input": rng.normal(0.0, 5.0, (n, 1, side, side)).astype(np.float32),
            "has_mask_input": np.array(has_mask, np.float32),
        }


def _error(found: Array, wanted: Array) -> float:
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


def _worse(a: float, b: float) -> float:
    return float(np.maximum(a, b))  # NaN, if either is


def _ious(found: Array, wanted: Array) -> list[float]:
    a, b = (np.reshape(masks > 0, (-1, masks.shape[-1] ** 2)) for masks in (found, wanted))
    both, either = (a & b).sum(axis=1), (a | b).sum(axis=1)
    return [float(value) for value in np.where(either > 0, both / np.maximum(either, 1), 1.0)]
