"""Randomness as a function of time: smooth wandering, and episodes such as blinks.

Both can be asked for any instant in any order and give the same answer for the same seed, because nothing depends on
what was asked before. That is what makes a simulated session repeatable whatever the timing of the machine.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Draw = Callable[[np.random.Generator], float]


class Wander:
    """A smooth random motion of ``channels`` values: sines of random phase at frequencies spread over a band.

    Spectral representation of a stationary random process (M. Shinozuka & G. Deodatis, "Simulation of stochastic
    processes by spectral representation", Applied Mechanics Reviews 44(4), 1991). Amplitudes fall as 1/f, so the power
    falls as 1/f^2 as that of a random walk does, which is what eyes and bodies that try to stand still do.
    """

    def __init__(self, rng: np.random.Generator, std: Sequence[float], band_hz: tuple[float, float]) -> None:
        """``std``: standard deviation of each channel, in whatever unit the values shall have."""
        low, high = band_hz
        lines = 10
        edges = np.geomspace(low, high, lines + 1)
        frequency_hz = rng.uniform(edges[:-1], edges[1:], size=(len(std), lines))  # (channels, lines)
        amplitude = 1.0 / frequency_hz
        amplitude *= np.sqrt(2.0) * np.asarray(std)[:, None] / np.linalg.norm(amplitude, axis=1, keepdims=True)
        self._omega = 2.0 * math.pi * frequency_hz
        self._amplitude = amplitude
        self._phase = rng.uniform(0.0, 2.0 * math.pi, size=frequency_hz.shape)

    def at(self, t_ns: int) -> Array:
        """The values (channels,) at an instant."""
        value: Array = (self._amplitude * np.sin(self._omega * (t_ns * 1e-9) + self._phase)).sum(axis=1)
        return value

    @property
    def max_rate(self) -> Array:
        """A bound (channels,) on the rate of change, per second."""
        bound: Array = (self._amplitude * self._omega).sum(axis=1)
        return bound


class Episodes:
    """Random intervals that do not overlap: blinks, moments in which the tracker loses the eye.

    ``gap_s`` and ``length_s`` draw the seconds between two episodes and the length of one. A hundred bytes are kept per
    episode, so that any past instant can be asked for.
    """

    def __init__(self, rng: np.random.Generator, start_ns: int, gap_s: Draw, length_s: Draw) -> None:
        self._rng, self._gap_s, self._length_s = rng, gap_s, length_s
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._known_until_ns = start_ns

    def nearest(self, t_ns: int) -> tuple[tuple[int, int] | None, tuple[int, int]]:
        """The last episode that began at or before ``t_ns`` (None if there was none) and the first that begins later.

        Episodes are (start_ns, end_ns).
        """
        while not self._starts or self._starts[-1] <= t_ns:
            start_ns = self._known_until_ns + round(1e9 * self._gap_s(self._rng))
            end_ns = start_ns + round(1e9 * self._length_s(self._rng))
            self._starts.append(start_ns)
            self._ends.append(end_ns)
            self._known_until_ns = end_ns
        i = bisect_right(self._starts, t_ns)
        last = (self._starts[i - 1], self._ends[i - 1]) if i else None
        return last, (self._starts[i], self._ends[i])
