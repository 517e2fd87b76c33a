"""How good gaze data are: accuracy and precision, as eye-tracking laboratories report them.

Accuracy is the mean angle between samples and the target that was looked at; precision the root mean square of the
angle between successive samples (RMS-S2S), and the standard deviation beside it (K. Holmqvist, M. Nyström & F. Mulvey,
"Eye tracker data quality: what it is and how to measure it", ETRA 2012). Samples far from the others at their target
(a blink's edge, a glance elsewhere) are cut first, and counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazeline.calib.gaze_mapping import Array, GazeMapping, angles_of
from gazeline.calib.so3 import angle_rad

CUT_SCALES = 4.0  # robust standard deviations from the median direction at the target
CUT_FLOOR_RAD = np.radians(0.5)
GAP_NS = 100_000_000  # samples further apart than this do not follow each other


@dataclass(frozen=True, eq=False)
class TargetGaze:
    """What was reported while one target was looked at: its unit direction (3,), samples (N, 3) and times (N,)."""

    target: Array
    samples: Array
    t_ns: NDArray[np.int64]

    @classmethod
    def of(cls, target: ArrayLike, samples: ArrayLike, t_ns: ArrayLike) -> "TargetGaze":
        """With the samples that lie far from the others left out. ValueError without samples."""
        found, times = np.asarray(samples, np.float64).reshape(-1, 3), np.asarray(t_ns, np.int64)
        if not len(found):
            raise ValueError("a target without gaze samples says nothing")
        away = angle_rad(found, _middle(found))
        near = away <= CUT_SCALES * max(1.4826 * float(np.median(away)), float(CUT_FLOOR_RAD))
        return cls(np.asarray(target, np.float64), found[near], times[near])

    @property
    def middle(self) -> Array:
        """The median direction (3,) of the samples."""
        return _middle(self.samples)

    def mapped(self, mapping: GazeMapping) -> "TargetGaze":
        """The same with every sample corrected."""
        return TargetGaze(self.target, mapping.apply(self.samples), self.t_ns)


@dataclass(frozen=True)
class Quality:
    """In radians: ``accuracy``, ``precision`` (RMS-S2S), ``std``, and the mean offset to the right and upwards, of so
    many ``samples``."""

    accuracy_rad: float
    precision_rad: float
    std_rad: float
    offset_rad: tuple[float, float]
    samples: int


def quality_at(seen: TargetGaze) -> Quality:
    """The quality at one target."""
    steps = angle_rad(seen.samples[1:], seen.samples[:-1])[np.diff(seen.t_ns) <= GAP_NS]
    offset = angles_of(seen.samples) - angles_of(seen.target)
    right, up = offset.mean(axis=0).tolist()
    return Quality(
        accuracy_rad=float(angle_rad(seen.samples, seen.target).mean()),
        precision_rad=float(np.sqrt(np.mean(steps**2))) if len(steps) else float("nan"),
        std_rad=float(np.sqrt(np.mean(angle_rad(seen.samples, _mean(seen.samples)) ** 2))),
        offset_rad=(right, up),
        samples=len(seen.samples),
    )


def quality_of(seen: Sequence[TargetGaze]) -> Quality:
    """The quality over the field: every target counts alike, however many samples it has. ValueError without any."""
    if not seen:
        raise ValueError("no target was looked at, so there is no gaze whose quality could be told")
    each = [quality_at(one) for one in seen]
    right, up = np.mean([one.offset_rad for one in each], axis=0).tolist()
    known = [one.precision_rad for one in each if np.isfinite(one.precision_rad)]
    return Quality(
        accuracy_rad=float(np.mean([one.accuracy_rad for one in each])),
        precision_rad=float(np.mean(known)) if known else float("nan"),
        std_rad=float(np.mean([one.std_rad for one in each])),
        offset_rad=(right, up),
        samples=sum(one.samples for one in each),
    )


def _mean(samples: Array) -> Array:
    mean: Array = samples.mean(axis=0)
    return mean / np.linalg.norm(mean)


def _middle(samples: Array) -> Array:
    middle: Array = np.median(samples, axis=0)
    return middle / np.linalg.norm(middle)
