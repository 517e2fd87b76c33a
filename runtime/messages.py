"""The messages on the wire.

The envelope is Pupil Core's: ``[topic][msgpack map][raw frame ...]``, and the fields that Pupil knows keep Pupil's
names and units (``timestamp`` in float seconds, ``gaze_point_3d`` in mm, ``norm_pos`` with y up), so that a Pupil
client can read us and Pupil Capture can feed us. Fields of ours are SI with the unit in the name, and times are integer
nanoseconds in the host's monotonic clock. Bounds are part of the types: what does not fit is refused by the decoder.

Frames of reference: world and head are x right, y up, -z forward; cameras are x right, y down, z forward.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Ns = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Pixels = Annotated[int, Meta(ge=1, le=16384)]
Unit = Annotated[float, Meta(ge=0.0, le=1.0)]
Vec2 = tuple[float, float]
Vec3 = tuple[float, float, float]
Quat = tuple[float, float, float, float]  # w, x, y, z

ImageFormat = Literal["jpeg", "rgb", "bgr", "gray", "yuv", "depth16", "thermal16", "id16"]


class Message(Struct, kw_only=True, omit_defaults=True):
    """What every message has. ``capture_ns`` is None only from senders that know Pupil's ``timestamp`` alone."""

    topic: str
    capture_ns: Ns | None = None
    timestamp: float | None = None


class Pose(Struct, frozen=True):
    """A rigid transform: unit quaternion (w, x, y, z) and translation in metres."""

    quat_wxyz: Quat
    xyz_m: Vec3


class Frame(Message, kw_only=True):
    """``frame.world``: one camera picture; the image bytes are the raw frame that follows.

    ``frame.depth``: the distances in the picture of the same ``capture_ns``, as format ``depth16``: uint16, mm along
    the ray of each pixel, 0 and 65535 where unknown; registered to the world camera, and perhaps smaller than its
    picture (the same view resized). Sent before its picture, it is there when that is encoded.
    """

    width: Pixels
    height: Pixels
    index: Annotated[int, Meta(ge=0)]
    format: ImageFormat
    camera_id: str = "world"
    T_head_camera_id: str = ""  # the rig (by its id) whose calibration this picture was taken with
    exposure_ns: Ns = 0


class Gaze(Message, kw_only=True):
    """``gaze.3d.*``: one gaze sample. ``d_head`` is a unit direction in the head frame, from between the eyes.

    From Pupil: ``norm_pos`` (0..1, y up), ``gaze_point_3d``, ``eye_centers_3d`` in mm and ``gaze_normals_3d``, all in
    the scene camera's frame. ``source`` says what stands behind it: a mouse or the head's direction are no eyes.
    """

    confidence: Unit
    norm_pos: Vec2 | None = None
    gaze_point_3d: Vec3 | None = None
    eye_centers_3d: Any = None
    gaze_normals_3d: Any = None
    base_data: Any = None
    d_head: Vec3 | None = None
    depth_m: Annotated[float, Meta(gt=0.0)] | None = None  # distance along d_head, by vergence or by the scene
    source: Literal["eye", "head", "mouse"] = "eye"


class HeadPose(Message, kw_only=True):
    """``pose.head``: T_world_head at ``capture_ns``."""

    T_world_head: Pose


class RigDevice(Message, kw_only=True):
    """``rig.device``: the calibration (a rig file as JSON text), sent about once a second for late joiners."""

    rig_id: str
    rig_json: str


class UserPrompt(Message, kw_only=True):
    """``prompt.user``: what the wearer or an operator asks for. Pixels are those of the frame of ``capture_ns``.

    ``points`` holds (x, y, label) with label 1 for "this" and 0 for "not this"; ``clear`` ends a prompt.

    - ``recentre`` corrects a drift of gaze: the wearer looks at the first point, or without one at the middle of the
      gazed object.
    - ``everything`` outlines all that is in view, once.
    - ``teach``: the object ``object_id``, or without one the gazed one, is a ``text``; ``unteach``: it is none.
    - ``confirm``: what a calibration asks for is done.
    - ``find`` marks what fits ``text`` ("red mug", "left of the laptop") and points to it, until an empty one.
    """

    kind: Literal["point", "box", "clear", "recentre", "everything", "teach", "unteach", "find", "confirm"]
    points: list[tuple[float, float, Literal[0, 1]]] = []
    box: tuple[float, float, float, float] | None = None
    object_id: int | None = None
    text: str = ""


