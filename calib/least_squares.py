"""Nonlinear least squares by Levenberg and Marquardt, for states that are not plain vectors (lenses, poses).

D. W. Marquardt, "An algorithm for least-squares estimation of nonlinear parameters", SIAM J. 11(2), 1963; the damping
follows H. B. Nielsen, "Damping parameter in Marquardt's method", IMM-REP-1999-05.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
S = TypeVar("S")

_STEPS = 100
_SMALL = 1e-10  # relative fall of the cost below which nothing more is to be had


@dataclass(frozen=True, eq=False)
class Linear:
    """A problem seen from one state: half the sum of squares, its gradient (P,), and the normal matrix J'J (P, P)."""

    cost: float
    gradient: Array
    normal: Array


@dataclass(frozen=True, eq=False)
class Minimum(Generic[S]):
    """Where the search ended, the problem seen from there, and whether it came to rest."""

    state: S
    linear: Linear
    settled: bool


def minimise(
    start: S, linearise: Callable[[S], Linear], cost: Callable[[S], float], moved: Callable[[S, Array], S]
) -> Minimum[S]:
    """Walk downhill from ``start``; ``moved`` takes a state by a step (P,). A cost that is not finite is a wall."""
    state, here = start, linearise(start)
    damping, factor = 1e-4, 2.0
    for _ in range(_STEPS):
        scale = np.maximum(np.diag(here.normal), 1e-12 * max(float(np.diag(here.normal).max(initial=0.0)), 1e-30))
        try:
            step = -np.linalg.solve(here.normal + np.diag(damping * scale), here.gradient)
        except np.linalg.LinAlgError:
            damping, factor = damping * factor, factor * 2.0
            continue
        expected = 0.5 * float(step @ (damping * scale * step - here.gradient))
        try:
            there = moved(state, np.asarray(step, np.float64))
            gained = here.cost - cost(there)
        except ValueError:  # a focal length below zero and the like
            gained = -np.inf
        if np.isfinite(gained) and gained > 0.0:
            state, before = there, here.cost
            here = linearise(state)
            ratio = gained / max(expected, 1e-300)
            damping, factor = damping * max(1.0 / 3.0, 1.0 - (2.0 * ratio - 1.0) ** 3), 2.0
            if gained < _SMALL * before:
                return Minimum(state, here, settled=True)
        else:
            if expected < _SMALL * here.cost or here.cost == 0.0:
                return Minimum(state, here, settled=True)
            damping, factor = damping * factor, factor * 2.0
            if damping > 1e16:
                break
    return Minimum(state, here, settled=False)


def inverse(normal: Array) -> Array:
    """The inverse of a normal matrix, scaled first; a direction that nothing was learnt about gets a huge variance."""
    scale = 1.0 / np.sqrt(np.maximum(np.diag(normal), 1e-300))
    values, vectors = np.linalg.eigh(normal * np.outer(scale, scale))
    inverted = (vectors / np.maximum(values, 1e-14)) @ vectors.T
    return np.asarray(inverted * np.outer(scale, scale))
