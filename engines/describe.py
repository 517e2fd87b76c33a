"""What something outlined looks like, as a vector, and how likely it is each of the kinds that the model names.

Vectors are of unit length: two looks at one thing have a high cosine, different things a low one. They are made from
the embedding that the mask was decoded from, so that they cost nearly nothing; those of two models do not compare.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.engines.session import Array, Session

Floats = NDArray[np.float32]

MASKS = 32  # of one run


def _no_scores() -> Floats:
    return np.zeros(0, np.float32)


@dataclass(frozen=True, eq=False)
class Description:
    """``vector`` (D,), unit length; ``scores`` (C,): a probability for each of the bundle's labels, empty without."""

    vector: Floats
    scores: Floats = field(default_factory=_no_scores)


def together(earlier: Description | None, now: Description, share: float = 0.2) -> Description:
    """What looks at one thing in a row come to: the mean of their vectors, of which the newest has ``share``."""
    if earlier is None or earlier.vector.shape != now.vector.shape:
        return now
    return Description(unit((1.0 - share) * earlier.vector + share * now.vector), now.scores)


class Describer(Protocol):
    """Describes what lies under masks."""

    def describe(self, tensors: Mapping[str, Array], logits: Sequence[Floats]) -> list[Description]:
        """A description for each mask, given as logits (h, w) in the coordinates of the encoder's ``tensors``."""

    def close(self) -> None:
        """Free what it holds."""


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

    def close(self) -> None:
        """Nothing is held."""


class NetworkDescriber:
    """A bundle's own describer: a network that takes some of the encoder's inputs and outputs by their names, and
    ``masks`` (N, h, w) as logits; and gives ``vectors`` (N, D) and perhaps ``scores`` (N, labels), probabilities."""

    def __init__(self, session: Session, known: Collection[str], labels: int) -> None:
        """``known``: names of the encoder's inputs and outputs. ValueError: what does not fit."""
        self._session = session
        for name in session.inputs.keys() - {"masks"} - set(known):
            raise ValueError(f"the describer's input {name!r} is neither an input nor an output of the encoder")
        if "masks" not in session.inputs or "vectors" not in session.outputs:
            raise ValueError("a describer must have an input 'masks' and an output 'vectors'")
        shape = session.outputs["scores"].shape if "scores" in session.outputs else (None, 0)
        if len(shape) != 2 or shape[1] not in (labels, None):
            raise ValueError(f"the describer's scores must be Nx{labels}, one for each of the labels of the model")
        self._labels = labels

    def describe(self, tensors: Mapping[str, Array], logits: Sequence[Floats]) -> list[Description]:
        """As `Describer`."""
        found: list[Description] = []
        inputs = self._session.inputs
        for start in range(0, len(logits), MASKS):
            given = {**tensors, "masks": np.stack(logits[start : start + MASKS])}
            feeds = {name: given[name].astype(spec.dtype, copy=False) for name, spec in inputs.items()}
            results = self._session.run(feeds)
            vectors = results["vectors"].astype(np.float32, copy=False)
            scores = results.get("scores", np.zeros((len(vectors), 0))).astype(np.float32, copy=False)
            if len(scores) and scores.shape[1] not in (0, self._labels):
                raise ValueError(f"the describer gave {scores.shape[1]} scores for {self._labels} labels")
            found += [Description(unit(v), np.clip(s, 0.0, 1.0)) for v, s in zip(vectors, scores, strict=True)]
        return found

    def close(self) -> None:
        """Free the network."""
        self._session.close()


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
