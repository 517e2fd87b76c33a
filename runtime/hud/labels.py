"""Where labels go: beside their objects, never over each other, never over what is looked at, and without a tremble.

Everything here is in tangents (right, up; `gazeline.runtime.hud.views`) and pure: the same objects, poses and history
give the same places. Three things keep labels still. What a label hangs on stands in the world, and follows its outline
only when that has moved by more than outlines tremble. A label keeps its side for as long as it can stand there. And
one that has to change sides fades out and in again, because a label that slides draws the eye.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, radians

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Key = tuple[int, str]  # (object id, "card" or "tag")

TREMBLE_RAD = radians(0.4)  # outlines move by this much from picture to picture with nothing moving
SETTLED_RAD = radians(0.05)
EASE_NS = 150_000_000
APART_RAD = radians(0.3)
GAP_RAD = {"card": radians(1.6), "tag": radians(0.35)}
FARTHER = (1.0, 2.6, 5.0)  # rings of places, in gaps

_ACROSS = ((1.0, 0.0), (-1.0, 0.0))
_ALONG = ((0.0, 1.0), (0.0, -1.0))
_CORNERS = ((1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0))
SIDES = {
    kind: tuple((*side, ring) for ring in FARTHER for side in (*first, *second, *_CORNERS))
    for kind, first, second in (("card", _ACROSS, _ALONG), ("tag", _ALONG, _ACROSS))
}
"""The places around an object, best first: to the right (1) or left (-1), above (1) or below (-1), and how far."""


@dataclass(frozen=True, eq=False)
class Rect:
    """A rectangle by its middle (2,) and half its size (2,)."""

    middle: Array
    half: Array

    def overlaps(self, other: "Rect", apart: float = 0.0) -> bool:
        """Whether the two come nearer to each other than ``apart`` in both directions."""
        return bool((np.abs(self.middle - other.middle) < self.half + other.half + apart).all())

    def within(self, bounds: Array) -> bool:
        """Whether it lies inside ((left, down), (right, up)), (2, 2)."""
        return bool((self.middle - self.half >= bounds[0]).all() and (self.middle + self.half <= bounds[1]).all())

    def nearest(self, point: Array) -> Array:
        """The point of the rectangle that is nearest to another (2,)."""
        nearest: Array = np.clip(point, self.middle - self.half, self.middle + self.half)
        return nearest


@dataclass(frozen=True, eq=False)
class Wanted:
    """A label that is to be shown: its size (2,), and the rectangle of its object as it is seen now."""

    key: Key
    half: Array
    around: Rect


@dataclass(frozen=True, eq=False)
class Standing:
    """A label on its side of its object (an index of `SIDES`). ``shown``: how far it has faded in, 0 to 1."""

    side: int
    rect: Rect
    shown: float
    leaving: bool = False


def arranged(
    before: Mapping[Key, Standing],
    wanted: Sequence[Wanted],
    outline: Array | None,
    others: Iterable[Rect],
    bounds: Array,
    step: float,
) -> dict[Key, Standing]:
    """The labels one frame on; the first of ``wanted`` are placed first.

    ``outline`` (N, 2) is that of the object that is looked at, which no label may touch; ``others`` are the rectangles
    of objects that had better not be covered, and ``step`` is how far a fade goes in one frame. Labels that are not
    wanted any more, or can stand nowhere, fade where they are.
    """
    now: dict[Key, Standing] = {}
    asked = {each.key: each for each in wanted}
    taken: list[Rect] = []
    box = None if outline is None else _box(outline)

    def free(rect: Rect) -> bool:
        if any(rect.overlaps(other, APART_RAD) for other in taken):
            return False
        return outline is None or box is None or not (rect.overlaps(box, APART_RAD) and _touches(rect, outline))

    for key, label in before.items():  # what fades out still needs its place
        if key not in asked or label.leaving:
            follows = asked.get(key)
            rect = _beside(follows, label.side) if follows else label.rect
            shown = label.shown - step
            if shown > 0.0:
                now[key] = Standing(label.side, rect, shown, leaving=True)
                taken.append(rect)
    for each in wanted:
        if each.key in now:
            continue
        known = before.get(each.key)
        if known is not None and not known.leaving:
            rect = _fitted(_beside(each, known.side), bounds, each.key)
            stays = free(rect) and rect.within(bounds)
            shown = min(1.0, known.shown + step) if stays else known.shown - step
            if shown > 0.0:
                now[each.key] = Standing(known.side, rect, shown, leaving=not stays)
                taken.append(rect)
                continue
        side = _best(each, others, bounds, free)
        if side is not None:
            rect = _fitted(_beside(each, side), bounds, each.key)
            now[each.key] = Standing(side, rect, min(1.0, step))
            taken.append(rect)
    return now


def _best(each: Wanted, others: Iterable[Rect], bounds: Array, free: Callable[[Rect], bool]) -> int | None:
    """The side with the least to be said against it; None if there is none to stand on."""
    best, least = None, float("inf")
    others = list(others)
    for side in range(len(SIDES[each.key[1]])):
        rect = _fitted(_beside(each, side), bounds, each.key)
        if not rect.within(bounds) or not free(rect):
            continue
        cost = side + 6.0 * sum(rect.overlaps(other) for other in others)
        if cost < least:
            best, least = side, cost
    return best


def _beside(each: Wanted, side: int) -> Rect:
    across, along, ring = SIDES[each.key[1]][side]
    reach = each.around.half + each.half + ring * GAP_RAD[each.key[1]]
    return Rect(each.around.middle + np.array((across, along)) * reach, each.half)


def _fitted(rect: Rect, bounds: Array, key: Key) -> Rect:
    """The card is pushed back into the view; a tag at the border goes with its object."""
    if key[1] != "card":
        return rect
    low, high = bounds[0] + rect.half, bounds[1] - rect.half
    return rect if (low > high).any() else Rect(np.clip(rect.middle, low, high), rect.half)


def _box(outline: Array) -> Rect:
    low, high = outline.min(axis=0), outline.max(axis=0)
    return Rect(0.5 * (low + high), 0.5 * (high - low))


def _touches(rect: Rect, outline: Array) -> bool:
    """Whether a rectangle comes near a polygon (N, 2), or lies in it."""
    offset = np.abs(outline - rect.middle) - rect.half - APART_RAD
    if (offset < 0.0).all(axis=-1).any():
        return True
    start, end = outline, np.roll(outline, -1, axis=0)
    corners = rect.middle + rect.half * np.array(((0, 0), (-1, -1), (-1, 1), (1, -1), (1, 1)))
    # the vertices are dense where the outline bends, not where it is straight: there its edges are looked at
    way = end - start
    for share in (0.25, 0.5, 0.75):
        if (np.abs(start + share * way - rect.middle) - rect.half - APART_RAD < 0.0).all(axis=-1).any():
            return True
    x, y = corners[:, :1], corners[:, 1:]
    crosses = (start[:, 1] > y) != (end[:, 1] > y)  # (5, N)
    rise = np.where(way[:, 1] == 0.0, 1e-12, way[:, 1])
    at = start[:, 0] + (y - start[:, 1]) / rise * way[:, 0]
    return bool((np.count_nonzero(crosses & (x < at), axis=-1) % 2 == 1).any())


@dataclass(frozen=True, eq=False)
class Anchor:
    """What an object's label hangs on: a point of the world (3,), and half the object's size as seen, (2,) tangents."""

    centre_m: Array
    half: Array
    moving: bool = False

    def towards(self, centre_m: Array, half: Array, distance_m: float, passed_ns: int) -> "Anchor":
        """A frame later, with the object now there: still until it has really moved, then smoothly after it."""
        to_centre, to_half = centre_m - self.centre_m, half - self.half
        away = max(float(np.linalg.norm(to_centre)) / distance_m, float(np.abs(to_half).max()))
        if away < (SETTLED_RAD if self.moving else TREMBLE_RAD):
            return replace(self, moving=False) if self.moving else self
        share = 1.0 - exp(-passed_ns / EASE_NS)
        return Anchor(self.centre_m + share * to_centre, self.half + share * to_half, moving=True)
