"""A coarse picture of the frame, on which masks that were seen through different windows are compared."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gazeline.engines.window import Window

CELLS = 160  # along the frame's longer side

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Canvas:
    """Square cells over a frame of ``frame_w`` x ``frame_h`` pixels, one for each pixel where the frame is small."""

    frame_w: int
    frame_h: int

    @property
    def cell_px(self) -> float:
        """The side of a cell in pixels of the frame."""
        return max(1.0, max(self.frame_w, self.frame_h) / CELLS)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return int(np.ceil(self.frame_h / self.cell_px)), int(np.ceil(self.frame_w / self.cell_px))

    def drawn(self, logits: Floats, window: Window) -> Bools:
        """Masks (K, h, w) of a window as the cells whose middle lies inside: (K, rows, columns) bool."""
        rows, columns = self.shape
        x, y = ((np.arange(n) + 0.5) * self.cell_px - 0.5 for n in (columns, rows))
        inside: Bools = window.unwarp_grid(logits, x, y) > 0.0
        return inside

    def cells_of(self, px: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The rows and columns of the cells that hold pixels (N, 2) of the frame."""
        rows, columns = self.shape
        cells = ((px + 0.5) / self.cell_px).astype(np.intp)
        return cells[:, 1].clip(0, rows - 1), cells[:, 0].clip(0, columns - 1)

    def middles_of(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float64]:
        """The pixels (N, 2) of the frame in the middle of cells."""
        middles = (np.stack([columns, rows], axis=-1) + 0.5) * self.cell_px - 0.5
        inside: NDArray[np.float64] = np.minimum(middles, [self.frame_w - 1.0, self.frame_h - 1.0])
        return inside


def overlaps(masks: Bools) -> Floats:
    """How many cells each two of ``masks`` (N, rows, columns) have in common: (N, N) float32, areas on the diagonal.

    Pair by pair, where their boxes meet: most pairs do not, and a matrix product would wake other threads.
    """
    low, high = _boxes(masks)
    first, last = np.maximum(low[:, None], low[None]), np.minimum(high[:, None], high[None])  # (N, N, 2) y, x
    common = np.zeros((len(masks), len(masks)), np.float32)
    for i, j in np.argwhere(np.triu((first < last).all(axis=-1))).tolist():
        (y0, x0), (y1, x1) = first[i, j].tolist(), last[i, j].tolist()
        both = masks[i, y0:y1, x0:x1] & masks[j, y0:y1, x0:x1]
        common[i, j] = common[j, i] = np.count_nonzero(both)
    return common


def ious(common: Floats) -> Floats:
    """Intersection over union of each two masks (N, N), from their `overlaps`."""
    areas = np.diag(common)
    return np.asarray(common / np.maximum(areas[:, None] + areas[None] - common, 1.0), np.float32)


def _boxes(masks: Bools) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first cell (y, x) of each mask and the one after the last: (N, 2) each; an empty mask has an empty box."""
    low, high = np.zeros((len(masks), 2), np.intp), np.zeros((len(masks), 2), np.intp)
    for axis, along in ((0, 2), (1, 1)):
        hit = np.asarray(masks.any(axis=along))  # (N, rows) or (N, columns)
        low[:, axis] = hit.argmax(axis=1)
        high[:, axis] = np.where(hit.any(axis=1), hit.shape[1] - hit[:, ::-1].argmax(axis=1), 0)
    return low, high
