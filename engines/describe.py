"""What something outlined looks like, as a vector, and how likely it is each of the kinds that the model names.

Vectors are of unit length: two looks at one thing have a high cosine, different things a low one. They are made from
the embedding that the mask was decoded from, so that they cost nearly nothing; those of two models do not compare.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.engines.session import Array

Floats = NDArray[np.float32]


def _no_scores() -> Floats:
    return np.zeros(0, np.float32)


@dataclass(frozen=True, eq=False)
class Description:
    """``vector`` (D,), unit length; ``scores`` (C,): a probability for each of the bundle's labels, empty without."""

    vector: Floats
    scores: Floats = field(default_factory=_no_scores)


class Describer(Protocol):
    """Describes what lies under masks."""

    def describe(self, tensors: Mapping[str, Array], logits: Sequence[Floats]) -> list[Description]:
        """A description for each mask, given as logits (h, w) in the coordinates of the embedding's ``tensors``."""


@dataclass(frozen=True)
class PooledDescriber:
    """The mean of a feature map under the mask, less that over the whole window: it works for any model, untrained."""

    tensor: str  # (1, C, h, w)

    def describe(self, tensors: Mapping[str, Array], logits: Sequence[Floats]) -> list[Description]:
        """As `Describer`: D is the feature map's number of channels."""
        features = np.asarray(tensors[self.tensor][0], np.float32)
        flat = features.reshape(len(features), -1)  # (C, h * w)
        weights = np.stack([_coverage(mask, features.shape[1:]) for mask in logits]) if logits else np.zeros((0, 1))
        mean = flat.mean(axis=1)
        return [Description(unit(flat @ weight - mean)) for weight in weights.astype(np.float32)]


def _coverage(logits: Floats, shape: tuple[int, ...]) -> Floats:
    """How much of the mask lies in each cell of a map of (h, w), as weights that sum to one: (h * w,).

    A mask that is empty at this resolution is where it is likeliest.
    """
    height, width = shape
    inside = (logits > 0.0).astype(np.float32)
    covered = np.asarray(cv2.resize(inside, (width, height), interpolation=cv2.INTER_AREA), np.float32).ravel()
    total = float(covered.sum())
    if total <= 0.0:
        covered = np.zeros(height * width, np.float32)
        y, x = np.unravel_index(int(np.argmax(logits)), logits.shape)
        covered[int(y * height / logits.shape[0]) * width + int(x * width / logits.shape[1])] = total = 1.0
    return covered / np.float32(total)


def unit(vector: Floats) -> Floats:
    """Scaled to length one; a vector of zeros becomes the first axis, for there is nothing to tell."""
    length = float(np.linalg.norm(vector))
    if not np.isfinite(length) or length == 0.0:
        first = np.zeros_like(vector)
        first[0] = 1.0
        return first
    return np.asarray(vector / length, np.float32)
