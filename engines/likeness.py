"""From the likeness of descriptions to the chance that they are of one thing."""

import numpy as np
from numpy.typing import NDArray

from gazeline.engines.bundle import Likeness

F64 = NDArray[np.float64]


def mean_look(looks: NDArray[np.float32]) -> NDArray[np.float32]:
    """What looks (n, D) at one thing come to, of unit length: it recognises better than the most alike of them."""
    total = looks.sum(axis=0)
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-6), np.float32)


def margins(likeness: F64) -> F64:
    """How much more alike each of n things (n,) is than the most alike one of the others; 0 where there is none."""
    if len(likeness) < 2:
        return np.zeros(len(likeness))
    first = int(np.argmax(likeness))
    second = float(np.delete(likeness, first).max())
    out = likeness - likeness[first]
    out[first] = likeness[first] - second
    return np.asarray(out)


def chances(likeness: F64, how: Likeness) -> F64:
    """The chance that a look is at each of n known things, given its cosine with the mean look at each (n,).

    They sum to one at most; what lacks is the chance that it is none of them.
    """
    logit = how.slope * (likeness - how.middle) + how.margin * margins(likeness)
    chance = 1.0 / (1.0 + np.exp(-np.clip(logit, -40.0, 40.0)))
    return np.asarray(chance / max(1.0, float(chance.sum())))
