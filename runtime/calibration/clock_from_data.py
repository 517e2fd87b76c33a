"""How the clocks of camera, head pose and gaze stand to each other, from a recording's own movements.

While the head turns, the picture turns with it: the shift of time at which both turn alike is the camera's offset. And
while the eyes rest on something, they turn against the head (the vestibulo-ocular reflex, with a gain of about 1: R.
Leigh & D. Zee, "The Neurology of Eye Movements"): the shift at which they do is the gaze's offset. Saccades are no such
movement and are outvoted.

Both are found by least squares that count large errors no more than middling ones, with a free gain, over all shifts;
the uncertainty is the jackknife's over ten stretches of the recording, and what all stretches share: gaze in simulated
sessions is found about a millisecond off, one way or the other, however well the stretches agree.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gazeline.calib import so3
from gazeline.calib.se3 import SE3
from gazeline.runtime.calibration.image_motion import Turned
from gazeline.runtime.messages import Pose, Vec3
from gazeline.runtime.sync import History, direction_at, pose_at

Array = NDArray[np.float64]

GRID_NS = 2_000_000
FARTHEST_MS = 200.0
COARSE_MS, FINE_MS = 4.0, 0.5
STRETCHES = 10
CLIP_IMAGE_RAD, CLIP_GAZE_RAD = 0.012, 0.026  # errors beyond count no more
SHARED_IMAGE_MS, SHARED_GAZE_MS = 0.2, 1.2  # errors that no stretch shows
EYE_STEP_NS, EYE_SPAN_NS = 20_000_000, 50_000_000
SMOOTH_NS = 40_000_000
SACCADE_RAD_S, SACCADE_SIDE_NS = 0.7, 30_000_000  # 40 deg/s; and so long before and after, a saccade is smeared
GAP_NS = 60_000_000  # between gaze samples; over a blink nothing is known
FEWEST = 30  # intervals
LEAST_AGREEMENT, MOST_UNCERTAIN_MS = 0.15, 10.0
LEAST_TURN_DEG_S = 8.0  # the head's, as root mean square

Compare = Callable[[float], tuple[Array, Array]]  # at a shift in ms: measured and predicted (N, 3), NaN where unknown


@dataclass(frozen=True)
class Offset:
    """How much later than the head pose's clock a stream's times are, ms, and how sure that is.

    ``agreement``: the share of the movement that is explained, 0 to 1. ``trouble``: why it is not to be trusted, or "".
    """

    offset_ms: float
    uncertainty_ms: float
    agreement: float
    intervals: int
    trouble: str = ""


@dataclass(frozen=True, eq=False)
class Turning:
    """The head's turning over time: the integral (M, 3) of its angular velocity in the head frame, and in how many grid
    steps up to there (M,) it was not known."""

    times_ns: NDArray[np.int64]
    integral_rad: Array
    unknown: Array

    @property
    def rms_deg_s(self) -> float:
        """Root mean square of the angular speed."""
        steps = np.diff(self.integral_rad, axis=0) / (GRID_NS * 1e-9)
        known = np.diff(self.unknown) == 0
        return float(np.degrees(np.sqrt(np.mean(np.sum(steps[known] ** 2, axis=1))))) if known.any() else 0.0

    def between(self, start_ns: Array, end_ns: Array) -> Array:
        """How much it turned (N, 3) between instants (N,); NaN where that is not known."""
        found = np.stack(
            [np.interp(end_ns, self.times_ns, c) - np.interp(start_ns, self.times_ns, c) for c in self.integral_rad.T],
            axis=1,
        )
        gone = np.interp(end_ns, self.times_ns, self.unknown) - np.interp(start_ns, self.times_ns, self.unknown)
        out = (start_ns < self.times_ns[0]) | (end_ns > self.times_ns[-1]) | (gone > 0.0)
        found[out] = np.nan
        return found


def turning_of(poses: Sequence[tuple[int, Pose]]) -> Turning | None:
    """The turning of a head, from its poses in the order of time; None for fewer than two."""
    if len(poses) < 2:
        return None
    history = History(times_ns=tuple(t for t, _ in poses), values=tuple(pose for _, pose in poses))
    times = np.arange(poses[0][0], poses[-1][0] + 1, GRID_NS)
    found = [pose_at(history, int(t), 0) for t in times]
    quats = np.array([(np.nan,) * 4 if T is None else T.quat_wxyz for T in found])
    known = np.isfinite(quats[:, 0])
    both = known[:-1] & known[1:]
    steps = np.zeros((len(times) - 1, 3))
    steps[both] = so3.log(so3.multiply(so3.inverse(quats[:-1][both]), quats[1:][both]))
    integral = np.concatenate((np.zeros((1, 3)), np.cumsum(steps, axis=0)))
    return Turning(times, integral, np.concatenate(([0.0], np.cumsum(~both))))


def camera_offset(turned: Sequence[Turned], T_head_camera: SE3, head: Turning) -> Offset:
    """How much later than the head poses' times the pictures' are."""
    start = np.array([turn.start_ns for turn in turned], np.float64)
    end = np.array([turn.end_ns for turn in turned], np.float64)
    phi = np.array([T_head_camera.rotate(turn.phi_rad) for turn in turned]).reshape(-1, 3)

    def compare(shift_ms: float) -> tuple[Array, Array]:
        return phi, head.between(start - 1e6 * shift_ms, end - 1e6 * shift_ms)

    return _found(compare, CLIP_IMAGE_RAD, SHARED_IMAGE_MS, head.rms_deg_s)


def gaze_offset(samples: Sequence[tuple[int, Vec3]], head: Turning) -> Offset:
    """How much later than the head poses' times those of the gaze are. ``samples``: d_head of open eyes, in order."""
    if len(samples) < 2:
        return Offset(0.0, FARTHEST_MS, 0.0, 0, "there is no gaze to speak of")
    history = History(times_ns=tuple(t for t, _ in samples), values=tuple(d for _, d in samples))
    times = np.arange(samples[0][0], samples[-1][0] + 1, GRID_NS)
    found = [direction_at(history, int(t), 0, GAP_NS) for t in times]
    d = np.array([(np.nan,) * 3 if each is None else each for each in found])
    # Between two samples noise averages out, so a shift that falls there would look better than it is: both are
    # smoothed over several samples first, alike.
    d = _smooth(d)
    smooth = Turning(head.times_ns, _smooth(head.integral_rad), head.unknown)
    start = np.arange(head.times_ns[0], head.times_ns[-1] - EYE_SPAN_NS, EYE_STEP_NS).astype(np.float64)
    turned = smooth.between(start, start + EYE_SPAN_NS)

    def compare(shift_ms: float, looked: Array = d) -> tuple[Array, Array]:
        before = _at(times, looked, start + 1e6 * shift_ms)
        after = _at(times, looked, start + EYE_SPAN_NS + 1e6 * shift_ms)
        return after - before, -np.cross(turned, 0.5 * (before + after))

    offset = _found(compare, CLIP_GAZE_RAD, SHARED_GAZE_MS, head.rms_deg_s)
    for _ in range(2):  # with the offset nearly known, saccades can be told from the reflex, and be left out
        still = np.where(_saccades(times, d, smooth, offset.offset_ms)[:, None], np.nan, d)
        offset = _found(
            lambda shift: compare(shift, still),  # noqa: B023
            CLIP_GAZE_RAD,
            SHARED_GAZE_MS,
            head.rms_deg_s,
            around=offset.offset_ms,
        )
    return offset


