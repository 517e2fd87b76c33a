"""Where the camera was, and when: moves what was seen in one picture to where it stands in another.

Holds the rigs and head poses that were heard lately. Outlines, gaze and pointers all go the same way: from a pixel to a
ray, to the world by the pose at its instant, and back by the pose at the other.
"""

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazeline.calib import rig as rig_file
from gazeline.calib.cameras import Camera
from gazeline.calib.se3 import SE3
from gazeline.runtime import prompt
from gazeline.runtime.config import OutlineSettings
from gazeline.runtime.messages import Frame, Gaze, HeadPose, Message, Overlay, OverlayObject, Pose, RigDevice, Vec2
from gazeline.runtime.reproject import directions_at_display, reproject
from gazeline.runtime.sync import MAX_EXTRAPOLATION_NS, History, pose_at, se3_of
from gazeline.runtime.topics import GAZE_BINOCULAR

Array = NDArray[np.float64]
Moved = Literal["depth", "default_depth", "none"]

NO_POSES: History[Pose] = History(span_ns=10_000_000_000, limit=8192)
RIGS_KEPT = 8
DEFAULT_DEPTH_M = OutlineSettings().default_depth_m


class Viewpoint:
    """Rigs and poses, fed by `take`. For one thread.

    ``default_depth_m`` and ``max_extrapolation_ns`` are the runtime's settings ``outline.default_depth_m`` and
    ``sync.extrapolate_ms``.
    """

    def __init__(
        self, default_depth_m: float = DEFAULT_DEPTH_M, max_extrapolation_ns: int = MAX_EXTRAPOLATION_NS
    ) -> None:
        self._default_depth_m = default_depth_m
        self._max_extrapolation_ns = max_extrapolation_ns
        self._poses = NO_POSES
        self._rigs: dict[str, tuple[str, rig_file.Rig]] = {}  # the newest last

    def take(self, message: Message) -> None:
        """Remember a head pose or a rig; anything else is left alone, and so is a rig that cannot be read."""
        if isinstance(message, HeadPose) and message.capture_ns is not None:
            newest_ns = self._poses.newest_ns
            if newest_ns is not None and message.capture_ns < newest_ns - NO_POSES.span_ns:
                self._poses = NO_POSES  # another sender, another time
            self._poses = self._poses.added(message.capture_ns, message.T_world_head)
        elif isinstance(message, RigDevice):
            text, rig = self._rigs.get(message.rig_id, ("", None))
            if text != message.rig_json or rig is None:
                try:
                    rig = rig_file.loads(message.rig_json)
                except ValueError:
                    return
            self._rigs.pop(message.rig_id, None)
            self._rigs[message.rig_id] = (message.rig_json, rig)
            if len(self._rigs) > RIGS_KEPT:
                del self._rigs[next(iter(self._rigs))]

    def of(self, frame: Frame) -> prompt.View | None:
        """A picture as a place to look from; None where its camera is not calibrated."""
        _, rig = self._rigs.get(frame.T_head_camera_id) or next(reversed(self._rigs.values()), ("", None))
        calibration = prompt.calibration_of(frame, rig)
        return None if calibration is None else prompt.View(frame, calibration, self.head_at(frame.capture_ns))

    def head_at(self, t_ns: int | None) -> SE3 | None:
        """T_world_head at an instant; None where it is not known."""
        return None if t_ns is None else pose_at(self._poses, t_ns, self._max_extrapolation_ns)

    def moved(self, overlay: Overlay, frame: Frame) -> tuple[Overlay, Moved]:
        """The overlay in the pixels of another picture, and by what it was moved.

        By the head's motion, for the distance of each vertex or object, or the default one where none is known, and by
        the motion of what moves. Vertices that are then behind the camera are left out, and objects with nothing left.
        Without poses or calibration it is as it was.
        """
        view = None if overlay.capture_ns == frame.capture_ns else self.of(frame)
        if view is None or view.T_world_camera is None or overlay.T_world_camera is None:
            return overlay, "none"
        camera, poses = view.calibration.camera, (se3_of(overlay.T_world_camera), view.T_world_camera)
        after_s = ((frame.capture_ns or 0) - (overlay.capture_ns or 0)) * 1e-9
        gaze_px = None
        if overlay.gaze_px is not None:
            depth_m = next((thing.depth_m for thing in overlay.objects if thing.gazed), None) or self._default_depth_m
            rays = _rays(camera, overlay, [overlay.gaze_px])
            gaze_px = _first(_seen(camera, directions_at_display(rays, *poses, depth_m)))
        objects = []
        for thing in overlay.objects:
            rings = reproject(
                thing,
                *poses,
                rays=thing.rays or [_rays(camera, overlay, ring) for ring in thing.outline],
                default_depth_m=self._default_depth_m,
                after_s=after_s,
            )
            objects.extend(_with_outline(thing, [_seen(camera, ring) for ring in rings]))
        by_depth = any(thing.depth_m is not None for thing in overlay.objects)
        changed = msgspec.structs.replace(
            overlay, width=frame.width, height=frame.height, gaze_px=gaze_px, objects=objects
        )
        return changed, "depth" if by_depth else "default_depth"

    def gaze_px(self, gaze: Gaze, frame: Frame) -> Vec2 | None:
        """Where a gaze sample stands in a picture: the same point of the world, though the head has moved since.

        None where that is outside of the picture, or the sample leads nowhere.
        """
        view = self.of(frame) or prompt.View(frame, prompt.nominal(frame), None)
        found = prompt.direction_of(gaze, view.calibration, self._default_depth_m)
        if found is None:
            return None
        d_head, depth_m = found
        T_world_head = self.head_at(gaze.capture_ns)
        return prompt.pixel_of(d_head, view, depth_m=depth_m or self._default_depth_m, T_world_head=T_world_head)

    def pointer(self, at_px: Vec2, frame: Frame, shown_ns: int, now_ns: int) -> Gaze | None:
        """The gaze of a pointer on a pixel of the picture of ``shown_ns``: it means a point of the world that was seen
        then, and the gaze goes there from where the head is now. None for a pixel that no ray belongs to.

        ``frame`` tells the camera. Without calibration the gaze has ``norm_pos`` alone.
        """
        gaze = Gaze(topic=GAZE_BINOCULAR, capture_ns=now_ns, confidence=1.0, source="mouse")
        view = self.of(frame)
        if view is None:
            gaze.norm_pos = ((at_px[0] + 0.5) / frame.width, 1.0 - (at_px[1] + 0.5) / frame.height)
            return gaze
        calibration = view.calibration
        d_camera, valid = calibration.camera.unproject(np.asarray(at_px, dtype=np.float64))
        if not bool(valid):
            return None
        # The point on the ray whose distance from the eyes is the one that stands for an unknown distance.
        ray, start = calibration.T_head_camera.rotate(d_camera), calibration.T_head_camera.xyz_m - calibration.eyes_m
        b, c = float(ray @ start), float(start @ start) - self._default_depth_m**2
        p_head = calibration.T_head_camera.xyz_m + (np.sqrt(max(0.0, b * b - c)) - b) * ray
        then, now = self.head_at(shown_ns), self.head_at(now_ns)
        if then is not None and now is not None:
            p_head = now.inverse().apply(then.apply(p_head))
        x, y, z = ((p_head - calibration.eyes_m) / np.linalg.norm(p_head - calibration.eyes_m)).tolist()
        gaze.d_head = (x, y, z)
        return gaze


