"""Where the camera was, and when: moves what was seen in one picture to where it stands in another.

Holds the rigs and head poses that were heard lately. Outlines, gaze and pointers all go the same way: from a pixel to a
ray, to the world by the pose at its instant, and back by the pose at the other.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazeline.calib import rig as rig_file
from gazeline.calib.cameras import Camera
from gazeline.calib.se3 import SE3
from gazeline.runtime.config import OutlineSettings
from gazeline.runtime.messages import Frame, Gaze, HeadPose, Message, Overlay, OverlayObject, Pose, RigDevice, Vec2
from gazeline.runtime.reproject import pixels_at_display
from gazeline.runtime.sync import History, pose_at, se3_of
from gazeline.runtime.topics import GAZE_BINOCULAR

Array = NDArray[np.float64]
Moved = Literal["depth", "rotation", "none"]

POSES_KEPT_NS = 10_000_000_000
RIGS_KEPT = 8
UNKNOWN_DEPTH_M = (
    OutlineSettings().default_depth_m
)  # the head's and the camera's origins differ: some distance it takes


class Viewpoint:
    """Rigs and poses, fed by `take`. One thread at a time."""

    def __init__(self) -> None:
        self._poses: History[Pose] = History(span_ns=POSES_KEPT_NS, limit=8192)
        self._rigs: dict[str, rig_file.Rig] = {}
        self._rig_texts: dict[str, str] = {}

    def take(self, message: Message) -> None:
        """Remember a head pose or a rig; anything else is left alone, and so is a rig that cannot be read."""
        if isinstance(message, HeadPose) and message.capture_ns is not None:
            newest = self._poses.newest_ns
            if newest is not None and message.capture_ns < newest - POSES_KEPT_NS:
                self._poses = History(span_ns=POSES_KEPT_NS, limit=8192)  # another sender, another clock
            self._poses = self._poses.added(message.capture_ns, message.T_world_head)
        elif isinstance(message, RigDevice) and self._rig_texts.get(message.rig_id) != message.rig_json:
            try:
                rig = rig_file.loads(message.rig_json)
            except ValueError:
                return
            for texts in (self._rigs, self._rig_texts):
                texts.pop(message.rig_id, None)  # the newest last
                if len(texts) >= RIGS_KEPT:
                    texts.pop(next(iter(texts)))
            self._rigs[message.rig_id] = rig
            self._rig_texts[message.rig_id] = message.rig_json

    def camera(self, frame: Frame) -> tuple[Camera, SE3] | None:
        """The camera of a picture, at the picture's size, and its T_head_camera; None where it is not calibrated."""
        rig = self._rigs.get(frame.T_head_camera_id)
        if rig is None and not frame.T_head_camera_id and self._rigs:
            rig = list(self._rigs.values())[-1]
        if rig is None or frame.camera_id not in rig.cameras:
            return None
        found = rig.cameras[frame.camera_id]
        camera = found.camera
        if (camera.width, camera.height) != (frame.width, frame.height):
            camera = camera.resized(frame.width, frame.height)
        return camera, found.se3

    def head_at(self, t_ns: int | None) -> SE3 | None:
        """T_world_head at an instant; None where it is not known."""
        return None if t_ns is None else pose_at(self._poses, t_ns)

    def moved(self, overlay: Overlay, frame: Frame) -> tuple[Overlay, Moved]:
        """The overlay in the pixels of another picture, and by what it was moved.

        By the head's rotation, and for objects whose distance is known by its translation too; vertices that are then
        behind the camera are left out, and objects with nothing left. Without poses or calibration it is as it was.
        """
        if overlay.capture_ns == frame.capture_ns:
            return overlay, "none"
        known = self.camera(frame)
        T_world_head = self.head_at(frame.capture_ns)
        if known is None or T_world_head is None or overlay.T_world_camera is None:
            return overlay, "none"
        camera, T_head_camera = known
        poses = (se3_of(overlay.T_world_camera), T_world_head @ T_head_camera)
        gazed_depth_m = next((thing.depth_m for thing in overlay.objects if thing.gazed), None)
        gaze_px = None
        if overlay.gaze_px is not None:
            gaze_px = _pixel(_moved_px(camera, _rays(camera, frame, overlay, [overlay.gaze_px]), poses, gazed_depth_m))
        objects = []
        for thing in overlay.objects:
            rays: Sequence[ArrayLike] = thing.rays or [_rays(camera, frame, overlay, ring) for ring in thing.outline]
            rings = [_moved_px(camera, ring, poses, thing.depth_m) for ring in rays]
            objects.extend(_with_outline(thing, rings))
        by_depth = any(thing.depth_m is not None for thing in overlay.objects)
        changed = msgspec.structs.replace(
            overlay, width=frame.width, height=frame.height, gaze_px=gaze_px, objects=objects
        )
        return changed, "depth" if by_depth else "rotation"

    def gaze_px(self, gaze: Gaze, frame: Frame) -> Vec2 | None:
        """Where a gaze sample stands in a picture: the same point of the world, though the head has moved since."""
        known = self.camera(frame)
        if gaze.d_head is None or known is None:
            if gaze.norm_pos is None:
                return None
            return gaze.norm_pos[0] * frame.width - 0.5, (1.0 - gaze.norm_pos[1]) * frame.height - 0.5
        camera, T_head_camera = known
        p_head = np.asarray(gaze.d_head) * (gaze.depth_m or UNKNOWN_DEPTH_M)
        then, there = self.head_at(gaze.capture_ns), self.head_at(frame.capture_ns)
        if then is not None and there is not None:
            p_head = there.inverse().apply(then.apply(p_head))
        px, _ = camera.project(T_head_camera.inverse().apply(p_head))
        return _pixel(px[None])

    def pointer(self, at_px: Vec2, frame: Frame, shown_ns: int, now_ns: int) -> Gaze | None:
        """The gaze of a pointer on a pixel of the picture of ``shown_ns``: it means a point of the world that was seen
        then, and the gaze goes there from where the head is now. None for a pixel that no ray belongs to.

        ``frame`` tells the camera. Without calibration the gaze has ``norm_pos`` alone.
        """
        known = self.camera(frame)
        if known is None:
            norm_pos = ((at_px[0] + 0.5) / frame.width, 1.0 - (at_px[1] + 0.5) / frame.height)
            return Gaze(topic=GAZE_BINOCULAR, capture_ns=now_ns, confidence=1.0, norm_pos=norm_pos, source="mouse")
        camera, T_head_camera = known
        d_camera, valid = camera.unproject(np.asarray(at_px, dtype=np.float64))
        if not bool(valid):
            return None
        p_head = T_head_camera.apply(d_camera * _along(d_camera, T_head_camera))
        then, now = self.head_at(shown_ns), self.head_at(now_ns)
        if then is not None and now is not None:
            p_head = now.inverse().apply(then.apply(p_head))
        x, y, z = (p_head / np.linalg.norm(p_head)).tolist()
        return Gaze(topic=GAZE_BINOCULAR, capture_ns=now_ns, confidence=1.0, d_head=(x, y, z), source="mouse")


