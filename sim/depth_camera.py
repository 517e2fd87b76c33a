"""What a depth camera makes of the true distances: a smaller picture, noise that grows with the distance, a range.

Time-of-flight cameras of headsets are a few millimetres off at arm's length and some centimetres at a few metres: their
noise grows with the square of the distance, and so does that of stereo cameras (J. Sell & P. O'Connor, "The Xbox One
system on a chip and Kinect sensor", IEEE Micro 34(2), 2014; R. Horaud et al., "An overview of depth cameras and range
scanners based on time-of-flight technologies", Machine Vision and Applications 27, 2016).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SPARE_PX = 32  # the noise picture is larger than the camera's by this, and shifted at random for each picture


@dataclass(frozen=True)
class DepthSettings:
    """``every_px``: one sample for so many pixels of the picture, along each side. ``noise_per_m``: standard deviation
    at 1 m, in m; it grows with the square of the distance. Beyond ``range_m`` nothing is known."""

    every_px: int = 2
    noise_per_m: float = 0.004
    range_m: tuple[float, float] = (0.2, 6.0)
    latency_ms: float = 20.0


class DepthCamera:
    """Makes depth pictures; what comes out depends on seed, index and distances alone."""

    def __init__(self, settings: DepthSettings, width: int, height: int, seed: int) -> None:
        if width % settings.every_px or height % settings.every_px:
            raise ValueError(
                f"the depth camera sees every {settings.every_px} pixels of the picture, and {width}x{height} does not "
                "divide by that; choose another size, or --no-depth"
            )
        self.settings = settings
        self._seed = seed
        shape = (height // settings.every_px + SPARE_PX, width // settings.every_px + SPARE_PX)
        noise = np.random.default_rng([seed, 0xDE9]).standard_normal(shape, dtype=np.float32)
        self._noise_mm = noise * np.float32(1000.0 * settings.noise_per_m)

    def plane(self, depth_m: NDArray[np.float32], index: int) -> NDArray[np.uint16]:
        """Distances in mm (h, w), 0 where unknown, of the true ones (H, W) in m."""
        step = self.settings.every_px
        true_m = depth_m[step // 2 :: step, step // 2 :: step]
        height, width = true_m.shape
        x, y = np.random.default_rng([self._seed, 0xDEA, index]).integers(SPARE_PX, size=2)
        nearest_m, farthest_m = self.settings.range_m
        known = (true_m >= nearest_m) & (true_m <= farthest_m)
        true_m = np.where(known, true_m, np.float32(0.0))
        mm = 1000.0 * true_m + self._noise_mm[y : y + height, x : x + width] * true_m * true_m
        return np.asarray(np.rint(mm), np.uint16)
