"""What was when: bounded histories of samples, and the head pose or the gaze at any instant among them.

A history is a value: adding to it gives a new one. Samples may come late, out of order and twice; what has fallen out
of the history's span is left out, so memory is bounded by ``span_ns`` and ``limit`` whatever is sent. A sender whose
clock was set back is noticed by its samples, which then stay behind: the history begins anew with them.

A lookup between two samples interpolates, a little beyond them it carries the motion on, and farther out, or in a long
gap, it is None: nothing is known.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from gazeline.calib.se3 import SE3, interpolate
from gazeline.calib.so3 import angle_rad
from gazeline.runtime.config import SyncSettings
from gazeline.runtime.messages import Pose, Vec3

Value = TypeVar("Value")
Found = TypeVar("Found")
Array = NDArray[np.float64]

MAX_EXTRAPOLATION_NS = round(1e6 * SyncSettings().extrapolate_ms)
MAX_GAP_NS = 250_000_000  # a head can turn and turn back in less than this; over a longer gap nothing is known
BASELINE_NS = 20_000_000  # over which the velocity to extrapolate with is taken: shorter ones are mostly noise
STEP_SAMPLES = 6  # so many in a row behind the newest, in order among themselves, are of a clock that was set back


@dataclass(frozen=True)
class History(Generic[Value]):
    """Samples in order of time, unique in time, none older than ``span_ns`` before the newest, at most ``limit``.

    ``steps`` counts how often the sender's clock was set back; ``behind`` holds the samples that came since the newest.
    """

    span_ns: int = 2_000_000_000
    limit: int = 4096
    times_ns: tuple[int, ...] = ()
    values: tuple[Value, ...] = ()
    behind: tuple[tuple[int, Value], ...] = ()
    steps: int = 0

    def added(self, t_ns: int, value: Value) -> "History[Value]":
        """With ``value`` at ``t_ns``; one that is there already at that time is replaced (it was sent again)."""
        times, values = self.times_ns, self.values
        behind: tuple[tuple[int, Value], ...] = ()
        if not times or t_ns > times[-1]:
            times, values = (*times, t_ns), (*values, value)
        else:
            again = self.at(t_ns) == value
            behind = self.behind if again else (*self.behind[1 - STEP_SAMPLES :], (t_ns, value))
            if len(behind) == STEP_SAMPLES and all(a[0] < b[0] for a, b in pairwise(behind)):
                times, values = tuple(t for t, _ in behind), tuple(v for _, v in behind)
                return replace(self, times_ns=times, values=values, behind=(), steps=self.steps + 1)
            if t_ns >= times[-1] - self.span_ns:
                at = bisect_left(times, t_ns)
                end = at + 1 if times[at] == t_ns else at
                times, values = (*times[:at], t_ns, *times[end:]), (*values[:at], value, *values[end:])
        first = max(len(times) - self.limit, bisect_left(times, times[-1] - self.span_ns))
        return replace(self, times_ns=times[first:], values=values[first:], behind=behind)

    @property
    def newest_ns(self) -> int | None:
        """The time of the newest sample."""
        return self.times_ns[-1] if self.times_ns else None

    @property
    def newest(self) -> Value | None:
        """The newest sample."""
        return self.values[-1] if self.values else None

    def at(self, t_ns: int) -> Value | None:
        """The sample of exactly ``t_ns``."""
        at = bisect_left(self.times_ns, t_ns)
        return self.values[at] if at < len(self.times_ns) and self.times_ns[at] == t_ns else None

    def nearest(self, t_ns: int, within_ns: int) -> Value | None:
        """The sample nearest to ``t_ns``, if it is no further than ``within_ns``."""
        at = bisect_left(self.times_ns, t_ns)
        around = [i for i in (at - 1, at) if 0 <= i < len(self.times_ns)]
        best = min(around, key=lambda i: abs(self.times_ns[i] - t_ns), default=None)
        return self.values[best] if best is not None and abs(self.times_ns[best] - t_ns) <= within_ns else None


def se3_of(pose: Pose) -> SE3:
    """The transform that a message's pose states."""
    return SE3(pose.quat_wxyz, pose.xyz_m)  # type: ignore[arg-type]  # SE3 takes sequences


def pose_of(transform: SE3) -> Pose:
    """A transform as a message states it."""
    w, x, y, z = transform.quat_wxyz.tolist()
    px, py, pz = transform.xyz_m.tolist()
    return Pose(quat_wxyz=(w, x, y, z), xyz_m=(px, py, pz))


def pose_at(
    poses: History[Pose],
    t_ns: int,
    max_extrapolation_ns: int = MAX_EXTRAPOLATION_NS,
    max_gap_ns: int = MAX_GAP_NS,
) -> SE3 | None:
    """The pose at ``t_ns``: slerp and straight line between the samples around it, None where it is not known.

    Beyond the first or last sample the motion is carried on for at most ``max_extrapolation_ns``. Between two samples
    further apart than ``max_gap_ns`` the pose is known only as near to one of them as it would be extrapolated.
    """
    return _between(poses, t_ns, lambda a, b, s: interpolate(se3_of(a), se3_of(b), s), max_extrapolation_ns, max_gap_ns)


def direction_at(
    directions: History[Vec3],
    t_ns: int,
    max_extrapolation_ns: int = MAX_EXTRAPOLATION_NS,
    max_gap_ns: int = MAX_GAP_NS,
) -> Array | None:
    """The same for unit directions (3,), of gaze for example: along the great circle from one sample to the other."""
    return _between(directions, t_ns, _turned, max_extrapolation_ns, max_gap_ns)


def _turned(a: Vec3, b: Vec3, s: float) -> Array:
    """The direction at the share ``s`` of the way from ``a`` to ``b``."""
    d_a, d_b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    angle = float(angle_rad(d_a, d_b))
    sine = np.sin(angle)
    if sine < 1e-9:
        return d_a / np.linalg.norm(d_a)
    d = (np.sin((1.0 - s) * angle) * d_a + np.sin(s * angle) * d_b) / sine
    return np.asarray(d / np.linalg.norm(d))


def _between(
    history: History[Value],
    t_ns: int,
    way: Callable[[Value, Value, float], Found],
    max_extrapolation_ns: int,
    max_gap_ns: int,
) -> Found | None:
    """``way(a, b, s)`` of the two samples that say most about ``t_ns``: at ``s`` = 0 it is a, at 1 it is b."""
    times, values = history.times_ns, history.values
    after = bisect_right(times, t_ns)
    if after > 0 and times[after - 1] == t_ns:
        return way(values[after - 1], values[after - 1], 0.0)
    if 0 < after < len(times) and times[after] - times[after - 1] <= max_gap_ns:
        span_ns = times[after] - times[after - 1]
        return way(values[after - 1], values[after], (t_ns - times[after - 1]) / span_ns)
    if after > 0 and t_ns - times[after - 1] <= max_extrapolation_ns:
        end = after - 1
        start = max(bisect_right(times, times[end] - BASELINE_NS) - 1, 0)
    elif after < len(times) and times[after] - t_ns <= max_extrapolation_ns:
        end = after
        start = min(bisect_left(times, times[end] + BASELINE_NS), len(times) - 1)
    else:
        return None
    span_ns = times[end] - times[start]
    if span_ns == 0 or abs(span_ns) > max_gap_ns:
        return way(values[end], values[end], 0.0)
    return way(values[start], values[end], (t_ns - times[start]) / span_ns)
