"""Camera models as vectors of numbers, which is what a solver sees; and their derivatives, taken numerically."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gazeline.calib.camera_base import Array
from gazeline.calib.cameras import Camera, Fisheye624, KannalaBrandt, Pinhole, RadTan

_STEP = 1e-6  # relative; central differences are then good to about 1e-9


@dataclass(frozen=True)
class Lens:
    """A camera model to be solved for. ``linear``: how many of its numbers come before the distortion's.

    ``angle``: without distortion it maps angles (an equidistant fisheye), not tangents (a pinhole).
    """

    name: str
    names: tuple[str, ...]
    linear: int
    angle: bool
    make: Callable[[int, int, list[float]], Camera]

    def camera(self, width: int, height: int, values: Array) -> Camera:
        """The camera with these numbers (K,); ValueError where it cannot be, as with a focal length below zero."""
        if not np.all(np.isfinite(values)) or values[0] <= 0.0 or (self.linear == 4 and values[1] <= 0.0):
            raise ValueError("no such lens")
        return self.make(width, height, values.tolist())

    def values(self, camera: Camera) -> Array:
        """The numbers (K,) of a camera of this kind."""
        found: list[float] = []
        for name in dict.fromkeys(name.rstrip("0123456789") if self.linear == 3 else name for name in self.names):
            value = getattr(camera, name)
            found += value if isinstance(value, tuple) else [value]
        return np.array(found)

    def start(self, width: int, height: int, f: float) -> Array:
        """Its numbers without distortion and with the axis in the middle of the picture."""
        middle = [(width - 1) / 2, (height - 1) / 2]
        return np.array([f] * (self.linear - 2) + middle + [0.0] * (len(self.names) - self.linear))


_LINEAR = ("fx", "fy", "cx", "cy")
_OPENCV = ("k1", "k2", "p1", "p2", "k3")
_ARIA = ("f", "cx", "cy", *(f"k{i}" for i in range(6)), "p0", "p1", *(f"s{i}" for i in range(4)))


def _fisheye624(width: int, height: int, v: list[float]) -> Camera:
    k0, k1, k2, k3, k4, k5, p0, p1, s0, s1, s2, s3 = v[3:]
    return Fisheye624(width, height, v[0], v[1], v[2], (k0, k1, k2, k3, k4, k5), (p0, p1), (s0, s1, s2, s3))


LENSES: dict[str, Lens] = {
    lens.name: lens
    for lens in (
        Lens("pinhole", _LINEAR, 4, False, lambda w, h, v: Pinhole(w, h, *v)),
        Lens("radtan", (*_LINEAR, *_OPENCV), 4, False, lambda w, h, v: RadTan(w, h, *v)),
        Lens("fisheye", (*_LINEAR, "k1", "k2", "k3", "k4"), 4, True, lambda w, h, v: KannalaBrandt(w, h, *v)),
        Lens("rational", (*_LINEAR, *_OPENCV, "k4", "k5", "k6"), 4, False, lambda w, h, v: RadTan(w, h, *v)),
        Lens("fisheye624", _ARIA, 3, True, _fisheye624),
    )
}


def point_jacobian(camera: Camera, p_camera: Array) -> Array:
    """How pixels move with points (M, 3), in px per metre: (M, 2, 3)."""
    step = _STEP * np.linalg.norm(p_camera, axis=-1)  # (M,)
    columns = []
    for axis in np.eye(3):
        ahead, _ = camera.project(p_camera + step[:, None] * axis)
        behind, _ = camera.project(p_camera - step[:, None] * axis)
        columns.append((ahead - behind) / (2.0 * step[:, None]))
    return np.asarray(np.nan_to_num(np.stack(columns, axis=-1)), np.float64)


def lens_jacobian(lens: Lens, width: int, height: int, values: Array, p_camera: Array) -> Array:
    """How the pixels of points (M, 3) move with the lens's numbers: (M, 2, K)."""
    columns = []
    for i, value in enumerate(values):
        step = np.zeros_like(values)
        step[i] = _STEP * max(1.0, abs(value))
        ahead, _ = lens.camera(width, height, values + step).project(p_camera)
        behind, _ = lens.camera(width, height, values - step).project(p_camera)
        columns.append((ahead - behind) / (2.0 * step[i]))
    return np.asarray(np.nan_to_num(np.stack(columns, axis=-1)), np.float64)


def pose_jacobian(by_point: Array, p_camera: Array) -> Array:
    """How pixels move when points are moved by a twist (rho_m, phi_rad) in the camera's frame: (M, 2, 6)."""
    return np.concatenate((by_point, np.cross(p_camera[:, None, :], by_point)), axis=-1)