class CalibrationTarget(Message, kw_only=True):
    """``calibrate.target``: what to show while gaze or display is calibrated; sent again and again, gone when it stops.

    A disc of diameter ``size_rad`` in the direction ``d_head`` (unit, head frame), ``depth_m`` away, with a ring that
    closes as ``progress`` goes to 1. For a display instead a cross, at the tangents ``view`` (right, up)
    of the left eye's view. Both None: the calibration is over, show nothing.
    """

    d_head: Vec3 | None = None
    view: Vec2 | None = None
    depth_m: Annotated[float, Meta(gt=0.0)] = 1.0
    size_rad: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.02
    progress: Unit = 0.0
    number: Annotated[int, Meta(ge=0)] = 0
    count: Annotated[int, Meta(ge=0)] = 0


class BoardSearch(Message, kw_only=True):
    """``calibrate.board``: how a camera calibration goes, for each picture that was looked at.

    ``corners``: where the board is in the picture of ``capture_ns``, px, empty where none was found; ``heat``: how many
    corners were taken so far in each part of the picture, 12 rows of 16. ``done``: no more views are needed.
    """

    width: Pixels
    height: Pixels
    views: Annotated[int, Meta(ge=0)]
    wanted: Annotated[int, Meta(ge=0)]
    corners: list[Vec2] = []
    edge_px: Annotated[float, Meta(ge=0.0)] | None = None
    heat: list[int] = []
    advice: list[str] = []
    done: bool = False


class OverlayObject(Struct, kw_only=True, omit_defaults=True):
    """One outlined object.

    ``outline``: closed rings of (x, y) pixels in the captured frame, outer rings clockwise on the screen (y down:
    positive shoelace area), holes the other way. ``rays``: the same vertices as unit directions in the camera frame,
    empty where the camera is not calibrated. ``depths_m``: the distance along each ray of the object's surface there,
    empty where no depth picture tells it; ``depth_m``: the object's median, or the distance that gaze tells.
    ``velocity_m_s``: how a thing that moves goes on across the line of sight, world; absent where it stands still, or
    moves in a way that is better not predicted.

    ``id`` lasts and is never given again. ``name`` is absent where it is not known. ``whole_id``: what it is a part
    of. ``surface``: a wall, a floor, a table's top. ``carried``: the outline was not found in this picture but
    carried on from an earlier one. ``found``: it fits what was asked for. ``size_m``: width and height, as seen
    from here, with ``size_error_m``, one standard deviation, and by what its distance is known (see
    `gazeline.runtime.size`). ``dwell_ms``: how long gaze has rested on it, this time and altogether
    (``dwell_total_ms``) in so many ``looks``.
    """

    id: int
    score: float
    gazed: bool
    outline: list[list[Vec2]]
    rays: list[list[Vec3]] = []
    box: tuple[float, float, float, float]  # x0, y0, x1, y1 px
    area_px: float
    name: str | None = None
    name_score: Unit | None = None
    name_source: Literal["taught", "model", "text", "detector"] | None = None
    whole_id: int | None = None
    surface: bool = False
    carried: bool = False
    found: bool = False
    size_m: Vec2 | None = None
    size_error_m: Vec2 | None = None
    size_source: Literal["depth", "vergence", "plane", "default"] | None = None
    dwell_ms: Annotated[float, Meta(ge=0.0)] = 0.0
    dwell_total_ms: Annotated[float, Meta(ge=0.0)] = 0.0
    looks: Annotated[int, Meta(ge=0)] = 0
    first_seen_ns: Ns | None = None
    last_seen_ns: Ns | None = None
    depth_m: float | None = None
    depths_m: list[list[float]] = []
    velocity_m_s: Vec3 | None = None


class Pointer(Struct, kw_only=True, omit_defaults=True):
    """Where something is that was asked for and is out of view: a unit direction in the camera frame of the overlay."""

    id: int
    d_camera: Vec3
    name: str | None = None
    depth_m: float | None = None


