"""The eyes: saccades on the main sequence, gaze held in the world, pursuit, blinks; and what a tracker says of it."""

import math
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.calib.so3 import angle_rad
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
from gazeline.sim.head import HeadSettings
from gazeline.sim.tracker import Tracker, TrackerSettings
from gazeline.sim.wearer import EyeState, GazePoints, Wearer

Array = NDArray[np.float64]
MS = 1_000_000
STEADY = EyeSettings(drift_deg=0.0, microsaccade_deg=0.0)


def things(count: int = 12, spread_m: float = 1.0) -> list[GazePoints]:
    """Objects around a table, ten points each."""
    rng = np.random.default_rng(7)
    found = []
    for object_id in range(1, count + 1):
        middle = rng.uniform((-spread_m, -0.5, -1.4), (spread_m, -0.1, -0.7))
        points = middle + rng.normal(scale=0.02, size=(10, 3))
        found.append(GazePoints(object_id, points, np.full(10, 0.1), moving=False))
    return found


def wearer(seed: int = 1, eyes: EyeSettings | None = None, spread_m: float = 1.0) -> Wearer:
    return Wearer(seed, things(spread_m=spread_m), viewpoint_m=(0, 0, 0), facing_deg=(0.0, -15.0), eyes=eyes)


def states(who: Wearer, seconds: float, hz: float = 120.0) -> list[EyeState]:
    return [who.at(round(k * 1e9 / hz)) for k in range(round(seconds * hz))]


def step_deg(a: EyeState, b: EyeState) -> float:
    return angle_deg(a.d_world, b.d_world)


@pytest.mark.parametrize("amplitude_deg", [2.0, 5.0, 10.0, 20.0, 40.0])
def test_saccades_keep_to_the_main_sequence(amplitude_deg: float) -> None:
    duration_s = 1e-9 * saccade_duration_ns(amplitude_deg)
    assert duration_s == pytest.approx(0.0022 * amplitude_deg + 0.021)
    way = np.array([saccade_way(s) for s in np.linspace(0.0, 1.0, 2001)])
    assert (np.diff(way) >= 0.0).all()
    assert (way[0], way[-1]) == (0.0, 1.0)
    peak_deg_s = np.diff(way).max() * 2000.0 * amplitude_deg / duration_s
    # the usual saturating curve of the main sequence, which individuals scatter around by about a third
    assert peak_deg_s == pytest.approx(700.0 * (1.0 - math.exp(-amplitude_deg / 13.0)), rel=0.35)


def test_the_gaze_of_a_wearer_keeps_to_the_main_sequence_with_the_head_free() -> None:
    seen = states(wearer(eyes=STEADY), 20.0, hz=500.0)
    found = 0
    moving = [a.phase == "saccade" for a in seen]
    starts = [i for i in range(1, len(seen)) if moving[i] and not moving[i - 1]]
    for start in starts:
        end = next((i for i in range(start, len(seen)) if not moving[i]), None)
        if end is None:
            continue
        shift = seen[start - 1 : end + 1]
        if any(state.phase == "blink" or angle_deg(STRAIGHT_ON, state.d_head) > 44.9 for state in shift):
            continue  # hidden, or the eye had to wait for the head
        amplitude_deg = step_deg(seen[start - 1], seen[end])
        peak_deg_s = 500.0 * max(step_deg(a, b) for a, b in pairwise(shift))
        found += 1
        assert 2.0 * (end - start) == pytest.approx(2.2 * amplitude_deg + 21.0, abs=3.0)
        assert peak_deg_s == pytest.approx(1650.0 * amplitude_deg / (2.2 * amplitude_deg + 21.0), rel=0.08, abs=4.0)
    assert found > 20


def test_fixations_are_as_long_as_fixations_are() -> None:
    rng = np.random.default_rng(3)
    lengths = [fixation_s(rng, EyeSettings()) for _ in range(4000)]
    assert np.median(lengths) == pytest.approx(0.33, rel=0.05)
    assert np.log(lengths).std() == pytest.approx(0.45, rel=0.05)
    assert 0.1 <= min(lengths) < max(lengths) <= 3.0


