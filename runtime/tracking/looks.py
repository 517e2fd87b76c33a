"""How long and how often things were looked at, and when they were first and last in view. Pure values.

A look lasts while gaze stays with one thing. A blink (100 to 300 ms), or a glance too short to be a fixation, does not
end it: gaze that is back within 300 ms goes on with the same look.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from gazeline.runtime.messages import OverlayObject

GAP_NS = 300_000_000
MOST_KEPT = 1024  # things; those seen longest ago are forgotten first


@dataclass(frozen=True)
class Look:
    """One look at the thing ``object_id``: gaze came at ``start_ns`` and was there last at ``end_ns``."""

    object_id: int
    start_ns: int
    end_ns: int

    @property
    def ms(self) -> float:
        return (self.end_ns - self.start_ns) * 1e-6

    def goes_on(self, before: "Look | None") -> bool:
        """Whether it is the same look as ``before``, longer perhaps."""
        return before is not None and (self.object_id, self.start_ns) == (before.object_id, before.start_ns)


def looked(look: Look | None, object_id: int, start_ns: int, t_ns: int) -> Look:
    """The look that gaze is in at ``t_ns``, having rested since ``start_ns``: ``look``, or a new one after it."""
    start_ns = min(start_ns, t_ns)
    if look is None:
        return Look(object_id, start_ns, t_ns)
    if look.object_id == object_id and start_ns - look.end_ns <= GAP_NS:
        return replace(look, end_ns=max(look.end_ns, t_ns))
    return Look(object_id, min(max(start_ns, look.end_ns), t_ns), t_ns)  # nobody looks at two things at once


@dataclass(frozen=True)
class Seen:
    """What is known of one thing: when it was first and last in view, and its looks, the one that goes on included."""

    first_ns: int
    last_ns: int
    total_ns: int = 0
    looks: int = 0


@dataclass(frozen=True)
class Looks:
    """All things by their ids, the ones seen last at the end, and the last look."""

    things: Mapping[int, Seen] = field(default_factory=dict)
    look: Look | None = None


def with_looks(
    looks: Looks, objects: Sequence[OverlayObject], capture_ns: int, start_ns: int | None, t_ns: int | None
) -> tuple[Looks, tuple[OverlayObject, ...]]:
    """What is known after a picture of ``capture_ns`` with these objects, and the objects with what is known of them.

    ``t_ns`` is the newest gaze sample, which rests on the gazed object since ``start_ns``; None: nobody looks. An
    object that was only carried on into the picture was not seen in it.
    """
    things = dict(looks.things)
    for thing in objects:
        seen = things.pop(thing.id, None) or Seen(capture_ns, capture_ns)
        things[thing.id] = seen if thing.carried else replace(seen, last_ns=max(seen.last_ns, capture_ns))
    gazed = next((thing.id for thing in objects if thing.gazed), None)
    look = looks.look
    if gazed is not None and t_ns is not None:
        look = looked(looks.look, gazed, t_ns if start_ns is None else start_ns, t_ns)
        new = not look.goes_on(looks.look)
        before_ns = look.start_ns if new or looks.look is None else looks.look.end_ns
        seen = things[gazed]
        things[gazed] = replace(seen, total_ns=seen.total_ns + look.end_ns - before_ns, looks=seen.looks + new)
    for oldest in list(things)[: max(len(things) - MOST_KEPT, 0)]:
        del things[oldest]
    found = tuple(_told(thing, things[thing.id], look) for thing in objects if thing.id in things)
    return Looks(things, look), found


def _told(thing: OverlayObject, seen: Seen, look: Look | None) -> OverlayObject:
    now = look is not None and thing.gazed and look.object_id == thing.id
    return msgspec.structs.replace(
        thing,
        dwell_ms=round(look.ms, 1) if look is not None and now else 0.0,
        dwell_total_ms=round(seen.total_ns * 1e-6, 1),
        looks=seen.looks,
        first_seen_ns=seen.first_ns,
        last_seen_ns=seen.last_ns,
    )
