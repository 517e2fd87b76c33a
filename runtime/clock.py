"""Other senders' clocks: what a Pupil ``timestamp`` is in the host's monotonic clock, and how well that is known.

Everything here is a value: samples in, a new estimator out, so that tests and the simulator drive it in their own time.
Nobody's clock is ever shifted; the offset is measured and added.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

import msgspec

from gazeline.runtime.messages import Message
from gazeline.runtime.wire import Received

DRIFT = 1e-4  # 100 ppm: how fast two free-running quartz clocks may part, with room to spare
BUCKET_NS = 1_000_000_000
BUCKETS = 10  # of one second each: as far back as the one-way filter looks
EXCHANGES = 16
JUMP_NS = 1_000_000_000  # a message later than this by a clock's own account: that clock was set


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
    """The offset of one sender's clock, from exchanges where it answers, or else from its messages' arrival alone.

    Exchanges: of the last ones, that whose uncertainty, grown by `DRIFT` with age, is smallest (the clock filter of
    NTP, RFC 5905 section 10, with its delay and dispersion). One way: the smallest difference of arrival and timestamp
    in the last seconds; it is too large by the shortest delay, which cannot be told from an offset.
    """

    exchanges: tuple[ClockOffset, ...] = ()
    minima: tuple[tuple[int, int], ...] = ()  # (bucket's number, smallest arrival - timestamp in it)
    delay_ns: int = 0  # the shortest delay of this sender's messages, if it is known from elsewhere
    delay_uncertainty_ns: int = 5_000_000

    def exchanged(self, offset: ClockOffset) -> "OffsetEstimator":
        """With one more question and answer."""
        return replace(self, exchanges=(*self.exchanges[1 - EXCHANGES :], offset))

    def heard(self, remote_ns: int, receive_ns: int) -> "OffsetEstimator":
        """With a message that bears the sender's time ``remote_ns`` and arrived at ``receive_ns``, host time."""
        difference_ns = receive_ns - remote_ns
        now = receive_ns // BUCKET_NS
        minima = tuple((bucket, least) for bucket, least in self.minima if bucket > now - BUCKETS)
        exchanges = self.exchanges
        known = self.offset(receive_ns)
        if known is not None and difference_ns - known.offset_ns > JUMP_NS:
            minima, exchanges = (), ()
        elif exchanges and known is not None and difference_ns < known.offset_ns - known.uncertainty_ns:
            exchanges = ()  # it would have arrived before it was sent: the clock was set since
        if minima and minima[-1][0] >= now:  # one from two threads may come a little late
            minima = (*minima[:-1], (minima[-1][0], min(minima[-1][1], difference_ns)))
        else:
            minima = (*minima, (now, difference_ns))
        return replace(self, minima=minima, exchanges=exchanges)

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


def stamped(received: Received, estimator: OffsetEstimator) -> tuple[Received, OffsetEstimator]:
    """The message with ``capture_ns`` in the host's clock, and the estimator that has heard it.

    A message that has ``capture_ns`` is returned as it is. Nothing is captured after it arrived: where the estimate
    says so, the time of arrival is taken.
    """
    message = received.message
    if message.capture_ns is not None or message.timestamp is None:
        return received, estimator
    remote_ns = round(message.timestamp * 1e9)
    estimator = estimator.heard(remote_ns, received.receive_ns)
    offset = estimator.offset(received.receive_ns)
    assert offset is not None  # it has just heard something
    capture_ns = min(max(remote_ns + offset.offset_ns, 0), received.receive_ns)
    return replace(received, message=msgspec.structs.replace(message, capture_ns=capture_ns)), estimator
