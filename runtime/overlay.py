"""The message that says what to draw, and which of its objects is which."""

from collections.abc import Mapping, Sequence

import numpy as np

from gazeline.runtime.events import Answer, Decoded
from gazeline.runtime.gaze.classify import GazeState
from gazeline.runtime.messages import Overlay, OverlayObject, Vec2, Vec3
from gazeline.runtime.prompt import View
from gazeline.runtime.sync import pose_of
from gazeline.runtime.topics import OVERLAY_OBJECTS
from gazeline.runtime.tracking.appearance import Appearance
from gazeline.runtime.tracking.carry import Standing, standings
from gazeline.runtime.tracking.identify import assign
from gazeline.runtime.tracking.shape import Array, Extent, Rings, Shape, area_of, iou_of
from gazeline.runtime.tracking.track import Track, Tracker, velocity_of

SAME_IOU = 0.7  # two answers that overlap by this much are one object, asked for twice
ON_TOP_IOU = 0.5  # a remembered outline that lies so much on another is it, or was a bad guess at it
CARRIED_NS = 15_000_000_000  # for so long an outline is carried on without being found again,
UNSEEN_NS = 3_000_000_000  # for so long if the pictures do not show it any more,
LOST_NS = 150_000_000  # for so long if they show something else in its place,
BLIND_NS = 400_000_000  # and for so long if neither they nor the head's pose tell where it went
SURE = 0.9  # a better outline need not be found twice to be carried on
CUT_PX = 2.0  # an outline that comes so near to the border goes on beyond it
LEAST_SHOWN = 0.25  # share of its box that must be in the picture
NOTHING: Mapping[int, Rings] = {}


