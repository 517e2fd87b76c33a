"""Gaze mappings: simulated users' errors are undone, targets that were not looked at do no harm, none is ever worse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gazeline.calib import so3
from gazeline.calib.gaze_mapping import GazeMapping, angles_of, direction_of, fit, turn_between

Array = NDArray[np.float64]

PLACES = np.array([(x, y) for y in (-1, 0, 1) for x in (-1, 0, 1)], float)
TARGETS = direction_of(np.radians(PLACES * [15.0, 10.0]))  # (9, 3)


def reported(d: Array, rng: np.random.Generator, turn_deg: Array, gain: float = 1.0, noise_deg: float = 0.05) -> Array:
    """What a tracker says of directions (N, 3): turned, stretched, noisy."""
    angles = gain * angles_of(d @ so3.to_matrix(so3.exp(np.radians(turn_deg))).T)
    return direction_of(angles + np.radians(noise_deg) * rng.standard_normal(angles.shape))


def error_deg(mapping: GazeMapping, turn_deg: Array, gain: float) -> float:
    """The mean error over the calibrated field, at directions that were no targets."""
    rng = np.random.default_rng(5)
    d = direction_of(np.radians(rng.uniform(-1, 1, (200, 2)) * [15.0, 10.0]))
    return float(np.degrees(so3.angle_rad(mapping.apply(reported(d, rng, turn_deg, gain, 0.0)), d)).mean())


@given(turn=st.tuples(*[st.floats(-5, 5)] * 3), gain=st.floats(0.85, 1.15), seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=12)
def test_bias_torsion_and_gain_are_undone(turn: tuple[float, float, float], gain: float, seed: int) -> None:
    turn_deg = np.array(turn)
    rng = np.random.default_rng(seed)
    found = fit(reported(TARGETS, rng, turn_deg, gain), TARGETS)
    assert error_deg(found.mapping, turn_deg, gain) < 0.3


def test_a_two_degree_bias_is_what_is_seen_without_a_mapping() -> None:
    turn_deg = np.array([0.0, 2.0, 0.0])
    assert error_deg(GazeMapping(), turn_deg, 1.0) == pytest.approx(2.0, abs=0.05)


def test_a_target_that_was_not_looked_at_does_no_harm() -> None:
    turn_deg = np.array([1.0, -1.5, 2.0])
    seen = reported(TARGETS, np.random.default_rng(1), turn_deg)
    seen[4] = direction_of(np.radians([25.0, -12.0]))
    found = fit(seen, TARGETS)
    assert found.weights[4] < 0.1
    assert np.delete(found.weights, 4).min() > 0.3
    assert error_deg(found.mapping, turn_deg, 1.0) < 0.2


def test_where_there_is_nothing_to_correct_nothing_is() -> None:
    found = fit(reported(TARGETS, np.random.default_rng(2), np.zeros(3), noise_deg=0.3), TARGETS)
    assert found.model == "none"
    assert found.mapping.apply(TARGETS) == pytest.approx(TARGETS)


@given(seed=st.integers(0, 10_000), noise_deg=st.floats(0.05, 1.0))
@settings(deadline=None, max_examples=12)
def test_the_chosen_model_beats_none_on_left_out_targets(seed: int, noise_deg: float) -> None:
    rng = np.random.default_rng(seed)
    found = fit(reported(TARGETS, rng, rng.normal(0, 1, 3), noise_deg=noise_deg), TARGETS)
    assert found.left_out_rad[found.model] <= found.left_out_rad["none"]


def test_a_bend_takes_the_quadratic_model() -> None:
    angles = angles_of(TARGETS)
    bent = direction_of(angles + 0.5 * np.stack([angles[:, 0] ** 2, angles[:, 0] * angles[:, 1]], axis=-1))
    assert fit(bent, TARGETS).model == "quadratic"


def test_the_polynomial_does_not_run_away_outside_of_its_field() -> None:
    angles = angles_of(TARGETS)
    bent = direction_of(angles + 0.5 * np.stack([angles[:, 0] ** 2, angles[:, 0] * angles[:, 1]], axis=-1))
    mapping = fit(bent, TARGETS).mapping
    far = direction_of(np.radians([40.0, 0.0]))
    edge = direction_of(np.radians([15.0, 0.0]))
    shift = [float(so3.angle_rad(mapping.apply(d), d)) for d in (far, edge)]
    assert shift[0] == pytest.approx(shift[1], rel=0.35)


@given(st.floats(-0.6, 0.6), st.floats(-0.6, 0.6))
def test_angles_and_directions_are_inverse(right: float, up: float) -> None:
    assert angles_of(direction_of((right, up))) == pytest.approx(np.array([right, up]), abs=1e-12)


def test_a_turn_after_the_mapping_moves_every_direction_by_it() -> None:
    turn = turn_between(TARGETS[0], TARGETS[1])
    mapping = fit(reported(TARGETS, np.random.default_rng(3), np.array([0.0, 1.0, 0.0]), 1.1), TARGETS).mapping
    moved = mapping.then(turn).apply(TARGETS)
    assert moved == pytest.approx(mapping.apply(TARGETS) @ so3.to_matrix(turn).T)
    assert so3.to_matrix(turn) @ TARGETS[0] == pytest.approx(TARGETS[1])


def test_too_few_targets_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 3 targets"):
        fit(TARGETS[:2], TARGETS[:2])
