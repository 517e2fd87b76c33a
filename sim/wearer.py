"""The wearer: looks from object to object, the head following, and can be asked for any instant.

Times here are nanoseconds since the start of the session, and all that the wearer does is a function of seed and time,
whoever asks, when and how often. Gaze is held in the world while the head moves: in the light, the vestibulo-ocular
reflex together with pursuit does that with a gain of 1 (R. Leigh & D. Zee, "The Neurology of Eye Movements"), so it is
the gaze that is planned here and the eye's place in the head follows from it.
"""

import math
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazeline.calib.se3 import SE3
from gazeline.sim.eyes import (
    STRAIGHT_ON,
    Blinks,
    EyeSettings,
    FixationalMotion,
    angle_deg,
    between,
    fixation_s,
    saccade_duration_ns,
    saccade_way,
    turned,
)
from gazeline.sim.head import Head, HeadSettings, yaw_pitch_deg

Array = NDArray[np.float64]
Phase = Literal["fixation", "pursuit", "saccade", "blink"]
Locate = Callable[[int, int], Array]  # (object id, time in ns) -> position (3,) of a moving object, world

KEPT_FIXATIONS = 64  # the past that can be asked for: some twenty seconds
SPEED_BASE_NS = 20_000_000
REACTION_NS = 200_000_000  # from a target's appearance to the saccade to it (R. Carpenter 1988: about 200 ms)
MOVING_M_S = 0.02  # slower than this counts as standing
FARTHEST_DEG = 75.0  # targets farther from the gaze than this are not chosen


@dataclass(frozen=True, eq=False)
class GazePoints:
    """Where on an object one may look.

    ``points_m`` (N, 3): on its visible surface, world, or relative to the object's position if it is ``moving``.
    ``central`` (N,): probability of each for a look at the middle; sums to 1.
    """

    object_id: int
    points_m: Array
    central: Array
    moving: bool
    weight: float = 1.0


@dataclass(frozen=True, eq=False)
class Fixation:
    """One planned fixation: the eye leaves for it at ``saccade_ns``, lands at ``start_ns``, leaves it at ``end_ns``."""

    number: int
    object_id: int
    point_m: Array
    moving: bool
    saccade_ns: int
    start_ns: int
    end_ns: int


@dataclass(frozen=True, eq=False)
class EyeState:
    """What head and eyes really do at one instant, before any tracker has looked at them.

    ``d_head``: unit gaze direction in the head frame, from its origin between the eyes; ``distance_m`` to the point
    looked at. ``since_ns``: since when the eye has rested on this target with open lids; None while it does not.
    ``object_id`` is the object meant, which another one may hide.
    """

    t_ns: int
    T_world_head: SE3
    d_head: Array
    distance_m: float
    phase: Phase
    openness: float
    since_ns: int | None
    object_id: int

    @property
    def d_world(self) -> Array:
        return self.T_world_head.rotate(self.d_head)


@dataclass(frozen=True, eq=False)
class Target:
    """A calibration target that the wearer looks at from ``from_ns`` on: a direction fixed to the head (3,)."""

    from_ns: int
    d_head: Array | None  # None: no target, things are looked at again
    distance_m: float = 1.0


