"""The runtime's counts: right over the window, bounded for ever, and valid on the wire."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazeline.runtime import wire
from gazeline.runtime.messages import Stats
from gazeline.runtime.stats import SAMPLES, WINDOW_NS, LatencyWindow, Rate, StatsAccumulator, resident_mb

S = 1_000_000_000


@given(st.lists(st.floats(0, 1e4, width=32), min_size=1, max_size=300))
def test_percentiles_are_those_of_the_samples(values: list[float]) -> None:
    window = LatencyWindow()
    for value in values:
        window.add(value, S)
    summary = window.summary(S)
    assert summary is not None
    assert summary.count == len(values)
    assert summary.p50_ms == pytest.approx(np.percentile(values, 50), abs=1e-2)
    assert summary.p99_ms == pytest.approx(np.percentile(values, 99), abs=1e-2)


def test_latencies_leave_the_window() -> None:
    window = LatencyWindow()
    assert window.summary(0) is None
    window.add(100.0, 0)
    window.add(10.0, 3 * S)
    later = window.summary(WINDOW_NS + S)
    assert later is not None
    assert (later.p50_ms, later.count) == (10.0, 2)
    assert window.summary(100 * S) is None


@pytest.mark.parametrize("hz", [2, 15, 120, 1000])
def test_rates_are_right_from_the_second_second_on(hz: int) -> None:
    rate = Rate()
    assert rate.hz(0) == 0.0
    for event in range(20 * hz):
        now = 7 * S + event * S // hz
        rate.add(now)
        if event > 2 * hz:
            assert rate.hz(now) == pytest.approx(hz, rel=0.12, abs=0.5)
    assert rate.hz(now + WINDOW_NS + S) == 0.0


def test_nothing_grows() -> None:
    accumulator = StatsAccumulator("m", 0)

    def feed(start: int) -> None:
        for step in range(start, start + 5 * SAMPLES):
            accumulator.latency("encode", 1.0, step * 1_000_000)
            accumulator.event("gaze", step * 1_000_000)

    feed(0)
    tracemalloc.start()
    feed(5 * SAMPLES)
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert grown < 20_000
    assert accumulator.snapshot(10 * SAMPLES * 1_000_000, True).stages["encode"].count == 10 * SAMPLES


def test_a_snapshot_goes_over_the_wire() -> None:
    accumulator = StatsAccumulator("gazeline-s", 10 * S)
    accumulator.frames["captured"] += 3
    accumulator.gaze["samples"] += 12
    accumulator.dropped["stale_encode"] += 1
    accumulator.latency("encode", 12.5, 11 * S)
    accumulator.event("camera", 11 * S, 3)
    stats = accumulator.snapshot(12 * S, True, {"stale_encode": 1, "bad_map": 2})
    received = wire.unpack(wire.pack(stats)).message
    assert isinstance(received, Stats)
    assert received == stats
    assert (received.uptime_s, received.model, received.ready) == (2.0, "gazeline-s", True)
    assert received.frames == {"captured": 3, "encoded": 0, "dropped": 0}
    assert received.gaze == {"samples": 12, "prompts": 0, "fixations": 0}
    assert received.dropped == {"stale_encode": 2, "bad_map": 2}
    assert received.stages["encode"].p50_ms == 12.5
    assert received.rates_hz["camera"] == pytest.approx(3.0, abs=0.1)


def test_memory_is_what_the_system_says() -> None:
    rss_mb, peak_mb = resident_mb()
    assert 10 < rss_mb <= peak_mb
    held = np.ones(100_000_000, np.uint8)  # so large that no allocator has it lying about
    assert resident_mb()[0] > rss_mb + 80
    del held
    assert resident_mb()[1] > peak_mb + 10 or peak_mb > rss_mb + 95  # the peak stays
