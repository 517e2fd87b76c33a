"""The right size of thing: whether a part is meant, the thing as people name it, or the whole that it belongs to.

A decoder answers one point with several masks, from part to group, and one point cannot tell them apart. What tells is
how the wearer looks: somebody who means the lid keeps looking at the lid, and somebody who means the tray looks around
on it. So all rests of the last seconds are evidence, by the size principle of concept learning (J. Tenenbaum and T.
Griffiths, "Generalization, similarity, and Bayesian inference", Behavioral and Brain Sciences 24, 2001): had a thing
been meant, gaze would have fallen anywhere on it, with the density 1 / area; the smallest thing that holds all rests
is the likeliest, the more so the more rests there are, and a long rest counts as several. Against that stands that
people mostly mean whole things, which the first look alone does not overcome. Earlier rests may have meant something
else, more probably the longer ago they are; and since eyes go from neighbour to neighbour anyway, it takes four rests
in a row on a whole before it is thought of.

What is larger than the decoder's masks of one point is asked for with all the rests as points of one prompt, and made
of the masks of each of them, if these hang together. What was shown before in the same fixation is kept until something
else is three times as likely: nothing flickers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, pi
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.runtime.messages import Vec2

if TYPE_CHECKING:  # they load the networks' runtime, which the pipeline does without
    from gazeline.engines.segmenter import Masks
    from gazeline.engines.window import Window

Logits = NDArray[np.float32]
Level = Literal["part", "object", "whole"]

PRIOR: dict[Level, float] = {"part": 0.07, "object": 0.83, "whole": 0.1}
SMALLER, LARGER = 0.8, 1.25  # in area, of the object: beyond these it is a part or a whole
IOU_SCALE = 0.05  # of differences of expected IoU, between candidates for the object
NAMING_MS = 400.0  # a rest of this length names a thing; what is longer counts as further looks,
LOOK_MS = 280.0  # one for each of these, and a shorter one than
GLANCE_MS = 150.0  # counts in part
STAYS = 0.7  # how probably a rest just before meant the same, and in how much time
FORGOTTEN_MS = 4000.0  # that falls by 1 / e
ASTRAY = 0.02  # how probably gaze is somewhere else than on what is meant
FIELD = 0.4  # of the picture: where else gaze may be
ON = 0.3  # of a place that a mask must cover for gaze to be on it
AROUND_RESTS, AROUND_MS = 4, 3000.0  # so many rests in a row, within this time, are looking around
KEPT_GAIN = log(3.0)
KEPT_LIKE = log(1.4)  # areas that differ by less are of the same thing
SAME_PLACE = 2.5  # gaze errors: rests nearer than this are at one place
REACH, REACH_SHARE = 0.75, 0.1  # around the thing's box, of it and of the picture: farther off are other things
MOST_PLACES = 3  # beside the one looked at now
JOINED = 0.03  # of the window: masks nearer than this hang together

_TURN = np.linspace(0.0, 2.0 * pi, 8, endpoint=False)
_RING = np.stack((np.cos(_TURN), np.sin(_TURN)), axis=1)
AROUND = np.concatenate((np.zeros((1, 2)), 0.6 * _RING[::2], 1.2 * _RING))  # (13, 2) gaze errors


@dataclass(frozen=True)
class Place:
    """A rest as it stands in the picture that is asked about: where, for how long, and how long ago that ended."""

    px: Vec2
    ms: float
    ago_ms: float = 0.0


@dataclass(frozen=True)
class Evidence:
    """What tells what is meant: the places, the present one last; how far gaze may be off, px; and the area, px^2, of
    what was shown in this fixation before, if anything was."""

    places: tuple[Place, ...]
    error_px: float
    kept_area_px: float | None = None


@dataclass(frozen=True, eq=False)
class Candidate:
    """Something that may be meant: its logits (h, w) in the window, the expected IoU, and how often it is meant."""

    logits: Logits
    iou: float
    level: Level
    prior: float
    area_px: float


def candidates_of(one: "Masks", wholes: Sequence[tuple[Logits, float]] = ()) -> list[Candidate]:
    """The masks of one point as candidates, ``one.best`` standing for the object, and larger things with their IoUs."""
    areas = [area_px(logits, one.window) for logits in one.logits]
    near = np.exp((one.iou - one.iou[one.best]).clip(-5.0, 0.0) / IOU_SCALE)
    found = []
    for logits, iou, area, share in zip(one.logits, one.iou, areas, near, strict=True):
        level = _level(area, areas[one.best])
        other = PRIOR[level] if level != "object" else 0.0
        found.append(Candidate(logits, float(iou), level, PRIOR["object"] * float(share) + other, area))
    for logits, iou in wholes:
        area = area_px(logits, one.window)
        if _level(area, areas[one.best]) == "whole":
            found.append(Candidate(logits, iou, "whole", PRIOR["whole"], area))
    return found


def chosen(candidates: Sequence[Candidate], evidence: Evidence, window: "Window") -> int:
    """The index of the candidate that is most probably meant."""
    frame_px2 = float(window.frame_w * window.frame_h)
    spots = np.array([place.px for place in evidence.places])[:, None] + evidence.error_px * AROUND  # (P, 13, 2)
    blur_px2 = pi * evidence.error_px**2  # gaze does not resolve what is smaller than its error
    scores = []
    for candidate in candidates:
        covers = _covers(candidate.logits, window, spots)  # (P,)
        if not _possible(candidate.level, covers, evidence.places):
            scores.append(-np.inf)
            continue
        score = log(max(candidate.prior, 1e-9))
        density = covers / (candidate.area_px + blur_px2)
        for number, (place, inside) in enumerate(zip(evidence.places, density.tolist(), strict=True), start=1):
            last = number == len(evidence.places)
            meant = 1.0 - ASTRAY if last else STAYS * np.exp(-place.ago_ms / FORGOTTEN_MS)
            looks = _looks(place.ms) if last else min(_looks(place.ms), 1.0)  # a long rest elsewhere tells no more
            score += looks * log(meant * inside + (1.0 - meant) / (FIELD * frame_px2))
        if evidence.kept_area_px and abs(log(max(candidate.area_px, 1.0) / evidence.kept_area_px)) < KEPT_LIKE:
            score += KEPT_GAIN
        scores.append(score)
    return int(np.argmax(scores))


def around(one: "Masks", evidence: Evidence) -> tuple[Vec2, ...]:
    """The other places where gaze has rested on or beside the thing: what may be a whole with it. The newest first."""
    *earlier, here = evidence.places
    _, (x0, y0, x1, y1) = one.crop()
    spare = max(REACH * max(x1 - x0, y1 - y0), REACH_SHARE * max(one.window.frame_w, one.window.frame_h))
    found: list[Vec2] = []
    for place in reversed(earlier):
        x, y = place.px
        beside = x0 - spare <= x <= x1 + spare and y0 - spare <= y <= y1 + spare
        apart = all(np.hypot(x - u, y - v) > SAME_PLACE * evidence.error_px for u, v in (here.px, *found))
        if beside and apart and bool(one.window.contains(place.px)) and len(found) < MOST_PLACES:
            found.append(place.px)
    return tuple(found)


def together(masks: Sequence["Masks"]) -> tuple[Logits, float] | None:
    """All that the best masks of several points hold, with the least IoU of them; None if it is in pieces."""
    logits = np.max([each.logits[each.best] for each in masks], axis=0)
    side = max(round(JOINED * logits.shape[0]), 1)
    joined = cv2.dilate((logits > 0.0).astype(np.uint8), np.ones((2 * side + 1, 2 * side + 1), np.uint8))
    whole = cv2.connectedComponents(joined)[0] == 2  # the ground and one piece
    return (logits, min(float(each.iou[each.best]) for each in masks)) if whole else None


def area_px(logits: Logits, window: "Window") -> float:
    """The area (px^2 of the frame) of a mask's logits (h, w) in the window."""
    rows, columns = (
        np.diff(axis.to_frame(2.0 * np.arange(count + 1) / count - 1.0))
        for axis, count in zip((window.y, window.x), logits.shape, strict=True)
    )
    return float(rows @ (logits > 0.0) @ columns)


