"""All clocks: what a Pupil ``timestamp`` is in the host's monotonic clock, how well that is known, how clocks drift.

Everything here is a value: samples in, a new estimator out, so that tests and the simulator drive it in their own time.
Nobody's clock is ever shifted; the offset is measured and added.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

import msgspec
import numpy as np

from gazeline.runtime.messages import ClockStats, Message
from gazeline.runtime.wire import Received

DRIFT = 1e-4  # 100 ppm: how fast two free-running quartz clocks may part, with room to spare
BUCKET_NS = 1_000_000_000
BUCKETS = 10  # of one second each: as far back as the one-way filter looks
EXCHANGES = 16
TREND_NS = 5_000_000_000
TRENDS = 60  # five minutes of them, for the drift
FEWEST_TRENDS = 6
JUMP_NS = 1_000_000_000  # a message later than this by a clock's own account: that clock was set
STEP_NS = 2_000_000  # two exchanges that contradict each other by more than this: it was set in between
SAME_CLOCK_NS = 250_000_000
BUSY_MS = 50.0  # delays grow and shrink by so much when a machine gets busy: less is no sign of another clock
MOST_DELAY_MS = 500.0  # from capture to arrival, by a camera and a network that are any use


class ClockDomain(Enum):
    """Whose clock a message's time is in."""

    HOST = "host"  # capture_ns: the host's monotonic clock
    SENDER = "sender"  # timestamp only: Pupil's or another sender's own


def domain_of(message: Message) -> ClockDomain:
    return ClockDomain.SENDER if message.capture_ns is None else ClockDomain.HOST


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """host time = sender's time + ``offset_ns``, true within ± ``uncertainty_ns``.

    ``round_trip_ns`` is 0 where nothing went back and forth; ``at_ns`` is the host time of the measurement.
    """

    offset_ns: int
    uncertainty_ns: int
    round_trip_ns: int = 0
    at_ns: int = 0


