"""Stretches the brightness of a dull picture: headset cameras indoors are often two stops under."""

import numpy as np
from numpy.typing import NDArray

from gazeline.engines.window import Window

DARK, BRIGHT = 20.0, 235.0
TAIL_PERCENT = 2.0


def stretched(seen: NDArray[np.float32], window: Window, most: float) -> NDArray[np.float32]:
    """``seen`` (S, S, 3), 0..255, with its 2nd and 98th percentile of brightness moved apart towards 20 and 235.

    By a gain of at most ``most``; a picture that spans as much already stays as it is, and so does what lies outside of
    the frame.
    """
    middle = np.arange(window.size)
    x, y = window.to_frame(np.stack([middle, middle], axis=-1)).T
    columns = (x >= 0) & (x <= window.frame_w - 1)
    rows = (y >= 0) & (y <= window.frame_h - 1)
    if not (rows.any() and columns.any()):
        return seen
    shown = np.ix_(rows, columns)
    low, high = np.percentile(seen[shown].mean(axis=-1), [TAIL_PERCENT, 100.0 - TAIL_PERCENT])
    gain = min(most, (BRIGHT - DARK) / max(high - low, 1.0))
    if gain <= 1.0:
        return seen
    out = seen.copy(order="K")
    out[shown] = np.clip((seen[shown] - low) * gain + DARK, 0.0, 255.0)
    return out
