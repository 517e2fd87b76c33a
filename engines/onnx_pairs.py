"""Ready ONNX files of the SAM family, turned into one signature: an encoder of normalised pictures, a prompt decoder.

What the files of each family look like was read in the code that exports them:

- segment-anything, MobileSAM (scripts/export_onnx_model.py) and samexporter: the encoder takes (1, 3, S, S),
  normalised, or, with --use-preprocess, (H, W, 3) 0..255; the decoder gives the masks at ``orig_im_size`` as well;
- NanoSAM (nanosam/tools/export_*.py): the same decoder without ``orig_im_size``; the encoder may be smaller than the
  1024 px that the decoder counts in;
- EdgeSAM (scripts/export_onnx_model.py): no earlier mask; outputs ``scores`` and ``masks``, which are small ones;
- EfficientViT-SAM (applications/efficientvit_sam/deployment/onnx): no earlier mask; many prompts; an encoder of 512 px;
- EfficientSAM (export_to_onnx.py): pictures 0..1, stretched to a square; (1, Q, P, 2) points, no "not this" among them;
- SAM 2, by samexporter (export_sam2.py): three feature maps, stretched pictures, padding added by the network.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gazeline.engines import onnx_graph as graphs
from gazeline.engines.decoders import NEGATIVE, OWN_INPUTS, PADDING

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)  # of all the family, from ImageNet
MASKS_PER_CELL = 4  # pixels of a mask per side of a cell of the embedding
CELL_PX = 16  # decoders count in pixels of a picture with 16 x 16 of them to each cell of the embedding
PROMPT, EFFICIENT_PROMPT = {"point_coords", "point_labels"}, {"batched_point_coords", "batched_point_labels"}
KNOWN_INPUTS = {*OWN_INPUTS, *EFFICIENT_PROMPT, "orig_im_size"}


@dataclass(frozen=True)
class Pair:
    """Two networks in the common signature, and what a manifest says of them."""

    encoder: Any
    decoder: Any
    what: str  # which signature the files had, for people
    family: str  # as in ``model.toml``
    size: int
    stretched: bool
    points: int


def find(path: Path) -> tuple[Path, Path] | None:
    """The encoder's and the decoder's file in a folder, or beside one of the two; None if there are no two."""
    folder = path if path.is_dir() else path.parent
    files = sorted(file for file in folder.glob("*.onnx") if file.is_file())
    decoders = [file for file in files if _is_decoder(file)]
    encoders = [file for file in files if file not in decoders]
    if path.is_file() and path in decoders:
        decoders = [path]
    elif path.is_file():
        encoders = [path]
    if len(decoders) > 1 or len(encoders) > 1:
        raise ValueError(f"there are several models in {folder}: put the encoder and decoder of one into a folder")
    return (encoders[0], decoders[0]) if encoders and decoders else None


def adapt(encoder_path: Path, decoder_path: Path, size: int | None = None) -> Pair:
    """Both networks in the common signature; ``size`` where the encoder's picture has a free size.

    ValueError, in a sentence, if they are of no known signature or do not fit each other.
    """
    encoder, decoder = graphs.load(encoder_path), graphs.load(decoder_path)
    what, family, points = _adapt_decoder(decoder, decoder_path)
    maps = {name: shape for name, shape in graphs.inputs(decoder).items() if name not in OWN_INPUTS}
    _match_maps(encoder, encoder_path, decoder, maps)
    cells = _cells(encoder, maps)
    stretched = family == "sam2"
    side = _adapt_encoder(encoder, encoder_path, size, cells)
    if cells is None:
        raise ValueError(f"{encoder_path} gives an embedding without a fixed size; export it for one size of picture")
    if side != cells * CELL_PX:  # the decoder counts in pixels of a larger or smaller picture
        scale = np.float32(cells * CELL_PX / side)
        shape = graphs.inputs(decoder)["point_coords"]
        steps = [("Add", 0.5), ("Mul", scale), ("Sub", 0.5)]
        graphs.reshape_input(decoder, "point_coords", "point_coords", shape, steps)
    prompts = "prompts" if graphs.inputs(decoder)["point_coords"][0] is None else 1
    masks = MASKS_PER_CELL * cells
    graphs.describe_output(decoder, "low_res_masks", (prompts, None, masks, masks))
    return Pair(encoder, decoder, what, family, side, stretched, points)


def _is_decoder(path: Path) -> bool:
    names = graphs.inputs(graphs.load(path)).keys()
    return names >= PROMPT or names >= EFFICIENT_PROMPT


def _adapt_decoder(model: Any, path: Path) -> tuple[str, str, int]:
    """Change the decoder in place: which signature it had, the family, and how many points a prompt may have."""
    names, outputs = graphs.inputs(model), graphs.outputs(model)
    if names.keys() >= EFFICIENT_PROMPT:
        return _adapt_efficient_sam(model, path)
    masks = "low_res_masks" if "low_res_masks" in outputs else "masks"
    quality = "scores" if "scores" in outputs else "iou_predictions"
    if not names.keys() >= PROMPT or masks not in outputs or quality not in outputs:
        raise ValueError(
            f"{path} has a signature that is not known: inputs {', '.join(names)}; outputs {', '.join(outputs)}"
        )
    maps = [name for name in names if name not in KNOWN_INPUTS]
    graphs.keep_outputs(model, {masks: "low_res_masks", quality: "iou_predictions"})
    if "orig_im_size" in graphs.inputs(model):
        raise ValueError(f"{path} gives only masks of the picture's size; export it with low_res_masks as an output")
    if len(maps) == 3:
        if names.get("has_mask_input") == (None,):  # as exported, it is multiplied with (N, C, h, w)
            steps = [("Reshape", [-1, 1, 1, 1])]
            graphs.reshape_input(model, "has_mask_input", "has_mask_input", ("prompts",), steps)
        return "SAM 2", "sam2", 32
    if "mask_input" in names:
        return "segment-anything", "sam", 32
    return ("EdgeSAM" if quality == "scores" else "EfficientViT-SAM"), "sam", 32


def _adapt_efficient_sam(model: Any, path: Path) -> tuple[str, str, int]:
    outputs = graphs.outputs(model)
    small = [name for name, shape in outputs.items() if len(shape) == 4]  # the third one, which has no name of its own
    if not small or "iou_predictions" not in outputs:
        raise ValueError(f"{path} lacks EfficientSAM's low-resolution masks: it has {', '.join(outputs)}")
    queries, points = graphs.inputs(model)["batched_point_coords"][1:3]
    graphs.keep_outputs(model, {small[0]: "low_res_masks", "iou_predictions": "iou_predictions"})
    if "orig_im_size" in graphs.inputs(model):  # points are in pixels of a picture of this size
        (embedding,) = (s for n, s in graphs.inputs(model).items() if n not in KNOWN_INPUTS)
        side = CELL_PX * int(embedding[-1] or 0)
        graphs.set_constant(model, "orig_im_size", np.array([side, side]))
    prompts: int | str = "prompts" if queries is None else 1
    length: int | str = "points" if points is None else int(points)
    batch = -1 if queries is None else 1
    coords = [("Reshape", [1, batch, -1 if batch == 1 else int(points or 1), 2])]
    labels = [("Where", (NEGATIVE, PADDING)), ("Reshape", [1, batch, -1 if batch == 1 else int(points or 1)])]
    graphs.reshape_input(model, "batched_point_coords", "point_coords", (prompts, length, 2), coords)
    graphs.reshape_input(model, "batched_point_labels", "point_labels", (prompts, length), labels)
    graphs.reshape_output(model, "iou_predictions", [-1, 3], (prompts, 3))
    most = 6 if points is None else int(points)
    return "EfficientSAM", "sam2", max(1, most - 2)  # a box counts as two


def _match_maps(encoder: Any, path: Path, decoder: Any, maps: dict[str, graphs.Shape]) -> None:
    """Name the encoder's outputs as the decoder's inputs: by their names, or by their shapes where names differ."""
    found = graphs.outputs(encoder)
    names = {}
    for name, shape in maps.items():
        fits = [other for other, has in found.items() if _alike(has, shape)]
        fits = [name] if name in fits else fits
        if len(fits) != 1:
            raise ValueError(
                f"{path} does not fit its decoder, which takes {name} of {_text(shape)}: it gives "
                + (", ".join(f"{other} of {_text(has)}" for other, has in found.items()))
            )
        names[fits[0]] = name
    graphs.keep_outputs(encoder, names)


def _alike(has: graphs.Shape, wanted: graphs.Shape) -> bool:
    if len(has) not in (0, 4) or len(wanted) != 4:  # 0: nothing is said about it
        return False
    return not has or all(a is None or b is None or a == b for a, b in zip(has[1:], wanted[1:], strict=True))


def _cells(encoder: Any, maps: dict[str, graphs.Shape]) -> int | None:
    """Cells per side of the embedding, the coarsest of the feature maps."""
    sides = [shape[-1] for shape in (*maps.values(), *graphs.outputs(encoder).values())]
    known = [int(side) for side in sides if isinstance(side, int)]
    return min(known) if known else None


def _adapt_encoder(model: Any, path: Path, size: int | None, cells: int | None) -> int:
    """Change the encoder in place to take ``image`` (1, 3, S, S), normalised; returns S."""
    (name, shape), *others = graphs.inputs(model).items()
    if others or len(shape) not in (3, 4):
        raise ValueError(f"{path} must have one picture as input, not {', '.join(graphs.inputs(model))}")
    planar = len(shape) == 4
    if shape[1 if planar else 2] not in (3, None):
        raise ValueError(f"{path} takes {shape[1 if planar else 2]} channels, not the three of a picture")
    height, width = shape[2:] if planar else shape[:2]
    if height != width:
        raise ValueError(f"{path} takes pictures of {width}x{height} pixels, not square ones")
    free = CELL_PX * cells if cells is not None else None
    if height is not None and size not in (None, height):
        raise ValueError(f"{path} takes pictures of {height} pixels only, not of {size}")
    side = height or size or free
    if side is None:
        raise ValueError(f"{path} takes pictures of any size; say which with --size")
    side = int(side)
    if not planar:  # (H, W, 3), 0..255, which it normalises itself
        graphs.fix_input(model, name, (side, side, 3))
        steps = [("Reshape", [3, side, side]), ("Transpose", (1, 2, 0)), ("Mul", STD), ("Add", MEAN)]
    elif name == "batched_images":  # 0..1, which it normalises itself
        graphs.fix_input(model, name, (1, 3, side, side))
        column = np.array([[[[value]] for value in values] for values in (STD, MEAN)]) / 255.0  # (2, 3, 1, 1)
        steps = [("Mul", column[0]), ("Add", column[1])]
    else:
        graphs.fix_input(model, name, (1, 3, side, side))
        graphs.rename(model, name, "image")
        return side
    graphs.reshape_input(model, name, "image", (1, 3, side, side), steps)
    return side


def _text(shape: graphs.Shape) -> str:
    return "x".join("?" if length is None else str(length) for length in shape)
