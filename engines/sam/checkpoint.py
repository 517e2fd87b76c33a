"""Reads segment-anything checkpoints without running anything that is in them.

A .pth file is a zip archive (older ones: a bare pickle stream) that may hold any Python code; torch's ``weights_only``
unpickler refuses all but tensors. A .safetensors file holds tensors only. Which of them a file is, and which network
its tensors are of, is read from the content.
"""

import pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gazeline.engines.checkpoint_files import kind_of
from gazeline.engines.manifest import MAX_FILE_BYTES

State = dict[str, Tensor]

MAX_ZIP_ENTRIES = 100_000
WRAPPERS = ("model", "state_dict", "model_state_dict")  # where training scripts put the tensors
# Not segment-anything's own network, but its relatives: found by a tensor that only they have.
RELATIVES = {
    r"^image_encoder\.patch_embed\.seq\.": "MobileSAM",
    r"^image_encoder\.(trunk|neck\.convs)\.": "SAM 2",
    r"^image_encoder\.stages\.": "EdgeSAM",
    r"^mask_decoder\.hf_token\.": "HQ-SAM",
    r"^image_encoder\.backbone\.": "EfficientViT-SAM",
    r"^prompt_encoder\.bbox_top_left_embeddings\.": "EfficientSAM",
}


def read_checkpoint(path: Path) -> State:
    """The tensors of a segment-anything checkpoint by their names in the package, as float32.

    ValueError, in a sentence, if the file is damaged, holds anything but tensors, or is of another network.
    """
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ValueError(f"{path} is too large for a checkpoint: at most {MAX_FILE_BYTES >> 30} GiB")
    state = _read_safetensors(path) if kind_of(path) == "safetensors" else _read_torch(path)
    state = _from_transformers(state)
    for pattern, family in RELATIVES.items():
        if any(re.search(pattern, name) for name in state):
            raise ValueError(
                f"{path} is a checkpoint of {family}, which is added as a pair of ONNX files; see docs/models.md"
            )
    if "image_encoder.patch_embed.proj.weight" not in state or "mask_decoder.mask_tokens.weight" not in state:
        raise ValueError(f"{path} is no checkpoint of segment-anything: it has other tensors")
    state = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    if broken := [name for name, tensor in state.items() if not torch.isfinite(tensor).all()]:
        raise ValueError(f"{path} is damaged: {broken[0]} has values that are not a number")
    return state


def _read_safetensors(path: Path) -> State:
    try:
        from safetensors import SafetensorError
        from safetensors.torch import load_file
    except ImportError as error:
        raise ValueError("reading safetensors needs: pip install 'gazeline[export]'") from error
    try:
        state: State = load_file(path)
    except (SafetensorError, OSError, UnicodeDecodeError, KeyError) as error:
        raise ValueError(f"{path} is no whole safetensors file: {_one_line(error)}") from error
    return state


def _read_torch(path: Path) -> State:
    zipped = kind_of(path) == "zip"
    if zipped:
        _check_zip(path)
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except pickle.UnpicklingError as error:
        # torch's own text is a page about how to switch the protection off
        found = re.search(r"GLOBAL ([\w.]+)", str(error))
        what = f" ({found[1]})" if found else ""
        raise ValueError(
            f"{path} holds something else than tensors{what}, perhaps code; it was not run. "
            "Ask for a file with the weights alone, best as safetensors"
        ) from error
    except (RuntimeError, OSError, EOFError, ValueError, KeyError, AttributeError, TypeError, IndexError) as error:
        raise ValueError(f"{path} is no whole torch checkpoint: {_one_line(error)}") from error
    return _tensors(loaded, path)


def _check_zip(path: Path) -> None:
    """ValueError unless the archive is what torch writes: nothing compressed, nothing larger than the file."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ValueError(f"{path} is a damaged zip archive, or it is cut off") from error
    if len(entries) > MAX_ZIP_ENTRIES or any(e.compress_type != zipfile.ZIP_STORED for e in entries):
        raise ValueError(f"{path} is a compressed zip archive, which torch does not write: unpack what is in it first")
    if sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise ValueError(f"{path} is a zip archive that claims to hold more than it does")
    names = {entry.filename.partition("/")[2] for entry in entries}
    if "constants.pkl" in names or any(name.startswith("code/") for name in names):
        raise ValueError(f"{path} is a TorchScript program, not a checkpoint: its code is not run")
    if "data.pkl" not in names:
        raise ValueError(f"{path} is a zip archive, but no torch checkpoint")


def _tensors(loaded: Any, path: Path) -> State:
    for wrapper in WRAPPERS:
        if isinstance(loaded, Mapping) and isinstance(loaded.get(wrapper), Mapping):
            loaded = loaded[wrapper]
    if not isinstance(loaded, Mapping) or not loaded:
        raise ValueError(f"{path} is no checkpoint of segment-anything: it is no table of tensors")
    state = {str(name).removeprefix("module."): value for name, value in loaded.items() if isinstance(value, Tensor)}
    if len(state) != len(loaded):
        raise ValueError(f"{path} is no checkpoint of segment-anything: not all that it holds are tensors")
    return state


def _from_transformers(state: State) -> State:
    """The names of Hugging Face's ``SamModel`` turned back into segment-anything's; others are returned as they are.

    The reverse of transformers' ``convert_sam_to_hf.py``.
    """
    if not any(name.startswith("vision_encoder.") for name in state):
        return state
    renamed: State = {}
    for name, tensor in state.items():
        if name == "shared_image_embedding.positional_embedding":
            continue  # the same tensor as the prompt encoder's
        for pattern, text in TRANSFORMERS_NAMES:
            name = re.sub(pattern, text, name)  # noqa: PLW2901
        renamed[name] = tensor
    return renamed


TRANSFORMERS_NAMES = (
    (r"^vision_encoder\.", "image_encoder."),
    (r"^(image_encoder)\.layers\.", r"\1.blocks."),
    (r"\.layer_norm(\d|_final_attn)", r".norm\1"),
    (r"\.patch_embed\.projection\.", ".patch_embed.proj."),
    (r"\.neck\.conv1\.", ".neck.0."),
    (r"\.neck\.norm1\.", ".neck.1."),
    (r"\.neck\.conv2\.", ".neck.2."),
    (r"\.neck\.norm2\.", ".neck.3."),
    (r"\.shared_embedding\.positional_embedding$", ".pe_layer.positional_encoding_gaussian_matrix"),
    (r"\.point_embed\.", ".point_embeddings."),
    (r"\.mask_embed\.conv1\.", ".mask_downscaling.0."),
    (r"\.mask_embed\.norm1\.", ".mask_downscaling.1."),
    (r"\.mask_embed\.conv2\.", ".mask_downscaling.3."),
    (r"\.mask_embed\.norm2\.", ".mask_downscaling.4."),
    (r"\.mask_embed\.conv3\.", ".mask_downscaling.6."),
    (r"\.upscale_conv1\.", ".output_upscaling.0."),
    (r"\.upscale_layer_norm\.", ".output_upscaling.1."),
    (r"\.upscale_conv2\.", ".output_upscaling.3."),
    (r"(iou_prediction_head|output_hypernetworks_mlps\.\d+)\.layers\.0\.", r"\1.layers.1."),
    (r"(iou_prediction_head|output_hypernetworks_mlps\.\d+)\.proj_in\.", r"\1.layers.0."),
    (r"(iou_prediction_head|output_hypernetworks_mlps\.\d+)\.proj_out\.", r"\1.layers.2."),
)


def _one_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
