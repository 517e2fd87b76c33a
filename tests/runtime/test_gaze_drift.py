"""Drift of gaze among known things: a slip is noticed within seconds, and steady gaze never raises an alarm."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.calib.gaze_mapping import direction_of
from gazeline.runtime.gaze.drift import Drift, Look

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
        near = [i for i, seen_s in known.items() if t_s - seen_s <= 10 and np.hypot(*(discs[i][0] - gaze)) < 11]
        if near:
            offsets = np.radians([discs[i][0] - gaze for i in near])
            areas = np.stack([np.radians(discs[i][1]) ** 2 / 4.0 * np.eye(2) for i in near])  # a disc's covariance
            look = Look.among(round(t_s * 1e9), number, direction_of(np.radians(gaze)), offsets, areas)
            drift = drift.added(look)
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


def look(t_ns: int, number: int, toward_deg: float = 0.0) -> Look:
    d = direction_of(np.radians([toward_deg, 0.0]))
    return Look.among(t_ns, number, d, np.radians([[0.0, 3.0]]), np.array([np.eye(2)]) * np.radians(1.0) ** 2)


def test_a_fixation_counts_once_and_old_ones_not_at_all() -> None:
    drift = Drift().added(look(0, 1)).added(look(10, 1))
    assert len(drift.looks) == 1
    assert len(drift.added(look(10_000_000_000, 2)).looks) == 1
    assert drift.message is None, "one look says nothing"


def test_looks_side_by_side_are_one_witness() -> None:
    """Twenty looks at one place, three degrees below a thing, are less than ten at ten such places."""
    one, many = Drift(), Drift()
    for number in range(10):
        many = many.added(look(number, number, 10.0 * number))
    for number in range(20):
        one = one.added(look(number, number))
    assert one.message is not None
    assert many.message is not None
    assert not one.message.noticed
    assert many.message.noticed
    assert np.degrees([many.message.right_rad, many.message.up_rad]) == pytest.approx([0.0, 3.0], abs=0.7)


def test_a_long_thing_is_looked_at_along_its_length() -> None:
    """Looks at both ends of a bar, more at the one, are no drift; were it a disc as large, they would be."""
    bar = np.diag([4.0, 0.09]) * np.radians(1.0) ** 2
    disc = np.diag([0.6, 0.6]) * np.radians(1.0) ** 2
    for area, noticed in ((bar, False), (disc, True)):
        drift = Drift()
        for number in range(12):
            d = direction_of(np.radians([0.0, 9.0 * number - 50.0]))
            offset = np.radians([[2.5 if number % 3 else -2.5, 0.0]])
            drift = drift.added(Look.among(number, number, d, offset, area[None]))
        assert drift.message is not None
        assert drift.message.noticed == noticed
