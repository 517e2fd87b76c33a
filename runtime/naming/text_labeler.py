"""Names by text: the word of a vocabulary whose picture, in words, is most like what is seen (CLIP and kin)."""

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gazeline.engines.labelers.clip import Clip
from gazeline.runtime.naming.label import Crop, Named
from gazeline.runtime.naming.vocabulary import SLOT, Vocabulary

Floats = NDArray[np.float32]

# What is there where none of the names is; it takes the probability that a softmax would else give to some name.
NOTHING = ("an object", "something", "a blurry background", "a wall", "a surface")
OTHERS = 4  # names that are told besides the likeliest
KEPT = 16  # vocabularies in the cache


class TextLabeler:
    """A `Labeler`. For one thread: it keeps the vectors of the pictures that it saw last.

    ``cache``: the folder where a vocabulary's vectors are kept, None for nowhere.
    """

    def __init__(self, clip: Clip, vocabulary: Vocabulary, cache: Path | None = None) -> None:
        self._clip = clip
        self._names = list(vocabulary.names)
        counts = [1 + len(vocabulary.names[name]) for name in self._names]
        self._starts = np.cumsum([0, *counts[:-1]])  # where each name begins among the words; its synonyms follow
        words = [word for name in self._names for word in (name, *vocabulary.names[name])]
        self._templates, self._cache = vocabulary.templates, cache
        self._texts = [template.replace(SLOT, word) for word in words for template in self._templates]
        self._seen: tuple[Sequence[Crop], Floats] | None = None

    @cached_property
    def vectors(self) -> tuple[Floats, Floats]:
        """Of the words (W, D) and of nothing (K, D); a vocabulary that is not in the cache takes seconds to minutes."""
        vectors = embedded(self._clip, (*self._texts, *NOTHING), self._cache)
        return _mean_of(vectors[: len(self._texts)], len(self._templates)), vectors[len(self._texts) :]

    def label(self, crops: Sequence[Crop]) -> list[Named]:
        """As `Labeler`: what is left to one is the probability of none of the names."""
        chances = self._chances(self._by_name(crops), crops)
        return [self._named(row) for row in chances]

    def likeness(self, crops: Sequence[Crop], phrase: str) -> list[float]:
        """How likely each is what a phrase says, rather than any of the names, or nothing: 0..1."""
        texts = self._clip.embed_texts([template.replace(SLOT, phrase) for template in self._templates])
        asked = self._images(crops) @ _mean_of(texts, len(texts)).T  # (N, 1)
        chances = self._chances(np.hstack([asked, self._by_name(crops)]), crops)
        return [float(value) for value in chances[:, 0]]

    def _by_name(self, crops: Sequence[Crop]) -> Floats:
        """The cosines with the names, of each its likeliest synonym: (N, names)."""
        return np.asarray(np.maximum.reduceat(self._images(crops) @ self.vectors[0].T, self._starts, axis=1))

    def _chances(self, cosines: Floats, crops: Sequence[Crop]) -> Floats:
        """Probabilities (N, M), none of them taken into account."""
        none = (self._images(crops) @ self.vectors[1].T).max(axis=1, keepdims=True)
        chances = self._clip.probabilities(np.hstack([cosines, none]))[:, :-1]
        return np.asarray(chances / np.maximum(chances.sum(axis=1, keepdims=True), 1.0), np.float32)

    def _named(self, row: Floats) -> Named:
        best, *others = np.argsort(-row, kind="stable")[: OTHERS + 1].tolist()
        rest = tuple((self._names[i], float(row[i])) for i in others)
        return Named(self._names[best], float(row[best]), "text", rest)

    def _images(self, crops: Sequence[Crop]) -> Floats:
        if self._seen is None or self._seen[0] is not crops:
            self._seen = crops, self._clip.embed_images([crop.image for crop in crops])
        return self._seen[1]


def embedded(clip: Clip, texts: Sequence[str], cache: Path | None) -> Floats:
    """The vectors of texts (N, D), from the cache where they are there."""
    if cache is None:
        return clip.embed_texts(texts)
    key = hashlib.sha256("\n".join((clip.bundle.key, *texts)).encode()).hexdigest()[:32]
    path = cache / f"{key}.npy"
    with suppress(OSError, ValueError):  # none yet, or a damaged one: it is made anew
        found = np.load(path, allow_pickle=False)
        if found.dtype == np.float32 and found.ndim == 2 and len(found) == len(texts) and np.isfinite(found).all():
            path.touch()
            return np.asarray(found, np.float32)
    vectors = clip.embed_texts(texts)
    with suppress(OSError):  # a full disk costs time at the next start, and nothing else
        cache.mkdir(parents=True, exist_ok=True)
        work = cache / f"{key}.{os.getpid()}.part"
        with work.open("wb") as file:
            np.save(file, vectors)
        work.replace(path)
        kept = sorted(cache.glob("*.npy"), key=lambda each: each.stat().st_mtime, reverse=True)
        for old in kept[KEPT:]:
            old.unlink()
    return vectors


def cache_folder() -> Path:
    """$XDG_CACHE_HOME/gazeline/texts."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "gazeline" / "texts"


def _mean_of(vectors: Floats, each: int) -> Floats:
    """The unit mean of every ``each`` rows, as CLIP's authors ensemble prompts."""
    mean = vectors.reshape(-1, each, vectors.shape[-1]).mean(axis=1)
    return np.asarray(mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12), np.float32)