class Wearer:
    """Plans fixations and turns of the head as time is asked for. Safe to use from several threads."""

    def __init__(
        self,
        seed: int,
        things: Sequence[GazePoints],
        *,
        viewpoint_m: ArrayLike,
        facing_deg: tuple[float, float],
        locate: Locate | None = None,
        eyes: EyeSettings | None = None,
        head: HeadSettings | None = None,
    ) -> None:
        """``things``: what there is to look at; with none, the gaze rests straight ahead.

        ``viewpoint_m`` (3,): between the eyes, world, while the head faces ``facing_deg`` (yaw, pitch), as at first.
        ``locate`` says where the moving things are; it is called by one thread at a time.
        """
        self._seed, self._eyes = seed, eyes or EyeSettings()
        self._head = Head(head or HeadSettings(), seed, viewpoint_m, facing_deg)
        rng = np.random.default_rng([seed, 0xE7E5])
        self._blinks = Blinks(self._eyes, rng, 0)
        self._fixational = FixationalMotion(self._eyes, np.random.default_rng([seed, 0xD21F]), 0)
        self._things = {thing.object_id: thing for thing in things}
        self._locate = locate
        self._lock = threading.Lock()
        ahead = self._head.pose(0).apply(2.0 * STRAIGHT_ON)
        # the session begins at rest, and the first saccade follows at once
        self._fixations = deque([Fixation(0, 0, ahead, False, 0, 0, 100_000_000)], maxlen=KEPT_FIXATIONS)
        self._targets: deque[Target] = deque([Target(-(2**62), None)], maxlen=KEPT_FIXATIONS)

    def look_at(self, t_ns: int, d_head: Array | None, distance_m: float = 1.0) -> None:
        """A calibration target appears at ``t_ns`` in a direction fixed to the head (3,); None: it is gone."""
        with self._lock:
            self._targets.append(Target(t_ns + REACTION_NS, d_head, distance_m))

    def at(self, t_ns: int) -> EyeState:
        """The state at ``t_ns``, which may lie in the future or up to some twenty seconds in the past."""
        with self._lock:
            while self._fixations[-1].end_ns <= t_ns:
                self._plan_next()
            number = len(self._fixations) - 1
            while number > 0 and t_ns < self._fixations[number].saccade_ns:
                number -= 1
            state = self._state(t_ns, self._fixations[number], self._fixations[number - 1] if number else None)
            return self._on_target(state)

    def _on_target(self, planned: EyeState) -> EyeState:
        """The state with the eyes on the calibration target, if there is one; a saccade leads from the one before."""
        number = len(self._targets) - 1
        while self._targets[number].from_ns > planned.t_ns and number > 0:
            number -= 1
        target = self._targets[number]
        if target.d_head is None:
            return planned
        before = self._targets[number - 1].d_head if number else None
        d_before = planned.d_head if before is None else before
        lasts_ns = saccade_duration_ns(angle_deg(d_before, target.d_head))
        s = (planned.t_ns - target.from_ns) / lasts_ns
        d_head = turned(between(d_before, target.d_head, saccade_way(s)), *self._fixational.at(planned.t_ns))
        phase: Phase = "blink" if planned.openness < 1.0 else "saccade" if s < 1.0 else "fixation"
        since_ns = target.from_ns + lasts_ns if phase == "fixation" else None
        return replace(
            planned, d_head=d_head, distance_m=target.distance_m, phase=phase, since_ns=since_ns, object_id=0
        )

    def _state(self, t_ns: int, fixation: Fixation, previous: Fixation | None) -> EyeState:
        T_world_head = self._head.pose(t_ns)
        to_target = self._point(fixation, t_ns) - T_world_head.xyz_m
        distance_m = math.sqrt(float(to_target @ to_target))
        d_world = to_target / distance_m
        phase: Phase = "fixation"
        if t_ns < fixation.start_ns and previous is not None:
            phase = "saccade"
            s = saccade_way((t_ns - fixation.saccade_ns) / (fixation.start_ns - fixation.saccade_ns))
            d_from, distance_from_m = _direction(T_world_head, self._point(previous, t_ns))
            d_world = between(d_from, d_world, s)
            distance_m = 1.0 / ((1.0 - s) / distance_from_m + s / distance_m)  # vergence goes with 1 / distance
        elif self._speed_m_s(fixation, t_ns) > MOVING_M_S:
            phase = "pursuit"
        d_head: Array = turned(d_world, *self._fixational.at(t_ns)) @ T_world_head.R
        away_deg = angle_deg(STRAIGHT_ON, d_head)
        if away_deg > self._eyes.eye_range_deg:  # the eye has to wait for the head
            d_head = between(STRAIGHT_ON, d_head, self._eyes.eye_range_deg / away_deg)
            phase = "saccade"
        openness, opened_ns = self._blinks.openness(t_ns)
        if openness < 1.0:
            phase = "blink"
        since_ns = max(fixation.start_ns, opened_ns or 0) if phase in ("fixation", "pursuit") else None
        return EyeState(t_ns, T_world_head, d_head, distance_m, phase, openness, since_ns, fixation.object_id)

    def _point(self, fixation: Fixation, t_ns: int) -> Array:
        """The point looked at (3,), world."""
        return fixation.point_m + self._place(fixation.object_id if fixation.moving else 0, t_ns)

    def _place(self, object_id: int, t_ns: int) -> Array:
        """Where the eye believes a moving object to be (3,), which is a little behind; zeros for id 0."""
        if self._locate is None or object_id == 0:
            return np.zeros(3)
        return self._locate(object_id, max(t_ns - round(1e9 * self._eyes.pursuit_lag_s), 0))

    def _speed_m_s(self, fixation: Fixation, t_ns: int) -> float:
        moved = self._point(fixation, t_ns + SPEED_BASE_NS) - self._point(fixation, t_ns) if fixation.moving else 0.0
        return float(np.linalg.norm(moved)) / (1e-9 * SPEED_BASE_NS)

    def _plan_next(self) -> None:
        last = self._fixations[-1]
        number, saccade_ns = last.number + 1, last.end_ns
        rng = np.random.default_rng([self._seed, 0xF1C5, number])
        T_world_head = self._head.pose(saccade_ns)
        d_now, _ = _direction(T_world_head, self._point(last, saccade_ns))
        thing = self._choose_thing(rng, T_world_head, d_now, last, saccade_ns)
        if thing is None:
            ahead = last.point_m if not last.moving else T_world_head.apply(2.0 * STRAIGHT_ON)
            object_id, point_m, moving = 0, ahead, False
        else:
            by_chance = rng.random() < self._eyes.off_centre or thing.object_id == last.object_id
            point = rng.choice(len(thing.points_m), p=None if by_chance else thing.central)
            object_id, point_m, moving = thing.object_id, thing.points_m[point], thing.moving
        planned = Fixation(number, object_id, point_m, moving, saccade_ns, saccade_ns, saccade_ns)
        d_next, _ = _direction(T_world_head, self._point(planned, saccade_ns))
        shift_deg = angle_deg(d_now, d_next)
        start_ns = saccade_ns + (saccade_duration_ns(shift_deg) if shift_deg > 0.01 else 0)
        length_s = fixation_s(rng, self._eyes)
        if self._speed_m_s(planned, saccade_ns) > MOVING_M_S:
            length_s *= self._eyes.pursuit_stretch
        end_ns = start_ns + round(1e9 * length_s)
        self._fixations.append(Fixation(number, object_id, point_m, moving, saccade_ns, start_ns, end_ns))
        self._head.turn_towards(saccade_ns, d_next, laziness=rng.random())

    def _choose_thing(
        self, rng: np.random.Generator, T_world_head: SE3, d_now: Array, last: Fixation, t_ns: int
    ) -> GazePoints | None:
        settings = self._eyes
        if last.object_id in self._things and rng.random() < settings.same_object:
            return self._things[last.object_id]
        recent = [fixation.object_id for fixation in list(self._fixations)[-4:]]
        things, weights = [], []
        for thing in self._things.values():
            middle = thing.central @ thing.points_m + self._place(thing.object_id if thing.moving else 0, t_ns)
            away_deg = angle_deg(d_now, _direction(T_world_head, middle)[0])
            if thing.object_id == last.object_id or away_deg > FARTHEST_DEG:
                continue
            things.append(thing)
            again = 0.15 if thing.object_id in recent else 1.0
            weights.append(again * thing.weight * (math.exp(-away_deg / settings.near_deg) + 0.02))
        if not things:
            return self._things.get(last.object_id)
        return things[int(rng.choice(len(things), p=np.array(weights) / sum(weights)))]


def facing_towards(viewpoint_m: ArrayLike, points_m: ArrayLike) -> tuple[float, float]:
    """(yaw, pitch) in degrees from ``viewpoint_m`` to the middle of ``points_m`` (N, 3)."""
    middle = np.asarray(points_m, dtype=np.float64).reshape(-1, 3).mean(axis=0)
    return yaw_pitch_deg(middle - np.asarray(viewpoint_m, dtype=np.float64))


def _direction(T_world_head: SE3, point_m: Array) -> tuple[Array, float]:
    """Unit direction (3,), world, from between the eyes to a point, and the distance."""
    to_point = point_m - T_world_head.xyz_m
    distance_m = math.sqrt(float(to_point @ to_point))
    return to_point / distance_m, distance_m
