"""The message that says what to draw, and which of its objects is which."""

from collections.abc import Sequence

import numpy as np

from gazeline.runtime.events import Answer, Decoded
from gazeline.runtime.gaze import GazeState
from gazeline.runtime.identify import assign
from gazeline.runtime.messages import Overlay, OverlayObject, Vec2, Vec3
from gazeline.runtime.prompt import View
from gazeline.runtime.shape import Array, Shape, iou_of
from gazeline.runtime.sync import pose_of
from gazeline.runtime.topics import OVERLAY_OBJECTS
from gazeline.runtime.track import Tracker, velocity_of

SAME_IOU = 0.7  # two answers that overlap by this much are one object, asked for twice


def objects_of(
    decoded: Decoded, tracker: Tracker, depth_m: float | None, most: int
) -> tuple[Tracker, tuple[OverlayObject, ...]]:
    """The objects that were found, under lasting ids: the gazed one first.

    Each is as far as the depth picture says; without one, the gazed one is at ``depth_m``, if gaze tells that.
    """
    request = decoded.request
    view = request.view
    found: list[tuple[Answer, Shape, bool]] = []
    for i, answer in enumerate(decoded.answers):
        gazed = i == 0 and request.gaze_px is not None
        if answer.shape is None or any(iou_of(answer.shape.rings, other.rings) > SAME_IOU for _, other, _ in found):
            continue
        far_m = answer.distances.median_m if answer.distances is not None else depth_m if gazed else None
        shape = Shape(answer.shape.rings, answer.rays, view.T_world_camera, far_m)
        found.append((answer, shape, gazed))
    found = found[:most]
    camera = view.calibration.camera if view.calibration.measured else None
    tracker, ids = assign(tracker, [shape for _, shape, _ in found], camera, view.frame.capture_ns or 0)
    return tracker, tuple(
        object_of(answer, track_id, gazed=gazed, depth_m=shape.depth_m, velocity=velocity_of(tracker, track_id))
        for (answer, shape, gazed), track_id in zip(found, ids, strict=True)
    )


def object_of(
    answer: Answer, track_id: int, *, gazed: bool, depth_m: float | None, velocity: Array | None = None
) -> OverlayObject:
    """One outlined answer as it goes on the wire. ValueError if it has no outline."""
    if answer.shape is None:
        raise ValueError("an answer without an outline is nothing to draw")
    outline: list[list[Vec2]] = [[(x, y) for x, y in ring.tolist()] for ring in answer.shape.rings]
    rays: list[list[Vec3]] = [[(x, y, z) for x, y, z in ring.tolist()] for ring in answer.rays]
    depths_m = [] if answer.distances is None else [np.round(ring, 4).tolist() for ring in answer.distances.rings]
    return OverlayObject(
        id=track_id,
        score=round(answer.score, 4),
        gazed=gazed,
        outline=outline,
        rays=rays,
        box=answer.shape.box,
        area_px=answer.shape.area_px,
        depth_m=depth_m,
        depths_m=depths_m,
        velocity_m_s=None if velocity is None else (float(velocity[0]), float(velocity[1]), float(velocity[2])),
    )


def overlay_of(decoded: Decoded, objects: Sequence[OverlayObject], gaze: GazeState, now_ns: int) -> Overlay:
    """Everything to draw after a decode, with the latency of each stage up to ``now_ns``."""
    request = decoded.request
    latency_ms = {**request.encoded.took_ms, **decoded.took_ms}
    if request.view.frame.capture_ns is not None:
        latency_ms["frame_to_overlay"] = (now_ns - request.view.frame.capture_ns) * 1e-6
    if request.gaze_ns is not None:
        latency_ms["gaze_to_overlay"] = (now_ns - request.gaze_ns) * 1e-6
    overlay = empty_overlay(request.view, gaze, now_ns)
    overlay.gaze_px = request.gaze_px
    overlay.gaze_state = "user" if request.gaze_px is None else "fixation"
    overlay.gaze_capture_ns = request.gaze_ns
    overlay.objects = list(objects)
    overlay.latency_ms = {stage: round(value, 3) for stage, value in latency_ms.items()}
    return overlay


def empty_overlay(view: View, gaze: GazeState, now_ns: int) -> Overlay:
    """Nothing to draw on this picture: there is no fixation."""
    T_world_camera = view.T_world_camera
    return Overlay(
        topic=OVERLAY_OBJECTS,
        capture_ns=view.frame.capture_ns,
        frame_index=view.frame.index,
        width=view.frame.width,
        height=view.frame.height,
        publish_ns=now_ns,
        camera_id=view.frame.camera_id,
        rig_id=view.frame.T_head_camera_id,
        T_world_camera=None if T_world_camera is None else pose_of(T_world_camera),
        gaze_state=gaze.kind,
        gaze_source=gaze.source,
        gaze_capture_ns=gaze.newest_ns if gaze.newest_ns >= 0 else None,
    )
