"""Small towers with random weights, exported in the layouts in which CLIP-like models are found."""

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from gazeline.engines.labelers import random_towers
from gazeline.engines.labelers.random_towers import ImageTower, Size, TextTower, export
from gazeline.engines.labelers.tokens import END, START, clip_tokenizer

SIZE = Size(side=64, patch=16, length=16, image_width=48, image_depth=2, text_width=48, text_depth=2, out=32)
SIDE, LENGTH, OUT = SIZE.side, SIZE.length, SIZE.out
SCALE, BIAS = 37.5, -6.25
CLIP_MEAN, CLIP_STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
WORDS = ["a", "photo", "of", "the", "mug", "plate", "red", "blue", "spoon", "laptop", "in", "on", "table"]


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
    from gazeline.engines.labelers.tokens import bytes_to_unicode

    letters = list(bytes_to_unicode().values())
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


def towers() -> tuple[ImageTower, TextTower]:
    """The ones that are exported."""
    made = tokenizer()
    end = made.token_to_id(END)
    assert end is not None
    return random_towers.towers(SIZE, made.get_vocab_size(), end)


def hugging_face(folder: Path, kind: str = "clip", *, split: bool = True, whole: bool = True) -> None:
    """As Optimum and transformers.js lay them out: onnx/vision_model.onnx, onnx/text_model.onnx, onnx/model.onnx."""
    (folder / "onnx").mkdir()
    image, text = towers()
    sigmoid = kind == "siglip"
    ids, pictures = torch.zeros(2, LENGTH, dtype=torch.int64), torch.zeros(3, 3, SIDE, SIDE)
    n, m = torch.export.Dim("batch", min=1), torch.export.Dim("texts", min=1)
    if split:
        out = "pooler_output" if sigmoid else "image_embeds"
        export(image, (pictures,), folder / "onnx" / "vision_model.onnx", ["pixel_values"], [out], ({0: n},))
        out = "pooler_output" if sigmoid else "text_embeds"
        export(text, (ids,), folder / "onnx" / "text_model.onnx", ["input_ids"], [out], ({0: n},))
    if whole:
        outputs = ["logits_per_image", "logits_per_text", "text_embeds", "image_embeds"]
        both = Both(image, text, BIAS if sigmoid else 0.0)
        path = folder / "onnx" / "model.onnx"
        export(both, (ids, pictures), path, ["input_ids", "pixel_values"], outputs, ({0: m}, {0: n}))
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
    export(image, (pictures,), folder / "visual" / "model.onnx", ["image"], ["embedding"], None)
    export(text, (ids,), folder / "textual" / "model.onnx", ["text"], ["text_embedding"], None)
    model = {"embed_dim": OUT, "vision_cfg": {"image_size": SIDE}, "text_cfg": {"context_length": LENGTH}}
    _write(folder / "config.json", model)
    _write(folder / "visual" / "preprocess_cfg.json", {"size": [SIDE, SIDE], "mean": [0, 0, 0], "std": [1, 1, 1]})
    tokenizer().save(str(folder / "textual" / "tokenizer.json"))


def _write(path: Path, table: dict[str, Any]) -> None:
    path.write_text(json.dumps(table))
