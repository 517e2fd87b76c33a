"""How the head moves: minimum-jerk turns after the eye, sway, and the bob of walking.

Sources:
- course of a turn: T. Flash & N. Hogan, "The coordination of arm movements: an experimentally confirmed mathematical
  model", J. Neuroscience 5(7), 1985; the profile fits head turns as well.
- how far: no head movement for gaze shifts under about 20 deg from where the head points (for some people, and some
  shifts of everyone, much less: J. Stahl, "Amplitude of human head movements associated with horizontal saccades", Exp.
  Brain Research 126, 1999), linear beyond, the eye saturating near 35 deg (E. Freedman & D. Sparks, J. Neurophysiology
  77, 1997; E. Freedman, "Coordination of the eyes and head during visual orienting", Exp. Brain Research 190, 2008; D.
  Guitton & M. Volle, J. Neurophysiology 58, 1987); it is the target's direction from the head that counts, and less for
  the vertical (H. Goossens & A. van Opstal, "Human eye-head coordination in two dimensions under different sensorimotor
  conditions", Exp. Brain Research 114, 1997).
- when: the head's inertia lets the eye lead by some 25 to 50 ms (E. Bizzi, R. Kalil & V. Tagliasco, "Eye-head
  coordination in monkeys", Science 173, 1971).
- how fast: peak speed grows with amplitude, the head's own main sequence (W. Zangemeister, A. Jones & L. Stark,
  "Dynamics of head movement trajectories: main sequence relationship", Exp. Neurology 71, 1981).
- sway: millimetres to a centimetre below 1 Hz (D. Winter, "Human balance and posture control during standing and
  walking", Gait & Posture 3, 1995).
- walking: two steps a second, some 5 cm up and down in all, half that rate sideways, the head pitching against it (E.
  Hirasaki, S. Moore, T. Raphan & B. Cohen, "Effects of walking velocity on vertical head and body movements during
  locomotion", Exp. Brain Research 127, 1999).
- neck: the eyes are 7.5 cm above and 8 cm in front of the joint that turns them (the neck model of Google's VR SDK).
"""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazeline.calib.se3 import SE3
from gazeline.sim.noise import Wander

Array = NDArray[np.float64]

NECK_TO_EYES_M = np.array([0.0, 0.075, -0.08])
MIN_JERK_PEAK = 1.875  # peak over mean speed of a minimum-jerk movement
KEPT_TURNS = 64  # half a minute of the past at the most restless


@dataclass(frozen=True)
class HeadSettings:
    """Parameters of the head's motion; their sources are named at the top of this file."""

    max_speed_deg_s: float = 150.0  # bound on the whole angular speed, sway included
    eye_only_deg: float = 20.0  # targets nearer than this to the head's direction are left to the eyes ...
    eye_only_least: float = 0.4  # ... or nearer than any share of it from this to 1, as it happens
    contribution: float = 0.8  # degrees of head per degree beyond that
    vertical_contribution: float = 0.7  # of the horizontal one
    eye_limit_deg: float = 32.0  # the head goes as far as leaves no more than this to the eyes ...
    eye_limit_vertical_deg: float = 20.0  # ... and this of it up or down
    lag_ms: float = 40.0  # the head starts this long after the eye
    turn_base_s: float = 0.25
    turn_s_per_deg: float = 0.007
    sway_m: float = 0.003  # standard deviation per axis
    sway_deg: float = 0.3
    walking: bool = False
    step_hz: float = 1.9
    bob_m: float = 0.025
    bob_pitch_deg: float = 1.5


@dataclass(frozen=True)
class Turn:
    """One turn of the head; (yaw, pitch) in degrees: yaw is positive to the left, pitch upwards."""

    start_ns: int
    duration_ns: int
    start_deg: tuple[float, float]
    end_deg: tuple[float, float]

    @property
    def end_ns(self) -> int:
        return self.start_ns + self.duration_ns

    def at(self, t_ns: int) -> tuple[float, float]:
        s = min_jerk((t_ns - self.start_ns) / self.duration_ns)
        (yaw0, pitch0), (yaw1, pitch1) = self.start_deg, self.end_deg
        return yaw0 + s * (yaw1 - yaw0), pitch0 + s * (pitch1 - pitch0)


def min_jerk(s: float) -> float:
    """Way covered, 0 to 1, after the share ``s`` of the time: 10 s^3 - 15 s^4 + 6 s^5 (Flash & Hogan 1985)."""
    s = min(max(s, 0.0), 1.0)
    return s * s * s * (10.0 + s * (-15.0 + 6.0 * s))


def yaw_pitch_deg(d: ArrayLike) -> tuple[float, float]:
    """Yaw (positive to the left) and pitch (positive upwards) of a direction, x right, y up, -z forward."""
    x, y, z = np.asarray(d, dtype=np.float64).tolist()
    return math.degrees(math.atan2(-x, -z)), math.degrees(math.atan2(y, math.hypot(x, z)))


def wrapped_deg(angle_deg: float) -> float:
    """The same angle in [-180, 180)."""
    return (angle_deg + 180.0) % 360.0 - 180.0