def _level(area: float, object_area: float) -> Level:
    return "part" if area < SMALLER * object_area else "whole" if area > LARGER * object_area else "object"


def _possible(level: Level, covers: NDArray[np.float64], places: Sequence[Place]) -> bool:
    """Whether gaze is on a part, rather than its error; and whether the last few rests in a row were on a whole: fewer
    come about when one looks at neighbours in turn."""
    if level != "whole":
        return level == "object" or bool(covers[-1] >= ON)
    lately = [cover >= ON for cover, place in zip(covers, places, strict=True) if place.ago_ms <= AROUND_MS]
    return len(lately) >= AROUND_RESTS and all(lately[-AROUND_RESTS:])


def _looks(ms: float) -> float:
    """How many looks a rest counts as."""
    return min(ms / GLANCE_MS, 1.0) + max(ms - NAMING_MS, 0.0) / LOOK_MS


def _covers(logits: Logits, window: "Window", spots: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of each place (P, N, 2) lies in the mask, (P,)."""
    height, width = logits.shape
    at = (window.to_window(spots) + 0.5) * (np.array([width, height]) / window.size)
    column, row = np.moveaxis(at, -1, 0)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    hit = logits[np.where(inside, row, 0).astype(int), np.where(inside, column, 0).astype(int)] > 0.0
    covers: NDArray[np.float64] = (hit & inside).mean(axis=1)
    return covers
