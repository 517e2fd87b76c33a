"""Which things fit a query, and how well.

A score is a product of how well each thing that was said fits, 0..1: the name (its score), each colour (how much of
the thing has it), the size (among those that fit otherwise), and each place. "The second from the left" then picks one
of those that fit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

from gazeline.runtime.find import colour
from gazeline.runtime.find.places import fit_of, side_of
from gazeline.runtime.find.query import By, Query, Rank, Sought
from gazeline.runtime.find.things import Thing

LEAST = 0.25  # what fits less is no match
SIZE_LOG = 0.25  # so far from halfway between the extremes (a factor of 1.3) it is clearly large or small
Likeness = Callable[[str, Thing], float]


@dataclass(frozen=True)
class Match:
    """A thing that fits, and how well: 0..1."""

    id: int
    score: float


def matches(query: Query, things: Sequence[Thing], looks: Likeness | None = None) -> list[Match]:
    """What fits the query, the best first.

    ``looks(words, thing)``: how well a thing looks like words that are no name here, 0..1, where a text model can tell.
    """
    best: dict[int, float] = {}
    for sought in query.sought:
        for thing, score in _fitting(sought, things, looks):
            best[thing.id] = max(score, best.get(thing.id, 0.0))
    found = [Match(thing_id, round(score, 4)) for thing_id, score in best.items()]
    return sorted(found, key=lambda match: (-match.score, match.id))


Scored = list[tuple[Thing, float]]


def _fitting(sought: Sought, things: Sequence[Thing], looks: Likeness | None) -> Scored:
    anchors = [[_fitting(one, things, looks) for one in relation.of] for relation in sought.relations]
    found: Scored = []
    for thing in things:
        score = _named(sought, thing, looks) * colour.fit(thing.colours, sought.colours)
        if sought.side is not None and score >= LEAST:
            score *= side_of(sought.side, thing, things)
        for relation, of in zip(sought.relations, anchors, strict=True):
            if score >= LEAST:
                score *= fit_of(relation.how, thing, [[(t, s) for t, s in one if t is not thing] for one in of])
        if score >= LEAST:
            found.append((thing, score))
    if sought.size is not None:
        found = _sized(found, larger=sought.size == "big")
    return found if sought.rank is None else _ranked(found, sought.rank)


def _named(sought: Sought, thing: Thing, looks: Likeness | None) -> float:
    if not sought.noun:
        return 1.0
    if thing.name is not None and thing.name in sought.names:
        return thing.score
    if looks is not None and (thing.name is None or not sought.names):
        return looks(sought.noun, thing)
    return 0.0


def _sized(found: Scored, *, larger: bool) -> Scored:
    """Those that are large or small for their kind; one alone is what it is."""
    if len(found) < 2:
        return found
    sizes = _sizes([thing for thing, _ in found])
    middle = sqrt(min(sizes) * max(sizes))
    sign = 1.0 if larger else -1.0
    sized = [
        (thing, score / (1.0 + exp(-sign * log(size / middle) / (0.5 * SIZE_LOG))))
        for (thing, score), size in zip(found, sizes, strict=True)
    ]
    return [(thing, score) for thing, score in sized if score >= LEAST]


def _ranked(found: Scored, rank: Rank) -> Scored:
    if len(found) < rank.number:
        return []
    keys = _keys([thing for thing, _ in found], rank.by) or [-score for _, score in found]
    order = sorted(range(len(found)), key=lambda i: keys[i])
    return [found[order[rank.number - 1]]]


def _keys(things: Sequence[Thing], by: By) -> list[float]:
    """What to sort by, the first sought first; empty for "fit"."""
    match by:
        case "left" | "right":
            sign = 1.0 if by == "left" else -1.0
            return [sign * thing.centre[0] for thing in things]
        case "top" | "bottom":
            sign = 1.0 if by == "top" else -1.0
            return [sign * thing.centre[1] for thing in things]
        case "near" | "far":
            sign = 1.0 if by == "near" else -1.0
            known = all(thing.depth_m is not None for thing in things)
            # without distances, what stands lower in the picture is nearer
            return [sign * ((thing.depth_m or 0.0) if known else -thing.box[3]) for thing in things]
        case "big" | "small":
            sign = -1.0 if by == "big" else 1.0
            return [sign * size for size in _sizes(things)]
        case "fit":
            return []


def _sizes(things: Sequence[Thing]) -> list[float]:
    """Real sizes if all are known, else those in the picture."""
    real = [thing.size_m for thing in things if thing.size_m is not None]
    return [max(size, 1e-6) for size in real] if len(real) == len(things) else [max(thing.sides) for thing in things]