class Search(Struct, kw_only=True, omit_defaults=True):
    """What was asked for, and what was understood: "a mug that is red, to the left of a laptop"."""

    text: str
    understood: str
    pointers: list[Pointer] = []


class Overlay(Message, kw_only=True):
    """``overlay.objects``: everything to draw, true at ``capture_ns``: the instant its frame was captured.

    ``latency_ms``: encode, decode and other stages, frame_to_overlay, gaze_to_overlay (from the newest sample used).
    """

    frame_index: int
    width: Pixels
    height: Pixels
    publish_ns: Ns
    camera_id: str = "world"
    rig_id: str = ""
    T_world_camera: Pose | None = None
    gaze_px: Vec2 | None = None
    gaze_state: Literal["fixation", "saccade", "blink", "lost", "user"] = "lost"
    gaze_source: Literal["eye", "head", "mouse"] = "eye"
    gaze_capture_ns: Ns | None = None
    objects: list[OverlayObject] = []
    search: Search | None = None
    latency_ms: dict[str, float] = {}


class StageStats(Struct, kw_only=True):
    """Latency of one stage over the last few seconds."""

    count: int
    p50_ms: float
    p99_ms: float


class GazeDrift(Struct, kw_only=True):
    """How far gaze seems to be off, to the right and upwards, by the last fixations among outlined things.

    ``gain``: the log likelihood by which that shift explains them better than none. ``noticed``: enough to matter and
    no chance; then a ``prompt.user`` of kind ``recentre`` or a new calibration helps.
    """

    right_rad: float
    up_rad: float
    gain: float
    looks: int
    noticed: bool


class ClockStats(Struct, kw_only=True, omit_defaults=True):
    """The clock of the sender of a topic, by what came lately: host time = sender's time + ``offset_ms``.

    ``delay_ms``: from capture to arrival at the fastest, as far as the offset is known. ``drift_ppm``: how much faster
    than the host's it runs, absent at first. ``steps``: how often it was set. ``trouble``: what is wrong, if anything.
    """

    domain: Literal["host", "sender"]
    offset_ms: float
    uncertainty_ms: float
    delay_ms: float
    drift_ppm: float | None = None
    steps: int = 0
    trouble: str = ""


class Stats(Message, kw_only=True):
    """``stats.runtime``: the runtime's state, about twice a second; counts are totals since start."""

    ready: bool
    model: str
    uptime_s: float
    frames: dict[str, int]  # captured, encoded, dropped
    gaze: dict[str, int]  # samples, prompts, fixations
    dropped: dict[str, int]  # by reason
    stages: dict[str, StageStats]
    rates_hz: dict[str, float]
    clocks: dict[str, ClockStats] = {}  # by topic
    rss_mb: float
    rss_peak_mb: float
    gaze_user: str = ""  # whose gaze profile there is
    gaze_profile: Literal["none", "used", "other_device"] = "none"  # a profile of another headset is not used
    gaze_drift: GazeDrift | None = None


class TruthObject(Struct, kw_only=True, omit_defaults=True):
    """One object that the simulator shows: its id in the id image, its name, and how much of it is to be seen."""

    id: int
    name: str
    visible_px: int
    box: tuple[float, float, float, float]
    depth_m: float
    parts: dict[str, int] = {}  # part name -> id in the part image


class TruthFrame(Message, kw_only=True):
    """``truth.frame`` (simulator only). ``images`` names the raw frames: object ids, part ids, depth in mm (uint16)."""

    frame_index: int
    width: Pixels
    height: Pixels
    images: list[Literal["id16", "part16", "depth16"]]
    objects: list[TruthObject]
    gazed_id: int | None  # what the eye really looks at, whatever the tracker reports
    gaze_px: Vec2 | None
    eye: Literal["fixation", "pursuit", "saccade", "blink"] = "fixation"  # what the eye really does at capture
    fixation_ns: Ns = 0  # for how long it has rested there
    T_world_camera: Pose


class TruthScore(Message, kw_only=True):
    """``truth.score`` (simulator only): how one overlay compares with the truth at its capture."""

    frame_index: int
    gazed_id: int | None
    iou: float | None  # of the gazed outline with the object really gazed at; None when nothing could be expected
    hit: bool | None  # the true gaze point lies inside the gazed outline
    overlay_id: int | None
