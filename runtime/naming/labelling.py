"""The label stage: things found in a picture to what each source of names calls them, and what is taught to a shelf."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gazeline.engines.describe import Description
from gazeline.engines.labelers import bundle as bundles
from gazeline.engines.labelers.bundle import DetectorManifest
from gazeline.engines.labelers.clip import Clip
from gazeline.engines.labelers.detector import Detector
from gazeline.engines.segmenter import Segmenter
from gazeline.runtime.config import LabelSettings
from gazeline.runtime.events import Answer, Label, Labelled, Taught, Teach
from gazeline.runtime.find.colour import colours_of, white_of
from gazeline.runtime.naming import vocabulary
from gazeline.runtime.naming.detector_labeler import DetectorLabeler
from gazeline.runtime.naming.gallery import Shelf
from gazeline.runtime.naming.label import Crop, Labeler, Named, Traits
from gazeline.runtime.naming.names import Names
from gazeline.runtime.naming.text_labeler import TextLabeler, cache_folder
from gazeline.runtime.naming.vocabulary import Vocabulary

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
        self._text = next((labeler for labeler in labelers if isinstance(labeler, TextLabeler)), None)

    def work(self, request: Label | Teach) -> Labelled | Taught:
        """Do it. ValueError or OSError where something cannot be remembered."""
        if isinstance(request, Teach):
            self._shelf.teach(request.name, request.description.vector, is_it=request.is_it)
            return Taught(request)
        started_ns = self._clock_ns()
        crops = [crop_of(track_id, answer, request.image) for track_id, answer in request.things]
        names, traits = self.look(crops, request.phrases)
        return Labelled(request, names, {"label": (self._clock_ns() - started_ns) * 1e-6}, traits)

    def look(
        self, crops: Sequence[Crop], phrases: Sequence[str] = ()
    ) -> tuple[tuple[tuple[Named, ...], ...], tuple[Traits, ...]]:
        """Of each thing, what each source of names says, and what else is to be seen of it."""
        return label((self._shelf.gallery, *self._labelers), crops), self._traits(crops, phrases)

    @property
    def compares(self) -> bool:
        """Whether it can tell how alike a thing is to any phrase."""
        return self._text is not None

    def _traits(self, crops: Sequence[Crop], phrases: Sequence[str]) -> tuple[Traits, ...]:
        """The colours of each thing, and how alike it is to each phrase."""
        looks = {phrase: self._text.likeness(crops, phrase) for phrase in phrases} if self._text is not None else {}
        white = white_of(crops[0].picture) if crops and crops[0].picture is not None else 1.0
        return tuple(
            Traits(
                colours_of(crop.image, crop.mask, white),
                {phrase: likeness[i] for phrase, likeness in looks.items()},
            )
            for i, crop in enumerate(crops)
        )


def label(labelers: Sequence[Labeler], crops: Sequence[Crop]) -> tuple[tuple[Named, ...], ...]:
    """Of each thing, the answer of each labeler."""
    return tuple(zip(*(labeler.label(crops) for labeler in labelers), strict=True))


def crop_of(track_id: int, answer: Answer, picture: NDArray[np.uint8]) -> Crop:
    """What is to be seen of a thing, with a little around it. ValueError if it has no outline."""
    if answer.shape is None:
        raise ValueError("an answer without an outline is nothing to name")
    left, top, right, bottom = part = _part_around(answer.shape.box, picture)
    mask = answer.window.unwarp_roi(answer.logits[None], part)[0] > 0.0
    return Crop(track_id, picture[top:bottom, left:right], mask, answer.description, picture, (left, top))


def crop_around(
    track_id: int, mask: NDArray[np.bool_], picture: NDArray[np.uint8], description: Description | None = None
) -> Crop:
    """The same of a mask (H, W) of the whole picture. ValueError if it is empty."""
    ys, xs = np.nonzero(mask)
    if not len(xs):
        raise ValueError("an empty mask is nothing to name")
    box = float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max())
    left, top, right, bottom = _part_around(box, picture)
    return Crop(
        track_id, picture[top:bottom, left:right], mask[top:bottom, left:right], description, picture, (left, top)
    )


def _part_around(box: tuple[float, float, float, float], picture: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """The part of a picture that shows a box (x0, y0, x1, y1 px) with a little around it, as such a box."""
    x0, y0, x1, y1 = box
    across, down = MARGIN * (x1 - x0), MARGIN * (y1 - y0)
    height, width = picture.shape[:2]
    left, right = (int(np.clip(v, 0, width)) for v in (np.floor(x0 - across), np.ceil(x1 + across) + 1))
    top, bottom = (int(np.clip(v, 0, height)) for v in (np.floor(y0 - down), np.ceil(y1 + down) + 1))
    return left, top, right, bottom


def stage_of(segmenter: Segmenter, settings: LabelSettings, gallery: Path | None) -> LabelStage:
    """The sources of names that there are: what was taught, the model's own labels, and the models of the settings.

    ``gallery``: the file that what is taught goes to, and what was taught before comes from. ValueError or OSError with
    one sentence where something cannot be used.
    """
    labelers: list[Labeler] = []
    if segmenter.bundle.manifest.labels:
        labelers.append(ModelLabeler(tuple(segmenter.bundle.manifest.labels)))
    labelers += [labeler_of(name, settings) for name in settings.models]
    shelf = Shelf(gallery, segmenter.bundle.describes_as, segmenter.bundle.manifest.likeness)
    return LabelStage(labelers, shelf)


def labeler_of(name: str, settings: LabelSettings) -> Labeler:
    """A text model or detector that was added. ValueError or OSError, with one sentence, where it cannot be used."""
    bundle = bundles.load(name)
    if isinstance(bundle.manifest, DetectorManifest):
        return DetectorLabeler(Detector(bundle))
    return TextLabeler(Clip(bundle), vocabulary_of(settings), cache_folder())


def vocabulary_of(settings: LabelSettings) -> Vocabulary:
    """The names and synonyms that the settings say. ValueError or OSError, with one sentence."""
    return vocabulary.load(Path(settings.vocabulary) if settings.vocabulary else None)


def names_for(segmenter: Segmenter, settings: LabelSettings) -> Names:
    """No names yet, and from which probability on they are said."""
    return Names(
        {"model": segmenter.bundle.manifest.label_threshold, "text": settings.least, "detector": settings.least}
    )
