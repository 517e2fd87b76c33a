"""Image and text towers with random weights, of any size: to prove the way from an export to names, and to time it.

Both are the plain transformers of CLIP (Radford et al., 2021): a ViT whose tokens are averaged, and causal text read at
its end token. What they say of a picture means nothing. Needs torch and onnxscript (the extra ``export``).
"""

import logging
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gazeline.engines.labelers.bundle import IMAGE, TEXT, TOKENIZER

OPSET = 18


@dataclass(frozen=True)
class Size:
    """Of both towers: the picture's side and patches in px, tokens of a text, width and depth of each, and the length
    of the vectors; heads are 64 wide, or one."""

    side: int
    patch: int
    length: int
    image_width: int
    image_depth: int
    text_width: int
    text_depth: int
    out: int


VIT_B_32 = Size(224, 32, 77, 768, 12, 512, 12, 512)  # OpenAI's and OpenCLIP's
VIT_S_16 = Size(224, 16, 77, 384, 12, 384, 12, 384)
SIZES = {"ViT-B/32": VIT_B_32, "ViT-S/16": VIT_S_16}


class Block(nn.Module):
    """Attention and a perceptron, each after a norm."""

    def __init__(self, width: int, causal: bool) -> None:
        super().__init__()
        self.heads, self.causal = max(1, width // 64), causal
        self.norm, self.qkv, self.out = nn.LayerNorm(width), nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.qkv(self.norm(x)).chunk(3, -1))
        weights = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
        if self.causal:
            weights = weights + torch.full(weights.shape[-2:], -1e4).triu(1)
        x = x + self.out((weights.softmax(-1) @ v).transpose(1, 2).flatten(2))
        seen: Tensor = x + self.mlp(x)
        return seen


class ImageTower(nn.Module):
    """Pictures (N, 3, side, side), normalised, to vectors (N, out)."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, size.image_width, size.patch, size.patch)
        self.places = nn.Parameter(torch.randn((size.side // size.patch) ** 2, size.image_width) * 0.1)
        self.blocks = nn.Sequential(*(Block(size.image_width, causal=False) for _ in range(size.image_depth)))
        self.head = nn.Linear(size.image_width, size.out)

    def forward(self, pixel_values: Tensor) -> Tensor:
        vectors: Tensor = self.head(self.blocks(self.patches(pixel_values).flatten(2).mT + self.places).mean(dim=1))
        return vectors


class TextTower(nn.Module):
    """Tokens (N, length), one of them ``end``, to vectors (N, out)."""

    def __init__(self, size: Size, words: int, end: int) -> None:
        super().__init__()
        self.end, self.words = end, nn.Embedding(words, size.text_width)
        self.places = nn.Parameter(torch.randn(size.length, size.text_width) * 0.1)
        self.blocks = nn.Sequential(*(Block(size.text_width, causal=True) for _ in range(size.text_depth)))
        self.head = nn.Linear(size.text_width, size.out)

    def forward(self, input_ids: Tensor) -> Tensor:
        x = self.blocks(self.words(input_ids) + self.places)
        at = (input_ids == self.end).to(torch.int64).argmax(dim=1)
        vectors: Tensor = self.head(x[torch.arange(x.shape[0]), at])
        return vectors


def towers(size: Size, words: int, end: int, seed: int = 0) -> tuple[ImageTower, TextTower]:
    """Both, the same for a seed."""
    torch.manual_seed(seed)
    return ImageTower(size).eval(), TextTower(size, words, end).eval()


def export(
    module: nn.Module, example: tuple[Tensor, ...], path: Path, inputs: list[str], outputs: list[str], free: Any = None
) -> None:
    """Write a network as ONNX; ``free`` are its `torch.export` dynamic shapes."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            example,
            str(path),
            input_names=inputs,
            output_names=outputs,
            dynamic_shapes=free,
            opset_version=OPSET,
            external_data=False,
            verbose=False,
        )


def write_towers(folder: Path, size: Size, tokenizer: Any, end: str) -> None:
    """``image.onnx``, ``text.onnx`` and ``tokenizer.json``, as a bundle has them."""
    image, text = towers(size, tokenizer.get_vocab_size(), tokenizer.token_to_id(end))
    n = torch.export.Dim("batch", min=1)
    pictures, ids = torch.zeros(3, 3, size.side, size.side), torch.zeros(2, size.length, dtype=torch.int64)
    export(image, (pictures,), folder / IMAGE, ["picture"], ["vector"], ({0: n},))
    export(text, (ids,), folder / TEXT, ["tokens"], ["vector"], ({0: n},))
    tokenizer.save(str(folder / TOKENIZER))
