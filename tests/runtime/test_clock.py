"""Clocks that are skewed and messages that are late: the offset is found, and its stated uncertainty holds."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazeline.runtime import messages as m
from gazeline.runtime.clock import ClockDomain, ClockOffset, OffsetEstimator, best, domain_of, midpoint, stamped
from gazeline.runtime.wire import Received

MS = 1_000_000
S = 1_000_000_000


def skewed(offset_ns: int, ppm: float) -> Callable[[int], int]:
    """A remote clock: host time to its time."""
    return lambda host_ns: round((host_ns - offset_ns) * (1 + ppm * 1e-6))


def gaze(timestamp: float | None, capture_ns: int | None = None) -> m.Gaze:
    return m.Gaze(topic="gaze.3d.01.", confidence=1.0, timestamp=timestamp, capture_ns=capture_ns)


@given(
    st.integers(-(10**15), 10**15),
    st.integers(0, 10**15),
    st.integers(0, 50 * MS),
    st.integers(0, 50 * MS),
)
def test_the_midpoint_is_true_within_its_uncertainty(offset_ns: int, sent_ns: int, there_ns: int, back_ns: int) -> None:
    remote_ns = sent_ns + there_ns - offset_ns
    found = midpoint(sent_ns, remote_ns, sent_ns + there_ns + back_ns)
    assert abs(found.offset_ns - offset_ns) <= found.uncertainty_ns
    assert found.round_trip_ns == there_ns + back_ns


def test_the_shortest_round_trip_wins() -> None:
    offsets = [ClockOffset(5, 50, 100), ClockOffset(7, 10, 20), ClockOffset(9, 30, 60)]
    assert best(offsets).offset_ns == 7
    with pytest.raises(ValueError, match="empty"):
        best([])


@pytest.mark.parametrize("ppm", [-80.0, 0.0, 80.0])
def test_exchanges_over_a_jittery_network_bound_the_error(ppm: float) -> None:
    rng = random.Random(3)
    remote = skewed(123 * S, ppm)
    estimator = OffsetEstimator()
    for second in range(200, 260):
        now = second * S
        there, back = (rng.randint(100_000, 300_000) + int(rng.expovariate(1 / (3 * MS))) for _ in range(2))
        estimator = estimator.exchanged(midpoint(now, remote(now + there), now + there + back))
        later = now + rng.randint(1, S)
        found = estimator.offset(later)
        assert found is not None
        assert abs(found.offset_ns - (later - remote(later))) <= found.uncertainty_ns
    assert found is not None
    assert found.uncertainty_ns < 3 * MS


@pytest.mark.parametrize("ppm", [-80.0, 0.0, 80.0])
def test_one_way_the_least_delay_is_found_whatever_the_jitter(ppm: float) -> None:
    rng = random.Random(4)
    remote = skewed(-50 * S, ppm)
    estimator = OffsetEstimator(delay_ns=2 * MS)
    for sample in range(120 * 60):
        capture = 100 * S + sample * S // 120
        receive = capture + 2 * MS + int(rng.expovariate(1 / (8 * MS)))
        estimator = estimator.heard(remote(capture), receive)
        if sample > 240:
            found = estimator.offset(receive)
            assert found is not None
            assert abs(found.offset_ns - (receive - remote(receive))) < 1.5 * MS
    assert len(estimator.minima) <= 10  # bounded


def test_exchanges_go_before_arrival_times_while_they_are_fresh() -> None:
    estimator = OffsetEstimator().exchanged(midpoint(10 * S, 4 * S, 10 * S + MS))
    estimator = estimator.heard(5 * S, 11 * S + 40 * MS)
    found = estimator.offset(11 * S)
    assert found is not None
    assert found.offset_ns == 6 * S + MS // 2
    later = estimator.offset(1000 * S)  # an old exchange says less than what arrives now
    assert later is not None
    assert later.round_trip_ns == 0


@pytest.mark.parametrize("jump_s", [-500, 500])
@pytest.mark.parametrize("with_exchange", [False, True])
def test_a_clock_that_was_set_is_followed(jump_s: int, with_exchange: bool) -> None:
    estimator = OffsetEstimator()
    if with_exchange:
        estimator = estimator.exchanged(midpoint(1000 * S, 900 * S, 1000 * S + MS))
    estimator = estimator.heard(901 * S, 1001 * S + MS)
    estimator = estimator.heard((902 + jump_s) * S, 1002 * S + MS)
    found = estimator.offset(1002 * S + MS)
    assert found is not None
    assert abs(found.offset_ns - (100 - jump_s) * S) <= found.uncertainty_ns


def test_messages_are_stamped_in_the_hosts_clock() -> None:
    ours = Received(gaze(None, capture_ns=5), (), 10)
    assert domain_of(ours.message) is ClockDomain.HOST
    assert stamped(ours, OffsetEstimator()) == (ours, OffsetEstimator())

    pupils = Received(gaze(6034.25), (), 7000 * S)
    assert domain_of(pupils.message) is ClockDomain.SENDER
    known = OffsetEstimator().exchanged(midpoint(6999 * S, 6034 * S, 6999 * S + 2 * MS))
    received, _ = stamped(pupils, known)
    assert received.message.capture_ns == 6999 * S + MS + 250 * MS
    assert received.message.timestamp == 6034.25
    assert pupils.message.capture_ns is None  # values in, values out


@given(st.floats(-9e9, 9e9), st.floats(-9e9, 9e9), st.integers(0, 2**62), st.integers(0, 20 * S))
def test_nothing_is_captured_after_it_arrived(first: float, second: float, receive_ns: int, gap_ns: int) -> None:
    estimator = OffsetEstimator()
    for timestamp, at_ns in ((first, receive_ns), (second, receive_ns + gap_ns)):
        received, estimator = stamped(Received(gaze(timestamp), (), at_ns), estimator)
        assert received.message.capture_ns is not None
        assert 0 <= received.message.capture_ns <= at_ns
