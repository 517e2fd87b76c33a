"""What a headset's camera does to a clean picture: exposure, colour cast, vignette, blur, noise, compression.

Sizes come from a real recording (Project Aria, first generation, 8 frames of a dim room at 1408x1408), measured by
``python tools/measure_camera.py ../shared/data/aria_everyday``; each picture gets them in another strength. Plain
rendered pictures are far too clean: sharp, bright and without noise.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]

# As measured: levels of 8 bit, pixels of the sensor.
LEVELS = np.array([0, 4, 12, 24, 48, 80, 112, 255], np.float32)
NOISE = np.array([0.28, 0.28, 1.05, 1.57, 1.28, 1.17, 1.17, 1.17], np.float32)  # luma, standard deviation
COLOUR_NOISE = 1.4  # in each channel beside the luma noise: 2.0 in red minus green
NOISE_SIGMA_PX = 0.62  # of the Gaussian that makes white noise as alike from pixel to pixel (correlation 0.53)
BLUR_PX = 1.0
DARKER_AT_EDGE = 0.28
RED_OVER_GREEN, BLUE_OVER_GREEN = 0.88, 1.16
DARKEST, BRIGHTEST = 10.0, 117.0  # 1st and 99th percentile of luma
JPEG_QUALITY = 90  # from the quantisation table of the recording's pictures

LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def camera_effects(rng: np.random.Generator, rgb: F32, sensor_px: float = 2.0) -> F32:
    """A picture (H, W, 3), levels 0..255, as a headset's camera would have taken it; a function of the generator alone.

    ``sensor_px``: how many pixels of the sensor one pixel of this picture stands for (its edge); the larger, the less
    blur and noise is left. The strength of each effect is drawn anew, from none to about twice what was measured.
    """
    out = _exposed(rng, np.asarray(rgb, np.float32))
    out = out * _vignette(rng, out.shape[0], out.shape[1])
    out = _blurred(rng, out, sensor_px)
    out = _noisy(rng, out, sensor_px)
    out = np.clip(out, 0, 255)
    return _compressed(rng, out) if rng.random() < 0.4 else out


def _exposed(rng: np.random.Generator, rgb: F32) -> F32:
    """Part of the way to the range and colour cast of the recording; sometimes past it, sometimes not at all."""
    if rng.random() < 0.2:
        return rgb
    luma = rgb @ LUMA
    low, high = np.percentile(luma, [1, 99])
    way = rng.uniform(0, 1.1)
    wanted_low, wanted_high = low + way * (DARKEST - low), high + way * (rng.uniform(90, 235) - high)
    gain = max(float(wanted_high - wanted_low), 20.0) / max(float(high - low), 20.0)
    cast = np.exp(rng.uniform(-0.3, 1.3) * np.log([RED_OVER_GREEN, 1.0, BLUE_OVER_GREEN]) + rng.normal(0, 0.05, 3))
    return np.asarray(((rgb - low) * gain + wanted_low) * cast, np.float32)


def _vignette(rng: np.random.Generator, height: int, width: int) -> F32:
    """Gain (H, W, 1): falls with the square of the distance from near the middle."""
    strength = rng.uniform(0, 1.6) * DARKER_AT_EDGE
    cx, cy = rng.normal(0, 0.1, 2)
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None] - np.float32(cy)
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :] - np.float32(cx)
    return np.asarray(1 - strength * np.minimum(x * x + y * y, 2.0)[..., None], np.float32)


def _blurred(rng: np.random.Generator, rgb: F32, sensor_px: float) -> F32:
    """The lens's blur and, for one in four, that of a turning head."""
    sigma = rng.uniform(0.3, 2.0) * BLUR_PX / sensor_px
    out = np.asarray(cv2.GaussianBlur(rgb, (0, 0), sigma), np.float32) if sigma > 0.25 else rgb
    length = rng.exponential(6.0) / sensor_px
    if rng.random() < 0.25 and length > 1:
        reach = min(int(np.ceil(length / 2)), 12)
        angle = rng.uniform(0, np.pi)
        kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
        for t in np.linspace(-length / 2, length / 2, 4 * reach + 1).clip(-reach, reach):
            kernel[reach + round(t * np.sin(angle)), reach + round(t * np.cos(angle))] += 1
        out = np.asarray(cv2.filter2D(out, -1, kernel / kernel.sum()), np.float32)
    return out


def _noisy(rng: np.random.Generator, rgb: F32, sensor_px: float) -> F32:
    """Noise by level, in luma and in each channel; a pixel that stands for several of the sensor's has less of it."""
    strength = rng.uniform(0, 2.5)
    left = strength / max(1.0, sensor_px / np.sqrt(4 * np.pi * NOISE_SIGMA_PX**2))
    grain = NOISE_SIGMA_PX / sensor_px
    by_level = np.interp(rgb @ LUMA, LEVELS, NOISE).astype(np.float32)
    luma_noise, colour_noise = _grain(rng, (*rgb.shape[:2], 1), grain), _grain(rng, rgb.shape, grain)
    noise = by_level[..., None] * (luma_noise + colour_noise * np.float32(COLOUR_NOISE / NOISE[-1]))
    return np.asarray(rgb + np.float32(left) * noise, np.float32)


def _grain(rng: np.random.Generator, shape: tuple[int, ...], sigma_px: float) -> F32:
    """Noise of deviation 1 that is alike from pixel to pixel."""
    white = rng.standard_normal(shape, np.float32)
    if sigma_px <= 0.3:
        return white
    grain = cv2.GaussianBlur(white, (0, 0), sigma_px).reshape(shape)
    return np.asarray(grain / max(float(grain.std()), 1e-6), np.float32)


def _compressed(rng: np.random.Generator, rgb: F32) -> F32:
    quality = int(np.clip(rng.normal(JPEG_QUALITY - 5, 8), 60, 97))
    _, data = cv2.imencode(".jpg", rgb.astype(np.uint8)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    bgr = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert bgr is not None  # it was written a line above
    return np.asarray(bgr[..., ::-1], np.float32)
