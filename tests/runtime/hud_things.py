"""Objects in a made-up world, as overlays have them, for the tests of the HUD."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gazeline.calib.se3 import FORWARD_CAMERA, SE3
from gazeline.runtime.messages import Overlay, OverlayObject
from gazeline.runtime.sync import pose_of
from gazeline.runtime.topics import OVERLAY_OBJECTS

Array = NDArray[np.float64]

CAMERA_AT = SE3(np.array((1.0, 0.0, 0.0, 0.0)), np.array((0.03, 0.04, -0.05))) @ FORWARD_CAMERA  # T_head_camera


def disc(middle_m: Sequence[float], radius_m: float, vertices: int = 48) -> Array:
    """A ring of points (N, 3), world, that faces +z, clockwise as seen from there."""
    turn = np.linspace(0.0, 2 * np.pi, vertices, endpoint=False)
    around = np.stack((np.sin(turn), np.cos(turn), np.zeros_like(turn)), axis=-1)
    return np.asarray(middle_m) + radius_m * around


def thing(
    number: int, ring_m: Array, T_world_camera: SE3, *, gazed: bool = False, name: str | None = None, depth: bool = True
) -> OverlayObject:
    """The object with this ring as a camera there sees it, with the depth of each vertex if ``depth``."""
    p_camera = T_world_camera.inverse().apply(ring_m)
    depths = np.linalg.norm(p_camera, axis=-1)
    rays = p_camera / depths[:, None]
    return OverlayObject(
        id=number,
        score=0.9,
        gazed=gazed,
        outline=[[(x, y) for x, y in (p_camera[:, :2] / p_camera[:, 2:] * 400 + 320).tolist()]],
        rays=[[(x, y, z) for x, y, z in rays.tolist()]],
        box=(0.0, 0.0, 1.0, 1.0),
        area_px=100.0,
        name=name,
        depth_m=float(np.median(depths)) if depth else None,
        depths_m=[depths.tolist()] if depth else [],
    )


def overlay(objects: Sequence[OverlayObject], T_world_camera: SE3, capture_ns: int = 1) -> Overlay:
    """An overlay of a camera there."""
    return Overlay(
        topic=OVERLAY_OBJECTS,
        capture_ns=capture_ns,
        frame_index=0,
        width=640,
        height=480,
        publish_ns=capture_ns,
        T_world_camera=pose_of(T_world_camera),
        gaze_px=(320.0, 240.0),
        gaze_state="fixation",
        objects=list(objects),
    )
