"""segment-anything's network for the tensors of a checkpoint, at the picture size it was trained for or another."""

import importlib
import importlib.util
import re
import sys
import types
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from gazeline.engines.sam.checkpoint import State

Sam = Any  # segment_anything.modeling.Sam; the package has no types

PATCH_PX = 16
MIN_SIZE, MAX_SIZE = 128, 1024
EMBEDDING = 256  # channels of the embedding
VARIANTS = {(768, 12): "ViT-B", (1024, 24): "ViT-L", (1280, 32): "ViT-H"}


def variant(state: State) -> str:
    """What people call the network: "ViT-B", or its width and depth."""
    width, depth = _width(state), len(_relative_lengths(state))
    return VARIANTS.get((width, depth), f"ViT {width}x{depth}")


def native_size(state: State) -> int:
    """The side of the picture, in pixels, that the checkpoint was trained for."""
    return int(state["image_encoder.pos_embed"].shape[1]) * PATCH_PX


def build(state: State, size: int | None = None) -> Sam:
    """segment-anything's ``Sam`` with these weights, ready to infer on ``size`` x ``size`` pixels.

    ValueError if the tensors are not all of that network, or if there are others among them.
    """
    try:
        native, width, lengths = native_size(state), _width(state), _relative_lengths(state)
        heads = width // int(state["image_encoder.blocks.0.attn.rel_pos_h"].shape[1])
    except (KeyError, IndexError, ZeroDivisionError) as error:
        raise ValueError(f"these are not all the tensors of segment-anything: {error} is missing") from error
    size = size or native
    if size % PATCH_PX or not MIN_SIZE <= size <= max(native, MAX_SIZE):
        raise ValueError(f"the size must be a multiple of {PATCH_PX} from {MIN_SIZE} to {MAX_SIZE}, not {size}")
    whole = _positions(native)
    everywhere = [block for block, length in enumerate(lengths) if length == whole]
    sam = _sam(width, len(lengths), heads, size, window=(min(lengths) + 1) // 2, everywhere=everywhere)
    _load(sam, _resized(state, native, size))
    return sam.eval()


def random_state(seed: int = 0, width: int = 768, depth: int = 12, size: int = 1024) -> State:
    """Weights that segment nothing, to measure and to test with; by default of ViT-B."""
    torch.manual_seed(seed)
    every = max(1, depth // 4)
    sam = _sam(width, depth, width // 64, size, window=14, everywhere=list(range(every - 1, depth, every)))
    state: State = sam.state_dict()
    for name, tensor in state.items():
        if re.search(r"pos_embed$|rel_pos_[hw]$", name):  # they begin as zeros, which would hide a mistake
            tensor.normal_(0.0, 0.02)
    return state


def _sam(width: int, depth: int, heads: int, size: int, *, window: int, everywhere: list[int]) -> Sam:
    """The network of segment-anything's ``build_sam.py``; ``everywhere``: the blocks with global attention."""
    modeling, grid = _modeling(), size // PATCH_PX
    encoder = modeling.ImageEncoderViT(
        depth=depth,
        embed_dim=width,
        img_size=size,
        mlp_ratio=4,
        norm_layer=partial(nn.LayerNorm, eps=1e-6),
        num_heads=heads,
        patch_size=PATCH_PX,
        qkv_bias=True,
        use_rel_pos=True,
        global_attn_indexes=everywhere,
        window_size=window,
        out_chans=EMBEDDING,
    )
    prompt = modeling.PromptEncoder(
        embed_dim=EMBEDDING, image_embedding_size=(grid, grid), input_image_size=(size, size), mask_in_chans=16
    )
    decoder = modeling.MaskDecoder(
        num_multimask_outputs=3,
        transformer=modeling.TwoWayTransformer(depth=2, embedding_dim=EMBEDDING, mlp_dim=2048, num_heads=8),
        transformer_dim=EMBEDDING,
        iou_head_depth=3,
        iou_head_hidden_dim=256,
    )
    return modeling.Sam(encoder, prompt, decoder)


def _positions(size: int) -> int:
    """How many relative positions a block with global attention knows."""
    return 2 * (size // PATCH_PX) - 1


def _resized(state: State, native: int, size: int) -> State:
    """The weights for another picture size: positions are interpolated, and all else stays as it is.

    Absolute positions by bicubic interpolation, as ViT code does; relative ones linearly, as segment-anything itself
    does where it meets a length that it does not have (``get_rel_pos``).
    """
    if size == native:
        return state
    grid, positions = size // PATCH_PX, _positions(size)
    out = dict(state)
    for name, tensor in state.items():
        if name == "image_encoder.pos_embed":  # (1, H, W, C)
            planes = tensor.permute(0, 3, 1, 2)
            resized = F.interpolate(planes, (grid, grid), mode="bicubic", antialias=True)
            out[name] = resized.permute(0, 2, 3, 1).contiguous()
        elif re.search(r"attn\.rel_pos_[hw]$", name) and tensor.shape[0] == _positions(native):  # (2 * H - 1, C)
            out[name] = F.interpolate(tensor.T[None], positions, mode="linear")[0].T.contiguous()
    return out


def _load(sam: Sam, state: State) -> None:
    expected = sam.state_dict()
    missing, unknown = expected.keys() - state.keys(), state.keys() - expected.keys()
    if missing or unknown:
        name = min(missing or unknown)
        raise ValueError(
            f"these are not the tensors of segment-anything: {name} is {'missing' if missing else 'not one of them'}"
        )
    for name, tensor in expected.items():
        if tensor.shape != state[name].shape:
            have, want = ("x".join(map(str, t.shape)) for t in (state[name], tensor))
            raise ValueError(f"these are not the tensors of segment-anything: {name} is {have}, not {want}")
    sam.load_state_dict(state)


def _width(state: State) -> int:
    return int(state["image_encoder.patch_embed.proj.weight"].shape[0])


def _relative_lengths(state: State) -> list[int]:
    """How many relative positions each block of the encoder knows."""
    lengths = {
        int(found[1]): int(tensor.shape[0])
        for name, tensor in state.items()
        if (found := re.fullmatch(r"image_encoder\.blocks\.(\d+)\.attn\.rel_pos_h", name))
    }
    return [lengths[i] for i in range(len(lengths))]


def _modeling() -> Any:
    """``segment_anything.modeling``, without the package's ``__init__``.

    That one imports torchvision for things that are not needed here, and a torchvision that does not match torch stops
    it ("operator torchvision::nms does not exist").
    """
    package = "segment_anything"
    if package in sys.modules:
        return importlib.import_module(f"{package}.modeling")
    found = importlib.util.find_spec(package)
    if found is None or found.submodule_search_locations is None:
        raise ValueError("segment-anything is not installed; install it with: pip install 'gazeline[export]'")
    bare = types.ModuleType(package)
    bare.__path__ = list(found.submodule_search_locations)
    sys.modules[package] = bare
    try:
        return importlib.import_module(f"{package}.modeling")
    finally:  # whoever imports the package later is to get the whole of it
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            del sys.modules[name]
