"""Clocks that are skewed and messages that are late: the offset is found, and its stated uncertainty holds."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazeline.runtime import messages as m
from gazeline.runtime.clock import (
    ClockDomain,
    ClockOffset,
    Clocks,
    OffsetEstimator,
    best,
    domain_of,
    midpoint,
    stamped,
)
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
    assert stamped(ours, Clocks())[0] == ours

    pupils = Received(gaze(6034.25), (), 7000 * S)
    assert domain_of(pupils.message) is ClockDomain.SENDER
    known = Clocks().exchanged(midpoint(6999 * S, 6034 * S, 6999 * S + 2 * MS))
    received, _ = stamped(Received(gaze(6034.25), (), 6999 * S + 255 * MS), known)
    assert received.message.capture_ns == 6999 * S + MS + 250 * MS
    assert received.message.timestamp == 6034.25
    assert pupils.message.capture_ns is None  # values in, values out


@given(st.floats(-9e9, 9e9), st.floats(-9e9, 9e9), st.integers(0, 2**62), st.integers(0, 20 * S))
def test_nothing_is_captured_after_it_arrived(first: float, second: float, receive_ns: int, gap_ns: int) -> None:
    clocks = Clocks()
    for timestamp, at_ns in ((first, receive_ns), (second, receive_ns + gap_ns)):
        received, clocks = stamped(Received(gaze(timestamp), (), at_ns), clocks)
        assert received.message.capture_ns is not None
        assert 0 <= received.message.capture_ns <= at_ns


def picture(timestamp: float | None, capture_ns: int | None = None) -> m.Frame:
    return m.Frame(
        topic="frame.world", width=4, height=3, index=0, format="gray", timestamp=timestamp, capture_ns=capture_ns
    )


def session(offset_s: float, ppm: float, seconds: int, *, host: bool = False, asked: bool = False) -> Clocks:
    """Gaze within 3 ms and pictures within 35, both with jitter; ``host``: the clock's own time is ``capture_ns``."""
    rng = random.Random(1)
    remote = skewed(round(offset_s * S), ppm)
    clocks = Clocks()
    for sample in range(seconds * 60):
        capture = 1000 * S + sample * S // 60
        for message, delay_ms in ((gaze, 3.0), (picture, 35.0)) if sample % 3 == 0 else ((gaze, 3.0),):
            receive = capture + round(delay_ms * MS) + int(rng.expovariate(1 / (4 * MS)))
            made = message(None, remote(capture)) if host else message(remote(capture) * 1e-9)
            received, clocks = stamped(Received(made, (), receive), clocks)
            if sample > 60 and not host:
                assert received.message.capture_ns is not None
                assert abs(received.message.capture_ns - capture) < (1.5 if asked else 5) * MS
        if asked and sample % 120 == 0:
            there, back = (rng.randint(200_000, 1_200_000) for _ in range(2))
            clocks = clocks.exchanged(midpoint(capture, remote(capture + there), capture + there + back))
    return clocks


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("ppm", [-60.0, 0.0, 60.0])
def test_topics_of_one_clock_share_its_offset_and_its_drift_is_measured(asked: bool, ppm: float) -> None:
    """Alone, the pictures would be stamped 35 ms late; with the gaze they are not."""
    clocks = session(-50.0, ppm, 60, asked=asked)
    now_ns = 1060 * S
    found = clocks.stats(now_ns, limit_ms=20.0)
    alone = clocks.heard["frame.world"].offset(now_ns)
    true_ns = now_ns - skewed(-50 * S, ppm)(now_ns)
    assert alone is not None
    assert alone.offset_ns - true_ns > 30 * MS
    for topic, delay_ms in (("gaze.3d.01.", 3.0), ("frame.world", 35.0)):
        clock = found[topic]
        assert clock.domain == "sender"
        error_ms = clock.offset_ms - true_ns / MS
        assert abs(error_ms) <= clock.uncertainty_ms
        assert clock.delay_ms == pytest.approx(delay_ms - error_ms, abs=1.5)
        assert clock.drift_ppm == pytest.approx(ppm, abs=12.0 if asked else 6.0)
        assert (clock.steps, clock.trouble) == (0, "")


