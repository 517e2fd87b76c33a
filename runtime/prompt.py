"""Where gaze falls in a picture: from a direction at one instant to a pixel of the frame of another.

The encoded frame is older than the gaze that asks about it, and the head has moved in between. So the gazed point goes
from the head at the gaze's time to the world, from there to the camera at the frame's capture, and through its lens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import radians

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazeline.calib.cameras import Camera, Pinhole
from gazeline.calib.rig import Rig
from gazeline.calib.se3 import FORWARD_CAMERA, SE3
from gazeline.runtime.messages import Frame, Gaze, UserPrompt, Vec2
from gazeline.runtime.reproject import pixels_at_display, unrolled

Array = NDArray[np.float64]

NOMINAL_FOV_RAD = radians(70.0)  # of a camera of which nothing is known


@dataclass(frozen=True, eq=False)
class Calibration:
    """What of the rig belongs to one picture: its camera at the picture's size, T_head_camera, and the point between
    the eyes in the head frame (3,). ``measured`` is False where the camera is only assumed. ``readout_ns``: from the
    first row's exposure to the last one's; 0 where the shutter is global, or nothing is known."""

    camera: Camera
    T_head_camera: SE3
    eyes_m: Array
    measured: bool
    readout_ns: int = 0


@dataclass(frozen=True, eq=False)
class View:
    """A picture as a place to look from: its frame, calibration, and the head's pose at its capture, if known.

    With a rolling shutter that is the capture of the middle row, and ``T_world_head_last`` is the pose at the last one.
    """

    frame: Frame
    calibration: Calibration
    T_world_head: SE3 | None
    T_world_head_last: SE3 | None = None

    @property
    def T_world_camera(self) -> SE3 | None:  # noqa: N802 - the name of a transform
        """The camera's pose at capture; None without a head pose or a measured calibration."""
        if self.T_world_head is None or not self.calibration.measured:
            return None
        return self.T_world_head @ self.calibration.T_head_camera

    def at_capture(self, d_camera: Array, px: Array, depth_m: ArrayLike | None = None) -> Array:
        """The unit rays (V, 3) of pixels (V, 2) in the camera frame at ``capture_ns``, whatever the row's own instant
        was; ``depth_m`` (V,) or one number is the distance along them, if it is known."""
        start = self.T_world_camera
        if start is None or self.T_world_head_last is None:
            return d_camera
        half = 0.5 * (self.frame.height - 1)
        shares = (px[:, 1] - half) / half
        return unrolled(d_camera, shares, start, self.T_world_head_last @ self.calibration.T_head_camera, depth_m)


@dataclass(frozen=True)
class Question:
    """A prompt in pixels of one frame: points (x, y) with labels 1 "this" or 0 "not this", and perhaps a box."""

    points: tuple[Vec2, ...] = ()
    labels: tuple[int, ...] = ()
    box: tuple[float, float, float, float] | None = None

    @property
    def centre(self) -> Vec2:
        """The middle of what is asked for: of the box, else of the positive points."""
        if self.box is not None:
            return 0.5 * (self.box[0] + self.box[2]), 0.5 * (self.box[1] + self.box[3])
        x, y = np.mean([p for p, label in zip(self.points, self.labels, strict=True) if label], axis=0).tolist()
        return x, y


def calibration_of(frame: Frame, rig: Rig | None) -> Calibration | None:
    """The calibration of a picture by a rig; None where the rig is another one or has no such camera."""
    if rig is None or frame.T_head_camera_id not in ("", rig.id) or frame.camera_id not in rig.cameras:
        return None
    found = rig.cameras[frame.camera_id]
    camera = found.camera
    if (camera.width, camera.height) != (frame.width, frame.height):
        if abs(camera.width / camera.height / (frame.width / frame.height) - 1.0) > 0.01:
            return None  # cropped, nobody says where
        camera = camera.resized(frame.width, frame.height)
    eyes = np.zeros(3) if rig.eyes is None else 0.5 * np.add(rig.eyes.left_m, rig.eyes.right_m)
    # a picture made smaller is read out in the same time
    readout_ns = round((found.line_time_ns or 0) * (found.camera.height - 1))
    return Calibration(camera, found.se3, eyes, measured=True, readout_ns=readout_ns)


def nominal(frame: Frame) -> Calibration:
    """An assumed camera between the eyes, for gaze that comes in pixels alone (``norm_pos``)."""
    camera = Pinhole.from_horizontal_fov(frame.width, frame.height, NOMINAL_FOV_RAD)
    return Calibration(camera, FORWARD_CAMERA, np.zeros(3), measured=False)


