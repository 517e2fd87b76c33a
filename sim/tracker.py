"""The eye tracker: what a headset reports of the true gaze, with its bias, noise, blinks and failures.

Sources:
- accuracy and precision as the two parts of the error, and their usual sizes in head-worn trackers (0.5 to 2 deg and
  0.1 to 0.5 deg): K. Holmqvist, M. Nyström & F. Mulvey, "Eye tracker data quality: what it is and how to measure it",
  ETRA 2012; B. Ehinger et al., "A new comprehensive eye-tracking test battery", PeerJ 7:e7086, 2019.
- noise that grows as the lid covers the pupil, and a confidence that falls with it: M. Kassner, W. Patera & A. Bulling,
  "Pupil: an open source platform for pervasive eye tracking", UbiComp 2014.
- depth by vergence: 1 / depth = vergence angle / distance between the eyes, so its error is about constant in dioptres.
"""

import math
from dataclasses import dataclass, fields

import numpy as np

from gazeline.calib.gaze_mapping import angles_of, direction_of
from gazeline.sim.eyes import STRAIGHT_ON, Array, angle_deg, turned
from gazeline.sim.noise import Episodes
from gazeline.sim.options import named_numbers
from gazeline.sim.wearer import EyeState

BETWEEN_EYES_M = 0.063  # mean distance between the pupils (N. Dodgson, "Variation and extrema of human IPD", 2004)


@dataclass(frozen=True)
class TrackerSettings:
    """What the tracker is like. ``bias_deg``: size of the constant error, its direction is drawn for each session;
    ``noise_deg``: standard deviation of the error of each sample, along each of two axes. ``gain`` stretches the angles
    from straight ahead, ``torsion_deg`` turns them about it; at ``slip_s`` the headset slips, and from then on the bias
    is larger by ``slip_deg`` upwards: headsets slide down the nose."""

    bias_deg: float = 0.8
    noise_deg: float = 0.2
    gain: float = 1.0
    torsion_deg: float = 0.0
    slip_deg: float = 0.0
    slip_s: float = 0.0
    dropouts_per_min: float = 3.0
    dropout_s: float = 0.05
    range_deg: float = 40.0  # the pupil is lost beyond

    def __post_init__(self) -> None:
        if not all(abs(getattr(self, each.name)) <= 1e4 for each in fields(self)) or min(self.noise_deg, self.gain) < 0:
            raise ValueError("the tracker's errors must be numbers, and its noise_deg and gain no negative ones")

    @classmethod
    def parse(cls, text: str) -> "TrackerSettings":
        """From ``bias_deg=2,gain=1.05``. Raises ValueError with one sentence."""
        return cls(**named_numbers(text, [each.name for each in fields(cls)], "error of the tracker"))


@dataclass(frozen=True, eq=False)
class GazeSample:
    """One sample: unit direction in the head frame (3,), depth along it (None: unknown), confidence 0 to 1."""

    d_head: Array
    depth_m: float | None
    confidence: float


class Tracker:
    """Turns true states into samples; a sample depends on seed, its index and the state alone."""

    def __init__(self, settings: TrackerSettings, seed: int) -> None:
        self.settings = settings
        self._seed = seed
        rng = np.random.default_rng([seed, 0x72AC])
        direction = rng.uniform(0.0, 2.0 * math.pi)
        self._bias = settings.bias_deg * math.cos(direction), settings.bias_deg * math.sin(direction)
        gap_s = 60.0 / max(settings.dropouts_per_min, 1e-9)
        self._dropouts = Episodes(
            rng, 0, lambda r: float(r.exponential(gap_s)), lambda r: float(r.exponential(settings.dropout_s))
        )

    def sample(self, index: int, state: EyeState) -> GazeSample:
        """What the tracker says of ``state`` in its sample number ``index``."""
        right, up, good, vergence = np.random.default_rng([self._seed, 0x9A2E, index]).standard_normal(4).tolist()
        last, _ = self._dropouts.nearest(state.t_ns)
        lost = last is not None and state.t_ns < last[1]
        seen = 0.0 if lost or angle_deg(STRAIGHT_ON, state.d_head) > self.settings.range_deg else state.openness
        confidence = min(max((0.97 - 0.015 * abs(good)) * min(1.6 * seen - 0.1, 1.0), 0.0), 1.0)
        noise_deg = self.settings.noise_deg * (1.0 + 20.0 * (1.0 - seen) ** 2)  # half a pupil, a poor ellipse
        slipped_deg = self.settings.slip_deg if state.t_ns >= 1e9 * self.settings.slip_s else 0.0
        d_head = self._distorted(state.d_head)
        d_head = turned(d_head, self._bias[0] + noise_deg * right, self._bias[1] + slipped_deg + noise_deg * up)
        dioptres = 1.0 / state.distance_m
        dioptres += vergence * math.sqrt(2.0) * math.radians(self.settings.noise_deg) / BETWEEN_EYES_M
        depth_m = 1.0 / dioptres if dioptres > 0.05 and confidence > 0.0 else None  # beyond 20 m eyes are parallel
        return GazeSample(d_head, depth_m, confidence)

    def _distorted(self, d_head: Array) -> Array:
        """The direction (3,) with gain and torsion."""
        gain, torsion = self.settings.gain, math.radians(self.settings.torsion_deg)
        if gain == 1.0 and torsion == 0.0:
            return d_head
        right, up = angles_of(d_head).tolist()
        cos, sin = gain * math.cos(torsion), gain * math.sin(torsion)
        return direction_of((cos * right - sin * up, sin * right + cos * up))
