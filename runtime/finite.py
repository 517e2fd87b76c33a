"""Whether every number in a decoded message is finite, fast enough for a thousand messages a second."""

import math
from collections.abc import Mapping
from itertools import chain
from typing import Any

import msgspec


def all_finite(value: Any) -> bool:
    """False if a NaN or an infinity is anywhere in ``value`` (numbers, lists, tuples, maps, Structs, nested)."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, (list, tuple)):
        return _finite_sequence(value)
    if isinstance(value, Mapping):
        return all(all_finite(item) for item in value.values())
    if isinstance(value, msgspec.Struct):
        return all(all_finite(getattr(value, name)) for name in value.__struct_fields__)
    return True


def _finite_sequence(values: list[Any] | tuple[Any, ...]) -> bool:
    # A sum is not finite as soon as one term is not, and it is taken at C speed over the thousands of vertices of an
    # outline. (Finite numbers near 1e308 overflow too; nothing that we carry comes near.)
    if not values:
        return True
    try:
        if isinstance(values[0], (float, int)):
            return math.isfinite(sum(values))
        if isinstance(values[0], (tuple, list)):
            return math.isfinite(sum(chain.from_iterable(values)))
    except (TypeError, OverflowError):
        pass  # mixed or deeper: look at each
    return all(all_finite(item) for item in values)
