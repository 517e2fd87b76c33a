"""What came of a gaze calibration: the fit, how good it is at targets it has not seen, and a verdict with advice."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from gazeline.calib.gaze_mapping import GazeFit, fit
from gazeline.calib.gaze_quality import Quality, TargetGaze, quality_of
from gazeline.runtime.calibration.gaze_targets import Targets
from gazeline.runtime.gaze.profile import GazeProfile

LEAST_LOOKED_AT = 4
GOOD_DEG, USABLE_DEG = 1.0, 2.0  # of accuracy, at targets that were not fitted
NOISY_DEG = 0.8  # of precision
UNSEEN_WEIGHT = 0.3  # a target that counted for less was not looked at


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of it: the fit, the targets that were fitted and those that check it, and the profile to store."""

    fit: GazeFit
    fitted: list[TargetGaze]
    checked: list[TargetGaze]
    before: Quality
    after: Quality
    profile: GazeProfile


@dataclass(frozen=True)
class Verdict:
    """Whether the calibration is good enough to be used, and what to do."""

    passed: bool
    advice: tuple[str, ...]


def verdict(outcome: Outcome) -> Verdict:
    """The judgement of a calibration by its accuracy at targets that were not fitted."""
    accuracy_deg = float(np.degrees(outcome.after.accuracy_rad))
    advice = []
    if np.degrees(outcome.after.precision_rad) > NOISY_DEG:
        advice.append("The samples are noisy: clean the tracker's lenses, and seat the headset firmly.")
    if missed := [str(i + 1) for i, weight in enumerate(outcome.fit.weights) if weight < UNSEEN_WEIGHT]:
        advice.append(f"Not looked at, it seems: target {', '.join(missed)}.")
    if outcome.fit.model == "none":
        advice.append("The tracker is right without a correction; none is made.")
    if accuracy_deg > USABLE_DEG:
        advice.append(f"Failed: gaze is off by {accuracy_deg:.1f} deg; nothing is stored. Seat the headset and repeat.")
    elif accuracy_deg > GOOD_DEG:
        advice.append(f"Usable, not good: gaze is off by {accuracy_deg:.1f} deg; objects smaller than that are missed.")
    else:
        advice.append(f"Good: gaze is off by {accuracy_deg:.2f} deg.")
    return Verdict(accuracy_deg <= USABLE_DEG, tuple(advice))


def outcome_of(targets: Targets, fitted: int, user: str, device: str) -> Outcome:
    """The fit to the first ``fitted`` targets, judged at the others. ValueError where too few were looked at."""
    seen = [one for one in targets.gathered[:fitted] if one is not None]
    checked = [one for one in targets.gathered[fitted:] if one is not None]
    if len(seen) < LEAST_LOOKED_AT or not checked:
        raise ValueError(
            f"only {len(seen) + len(checked)} of {len(targets.targets)} targets were looked at; are they to be seen,"
            " and does the eye tracker see the eyes? Nothing was stored"
        )
    found = fit(np.array([one.middle for one in seen]), np.array([one.target for one in seen]))
    before, after = quality_of(checked), quality_of([one.mapped(found.mapping) for one in checked])
    w, x, y, z = found.mapping.rotation_wxyz.tolist()
    profile = GazeProfile(
        user=user,
        device=device,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        model=found.model,
        rotation_wxyz=(w, x, y, z),
        terms=list(found.mapping.terms),
        coefficients=[(right, up) for right, up in found.mapping.coefficients.tolist()],
        field_rad=found.mapping.field_rad,
        accuracy_rad=after.accuracy_rad,
        uncorrected_rad=before.accuracy_rad,
        precision_rad=after.precision_rad,
    )
    return Outcome(found, seen, checked, before, after, profile)