def test_two_senders_with_clocks_of_their_own_are_kept_apart() -> None:
    clocks = Clocks()
    for i in range(100):
        receive = 1000 * S + i * 20 * MS
        looked, clocks = stamped(Received(gaze((receive - 3 * MS) * 1e-9 + 500.0), (), receive), clocks)
        seen, clocks = stamped(Received(picture((receive - 30 * MS) * 1e-9 - 70.0), (), receive), clocks)
    assert looked.message.capture_ns == pytest.approx(receive, abs=MS)
    assert seen.message.capture_ns == pytest.approx(receive, abs=MS)


@pytest.mark.parametrize(
    ("offset_s", "ppm", "said"),
    [
        (0.0, 0.0, ""),
        (-0.3, 0.0, "in the future"),
        (2.0, 0.0, "after capture_ns"),
        (0.0, -1500.0, "drifts by -1"),
    ],
)
def test_capture_ns_of_another_clock_is_warned_of(offset_s: float, ppm: float, said: str) -> None:
    shift = round(1000 * S * ppm * 1e-6)  # so that they agree at the start
    clocks = Clocks()
    rng = random.Random(2)
    for sample in range(60 * 60):
        capture = 1000 * S + sample * S // 60
        stamp = skewed(round(offset_s * S), ppm)(capture) - shift
        receive = capture + 3 * MS + int(rng.expovariate(1 / (2 * MS)))
        _, clocks = stamped(Received(gaze(None, stamp), (), receive), clocks)
    trouble = clocks.stats(1060 * S, limit_ms=20.0)["gaze.3d.01."].trouble
    assert said in trouble
    assert bool(trouble) == bool(said)


def test_delays_that_grow_as_a_machine_gets_busy_are_no_drift() -> None:
    clocks = Clocks()
    for sample in range(60 * 60):
        capture = 1000 * S + sample * S // 60
        receive = capture + 2 * MS + sample * 36 * MS // 3600
        _, clocks = stamped(Received(gaze(None, capture), (), receive), clocks)
    clock = clocks.stats(1060 * S, limit_ms=20.0)["gaze.3d.01."]
    assert clock.drift_ppm == pytest.approx(-600.0, abs=40.0)
    assert clock.trouble == ""


def test_a_clock_that_is_known_too_badly_is_warned_of() -> None:
    clocks = Clocks().exchanged(midpoint(1000 * S, 0, 1000 * S + 80 * MS))
    _, clocks = stamped(Received(gaze(0.1), (), 1000 * S + 120 * MS), clocks)
    assert clocks.stats(1001 * S, limit_ms=20.0)["gaze.3d.01."].trouble == ""  # arrival says more
    assert "within 6 ms" in clocks.stats(1001 * S, limit_ms=5.0)["gaze.3d.01."].trouble


def test_a_clock_that_was_set_is_seen_in_its_answers() -> None:
    clocks = Clocks()
    for i in range(5):
        clocks = clocks.exchanged(midpoint((1000 + i) * S, (400 + i) * S, (1000 + i) * S + MS))
    clocks = clocks.exchanged(midpoint(1006 * S, 407 * S, 1006 * S + MS))
    assert clocks.asked.steps == 1
    found = clocks.asked.offset(1006 * S)
    assert found is not None
    assert found.offset_ns == pytest.approx(599 * S, abs=MS)


def test_memory_of_clocks_is_bounded() -> None:
    clocks = session(0.0, 0.0, 30)
    for i in range(2000):
        clocks = clocks.exchanged(midpoint((2000 + i) * S, (2000 + i) * S, (2000 + i) * S + MS))
    assert len(clocks.asked.exchanges) <= 16
    assert len(clocks.asked.trend) <= 60
