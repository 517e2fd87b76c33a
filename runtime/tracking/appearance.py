"""What a thing looks like, to be known again by: its colours, and what the model's features say of it.

The colours are a histogram over CIE L*a*b*, its square roots as a unit vector: the cosine of two is the Bhattacharyya
coefficient of the histograms, the usual likeness in tracking by colour (D. Comaniciu, V. Ramesh and P. Meer,
"Kernel-based object tracking", PAMI 25(5), 2003). Each pixel is shared among the cells around its colour, so that a
little more light moves it a little.
"""

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # its module loads the networks' runtime, which the pipeline does without
    from gazeline.engines.window import Window

Floats = NDArray[np.float32]

CELLS = np.array([6, 10, 10])  # of lightness and both colour axes
REACH = 96.0  # of the colour axes' 256 values, those in the middle; the rest is more vivid than things are
MOST_PX = 2500  # more pixels say no more
UNLIKE, ALIKE = 0.55, 0.95  # colours' cosines: of other things nine in ten lie below, of the same one nine in ten above
FEATURES = 0.2  # share of the model's features in a verdict on both
MEMORY = 0.8  # share of how it looked before in how it is known to look


@dataclass(frozen=True, eq=False)
class Appearance:
    """``colours`` (K,) and ``vector`` (D,), what the model describes it by, unit length; None where not known."""

    colours: Floats | None = None
    vector: Floats | None = None


def alike(a: Appearance | None, b: Appearance | None) -> float | None:
    """From -1, another thing for sure, to 1, the same by all that is seen; None where nothing is known."""
    if a is None or b is None:
        return None
    by_colour = by_vector = None
    if a.colours is not None and b.colours is not None:
        share = (float(a.colours @ b.colours) - UNLIKE) / (ALIKE - UNLIKE)
        by_colour = min(max(2.0 * share - 1.0, -1.0), 1.0)
    if a.vector is not None and b.vector is not None and a.vector.shape == b.vector.shape:
        by_vector = float(a.vector @ b.vector)
    if by_colour is None or by_vector is None:
        return by_vector if by_colour is None else by_colour
    return (1.0 - FEATURES) * by_colour + FEATURES * by_vector


def blended(before: Appearance | None, now: Appearance | None) -> Appearance | None:
    """How a thing is known to look after one look more."""
    if before is None or now is None:
        return now if before is None else before
    return Appearance(_blended(before.colours, now.colours), _blended(before.vector, now.vector))


def colours_under(image: NDArray[np.uint8], logits: Floats, window: "Window") -> Floats | None:
    """The colours of ``image`` (H, W, 3) RGB under a mask, given as logits (h, w) in a window's coordinates.

    Its middle counts for more, as the window shows it larger. None for an empty mask.
    """
    inside = cv2.erode((logits > 0.0).astype(np.uint8), np.ones((3, 3), np.uint8))
    y, x = np.nonzero(inside if inside.any() else logits > 0.0)  # the border is of two things
    if not len(y):
        return None
    step = -(-len(y) // MOST_PX)
    cells = np.stack((x[::step], y[::step]), axis=-1)
    px = window.to_frame((cells + 0.5) * (window.size / logits.shape[0]) - 0.5)
    column, row = np.clip(np.rint(px).astype(int), 0, np.array(image.shape[1::-1]) - 1).T
    return colours_of(image[row, column])


def colours_of(pixels: NDArray[np.uint8]) -> Floats:
    """The colours of pixels (N, 3) RGB as a unit vector; at most `MOST_PX` of them are looked at."""
    some = pixels[:: -(-len(pixels) // MOST_PX)]
    lab = cv2.cvtColor(some[None], cv2.COLOR_RGB2LAB)[0].astype(np.float32)
    shares = np.stack([lab[:, 0] / 255.0, *(np.clip((lab[:, k] - 128.0) / REACH + 0.5, 0.0, 1.0) for k in (1, 2))], 1)
    place = shares * (CELLS - 1)
    low = place.astype(int)
    beyond = place - low
    counts = np.zeros(int(CELLS.prod()))
    for corner in product((0, 1), repeat=3):
        weight = np.where(corner, beyond, 1.0 - beyond).prod(axis=1)
        cell = np.ravel_multi_index(np.minimum(low + corner, CELLS - 1).T, CELLS)
        counts += np.bincount(cell, weight, len(counts))
    return _unit(np.sqrt(counts))


def _blended(before: Floats | None, now: Floats | None) -> Floats | None:
    if before is None or now is None or before.shape != now.shape:
        return before if now is None else now
    return _unit(MEMORY * before + (1.0 - MEMORY) * now)


def _unit(vector: NDArray[np.float32] | NDArray[np.float64]) -> Floats:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float32)
