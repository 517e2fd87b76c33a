"""Writes segment-anything's network as two ONNX files that every backend parses.

The decoder gives low-resolution masks and predicted IoU, for any number of prompts and points. What the package's own
exporter adds, the masks at the picture's size, is left out: the size would be a tensor that decides shapes, which
TensorRT refuses, and the host resamples masks anyway.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
import onnxslim
import torch
from torch import Tensor, nn

from gazeline.engines import bundle
from gazeline.engines.onnx_graph import ONE_FILE_BYTES, save
from gazeline.engines.sam.network import Sam

OPSET = 18
INPUTS = ("image_embeddings", "point_coords", "point_labels", "mask_input", "has_mask_input")
OUTPUTS = ("low_res_masks", "iou_predictions")
MASKS_PER_CELL = 4  # mask pixels per side of a cell of the embedding


class PromptDecoder(nn.Module):
    """The prompt encoder and mask decoder of ``sam``, for (N, P) points at once on one embedding.

    point_coords (N, P, 2) pixels of the encoder's picture, point_labels (N, P) as in `gazeline.engines.decoders`,
    mask_input (N, 1, M, M), has_mask_input (N,) -> low_res_masks (N, 4, M, M), iou_predictions (N, 4).
    """

    def __init__(self, sam: Sam) -> None:
        super().__init__()
        self.prompt: Any = sam.prompt_encoder
        self.decoder: Any = sam.mask_decoder
        self.size = int(sam.image_encoder.img_size)

    def forward(
        self,
        image_embeddings: Tensor,
        point_coords: Tensor,
        point_labels: Tensor,
        mask_input: Tensor,
        has_mask_input: Tensor,
    ) -> tuple[Tensor, Tensor]:
        points = self.prompt.pe_layer._pe_encoding((point_coords + 0.5) / self.size)  # (N, P, C)
        labels = point_labels.unsqueeze(-1)
        points = points * (labels != -1) + self.prompt.not_a_point_embed.weight * (labels == -1)
        for label, embedding in enumerate(self.prompt.point_embeddings):
            points = points + embedding.weight * (labels == label)
        given = has_mask_input.reshape(-1, 1, 1, 1)
        none = self.prompt.no_mask_embed.weight.reshape(1, -1, 1, 1)
        dense = given * self.prompt.mask_downscaling(mask_input) + (1 - given) * none
        masks, iou = self.decoder.predict_masks(image_embeddings, self.prompt.get_dense_pe(), points, dense)
        return masks, iou


def export_encoder(sam: Sam, folder: Path) -> None:
    """``encoder.onnx`` in ``folder``: image (1, 3, S, S), normalised -> image_embeddings (1, 256, S / 16, S / 16)."""
    size = int(sam.image_encoder.img_size)
    example = (torch.zeros(1, 3, size, size),)
    write(sam.image_encoder, example, folder / bundle.ENCODER, ("image",), INPUTS[:1], None)


def export_decoder(sam: Sam, folder: Path) -> None:
    """``decoder.onnx`` in ``folder``, with the inputs and outputs of `PromptDecoder`."""
    prompts, points = torch.export.Dim("prompts", min=1), torch.export.Dim("points", min=1)
    free = (None, {0: prompts, 1: points}, {0: prompts, 1: points}, {0: prompts}, {0: prompts})
    decoder = PromptDecoder(sam).eval()
    write(decoder, example_prompts(sam), folder / bundle.DECODER, INPUTS, OUTPUTS, free)


def example_prompts(sam: Sam) -> tuple[Tensor, ...]:
    """Inputs of `PromptDecoder`: two prompts of three points, for an exporter takes a 1 for a constant."""
    size, grid = int(sam.image_encoder.img_size), sam.prompt_encoder.image_embedding_size[0]
    embedding = torch.zeros(1, sam.prompt_encoder.embed_dim, grid, grid)
    mask = torch.zeros(2, 1, MASKS_PER_CELL * grid, MASKS_PER_CELL * grid)
    return embedding, torch.rand(2, 3, 2) * size, torch.ones(2, 3), mask, torch.zeros(2)


def write(
    module: nn.Module,
    example: tuple[Tensor, ...],
    path: Path,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    free: tuple[dict[int, torch.export.Dim] | None, ...] | None,
) -> None:
    """Export ``module``, clean the graph, and write it; ``free``: which lengths of each input are not fixed."""
    with _quiet(), torch.no_grad():
        program = torch.onnx.export(
            module,
            example,
            dynamo=True,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes=free,
            opset_version=OPSET,
            external_data=False,
            verbose=False,
        )
        if program is None:
            raise RuntimeError("torch's exporter returned no program")
        model = program.model_proto
        if model.ByteSize() < ONE_FILE_BYTES:
            model = onnxslim.slim(model)
            onnx.checker.check_model(model, full_check=True)
    save(model, path)


@contextmanager
def _quiet() -> Iterator[None]:
    """torch's exporter warns of torchvision, which is not used, and of its own deprecated parts."""
    logger = logging.getLogger("torch.onnx._internal.exporter")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
