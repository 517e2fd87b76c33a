"""Drift of gaze among known things: a slip is noticed within seconds, and steady gaze never raises an alarm."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.runtime.gaze_drift import Drift, Look

Array = NDArray[np.float64]

SLIP_S, END_S = 12.0, 24.0
LOOK_S = 0.4


def things(rng: np.random.Generator) -> list[tuple[Array, float]]:
    """Discs that do not touch: middles in a field of 60 x 40 degrees, radii of 1 to 4."""
    found: list[tuple[Array, float]] = []
    while len(found) < 28:
        middle, radius = rng.uniform((-30, -20), (30, 20)), float(rng.uniform(0.8, 4.0))
        if all(np.hypot(*(middle - other)) > radius + r for other, r in found):
            found.append((middle, radius))
    return found


def watch(seed: int, slip_deg: Array, each: Callable[[float, Drift], None]) -> None:
    """Somebody looks from thing to thing; halfway the headset slips. Only what gaze fell on is known."""
    rng = np.random.default_rng(seed)
    discs = things(rng)
    known: dict[int, float] = {}
    drift = Drift()
    for number, t_s in enumerate(np.arange(0.0, END_S, LOOK_S).tolist()):
        middle, radius = discs[int(rng.integers(len(discs)))]
        way, angle = radius * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
        anywhere = middle + way * np.array([np.cos(angle), np.sin(angle)])
        place = anywhere if rng.random() < 0.3 else middle + rng.normal(0, 0.35 * radius, 2)
        gaze = place + (slip_deg if t_s >= SLIP_S else 0.0) + rng.normal(0, 0.3, 2)
        hit = [i for i, (m, r) in enumerate(discs) if np.hypot(*(gaze - m)) <= r]
        known |= dict.fromkeys(hit, t_s)
        near = [i for i, seen_s in known.items() if t_s - seen_s <= 10 and np.hypot(*(discs[i][0] - gaze)) < 9]
        if near:
            offsets = np.radians([discs[i][0] - gaze for i in near])
            drift = drift.added(Look(round(t_s * 1e9), number, offsets, np.radians([discs[i][1] for i in near])))
        each(t_s, drift)


def noticed_at(seed: int, slip_deg: Array) -> tuple[float | None, Drift]:
    """When the drift was noticed first, and what is known at the end."""
    times: list[float] = []
    last = [Drift()]

    def each(t_s: float, drift: Drift) -> None:
        last[0] = drift
        if drift.message is not None and drift.message.noticed:
            times.append(t_s)

    watch(seed, slip_deg, each)
    return (times[0] if times else None), last[0]


SLIPS = [(0.0, 3.0), (2.5, -1.5), (-4.0, 0.0)]


def test_slips_are_noticed_within_ten_seconds_and_not_before() -> None:
    took_s = []
    for slip in SLIPS:
        for seed in range(4):
            noticed_s, drift = noticed_at(seed, np.array(slip))
            assert noticed_s is not None
            took_s.append(noticed_s - SLIP_S)
            assert drift.message is not None
            found = np.degrees([drift.message.right_rad, drift.message.up_rad])
            assert found == pytest.approx(-np.array(slip), abs=1.0), "it points back to where gaze belongs"
    assert min(took_s) > 0.0, "not before it slips"
    assert sum(each <= 10.0 for each in took_s) >= 0.9 * len(took_s)  # where one looks is chance


@pytest.mark.parametrize("seed", range(12))
def test_steady_gaze_raises_no_alarm(seed: int) -> None:
    assert noticed_at(seed, np.zeros(2))[0] is None


def test_a_fixation_counts_once_and_old_ones_not_at_all() -> None:
    look = Look(0, 1, np.zeros((1, 2)), np.array([0.02]))
    drift = Drift().added(look).added(Look(10, 1, np.zeros((1, 2)), np.array([0.02])))
    assert len(drift.looks) == 1
    assert len(drift.added(Look(9_000_000_000, 2, np.zeros((1, 2)), np.array([0.02]))).looks) == 1
    assert drift.message is None, "one look says nothing"