def _saccades(times_ns: NDArray[np.int64], d: Array, head: Turning, offset_ms: float) -> NDArray[np.bool_]:
    """Where the gaze moves in the world (M,), or may, as the head turns and with the offset that is known so far."""
    step_ns = 10_000_000
    now = times_ns.astype(np.float64)
    when = now - 1e6 * offset_ms
    turned = head.between(when - step_ns, when + step_ns)
    moved = _at(times_ns, d, now + step_ns) - _at(times_ns, d, now - step_ns)
    speed = np.linalg.norm(moved + np.cross(turned, d), axis=1) / (2e-9 * step_ns)
    fast = (~(speed < SACCADE_RAD_S)).astype(np.float64)  # what is not known counts, too
    width = 2 * round(SACCADE_SIDE_NS / GRID_NS) + 1
    return np.asarray(np.convolve(fast, np.ones(width), "same") > 0.5)


def _smooth(values: Array) -> Array:
    """Columns (M, 3) averaged over `SMOOTH_NS` of the grid; NaN where some of that is not known."""
    kernel = np.hanning(round(SMOOTH_NS / GRID_NS) + 3)[1:-1]
    if len(values) < len(kernel):
        return np.full_like(values, np.nan)
    smooth = np.stack([np.convolve(column, kernel / kernel.sum(), "same") for column in values.T], axis=1)
    half = len(kernel) // 2
    smooth[:half] = smooth[-half:] = np.nan
    return np.asarray(smooth)


def _at(times_ns: NDArray[np.int64], values: Array, wanted_ns: Array) -> Array:
    """Rows of ``values`` (M, 3) at any instants (N,), between the grid's; NaN outside of it."""
    columns = [np.interp(wanted_ns, times_ns, column, left=np.nan, right=np.nan) for column in values.T]
    return np.stack(columns, axis=1)


