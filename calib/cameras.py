"""Camera models: the pinhole here, the others in files of their own; ``Camera`` is any of them.

Each model has ``project(p_camera (..., 3)) -> (px (..., 2), valid (...))`` and ``unproject(px (..., 2)) ->
(d_camera (..., 3), valid (...))``. Points are in metres (or any length) and directions unit, in the camera frame
(x right, y down, z forward). ``valid`` is False for points behind the camera, beyond the angle to which the lens model
is one-to-one, and for pixels off the image. Pixels off the image are still exact; where there is no pixel at all it is
NaN. Directions are always unit; where the model reaches no such pixel, the nearest direction that it does reach.
"""

from typing import Self

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from gazeline.calib.camera_base import (
    Array,
    CameraBase,
    Mask,
    Positive,
    from_pixels,
    rescaled,
    split,
    to_pixels,
    unit,
)
from gazeline.calib.fisheye624 import Fisheye624
from gazeline.calib.kannala_brandt import KannalaBrandt
from gazeline.calib.radtan import RadTan

__all__ = ["Camera", "Fisheye624", "KannalaBrandt", "Pinhole", "RadTan"]


class Pinhole(CameraBase, frozen=True, tag="pinhole"):
    """A camera without distortion. Focal lengths and principal point in pixels."""

    fx: Positive
    fy: Positive
    cx: float
    cy: float

    @classmethod
    def from_horizontal_fov(cls, width: int, height: int, fov_rad: float) -> Self:
        """Square pixels, principal point in the middle, ``fov_rad`` from the left border to the right one."""
        f = 0.5 * width / float(np.tan(0.5 * fov_rad))
        return cls(width, height, f, f, (width - 1) / 2, (height - 1) / 2)

    def project(self, p_camera: ArrayLike) -> tuple[Array, Mask]:
        """Points (..., 3) to pixels (..., 2) and their validity."""
        x, y, z = split(p_camera)
        ok = z > 0.0
        z = np.where(ok, z, np.nan)
        return to_pixels(self, x / z, y / z, ok)

    def unproject(self, px: ArrayLike) -> tuple[Array, Mask]:
        """Pixels (..., 2) to unit directions (..., 3) and their validity."""
        u, v, inside = from_pixels(self, px)
        return unit(u, v, 1.0), inside

    def resized(self, width: int, height: int) -> "Pinhole":
        """The camera of the same picture resized."""
        return msgspec.structs.replace(self, width=width, height=height, **rescaled(self, width, height))


Camera = Pinhole | RadTan | KannalaBrandt | Fisheye624
"""Any camera model. In JSON the key "model" says which: pinhole, radtan, kannala_brandt or fisheye624."""
