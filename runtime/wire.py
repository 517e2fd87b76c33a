"""Messages to and from the envelope ``[topic][msgpack map][raw frame ...]``, which is Pupil Core's.

Everything that comes from outside is doubted here and only here: a message that got through `unpack` has a known topic,
fields of the right type within their bounds, finite numbers, unit directions, and raw frames of the size it promises.
What does not get through is a `WireError` with a short key to count it by.
"""

import math
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from gazeline.runtime import messages as m
from gazeline.runtime.finite import all_finite
from gazeline.runtime.topics import FRAME_DEPTH, TOPICS

MAX_RAW_BYTES = 64 * 2**20  # one raw frame
MAX_RAW_FRAMES = 4
MAX_MAP_BYTES = 4 * 2**20  # a thousand outlines
UNIT_TOLERANCE = 1e-3  # float32 senders and a few roundings on the way; a direction off by more was never normalised
MAX_POINTS = 256
MAX_TEXT = 200
MAX_TIMESTAMP_S = 9e9  # beyond it, nanoseconds no longer fit in 64 bits

BYTES_PER_PIXEL = {"rgb": 3, "bgr": 3, "gray": 1, "depth16": 2, "thermal16": 2, "id16": 2}

_ENCODER = msgspec.msgpack.Encoder()
_DECODERS = {topic.name: msgspec.msgpack.Decoder(topic.message) for topic in TOPICS.values()}
_BOUND = re.compile(r"Expected `\w+` (<|>|of length|with)")


