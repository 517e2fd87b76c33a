"""What has been heard: rigs, head poses, pictures, gaze and the user's prompt, each brought into its history.

Every function takes what is known and one message, and gives what is known then, with the reason by which a message is
counted as dropped, or None. Nothing that a sender does makes any of it grow without bound.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from gazeline.calib import rig as rig_file
from gazeline.calib.rig import Rig
from gazeline.calib.se3 import SE3
from gazeline.runtime.centroid import Centroid, GazeSample
from gazeline.runtime.config import Settings
from gazeline.runtime.depth import Plane
from gazeline.runtime.events import DepthArrived, FrameArrived
from gazeline.runtime.gaze.classify import GazeState, update
from gazeline.runtime.gaze.correction import Correction
from gazeline.runtime.gaze.parallax import pixel_on_surface
from gazeline.runtime.gaze.rests import Rest, rested
from gazeline.runtime.messages import Frame, Gaze, HeadPose, Pose, RigDevice, UserPrompt, Vec2
from gazeline.runtime.prompt import (
    Array,
    Calibration,
    View,
    calibration_of,
    direction_of,
    nominal,
    pixel_of,
    question_of,
)
from gazeline.runtime.sync import History, pose_at
from gazeline.runtime.topics import GAZE_BINOCULAR, GAZE_LEFT, GAZE_RIGHT

FUTURE_NS = 1_000_000_000  # what claims to come from later than this has a wrong clock
LATE_NS = 2_000_000_000  # what is older than this has nothing to be put together with any more
VIEWS_NS = 60_000_000_000  # a page that is paused asks about an old picture
DEPTH_WITHIN_NS = 10_000_000  # of a picture, for its depth: at 100 deg/s a head turns a degree meanwhile
ASKED_WITHIN_NS = 500_000_000
ONE_EYE_AFTER_NS = 200_000_000  # one eye alone is used once both have been silent for this long
RIGS_KEPT = 8
PREFERRED = (GAZE_BINOCULAR, GAZE_RIGHT, GAZE_LEFT)
COLOUR_FORMATS = ("jpeg", "rgb", "bgr", "gray", "yuv")


@dataclass(frozen=True, eq=False)
class Inputs:
    """``newest`` is the newest picture, ``waiting`` while it has not been encoded; ``asked`` is the picture that the
    user's prompt is about."""

    rigs: Mapping[str, tuple[str, Rig]] = field(default_factory=dict)  # by id: text and rig, the newest last
    poses: History[Pose] = field(default_factory=lambda: History(span_ns=LATE_NS))
    views: History[View] = field(default_factory=lambda: History(span_ns=VIEWS_NS, limit=2048))
    depths: History[DepthArrived] = field(default_factory=lambda: History(span_ns=LATE_NS // 2, limit=16))
    newest: FrameArrived | None = None
    waiting: bool = False
    gaze: GazeState = field(default_factory=GazeState)
    rests: tuple[Rest, ...] = ()
    correction: Correction = field(default_factory=Correction)
    heard_ns: Mapping[str, int] = field(default_factory=dict)  # by gaze topic
    user: UserPrompt | None = None
    asked: View | None = None


Heard = tuple[Inputs, str | None]
Box = tuple[float, float, float, float]  # x0, y0, x1, y1 px


def view_of(inputs: Inputs, frame: Frame, settings: Settings) -> View:
    """The picture's calibration (an assumed one where none is known) and the head's pose at its capture."""
    rig = inputs.rigs.get(frame.T_head_camera_id)
    if rig is None and not frame.T_head_camera_id and inputs.rigs:
        rig = list(inputs.rigs.values())[-1]
    calibration = (calibration_of(frame, rig[1]) if rig else None) or nominal(frame)
    if frame.capture_ns is None:
        return View(frame, calibration, None)
    limit_ns = round(1e6 * settings.sync.extrapolate_ms)
    pose, last = pose_at(inputs.poses, frame.capture_ns, limit_ns), None
    if calibration.readout_ns:
        last = pose_at(inputs.poses, frame.capture_ns + calibration.readout_ns // 2, limit_ns)
    return View(frame, calibration, pose, last)


def view_at(inputs: Inputs, capture_ns: int) -> View | None:
    """The picture that somebody speaks of by its time; None if it is not known."""
    return inputs.views.nearest(capture_ns, ASKED_WITHIN_NS)


def gaze_px(inputs: Inputs, view: View, default_depth_m: float) -> Vec2 | None:
    """Where gaze is, or was last, in a picture: the fixation as it pointed at the picture's capture, else the newest
    sample. On the surface that a depth picture shows there, else as far as vergence says. None outside of the picture.
    """
    gaze = inputs.gaze
    depth_m = default_depth_m if gaze.depth_m is None else gaze.depth_m
    centroid, newest = gaze.centroid, gaze.newest
    if gaze.kind == "saccade" and newest is not None:
        return _placed(inputs, view, newest.d_head, newest.depth_m or depth_m, False, newest.T_world_head)
    if centroid is None or gaze.kind == "lost":
        return None
    return centroid_px(inputs, view, centroid, depth_m)


def centroid_px(inputs: Inputs, view: View, centroid: Centroid, depth_m: float) -> Vec2 | None:
    """Where a fixation pointed at a picture's capture, in that picture: on the surface that a depth picture shows
    there, else ``depth_m`` away."""
    d = centroid.at(view.frame.capture_ns or 0)
    return _placed(inputs, view, d, depth_m, centroid.in_world, centroid.T_world_head)


def _placed(
    inputs: Inputs, view: View, d: Array, depth_m: float, in_world: bool, T_world_head: SE3 | None
) -> Vec2 | None:
    plane = depth_of(inputs, view.frame) if view.calibration.measured else None
    if plane is None:
        return pixel_of(d, view, depth_m=depth_m, in_world=in_world, T_world_head=T_world_head)
    return pixel_on_surface(d, view, plane, start_m=depth_m, in_world=in_world, T_world_head=T_world_head)


def with_frame(inputs: Inputs, event: FrameArrived, settings: Settings, now_ns: int) -> Heard:
    """A picture came; one that still waited is given up."""
    frame, newest = event.frame, inputs.newest
    if frame.format not in COLOUR_FORMATS:
        return inputs, "frame_not_colour"
    if reason := _untimely(frame.capture_ns, now_ns):
        return inputs, f"frame_{reason}"
    assert frame.capture_ns is not None
    if newest is not None and newest.frame.capture_ns is not None and frame.capture_ns <= newest.frame.capture_ns:
        return inputs, "frame_out_of_order"
    reason = "frame_superseded" if inputs.waiting else None
    views = inputs.views.added(frame.capture_ns, view_of(inputs, frame, settings))
    return replace(inputs, newest=event, waiting=True, views=views), reason


def with_depth(inputs: Inputs, event: DepthArrived, now_ns: int) -> Heard:
    """A depth picture came."""
    if reason := _untimely(event.frame.capture_ns, now_ns):
        return inputs, f"depth_{reason}"
    assert event.frame.capture_ns is not None
    newest = inputs.newest
    if newest is not None and not _same_view(event.frame, newest.frame):
        return inputs, "depth_other_view"
    return replace(inputs, depths=inputs.depths.added(event.frame.capture_ns, event)), None


def depth_of(inputs: Inputs, frame: Frame) -> Plane | None:
    """The distances in a picture, if a depth camera was there at its capture."""
    found = None if frame.capture_ns is None else inputs.depths.nearest(frame.capture_ns, DEPTH_WITHIN_NS)
    return found.plane if found is not None and _same_view(found.frame, frame) else None


def with_pose(inputs: Inputs, pose: HeadPose, now_ns: int) -> Heard:
    """A head pose came."""
    if reason := _untimely(pose.capture_ns, now_ns):
        return inputs, f"pose_{reason}"
    assert pose.capture_ns is not None
    poses = inputs.poses.added(pose.capture_ns, pose.T_world_head)
    return replace(inputs, poses=poses), "pose_clock_set_back" if poses.steps > inputs.poses.steps else None


def with_rig(inputs: Inputs, message: RigDevice, settings: Settings) -> Heard:
    """A calibration came, most often one that is known already."""
    known = inputs.rigs.get(message.rig_id)
    if known is not None and known[0] == message.rig_json:
        return inputs, None
    try:
        rig = rig_file.loads(message.rig_json)
    except ValueError:
        return inputs, "rig_invalid"
    others = [(name, entry) for name, entry in inputs.rigs.items() if name != message.rig_id]
    rigs = dict([*others, (message.rig_id, (message.rig_json, rig))][-RIGS_KEPT:])
    inputs = replace(inputs, rigs=rigs)
    newest, newest_ns = inputs.views.newest, inputs.views.newest_ns
    if newest is not None and newest_ns is not None:  # it may have come before its calibration
        inputs = replace(inputs, views=inputs.views.added(newest_ns, view_of(inputs, newest.frame, settings)))
    return inputs, None


def with_gaze(inputs: Inputs, gaze: Gaze, settings: Settings, now_ns: int) -> Heard:
    """A gaze sample came, of both eyes, one eye, the head or the mouse."""
    if reason := _untimely(gaze.capture_ns, now_ns):
        return inputs, f"gaze_{reason}"
    assert gaze.capture_ns is not None
    if gaze.source == "eye":
        better = PREFERRED[: PREFERRED.index(gaze.topic)]
        if any(gaze.capture_ns - inputs.heard_ns.get(topic, -ONE_EYE_AFTER_NS) < ONE_EYE_AFTER_NS for topic in better):
            return inputs, "gaze_other_eye"
        inputs = replace(inputs, heard_ns={**inputs.heard_ns, gaze.topic: gaze.capture_ns})
    view = inputs.views.newest
    sample = _sample(gaze, None if view is None else view.calibration, inputs, settings)
    if isinstance(sample, str):
        return inputs, sample
    state = update(inputs.gaze, sample, settings.gaze)
    if state is not inputs.gaze:
        return replace(inputs, gaze=state, rests=rested(inputs.rests, state)), None
    led = gaze.source != "mouse" and inputs.gaze.source == "mouse"
    return inputs, "gaze_behind_mouse" if led else "gaze_out_of_order"


def with_prompt(inputs: Inputs, prompt: UserPrompt) -> Heard:
    """The user asks about a picture that was seen lately, or asks no more."""
    if prompt.kind == "clear":
        return replace(inputs, user=None, asked=None), None
    if prompt.kind == "confirm":
        return inputs, None  # it is for a calibration
    asked = None if prompt.capture_ns is None else view_at(inputs, prompt.capture_ns)
    if asked is None:
        return inputs, "prompt_unknown_frame"
    if question_of(prompt, asked, asked) is None:
        return inputs, "prompt_outside"
    return replace(inputs, user=prompt, asked=asked), None


def with_recentre(inputs: Inputs, prompt: UserPrompt, shown: tuple[View, Box] | None, default_depth_m: float) -> Heard:
    """The wearer looks at a known place, and gaze is turned there: to the prompt's first point, or without one to the
    middle of the gazed object, which was ``shown`` in this box of this picture."""
    view, target_px = None, None
    if prompt.points:
        view = None if prompt.capture_ns is None else view_at(inputs, prompt.capture_ns)
        target_px = prompt.points[0][:2]
    elif shown is not None:
        view, (x0, y0, x1, y1) = shown
        target_px = (0.5 * (x0 + x1), 0.5 * (y0 + y1))
    at_px = None if view is None else gaze_px(inputs, view, default_depth_m)
    if view is None or target_px is None or at_px is None or not view.calibration.measured:
        return inputs, "recentre_without_gaze"
    depth_m = inputs.gaze.depth_m or default_depth_m
    correction = inputs.correction.recentred(view, at_px, target_px, depth_m, inputs.rigs)
    return replace(inputs, correction=correction), None


def _sample(gaze: Gaze, calibration: Calibration | None, inputs: Inputs, settings: Settings) -> GazeSample | str:
    """The sample as the classifier takes it, or the reason why it cannot be used."""
    assert gaze.capture_ns is not None
    measured = calibration is None or calibration.measured
    limit_ns = round(1e6 * settings.sync.extrapolate_ms)
    found = None
    if calibration is not None:
        found = direction_of(gaze, calibration, settings.outline.default_depth_m)
    elif gaze.d_head is not None:  # no picture yet; the head frame needs none
        found = np.asarray(gaze.d_head), gaze.depth_m
    if found is None:
        if gaze.confidence >= settings.gaze.confidence_min:
            if calibration is None:
                return "gaze_no_frame"
            return "gaze_no_direction" if measured else "gaze_no_rig"
        found = np.array([0.0, 0.0, -1.0]), None  # eyes shut: where they point plays no part
    d_head = found[0]
    if gaze.source == "eye":
        d_head = inputs.correction.applied(d_head, inputs.rigs)
    return GazeSample(
        t_ns=gaze.capture_ns,
        d_head=d_head,
        confidence=gaze.confidence,
        source=gaze.source,
        depth_m=found[1],
        T_world_head=pose_at(inputs.poses, gaze.capture_ns, limit_ns) if measured else None,
    )


def _same_view(depth: Frame, frame: Frame) -> bool:
    """Whether a depth picture shows what a picture shows: of the same camera, and not cropped."""
    stretch = depth.width / depth.height / (frame.width / frame.height)
    return depth.camera_id == frame.camera_id and abs(stretch - 1.0) <= 0.01


def _untimely(capture_ns: int | None, now_ns: int) -> str | None:
    if capture_ns is None:
        return "no_time"
    if capture_ns > now_ns + FUTURE_NS:
        return "future"
    return "late" if capture_ns < now_ns - LATE_NS else None
