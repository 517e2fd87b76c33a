"""A wearer's gaze mapping: from the direction that an eye tracker reports to the one that is looked at, and its fit.

Trackers err by a little stretch and bend over the field (the cornea, the lenses before it) and by a turn (the angle
between the optical and the visual axis, a headset that sits askew). So the mapping is a low-order polynomial in the two
angles of the reported direction, as regression-based calibration has them (J. Cerrolaza, A. Villanueva & R. Cabeza,
"Study of polynomial mapping functions in video-oculography eye trackers", ACM TOCHI 19(2), 2012), and a rotation after
it. How much of it is used is decided by leaving each target out in turn. No mapping at all takes part, so that the one
chosen is not worse than none on targets it has not seen.

Directions are unit vectors in the head frame (x right, y up, -z forward).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazeline.calib import so3

Array = NDArray[np.float64]

# Terms of the polynomial in (right, up), rad, by model. The simplest is tried first.
TERMS: dict[str, tuple[tuple[int, int], ...]] = {
    "none": (),
    "rotation": (),
    "linear": ((1, 0), (0, 1)),
    "quadratic": ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2)),
}
LEAST_TARGETS = {"none": 0, "rotation": 2, "linear": 5, "quadratic": 9}
WORTH_IT = 0.95  # a model with more terms must bring the error below this share of the simpler one's
HUBER = 1.345  # residuals beyond so many scales count less (P. Huber, 1964: 95 % efficiency)
FLOOR_RAD = np.radians(0.2)  # residuals below a tracker's usual noise are all alike
ROUNDS = 12


@dataclass(frozen=True, eq=False)
class GazeMapping:
    """To the angles of a reported direction, ``coefficients`` (K, 2) of the monomials ``terms`` are added, rad; then it
    is turned by ``rotation_wxyz``.

    ``field_rad``: half the width and height of the calibrated field; the polynomial is held constant beyond it.
    """

    rotation_wxyz: Array = field(default_factory=lambda: np.array([1.0, 0.0, 0.0, 0.0]))
    terms: tuple[tuple[int, int], ...] = ()
    coefficients: Array = field(default_factory=lambda: np.zeros((0, 2)))
    field_rad: tuple[float, float] = (0.0, 0.0)

    def apply(self, d_head: ArrayLike) -> Array:
        """The corrected unit directions (..., 3) of reported ones (..., 3)."""
        return self._bent(d_head) @ so3.to_matrix(self.rotation_wxyz).T

    def then(self, rotation_wxyz: ArrayLike) -> "GazeMapping":
        """This mapping followed by a turn, as a drift is corrected."""
        return replace(self, rotation_wxyz=so3.multiply(rotation_wxyz, self.rotation_wxyz))

    def _bent(self, d_head: ArrayLike) -> Array:
        d = np.asarray(d_head, np.float64)
        if not self.terms:
            return d
        angles = angles_of(d)
        return direction_of(angles + _monomials(angles, self.terms, self.field_rad) @ self.coefficients)


@dataclass(frozen=True, eq=False)
class GazeFit:
    """The mapping that was chosen and why: the ``model``'s name, the error at left-out targets of every model that was
    tried, rad, and the weight (T,) of each target, 0..1: targets near 0 were not looked at."""

    mapping: GazeMapping
    model: str
    left_out_rad: dict[str, float]
    weights: Array


def angles_of(d_head: ArrayLike) -> Array:
    """Directions (..., 3) as angles (..., 2), rad: to the right of straight ahead, and above the horizontal plane."""
    d = np.asarray(d_head, np.float64)
    return np.stack([np.arctan2(d[..., 0], -d[..., 2]), np.arctan2(d[..., 1], np.hypot(d[..., 0], d[..., 2]))], axis=-1)


def direction_of(angles: ArrayLike) -> Array:
    """Unit directions (..., 3) of angles (..., 2), rad; the inverse of `angles_of`."""
    right, up = np.moveaxis(np.asarray(angles, np.float64), -1, 0)
    return np.stack([np.sin(right) * np.cos(up), np.sin(up), -np.cos(right) * np.cos(up)], axis=-1)


def fit(reported: ArrayLike, targets: ArrayLike) -> GazeFit:
    """The mapping from reported directions (T, 3), one for each target, to the targets' own (T, 3).

    Robust: a target that was not looked at loses its weight. ValueError with fewer than three targets.
    """
    reported, targets = np.asarray(reported, np.float64), np.asarray(targets, np.float64)
    count = len(targets)
    if count < 3 or reported.shape != targets.shape:
        raise ValueError(f"a gaze calibration needs at least 3 targets that were looked at; there are {count}")
    weights = _solve("rotation", reported, targets)[1]
    left_out: dict[str, float] = {}
    chosen = "none"
    for model, least in LEAST_TARGETS.items():
        if count < least:
            continue
        left_out[model] = _left_out_rad(model, reported, targets, weights)
        if left_out[model] < WORTH_IT * left_out[chosen]:
            chosen = model
    mapping, weights = _solve(chosen, reported, targets)
    return GazeFit(mapping, chosen, left_out, weights)


def turn_between(d_from: ArrayLike, d_to: ArrayLike) -> Array:
    """The shortest turn, as quaternion (w, x, y, z), that takes one unit direction (3,) to another."""
    a, b = np.asarray(d_from, np.float64), np.asarray(d_to, np.float64)
    axis = np.cross(a, b)
    length = float(np.linalg.norm(axis))
    return so3.exp(axis / length * np.arctan2(length, float(a @ b)) if length > 1e-12 else np.zeros(3))


def _left_out_rad(model: str, reported: Array, targets: Array, weights: Array) -> float:
    """The mean error at targets that took no part in the fit, each counting by its weight."""
    errors = np.zeros(len(targets))
    for i in range(len(targets)):
        others = np.arange(len(targets)) != i
        mapping = _solve(model, reported[others], targets[others])[0]
        errors[i] = so3.angle_rad(mapping.apply(reported[i]), targets[i])
    return float(np.average(errors, weights=weights + 1e-9))


def _solve(model: str, reported: Array, targets: Array) -> tuple[GazeMapping, Array]:
    """Iteratively reweighted least squares, turn and polynomial by turns: the mapping, and what each target counted
    for (T,)."""
    mapping, weights = GazeMapping(), np.ones(len(targets))
    for _ in range(ROUNDS):
        if model != "none":
            mapping = replace(mapping, rotation_wxyz=_rotation(mapping._bent(reported), targets, weights))
        if TERMS[model]:
            mapping = _with_polynomial(mapping, TERMS[model], reported, targets, weights)
        weights = _huber(so3.angle_rad(mapping.apply(reported), targets))
    return mapping, weights


def _with_polynomial(
    mapping: GazeMapping, terms: tuple[tuple[int, int], ...], reported: Array, targets: Array, weights: Array
) -> GazeMapping:
    angles = angles_of(reported)
    wanted = angles_of(targets @ so3.to_matrix(mapping.rotation_wxyz)) - angles
    right, up = np.abs(angles).max(axis=0).tolist()
    root = np.sqrt(weights)[:, None]
    coefficients: Array = np.linalg.lstsq(root * _monomials(angles, terms, (right, up)), root * wanted, rcond=None)[
        0
    ].astype(np.float64)
    return replace(mapping, terms=terms, coefficients=coefficients, field_rad=(right, up))


def _rotation(reported: Array, targets: Array, weights: Array) -> Array:
    """The turn that takes directions to directions best (G. Wahba, SIAM Review 7(3), 1965; by singular values: F.
    Markley, J. Astronautical Sciences 36, 1988)."""
    u, _, vt = np.linalg.svd((targets * weights[:, None]).T @ reported)
    flip = np.diag([1.0, 1.0, np.linalg.det(u) * np.linalg.det(vt)])
    return so3.from_matrix(u @ flip @ vt)


def _monomials(angles: Array, terms: Sequence[tuple[int, int]], field_rad: tuple[float, float]) -> Array:
    """(..., K) of angles (..., 2), which are held at the field's border: polynomials run away beyond their data."""
    held = np.clip(angles, -np.array(field_rad), field_rad)
    return np.stack([held[..., 0] ** i * held[..., 1] ** j for i, j in terms], axis=-1)


def _huber(residuals_rad: Array) -> Array:
    scale = max(1.4826 * float(np.median(residuals_rad)), float(FLOOR_RAD))
    return np.minimum(1.0, HUBER * scale / np.maximum(residuals_rad, 1e-12))
