"""Names by a detector: the box that fits a mask says what it is."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gazeline.engines.labelers.detections import Detections
from gazeline.engines.labelers.detector import Detector
from gazeline.runtime.naming.label import Crop, Named

FITS_IOU = 0.5  # of a mask's box and a detector's: less is another thing
SURE_IOU = 0.75  # from here on the detector's score is taken as it is
OTHERS = 4


class DetectorLabeler:
    """A `Labeler`. A picture is looked at once for all things in it."""

    def __init__(self, detector: Detector) -> None:
        self._detector, self._labels = detector, detector.manifest.labels

    def label(self, crops: Sequence[Crop]) -> list[Named]:
        """As `Labeler`; a thing that no box fits is none of the detector's classes."""
        found: dict[int, Detections] = {}
        named = []
        for crop in crops:
            picture = crop.image if crop.picture is None else crop.picture
            if id(picture) not in found:  # alive in its crop, so that its id is its own
                found[id(picture)] = self._detector.detect(picture)
            named.append(self._named(np.array(crop.box), found[id(picture)]))
        return named

    def _named(self, box: NDArray[np.float64], found: Detections) -> Named:
        chances: dict[str, float] = {}
        fits = np.clip((ious(box, found.boxes) - FITS_IOU) / (SURE_IOU - FITS_IOU), -1.0, 1.0)
        for k in np.flatnonzero(fits >= 0.0):
            name = self._labels[found.classes[k]]
            score = float(found.scores[k]) * (0.5 + 0.5 * float(fits[k]))
            chances[name] = max(score, chances.get(name, 0.0))
        if not chances:
            return Named(None, 1.0, "detector")
        total = max(1.0, sum(chances.values()))
        ranked = sorted(((score / total, name) for name, score in chances.items()), reverse=True)
        (score, name), *rest = ranked[: OTHERS + 1]
        return Named(name, score, "detector", tuple((other, chance) for chance, other in rest))


def ious(box: NDArray[np.float64], boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    """Intersection over union of a box (4,) with each of ``boxes`` (K, 4): (K,)."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    common = np.clip(high - low, 0.0, None).prod(axis=1)
    areas = np.clip(boxes[:, 2:] - boxes[:, :2], 0.0, None).prod(axis=1)
    union = (box[2:] - box[:2]).prod() + areas - common
    return np.asarray(np.divide(common, union, out=np.zeros(len(boxes)), where=union > 0.0), np.float64)
