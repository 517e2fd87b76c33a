"""OpenCV's radial-tangential camera model, with its rational part.

https://docs.opencv.org/4.x/d9/d0c/group__calib3d.html (Detailed Description); the tangential part is that of
D. C. Brown, "Decentering distortion of lenses", Photogrammetric Engineering 32(3), 1966.
"""

import numpy as np
from msgspec import structs
from numpy.typing import ArrayLike

from gazeline.calib.camera_base import Array, CameraBase, Mask, Positive, from_pixels, rescaled, split, to_pixels, unit
from gazeline.calib.radial import RadialCurve, newton, radial_curve

_LIMIT = float(np.tan(np.radians(89.0)))  # beyond it nothing in front of a lens of this kind reaches the picture


class RadTan(CameraBase, frozen=True, tag="radtan"):
    """Focal lengths and principal point in pixels; radial k1 to k6 (k4 to k6 in the denominator), tangential p1, p2.

    cv2.calibrateCamera returns the coefficients in the order of the fields here: k1, k2, p1, p2, k3, k4, k5, k6.
    """

    fx: Positive
    fy: Positive
    cx: float
    cy: float
    k1: float
    k2: float
    p1: float
    p2: float
    k3: float = 0.0
    k4: float = 0.0
    k5: float = 0.0
    k6: float = 0.0

    def project(self, p_camera: ArrayLike) -> tuple[Array, Mask]:
        """Points (..., 3) to pixels (..., 2) and their validity."""
        x, y, z = split(p_camera)
        front = z > 0.0
        z = np.where(front, z, np.nan)
        x, y = x / z, y / z
        curve = self._curve()
        q = x * x + y * y
        u, v = self._distorted(x, y, q, curve.factor(q))
        return to_pixels(self, u, v, front & (q <= curve.limit**2))

    def unproject(self, px: ArrayLike) -> tuple[Array, Mask]:
        """Pixels (..., 2) to unit directions (..., 3) and their validity."""
        u, v, inside = from_pixels(self, px)
        curve = self._curve()
        r = np.sqrt(u * u + v * v)
        s, ok = curve.invert(r)
        scale = np.divide(s, r, out=np.ones_like(r), where=r > 0.0)
        x, y = u * scale, v * scale
        if self.p1 or self.p2:
            x, y, found = newton(self._jacobian, u, v, x, y)
            ok = found & (x * x + y * y <= curve.limit**2)
        return unit(x, y, np.ones_like(x)), inside & ok

    def resized(self, width: int, height: int) -> "RadTan":
        """The camera of the same picture resized."""
        return structs.replace(self, width=width, height=height, **rescaled(self, width, height))

    def _curve(self) -> RadialCurve:
        rational = (self.k4, self.k5, self.k6) if self.k4 or self.k5 or self.k6 else ()
        return radial_curve((self.k1, self.k2, self.k3), rational, _LIMIT, angle=False)

    def _distorted(self, x: Array, y: Array, q: Array, factor: Array) -> tuple[Array, Array]:
        u = x * factor + 2.0 * self.p1 * x * y + self.p2 * (q + 2.0 * x * x)
        v = y * factor + self.p1 * (q + 2.0 * y * y) + 2.0 * self.p2 * x * y
        return u, v

    def _jacobian(self, x: Array, y: Array) -> tuple[Array, Array, Array, Array, Array, Array]:
        curve = self._curve()
        q = x * x + y * y
        factor = curve.factor(q)
        u, v = self._distorted(x, y, q, factor)
        # d(factor)/dq, from dg/ds = factor + 2 q d(factor)/dq
        rate = np.divide(curve.slope(q) - factor, q, out=np.full_like(q, 2.0 * self.k1), where=q > 1e-12)
        jxx = factor + x * x * rate + 2.0 * self.p1 * y + 6.0 * self.p2 * x
        jxy = x * y * rate + 2.0 * self.p1 * x + 2.0 * self.p2 * y
        jyy = factor + y * y * rate + 6.0 * self.p1 * y + 2.0 * self.p2 * x
        return u, v, jxx, jxy, jxy, jyy
