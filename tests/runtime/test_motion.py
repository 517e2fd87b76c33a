"""What moves evenly is predicted, what stands still or jumps about is left alone."""

from math import radians

import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.runtime.tracking.motion import MOST, Motion, Sighting

S = 1_000_000_000
STEP_NS = 50_000_000
DEPTH_M = 1.5

Array = NDArray[np.float64]


def watched(
    places: Array, origins: Array | None = None, noise_deg: float = 0.02, seed: int = 0, depth_noise: float = 0.01
) -> list[Motion]:
    """The motion after each sighting of a thing at ``places`` (N, 3), seen 20 times a second from ``origins``."""
    rng = np.random.default_rng(seed)
    origins = np.zeros_like(places) if origins is None else origins
    motions = [Motion()]
    for i, (place, origin) in enumerate(zip(places, origins, strict=True)):
        far_m = float(np.linalg.norm(place - origin))
        d = (place - origin) / far_m + rng.normal(0.0, radians(noise_deg), 3)
        far_m *= 1.0 + rng.normal(0.0, depth_noise)
        motions.append(motions[-1].seen(Sighting(i * STEP_NS, origin, d / np.linalg.norm(d), far_m)))
    return motions[1:]


def line(velocity: tuple[float, float, float], count: int = 20) -> Array:
    t_s = np.arange(count)[:, None] * STEP_NS / S
    return np.asarray(np.array([0.0, 0.0, -DEPTH_M]) + t_s * np.array(velocity))


def test_a_thing_that_moves_evenly_has_its_velocity_after_three_sightings() -> None:
    motions = watched(line((0.4, 0.1, 0.0), 8))
    assert motions[1].velocity_m_s is None
    for motion in motions[2:]:
        velocity = motion.velocity_m_s
        assert velocity is not None
        np.testing.assert_allclose(velocity[:2], (0.4, 0.1), atol=0.06)


@pytest.mark.parametrize("seed", range(8))
def test_a_thing_that_stands_still_has_none_however_its_outline_jitters(seed: int) -> None:
    for motion in watched(line((0.0, 0.0, 0.0), 60), noise_deg=0.3, seed=seed):
        assert motion.velocity_m_s is None


def test_a_thing_that_the_wearer_walks_past_does_not_move() -> None:
    places = line((0.0, 0.0, 0.0))
    origins = line((0.8, 0.0, 0.0)) - places
    for motion in watched(places, origins):
        velocity = motion.velocity_m_s
        assert velocity is None or np.abs(velocity).max() < 0.05


def test_a_thing_that_goes_to_and_fro_is_not_predicted() -> None:
    t_s = np.arange(40)[:, None] * STEP_NS / S
    shaken = line((0.0, 0.0, 0.0), 40) + 0.1 * np.sin(2 * np.pi * 6.0 * t_s) * np.array([1.0, 0.0, 0.0])
    given = [motion.velocity_m_s is not None for motion in watched(shaken)[6:]]
    assert np.mean(given) < 0.1


def test_when_it_stops_the_prediction_stops() -> None:
    places = np.concatenate([line((0.5, 0.0, 0.0), 10), np.repeat(line((0.5, 0.0, 0.0), 10)[-1:], 10, axis=0)])
    given = [motion.velocity_m_s is not None for motion in watched(places)]
    assert all(given[3:10])
    assert not any(given[12:])


def test_what_is_not_newer_changes_nothing_and_after_a_pause_it_begins_anew() -> None:
    motion = watched(line((0.4, 0.0, 0.0)))[-1]
    assert len(motion.sightings) <= MOST
    ahead = np.array([0.0, 0.0, -1.0])
    assert motion.seen(Sighting(0, np.zeros(3), ahead, DEPTH_M)) is motion
    later = motion.seen(Sighting(100 * S, np.zeros(3), ahead, DEPTH_M))
    assert len(later.sightings) == 1
    assert later.velocity_m_s is None
