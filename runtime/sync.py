"""What was when: bounded histories of samples, and the head pose at any instant among them.

A history is a value: adding to it gives a new one. Samples may come late, out of order and twice; what has fallen out
of the history's span is left out, so memory is bounded by ``span_ns`` and ``limit`` whatever is sent.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from gazeline.calib.se3 import SE3, interpolate
from gazeline.runtime.messages import Pose

Value = TypeVar("Value")

MAX_EXTRAPOLATION_NS = 50_000_000  # at 100 deg/s the error of constant velocity is still well under a degree
MAX_GAP_NS = 250_000_000  # a head can turn and turn back in less than this; over a longer gap nothing is known
BASELINE_NS = 20_000_000  # over which the velocity to extrapolate with is taken: shorter ones are mostly noise


@dataclass(frozen=True)
class History(Generic[Value]):
    """Samples in order of time, unique in time, none older than ``span_ns`` before the newest, at most ``limit``."""

    span_ns: int = 2_000_000_000
    limit: int = 4096
    times_ns: tuple[int, ...] = ()
    values: tuple[Value, ...] = ()

    def added(self, t_ns: int, value: Value) -> "History[Value]":
        """With ``value`` at ``t_ns``; one that is there already at that time is replaced (it was sent again)."""
        times, values = self.times_ns, self.values
        if not times or t_ns > times[-1]:
            times, values = (*times, t_ns), (*values, value)
        elif t_ns < times[-1] - self.span_ns:
            return self
        else:
            at = bisect_left(times, t_ns)
            end = at + 1 if times[at] == t_ns else at
            times, values = (*times[:at], t_ns, *times[end:]), (*values[:at], value, *values[end:])
        first = max(len(times) - self.limit, bisect_left(times, times[-1] - self.span_ns))
        return replace(self, times_ns=times[first:], values=values[first:])

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
    times, values = poses.times_ns, poses.values
    after = bisect_right(times, t_ns)
    if after > 0 and times[after - 1] == t_ns:
        return se3_of(values[after - 1])
    if 0 < after < len(times) and times[after] - times[after - 1] <= max_gap_ns:
        span_ns = times[after] - times[after - 1]
        return interpolate(se3_of(values[after - 1]), se3_of(values[after]), (t_ns - times[after - 1]) / span_ns)
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
        return se3_of(values[end])
    return interpolate(se3_of(values[start]), se3_of(values[end]), (t_ns - times[start]) / span_ns)
