"""How the eyes move: saccades, fixational drift and microsaccades, pursuit, blinks.

Sources:
- saccades: duration = 2.2 ms/deg + 21 ms, so that peak speed saturates with amplitude: the main sequence (A. Bahill,
  M. Clark & L. Stark, "The main sequence, a tool for studying human eye movements", Mathematical Biosciences 24, 1975;
  the figures: R. Carpenter, "Movements of the Eyes", 1988). Peak over mean speed is 1.65 whatever the amplitude (M.
  Harwood, L. Mezey & C. Harris, "The spectral main sequence of human saccades", J. Neuroscience 19, 1999).
- fixations: 330 ms in scenes (K. Rayner, "Eye movements in reading and information processing", Psychological Bulletin
  124, 1998), skewed to the right, about log-normal, as in everyday tasks (M. Land, N. Mennie & J. Rusted, Perception
  28, 1999). Moving things are followed for longer.
- what next: near things before far ones (mean saccade under 10 deg in scenes, 20 deg in tasks: Land et al. 1999), a
  third of the time another place on the same object, mostly near its middle with a spread of a quarter of its size (A.
  Nuthmann & J. Henderson, "Object-based attentional selection in scene viewing", J. Vision 10(8), 2010), not at once
  what was just seen (R. Klein, "Inhibition of return", Trends in Cognitive Sciences 4, 2000), moving things sooner.
- drift and microsaccades: drift at half a degree per second, one or two microsaccades a second of some 0.3 deg (M.
  Rolfs, "Microsaccades: small steps on a long way", Vision Research 49, 2009).
- pursuit: the eye follows motion that can be foreseen with next to no delay, other motion by about 100 ms late (P.
  Dallos & R. Jones, "Learning behavior of the eye fixation control system", IEEE Trans. Automatic Control 8, 1963).
- blinks: 10 to 20 a minute, longer gaps being rarer (A. Bentivoglio et al., "Analysis of blink rate patterns in normal
  subjects", Movement Disorders 12, 1997), 100 to 300 ms, the lid closing faster than it opens (F. VanderWerf et al.,
  "Eyelid movements: behavioral studies of blinking in humans", J. Neurophysiology 89, 2003).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gazeline.sim.noise import Episodes, Wander

Array = NDArray[np.float64]

SACCADE_BASE_NS = 21_000_000
SACCADE_NS_PER_DEG = 2_200_000
SACCADE_PEAK = 1.65  # peak over mean speed
LID_CLOSES_NS = 50_000_000
LID_OPENS_NS = 80_000_000
STRAIGHT_ON = np.array([0.0, 0.0, -1.0])


@dataclass(frozen=True)
class EyeSettings:
    """Parameters of the eyes' motion; their sources are named at the top of this file."""

    fixation_median_s: float = 0.33
    fixation_log_std: float = 0.45
    pursuit_stretch: float = 2.5  # fixations on moving things last longer by this
    same_object: float = 0.3  # probability that the next fixation stays on the object
    off_centre: float = 0.25  # probability that it goes to any place on an object instead of near the middle
    near_deg: float = 12.0  # the probability of a target falls by e every so many degrees
    drift_deg: float = 0.08  # standard deviation per axis
    microsaccades_per_s: float = 1.5
    microsaccade_deg: float = 0.12  # standard deviation per axis of the places between which they jump
    pursuit_lag_s: float = 0.03
    blinks_per_min: float = 15.0
    eye_range_deg: float = 45.0  # how far the eye turns in the head (Guitton & Volle 1987: 55 at the very most)


def saccade_duration_ns(amplitude_deg: float) -> int:
    """How long a saccade takes (Bahill, Clark & Stark 1975; Carpenter 1988)."""
    return SACCADE_BASE_NS + round(SACCADE_NS_PER_DEG * amplitude_deg)


def saccade_way(s: float) -> float:
    """Way covered, 0 to 1, after the share ``s`` of a saccade's time.

    Between a parabolic speed (peak over mean 1.5) and a minimum-jerk one (1.875), mixed so that it is 1.65.
    """
    s = min(max(s, 0.0), 1.0)
    return 0.6 * s * s * (3.0 - 2.0 * s) + 0.4 * s * s * s * (10.0 + s * (-15.0 + 6.0 * s))