def direction_of(gaze: Gaze, calibration: Calibration, default_depth_m: float) -> tuple[Array, float | None] | None:
    """Unit direction (3,) in the head frame from between the eyes, and the depth along it if the sample says one.

    From ``d_head``, else Pupil's ``gaze_point_3d``, else ``norm_pos``; where the camera is only assumed, from
    ``norm_pos`` alone. None where the sample has none of them or they lead nowhere.
    """
    T_head_camera = calibration.T_head_camera
    if calibration.measured and gaze.d_head is not None:
        d = np.asarray(gaze.d_head)
        norm = float(np.linalg.norm(d))
        return (d / norm, gaze.depth_m) if 0.5 < norm < 2.0 else None
    if calibration.measured and gaze.gaze_point_3d is not None:
        p_camera = 1e-3 * np.asarray(gaze.gaze_point_3d)  # mm
        if p_camera[2] > 0.0:
            return _towards(T_head_camera.apply(p_camera), calibration)
    if gaze.norm_pos is None:
        return None
    camera = calibration.camera
    px = gaze.norm_pos[0] * camera.width - 0.5, (1.0 - gaze.norm_pos[1]) * camera.height - 0.5
    d_camera, valid = camera.unproject(px)
    return _towards(T_head_camera.apply(d_camera * default_depth_m), calibration) if bool(valid) else None


def pixel_of(
    d: Array,
    view: View,
    *,
    depth_m: float,
    in_world: bool = False,
    T_world_head: SE3 | None = None,
) -> Vec2 | None:
    """Where the point ``depth_m`` along ``d`` (3,), from between the eyes, stands in a picture; None if outside of it.

    ``T_world_head`` is the head's pose when ``d`` was seen; ``d`` is in the world frame if ``in_world`` (then the pose
    is needed), else in the head frame. Where either pose is not known, the head is taken not to have moved.
    """
    calibration = view.calibration
    if in_world and T_world_head is not None:
        d = T_world_head.R.T @ d
    p_head = calibration.eyes_m + depth_m * d
    if T_world_head is not None and view.T_world_head is not None and calibration.measured:
        p_head = view.T_world_head.R.T @ (T_world_head.apply(p_head) - view.T_world_head.xyz_m)
    p_camera = calibration.T_head_camera.R.T @ (p_head - calibration.T_head_camera.xyz_m)
    px, valid = calibration.camera.project(p_camera)
    if not bool(valid):
        return None
    x, y = px.tolist()
    return x, y


def question_of(prompt: UserPrompt, asked: View, view: View) -> Question | None:
    """A user's prompt about one picture, in the pixels of another; None where nothing of it is to be seen there.

    Points and box corners turn with the head; what their distance would add is left out. Points outside of either
    picture are left out, and a box is cut to it.
    """
    points, seen = _moved([(x, y) for x, y, _ in prompt.points], asked, view)
    kept = [(p, label) for p, (_, _, label), ok in zip(points, prompt.points, seen, strict=True) if ok]
    box = None
    if prompt.kind == "box" and prompt.box is not None:
        x0, y0, x1, y1 = prompt.box
        corners, _ = _moved([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], asked, view)
        limit = (view.frame.width - 0.5, view.frame.height - 0.5)
        if np.isfinite(corners).all():
            low = np.clip(np.min(corners, axis=0), -0.5, limit).tolist()
            high = np.clip(np.max(corners, axis=0), -0.5, limit).tolist()
            if high[0] - low[0] >= 1.0 and high[1] - low[1] >= 1.0:
                box = (low[0], low[1], high[0], high[1])
    if box is None and not any(label for _, label in kept):
        return None
    return Question(tuple(p for p, _ in kept), tuple(label for _, label in kept), box)


def _moved(px: Sequence[Vec2], asked: View, view: View) -> tuple[list[Vec2], list[bool]]:
    """Pixels of one picture in another, and whether they are to be seen there."""
    if not px:
        return [], []
    there, here = asked.T_world_camera, view.T_world_camera
    if asked.frame.capture_ns == view.frame.capture_ns or there is None or here is None:
        moved = np.asarray(px, np.float64)
        inside = view.calibration.camera.contains(moved)
    else:
        rays, known = asked.calibration.camera.unproject(px)
        moved, inside = pixels_at_display(view.calibration.camera, rays, there, here)
        inside = inside & known
    return [(x, y) for x, y in moved.tolist()], inside.tolist()


def _towards(p_head: ArrayLike, calibration: Calibration) -> tuple[Array, float | None] | None:
    v = np.asarray(p_head) - calibration.eyes_m
    depth_m = float(np.linalg.norm(v))
    return (v / depth_m, depth_m) if depth_m > 1e-3 else None
