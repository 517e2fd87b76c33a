"""What the files beside an ONNX export say of it: picture size and normalisation, length of texts, names of classes.

Read are preprocessor_config.json and config.json (Hugging Face), open_clip_config.json, and preprocess_cfg.json beside
open_clip's own config.json (Immich); for classes also labels.txt, classes.txt, *.names and YOLO's *.yaml.
"""

import ast
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 8 << 20
DEPTH = 2  # folders below the given one
LABEL_FILES = ("labels.txt", "classes.txt", "names.txt")
Three = tuple[float, float, float]


@dataclass(frozen=True)
class Said:
    """What is known, None for what is not. ``mean`` and ``std``: of values 0..255."""

    side: tuple[int, int] | None = None  # height, width
    mean: Three | None = None
    std: Three | None = None
    stretched: bool = False
    length: int | None = None
    pad: int | None = None
    sigmoid: bool = False
    canonical: bool = False
    kind: str = ""  # Hugging Face's model_type


def files_of(path: Path) -> list[Path]:
    """All files in a folder and little below it, or those beside a file."""
    folder = path if path.is_dir() else path.parent
    patterns = ["*", "*/*", "*/*/*"][: DEPTH + 1 if path.is_dir() else 1]
    return sorted(file for pattern in patterns for file in folder.glob(pattern) if file.is_file())


def read(files: list[Path]) -> Said:
    """What the JSON files among these say. ValueError, in a sentence, where one is none."""
    tables = {path.name: _json(path) for path in reversed(files) if path.suffix == ".json" and path.name in READ}
    config, tokenizer = tables.get("config.json", {}), tables.get("tokenizer_config.json", {})
    open_clip = tables.get("open_clip_config.json", {})
    model = open_clip.get("model_cfg", config if "text_cfg" in config else {})
    text, vision = config.get("text_config") or {}, config.get("vision_config") or {}
    text_cfg = model.get("text_cfg", {})
    picture = tables.get("preprocess_cfg.json") or open_clip.get("preprocess_cfg") or {}
    processor = tables.get("preprocessor_config.json", {})
    mean, std = _normalisation(processor, picture)
    kind = str(config.get("model_type", ""))
    side = _side(processor.get("crop_size")) or _side(processor.get("size")) or _side(picture.get("size"))
    pad = text.get("pad_token_id", text_cfg.get("pad_id"))
    length = text_cfg.get("context_length", text.get("max_position_embeddings"))
    if length is None and 1 < (tokenizer.get("model_max_length") or 0) < 4096:
        length = tokenizer["model_max_length"]
    cleaned = (text_cfg.get("tokenizer_kwargs") or {}).get("clean") == "canonicalize"
    return Said(
        side=side or _side(model.get("vision_cfg", {}).get("image_size")) or _side(vision.get("image_size")),
        mean=mean,
        std=std,
        stretched=picture.get("resize_mode") == "squash" or kind.startswith("siglip"),
        length=length,
        pad=pad,
        sigmoid=kind.startswith("siglip") or "init_logit_bias" in model,
        canonical=cleaned or kind.startswith("siglip"),
        kind=kind,
    )


def labels_of(files: list[Path], given: Path | None, metadata: dict[str, str]) -> list[str] | None:
    """The names of a detector's classes: from the file that was ``given``, from those beside it, or as Ultralytics
    writes them into the network. None if nothing says them; ValueError or OSError, in a sentence, if a file is bad."""
    if given is not None:
        return _labels(given)
    for path in files:
        if path.name in LABEL_FILES or path.suffix == ".names":
            return _labels(path)
    for path in files:
        if path.suffix in (".yaml", ".yml", ".json") and (found := _labels_in(path)):
            return found
    try:
        named = ast.literal_eval(metadata.get("names", ""))  # a dictionary as Python writes it
    except (ValueError, SyntaxError):
        return None
    return _ordered(named)


def _labels(path: Path) -> list[str]:
    if path.suffix in (".json", ".yaml", ".yml"):
        found = _labels_in(path)
    else:
        found = [line.strip() for line in _read(path).splitlines()]
        while found and not found[-1]:
            found.pop()
    if not found or not all(found):
        raise ValueError(f"{path} is no list of classes: write one name on each line, in the network's order")
    return found


def _labels_in(path: Path) -> list[str] | None:
    """``id2label`` of Hugging Face's config.json, ``names`` of a YOLO data file, or a list."""
    try:
        data = json.loads(_read(path)) if path.suffix == ".json" else yaml.safe_load(_read(path))
    except (ValueError, yaml.YAMLError) as error:
        raise ValueError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    if isinstance(data, dict):
        data = data.get("id2label", data.get("names"))
    return _ordered(data)


def _ordered(named: object) -> list[str] | None:
    if isinstance(named, dict) and all(str(key).isdigit() for key in named):
        by_id = {int(key): str(value) for key, value in named.items()}
        return [by_id.get(i, f"class {i}") for i in range(max(by_id) + 1)] if by_id else None
    return [str(one) for one in named] if isinstance(named, list) and all(isinstance(n, str) for n in named) else None


READ = (
    "config.json",
    "open_clip_config.json",
    "preprocess_cfg.json",
    "preprocessor_config.json",
    "tokenizer_config.json",
)


def _normalisation(processor: dict[str, Any], picture: dict[str, Any]) -> tuple[Three | None, Three | None]:
    if processor:
        scale = 1.0 / float(processor.get("rescale_factor", 1 / 255)) if processor.get("do_rescale", True) else 1.0
        if not processor.get("do_normalize", "image_mean" in processor):
            return (0.0, 0.0, 0.0), (scale, scale, scale)
        return _three(processor.get("image_mean"), scale), _three(processor.get("image_std"), scale)
    return _three(picture.get("mean"), 255.0), _three(picture.get("std"), 255.0)


def _three(values: object, scale: float) -> Three | None:
    if not isinstance(values, list) or len(values) != 3:
        return None
    a, b, c = (round(float(value) * scale, 4) for value in values)
    return a, b, c


def _side(size: object) -> tuple[int, int] | None:
    if isinstance(size, int):
        return size, size
    if isinstance(size, list) and len(size) == 2:
        return int(size[0]), int(size[1])
    if isinstance(size, dict):
        height, width = size.get("height", size.get("shortest_edge")), size.get("width", size.get("shortest_edge"))
        return (int(height), int(width)) if height and width else None
    return None


def _json(path: Path) -> dict[str, Any]:
    try:
        table = json.loads(_read(path))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON file: {error}") from error
    return table if isinstance(table, dict) else {}


def _read(path: Path) -> str:
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path} is too large to be what it is named")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text") from error
