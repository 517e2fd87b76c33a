"""What goes over the page's WebSocket.

To the page: a picture as one binary message ``[header length: uint32 little endian][header: JSON][JPEG]``, all else as
JSON text. Outlines and gaze are in pixels of the picture they came with or, in an ``update``, of the picture whose
``capture_ns`` is named. Times in nanoseconds are strings: they do not fit JavaScript's numbers. From the page:
`Ack`, `Pointer` and `Ask`.
"""

import struct
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from gazeline.runtime.messages import Stats, Vec2
from gazeline.runtime.stats import notices
from gazeline.runtime.viewpoint import Moved

MAX_TEXT = 2048  # bytes; nothing that a page says is longer
MAX_ASKED = 100  # characters of a name, or of what is looked for

Coordinate = Annotated[float, Meta(ge=-1.0, le=16384.0)]
Digits = Annotated[str, Meta(pattern=r"^[0-9]{1,19}$")]


class Ack(Struct, tag="ack", tag_field="type", frozen=True):
    """The page has drawn message ``seq``, and so all before it."""

    seq: Annotated[int, Meta(ge=0)]


class Pointer(Struct, tag="pointer", tag_field="type", frozen=True):
    """The pointer is on pixel (x, y) of the picture of ``capture_ns``."""

    x: Coordinate
    y: Coordinate
    capture_ns: Digits


class Ask(Struct, tag="ask", tag_field="type", frozen=True):
    """What the wearer asks for, as in `gazeline.runtime.messages.UserPrompt`."""

    kind: Literal["recentre", "everything", "teach", "unteach", "find"]
    object_id: Annotated[int, Meta(ge=1, le=2**53)] | None = None
    text: Annotated[str, Meta(max_length=MAX_ASKED)] = ""


class DrawnObject(Struct, frozen=True):
    """An object as the page draws it: closed rings ``[x0, y0, x1, y1, ...]``, holes by the even-odd rule."""

    id: int
    name: str | None
    name_score: float | None
    score: float
    gazed: bool
    surface: bool
    found: bool
    depth_m: float | None
    size_m: Vec2 | None
    size_error_m: Vec2 | None
    size_source: str | None
    dwell_ms: float
    looks: int
    rings: list[list[float]]
    box: tuple[float, float, float, float]


class DrawnPointer(Struct, frozen=True):
    """Which way something is that is out of view: to the right and down, a unit vector."""

    id: int
    name: str | None
    right: float
    down: float
    depth_m: float | None


class DrawnSearch(Struct, frozen=True):
    """What is looked for, what was understood, and what of it is out of view."""

    text: str
    understood: str
    pointers: list[DrawnPointer]


class DrawnOverlay(Struct, frozen=True):
    """An overlay moved to a picture. ``age_ms``: how much older its own frame is; ``moved``: by what it was moved."""

    frame_index: int
    age_ms: float
    moved: Moved
    state: str
    source: str
    latency_ms: dict[str, float]
    objects: list[DrawnObject]
    search: DrawnSearch | None = None


class DrawnGaze(Struct, frozen=True):
    """Where the gaze is in the picture."""

    x: float
    y: float
    state: str


class DrawnTarget(Struct, frozen=True):
    """A calibration target in the picture: its middle and radius, px, and how much of its gaze is gathered, 0..1."""

    x: float
    y: float
    radius: float
    progress: float


class DrawnBoard(Struct, frozen=True):
    """A camera calibration that goes on: corners ``[x0, y0, ...]`` in px, and the rest as in `BoardSearch`."""

    corners: list[float]
    edge_px: float | None
    views: int
    wanted: int
    heat: list[int]
    advice: list[str]
    done: bool


class FrameHeader(Struct, tag="frame", tag_field="type"):
    """What comes before the JPEG. ``age_ms``: since its capture, when it was sent."""

    seq: int
    capture_ns: str
    index: int
    width: int
    height: int
    age_ms: float
    overlay: DrawnOverlay | None
    gaze: DrawnGaze | None
    target: DrawnTarget | None = None
    board: DrawnBoard | None = None


class Update(Struct, tag="update", tag_field="type"):
    """News for the picture of ``capture_ns``; without ``overlay`` of the gaze alone."""

    seq: int
    capture_ns: str
    gaze: DrawnGaze | None
    target: DrawnTarget | None = None
    board: DrawnBoard | None = None
    overlay: DrawnOverlay | None = None


class Status(Struct, tag="status", tag_field="type"):
    """How it goes: whether pictures come, whether a runtime is there, and what it says of itself."""

    camera: bool
    runtime: bool
    model: str = ""
    stages: dict[str, dict[str, float]] = {}
    rates_hz: dict[str, float] = {}
    dropped: dict[str, int] = {}
    frames_dropped: int = 0
    rss_mb: float = 0.0
    notices: list[str] = []  # what somebody should see to, a sentence each


_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Ack | Pointer | Ask] = msgspec.json.Decoder(Ack | Pointer | Ask)


def read(text: str) -> Ack | Pointer | Ask:
    """What a page said. Raises ValueError for anything else."""
    if len(text) > MAX_TEXT:
        raise ValueError(f"{len(text)} characters; a page says {MAX_TEXT} at most")
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise ValueError(str(error)) from None


def frame_bytes(header: FrameHeader, jpeg: bytes) -> bytes:
    """The binary message of a picture."""
    encoded = _encoder.encode(header)
    return b"".join((struct.pack("<I", len(encoded)), encoded, jpeg))


def text(message: Update | Status) -> str:
    """Any other message."""
    return _encoder.encode(message).decode()


def status_of(stats: Stats | None, *, camera: bool) -> Status:
    """The status to send; ``stats`` is None when no runtime was heard lately."""
    if stats is None:
        return Status(camera=camera, runtime=False)
    return Status(
        camera=camera,
        runtime=True,
        model=stats.model,
        stages={name: {"p50_ms": stage.p50_ms, "p99_ms": stage.p99_ms} for name, stage in stats.stages.items()},
        rates_hz=stats.rates_hz,
        dropped=stats.dropped,
        frames_dropped=stats.frames.get("dropped", 0),
        rss_mb=stats.rss_mb,
        notices=notices(stats),
    )
