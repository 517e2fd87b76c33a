"""The Kannala-Brandt fisheye model, as in OpenCV's fisheye module.

J. Kannala, S. S. Brandt, "A generic camera model and calibration method for conventional, wide-angle, and fish-eye
lenses", IEEE TPAMI 28(8), 2006 (its radially symmetric part).
"""

import numpy as np
from msgspec import structs
from numpy.typing import ArrayLike

from gazeline.calib.camera_base import Array, CameraBase, Mask, Positive, from_pixels, rescaled, split, to_pixels
from gazeline.calib.radial import RadialCurve, from_angle, radial_curve, to_angle


class KannalaBrandt(CameraBase, frozen=True, tag="kannala_brandt"):
    """Radius in the image ``theta (1 + k1 theta^2 + ... + k4 theta^8)``, theta being the angle from the optical axis.

    ``max_theta_rad``: how far from the axis the lens sees, where that is less than what the polynomial allows; lenses
    of more than half a turn are allowed.
    """

    fx: Positive
    fy: Positive
    cx: float
    cy: float
    k1: float
    k2: float
    k3: float
    k4: float
    max_theta_rad: Positive | None = None

    def project(self, p_camera: ArrayLike) -> tuple[Array, Mask]:
        """Points (..., 3) to pixels (..., 2) and their validity."""
        x, y, z = split(p_camera)
        u, v, ok = from_angle(self._curve(), x, y, z)
        return to_pixels(self, u, v, ok)

    def unproject(self, px: ArrayLike) -> tuple[Array, Mask]:
        """Pixels (..., 2) to unit directions (..., 3) and their validity."""
        u, v, inside = from_pixels(self, px)
        d_camera, ok = to_angle(self._curve(), u, v)
        return d_camera, inside & ok

    def resized(self, width: int, height: int) -> "KannalaBrandt":
        """The camera of the same picture resized."""
        return structs.replace(self, width=width, height=height, **rescaled(self, width, height))

    def _curve(self) -> RadialCurve:
        return radial_curve((self.k1, self.k2, self.k3, self.k4), (), self.max_theta_rad or np.pi, angle=True)
