"""Showing calibration targets and gathering the gaze that rests on each: a pure reducer, like the gaze classifier.

One target at a time, fixed to the head. It shrinks, so that the eyes settle on its middle; samples count once a
fixation that began after it appeared has lasted a little, and only as long as that fixation lasts. A target that is
not looked at is left out after a while.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import radians

import numpy as np

from gazeline.calib.gaze_mapping import Array, direction_of
from gazeline.calib.gaze_quality import TargetGaze
from gazeline.runtime.centroid import GazeSample
from gazeline.runtime.config import GazeSettings
from gazeline.runtime.gaze.classify import GazeState, update

SHRINK_NS = 700_000_000  # saccadic latency is about 200 ms; by then the eyes have arrived and settled
GATHER_NS = 600_000_000  # of one fixation
SETTLED_NS = 100_000_000  # the start of a fixation still holds the end of its saccade
GIVE_UP_NS = 6_000_000_000
LARGE_RAD, SMALL_RAD = radians(2.5), radians(0.5)
LEAST_SAMPLES = 8

# Where targets stand in the field, -1..1 to the right and up; the middle first, since it steadies the wearer.
FIVE = ((0, 0), (-1, 1), (1, 1), (1, -1), (-1, -1))
NINE = (*FIVE, (0, 1), (1, 0), (0, -1), (-1, 0))
CHECKED = ((0.5, 0.5), (-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5))  # not fitted: they say how good the fit is


@dataclass(frozen=True)
class Shown:
    """The target to draw now: direction in the head frame, angular size, how much of its gaze is gathered (0..1)."""

    number: int
    count: int
    d_head: tuple[float, float, float]
    size_rad: float
    progress: float


@dataclass(frozen=True, eq=False)
class Targets:
    """The state of a calibration. ``gathered[i]`` belongs to ``targets[i]`` (T, 3); None where it was not looked at."""

    targets: Array
    settings: GazeSettings = field(default_factory=GazeSettings)
    gathered: tuple[TargetGaze | None, ...] = ()
    since_ns: int | None = None  # when the target was shown first
    gaze: GazeState = field(default_factory=GazeState)
    raw: tuple[GazeSample, ...] = ()  # of the fixation that lasts

    @property
    def done(self) -> bool:
        return len(self.gathered) == len(self.targets)

    def shown(self, now_ns: int) -> Shown | None:
        """What to draw at ``now_ns``; None when all is done."""
        if self.done:
            return None
        age = 0.0 if self.since_ns is None else min((now_ns - self.since_ns) / SHRINK_NS, 1.0)
        x, y, z = self.targets[len(self.gathered)].tolist()
        size_rad = LARGE_RAD + (SMALL_RAD - LARGE_RAD) * age
        return Shown(
            len(self.gathered), len(self.targets), (x, y, z), size_rad, min(_span_ns(self.raw) / GATHER_NS, 1.0)
        )


def target_directions(places: Sequence[tuple[float, float]], field_deg: tuple[float, float]) -> Array:
    """Directions (T, 3) in the head frame of places (-1..1) in a field so many degrees wide and high."""
    return direction_of(np.asarray(places, np.float64) * np.radians(field_deg) / 2.0)


def step(state: Targets, sample: GazeSample | None, now_ns: int) -> Targets:
    """The state after a raw gaze sample, or after time alone."""
    if state.done:
        return state
    since_ns = now_ns if state.since_ns is None else state.since_ns
    state = replace(state, since_ns=since_ns)
    if now_ns - since_ns > GIVE_UP_NS:
        return _next(state, None)
    return state if sample is None else _seen(state, sample, since_ns)


def _seen(state: Targets, sample: GazeSample, since_ns: int) -> Targets:
    # The targets move with the head, so what the eyes do is told in the head frame alone.
    gaze = update(state.gaze, replace(sample, T_world_head=None), state.settings)
    if gaze is state.gaze:
        return state  # late or twice
    goes_on = gaze.kind == "fixation" and gaze.start_ns == state.gaze.start_ns and gaze.start_ns > since_ns
    state = replace(state, gaze=gaze, raw=state.raw if goes_on else ())
    settled_ns = max(gaze.start_ns + SETTLED_NS, since_ns + SHRINK_NS)
    if not goes_on or sample.t_ns < settled_ns or sample.confidence < state.settings.confidence_min:
        return state
    state = replace(state, raw=(*state.raw, sample))
    if _span_ns(state.raw) < GATHER_NS or len(state.raw) < LEAST_SAMPLES:
        return state
    target = state.targets[len(state.gathered)]
    return _next(state, TargetGaze.of(target, [s.d_head for s in state.raw], [s.t_ns for s in state.raw]))


def _next(state: Targets, gathered: TargetGaze | None) -> Targets:
    return replace(state, gathered=(*state.gathered, gathered), since_ns=None, raw=())


def _span_ns(raw: Sequence[GazeSample]) -> int:
    return raw[-1].t_ns - raw[0].t_ns if raw else 0