def midpoint(sent_ns: int, remote_ns: int, received_ns: int) -> ClockOffset:
    """The offset from one question and answer: the remote clock is taken to have been read half-way.

    It was read somewhere between question and answer, so the error is at most half the round trip (Cristian 1989,
    "Probabilistic clock synchronization").
    """
    round_trip_ns = received_ns - sent_ns
    middle_ns = sent_ns + round_trip_ns // 2
    return ClockOffset(middle_ns - remote_ns, (round_trip_ns + 1) // 2, round_trip_ns, middle_ns)


def best(offsets: Iterable[ClockOffset]) -> ClockOffset:
    """The one with the shortest round trip: it bounds the error most tightly. ValueError if there is none."""
    return min(offsets, key=lambda offset: offset.round_trip_ns)


@dataclass(frozen=True, slots=True)
class OffsetEstimator:
    """The offset and drift of one sender's clock, from exchanges where it answers, or else from its messages' arrival.

    Exchanges: of the last ones, that whose uncertainty, grown by `DRIFT` with age, is smallest (the clock filter of
    NTP, RFC 5905 section 10, with its delay and dispersion). One way: the smallest difference of arrival and timestamp
    in the last seconds; it is too large by the shortest delay, which cannot be told from an offset. Drift: the slope of
    such minima over the last minutes. ``steps`` counts how often the clock was set.
    """

    exchanges: tuple[ClockOffset, ...] = ()
    minima: tuple[tuple[int, int], ...] = ()  # (bucket's number, smallest arrival - timestamp in it)
    trend: tuple[tuple[int, int], ...] = ()  # the same in longer buckets, or exchanges' offsets
    delay_ns: int = 0  # the shortest delay of this sender's messages, if it is known from elsewhere
    delay_uncertainty_ns: int = 5_000_000
    steps: int = 0

    def exchanged(self, offset: ClockOffset) -> "OffsetEstimator":
        """With one more question and answer; what was measured before a clock was set is forgotten."""
        known = self.offset(offset.at_ns)
        if known is not None and known.round_trip_ns:
            apart_ns = abs(known.offset_ns - offset.offset_ns)
            if apart_ns > known.uncertainty_ns + offset.uncertainty_ns + STEP_NS:
                return replace(self, exchanges=(offset,), minima=(), trend=(), steps=self.steps + 1)
        trend = _with_minimum(self.trend, offset.at_ns // TREND_NS, offset.offset_ns, TRENDS)
        return replace(self, exchanges=(*self.exchanges[1 - EXCHANGES :], offset), trend=trend)

    def heard(self, remote_ns: int, receive_ns: int) -> "OffsetEstimator":
        """With a message that bears the sender's time ``remote_ns`` and arrived at ``receive_ns``, host time."""
        difference_ns = receive_ns - remote_ns
        if self._as_expected(difference_ns, receive_ns):
            return self
        minima, exchanges, trend, steps = self.minima, self.exchanges, self.trend, self.steps
        known = self.offset(receive_ns)
        if known is not None and difference_ns - known.offset_ns > JUMP_NS:
            minima, exchanges, trend, steps = (), (), (), steps + 1
        elif exchanges and known is not None and difference_ns < known.offset_ns - known.uncertainty_ns:
            exchanges, trend, steps = (), (), steps + 1  # it would have arrived before it was sent: the clock was set
        elif trend and difference_ns < trend[-1][1] - JUMP_NS:
            trend, steps = (), steps + 1
        minima = _with_minimum(minima, receive_ns // BUCKET_NS, difference_ns, BUCKETS)
        if not exchanges:
            trend = _with_minimum(trend, receive_ns // TREND_NS, difference_ns, TRENDS)
        return replace(self, minima=minima, exchanges=exchanges, trend=trend, steps=steps)

    def _as_expected(self, difference_ns: int, receive_ns: int) -> bool:
        """Whether a message tells nothing new, as most do: it was slower than another one in the same second."""
        if not self.minima or self.minima[-1][0] != receive_ns // BUCKET_NS:
            return False
        if not self.exchanges and self.trend[-1][0] != receive_ns // TREND_NS:
            return False
        return 0 <= difference_ns - self.minima[-1][1] <= JUMP_NS // 2

    def offset(self, now_ns: int) -> ClockOffset | None:
        """The best offset that is known at ``now_ns``, host time; None before anything was heard."""
        known = []
        for measured in self.exchanges:
            aged_ns = int(abs(now_ns - measured.at_ns) * DRIFT)
            known.append(replace(measured, uncertainty_ns=measured.uncertainty_ns + aged_ns))
        if self.minima:
            least_ns = min(least for _, least in self.minima)
            uncertainty_ns = self.delay_uncertainty_ns + int(BUCKETS * BUCKET_NS * DRIFT)
            known.append(ClockOffset(least_ns - self.delay_ns, uncertainty_ns, 0, now_ns))
        return min(known, key=lambda offset: offset.uncertainty_ns, default=None)

    @property
    def drift_ppm(self) -> float | None:
        """How much faster than the host's the sender's clock runs; None until it was heard for half a minute."""
        if len(self.trend) < FEWEST_TRENDS:
            return None
        slots = np.array([slot for slot, _ in self.trend], np.float64) * TREND_NS
        least = np.array([value - self.trend[0][1] for _, value in self.trend], np.float64)
        slots -= slots.mean()
        return float(-1e6 * (slots @ least) / (slots @ slots))

    @property
    def trend_ms(self) -> float:
        """Over how long the drift was measured."""
        return 1e-6 * TREND_NS * (self.trend[-1][0] - self.trend[0][0]) if self.trend else 0.0


def _with_minimum(
    minima: tuple[tuple[int, int], ...], bucket: int, value: int, most: int
) -> tuple[tuple[int, int], ...]:
    """The minima with one more value in a bucket; buckets older than ``most`` before it are left out."""
    kept = tuple((number, least) for number, least in minima if number > bucket - most)
    if kept and kept[-1][0] >= bucket:  # one from two threads may come a little late
        return (*kept[:-1], (kept[-1][0], min(kept[-1][1], value)))
    return (*kept, (bucket, value))


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks of all that is heard, by topic, and the one that can be asked.

    Topics whose offsets agree to `SAME_CLOCK_NS` share a clock, and so an offset: the gaze that comes within 2 ms tells
    when the picture was taken that took 30. Where the clock that is asked is theirs, it says so best.
    """

    heard: Mapping[str, OffsetEstimator] = field(default_factory=dict)
    domains: Mapping[str, ClockDomain] = field(default_factory=dict)
    asked: OffsetEstimator = OffsetEstimator()

    def exchanged(self, offset: ClockOffset) -> "Clocks":
        """With an answer of the clock that is asked."""
        return replace(self, asked=self.asked.exchanged(offset))

    def offset(self, topic: str, now_ns: int) -> ClockOffset | None:
        """The offset of a topic's sender at ``now_ns``, host time; None before it was heard. 0 in the host's clock."""
        if topic not in self.heard:
            return None
        if self.domains[topic] is ClockDomain.HOST:
            return ClockOffset(0, 0, 0, now_ns)
        own = self.heard[topic].offset(now_ns)
        assert own is not None  # it was heard
        senders = [one for name, one in self.heard.items() if self.domains[name] is ClockDomain.SENDER]
        known = [other for one in (*senders, self.asked) if (other := one.offset(now_ns)) is not None]
        same = [other for other in known if abs(other.offset_ns - own.offset_ns) <= SAME_CLOCK_NS]
        return min(same, key=lambda offset: (offset.uncertainty_ns, offset.offset_ns))

    def stats(self, now_ns: int, limit_ms: float) -> dict[str, ClockStats]:
        """For ``stats.runtime``; what is off by more than ``limit_ms`` is in trouble."""
        found = {}
        for topic, estimator in self.heard.items():
            offset, arrival = self.offset(topic, now_ns), estimator.offset(now_ns)
            assert offset is not None
            assert arrival is not None
            delay_ms = 1e-6 * (arrival.offset_ns - offset.offset_ns)
            host = self.domains[topic] is ClockDomain.HOST
            drifting = self.asked if offset.round_trip_ns else estimator
            drift_ppm, uncertainty_ms = drifting.drift_ppm, 1e-6 * offset.uncertainty_ns
            apart_ms = 1e-6 * abs(drift_ppm or 0.0) * drifting.trend_ms
            found[topic] = ClockStats(
                domain="host" if host else "sender",
                offset_ms=round(1e-6 * offset.offset_ns, 3),
                uncertainty_ms=round(uncertainty_ms, 3),
                delay_ms=round(delay_ms, 3),
                drift_ppm=None if drift_ppm is None else round(drift_ppm, 1),
                steps=estimator.steps + (self.asked.steps if offset.round_trip_ns else 0),
                trouble=_trouble(
                    delay_ms,
                    uncertainty_ms,
                    drift_ppm if apart_ms > max(limit_ms, BUSY_MS) else None,
                    host=host,
                    limit_ms=limit_ms,
                ),
            )
        return found


def _trouble(delay_ms: float, uncertainty_ms: float, drift_ppm: float | None, *, host: bool, limit_ms: float) -> str:
    """What is wrong with a clock, in one sentence; empty if nothing is. ``drift_ppm``: None while it may be delays
    that grow as a machine gets busy."""
    if host and delay_ms < -limit_ms:
        return f"its capture_ns lies {-delay_ms:.0f} ms in the future: it is not of this machine's monotonic clock"
    if host and delay_ms > MOST_DELAY_MS:
        return f"even its fastest messages come {delay_ms:.0f} ms after capture_ns: a slow way, or another clock"
    if host and drift_ppm is not None and abs(drift_ppm) > 1e6 * DRIFT:
        return f"its capture_ns drifts by {drift_ppm:.0f} ppm: it is not of this machine's monotonic clock"
    if uncertainty_ms > limit_ms:
        return f"its clock is known only within {uncertainty_ms:.0f} ms; let it be asked (sync.clock)"
    return ""


def stamped(received: Received, clocks: Clocks) -> tuple[Received, Clocks]:
    """The message with ``capture_ns`` in the host's clock, and the clocks with what it tells of them.

    A message that has ``capture_ns`` is returned as it is. Nothing is captured after it arrived: where the estimate
    says so, the time of arrival is taken.
    """
    message = received.message
    remote_ns = message.capture_ns if message.capture_ns is not None else round((message.timestamp or 0.0) * 1e9)
    known = clocks.heard.get(message.topic, OffsetEstimator())
    estimator, domain = known.heard(remote_ns, received.receive_ns), domain_of(message)
    if estimator is not known or clocks.domains.get(message.topic) is not domain:
        heard, domains = {**clocks.heard, message.topic: estimator}, {**clocks.domains, message.topic: domain}
        clocks = replace(clocks, heard=heard, domains=domains)
    if message.capture_ns is not None or message.timestamp is None:
        return received, clocks
    offset = clocks.offset(message.topic, received.receive_ns)
    assert offset is not None  # it has just been heard
    capture_ns = min(max(remote_ns + offset.offset_ns, 0), received.receive_ns)
    return replace(received, message=msgspec.structs.replace(message, capture_ns=capture_ns)), clocks