def fixation_s(rng: np.random.Generator, settings: EyeSettings) -> float:
    """The length of one fixation: log-normal, at least 100 ms and at most 3 s."""
    length_s = settings.fixation_median_s * math.exp(settings.fixation_log_std * rng.standard_normal())
    return min(max(length_s, 0.1), 3.0)


class Blinks:
    """When the lids are down, from ``start_ns`` on."""

    def __init__(self, settings: EyeSettings, rng: np.random.Generator, start_ns: int) -> None:
        mean_gap_s = max(60.0 / settings.blinks_per_min - 0.7, 0.1)  # 0.5 s of rest and 0.2 s of blink make up the rest

        def gap_s(rng: np.random.Generator) -> float:
            return 0.5 + float(rng.exponential(mean_gap_s))

        def length_s(rng: np.random.Generator) -> float:
            return min(max(0.18 * math.exp(0.3 * rng.standard_normal()), 0.1), 0.3)

        self._episodes = Episodes(rng, start_ns, gap_s, length_s)

    def openness(self, t_ns: int) -> tuple[float, int | None]:
        """How far the eye is open, 0 to 1, and when the last blink was over (None before the first)."""
        last, following = self._episodes.nearest(t_ns)
        closing = (following[0] - t_ns) / LID_CLOSES_NS
        if last is None:
            return min(closing, 1.0), None
        opening = (t_ns - last[1]) / LID_OPENS_NS
        return max(min(closing, opening, 1.0), 0.0), last[1] + LID_OPENS_NS


class FixationalMotion:
    """Drift and microsaccades: the small motion of an eye that holds still, (right, up) in degrees."""

    def __init__(self, settings: EyeSettings, rng: np.random.Generator, start_ns: int) -> None:
        self._drift = Wander(rng, (settings.drift_deg, settings.drift_deg), (0.3, 10.0))
        gap_s, length_s = 1.0 / settings.microsaccades_per_s, 1e-9 * saccade_duration_ns(0.3)
        self._jumps = Episodes(rng, start_ns, lambda r: float(r.exponential(gap_s)), lambda _: length_s)
        self._place = _random_places(int(rng.integers(2**31)), settings.microsaccade_deg)

    def at(self, t_ns: int) -> tuple[float, float]:
        last, following = self._jumps.nearest(t_ns)
        # a place belongs to the gap before a jump, so the jump leads from its own place to that of the next one
        right, up = self._place(following[0])
        if last is not None and t_ns < last[1]:
            s = saccade_way((t_ns - last[0]) / (last[1] - last[0]))
            from_right, from_up = self._place(last[0])
            right, up = from_right + s * (right - from_right), from_up + s * (up - from_up)
        drift_right, drift_up = self._drift.at(t_ns).tolist()
        return right + drift_right, up + drift_up


def _random_places(seed: int, std_deg: float) -> Callable[[int], tuple[float, float]]:
    @lru_cache(maxsize=16)
    def place(key: int) -> tuple[float, float]:
        right, up = (std_deg * np.random.default_rng([seed, key]).standard_normal(2)).tolist()
        return right, up

    return place


def turned(d: Array, right_deg: float, up_deg: float) -> Array:
    """Unit direction (3,) (x right, y up, -z forward) moved by small angles to its right and upwards."""
    x, y, z = d.tolist()
    flat = max(math.hypot(x, z), 1e-9)
    right = np.array([-z / flat, 0.0, x / flat])
    up = np.array([-x * y / flat, flat, -z * y / flat])
    moved = d + math.tan(math.radians(right_deg)) * right + math.tan(math.radians(up_deg)) * up
    unit: Array = moved / math.sqrt(float(moved @ moved))
    return unit


def angle_deg(a: Array, b: Array) -> float:
    """Angle between two unit directions."""
    return math.degrees(2.0 * math.asin(min(math.dist(a.tolist(), b.tolist()) / 2.0, 1.0)))


def between(a: Array, b: Array, s: float) -> Array:
    """The unit direction at the share ``s`` of the way from a to b along the great circle."""
    angle = math.radians(angle_deg(a, b))
    if angle < 1e-6 or angle > math.pi - 1e-6:
        return b if s >= 0.5 else a
    d: Array = (math.sin((1.0 - s) * angle) * a + math.sin(s * angle) * b) / math.sin(angle)
    return d