def _found(compare: Compare, clip: float, shared_ms: float, rms_deg_s: float, around: float | None = None) -> Offset:
    """The shift at which what is measured is most like what is predicted: of all, or near one that is nearly right."""
    if around is None:
        pairs = {shift: compare(shift) for shift in np.arange(-FARTHEST_MS, FARTHEST_MS + 0.1, COARSE_MS).tolist()}
        usable = _usable(pairs)
        if np.count_nonzero(usable) < FEWEST:
            return _too_short(usable, 0.0)
        around = min(pairs, key=lambda shift: _cost(*pairs[shift], usable, clip))
        near = _near(compare, around)
    else:
        near = _near(compare, around)
        usable = _usable(near)
        if np.count_nonzero(usable) < FEWEST:
            return _too_short(usable, around)
    count = int(np.count_nonzero(usable))
    best = _least(near, usable, clip)
    stretches = np.array_split(np.flatnonzero(usable), STRETCHES)
    without = []
    for stretch in stretches:
        kept = usable.copy()
        kept[stretch] = False
        without.append(_least(near, kept, clip))
    spread = np.array(without) - np.mean(without)
    uncertainty_ms = float(np.hypot(shared_ms, np.sqrt((STRETCHES - 1) / STRETCHES * np.sum(spread**2))))
    measured, predicted = near[min(near, key=lambda shift: abs(shift - best))]
    nothing = _cost(measured, np.zeros_like(predicted), usable, clip)
    agreement = 1.0 - _cost(measured, predicted, usable, clip) / max(nothing, 1e-12)
    trouble = ""
    if rms_deg_s < LEAST_TURN_DEG_S:
        trouble = f"the head hardly turns ({rms_deg_s:.1f} deg/s): look about, to and fro, for a minute"
    elif abs(best) > FARTHEST_MS - 2 * COARSE_MS:
        trouble = f"the offset is beyond the {FARTHEST_MS:g} ms that are looked at"
    elif agreement < LEAST_AGREEMENT or uncertainty_ms > MOST_UNCERTAIN_MS:
        trouble = "both move too little alike for a sure answer: a longer recording with turns of the head is needed"
    return Offset(round(float(best), 2), round(uncertainty_ms, 2), round(max(float(agreement), 0.0), 3), count, trouble)


def _near(compare: Compare, around: float) -> dict[float, tuple[Array, Array]]:
    """What is measured and predicted at shifts in small steps."""
    fine = np.arange(around - 4 * COARSE_MS, around + 4 * COARSE_MS + 0.1, FINE_MS).tolist()
    return {shift: compare(shift) for shift in fine}


def _too_short(usable: NDArray[np.bool_], offset_ms: float) -> Offset:
    count = int(np.count_nonzero(usable))
    return Offset(offset_ms, FARTHEST_MS, 0.0, count, f"only {count} intervals are known: too short a recording")


def _usable(pairs: dict[float, tuple[Array, Array]]) -> NDArray[np.bool_]:
    """The intervals that are known at every shift: if it were not the same ones, those known least would win."""
    return np.asarray(
        np.all([np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1) for a, b in pairs.values()], axis=0)
    )


def _least(pairs: dict[float, tuple[Array, Array]], usable: NDArray[np.bool_], clip: float) -> float:
    """The shift of least cost, between the grid's by a parabola."""
    shifts = sorted(pairs)
    costs = np.array([_cost(*pairs[shift], usable, clip) for shift in shifts])
    i = int(np.clip(np.argmin(costs), 1, len(shifts) - 2))
    a, b, c = costs[i - 1], costs[i], costs[i + 1]
    bend = a - 2.0 * b + c
    return shifts[i] + (0.5 * FINE_MS * (a - c) / bend if bend > 0.0 else 0.0)


def _cost(measured: Array, predicted: Array, usable: NDArray[np.bool_], clip: float) -> float:
    """Mean of the squared errors, none counted beyond ``clip`` (Geman and McClure's way), with the best gain."""
    m, p = measured[usable], predicted[usable]
    gain, weights = 1.0, np.ones(len(m))
    for _ in range(4):
        power = float(np.sum(weights[:, None] * p * p))
        if power > 0.0:
            gain = float(np.clip(np.sum(weights[:, None] * m * p) / power, 0.5, 1.6))
        error = np.sum((m - gain * p) ** 2, axis=1)
        weights = (clip**2 / (clip**2 + error)) ** 2
    return float(np.mean(error / (1.0 + error / clip**2)))
