"""Where things are to each other, as the wearer sees it: how well "left of", "on" or "near" fits, 0..1.

Left and right, above and below are those of the view; in front and behind go by the distance where it is known, and
else by where things stand in the picture; near is half a metre in the world, or else about a thing's width.
"""

from collections.abc import Sequence
from math import atan2, cos, exp, hypot

import numpy as np

from gazeline.runtime.find.query import How, Side
from gazeline.runtime.find.things import Thing

NEAR_M = 0.5
SLACK_M = 0.02  # depths closer than this are the same
Anchors = Sequence[tuple[Thing, float]]


def fit_of(how: How, thing: Thing, of: Sequence[Anchors]) -> float:
    """How well a thing is ``how`` of the best of each of the anchors, which come with their own scores."""
    if how == "between":
        if len(of) < 2:  # between the mugs
            pairs = [(a, b, sa * sb) for i, (a, sa) in enumerate(of[0]) for b, sb in of[0][:i]]
        else:
            pairs = [(a, b, sa * sb) for a, sa in of[0] for b, sb in of[1] if a is not b]
        return max((score * _between(thing, a, b) for a, b, score in pairs), default=0.0)
    return max((score * _placed(how, thing, anchor) for anchor, score in of[0]), default=0.0)


def side_of(side: Side, thing: Thing, things: Sequence[Thing]) -> float:
    """How far a thing stands on one side of all that there is."""
    boxes = np.array([each.box for each in things])
    (x0, y0), (x1, y1) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    x = (thing.centre[0] - x0) / max(x1 - x0, 1e-6)
    y = (thing.centre[1] - y0) / max(y1 - y0, 1e-6)
    match side:
        case "left":
            return _ramp(0.6 - x)
        case "right":
            return _ramp(x - 0.4)
        case "top":
            return _ramp(0.6 - y)
        case "bottom":
            return _ramp(y - 0.4)
        case "middle":
            return _ramp(0.4 - abs(x - 0.5))


def _placed(how: How, thing: Thing, anchor: Thing) -> float:
    if how == "behind":
        return _depth_order(anchor, thing)
    if how == "front":
        return _depth_order(thing, anchor)
    if how == "under":
        return max(_on(anchor, thing), _towards("below", thing, anchor))
    plain = {"on": _on, "in": _inside, "near": _near}
    return plain[how](thing, anchor) if how in plain else _towards(how, thing, anchor)


def _towards(how: How, thing: Thing, anchor: Thing) -> float:
    """By the angle of the way there; beyond 60 degrees to the side it is elsewhere."""
    dx, dy = thing.centre[0] - anchor.centre[0], thing.centre[1] - anchor.centre[1]
    across = max(0.0, (abs(dy) if how in ("left", "right") else abs(dx)) - _half(thing, anchor, how))
    along = {"left": -dx, "right": dx, "above": -dy, "below": dy}[how]
    if along <= 0.0:
        return 0.0
    return _ramp(cos(atan2(across, along)) - 0.5, 0.3)


def _half(thing: Thing, anchor: Thing, how: How) -> float:
    """By so much they may stand apart across the direction and still overlap."""
    axis = 1 if how in ("left", "right") else 0
    return 0.5 * (thing.sides[axis] + anchor.sides[axis])


def _depth_order(front: Thing, back: Thing) -> float:
    """That one stands before the other: nearer, and in about the same direction."""
    apart = abs(front.centre[0] - back.centre[0])
    aligned = _ramp(1.5 - apart / _half(front, back, "above"), 0.5)
    if front.depth_m is not None and back.depth_m is not None:
        return aligned * _ramp(back.depth_m - front.depth_m - SLACK_M, 0.05)
    return aligned * _ramp((front.box[3] - back.box[3]) / max(front.sides[1], back.sides[1]), 0.2)


def _on(upper: Thing, lower: Thing) -> float:
    """That one stands or lies on the other: its foot is within the other's picture, its top is not below the other's
    middle, and in the world, where both places are known, it is not farther away than the other is wide."""
    x, foot = upper.centre[0], upper.box[3]
    width, height = lower.sides
    beside = max(lower.box[0] - x, x - lower.box[2], 0.0) / width
    off = max(lower.box[1] - foot, foot - lower.box[3], 0.0) / min(height, upper.sides[1])
    sunk = max(0.0, upper.box[1] - lower.centre[1]) / height
    fit = _ramp(0.3 - beside, 0.3) * _ramp(0.4 - off, 0.4) * _ramp(0.4 - sunk, 0.4)
    if upper.sides[0] * upper.sides[1] > 4.0 * width * height:  # a table does not stand on a mug
        return 0.0
    if upper.depth_m is not None and lower.depth_m is not None and lower.size_m is not None:
        fit *= _ramp(lower.size_m + 0.1 - abs(upper.depth_m - lower.depth_m), 0.1)
    return fit


def _inside(inner: Thing, outer: Thing) -> float:
    """The share of one's box that lies in the other's, which is larger."""
    if inner.sides[0] * inner.sides[1] >= outer.sides[0] * outer.sides[1]:
        return 0.0
    shares = [
        max(0.0, min(inner.box[i + 2], outer.box[i + 2]) - max(inner.box[i], outer.box[i])) / inner.sides[i]
        for i in (0, 1)
    ]
    return _ramp(shares[0] * shares[1] - 0.4, 0.4)


def _near(thing: Thing, other: Thing) -> float:
    if thing.p_world is not None and other.p_world is not None:
        away_m = float(np.linalg.norm(thing.p_world - other.p_world)) - 0.5 * (
            (thing.size_m or 0) + (other.size_m or 0)
        )
        return exp(-((max(away_m, 0.0) / NEAR_M) ** 2))
    gaps = [max(thing.box[i] - other.box[i + 2], other.box[i] - thing.box[i + 2], 0.0) for i in (0, 1)]
    reach = 0.5 * (max(thing.sides) + max(other.sides))
    return exp(-((hypot(*gaps) / reach) ** 2))


def _between(thing: Thing, a: Thing, b: Thing) -> float:
    """That it stands near the way from one to the other, in the view."""
    start, way = np.array(a.centre), np.array(b.centre) - a.centre
    length = float(np.linalg.norm(way))
    along = float((np.array(thing.centre) - start) @ way) / max(length**2, 1e-12)
    off = float(np.linalg.norm(np.array(thing.centre) - start - along * way)) / max(length, 1e-6)
    return _ramp(0.6 - abs(along - 0.5), 0.2) * _ramp(0.6 - off, 0.4)


def _ramp(value: float, full: float = 0.2) -> float:
    """0 up to 0, then rising to 1 at ``full``."""
    return min(1.0, max(0.0, value / full))