def _rays(camera: Camera, overlay: Overlay, px: ArrayLike) -> Array:
    """Unit directions (V, 3) of the overlay's pixels (V, 2), by the camera at the picture's size."""
    scale = np.array([camera.width / overlay.width, camera.height / overlay.height])
    d_camera, _ = camera.unproject((np.asarray(px, dtype=np.float64) + 0.5) * scale - 0.5)
    return d_camera


def _seen(camera: Camera, d_camera: Array) -> Array:
    """Pixels (V', 2) of directions (V, 3); those that cannot be seen are left out."""
    px, _ = camera.project(d_camera)
    seen: Array = px[np.isfinite(px).all(axis=-1)]
    return seen


def _first(px: Array) -> Vec2 | None:
    return (float(px[0, 0]), float(px[0, 1])) if len(px) else None


def _with_outline(thing: OverlayObject, rings: list[Array]) -> list[OverlayObject]:
    """The object with another outline, or nothing. Its rays are left out: they were those of the other picture."""
    rings = [ring for ring in rings if len(ring) >= 3]
    if not rings:
        return []
    every = np.concatenate(rings)
    (x0, y0), (x1, y1) = every.min(axis=0).tolist(), every.max(axis=0).tolist()
    outline: list[list[Vec2]] = [[(x, y) for x, y in ring.tolist()] for ring in rings]
    return [msgspec.structs.replace(thing, outline=outline, rays=[], box=(x0, y0, x1, y1))]
