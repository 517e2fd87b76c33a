"""How well ids last: overlays against the truth of their pictures, by the measures of multi-object tracking.

- An object is found in a picture if an outline has an IoU of at least 0.5 with what of it is to be seen.
- IDF1: each object is given the one id that it bore in the most pictures, each id to one object; the share of all
  objects and outlines that agree with that (E. Ristani et al., "Performance measures and a data set for multi-target,
  multi-camera tracking", ECCV Workshops 2016).
- Switches: how often an object is found under another id than when it was found last (K. Bernardin and R. Stiefelhagen,
  "Evaluating multiple object tracking performance: the CLEAR MOT metrics", 2008), per minute that objects are in view.

Objects of less than 400 px are not asked for, and outlines of them, of walls or of nothing are left out of account:
whether they should have been outlined is not a question of identity.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from gazeline.runtime.messages import OverlayObject
from gazeline.runtime.tracking.assignment import best_pairs

Ids = NDArray[np.uint16]

LEAST_PX = 400
LEAST_IOU = 0.5
SHRUNK = 2  # pictures are compared at half their size


class Score(Struct, frozen=True):
    """The scores of one or more sessions. ``outlines``: whose they are. ``found``: in how many of the pictures in which
    it is to be seen an object is found; ``object_minutes``: how long all objects together were in view."""

    outlines: str
    scenario: str
    idf1: float
    switches_per_minute: float
    found: float
    switches: int
    object_minutes: float
    objects: int
    ids: int


@dataclass
class Tally:
    """Adds up what the overlays of one session say. ``known_only``: an object counts from when it is first found."""

    picture_s: float
    known_only: bool = False
    together: Counter[tuple[int, int]] = field(default_factory=Counter)  # (object, id): pictures
    objects: Counter[int] = field(default_factory=Counter)
    ids: Counter[int] = field(default_factory=Counter)
    last: dict[int, int] = field(default_factory=dict)
    found: int = 0
    switches: int = 0

    def add(self, things: Sequence[OverlayObject], object_ids: Ids) -> None:
        """One picture's outlines, and which object each of its pixels (H, W) shows; 0: none."""
        shown = object_ids[SHRUNK // 2 :: SHRUNK, SHRUNK // 2 :: SHRUNK]
        pixels = np.bincount(shown.ravel())
        pixels[0] = 0
        large = set(np.flatnonzero(pixels * SHRUNK**2 >= LEAST_PX).tolist())
        pairs: dict[int, tuple[float, int]] = {}
        for thing in things:
            mask = drawn(thing, shown.shape)
            inside = np.bincount(shown[mask], minlength=len(pixels))
            most = int(inside.argmax())
            iou = inside[most] / max(int(mask.sum()) + int(pixels[most]) - int(inside[most]), 1)
            if most not in large:
                continue  # walls, and what is too small to be asked for
            self.ids[thing.id] += 1
            if iou >= LEAST_IOU and iou > pairs.get(most, (0.0, 0))[0]:
                pairs[most] = (float(iou), thing.id)
        for object_id, (_, track_id) in pairs.items():
            self.switches += self.last.get(object_id, track_id) != track_id
            self.last[object_id] = track_id
            self.together[object_id, track_id] += 1
        self.found += len(pairs)
        self.objects.update(object_id for object_id in large if not self.known_only or object_id in self.last)


def score(outlines: str, scenario: str, tallies: Sequence[Tally]) -> Score:
    """Of all sessions together; ids and objects of different ones are different."""
    agreed = sum(_agreed(tally) for tally in tallies)
    wanted, given = (sum(sum(getattr(tally, which).values()) for tally in tallies) for which in ("objects", "ids"))
    minutes = sum(sum(tally.objects.values()) * tally.picture_s for tally in tallies) / 60.0
    switches = sum(tally.switches for tally in tallies)
    return Score(
        outlines=outlines,
        scenario=scenario,
        idf1=round(2.0 * agreed / max(wanted + given, 1), 4),
        switches_per_minute=round(switches / max(minutes, 1e-9), 3),
        found=round(sum(tally.found for tally in tallies) / max(wanted, 1), 4),
        switches=switches,
        object_minutes=round(minutes, 2),
        objects=sum(len(tally.objects) for tally in tallies),
        ids=sum(len(tally.ids) for tally in tallies),
    )


def drawn(thing: OverlayObject, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """An outline's pixels in a picture of half the size: (h, w)."""
    mask = np.zeros(shape, np.uint8)
    rings = [np.asarray(ring) for ring in thing.outline if len(ring) >= 3]
    half = [np.rint(((ring + 0.5) / SHRUNK - 0.5) * 16).astype(np.int32) for ring in rings]
    cv2.fillPoly(mask, half, 1, shift=4)
    return mask > 0


def _agreed(tally: Tally) -> float:
    objects, ids = sorted(tally.objects), sorted(tally.ids)
    counts = np.array([[tally.together[a, b] for b in ids] for a in objects], np.float64).reshape(-1, len(ids))
    return float(sum(counts[i, j] for i, j in best_pairs(counts)))
