"""How a tracked thing moves, to be predicted from its capture to its display: constant velocity, where that helps.

The velocity is a straight line through the last few sightings, by least squares, since outlines jitter. Whether it may
be used is judged in hindsight: each sighting is compared with where the line of the earlier ones would have put the
thing, and with where it was last. Only while the line does clearly better is the velocity given.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SPAN_NS = 220_000_000  # sightings older than this before the newest say nothing about now
MOST = 4  # more would smooth what turns and bounces
FEWEST = 2  # sightings for a line that the next one can judge
FORGET = 0.5  # share of the hindsight that each sighting keeps
SLOWEST_RAD_S = 0.02  # a tenth of a degree in 100 ms: less is not worth the jitter
BETTER = 0.4  # the line's squared error must be below this share of standing still's


@dataclass(frozen=True, eq=False)
class Sighting:
    """From where (3,), in which unit direction (3,) and how far away a thing's middle was seen, world, and when."""

    t_ns: int
    origin_m: Array
    d_world: Array
    depth_m: float

    @property
    def p_world(self) -> Array:
        """Where it was (3,)."""
        return self.origin_m + self.depth_m * self.d_world


@dataclass(frozen=True, eq=False)
class Motion:
    """The last sightings of a thing, oldest first, and the mean squared error of both guesses so far, rad^2."""

    sightings: tuple[Sighting, ...] = ()
    moving_error: float = 0.0
    still_error: float = 0.0

    def seen(self, sighting: Sighting) -> "Motion":
        """With one more sighting; one that is not newer changes nothing, and after a pause it begins anew."""
        if self.sightings and sighting.t_ns <= self.sightings[-1].t_ns:
            return self
        recent = tuple(s for s in self.sightings if sighting.t_ns - s.t_ns <= SPAN_NS)
        if not recent:
            return Motion((sighting,))
        moving_error, still_error = self.moving_error, self.still_error
        if len(recent) >= FEWEST:
            place, velocity = _line(recent)
            after_s = (sighting.t_ns - recent[-1].t_ns) * 1e-9
            moving = _off(sighting, place + after_s * velocity)
            still = _off(sighting, recent[-1].p_world)
            moving_error = FORGET * moving_error + (1.0 - FORGET) * moving
            still_error = FORGET * still_error + (1.0 - FORGET) * still
        return replace(self, sightings=(*recent, sighting)[-MOST:], moving_error=moving_error, still_error=still_error)

    @property
    def velocity_m_s(self) -> Array | None:
        """The velocity (3,) across the line of sight, world; None where the thing stands still, or moves in a way that
        would be predicted worse than not at all."""
        if len(self.sightings) <= FEWEST or not self.moving_error < BETTER * self.still_error:
            return None
        _, velocity = _line(self.sightings)
        return velocity if float(np.linalg.norm(velocity)) > SLOWEST_RAD_S * self.sightings[-1].depth_m else None


def _line(sightings: tuple[Sighting, ...]) -> tuple[Array, Array]:
    """Place (3,) at the newest sighting and velocity (3,) of a straight line through all of them.

    Only what it does across the line of sight: the distance is not seen well enough to be carried on, and matters less.
    """
    t_s = np.array([(s.t_ns - sightings[-1].t_ns) * 1e-9 for s in sightings])
    places = np.stack([s.p_world for s in sightings])  # (n, 3)
    (velocity, place), *_ = np.linalg.lstsq(np.stack((t_s, np.ones_like(t_s)), axis=1), places, rcond=None)
    d = sightings[-1].d_world
    return place, velocity - (velocity @ d) * d


def _off(sighting: Sighting, place: Array) -> float:
    """Squared angle between where a thing was seen and a place."""
    towards = place - sighting.origin_m
    error = np.cross(sighting.d_world, towards / np.linalg.norm(towards))
    return float(error @ error)
