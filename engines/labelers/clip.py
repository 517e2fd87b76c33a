"""An image and a text tower whose vectors compare: CLIP (Radford et al., 2021), SigLIP (Zhai et al., 2023) and kin."""

import re
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.engines.labelers import bundle as bundles
from gazeline.engines.labelers import tokens
from gazeline.engines.labelers.bundle import Bundle, ClipManifest, Picture
from gazeline.engines.ort import OrtSession
from gazeline.engines.session import Array, Session

Image = NDArray[np.uint8]  # (h, w, 3) RGB
Floats = NDArray[np.float32]

BATCH = 8  # pictures or texts at a time, where the network leaves it open


class Clip:
    """Both towers. Safe for several threads: it keeps nothing between calls.

    ValueError where the networks are not what ``labeler.toml`` says.
    """

    def __init__(self, bundle: Bundle, threads: int | None = None) -> None:
        if not isinstance(bundle.manifest, ClipManifest):
            raise ValueError(f"{bundle.name} is a detector, which compares nothing with texts")
        self.bundle, self.manifest = bundle, bundle.manifest
        self._tokenizer = tokens.load(bundle.folder / bundles.TOKENIZER)
        self._image = OrtSession(bundle.folder / bundles.IMAGE, threads)
        self._text = OrtSession(bundle.folder / bundles.TEXT, threads)

    @classmethod
    def load(cls, name: str | Path, threads: int | None = None) -> "Clip":
        """The model of this name or folder. OSError or ValueError, in a sentence."""
        return cls(bundles.load(name), threads)

    def embed_images(self, images: Sequence[Image]) -> Floats:
        """Of each picture a unit vector: (N, D)."""
        (name, spec), *_ = self._image.inputs.items()
        seen = [fitted(image, self.manifest.picture) for image in images]
        return self._embed(self._image, [{name: planes.astype(spec.dtype, copy=False)} for planes in seen])

    def embed_texts(self, texts: Sequence[str]) -> Floats:
        """Of each text a unit vector: (N, D)."""
        return self._embed(self._text, [self._feeds(text) for text in texts])

    def probabilities(self, cosines: Floats) -> Floats:
        """How likely each picture is what each text says, from their vectors' cosines (N, M), by the rule of the
        model's training: (N, M)."""
        scores = self.manifest.scores
        logits = scores.scale * cosines + scores.bias
        if scores.kind == "sigmoid":
            return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -80.0, 80.0))), np.float32)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True)) if logits.size else logits
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float32)

    def close(self) -> None:
        """Free both networks."""
        self._image.close()
        self._text.close()

    def _feeds(self, text: str) -> dict[str, Array]:
        """The text tower's inputs: the tokens, cut at the length and padded to it, and perhaps which of them count."""
        about = self.manifest.tokens
        ids = self._tokenizer.encode(canonical(text) if about.canonical else text).ids
        if len(ids) > about.length:
            ids = [*ids[: about.length - 1], ids[-1]]  # the last one ends the text, and CLIP reads the text there
        feeds = {}
        for name, spec in self._text.inputs.items():
            row = np.full(about.length, 0 if "mask" in name else about.pad, spec.dtype)
            row[: len(ids)] = 1 if "mask" in name else ids
            feeds[name] = row
        return feeds

    def _embed(self, session: Session, rows: list[dict[str, Array]]) -> Floats:
        (output, spec), *_ = session.outputs.items()
        fixed = next(iter(session.inputs.values())).shape[0]
        found: list[Array] = [np.zeros((0, spec.shape[-1] or 0), np.float32)]
        for start in range(0, len(rows), fixed or BATCH):
            batch = rows[start : start + (fixed or BATCH)]
            batch += batch[:1] * ((fixed or 0) - len(batch))  # a fixed batch is filled up
            vectors = session.run({name: np.stack([row[name] for row in batch]) for name in batch[0]})[output]
            found.append(vectors[: len(rows) - start])
        vectors = np.concatenate(found[1:] or found).astype(np.float32)
        return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), np.float32)


def fitted(image: Image, seen: Picture) -> Floats:
    """A picture as a network sees it: (3, height, width)."""
    height, width = image.shape[:2]
    if seen.fit == "stretch":
        size = seen.width, seen.height
    else:
        scale = min(seen.width / width, seen.height / height)
        size = max(1, round(width * scale)), max(1, round(height * scale))
    shrinks = size[0] < width or size[1] < height
    resized = cv2.resize(image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    whole = np.empty((seen.height, seen.width, 3), np.float32)
    whole[:] = seen.fill
    whole[: size[1], : size[0]] = resized
    whole -= np.array(seen.mean, np.float32)
    whole /= np.array(seen.std, np.float32)
    planes = np.moveaxis(whole[..., ::-1] if seen.bgr else whole, -1, 0)
    return np.ascontiguousarray(planes, np.float32)


def canonical(text: str) -> str:
    """Small letters, no punctuation, single spaces (big_vision's ``canonicalize_text``)."""
    return " ".join(re.sub(r"[^\w\s]", "", text.lower()).split())
