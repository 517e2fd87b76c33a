"""The rig: which cameras, eyes and display sit where on the head, and the file that says so.

Frames: the head is x right, y up, -z forward, its origin between the eyes where the device defines that (Aria: CPF)
and at the first camera where it does not; cameras are x right, y down, z forward. A rig file is JSON::

    {"id": "bench-1",
     "cameras": {"world": {
         "camera": {"model": "pinhole", "width": 640, "height": 480, "fx": 500, "fy": 500, "cx": 319.5, "cy": 239.5},
         "T_head_camera": {"quat_wxyz": [0, 1, 0, 0], "xyz_m": [0, 0.02, -0.03]}}},
     "eyes": {"left_m": [-0.032, 0, 0], "right_m": [0.032, 0, 0]}}
"""

from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta, Struct

from gazeline.calib.cameras import Camera
from gazeline.calib.se3 import SE3

Vec3 = tuple[float, float, float]
Pixels = Annotated[int, Meta(ge=1, le=16384)]


class Transform(Struct, frozen=True, forbid_unknown_fields=True):
    """An ``SE3`` as it stands in files. The quaternion must be unit to 1e-3, so that a typing error is not normalised
    away: ValueError otherwise.
    """

    quat_wxyz: tuple[float, float, float, float]
    xyz_m: Vec3

    def __post_init__(self) -> None:
        norm = float(np.linalg.norm(self.quat_wxyz))
        if not abs(norm - 1.0) <= 1e-3:
            raise ValueError(f"quat_wxyz must be a unit quaternion (w, x, y, z); the length of this one is {norm:g}")

    @classmethod
    def of(cls, T: SE3) -> "Transform":
        """The file form of a transform."""
        w, x, y, z = T.quat_wxyz.tolist()
        tx, ty, tz = T.xyz_m.tolist()
        return cls((w, x, y, z), (tx, ty, tz))

    @property
    def se3(self) -> SE3:
        """The transform to compute with."""
        return SE3(np.array(self.quat_wxyz), np.array(self.xyz_m))


class RigCamera(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One camera on the head. ``line_time_ns``: from one row's exposure to the next one's; None where unknown."""

    camera: Camera
    T_head_camera: Transform
    line_time_ns: Annotated[int, Meta(ge=0)] | None = None

    @property
    def se3(self) -> SE3:
        """``T_head_camera`` to compute with."""
        return self.T_head_camera.se3


class Eyes(Struct, frozen=True, forbid_unknown_fields=True):
    """Centres of rotation of the eyes in the head frame."""

    left_m: Vec3
    right_m: Vec3


class Display(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one eye sees the overlay on: its size, where it looks from, and its tangents to the left, right, up, down.

    The tangents are of the angles from the view axis to the borders (OpenXR's field of view), all as positive numbers.
    """

    width: Pixels
    height: Pixels
    T_head_view: Transform
    tangents_lrud: tuple[float, float, float, float]
    refresh_hz: Annotated[float, Meta(gt=0.0)] | None = None


class Rig(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A headset's calibration. Frames name it by ``id``, and their camera by its key in ``cameras``."""

    id: Annotated[str, Meta(min_length=1)]
    cameras: Annotated[dict[str, RigCamera], Meta(min_length=1)]
    eyes: Eyes | None = None
    display: Display | None = None


class _Cameras(Struct):
    cameras: dict[str, msgspec.Raw]


def loads(text: str | bytes, origin: str = "rig") -> Rig:
    """A rig from JSON text. Raises ValueError with one sentence that names ``origin`` and the key at fault."""
    try:
        return msgspec.json.decode(text, type=Rig)
    except msgspec.ValidationError as error:
        what, key = _what_and_key(text, error)
        raise ValueError(f"{origin}: {what}, at key {key}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{origin}: not JSON: {error}") from None


def _what_and_key(text: str | bytes, error: msgspec.ValidationError) -> tuple[str, str]:
    """msgspec's "What - at `$.cameras[...].camera.fx`" taken apart, with the camera's name in place of the dots."""
    what, _, where = str(error).partition(" - at `$")
    key = where.rstrip("`").removeprefix(".") or "(top level)"
    if key.startswith("cameras[...]"):
        for name, camera in msgspec.json.decode(text, type=_Cameras).cameras.items():
            try:
                msgspec.json.decode(camera, type=RigCamera)
            except msgspec.ValidationError:
                key = key.replace("[...]", f".{name}", 1)
                break
    return what[:1].lower() + what[1:], key


def dumps(rig: Rig) -> str:
    """A rig as JSON text, indented; what is at its default is left out."""
    return msgspec.json.format(msgspec.json.encode(rig), indent=2).decode() + "\n"


def load(path: str | Path) -> Rig:
    """A rig from a file. Raises OSError or ValueError with one sentence that names the file and the key."""
    try:
        text = Path(path).read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"no rig file {path}") from None
    return loads(text, str(path))


def save(rig: Rig, path: str | Path) -> None:
    """Write a rig to a file."""
    Path(path).write_text(dumps(rig), encoding="utf-8")
