"""ONNX exports of CLIP-like models, brought into one signature: pictures to vectors, tokens to vectors.

A tower is told by its graph, whatever its file is called: an image tower takes floats (N, 3, H, W), a text tower whole
numbers (N, L), and both give vectors (N, D). Two files, or one with both towers:

- Hugging Face's Optimum and transformers.js: vision_model.onnx and text_model.onnx (``pixel_values``, ``input_ids``,
  perhaps ``attention_mask``; ``image_embeds``, ``text_embeds``, or SigLIP's ``pooler_output``), or model.onnx with both
  and their comparison ``logits_per_image``, from which the scale of the scores is measured;
- open_clip, by ``torch.onnx.export`` of ``visual`` and ``encode_text``, as Immich publishes them (visual/, textual/).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gazeline.engines import onnx_graph as graphs
from gazeline.engines.onnx_graph import Shape
from gazeline.engines.session import Array

EMBEDDINGS = ("image_embeds", "text_embeds", "pooler_output", "sentence_embedding", "embedding")  # the best name first
COMPARED = "logits_per_image"
FLOATS, WHOLE = (1, 10), (6, 7)  # float, float16; int32, int64
PICTURE, TOKENS, MASK, VECTOR = "picture", "tokens", "mask", "vector"


@dataclass(frozen=True)
class Towers:
    """Both networks in the common signature; ``side``: of the picture (height, width), ``length``: of the text, where
    they are fixed; ``whole``: the file of both, with their comparison, where there is one."""

    image: Any
    text: Any
    side: tuple[int | None, int | None]
    length: int | None
    image_file: Path
    whole: Path | None = None


def find(files: list[Path]) -> Towers | None:
    """The towers among these files; None if there are none. ValueError, in a sentence, if there are too many or only
    one of the two."""
    loaded = {path: graphs.load(path) for path in files}
    images = [path for path, model in loaded.items() if _picture(model) and not _tokens(model)]
    texts = [path for path, model in loaded.items() if _tokens(model) and not _picture(model)]
    both = [path for path, model in loaded.items() if _picture(model) and _tokens(model) and _vector(model, "image")]
    if not both and not (texts and _vector(loaded[texts[0]], "text")):
        return None
    for kind, found in (("image towers", images), ("text towers", texts), ("models with both towers", both)):
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise ValueError(f"there are several {kind}: {names}; leave one (of the same precision) in the folder")
    whole = both[0] if both else None
    if not (images and texts) and whole is None:
        raise ValueError(f"there is a text tower, {texts[0].name}, but no image tower (floats N x 3 x H x W) beside it")
    image_file, text_file = (images[0], texts[0]) if images and texts else (both[0], both[0])
    image, side = _tower(graphs.load(image_file), image_file, "image")
    text, (length,) = _tower(graphs.load(text_file), text_file, "text")
    compares = whole is not None and COMPARED in graphs.outputs(loaded[whole])
    return Towers(image, text, (side[0], side[1]), length, image_file, whole if compares else None)


def score_rule(whole: Path, side: int, tokens: Array) -> tuple[float, float]:
    """The scale and bias of a model's scores, measured: it compares pictures with texts, and so do their vectors.

    ``tokens`` (2, L) are two texts. ValueError where the scores are no such function of the cosines.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(str(whole), providers=["CPUExecutionProvider"])
    feeds = {}
    for entry in session.get_inputs():
        if "float" in entry.type:
            noise = np.random.default_rng(0).normal(size=(2, 3, side, side))
            feeds[entry.name] = noise.astype(np.float16 if "16" in entry.type else np.float32)
        else:
            whole_numbers = np.ones_like(tokens) if "mask" in entry.name else tokens
            feeds[entry.name] = whole_numbers.astype(np.int32 if "int32" in entry.type else np.int64)
    names = [entry.name for entry in session.get_outputs()]
    out = dict(zip(names, session.run(None, feeds), strict=True))
    vectors = [out[name].astype(np.float64) for name in ("image_embeds", "text_embeds")]
    images, texts = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in vectors)
    cosines = (images @ texts.T).ravel()
    line, *_ = np.linalg.lstsq(np.stack([cosines, np.ones(4)], axis=1), out[COMPARED].astype(np.float64).ravel())
    scale, bias = (float(value) for value in line)
    if not (np.isfinite(line).all() and 0.1 < scale < 1000.0):
        raise ValueError(f"{whole.name} compares pictures and texts in a way that is not known; say --scale and --bias")
    return round(scale, 3), 0.0 if abs(bias) < 1e-3 * scale else round(bias, 3)


def _tower(model: Any, path: Path, kind: str) -> tuple[Any, tuple[int | None, ...]]:
    """One tower, with its input and output under their names, and the lengths of its input after the first two
    (image), or after the first (text)."""
    vector = _vector(model, kind)
    if vector is None:
        raise ValueError(f"{path} has no output of vectors (N x D): it has {', '.join(graphs.outputs(model))}")
    graphs.keep_outputs(model, {vector: VECTOR})
    found = _picture(model) if kind == "image" else _tokens(model)
    assert found is not None
    mask = [name for name in graphs.inputs(model) if "mask" in name]
    if extra := set(graphs.inputs(model)) - {found, *mask}:
        raise ValueError(f"{path} wants more than a {kind}: {', '.join(sorted(extra))}; export it without")
    shape = graphs.inputs(model)[found]
    graphs.rename(model, found, PICTURE if kind == "image" else TOKENS)
    for name in mask:
        graphs.rename(model, name, MASK)
    lengths = shape[2:] if kind == "image" else shape[1:]
    return model, tuple(length if isinstance(length, int) else None for length in lengths)


def _picture(model: Any) -> str | None:
    return next(
        (n for n, s in graphs.inputs(model).items() if len(s) == 4 and s[1] in (3, None) and _is(model, n, FLOATS)),
        None,
    )


def _tokens(model: Any) -> str | None:
    return next(
        (n for n, s in graphs.inputs(model).items() if len(s) == 2 and "mask" not in n and _is(model, n, WHOLE)), None
    )


def _vector(model: Any, kind: str) -> str | None:
    """The output that holds the embedding: by its name, else the only one of vectors."""
    flat = {name: shape for name, shape in graphs.outputs(model).items() if _may_be_vectors(shape)}
    other = "text_embeds" if kind == "image" else "image_embeds"
    named = [name for name in EMBEDDINGS if name in flat and name != other]
    if named:
        return named[0]
    plain = [name for name in flat if not name.startswith("logits") and name != other]
    return plain[0] if len(plain) == 1 else None


def _may_be_vectors(shape: Shape) -> bool:
    return len(shape) == 2 or not shape  # some exporters do not say


def _is(model: Any, name: str, kinds: tuple[int, ...]) -> bool:
    (value,) = [value for value in model.graph.input if value.name == name]
    return value.type.tensor_type.elem_type in kinds
