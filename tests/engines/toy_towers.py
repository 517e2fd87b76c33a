"""A small ViT and a small text transformer with random weights, exported in the layouts of CLIP-like models."""

import json
import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from gazeline.engines.labelers.tokens import END, START, clip_tokenizer

SIDE, LENGTH, WIDTH, OUT = 64, 16, 48, 32
SCALE, BIAS = 37.5, -6.25
CLIP_MEAN, CLIP_STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
WORDS = ["a", "photo", "of", "the", "mug", "plate", "red", "blue", "spoon", "laptop", "in", "on", "table"]


class Blocks(nn.Module):
    """Pre-norm transformer blocks; causal ones as in CLIP's text tower."""

    def __init__(self, causal: bool) -> None:
        super().__init__()
        self.causal = causal
        self.layers = nn.ModuleList(
            nn.ModuleDict(
                {
                    "norm": nn.LayerNorm(WIDTH),
                    "qkv": nn.Linear(WIDTH, 3 * WIDTH),
                    "out": nn.Linear(WIDTH, WIDTH),
                    "mlp": nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 96), nn.GELU(), nn.Linear(96, WIDTH)),
                }
            )
            for _ in range(2)
        )

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            parts: Any = layer
            q, k, v = parts["qkv"](parts["norm"](x)).chunk(3, dim=-1)
            weights = q @ k.transpose(-1, -2) / WIDTH**0.5
            if self.causal:
                weights = weights + torch.full(weights.shape[-2:], -1e4).triu(1)
            x = x + parts["out"](weights.softmax(-1) @ v)
            x = x + parts["mlp"](x)
        return x


class ImageTower(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, WIDTH, 16, 16)
        self.places = nn.Parameter(torch.randn((SIDE // 16) ** 2, WIDTH) * 0.1)
        self.blocks, self.head = Blocks(causal=False), nn.Linear(WIDTH, OUT)

    def forward(self, pixel_values: Tensor) -> Tensor:
        tokens = self.patches(pixel_values).flatten(2).transpose(1, 2) + self.places
        vectors: Tensor = self.head(self.blocks(tokens).mean(dim=1))
        return vectors


class TextTower(nn.Module):
    """Read at the end-of-text token, as CLIP's is."""

    def __init__(self, words: int, end: int) -> None:
        super().__init__()
        self.end = end
        self.words = nn.Embedding(words, WIDTH)
        self.places = nn.Parameter(torch.randn(LENGTH, WIDTH) * 0.1)
        self.blocks, self.head = Blocks(causal=True), nn.Linear(WIDTH, OUT)

    def forward(self, input_ids: Tensor) -> Tensor:
        x = self.blocks(self.words(input_ids) + self.places)
        at = (input_ids == self.end).to(torch.int64).argmax(dim=1)
        vectors: Tensor = self.head(x[torch.arange(x.shape[0]), at])
        return vectors


class Both(nn.Module):
    """As Hugging Face's CLIPModel and SiglipModel: both vectors, and their comparison."""

    def __init__(self, image: ImageTower, text: TextTower, bias: float) -> None:
        super().__init__()
        self.image, self.text, self.bias = image, text, bias

    def forward(self, input_ids: Tensor, pixel_values: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        images = nn.functional.normalize(self.image(pixel_values), dim=-1)
        texts = nn.functional.normalize(self.text(input_ids), dim=-1)
        logits = SCALE * images @ texts.T + self.bias
        return logits, logits.T, texts, images


def tokenizer() -> Tokenizer:
    """CLIP's kind, over a small vocabulary: letters, and a few words merged of them."""
    from gazeline.engines.labelers.tokens import _bytes_to_unicode

    letters = list(_bytes_to_unicode().values())
    words, merges = [*letters, *(letter + "</w>" for letter in letters)], []
    for word in WORDS:
        parts = [*word[:-1], word[-1] + "</w>"]
        while len(parts) > 1:
            pair = (parts[0], parts[1])
            parts = ["".join(pair), *parts[2:]]
            if parts[0] not in words:
                words.append(parts[0])
                merges.append(pair)
    return clip_tokenizer({word: i for i, word in enumerate([*words, START, END])}, merges)


def towers(seed: int = 0) -> tuple[ImageTower, TextTower]:
    """Random ones."""
    torch.manual_seed(seed)
    made = tokenizer()
    return ImageTower().eval(), TextTower(made.get_vocab_size(), made.token_to_id(END)).eval()


def hugging_face(folder: Path, kind: str = "clip", *, split: bool = True, whole: bool = True) -> None:
    """As Optimum and transformers.js lay them out: onnx/vision_model.onnx, onnx/text_model.onnx, onnx/model.onnx."""
    (folder / "onnx").mkdir()
    image, text = towers()
    sigmoid = kind == "siglip"
    ids, pictures = torch.zeros(2, LENGTH, dtype=torch.int64), torch.zeros(3, 3, SIDE, SIDE)
    n, m = torch.export.Dim("batch", min=1), torch.export.Dim("texts", min=1)
    if split:
        out = "pooler_output" if sigmoid else "image_embeds"
        _export(image, (pictures,), folder / "onnx" / "vision_model.onnx", ["pixel_values"], [out], ({0: n},))
        out = "pooler_output" if sigmoid else "text_embeds"
        _export(text, (ids,), folder / "onnx" / "text_model.onnx", ["input_ids"], [out], ({0: n},))
    if whole:
        outputs = ["logits_per_image", "logits_per_text", "text_embeds", "image_embeds"]
        both = Both(image, text, BIAS if sigmoid else 0.0)
        path = folder / "onnx" / "model.onnx"
        _export(both, (ids, pictures), path, ["input_ids", "pixel_values"], outputs, ({0: m}, {0: n}))
    _write(folder / "config.json", {"model_type": kind, "text_config": {"max_position_embeddings": LENGTH}})
    processor = {"image_mean": CLIP_MEAN, "image_std": CLIP_STD, "size": {"shortest_edge": SIDE}, "do_normalize": True}
    _write(folder / "preprocessor_config.json", processor)
    tokenizer().save(str(folder / "tokenizer.json"))


def immich(folder: Path) -> None:
    """As Immich lays out open_clip's: visual/ and textual/, of one picture and one text of int32 at a time."""
    image, text = towers()
    for part in ("visual", "textual"):
        (folder / part).mkdir()
    pictures, ids = torch.zeros(1, 3, SIDE, SIDE), torch.zeros(1, LENGTH, dtype=torch.int32)
    _export(image, (pictures,), folder / "visual" / "model.onnx", ["image"], ["embedding"], None)
    _export(text, (ids,), folder / "textual" / "model.onnx", ["text"], ["text_embedding"], None)
    model = {"embed_dim": OUT, "vision_cfg": {"image_size": SIDE}, "text_cfg": {"context_length": LENGTH}}
    _write(folder / "config.json", model)
    _write(folder / "visual" / "preprocess_cfg.json", {"size": [SIDE, SIDE], "mean": [0, 0, 0], "std": [1, 1, 1]})
    tokenizer().save(str(folder / "textual" / "tokenizer.json"))


def _write(path: Path, table: dict[str, Any]) -> None:
    path.write_text(json.dumps(table))


def _export(
    module: nn.Module, example: tuple[Tensor, ...], path: Path, inputs: list[str], outputs: list[str], free: Any
) -> None:
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
            opset_version=18,
            external_data=False,
            verbose=False,
        )
