"""The calibration's course with simulated wearers: who looks is measured, who does not is left out."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.calib.gaze_mapping import fit
from gazeline.calib.gaze_quality import TargetGaze, quality_of
from gazeline.calib.so3 import angle_rad
from gazeline.runtime.calibration.gaze_targets import CHECKED, NINE, Targets, step, target_directions
from gazeline.runtime.centroid import GazeSample
from gazeline.sim.tracker import Tracker, TrackerSettings
from gazeline.sim.wearer import GazePoints, Wearer

Array = NDArray[np.float64]
FIELD_DEG = (30.0, 20.0)
PERIOD_NS = 8_333_333


@dataclass
class Run:
    state: Targets
    seconds: float


def calibrate(settings: TrackerSettings, *, seed: int = 1, skip: int | None = None, points: Array | None = None) -> Run:
    """A wearer who looks at every target, but not at number ``skip``, seen by a tracker at 120 Hz."""
    things = [GazePoints(1, np.array([[0.3, -0.2, -1.0]]), np.ones(1), moving=False)]
    wearer = Wearer(seed, things, viewpoint_m=(0, 0, 0), facing_deg=(0.0, 0.0))
    tracker = Tracker(settings, seed)
    state = Targets(target_directions((*NINE, *CHECKED), FIELD_DEG) if points is None else points)
    number, t_ns, index = -1, 0, 0
    while not state.done and t_ns < 120e9:
        shown = state.shown(t_ns)
        if shown is not None and shown.number != number:
            number = shown.number
            wearer.look_at(t_ns, None if number == skip else np.array(shown.d_head))
        seen = tracker.sample(index, wearer.at(t_ns))
        state = step(state, GazeSample(t_ns, seen.d_head, seen.confidence), t_ns)
        index, t_ns = index + 1, t_ns + PERIOD_NS
    return Run(state, t_ns * 1e-9)


def error_deg(run: Run) -> tuple[float, float]:
    """Accuracy at the targets that were not fitted, before and after."""
    gathered = run.state.gathered
    fitted = [one for one in gathered[: len(NINE)] if one is not None]
    checked = [one for one in gathered[len(NINE) :] if one is not None]
    found = fit(np.array([one.middle for one in fitted]), np.array([one.target for one in fitted]))
    after = [one.mapped(found.mapping) for one in checked]
    return tuple(float(np.degrees(quality_of(each).accuracy_rad)) for each in (checked, after))  # type: ignore[return-value]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "settings",
    [
        TrackerSettings(bias_deg=2.0),
        TrackerSettings(bias_deg=2.0, gain=1.08, torsion_deg=2.0),
        TrackerSettings(bias_deg=1.0, gain=0.93, torsion_deg=-3.0, noise_deg=0.3),
    ],
)
def test_a_biased_tracker_is_right_to_half_a_degree_afterwards(settings: TrackerSettings, seed: int) -> None:
    run = calibrate(settings, seed=seed)
    assert all(one is not None for one in run.state.gathered)
    before, after = error_deg(run)
    assert before > 1.0, "there was something to correct"
    assert after <= 0.5


def test_a_target_that_is_not_looked_at_is_left_out_and_the_rest_goes_on() -> None:
    run = calibrate(TrackerSettings(bias_deg=2.0), skip=3)
    assert error_deg(run)[1] <= 0.5
    others = [one for i, one in enumerate(run.state.gathered) if i != 3]
    assert all(one is not None for one in others)
    missed = run.state.gathered[3]
    assert missed is None or float(np.degrees(angle_rad(missed.middle, missed.target))) > 4.0


def test_all_of_it_takes_less_than_half_a_minute() -> None:
    assert calibrate(TrackerSettings()).seconds < 30.0


def test_closed_eyes_gather_nothing() -> None:
    points = target_directions(NINE[:2], FIELD_DEG)
    state = Targets(points)
    for k in range(2000):
        state = step(state, GazeSample(k * PERIOD_NS, points[0], 0.1), k * PERIOD_NS)
    assert state.done
    assert state.gathered == (None, None)


def test_a_target_shrinks_and_says_how_far_it_is() -> None:
    points = target_directions(NINE[:1], FIELD_DEG)
    state = step(Targets(points), None, 0)
    sizes = [shown.size_rad for t_ms in (0, 300, 700, 900) if (shown := state.shown(t_ms * 1_000_000)) is not None]
    assert sizes[0] > sizes[1] > sizes[2] == sizes[3]
    progress = []
    for k in range(1, 400):
        state = step(state, GazeSample(k * PERIOD_NS, points[0], 1.0), k * PERIOD_NS)
        shown = state.shown(k * PERIOD_NS)
        progress.append(1.0 if shown is None else shown.progress)
    assert progress == sorted(progress)
    assert progress[0] == 0.0
    assert progress[-1] == 1.0


def test_precision_and_accuracy_are_those_of_the_definitions() -> None:
    target = np.array([0.0, 0.0, -1.0])
    a, b = (np.array([np.sin(x), 0.0, -np.cos(x)]) for x in np.radians([1.0, 1.2]))
    seen = TargetGaze.of(target, [a, b] * 20, np.arange(40) * PERIOD_NS)
    quality = quality_of([seen])
    assert np.degrees(quality.accuracy_rad) == pytest.approx(1.1)
    assert np.degrees(quality.precision_rad) == pytest.approx(0.2)
    assert np.degrees(quality.offset_rad) == pytest.approx([1.1, 0.0])
    assert np.degrees(quality.std_rad) == pytest.approx(0.1)


def test_a_glance_elsewhere_is_cut() -> None:
    target = np.array([0.0, 0.0, -1.0])
    away = np.array([np.sin(0.3), 0.0, -np.cos(0.3)])
    seen = TargetGaze.of(target, [target] * 30 + [away] * 5, np.arange(35) * PERIOD_NS)
    assert len(seen.samples) == 30
    assert quality_of([seen]).accuracy_rad == pytest.approx(0.0, abs=1e-9)
