"""What the runtime counts and times, in memory that does not grow: the way to `messages.Stats`.

Nothing here reads a clock: whoever feeds it says when it was, so that the simulator's lockstep counts in its own time.
"""

from collections import Counter, deque
from collections.abc import Mapping
from math import degrees, hypot
from pathlib import Path

import numpy as np
import psutil

from gazeline.runtime import topics
from gazeline.runtime.messages import ClockStats, StageStats, Stats

WINDOW_NS = 5_000_000_000  # "now" in latencies and rates
SAMPLES = 1024  # per stage
BUCKET_NS = 250_000_000  # of the rates: the window in 20 steps


class LatencyWindow:
    """The latencies of one stage over the last five seconds (at most 1024 of them)."""

    def __init__(self) -> None:
        self._ms = np.zeros(SAMPLES, np.float32)  # rings
        self._at_ns = np.zeros(SAMPLES, np.int64)
        self._count = 0

    def add(self, ms: float, now_ns: int) -> None:
        slot = self._count % SAMPLES
        self._ms[slot], self._at_ns[slot] = ms, now_ns
        self._count += 1

    def summary(self, now_ns: int) -> StageStats | None:
        """Percentiles of the window that ends at ``now_ns`` (``count``: since the start); None if it is empty."""
        filled = min(self._count, SAMPLES)
        recent = self._ms[:filled][self._at_ns[:filled] > now_ns - WINDOW_NS]
        if not recent.size:
            return None
        p50, p99 = (round(float(value), 3) for value in np.percentile(recent, [50, 99]))
        return StageStats(count=self._count, p50_ms=p50, p99_ms=p99)


class Rate:
    """Events per second over the last five seconds, or since the first event if that was later."""

    def __init__(self) -> None:
        self._buckets: deque[tuple[int, int]] = deque(maxlen=WINDOW_NS // BUCKET_NS + 1)  # (number, events in it)
        self._first_ns: int | None = None

    def add(self, now_ns: int, events: int = 1) -> None:
        if self._first_ns is None:
            self._first_ns = now_ns
        bucket = now_ns // BUCKET_NS
        if self._buckets and self._buckets[-1][0] >= bucket:
            self._buckets[-1] = (self._buckets[-1][0], self._buckets[-1][1] + events)
        else:
            self._buckets.append((bucket, events))

    def hz(self, now_ns: int) -> float:
        if self._first_ns is None:
            return 0.0
        oldest = (now_ns - WINDOW_NS) // BUCKET_NS + 1
        events = sum(count for bucket, count in self._buckets if bucket >= oldest)
        start_ns = max(oldest * BUCKET_NS, self._first_ns)
        return round(events * 1e9 / max(now_ns - start_ns, BUCKET_NS), 2)


class StatsAccumulator:
    """Everything for ``stats.runtime``. For one thread; the app feeds it from its loop."""

    def __init__(self, model: str, start_ns: int) -> None:
        self.model = model
        self.frames: Counter[str] = Counter(captured=0, encoded=0, dropped=0)
        self.gaze: Counter[str] = Counter(samples=0, prompts=0, fixations=0)
        self.dropped: Counter[str] = Counter()
        self.clocks: dict[str, ClockStats] = {}
        self._start_ns = start_ns
        self._stages: dict[str, LatencyWindow] = {}
        self._rates: dict[str, Rate] = {}
        self._rss_peak_mb = 0.0

    def latency(self, stage: str, ms: float, now_ns: int) -> None:
        """One run of a stage took ``ms``."""
        self._stages.setdefault(stage, LatencyWindow()).add(ms, now_ns)

    def event(self, name: str, now_ns: int, events: int = 1) -> None:
        """Something happened whose rate is of interest (``camera``, ``encode``, ``gaze``, ``overlay`` …)."""
        self._rates.setdefault(name, Rate()).add(now_ns, events)

    def snapshot(self, now_ns: int, ready: bool, elsewhere: Mapping[str, int] | None = None) -> Stats:
        """The message for ``stats.runtime``. ``elsewhere``: drops that others counted (a `Subscriber`), by reason."""
        rss_mb, peak_mb = resident_mb()
        self._rss_peak_mb = max(self._rss_peak_mb, peak_mb)
        summaries = {name: window.summary(now_ns) for name, window in self._stages.items()}
        return Stats(
            topic=topics.STATS_RUNTIME,
            capture_ns=now_ns,
            ready=ready,
            model=self.model,
            uptime_s=round((now_ns - self._start_ns) / 1e9, 3),
            frames=dict(self.frames),
            gaze=dict(self.gaze),
            dropped=dict(self.dropped + Counter(elsewhere or {})),
            stages={name: summary for name, summary in summaries.items() if summary is not None},
            rates_hz={name: rate.hz(now_ns) for name, rate in self._rates.items()},
            clocks=self.clocks,
            rss_mb=rss_mb,
            rss_peak_mb=self._rss_peak_mb,
        )


def notices(stats: Stats) -> list[str]:
    """What somebody should see to, a sentence each."""
    found = []
    if stats.gaze_profile == "other_device":
        found.append(f"The gaze profile of {stats.gaze_user} was made with another headset, so it is not used.")
    drift = stats.gaze_drift
    if drift is not None and drift.noticed:
        off_deg = degrees(hypot(drift.right_rad, drift.up_rad))
        whose = f"; is this {stats.gaze_user}?" if stats.gaze_user else "."
        found.append(f"Gaze seems to be off by {off_deg:.1f} deg: the headset slipped, or needs a calibration{whose}")
    found += [f"Clock of {topic}: {clock.trouble}." for topic, clock in stats.clocks.items() if clock.trouble]
    return found


def resident_mb() -> tuple[float, float]:
    """This process's memory in RAM, now and at its highest (where the system tells; else the same), in MB = 1e6 B.

    Not ru_maxrss: a process that was started by a large one begins with that one's.
    """
    rss_mb = psutil.Process().memory_info().rss / 1e6
    peak_mb = rss_mb
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                peak_mb = max(rss_mb, int(line.split()[1]) * 1024 / 1e6)
    except OSError:
        pass  # no Linux
    return round(rss_mb, 1), round(peak_mb, 1)
