"""What runs a network: the protocol that every backend fulfils (see tests/engines/session_conformance.py)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class TensorSpec:
    """Shape and type of one input or output; None stands for a length that is free."""

    shape: tuple[int | None, ...]
    dtype: np.dtype[Any]

    def accepts(self, array: Array) -> bool:
        """Whether ``array`` has this type and fits this shape."""
        return (
            array.dtype == self.dtype
            and array.ndim == len(self.shape)
            and all(want is None or want == have for want, have in zip(self.shape, array.shape, strict=True))
        )


class Session(Protocol):
    """One loaded network. ``run`` may be called from several threads at once."""

    @property
    def backend(self) -> str:
        """What it runs on, for people: "onnxruntime cpu x2"."""

    @property
    def inputs(self) -> Mapping[str, TensorSpec]:
        """Its inputs by name, in the graph's order."""

    @property
    def outputs(self) -> Mapping[str, TensorSpec]:
        """Its outputs by name, in the graph's order."""

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """All outputs for these inputs. ValueError for a missing, unknown or ill-fitting input, or once closed."""

    def close(self) -> None:
        """Free the network; twice is allowed."""


def check_feeds(inputs: Mapping[str, TensorSpec], feeds: Mapping[str, Array]) -> None:
    """ValueError, in a sentence, unless ``feeds`` are exactly ``inputs``."""
    if wrong := inputs.keys() ^ feeds.keys():
        kind = "is missing" if next(iter(sorted(wrong))) in inputs else "is not an input of this network"
        raise ValueError(f"the tensor {sorted(wrong)[0]!r} {kind}")
    for name, spec in inputs.items():
        if not spec.accepts(feeds[name]):
            have = feeds[name]
            raise ValueError(
                f"the tensor {name!r} must be {spec.dtype} {_text(spec.shape)}, not {have.dtype} {_text(have.shape)}"
            )


def usable_cores() -> int:
    """How many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _text(shape: tuple[int | None, ...]) -> str:
    return "x".join("?" if n is None else str(n) for n in shape) or "scalar"
