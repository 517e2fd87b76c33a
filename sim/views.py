"""How a camera's picture is drawn: as one pinhole view, or as a few that are then bent into the lens's picture.

OpenGL only draws straight lines. A lens that bends them is drawn as up to six pinhole views along the faces of a cube
(only the part of each that the lens sees), side by side in one picture, from which each pixel takes its own.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gazeline.calib.cameras import Camera, Pinhole

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
WIDE = 1.7  # tangent up to which one view serves: beyond 60 degrees its border would be all that it resolves
MARGIN_PX = 2


@dataclass(frozen=True, eq=False)
class View:
    """A pinhole view into the rectangle (x, y, width, height) of the drawn picture, top-left origin.

    ``R_camera_view`` turns its axes (x right, y down, z forward) into the camera's; ``slopes`` are the tangents at the
    left, right, top and bottom border.
    """

    rectangle: tuple[int, int, int, int]
    R_camera_view: F64
    slopes: tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Bend:
    """Where in the drawn picture each camera pixel lies, (H, W) each; ``seen``: where the lens reaches."""

    map_x: F32
    map_y: F32
    seen: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ViewPlan:
    """Views, the drawn picture's size, pixels per radian in the middle, and how to bend it (None: not at all)."""

    views: tuple[View, ...]
    width: int
    height: int
    focal_px: float
    bend: Bend | None = None


def _faces() -> list[F64]:
    """Rotations to the six faces of a cube, front first."""
    x, y, z = np.eye(3)
    axes = [(x, y, z), (-z, y, x), (z, y, -x), (x, -z, y), (x, z, -y), (-x, y, -z)]
    return [np.stack(a, axis=1) for a in axes]


def plan_views(camera: Camera) -> ViewPlan:
    """The views for a camera; a second or so for a large fisheye picture, so plan once."""
    w, h = camera.width, camera.height
    if isinstance(camera, Pinhole):
        slopes = (
            (-0.5 - camera.cx) / camera.fx,
            (w - 0.5 - camera.cx) / camera.fx,
            (-0.5 - camera.cy) / camera.fy,
            (h - 0.5 - camera.cy) / camera.fy,
        )
        return ViewPlan((View((0, 0, w, h), np.eye(3), slopes),), w, h, camera.fx)
    x, y = np.meshgrid(np.arange(w, dtype=np.float64), np.arange(h, dtype=np.float64))
    rays, seen = camera.unproject(np.stack([x, y], -1))  # (H, W, 3)
    step = np.linalg.norm(np.diff(rays, axis=1), axis=-1)
    in_row = seen[:, 1:] & seen[:, :-1]
    pixel_rad = float(np.median(step[in_row]))
    forward = rays[..., 2]
    wide = np.abs(rays[..., :2]).max(-1) > WIDE * forward
    faces = _faces()
    if (wide & seen).any():
        along = np.stack([rays @ f[:, 2] for f in faces])  # (6, H, W)
        face = along.argmax(0)
    else:
        face = np.zeros((h, w), int)
    views: list[View] = []
    map_x, map_y = np.full((h, w), -1.0), np.full((h, w), -1.0)
    left, tallest = 0, 0
    for k, rotation in enumerate(faces):
        here = (face == k) & seen
        if not here.any():
            continue
        local = rays[here] @ rotation
        u, v = local[:, 0] / local[:, 2], local[:, 1] / local[:, 2]
        focal = 0.95 / pixel_rad if k == 0 else 0.75 / pixel_rad
        u0, v0 = u.min() - MARGIN_PX / focal, v.min() - MARGIN_PX / focal
        width = int(np.ceil((u.max() - u0) * focal)) + MARGIN_PX
        height = int(np.ceil((v.max() - v0) * focal)) + MARGIN_PX
        views.append(View((left, 0, width, height), rotation, (u0, u0 + width / focal, v0, v0 + height / focal)))
        map_x[here], map_y[here] = left + (u - u0) * focal - 0.5, (v - v0) * focal - 0.5
        left, tallest = left + width, max(tallest, height)
    bend = Bend(map_x.astype(np.float32), map_y.astype(np.float32), seen)
    return ViewPlan(tuple(views), left, tallest, 1.0 / pixel_rad, bend)
