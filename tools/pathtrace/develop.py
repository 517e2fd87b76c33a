"""From linear light to a picture: exposure, white balance and a tone curve, as a camera's own software does it."""

import numpy as np
from numpy.typing import NDArray

from gazeline.sim.textures import Rng


def develop(rng: Rng, rgb: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Linear RGB (H, W, 3), any scale, to sRGB uint8, exposed for the middle of its range."""
    luma = rgb @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    lit = luma[luma > 1e-5]
    if not lit.size:
        return np.zeros(rgb.shape, np.uint8)
    key = np.exp(np.mean(np.log(lit)))
    grey = np.array([np.median(rgb[..., c][luma > 1e-5]) for c in range(3)])
    balance = (np.maximum(grey.mean(), 1e-6) / np.maximum(grey, 1e-6)) ** rng.uniform(0.2, 0.8)
    x = rgb * np.clip(balance, 0.6, 1.6) * (rng.uniform(0.1, 0.3) / key)
    shoulder = rng.uniform(0.0, 1.0)  # from a hard clip to a soft one
    soft = 1 - np.exp(-1.25 * x)
    y = np.clip((1 - shoulder) * x + shoulder * soft, 0, 1)
    srgb = np.where(y <= 0.0031308, 12.92 * y, 1.055 * y ** (1 / 2.4) - 0.055)
    return np.asarray(np.clip(srgb * 255 + 0.5, 0, 255), np.uint8)
