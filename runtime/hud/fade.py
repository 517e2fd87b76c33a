"""Fades: everything that appears or goes does so over a tenth of a second, never at once."""

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)

FADE_NS = 120_000_000


def faded(shares: Mapping[Key, float], wanted: Iterable[Key], passed_ns: int) -> dict[Key, float]:
    """How far each key has faded in (0 to 1) after some time; what is not wanted and has faded out is left out."""
    step = max(0, passed_ns) / FADE_NS
    wanted = set(wanted)
    now = {key: min(1.0, shares.get(key, 0.0) + step) for key in wanted}
    for key, share in shares.items():
        if key not in wanted and share - step > 0.0:
            now[key] = share - step
    return now


def eased(share: float) -> float:
    """A share as it is drawn: slow at both ends."""
    return share * share * (3.0 - 2.0 * share)
