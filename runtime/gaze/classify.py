"""What the eyes do: fixation, saccade, blink or lost, sample by sample, and where a fixation points.

A pure reducer, `update(state, sample) -> state`, of a dispersion classifier (I-DT of D. Salvucci and J. Goldberg,
"Identifying fixations and saccades in eye-tracking protocols", ETRA 2000) with a velocity threshold beside it. It
differs from I-DT in four ways, each for live use on a moving head:

- directions are compared in the world frame where the head pose is known: while the head turns, the vestibulo-ocular
  reflex keeps a fixation steady in the world, not in the head;
- dispersion is the largest angle between any two samples, after the line that fits them is taken out, if that line
  is slower than smooth pursuit: gaze that follows a moving thing is a fixation, and its centroid moves along;
- where samples come so seldom that a saccade fits between two, each is a fixation of its own or goes on with the last;
- samples go through a short median first, and one alone never ends a fixation: real trackers are noisy (0.3 to 0.8 deg
  from sample to sample at 200 Hz) and give single outliers.
"""

from dataclasses import dataclass, field, replace
from math import radians
from typing import Literal

from gazeline.runtime.centroid import (
    Array,
    Centroid,
    GazeSample,
    Source,
    apart_rad,
    between_rad,
    centroid_of,
    median_depth_m,
    median_of,
    newest_of,
)
from gazeline.runtime.config import GazeSettings

Kind = Literal["fixation", "saccade", "blink", "lost"]

MEDIAN_NS = 20_000_000  # 3 samples at 120 Hz, 5 at 200 Hz; it delays what is seen by half of that
VELOCITY_BASELINE_NS = 20_000_000  # noise of 0.2 deg per sample is 14 deg/s over this, and 34 deg/s over 8 ms
PURSUIT_RAD_S = radians(30.0)  # the eyes follow a moving thing smoothly up to about this speed
WINDOW_NS = 120_000_000  # the centroid of a fixation is that of this much of its newest gaze
BLINK_MIN_NS = 30_000_000  # shorter runs of bad samples are the tracker's, not the eyelid's
LOST_AFTER_NS = 500_000_000  # without any sample
DEFAULTS = GazeSettings()


@dataclass(frozen=True, eq=False)
class GazeState:
    """What gaze does since ``start_ns``. ``centroid`` and ``depth_m`` are those of the fixation, or of the last one.

    ``newest`` is the newest sample that was good enough; ``fixations`` counts them all.
    """

    kind: Kind = "lost"
    start_ns: int = 0
    source: Source = "eye"
    centroid: Centroid | None = None
    depth_m: float | None = None
    newest: GazeSample | None = None
    fixations: int = 0
    newest_ns: int = -1  # of any sample, good or not
    mouse_ns: int | None = None  # of the newest mouse sample, while the mouse leads
    low_since_ns: int | None = None
    raw: tuple[GazeSample, ...] = field(default=(), repr=False)
    window: tuple[GazeSample, ...] = field(default=(), repr=False)
    outlier: GazeSample | None = field(default=None, repr=False)


def update(state: GazeState, sample: GazeSample, settings: GazeSettings = DEFAULTS) -> GazeState:
    """The state after ``sample``. Samples out of order, and eye samples while the mouse leads, change nothing."""
    if sample.source == "mouse":
        return _mouse(state, sample, settings)
    if sample.t_ns <= state.newest_ns:
        return state
    if state.mouse_ns is not None:
        if sample.t_ns - state.mouse_ns < settings.mouse_hold_ms * 1e6:
            return state
        state = replace(_without_samples(state, "lost", sample.t_ns), mouse_ns=None)
    state = expired(state, sample.t_ns)
    if sample.confidence < settings.confidence_min:
        return _low(state, sample, settings)
    return _good(state, sample, settings)


def expired(state: GazeState, now_ns: int) -> GazeState:
    """The state at ``now_ns`` if no sample came since: lost, after a while."""
    if state.kind == "lost" or now_ns - state.newest_ns <= LOST_AFTER_NS:
        return state
    return replace(_without_samples(state, "lost", state.newest_ns), low_since_ns=None)


def _good(state: GazeState, sample: GazeSample, settings: GazeSettings) -> GazeState:
    """A sample worth using."""
    open_eyed = state.kind in ("fixation", "saccade")
    if open_eyed and state.newest and sample.t_ns - state.newest.t_ns >= settings.fixation_ms * 1e6:
        return _sparse(state, sample, settings)
    raw = (*(earlier for earlier in state.raw if sample.t_ns - earlier.t_ns <= MEDIAN_NS), sample)
    state = replace(state, newest_ns=sample.t_ns, newest=sample, source=sample.source, low_since_ns=None, raw=raw)
    filtered = median_of(raw)
    if state.kind == "fixation":
        return _follow(state, filtered, settings)
    if state.kind in ("blink", "lost"):
        state = replace(state, kind="saccade", start_ns=sample.t_ns)
    return _settle(state, (*state.window, filtered), settings)


