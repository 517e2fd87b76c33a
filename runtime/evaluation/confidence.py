"""Means with confidence limits, by bootstrap over what is independent."""

from functools import lru_cache

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

DRAWS = 2000
LIMITS = (0.025, 0.975)


class Estimate(Struct, frozen=True):
    """A mean over ``count`` objects, and its 95 % confidence limits."""

    mean: float
    low: float
    high: float
    count: int


def estimate(values: NDArray[np.float64], groups: NDArray[np.str_]) -> Estimate:
    """The mean of ``values`` (N,), N > 0, that belong to ``groups`` (N,), with its limits.

    By the percentile bootstrap (Efron and Tibshirani, 1993). Whole groups are drawn, not single values: objects of one
    photograph or video resemble each other. With a single group, its values are drawn; a single value has no limits
    (NaN). For paired differences give the differences.
    """
    if len(values) == 1:
        return Estimate(float(values[0]), float("nan"), float("nan"), 1)
    names, members = np.unique(groups, return_inverse=True)
    if len(names) == 1:
        members = np.arange(len(values))
    counts = np.bincount(members).astype(np.float64)  # (G,)
    sums = np.bincount(members, values)
    drawn = _drawn(len(counts))
    low, high = np.quantile((drawn @ sums) / (drawn @ counts), LIMITS)
    return Estimate(float(values.mean()), float(low), float(high), len(values))


@lru_cache(maxsize=8)
def _drawn(groups: int) -> NDArray[np.float64]:
    """How often each of the groups is drawn, (DRAWS, groups); the same ones each time."""
    rng = np.random.default_rng(0)
    return rng.multinomial(groups, np.full(groups, 1.0 / groups), size=DRAWS).astype(np.float64)
