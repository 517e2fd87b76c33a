"""A sheet of pictures: where a model did best, middling and worst."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.engines.clicks import Mask
from gazeline.runtime.draw import draw_masks
from gazeline.runtime.evaluation.asking import Case
from gazeline.runtime.image_files import Image

COLUMNS, TILE_PX, HEADER_PX = 8, 240, 24
AROUND = 0.35  # what is shown around the object, of its size
LEAST_PX = 64  # of a picture that is shown at least

Show = Callable[[int], tuple[Case, Mask]]


def sheet(scores: NDArray[np.float64], show: Show) -> Image:
    """The 8 best, 8 median and 8 worst of ``scores`` (N,), RGB. ``show`` gives an object's case and the mask found."""
    order = np.argsort(-scores, kind="stable")
    count = len(order)
    columns = min(COLUMNS, count)
    middle = (count - columns) // 2
    rows = []
    for title, first in (("best", 0), ("median", middle), ("worst", count - columns)):
        tiles = [_tile(*show(int(i)), float(scores[i])) for i in order[first : first + columns]]
        rows += [_header(f"{title}: wanted blue, found orange", columns), np.hstack(tiles)]
    return np.asarray(np.vstack(rows), np.uint8)


def _tile(case: Case, found: Mask, score: float) -> Image:
    """The object's surroundings, as large as fits."""
    both = case.wanted | found
    spans = []
    for axis, at in ((1, case.click[1]), (0, case.click[0])):
        hit = np.flatnonzero(both.any(axis=axis))
        low, high = min(hit[0], at), max(hit[-1], at)
        margin = max(AROUND * (high - low), (LEAST_PX - (high - low)) / 2)
        spans.append((max(0, int(low - margin)), min(both.shape[1 - axis], int(high + margin) + 1)))
    (y0, y1), (x0, x1) = spans
    scale = TILE_PX / max(y1 - y0, x1 - x0)
    size = (max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale)))

    def resized(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(picture[y0:y1, x0:x1], size, interpolation=way), np.uint8)

    masks = [resized(mask.astype(np.uint8) * 255) > 127 for mask in (case.wanted, found)]
    x, y = ((case.click - (x0, y0)) + 0.5) * scale - 0.5
    drawn = draw_masks(resized(case.image), masks, points=[(float(x), float(y), 1)])
    tile = np.zeros((TILE_PX, TILE_PX, 3), np.uint8)
    tile[: size[1], : size[0]] = drawn
    for colour, weight in (((7, 10, 14), 3), ((255, 255, 255), 1)):
        place = (6, TILE_PX - 8)
        text = f"{score:.2f}  {case.thing.name}"[:36]
        cv2.putText(tile, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, weight, cv2.LINE_AA)
    return tile


def _header(text: str, columns: int) -> Image:
    strip = np.zeros((HEADER_PX, columns * TILE_PX, 3), np.uint8)
    cv2.putText(strip, text, (6, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (226, 236, 242), 1, cv2.LINE_AA)
    return strip
