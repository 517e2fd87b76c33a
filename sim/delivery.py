"""The way from a sensor to whoever listens: latency, jitter, and what goes wrong on it, at rates that are settings."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np

from gazeline.runtime import wire
from gazeline.runtime.messages import Message
from gazeline.sim.options import named_numbers
from gazeline.sim.truth import Truth

LATE_NS = 150_000_000


@dataclass(frozen=True)
class Faults:
    """How often, 0 to 1, a message is lost, comes 150 ms late, after its successor, twice, or broken."""

    lost: float = 0.0
    late: float = 0.0
    reordered: float = 0.0
    duplicated: float = 0.0
    corrupt: float = 0.0

    def __post_init__(self) -> None:
        for name, rate in ((each.name, getattr(self, each.name)) for each in fields(self)):
            if not 0.0 <= rate <= 1.0:
                raise ValueError(f"the fault rate {name}={rate:g} is no probability; give 0 to 1")

    @classmethod
    def parse(cls, text: str) -> "Faults":
        """From ``lost=0.05,late=0.02``. Raises ValueError with one sentence."""
        return cls(**named_numbers(text, [each.name for each in fields(cls)], "fault"))


@dataclass(frozen=True, eq=False)
class Delivery:
    """One message on its way: when it gets there (session time), and what it says.

    ``broken``: None, or the seed of how its bytes are damaged. ``truth``: with the message ``truth.frame``, what that
    was made from.
    """

    deliver_ns: int
    message: Message
    raw: tuple[bytes, ...] = ()
    broken: int | None = None
    truth: Truth | None = None

    def parts(self) -> list[bytes]:
        """The parts to send, damaged if it is broken."""
        parts = wire.pack(self.message, *self.raw)
        return parts if self.broken is None else _damaged(parts, np.random.default_rng(self.broken))


@dataclass(frozen=True)
class Link:
    """One stream's way; what happens to a message depends on the seed and its number alone.

    Latency and jitter in ms, jitter being the mean of an exponential delay on top; ``period_ns`` between two messages.
    """

    latency_ms: float
    jitter_ms: float
    period_ns: int
    seed: Sequence[int]
    faults: Faults = field(default_factory=Faults)

    def deliver(self, number: int, t_ns: int, message: Message, *raw: bytes) -> list[Delivery]:
        """What becomes of message ``number``, captured at ``t_ns``: nothing, one delivery, or two."""
        rng = np.random.default_rng([*self.seed, number])
        jitter_ns = round(1e6 * self.jitter_ms * min(float(rng.exponential()), 5.0))
        lost, late, reordered, duplicated, corrupt = (rng.random(5) < self._rates()).tolist()
        delay_ns = round(1e6 * self.latency_ms) + jitter_ns
        if late:
            delay_ns += LATE_NS
        if reordered:
            delay_ns += round(1.5 * self.period_ns)
        broken = int(rng.integers(2**31)) if corrupt else None
        if lost:
            return []
        first = Delivery(t_ns + delay_ns, message, tuple(raw), broken)
        if not duplicated:
            return [first]
        return [first, replace(first, deliver_ns=first.deliver_ns + int(rng.integers(1_000_000, 5_000_000)))]

    def _rates(self) -> tuple[float, ...]:
        return tuple(getattr(self.faults, each.name) for each in fields(Faults))


def _damaged(parts: Sequence[bytes], rng: np.random.Generator) -> list[bytes]:
    """What a broken sender or a bad line makes of a message, one of six ways."""
    topic, packed, *raw = parts
    noise = rng.bytes(max(len(packed), 8))
    ways: list[list[bytes]] = [
        [topic, packed[: len(packed) // 2], *raw],
        [topic, noise, *raw],
        [topic],
        [topic[::-1], packed, *raw],
        [topic, packed, *raw, b"more"],
        [topic, packed, *(b"\x00" * len(data) for data in raw)] if raw else [topic, packed + packed],
    ]
    return ways[int(rng.integers(len(ways)))]