def test_gaze_is_held_in_the_world_while_the_head_moves() -> None:
    who = Wearer(
        4,
        things(spread_m=2.5),
        viewpoint_m=(0, 0, 0),
        facing_deg=(0.0, 0.0),
        head=HeadSettings(walking=True),
        eyes=STEADY,
    )
    turned_deg = eye_deg = 0.0
    for a, b in pairwise(states(who, 30.0)):
        if a.since_ns is None or a.since_ns != b.since_ns:
            continue
        head_deg = math.degrees(
            float(angle_rad(a.T_world_head.rotate(STRAIGHT_ON), b.T_world_head.rotate(STRAIGHT_ON)))
        )
        turned_deg, eye_deg = max(turned_deg, head_deg), max(eye_deg, angle_deg(a.d_head, b.d_head))
        looked_at = [state.T_world_head.apply(state.distance_m * state.d_head) for state in (a, b)]
        assert np.linalg.norm(looked_at[1] - looked_at[0]) < 1e-9
    assert turned_deg * 120 > 60.0, "the head never turned fast in a fixation, so nothing was shown"
    assert eye_deg == pytest.approx(turned_deg, rel=0.25)


def test_the_eye_leads_and_stays_within_its_range() -> None:
    seen = states(wearer(eyes=STEADY, spread_m=3.0), 30.0)
    assert max(angle_deg(STRAIGHT_ON, state.d_head) for state in seen) <= 45.0 + 1e-6
    late = 0
    for a, b in pairwise(seen):
        if a.phase == "fixation" and b.phase == "saccade":
            head_deg = math.degrees(
                float(angle_rad(a.T_world_head.rotate(STRAIGHT_ON), b.T_world_head.rotate(STRAIGHT_ON)))
            )
            late += head_deg < 0.5 * step_deg(a, b)
    assert late > 20


def test_an_eye_at_rest_is_never_quite_still() -> None:
    motion = FixationalMotion(EyeSettings(), np.random.default_rng(2), 0)
    path = np.array([motion.at(t * 4 * MS) for t in range(15_000)])
    np.testing.assert_allclose(path.std(axis=0), math.hypot(0.08, 0.12), rtol=0.3)
    assert np.abs(np.diff(path, axis=0)).max() < 0.4, "it jumps no faster than a saccade"


def test_moving_things_are_followed() -> None:
    def path(object_id: int, t_ns: int) -> Array:
        return np.array([0.3 * math.sin(2.0 * math.pi * 0.4e-9 * t_ns), -0.2, -1.0])

    still = [thing for thing in things() if thing.object_id < 4]
    ball = GazePoints(9, np.zeros((1, 3)), np.ones(1), moving=True, weight=8.0)
    who = Wearer(2, [*still, ball], viewpoint_m=(0, 0, 0), facing_deg=(0.0, -15.0), locate=path, eyes=STEADY)
    followed = [state for state in states(who, 20.0) if state.object_id == 9 and state.phase == "pursuit"]
    assert len(followed) > 300
    for state in followed:
        to_ball = path(9, state.t_ns) - state.T_world_head.xyz_m
        assert angle_deg(state.d_world, to_ball / np.linalg.norm(to_ball)) < 1.5


def test_what_a_wearer_does_depends_on_the_seed_and_not_on_who_asks_when() -> None:
    times = [k * 8 * MS for k in range(1500)]
    a = {t: wearer(5).at(t) for t in times[::500]}  # each asked at once for one instant only
    who = wearer(5)
    b = {t: who.at(t) for t in times}
    assert all((a[t].d_head == b[t].d_head).all() and a[t].phase == b[t].phase for t in a)
    assert all((who.at(t).d_head == b[t].d_head).all() for t in reversed(times)), "the past can be asked for again"
    other = wearer(6)
    assert any(angle_deg(other.at(t).d_world, b[t].d_world) > 5.0 for t in times)


def test_without_anything_to_look_at_the_gaze_rests() -> None:
    who = Wearer(1, [], viewpoint_m=(0, 0, 0), facing_deg=(0.0, 0.0), eyes=STEADY)
    assert all(state.phase in ("fixation", "blink") for state in states(who, 5.0))


def test_blinks_come_as_often_and_as_long_as_they_do() -> None:
    blinks = Blinks(EyeSettings(), np.random.default_rng(1), 0)
    shut = np.array([blinks.openness(t * 5 * MS)[0] == 0.0 for t in range(120_000)])  # ten minutes
    starts, ends = np.flatnonzero(np.diff(shut.astype(int)) == 1), np.flatnonzero(np.diff(shut.astype(int)) == -1)
    assert len(starts) / 10.0 == pytest.approx(15.0, rel=0.15)
    lengths_s = 0.005 * (ends[: len(starts)] - starts[: len(ends)])
    assert 0.09 <= lengths_s.min() < lengths_s.max() <= 0.31