class WireError(ValueError):
    """A message that cannot be used. ``reason`` is the key it is counted by, the text says what was wrong."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Received:
    """A message that was checked, its raw frames, and when it came in (host's monotonic clock)."""

    message: m.Message
    raw: tuple[bytes, ...] = ()
    receive_ns: int = 0


def pack(message: m.Message, *raw: bytes) -> list[bytes]:
    """The parts to send. The topic, the type and the raw frames' sizes are checked, or WireError is raised."""
    topic = TOPICS.get(message.topic)
    if topic is None:
        raise WireError("unknown_topic", f"no topic is called {message.topic!r}; see gazeline.runtime.topics")
    if not isinstance(message, topic.message):
        raise WireError(
            "bad_map", f"{message.topic} carries {topic.message.__name__} messages, not {type(message).__name__}"
        )
    _check_raw(message, raw)
    packed = _ENCODER.encode(message)
    if len(packed) > MAX_MAP_BYTES:
        raise WireError("too_large", f"{message.topic}: a map of {len(packed)} bytes; {MAX_MAP_BYTES} may be sent")
    return [message.topic.encode(), packed, *raw]


def unpack(parts: Sequence[bytes], receive_ns: int | None = None) -> Received:
    """The message in ``parts``, checked. ``receive_ns``: when it came in; now, if not given. Raises WireError only."""
    receive_ns = time.monotonic_ns() if receive_ns is None else receive_ns
    if not 2 <= len(parts) <= 2 + MAX_RAW_FRAMES:
        raise WireError("bad_envelope", f"{len(parts)} parts; a message has a topic, a map and 0 to 4 raw frames")
    name = bytes(parts[0][:80]).decode("utf-8", "replace")
    decoder = _DECODERS.get(name)
    if decoder is None:
        raise WireError("unknown_topic", f"no topic is called {name!r}")
    if len(parts[1]) > MAX_MAP_BYTES:
        raise WireError("too_large", f"{name}: a map of {len(parts[1])} bytes; {MAX_MAP_BYTES} are read at most")
    try:
        message: m.Message = decoder.decode(parts[1])
    except msgspec.ValidationError as error:
        reason = "out_of_bounds" if _BOUND.match(str(error)) else "bad_map"
        raise WireError(reason, f"{name}: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise WireError("bad_map", f"{name}: the map does not decode: {error}") from None
    if message.topic != name:
        raise WireError("topic_mismatch", f"the envelope says {name!r} and the map {message.topic[:80]!r}")
    if message.capture_ns is None and message.timestamp is None:
        raise WireError("no_time", f"{name}: neither capture_ns nor timestamp, so it belongs to no instant")
    _check_values(message)
    raw = tuple(parts[2:])
    _check_raw(message, raw)
    return Received(message, raw, receive_ns)


def _check_raw(message: m.Message, raw: Sequence[bytes]) -> None:
    """The raw frames are as many and as large as the message says."""
    for data in raw:
        if len(data) > MAX_RAW_BYTES:
            raise WireError("too_large", f"{message.topic}: a raw frame of {len(data)} bytes; at most {MAX_RAW_BYTES}")
    if isinstance(message, m.Frame):
        _expect_count(message, raw, 1)
        if message.topic == FRAME_DEPTH and message.format != "depth16":
            raise WireError("bad_image", f"{message.topic} holds distances, as depth16; {message.format} came")
        _check_image(message, raw[0])
    elif isinstance(message, m.TruthFrame):
        _expect_count(message, raw, len(message.images))
        for kind, data in zip(message.images, raw, strict=True):
            _expect_size(message, kind, data, message.width * message.height * 2)
    else:
        _expect_count(message, raw, 0)


def _check_image(frame: m.Frame, data: bytes) -> None:
    pixels = frame.width * frame.height
    if frame.format == "jpeg":
        if bytes(data[:2]) != b"\xff\xd8":
            raise WireError(
                "bad_image", f"{frame.topic} {frame.index}: the raw frame is no JPEG (it starts {data[:2]!r})"
            )
    elif frame.format == "yuv":  # planar 4:2:2 is what Pupil sends, 4:2:0 what most others do
        if len(data) not in (pixels * 2, pixels * 3 // 2):
            raise WireError("bad_image", f"{frame.topic}: {len(data)} bytes are no {frame.width}x{frame.height} yuv")
    else:
        _expect_size(frame, frame.format, data, pixels * BYTES_PER_PIXEL[frame.format])


def _expect_count(message: m.Message, raw: Sequence[bytes], count: int) -> None:
    if len(raw) != count:
        raise WireError("bad_image", f"{message.topic}: {len(raw)} raw frames came, {count} belong to it")


def _expect_size(message: m.Frame | m.TruthFrame, kind: str, data: bytes, size: int) -> None:
    if len(data) != size:
        what = f"{message.width}x{message.height} {kind}"
        raise WireError("bad_image", f"{message.topic}: {what} needs {size} bytes and {len(data)} came")


def _check_values(message: m.Message) -> None:
    """Finite numbers, unit directions, and what depends on two fields at once."""
    for name in message.__struct_fields__:
        # base_data holds the tracker's own raw data, which we hand on and never compute with
        if name != "base_data" and not all_finite(getattr(message, name)):
            raise WireError("not_finite", f"{message.topic}: {name} holds a number that is not finite")
    if message.timestamp is not None and abs(message.timestamp) > MAX_TIMESTAMP_S:
        raise WireError("out_of_bounds", f"{message.topic}: timestamp {message.timestamp:g} is no time in seconds")
    match message:
        case m.Gaze(d_head=d_head) | m.CalibrationTarget(d_head=d_head) if d_head is not None:
            _expect_unit(message, "d_head", d_head)
        case m.HeadPose():
            _expect_unit(message, "T_world_head.quat_wxyz", message.T_world_head.quat_wxyz)
        case m.Overlay() | m.TruthFrame():
            if message.T_world_camera is not None:
                _expect_unit(message, "T_world_camera.quat_wxyz", message.T_world_camera.quat_wxyz)
            if isinstance(message, m.Overlay):
                for thing in message.objects:
                    _check_object(message, thing)
        case m.UserPrompt():
            _check_prompt(message)


def _check_object(message: m.Overlay, thing: m.OverlayObject) -> None:
    if thing.rays and [len(ring) for ring in thing.rays] != [len(ring) for ring in thing.outline]:
        raise WireError("out_of_bounds", f"{message.topic}: object {thing.id} has other rays than outline vertices")
    if thing.depths_m and [len(ring) for ring in thing.depths_m] != [len(ring) for ring in thing.outline]:
        raise WireError("out_of_bounds", f"{message.topic}: object {thing.id} has other depths_m than outline vertices")
    if any(not depth_m > 0.0 for ring in thing.depths_m for depth_m in ring):
        raise WireError("out_of_bounds", f"{message.topic}: object {thing.id} has depths_m that are not above 0")
    for ring in thing.rays:
        norms = np.linalg.norm(np.asarray(ring, dtype=np.float64).reshape(-1, 3), axis=-1)  # (V,)
        if (np.abs(norms - 1.0) > UNIT_TOLERANCE).any():
            raise WireError("not_unit", f"{message.topic}: object {thing.id} has rays that are not of unit length")


def _check_prompt(prompt: m.UserPrompt) -> None:
    missing = (prompt.kind == "point" and not prompt.points) or (prompt.kind == "box" and prompt.box is None)
    if missing:
        raise WireError("out_of_bounds", f"{prompt.topic}: a prompt of kind {prompt.kind} without its {prompt.kind}")
    if prompt.kind in ("teach", "unteach") and not prompt.text.strip():
        raise WireError("out_of_bounds", f"{prompt.topic}: a prompt of kind {prompt.kind} without a name as its text")
    if len(prompt.points) > MAX_POINTS or len(prompt.text) > MAX_TEXT:
        raise WireError(
            "out_of_bounds", f"{prompt.topic}: at most {MAX_POINTS} points and {MAX_TEXT} characters of text"
        )
    if prompt.box is not None and not (prompt.box[0] < prompt.box[2] and prompt.box[1] < prompt.box[3]):
        raise WireError("out_of_bounds", f"{prompt.topic}: box {prompt.box} is empty; it is x0, y0, x1, y1")


def _expect_unit(message: m.Message, name: str, values: Sequence[Any]) -> None:
    norm = math.hypot(*values)
    if abs(norm - 1.0) > UNIT_TOLERANCE:
        raise WireError("not_unit", f"{message.topic}: {name} has length {norm:.6g}; it must be 1")
