"""What a camera makes of a clean picture: exposure, vignetting, noise, JPEG.

Noise is that of the EMVA 1288 standard's linear camera model: variance = read noise^2 + slope * signal (photons arrive
at random). It is added to the coded values, which is near enough at 8 bits.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
F32 = NDArray[np.float32]

GAMMA = 2.2
SPARE_PX = 64  # the noise picture is larger than the camera's by this, and shifted at random for each frame


@dataclass(frozen=True)
class CameraSettings:
    """``vignette``: share of the light that is lost in the corners. Noise in 8-bit steps."""

    exposure_gain: float = 1.0
    vignette: float = 0.15
    read_noise: float = 1.0
    shot_noise: float = 0.03  # variance per step of signal: 2.8 steps of noise in the brightest parts
    jpeg_quality: int = 85
    exposure_ns: int = 8_000_000


class CameraEffects:
    """Applies the settings to pictures of one size; what comes out depends on seed, frame index and picture alone."""

    def __init__(self, settings: CameraSettings, width: int, height: int, seed: int) -> None:
        self.settings = settings
        self._seed = seed
        rng = np.random.default_rng([seed, 0xCA3])
        shape = (height + SPARE_PX, width + SPARE_PX, 3)
        self._noise = rng.standard_normal(shape, dtype=np.float32)
        signal = np.arange(256, dtype=np.float32)
        self._deviation = np.sqrt(settings.read_noise**2 + settings.shot_noise * signal).astype(np.float32)
        self._light = _vignette(width, height, settings)

    def apply(self, rgb: Image, index: int) -> Image:
        """The picture (H, W, 3) as the sensor would have it for frame number ``index``."""
        height, width = rgb.shape[:2]
        x, y = np.random.default_rng([self._seed, 0xCA4, index]).integers(SPARE_PX, size=2)
        lit = cv2.multiply(rgb, self._light, dtype=cv2.CV_8U)
        noise = cv2.multiply(cv2.LUT(lit, self._deviation), self._noise[y : y + height, x : x + width])
        return np.asarray(cv2.add(lit, noise, dtype=cv2.CV_8U), dtype=np.uint8)

    def jpeg(self, rgb: Image) -> bytes:
        """The picture as JPEG."""
        bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
        done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, self.settings.jpeg_quality])
        if not done:
            raise ValueError(f"OpenCV cannot write a JPEG of {rgb.shape[1]} x {rgb.shape[0]} pixels")
        return data.tobytes()


def _vignette(width: int, height: int, settings: CameraSettings) -> F32:
    """Factors (H, W, 3) on coded values: exposure, and light that falls with the squared distance from the middle.

    A stop more of light is a factor of 2^(1/2.2) on what is coded.
    """
    x = np.linspace(-1.0, 1.0, width, dtype=np.float32)
    y = np.linspace(-1.0, 1.0, height, dtype=np.float32)[:, None]
    light = settings.exposure_gain * (1.0 - settings.vignette * 0.5 * (x * x + y * y))
    factors = np.power(np.maximum(light, 0.0), 1.0 / GAMMA).astype(np.float32)
    return np.ascontiguousarray(np.repeat(factors[:, :, None], 3, axis=2))
