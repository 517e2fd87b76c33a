"""The label stage: things found in a picture to what each source of names calls them, and what is taught to a shelf."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gazeline.engines.segmenter import Segmenter
from gazeline.runtime.events import Answer, Label, Labelled, Taught, Teach
from gazeline.runtime.gallery import Shelf, default_path
from gazeline.runtime.label import Crop, Labeler, Named
from gazeline.runtime.names import Names

MARGIN = 0.1  # of the thing's size: so much of its surroundings is in its crop


@dataclass(frozen=True)
class ModelLabeler:
    """The names that the segmenter's own describer gives."""

    labels: tuple[str, ...]

    def label(self, crops: Sequence[Crop]) -> list[Named]:
        """As `Labeler`: the likeliest of its labels, and the next few."""
        return [self._named(crop) for crop in crops]

    def _named(self, crop: Crop) -> Named:
        scores = crop.description.scores if crop.description is not None else np.zeros(0)
        if len(scores) != len(self.labels) or not len(scores) or not np.isfinite(scores).all():
            return Named(None, 1.0, "model")
        best, *others = np.argsort(-scores)[:5].tolist()
        return Named(
            self.labels[best], float(scores[best]), "model", tuple((self.labels[i], float(scores[i])) for i in others)
        )


class LabelStage:
    """All sources of names of a runtime, and the shelf of what is taught. For one thread."""

    def __init__(
        self, labelers: Sequence[Labeler], shelf: Shelf, clock_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._labelers, self._shelf, self._clock_ns = tuple(labelers), shelf, clock_ns

    def work(self, request: Label | Teach) -> Labelled | Taught:
        """Do it. ValueError or OSError where something cannot be remembered."""
        if isinstance(request, Teach):
            self._shelf.teach(request.name, request.description.vector, is_it=request.is_it)
            return Taught(request)
        started_ns = self._clock_ns()
        names = label((self._shelf.gallery, *self._labelers), request)
        return Labelled(request, names, {"label": (self._clock_ns() - started_ns) * 1e-6})


def label(labelers: Sequence[Labeler], request: Label) -> tuple[tuple[Named, ...], ...]:
    """Of each thing, the answer of each labeler."""
    crops = [crop_of(track_id, answer, request.encoded.image) for track_id, answer in request.things]
    return tuple(zip(*(labeler.label(crops) for labeler in labelers), strict=True))


def crop_of(track_id: int, answer: Answer, picture: NDArray[np.uint8]) -> Crop:
    """What is to be seen of a thing, with a little around it. ValueError if it has no outline."""
    if answer.shape is None:
        raise ValueError("an answer without an outline is nothing to name")
    x0, y0, x1, y1 = answer.shape.box
    across, down = MARGIN * (x1 - x0), MARGIN * (y1 - y0)
    height, width = picture.shape[:2]
    left, right = (int(np.clip(v, 0, width)) for v in (np.floor(x0 - across), np.ceil(x1 + across) + 1))
    top, bottom = (int(np.clip(v, 0, height)) for v in (np.floor(y0 - down), np.ceil(y1 + down) + 1))
    mask = answer.window.unwarp_roi(answer.logits[None], (left, top, right, bottom))[0] > 0.0
    return Crop(track_id, picture[top:bottom, left:right], mask, answer.description, picture, (left, top))


def stage_of(segmenter: Segmenter, *, keep: bool = True) -> LabelStage:
    """The sources of names that there are: what was taught, and the model's own labels.

    ``keep``: what is taught goes to the gallery's file, and what was taught before comes from it. ValueError or OSError
    with one sentence where that cannot be used.
    """
    labelers: list[Labeler] = []
    if segmenter.bundle.manifest.labels:
        labelers.append(ModelLabeler(tuple(segmenter.bundle.manifest.labels)))
    shelf = Shelf(default_path() if keep else None, segmenter.bundle.describes_as, segmenter.bundle.manifest.likeness)
    return LabelStage(labelers, shelf)


def names_for(segmenter: Segmenter) -> Names:
    """No names yet, and from which probability on they are said."""
    return Names({"model": segmenter.bundle.manifest.label_threshold})
