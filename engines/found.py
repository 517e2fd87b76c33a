"""What was found in a picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gazeline.engines.canvas import Bools
from gazeline.engines.segmenter import Masks


@dataclass(frozen=True, eq=False)
class Candidate:
    """One mask, the only one of ``masks``: how good it is (predicted IoU times stability, 0..1), how little it changes
    when it is cut at another level (0..1), its area in the frame, the pixel (x, y) it was asked for at, and its cells
    on the canvas."""

    masks: Masks
    score: float
    stability: float
    area_px: float
    point: NDArray[np.float64]
    cells: Bools


@dataclass(frozen=True, eq=False)
class Found(Candidate):
    """A candidate that stayed. ``whole``: the index of what it is a part of; ``surface``: it is no thing but what
    things stand on or before: a wall, a floor, a table's top."""

    whole: int | None = None
    surface: bool = False
