"""What all camera models share: the image, its border, and the step between the distorted image plane and pixels.

Pixel (0, 0) is the centre of the top-left pixel, so the image covers [-0.5, width - 0.5] x [-0.5, height - 0.5].
"""

import math
from typing import Annotated, Protocol

import numpy as np
from msgspec import Meta, Struct, structs
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Positive = Annotated[float, Meta(gt=0.0)]
Pixels = Annotated[int, Meta(ge=1, le=16384)]


class CameraBase(Struct, frozen=True, tag_field="model", forbid_unknown_fields=True, omit_defaults=True):
    """The image of a camera. Raises ValueError for parameters that are not finite."""

    width: Pixels
    height: Pixels

    def __post_init__(self) -> None:
        for name, value in structs.asdict(self).items():
            numbers = value if isinstance(value, tuple) else (value,)
            if any(number is not None and not math.isfinite(number) for number in numbers):
                raise ValueError(f"camera parameter {name} must be finite; got {value}")

    def contains(self, px: ArrayLike) -> Mask:
        """Whether pixels (..., 2) lie on the image, its outer half pixel included."""
        xy = np.asarray(px, dtype=np.float64)
        x, y = xy[..., 0], xy[..., 1]
        inside: Mask = (x >= -0.5) & (y >= -0.5) & (x <= self.width - 0.5) & (y <= self.height - 0.5)
        return inside


class Intrinsics(Protocol):
    """The linear part of a camera, all in pixels."""

    @property
    def fx(self) -> float: ...
    @property
    def fy(self) -> float: ...
    @property
    def cx(self) -> float: ...
    @property
    def cy(self) -> float: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    def contains(self, px: ArrayLike) -> Mask: ...


def to_pixels(camera: Intrinsics, u: Array, v: Array, ok: Mask) -> tuple[Array, Mask]:
    """From the distorted image plane (focal length 1) to pixels (..., 2), NaN where not ``ok``; valid on the image."""
    px = np.empty((*np.shape(u), 2))
    px[..., 0] = np.where(ok, camera.fx * u + camera.cx, np.nan)
    px[..., 1] = np.where(ok, camera.fy * v + camera.cy, np.nan)
    return px, ok & camera.contains(px)


def from_pixels(camera: Intrinsics, px: ArrayLike) -> tuple[Array, Array, Mask]:
    """From pixels (..., 2) to the distorted image plane: u, v, and whether the pixel lies on the image."""
    xy = np.asarray(px, dtype=np.float64)
    return (xy[..., 0] - camera.cx) / camera.fx, (xy[..., 1] - camera.cy) / camera.fy, camera.contains(xy)


def split(p_camera: ArrayLike) -> tuple[Array, Array, Array]:
    """The columns x, y, z of points (..., 3)."""
    p = np.asarray(p_camera, dtype=np.float64)
    return p[..., 0], p[..., 1], p[..., 2]


def unit(x: Array, y: Array, z: Array | float) -> Array:
    """Unit directions (..., 3)."""
    scale = 1.0 / np.sqrt(x * x + y * y + z * z)
    return np.stack((x * scale, y * scale, z * scale), axis=-1)


def rescaled(camera: Intrinsics, width: int, height: int) -> dict[str, float]:
    """fx, fy, cx, cy of the same view with its picture resized: the corners stay corners, not the pixel centres."""
    sx, sy = width / camera.width, height / camera.height
    return {
        "fx": camera.fx * sx,
        "fy": camera.fy * sy,
        "cx": (camera.cx + 0.5) * sx - 0.5,
        "cy": (camera.cy + 0.5) * sy - 0.5,
    }