class Head:
    """The head's pose at any time; turns are added in the order of time, and one ends before the next begins."""

    def __init__(
        self,
        settings: HeadSettings,
        seed: int,
        viewpoint_m: ArrayLike,
        facing_deg: tuple[float, float],
    ) -> None:
        """``viewpoint_m``: between the eyes, (3,) world, while the head faces ``facing_deg`` (yaw, pitch)."""
        self.settings = settings
        rng = np.random.default_rng([seed, 0x4EAD])
        sway = settings.sway_m, settings.sway_m / 2, settings.sway_m
        turn = settings.sway_deg, settings.sway_deg, settings.sway_deg / 2
        self._sway = Wander(rng, (*sway, *turn), (0.05, 1.0))  # x y z m, yaw pitch roll deg
        self._step_phase = rng.uniform(0.0, 2.0 * math.pi)
        bob_speed = 2.0 * math.pi * settings.step_hz * settings.bob_pitch_deg if settings.walking else 0.0
        spare_deg_s = settings.max_speed_deg_s - float(np.linalg.norm(self._sway.max_rate[3:])) - bob_speed
        self._turn_speed_deg_s = max(spare_deg_s, 0.2 * settings.max_speed_deg_s)
        self._turns: deque[Turn] = deque(maxlen=KEPT_TURNS)
        self._facing_deg = facing_deg
        self._neck_m = np.asarray(viewpoint_m, dtype=np.float64) - facing(*facing_deg, 0.0).rotate(NECK_TO_EYES_M)

    def facing_deg(self, t_ns: int) -> tuple[float, float]:
        """(yaw, pitch) at ``t_ns`` without sway and bob."""
        for turn in reversed(self._turns):
            if t_ns >= turn.start_ns:
                return turn.at(t_ns)
        return self._turns[0].start_deg if self._turns else self._facing_deg

    def turn_towards(self, saccade_ns: int, d_world: ArrayLike, laziness: float = 1.0) -> Turn | None:
        """Plan the head's share of a gaze shift that begins at ``saccade_ns`` and ends on ``d_world``, if it has one.

        ``laziness``, 0 to 1: from the least to the whole of ``eye_only_deg``. While a turn is under way the next one
        waits for its end.
        """
        settings = self.settings
        start_ns = saccade_ns + round(1e6 * settings.lag_ms)
        if self._turns:
            start_ns = max(start_ns, self._turns[-1].end_ns)
        yaw, pitch = self.facing_deg(start_ns)
        to_yaw, to_pitch = yaw_pitch_deg(d_world)
        right, up = wrapped_deg(to_yaw - yaw), to_pitch - pitch
        away_deg = math.hypot(right * math.cos(math.radians(to_pitch)), up)
        eye_only_deg = settings.eye_only_deg * (settings.eye_only_least + laziness * (1.0 - settings.eye_only_least))
        if away_deg <= eye_only_deg:
            return None
        share = max(
            settings.contribution * (away_deg - eye_only_deg) / away_deg,
            (away_deg - settings.eye_limit_deg) / away_deg,
        )
        climb = max(share * settings.vertical_contribution * abs(up), abs(up) - settings.eye_limit_vertical_deg)
        end = yaw + share * right, min(max(pitch + math.copysign(climb, up), -75.0), 75.0)
        amplitude_deg = math.hypot(end[0] - yaw, end[1] - pitch)
        duration_s = max(
            settings.turn_base_s + settings.turn_s_per_deg * amplitude_deg,
            MIN_JERK_PEAK * amplitude_deg / self._turn_speed_deg_s,
        )
        turn = Turn(start_ns, round(1e9 * duration_s), (yaw, pitch), end)
        self._turns.append(turn)
        return turn

    def pose(self, t_ns: int) -> SE3:
        """T_world_head; the head's origin is between the eyes."""
        yaw, pitch = self.facing_deg(t_ns)
        sway = self._sway.at(t_ns)
        neck_m = self._neck_m + sway[:3]
        if self.settings.walking:
            phase = 2.0 * math.pi * self.settings.step_hz * (t_ns * 1e-9) + self._step_phase
            neck_m[1] += self.settings.bob_m * math.sin(phase)
            neck_m[0] += self.settings.bob_m * math.sin(phase / 2.0)  # sideways with every second step
            pitch -= self.settings.bob_pitch_deg * math.sin(phase)  # keeps looking at the same place
        R = facing(yaw + float(sway[3]), pitch + float(sway[4]), float(sway[5]))
        return SE3(R.quat_wxyz, neck_m + R.rotate(NECK_TO_EYES_M))


def facing(yaw_deg: float, pitch_deg: float, roll_deg: float) -> SE3:
    """The rotation of a head: yaw about y, then pitch about the turned x, then roll about the line of sight."""
    cy, sy = _half(yaw_deg)
    cp, sp = _half(pitch_deg)
    cr, sr = _half(roll_deg)
    w, x, y, z = cy * cp, cy * sp, sy * cp, -sy * sp  # yaw times pitch
    quat = np.array([w * cr - z * sr, x * cr + y * sr, y * cr - x * sr, z * cr + w * sr])
    return SE3(quat, np.zeros(3))


def _half(angle_deg: float) -> tuple[float, float]:
    half = math.radians(angle_deg) / 2.0
    return math.cos(half), math.sin(half)