def test_a_blink_takes_the_confidence_with_it_from_before_to_after() -> None:
    who, tracker = wearer(), Tracker(TrackerSettings(dropouts_per_min=0.0), 1)
    for k, state in enumerate(states(who, 40.0)):
        confidence = tracker.sample(k, state).confidence
        if state.openness < 1.0:
            assert state.phase == "blink"
            assert state.since_ns is None
        if state.openness == 0.0:
            assert confidence == 0.0
        elif state.openness < 0.5:
            assert confidence < 0.75
        elif state.openness == 1.0 and angle_deg(STRAIGHT_ON, state.d_head) < 39.0:
            assert confidence > 0.85


def test_after_a_blink_the_gaze_counts_as_resting_from_when_the_eye_is_open_again() -> None:
    seen = states(wearer(), 30.0)
    after = [b for a, b in pairwise(seen) if a.phase == "blink" and b.phase == "fixation"]
    assert len(after) > 3
    assert all(b.since_ns is not None and 0 <= b.t_ns - b.since_ns < 9 * MS for b in after)


@pytest.mark.parametrize(("bias_deg", "noise_deg"), [(0.8, 0.2), (2.0, 0.5), (0.0, 0.0)])
def test_bias_and_noise_are_as_set(bias_deg: float, noise_deg: float) -> None:
    settings = TrackerSettings(bias_deg=bias_deg, noise_deg=noise_deg, dropouts_per_min=0.0)
    directions = []
    for seed in range(4):
        tracker = Tracker(settings, seed)
        errors = []
        for k, state in enumerate(states(wearer(), 10.0)):
            sample = tracker.sample(k, state)
            if state.openness == 1.0 and sample.confidence > 0.0:
                x, y = (_right_up(state.d_head) @ sample.d_head).tolist()
                errors.append((math.degrees(math.asin(x)), math.degrees(math.asin(y))))
        mean, std = np.mean(errors, axis=0), np.std(errors, axis=0)
        assert float(np.hypot(*mean)) == pytest.approx(bias_deg, abs=0.05 * noise_deg + 0.02 * bias_deg + 1e-6)
        np.testing.assert_allclose(std, noise_deg, rtol=0.1, atol=0.01)
        directions.append(math.atan2(mean[1], mean[0]))
    if bias_deg:
        assert np.std(directions) > 0.3, "each session has a bias of its own direction"


def test_depth_by_vergence_is_better_near_than_far() -> None:
    tracker = Tracker(TrackerSettings(dropouts_per_min=0.0), 1)
    seen = [state for state in states(wearer(), 20.0) if state.openness == 1.0]
    depths = [(tracker.sample(k, state).depth_m, state.distance_m) for k, state in enumerate(seen)]
    off = np.array([1.0 / depth - 1.0 / true for depth, true in depths if depth])  # dioptres
    assert abs(off.mean()) < 0.01
    assert off.std() == pytest.approx(math.sqrt(2.0) * math.radians(0.2) / 0.063, rel=0.1)


def test_dropouts_come_at_their_rate() -> None:
    who = wearer(eyes=EyeSettings(blinks_per_min=0.01))
    seen = states(who, 60.0)
    near = [state for state in seen if angle_deg(STRAIGHT_ON, state.d_head) < 39.0]
    tracker = Tracker(TrackerSettings(dropouts_per_min=60.0, dropout_s=0.05), 3)
    lost = np.mean([tracker.sample(k, state).confidence == 0.0 for k, state in enumerate(near)])
    assert lost == pytest.approx(0.05, rel=0.35)


def test_small_angles_on_the_sphere() -> None:
    assert angle_deg(STRAIGHT_ON, turned(STRAIGHT_ON, 3.0, 0.0)) == pytest.approx(3.0)
    assert turned(STRAIGHT_ON, 3.0, 0.0)[0] > 0.0
    assert turned(STRAIGHT_ON, 0.0, 3.0)[1] > 0.0
    a, b = turned(STRAIGHT_ON, -20.0, 0.0), turned(STRAIGHT_ON, 20.0, 10.0)
    assert angle_deg(a, between(a, b, 0.25)) == pytest.approx(0.25 * angle_deg(a, b))
    np.testing.assert_allclose(between(a, b, 1.0), b)


def _right_up(d: Array) -> Array:
    """Two directions (2, 3) across ``d``: to its right and upwards, on a level head."""
    right = np.cross(d, (0.0, 1.0, 0.0))
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(right, d)])
