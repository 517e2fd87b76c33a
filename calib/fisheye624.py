"""Project Aria's FISHEYE624: a fisheye with six radial, two tangential and four thin-prism coefficients.

https://facebookresearch.github.io/projectaria_tools/docs/tech_insights/camera_intrinsic_models
"""

import math

import numpy as np
from msgspec import structs
from numpy.typing import ArrayLike

from gazeline.calib.camera_base import Array, CameraBase, Mask, Positive, from_pixels, rescaled, split, to_pixels
from gazeline.calib.radial import RadialCurve, from_angle, newton, radial_curve, to_angle
from gazeline.calib.se3 import SE3

T_ROTATED_CLOCKWISE = SE3(np.array([math.sqrt(0.5), 0.0, 0.0, math.sqrt(0.5)]), np.zeros(3))
"""T_rotated_camera for a picture turned by 90 degrees clockwise: what was up in it is on the right."""


class Fisheye624(CameraBase, frozen=True, tag="fisheye624"):
    """Aria's parameters in the order of its calibration files: f, cx, cy, k0 to k5, p0, p1, s0 to s3.

    ``max_theta_rad``: how far from the optical axis the lens sees, where that is less than the polynomial allows.
    """

    f: Positive
    cx: float
    cy: float
    k: tuple[float, float, float, float, float, float]
    p: tuple[float, float]
    s: tuple[float, float, float, float]
    max_theta_rad: Positive | None = None

    @property
    def fx(self) -> float:
        """The focal length in pixels, one for both directions."""
        return self.f

    @property
    def fy(self) -> float:
        """The focal length in pixels, one for both directions."""
        return self.f

    def project(self, p_camera: ArrayLike) -> tuple[Array, Mask]:
        """Points (..., 3) to pixels (..., 2) and their validity."""
        x, y, z = split(p_camera)
        u, v, ok = from_angle(self._curve(), x, y, z)
        u, v = self._shifted(u, v, u * u + v * v)
        return to_pixels(self, u, v, ok)

    def unproject(self, px: ArrayLike) -> tuple[Array, Mask]:
        """Pixels (..., 2) to unit directions (..., 3) and their validity."""
        u, v, inside = from_pixels(self, px)
        if any(self.p) or any(self.s):
            u, v, found = newton(self._jacobian, u, v, u, v)
            inside = inside & found
        d_camera, ok = to_angle(self._curve(), u, v)
        return d_camera, inside & ok

    def resized(self, width: int, height: int) -> "Fisheye624":
        """The camera of the same picture resized. Raises ValueError where that would stretch it: there is one f."""
        if width * self.height != height * self.width:
            raise ValueError(
                f"a fisheye624 picture of {self.width}x{self.height} cannot become {width}x{height}: "
                "the model has one focal length, so keep the proportions"
            )
        linear = rescaled(self, width, height)
        return structs.replace(self, width=width, height=height, f=linear["fx"], cx=linear["cx"], cy=linear["cy"])

    def rotated_clockwise(self) -> "Fisheye624":
        """The exact model of the picture turned by 90 degrees clockwise (numpy: ``rot90(image, -1)``).

        Its camera frame is turned with the picture: ``T_head_rotated = T_head_camera @ T_ROTATED_CLOCKWISE.inverse()``.
        """
        p0, p1 = self.p
        s0, s1, s2, s3 = self.s
        return structs.replace(
            self,
            width=self.height,
            height=self.width,
            cx=self.height - 1 - self.cy,
            cy=self.cx,
            p=(-p1, p0),
            s=(-s2, -s3, s0, s1),
        )

    def _curve(self) -> RadialCurve:
        return radial_curve(self.k, (), self.max_theta_rad or math.pi, angle=True)

    def _shifted(self, x: Array, y: Array, q: Array) -> tuple[Array, Array]:
        """Tangential and thin-prism distortion of the radially distorted point; q = x^2 + y^2."""
        p0, p1 = self.p
        s0, s1, s2, s3 = self.s
        twice = 2.0 * (p0 * x + p1 * y)
        return x + x * twice + q * (p0 + s0 + s1 * q), y + y * twice + q * (p1 + s2 + s3 * q)

    def _jacobian(self, x: Array, y: Array) -> tuple[Array, Array, Array, Array, Array, Array]:
        p0, p1 = self.p
        s0, s1, s2, s3 = self.s
        q = x * x + y * y
        u, v = self._shifted(x, y, q)
        twice = 2.0 * (p0 * x + p1 * y)
        across, down = 2.0 * (p0 + s0 + 2.0 * s1 * q), 2.0 * (p1 + s2 + 2.0 * s3 * q)
        return (
            u,
            v,
            1.0 + twice + x * (2.0 * p0 + across),
            2.0 * p1 * x + across * y,
            2.0 * p0 * y + down * x,
            1.0 + twice + y * (2.0 * p1 + down),
        )