def _sparse(state: GazeState, sample: GazeSample, settings: GazeSettings) -> GazeState:
    """A sample so long after the last one that a saccade may have come and gone in between, as in streams of 10 Hz.

    Eyes rest nine tenths of the time, so it is taken for a fixation of its own, or for the same one if it points there.
    """
    window = (*state.window, sample)
    same = state.kind == "fixation" and apart_rad(state.window[-1], sample) <= radians(settings.dispersion_deg)
    window = newest_of(window, WINDOW_NS) if same else (sample,)
    return replace(
        state,
        kind="fixation",
        start_ns=state.start_ns if same else sample.t_ns,
        source=sample.source,
        centroid=centroid_of(window),
        depth_m=median_depth_m(window),
        newest=sample,
        fixations=state.fixations + (not same),
        newest_ns=sample.t_ns,
        low_since_ns=None,
        raw=(sample,),
        window=window,
        outlier=None,
    )


def _mouse(state: GazeState, sample: GazeSample, settings: GazeSettings) -> GazeState:
    """A mouse makes no saccades: it dwells wherever it is, from the first sample on."""
    if state.mouse_ns is not None and sample.t_ns < state.mouse_ns:
        return state
    leads = state.mouse_ns is not None and state.kind == "fixation"
    same = leads and apart_rad(state.window[0], sample) <= radians(settings.dispersion_deg)
    return GazeState(
        kind="fixation",
        start_ns=state.start_ns if same else sample.t_ns,
        source="mouse",
        centroid=centroid_of((sample,)),
        depth_m=sample.depth_m,
        newest=sample,
        fixations=state.fixations + (not same),
        newest_ns=max(state.newest_ns, sample.t_ns),
        mouse_ns=sample.t_ns,
        window=state.window if same else (sample,),
    )


def _low(state: GazeState, sample: GazeSample, settings: GazeSettings) -> GazeState:
    """A sample not worth using: the eyes are shut if there are enough of them, lost if there are too many."""
    since_ns = sample.t_ns if state.low_since_ns is None else state.low_since_ns
    state = replace(state, newest_ns=sample.t_ns, low_since_ns=since_ns)
    run_ns = sample.t_ns - since_ns
    if run_ns > settings.blink_ms * 1e6 and state.kind != "lost":
        return _without_samples(state, "lost", since_ns)
    if run_ns >= BLINK_MIN_NS and state.kind in ("fixation", "saccade"):
        return _without_samples(state, "blink", since_ns)
    return state


def _follow(state: GazeState, sample: GazeSample, settings: GazeSettings) -> GazeState:
    """In a fixation: does the sample belong to it?"""
    window = (*state.window, sample)
    before = state.centroid or centroid_of(state.window)
    away_rad = between_rad(before.at(before.last_ns), _direction(sample, before, state.window[-1]))
    stays = (
        away_rad <= radians(settings.dispersion_deg)
        and _speed_rad_s(window) <= radians(settings.velocity_deg_s)
        and before.speed_rad_s <= PURSUIT_RAD_S
    )
    if stays:
        window = newest_of(window, WINDOW_NS)
        depth_m = median_depth_m(window)
        return replace(
            state,
            window=window,
            outlier=None,
            centroid=centroid_of(window),
            depth_m=state.depth_m if depth_m is None else depth_m,
        )
    if state.outlier is None:
        return replace(state, outlier=sample)
    first = state.outlier
    return _settle(replace(state, kind="saccade", start_ns=first.t_ns, outlier=None), (first, sample), settings)


def _settle(state: GazeState, window: tuple[GazeSample, ...], settings: GazeSettings) -> GazeState:
    """In a saccade: has gaze been steady for long enough?"""
    window = newest_of(window, settings.fixation_ms * 1e6)
    state = replace(state, window=window)
    if (window[-1].t_ns - window[0].t_ns) < settings.fixation_ms * 1e6:
        return state
    centroid = centroid_of(window)
    if (
        centroid.dispersion_rad > radians(settings.dispersion_deg)
        or centroid.speed_rad_s > PURSUIT_RAD_S
        or _speed_rad_s(window) > radians(settings.velocity_deg_s)
    ):
        return state
    return replace(
        state,
        kind="fixation",
        start_ns=window[0].t_ns,
        centroid=centroid,
        depth_m=median_depth_m(window),
        fixations=state.fixations + 1,
    )


def _without_samples(state: GazeState, kind: Kind, start_ns: int) -> GazeState:
    return replace(state, kind=kind, start_ns=start_ns, raw=(), window=(), outlier=None)


def _direction(sample: GazeSample, centroid: Centroid, last: GazeSample) -> Array:
    """The sample's direction in the centroid's frame; where it has no pose of its own, by the last one's."""
    if not centroid.in_world:
        return sample.d_head
    if sample.d_world is not None:
        return sample.d_world
    return sample.d_head if last.T_world_head is None else last.T_world_head.rotate(sample.d_head)


def _speed_rad_s(window: tuple[GazeSample, ...]) -> float:
    """Of the newest sample, since the last one that is at least the baseline before it."""
    newest = window[-1]
    earlier = [sample for sample in window[:-1] if newest.t_ns - sample.t_ns >= VELOCITY_BASELINE_NS]
    if not earlier:
        return 0.0
    return apart_rad(earlier[-1], newest) / ((newest.t_ns - earlier[-1].t_ns) * 1e-9)