def objects_of(
    decoded: Decoded, tracker: Tracker, depth_m: float | None, most: int
) -> tuple[Tracker, tuple[OverlayObject, ...]]:
    """The objects that were found, under lasting ids: the gazed one first; then all others that are in the picture.

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
        shape = shape_of(answer, view, far_m)
        found.append((answer, shape, gazed))
    found = found[:most]
    camera = view.calibration.camera if view.calibration.measured else None
    tracker, ids = assign(tracker, [shape for _, shape, _ in found], camera, view.frame.capture_ns or 0)
    objects = tuple(
        object_of(answer, track_id, gazed=gazed, depth_m=shape.depth_m, velocity=velocity_of(tracker, track_id))
        for (answer, shape, gazed), track_id in zip(found, ids, strict=True)
    )
    return tracker, (
        *objects,
        *carried(
            tracker,
            view,
            most - len(objects),
            {id_: shape.rings for id_, (_, shape, _) in zip(ids, found, strict=True)},
        ),
    )


def shape_of(answer: Answer, view: View, depth_m: float | None) -> Shape:
    """What the tracker remembers of an outlined answer about a picture. ValueError if it has no outline."""
    if answer.shape is None:
        raise ValueError("an answer without an outline is nothing to track")
    vector = None if answer.description is None else answer.description.vector
    known = answer.colours is not None or vector is not None
    return Shape(
        answer.shape.rings,
        answer.rays,
        view.T_world_camera,
        depth_m,
        depths=() if answer.distances is None else answer.distances.rings,
        score=answer.score,
        appearance=Appearance(answer.colours, vector) if known else None,
        cut=is_cut(answer.shape.rings, view),
    )


def is_cut(rings: Rings, view: View) -> bool:
    """Whether an outline touches the border of its picture."""
    every = np.concatenate(rings)
    last = np.array([view.frame.width, view.frame.height]) - 1.0
    return bool((every < CUT_PX).any() or (every > last - CUT_PX).any())


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


def carried(
    tracker: Tracker, view: View, most: int, seen: Mapping[int, Rings] = NOTHING, gazed_id: int | None = None
) -> tuple[OverlayObject, ...]:
    """The things that are in a picture without having been sought in it, as they were seen last and followed since.

    At most ``most``, the gazed one and those seen last first. ``seen``: by id, what was found in this very picture.
    """
    t_ns = view.frame.capture_ns or 0
    tracks = [track for track in reversed(tracker.tracks) if track.id not in seen and _shows(track, view, t_ns)]
    tracks.sort(key=lambda track: track.id != gazed_id)
    camera = view.calibration.camera if view.calibration.measured else None
    drawn = [(rings, Extent.of(rings)) for rings in seen.values()]
    objects: list[OverlayObject] = []
    for track, where in zip(tracks, standings(tracks, camera, view.T_world_camera), strict=True):
        if len(objects) >= most:
            break
        if where is None or any(
            where.extent.most_iou(extent) > ON_TOP_IOU and iou_of(where.rings, rings) > ON_TOP_IOU
            for rings, extent in drawn
        ):
            continue
        thing = carried_object(track, where, view, gazed=track.id == gazed_id)
        if thing is not None:
            objects.append(thing)
            drawn.append((where.rings, where.extent))
    return tuple(objects)


def _shows(track: Track, view: View, t_ns: int) -> bool:
    """Whether a thing is still to be taken for being where it was seen last."""
    if (track.sightings < 2 and track.shape.score <= SURE) or t_ns - track.seen_ns > CARRIED_NS:
        return False
    lost_ns = track.trail.lost_ns
    if lost_ns is not None and t_ns - lost_ns > LOST_NS:
        return False
    # without a pose, pictures alone say where it went
    blind = view.T_world_camera is None or track.shape.T_world_camera is None
    return t_ns - track.sure_ns <= (BLIND_NS if blind else UNSEEN_NS)


def carried_object(track: Track, where: Standing, view: View, *, gazed: bool) -> OverlayObject | None:
    """A carried outline as it goes on the wire; None where hardly anything of it is in the picture."""
    every = np.concatenate(where.rings)
    last = np.array([view.frame.width, view.frame.height]) - 0.5
    low, high = every.min(axis=0), every.max(axis=0)
    shown = np.clip(high, -0.5, last) - np.clip(low, -0.5, last)
    if float(shown.prod()) < LEAST_SHOWN * float((high - low).prod()):
        return None
    x0, y0, x1, y1 = (float(value) for value in (*np.clip(low, -0.5, last), *np.clip(high, -0.5, last)))
    depth_m = float(np.median(np.concatenate(where.depths))) if where.depths else track.shape.depth_m
    return OverlayObject(
        id=track.id,
        score=round(track.shape.score, 4),
        gazed=gazed,
        carried=True,
        whole_id=track.whole_id,
        surface=track.surface,
        outline=[[(x, y) for x, y in ring.tolist()] for ring in where.rings],
        rays=[[(x, y, z) for x, y, z in ring.tolist()] for ring in where.rays],
        box=(x0, y0, x1, y1),
        area_px=area_of(where.rings),
        depth_m=depth_m,
        depths_m=[np.round(ring, 4).tolist() for ring in where.depths] if track.shape.depths else [],
    )


def overlay_of(decoded: Decoded, objects: Sequence[OverlayObject], gaze: GazeState, now_ns: int) -> Overlay:
    """Everything to draw after a decode, with the latency of each stage up to ``now_ns``."""
    request = decoded.request
    latency_ms = {**request.encoded.took_ms, **decoded.took_ms}
    if request.view.frame.capture_ns is not None:
        latency_ms["frame_to_overlay"] = (now_ns - request.view.frame.capture_ns) * 1e-6
    if request.gaze_ns is not None:
        latency_ms["gaze_to_overlay"] = (now_ns - request.gaze_ns) * 1e-6
    overlay = ungazed_overlay(request.view, objects, gaze, now_ns)
    overlay.gaze_px = request.gaze_px
    overlay.gaze_state = "user" if request.gaze_px is None else "fixation"
    overlay.gaze_capture_ns = request.gaze_ns
    overlay.latency_ms = {stage: round(value, 3) for stage, value in latency_ms.items()}
    return overlay


def ungazed_overlay(view: View, objects: Sequence[OverlayObject], gaze: GazeState, now_ns: int) -> Overlay:
    """What is in a picture while there is no fixation."""
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
        objects=list(objects),
    )
