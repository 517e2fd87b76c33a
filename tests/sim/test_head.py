"""The head: minimum-jerk turns after the eye, within its speed, from a neck, swaying a little, bobbing in walking."""

import math
from itertools import pairwise

import numpy as np
import pytest

from gazeline.calib.so3 import angle_rad
from gazeline.sim.head import MIN_JERK_PEAK, NECK_TO_EYES_M, Head, HeadSettings, facing, min_jerk, yaw_pitch_deg
from gazeline.sim.noise import Wander

MS = 1_000_000
STILL = HeadSettings(sway_m=0.0, sway_deg=0.0)
AHEAD = np.array([0.0, 0.0, -1.0])


def towards(yaw_deg: float, pitch_deg: float = 0.0) -> np.ndarray:
    return facing(yaw_deg, pitch_deg, 0.0).rotate(AHEAD)


def speeds_deg_s(head: Head, end_ns: int, step_ns: int = 2 * MS) -> list[float]:
    """The whole angular speed, from one pose to the next."""
    poses = [head.pose(t) for t in range(0, end_ns, step_ns)]
    between = pairwise(poses)
    return [math.degrees(float(np.linalg.norm((a.inverse() @ b).log()[3:]))) / (1e-9 * step_ns) for a, b in between]


def test_minimum_jerk_begins_and_ends_at_rest_and_peaks_where_it_should() -> None:
    way = np.array([min_jerk(s) for s in np.linspace(0.0, 1.0, 1001)])
    speed = np.diff(way) * 1000.0
    assert (way[0], way[500], way[-1]) == (0.0, 0.5, 1.0)
    assert speed[0] < 1e-4
    assert speed[-1] < 1e-4
    assert speed.max() == pytest.approx(MIN_JERK_PEAK, rel=1e-3)
    assert abs(int(speed.argmax()) - 500) <= 1


@pytest.mark.parametrize("yaw_deg", [-100.0, -35.0, 40.0, 170.0])
def test_a_turn_starts_after_the_eye_and_leaves_the_eye_its_share(yaw_deg: float) -> None:
    head = Head(STILL, 1, (0.0, 1.6, 0.0), (0.0, 0.0))
    turn = head.turn_towards(1000 * MS, towards(yaw_deg))
    assert turn is not None
    assert turn.start_ns == 1040 * MS
    left_deg = abs(yaw_deg - turn.end_deg[0])
    assert 20.0 <= left_deg <= 32.0 + 1e-9
    assert abs(turn.end_deg[0]) == pytest.approx(max(0.8 * (abs(yaw_deg) - 20.0), abs(yaw_deg) - 32.0))
    assert yaw_pitch_deg(head.pose(turn.end_ns).rotate(AHEAD))[0] == pytest.approx(turn.end_deg[0])
    assert head.facing_deg(turn.start_ns) == (0.0, 0.0)


def test_near_targets_are_left_to_the_eyes() -> None:
    head = Head(STILL, 1, (0.0, 1.6, 0.0), (30.0, -10.0))
    assert head.turn_towards(0, towards(48.0, -10.0)) is None
    assert head.turn_towards(0, towards(43.0, -10.0), laziness=0.0) is not None


def test_the_vertical_gets_less_of_the_head() -> None:
    sideways, upwards = (Head(STILL, 1, (0.0, 1.6, 0.0), (0.0, 0.0)) for _ in range(2))
    a, b = sideways.turn_towards(0, towards(25.0)), upwards.turn_towards(0, towards(0.0, 25.0))
    assert a is not None
    assert b is not None
    assert b.end_deg[1] == pytest.approx(25.0 - 20.0)
    c, d = sideways.turn_towards(0, towards(25.0), 0.0), upwards.turn_towards(0, towards(0.0, 23.0), 0.0)
    assert c is not None
    assert d is not None
    assert 0.0 < d.end_deg[1] - d.start_deg[1] < c.end_deg[0] - c.start_deg[0]


def test_the_speed_stays_bounded_with_turn_upon_turn_sway_and_walking() -> None:
    for settings in (HeadSettings(), HeadSettings(walking=True), HeadSettings(max_speed_deg_s=60.0)):
        head = Head(settings, 5, (0.0, 1.6, 0.0), (0.0, 0.0))
        rng = np.random.default_rng(5)
        for t in range(0, 6000, 200):  # asked for faster than they can be made: they wait for each other
            head.turn_towards(t * MS, towards(float(rng.uniform(-170, 170)), float(rng.uniform(-60, 60))))
        fastest = max(speeds_deg_s(head, 6000 * MS))
        assert 0.6 * settings.max_speed_deg_s < fastest <= settings.max_speed_deg_s


def test_a_turn_through_the_back_takes_the_short_way() -> None:
    head = Head(STILL, 1, (0.0, 1.6, 0.0), (170.0, 0.0))
    turn = head.turn_towards(0, towards(-130.0))
    assert turn is not None
    assert 170.0 < turn.end_deg[0] < 230.0


def test_the_head_turns_about_its_neck() -> None:
    head = Head(STILL, 1, (0.3, 1.6, -0.2), (0.0, 0.0))
    head.turn_towards(0, towards(90.0))
    before, after = head.pose(0), head.pose(5000 * MS)
    np.testing.assert_allclose(before.xyz_m, (0.3, 1.6, -0.2), atol=1e-12)
    np.testing.assert_allclose(before.apply(-NECK_TO_EYES_M), after.apply(-NECK_TO_EYES_M), atol=1e-12)
    assert np.linalg.norm(after.xyz_m - before.xyz_m) > 0.05


def test_sway_is_as_large_as_set_and_the_same_for_the_same_seed() -> None:
    times = range(0, 120_000 * MS, 50 * MS)
    a, again, other = (Head(HeadSettings(), seed, (0.0, 1.6, 0.0), (0.0, 0.0)) for seed in (2, 2, 3))
    xyz = np.array([a.pose(t).xyz_m for t in times])
    away = np.degrees([float(angle_rad(a.pose(t).rotate(AHEAD), AHEAD)) for t in times])
    assert xyz[:, 0].std() == pytest.approx(0.003, rel=0.5)
    assert float(np.sqrt((away**2).mean())) == pytest.approx(0.3 * math.sqrt(2.0), rel=0.5)
    assert all((a.pose(t).as_matrix() == again.pose(t).as_matrix()).all() for t in reversed(times))
    assert not np.allclose(a.pose(MS).xyz_m, other.pose(MS).xyz_m)


def test_walking_bobs_at_the_rate_of_the_steps() -> None:
    head = Head(HeadSettings(walking=True, sway_m=0.0, sway_deg=0.0), 2, (0.0, 1.6, 0.0), (0.0, 0.0))
    height = np.array([head.pose(t * 10 * MS).xyz_m[1] for t in range(1000)])
    spectrum = np.abs(np.fft.rfft(height - height.mean()))
    assert np.fft.rfftfreq(1000, 0.01)[int(spectrum.argmax())] == pytest.approx(1.9, abs=0.06)
    assert 0.04 < np.ptp(height) < 0.07


def test_wandering_keeps_to_its_deviation_and_its_greatest_rate() -> None:
    wander = Wander(np.random.default_rng(1), (0.5, 2.0), (0.2, 5.0))
    values = np.array([wander.at(t * 5 * MS) for t in range(40_000)])
    np.testing.assert_allclose(values.std(axis=0), (0.5, 2.0), rtol=0.1)
    assert (np.abs(np.diff(values, axis=0) / 0.005).max(axis=0) <= wander.max_rate).all()
