"""A thing as a query looks at it: what it is called, its colours, and where it is as the wearer sees it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Thing:
    """One thing. ``box`` (x0, y0, x1, y1), x right, y down: in pixels of one picture for all, or, for things that may
    be out of view, in degrees from straight ahead. ``depth_m``, ``p_world`` (3,) and ``size_m``, the longer of width
    and height, where known."""

    id: int
    box: Box
    name: str | None = None
    score: float = 1.0  # that it is called so
    colours: Mapping[str, float] = field(
        default_factory=dict
    )  # share of its pixels, see `gazeline.runtime.find.colour`
    depth_m: float | None = None
    p_world: Array | None = None
    size_m: float | None = None

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of its box."""
        return 0.5 * (self.box[0] + self.box[2]), 0.5 * (self.box[1] + self.box[3])

    @property
    def sides(self) -> tuple[float, float]:
        """Width and height of its box."""
        return max(self.box[2] - self.box[0], 1e-6), max(self.box[3] - self.box[1], 1e-6)
