"""Tracks: the things that are known, each under an id that counts up from 1 and is never given twice."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from gazeline.runtime.tracking.appearance import Appearance
from gazeline.runtime.tracking.motion import Motion
from gazeline.runtime.tracking.shape import Array, Shape

STAYS = np.eye(2, 3)


@dataclass(frozen=True, eq=False)
class Trail:
    """Where an outline has been followed to since it was seen.

    ``warp`` (2, 3): what it did in the picture of ``at_ns``, px, beyond what the head's motion explains. ``texture``
    (N,): the grey values of `Shape.inner` when it was seen. ``lost_ns``: since when they are not to be seen there.
    """

    at_ns: int
    warp: Array = field(default_factory=lambda: STAYS)
    texture: NDArray[np.float32] | None = None
    lost_ns: int | None = None


@dataclass(frozen=True, eq=False)
class Track:
    """One thing: how it was outlined last, when that was and first was, how often it was, how it is known to look,
    how it moves, where it has been followed to since, what it is a part of, and whether it is a
    wall, a floor or the like."""

    id: int
    shape: Shape
    seen_ns: int
    trail: Trail
    first_ns: int = 0
    sightings: int = 1
    appearance: Appearance | None = None
    motion: Motion = field(default_factory=Motion)
    whole_id: int | None = None
    surface: bool = False

    @property
    def sure_ns(self) -> int:
        """When it was last known to be where it is: outlined, or followed and found looking as it did."""
        return max(self.seen_ns, self.trail.at_ns if self.trail.lost_ns is None else self.trail.lost_ns)


@dataclass(frozen=True, eq=False)
class Tracker:
    """The things that are remembered, those seen last at the end."""

    tracks: tuple[Track, ...] = ()
    next_id: int = 1

    def of(self, track_id: int) -> Track | None:
        """The track of this id, if it is remembered."""
        return next((track for track in self.tracks if track.id == track_id), None)

    def followed(self, trails: Iterable[tuple[Track, Trail]]) -> "Tracker":
        """With tracks followed further; those that were outlined again meanwhile are left as they are."""
        found = {track.id: (track.shape, trail) for track, trail in trails}
        return replace(
            self,
            tracks=tuple(
                replace(track, trail=found[track.id][1])
                if track.id in found and found[track.id][0] is track.shape
                else track
                for track in self.tracks
            ),
        )


def velocity_of(tracker: Tracker, track_id: int) -> Array | None:
    """The velocity (3,) in the world of a thing that was just seen; None where it stands still or is not predictable.

    Only where its distance is known: without it, what the head's own motion did to its direction cannot be told apart.
    """
    track = tracker.of(track_id)
    if track is None or track.shape.depth_m is None:
        return None
    return track.motion.velocity_m_s
