"""From views of a board to a camera: leave out what is bad, try the lenses, and take the one that predicts best."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gazeline.calib.camera_base import Array
from gazeline.calib.intrinsics import FEWEST_VIEWS, Solution, View, solve
from gazeline.calib.lenses import LENSES
from gazeline.calib.pose import rms, solve_pose

AUTO = ("pinhole", "radtan", "fisheye")  # from the simplest one
_FOLDS = 5
_BETTER = 0.98  # a lens of more numbers must predict better by two percent
_SOFT_PX = 4.0  # edges wider than this and than twice those of the sharper views are left out
_WORSE = 3.0  # times the median error of the views
_HARMLESS_PX = 0.3


@dataclass(frozen=True)
class LeftOut:
    """A picture that was not used, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Trial:
    """How one lens did: over the views that it was fitted to, and over views that it was not (5-fold, px).

    ``beyond``: corners of the latter to which the lens, as fitted to the others, does not reach; they are not counted.
    """

    lens: str
    rms_px: float
    held_out_px: float
    beyond: int


@dataclass(frozen=True, eq=False)
class Calibration:
    """The chosen solution, how all lenses did, and which views were left out."""

    solution: Solution
    trials: tuple[Trial, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def trial(self) -> Trial:
        """How the chosen lens did."""
        return next(trial for trial in self.trials if trial.lens == self.solution.lens.name)


def calibrate(views: Sequence[View], width: int, height: int, lenses: Sequence[str] = AUTO) -> Calibration:
    """Calibrate a camera; of several lenses, the one with the least error on views it was not fitted to is taken.

    Raises ValueError with one sentence where the views do not suffice.
    """
    kept, left_out = _sharp(views)
    solutions = _solved(kept, width, height, lenses)
    while True:
        judge = min(solutions, key=lambda s: float(np.median(_errors(s))))
        errors = _errors(judge)
        limit = max(_WORSE * float(np.median(errors)), _HARMLESS_PX)
        bad = int(np.argmax(errors))
        if errors[bad] <= limit or len(kept) <= FEWEST_VIEWS:
            break
        reason = f"its error of {errors[bad]:.2f} px is more than {_WORSE:g} times that of the others"
        left_out.append(LeftOut(kept[bad].name, reason))
        kept = [view for i, view in enumerate(kept) if i != bad]
        solutions = [solve(s.lens, kept, width, height, near=s) for s in solutions]
    trials = tuple(_trial(solution, width, height) for solution in solutions)
    best = 0
    for i, trial in enumerate(trials):
        if _predicts_better(trial, trials[best]):
            best = i
    return Calibration(solutions[best], trials, tuple(left_out))


def _solved(views: Sequence[View], width: int, height: int, lenses: Sequence[str]) -> list[Solution]:
    """With each of the lenses that can make the views at all; a pinhole cannot where they surround the camera."""
    solutions, errors = [], []
    for name in lenses:
        try:
            solutions.append(solve(LENSES[name], views, width, height))
        except ValueError as error:
            errors.append(error)
    if not solutions:
        raise errors[0]
    return solutions


def _predicts_better(new: Trial, old: Trial) -> bool:
    if (new.beyond > 0) != (old.beyond > 0):
        return new.beyond == 0
    fewer = len(LENSES[new.lens].names) <= len(LENSES[old.lens].names)
    return new.held_out_px < old.held_out_px * (1.0 if fewer else _BETTER)


def _sharp(views: Sequence[View]) -> tuple[list[View], list[LeftOut]]:
    rise = np.array([view.rise_px for view in views])
    known = rise[np.isfinite(rise)]
    limit = max(_SOFT_PX, 2.0 * float(np.quantile(known, 0.25))) if known.size else np.inf
    kept = [view for view in views if not view.rise_px > limit]
    blurred = [view for view in views if view.rise_px > limit]
    return kept, [LeftOut(view.name, f"blurred: its edges are {view.rise_px:.1f} px wide") for view in blurred]


def _errors(solution: Solution) -> Array:
    return np.array([rms(r) for r in solution.residuals_px])


def _trial(solution: Solution, width: int, height: int) -> Trial:
    """Each view is judged with the lens as fitted to others; only the board's pose is its own."""
    views = solution.views
    folds = min(_FOLDS, len(views))
    residuals, beyond = [np.zeros((0, 2))], 0
    for fold in range(folds):
        rest = [view for i, view in enumerate(views) if i % folds != fold]
        if len(rest) < FEWEST_VIEWS:
            break
        camera = solve(solution.lens, rest, width, height, near=solution).camera
        for view in views[fold::folds]:
            _, reached = camera.unproject(view.px)
            beyond += int(np.count_nonzero(~reached))
            if np.count_nonzero(reached) >= 6:
                pose = solve_pose(camera, view.p_m[reached], view.px[reached])
                residuals += [pose.residuals_px] if pose is not None else []
    return Trial(solution.lens.name, solution.rms_px, rms(np.concatenate(residuals)), beyond)