def _along(d_camera: Array, T_head_camera: SE3) -> float:
    """How far along a camera's ray (3,) a point is at the distance from the head that stands for an unknown one."""
    d_head, origin = T_head_camera.rotate(d_camera), T_head_camera.xyz_m
    b = float(d_head @ origin)
    return -b + float(np.sqrt(max(0.0, b * b + UNKNOWN_DEPTH_M**2 - float(origin @ origin))))


def _rays(camera: Camera, frame: Frame, overlay: Overlay, px: ArrayLike) -> Array:
    """Unit directions (V, 3) of the overlay's pixels (V, 2), by the camera at the picture's size."""
    scale = np.array([frame.width / overlay.width, frame.height / overlay.height])
    d_camera, _ = camera.unproject((np.asarray(px, dtype=np.float64) + 0.5) * scale - 0.5)
    return d_camera


def _moved_px(camera: Camera, rays: ArrayLike, poses: tuple[SE3, SE3], depth_m: float | None) -> Array:
    """Pixels (V', 2) of the rays (V, 3) seen from the second pose; those that cannot be seen are left out."""
    px, _ = pixels_at_display(camera, np.reshape(np.asarray(rays, dtype=np.float64), (-1, 3)), *poses, depth_m)
    seen: Array = px[np.isfinite(px).all(axis=-1)]
    return seen


def _pixel(px: Array) -> Vec2 | None:
    if not (len(px) and np.isfinite(px[0]).all()):
        return None
    return float(px[0, 0]), float(px[0, 1])


def _with_outline(thing: OverlayObject, rings: list[Array]) -> list[OverlayObject]:
    """The object with another outline, or nothing. Its rays are left out: they were those of the other picture."""
    rings = [ring for ring in rings if len(ring) >= 3]
    if not rings:
        return []
    every = np.concatenate(rings)
    (x0, y0), (x1, y1) = every.min(axis=0).tolist(), every.max(axis=0).tolist()
    outline: list[list[Vec2]] = [[(x, y) for x, y in ring.tolist()] for ring in rings]
    return [msgspec.structs.replace(thing, outline=outline, rays=[], box=(x0, y0, x1, y1))]
