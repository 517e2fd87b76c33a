"""Gaze samples, and where a run of them points: mean direction, motion and dispersion."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import asin, dist, radians
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gazeline.calib.se3 import SE3

Array = NDArray[np.float64]
Source = Literal["eye", "head", "mouse"]

SLOWEST_PURSUIT_RAD_S = radians(1.0)  # a centroid that moves slower is standing
FEW = 5  # a line through fewer samples fits them too well to say anything


@dataclass(frozen=True, eq=False)
class GazeSample:
    """One direction of gaze: unit ``d_head`` (3,) in the head frame at ``t_ns``, with the head pose then, if known.

    ``depth_m``: how far along it the thing is, if known.
    """

    t_ns: int
    d_head: Array
    confidence: float = 1.0
    source: Source = "eye"
    depth_m: float | None = None
    T_world_head: SE3 | None = None

    @cached_property
    def d_world(self) -> Array | None:
        """The direction in the world (3,), None without a head pose."""
        return None if self.T_world_head is None else self.T_world_head.rotate(self.d_head)


@dataclass(frozen=True, eq=False)
class Centroid:
    """Where a run of samples points: ``d`` (3,) unit at ``t_ns``, moving at ``velocity_rad_s`` (3,), tangent to it.

    In the world frame if ``in_world``, else in the head frame; seen from ``first_ns`` to ``last_ns``.
    """

    d: Array
    t_ns: int
    velocity_rad_s: Array
    first_ns: int
    last_ns: int
    in_world: bool
    dispersion_rad: float  # the largest angle between two samples, without the fitted motion
    speed_rad_s: float  # of the fitted motion, before it is weighed against its own noise
    T_world_head: SE3 | None = None  # of the newest sample

    def at(self, t_ns: int) -> Array:
        """The direction (3,) at ``t_ns``, held still outside of the time it was seen."""
        dt_s = (min(max(t_ns, self.first_ns), self.last_ns) - self.t_ns) * 1e-9
        d: Array = self.d + self.velocity_rad_s * dt_s
        return d / np.linalg.norm(d)


def centroid_of(window: Sequence[GazeSample]) -> Centroid:
    """Of at least one sample: in the world frame if all have a head pose, else in the head frame."""
    in_world = all(sample.T_world_head is not None for sample in window)
    d = np.array([sample.d_world if in_world else sample.d_head for sample in window])  # (n, 3)
    mean = d.mean(axis=0)
    mean /= np.linalg.norm(mean)
    first_ns, last_ns = window[0].t_ns, window[-1].t_ns
    t_s = np.array([(sample.t_ns - first_ns) * 1e-9 for sample in window])
    middle_s = float(t_s.mean())
    t_s -= middle_s
    offset = d - mean  # (n, 3) rad: at these angles the chord is the arc to 1e-4
    spread = float(t_s @ t_s)
    slope = (t_s @ offset) / spread if spread > 0.0 else np.zeros(3)  # rad/s
    speed = float(np.linalg.norm(slope))
    weight = 0.0
    if len(window) >= FEW:
        offset -= t_s[:, None] * slope
        # a slope within three deviations of its own noise is mostly noise
        noise = 3.0 * float(np.sqrt((offset * offset).sum() / (len(window) - 2) / spread))
        weight = speed**2 / (speed**2 + noise**2 + SLOWEST_PURSUIT_RAD_S**2)
    return Centroid(
        d=mean,
        t_ns=first_ns + round(middle_s * 1e9),
        velocity_rad_s=weight * slope,
        first_ns=first_ns,
        last_ns=last_ns,
        in_world=in_world,
        dispersion_rad=float(np.sqrt(((offset[:, None] - offset[None, :]) ** 2).sum(axis=-1).max())),
        speed_rad_s=speed,
        T_world_head=window[-1].T_world_head,
    )


def median_of(raw: Sequence[GazeSample]) -> GazeSample:
    """The newest sample, pointing in the median direction of all (D. Stampe, Behavior Research Methods 25, 1993)."""
    newest = raw[-1]
    if len(raw) == 1:
        return newest
    in_world = all(sample.d_world is not None for sample in raw)
    ordered = np.sort([sample.d_world if in_world else sample.d_head for sample in raw], axis=0)  # (n, 3)
    d = 0.5 * (ordered[(len(raw) - 1) // 2] + ordered[len(raw) // 2])
    if in_world and newest.T_world_head is not None:
        d = newest.T_world_head.R.T @ d
    norm = float(np.linalg.norm(d))
    return newest if norm < 0.5 else replace(newest, d_head=d / norm)  # short: they point all over


def apart_rad(a: GazeSample, b: GazeSample) -> float:
    """The angle between two samples: in the world where both have a head pose, else in the head."""
    if a.d_world is not None and b.d_world is not None:
        return between_rad(a.d_world, b.d_world)
    return between_rad(a.d_head, b.d_head)


def between_rad(a: Array, b: Array) -> float:
    """The angle between two unit directions (3,): by the chord, exact where it is small, and cheap."""
    return 2.0 * asin(min(0.5 * dist(a, b), 1.0))


def newest_of(window: tuple[GazeSample, ...], span_ns: float) -> tuple[GazeSample, ...]:
    """The fewest newest samples that span at least ``span_ns``."""
    oldest_ns = window[-1].t_ns - span_ns
    first = 0
    while first + 1 < len(window) and window[first + 1].t_ns <= oldest_ns:
        first += 1
    return window[first:]


def median_depth_m(window: Sequence[GazeSample]) -> float | None:
    """The median depth of the samples that have one: vergence is noisy."""
    depths = sorted(sample.depth_m for sample in window if sample.depth_m is not None)
    return depths[len(depths) // 2] if depths else None
