"""Cuts a mask to the piece that was clicked on: small networks see things like it elsewhere, too."""

import cv2
import numpy as np
from numpy.typing import NDArray


def clicked_pieces(logits: NDArray[np.float32], points: NDArray[np.float64]) -> NDArray[np.float32]:
    """``logits`` (K, h, w) with every piece that is not under or nearest to one of ``points`` (P, 2) turned negative.

    Points are (x, y) in pixels of the mask. A piece is what hangs together above 0 (four neighbours).
    """
    return np.stack([_clicked(mask, points) for mask in logits])


def _clicked(logits: NDArray[np.float32], points: NDArray[np.float64]) -> NDArray[np.float32]:
    count, pieces = cv2.connectedComponents((logits > 0).astype(np.uint8), connectivity=4)
    if count <= 2:  # the background and one piece at most
        return logits
    places = np.argwhere(pieces > 0)  # (n, 2): y, x
    away = np.linalg.norm(places[None] - points[:, None, ::-1], axis=-1)  # (P, n)
    kept = pieces[tuple(places[away.argmin(axis=1)].T)]
    return np.where(np.isin(pieces, [0, *kept]), logits, -np.abs(logits))
