"""The wire: what goes in comes out, and nothing but WireError ever comes of garbage."""

import contextlib
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazeline.runtime import messages as m
from gazeline.runtime import topics, wire

number = st.floats(-1e6, 1e6)
vec2 = st.tuples(number, number)
ns = st.integers(0, 2**63 - 1)
text = st.text(max_size=20)
small = st.integers(0, 2**31)


def units(size: int) -> st.SearchStrategy[tuple[float, ...]]:
    """Unit vectors."""
    vectors = st.tuples(*[st.floats(-1.0, 1.0)] * size).filter(lambda v: math.hypot(*v) > 0.1)
    return vectors.map(lambda v: tuple(x / math.hypot(*v) for x in v))


poses = st.builds(m.Pose, quat_wxyz=units(4), xyz_m=st.tuples(number, number, number))
rings = st.lists(st.tuples(vec2, units(3)), min_size=3, max_size=6)


@st.composite
def overlay_objects(draw: st.DrawFn) -> m.OverlayObject:
    vertices = draw(st.lists(rings, max_size=2))
    return m.OverlayObject(
        id=draw(small),
        score=draw(number),
        gazed=draw(st.booleans()),
        outline=[[pixel for pixel, _ in ring] for ring in vertices],
        rays=[[ray for _, ray in ring] for ring in vertices],  # type: ignore[misc]
        box=(0.0, 0.0, 1.0, 1.0),
        area_px=1.0,
        name=draw(st.none() | text),
        depth_m=draw(st.none() | number),
        depths_m=draw(st.just([]) | st.just([[1.5] * len(ring) for ring in vertices])),
    )


side = st.integers(1, 9)
FIELDS: dict[type[m.Message], dict[str, st.SearchStrategy[Any]]] = {
    m.Frame: {
        "width": side, "height": side, "index": small, "camera_id": text,
        "format": st.sampled_from(["jpeg", "yuv", *wire.BYTES_PER_PIXEL]),
    },
    m.Gaze: {"confidence": st.floats(0.0, 1.0), "d_head": st.none() | units(3), "norm_pos": st.none() | vec2},
    m.HeadPose: {"T_world_head": poses},
    m.RigDevice: {"rig_id": text, "rig_json": text},
    m.CalibrationTarget: {"d_head": st.none() | units(3), "progress": st.floats(0.0, 1.0)},
    m.BoardSearch: {
        "width": side, "height": side, "views": small, "wanted": small, "corners": st.lists(vec2, max_size=4),
        "heat": st.lists(small, max_size=4), "advice": st.lists(text, max_size=2),
    },
    m.UserPrompt: {"kind": st.just("box"), "box": st.just((1.0, 2.0, 3.0, 4.0))},
    m.Overlay: {
        "width": side, "height": side, "frame_index": small, "publish_ns": ns,
        "objects": st.lists(overlay_objects(), max_size=2), "T_world_camera": st.none() | poses,
    },
    m.Stats: {
        "ready": st.booleans(), "model": text, "uptime_s": number, "frames": st.just({"captured": 1}),
        "gaze": st.just({}), "dropped": st.dictionaries(text, small, max_size=3), "rates_hz": st.just({}),
        "clocks": st.dictionaries(
            text, st.builds(m.ClockStats, domain=st.just("host"), offset_ms=number, uncertainty_ms=number,
                            delay_ms=number, drift_ppm=st.none() | number), max_size=2,
        ),
        "stages": st.dictionaries(text, st.builds(m.StageStats, count=small, p50_ms=number, p99_ms=number), max_size=3),
        "rss_mb": number, "rss_peak_mb": number,
    },
    m.TruthFrame: {
        "width": side, "height": side, "frame_index": small, "images": st.just(["id16", "depth16"]),
        "objects": st.just([]), "gazed_id": st.none() | small, "gaze_px": st.none() | vec2, "T_world_camera": poses,
    },
    m.TruthScore: {
        "frame_index": small, "gazed_id": st.none() | small, "iou": st.none() | number, "hit": st.just(True),
        "overlay_id": st.none() | small,
    },
}  # fmt: skip


@st.composite
def sent(draw: st.DrawFn) -> tuple[m.Message, list[bytes]]:
    """A valid message of any topic with its raw frames."""
    topic = draw(st.sampled_from(list(topics.TOPICS.values())))
    fields = {name: draw(values) for name, values in FIELDS[topic.message].items()}
    if topic.name == topics.FRAME_DEPTH:
        fields["format"] = "depth16"
    message = topic.message(topic=topic.name, capture_ns=draw(ns), timestamp=draw(st.none() | number), **fields)
    match message:
        case m.Frame(format="jpeg"):
            return message, [b"\xff\xd8\xff\xd9"]
        case m.Frame(format=image_format):
            return message, [bytes(message.width * message.height * wire.BYTES_PER_PIXEL.get(image_format, 2))]
        case m.TruthFrame():
            return message, [bytes(message.width * message.height * 2)] * 2
    return message, []


@given(sent())
def test_round_trip(message: tuple[m.Message, list[bytes]]) -> None:
    received = wire.unpack(wire.pack(message[0], *message[1]), receive_ns=7)
    assert received.message == message[0]
    assert list(received.raw) == message[1]
    assert received.receive_ns == 7


@given(st.sampled_from([*topics.TOPICS, "", "pupil.0"]), st.lists(st.binary(max_size=200), max_size=4))
def test_random_bytes_give_only_wire_errors(topic: str, parts: list[bytes]) -> None:
    for garbage in ([topic.encode(), *parts], parts):
        with pytest.raises(wire.WireError):
            wire.unpack(garbage)


@settings(max_examples=300)
@given(sent(), st.data())
def test_damaged_messages_give_only_wire_errors(message: tuple[m.Message, list[bytes]], data: st.DataObject) -> None:
    parts = [bytearray(part) for part in wire.pack(message[0], *message[1])]
    for _ in range(data.draw(st.integers(1, 4))):
        part = data.draw(st.sampled_from([part for part in parts if part] or [bytearray(b"x")]))
        at = data.draw(st.integers(0, len(part) - 1))
        if data.draw(st.booleans()):
            part[at] = data.draw(st.integers(0, 255))
        else:
            del part[at : at + data.draw(st.integers(1, 8))]
    try:
        received = wire.unpack([bytes(part) for part in parts])
    except wire.WireError:
        return
    assert isinstance(received.message, topics.TOPICS[received.message.topic].message)


plain = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(max_size=5) | st.binary(max_size=5)
)
anything = st.recursive(plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3))


@settings(max_examples=300)
@given(sent(), st.data())
def test_fields_with_other_values_give_only_wire_errors(
    message: tuple[m.Message, list[bytes]], data: st.DataObject
) -> None:
    topic, packed, *raw = wire.pack(message[0], *message[1])
    fields = msgspec.msgpack.decode(packed)
    fields[data.draw(st.sampled_from(sorted(fields)))] = data.draw(anything)
    with contextlib.suppress(wire.WireError):
        wire.unpack([topic, msgspec.msgpack.encode(fields), *raw])


GAZE: dict[str, Any] = {"topic": "gaze.3d.01.", "confidence": 1.0, "capture_ns": 1, "d_head": (0.0, 0.0, -1.0)}
FRAME: dict[str, Any] = {
    "topic": "frame.world", "width": 4, "height": 3, "index": 0, "format": "rgb", "timestamp": 1.5,
}  # fmt: skip
POSE: dict[str, Any] = {
    "topic": "pose.head", "capture_ns": 1,
    "T_world_head": {"quat_wxyz": (1.0, 0.0, 0.0, 0.0), "xyz_m": (0.0, 0.0, 0.0)},
}  # fmt: skip
PROMPT: dict[str, Any] = {"topic": "prompt.user", "capture_ns": 1, "kind": "box", "box": (0.0, 0.0, 2.0, 2.0)}
OBJECT: dict[str, Any] = {
    "id": 1, "score": 1.0, "gazed": True, "outline": [[(0.0, 0.0)]], "box": (0.0, 0.0, 1.0, 1.0), "area_px": 1.0,
}  # fmt: skip
OVERLAY: dict[str, Any] = {
    "topic": "overlay.objects", "frame_index": 1, "width": 4, "height": 3, "publish_ns": 1, "capture_ns": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "raw", "reason"),
    [
        (GAZE | {"confidence": math.nan}, [], "out_of_bounds"),
        (GAZE | {"confidence": 1.01}, [], "out_of_bounds"),
        (GAZE | {"confidence": "1"}, [], "bad_map"),
        (GAZE | {"d_head": (0.0, 0.0, -1.1)}, [], "not_unit"),
        (GAZE | {"d_head": (0.0, math.inf, -1.0)}, [], "not_finite"),
        (GAZE | {"d_head": (0.0, 1.0)}, [], "out_of_bounds"),
        (GAZE | {"gaze_normals_3d": {"0": [0.0, math.nan, 1.0]}}, [], "not_finite"),
        (GAZE | {"depth_m": 0.0}, [], "out_of_bounds"),
        (GAZE | {"capture_ns": -1}, [], "out_of_bounds"),
        (GAZE | {"capture_ns": None}, [], "no_time"),
        (GAZE | {"topic": "gaze.3d.0."}, [], "topic_mismatch"),
        (GAZE, [b"raw"], "bad_image"),
        (FRAME, [], "bad_image"),
        (FRAME, [bytes(35)], "bad_image"),
        (FRAME, [bytes(36), bytes(36)], "bad_image"),
        (FRAME | {"format": "jpeg"}, [b"\x89PNG"], "bad_image"),
        (FRAME | {"format": "jpeg"}, [b"\xff\xd8" + bytes(2**26)], "too_large"),
        (FRAME | {"format": "png"}, [bytes(36)], "bad_map"),
        (FRAME | {"width": 0}, [b""], "out_of_bounds"),
        (FRAME | {"width": 10**6}, [b""], "out_of_bounds"),
        (FRAME | {"topic": "frame.depth", "format": "gray"}, [bytes(12)], "bad_image"),
        (FRAME | {"topic": "frame.depth", "format": "depth16"}, [bytes(12)], "bad_image"),
        (POSE | {"T_world_head": {"quat_wxyz": (1.0, 1.0, 0.0, 0.0), "xyz_m": (0.0, 0.0, 0.0)}}, [], "not_unit"),
        (POSE | {"T_world_head": {"quat_wxyz": (1.0, 0.0, 0.0, 0.0), "xyz_m": (math.inf, 0.0, 0.0)}}, [], "not_finite"),
        (PROMPT | {"box": None}, [], "out_of_bounds"),
        (PROMPT | {"box": (0.0, 0.0, 0.0, 2.0)}, [], "out_of_bounds"),
        (PROMPT | {"kind": "point"}, [], "out_of_bounds"),
        (PROMPT | {"kind": "point", "points": [(1.0, 1.0, 2)]}, [], "bad_map"),
        (PROMPT | {"kind": "point", "points": [(1.0, 1.0, 1)] * 1000}, [], "out_of_bounds"),
        (PROMPT | {"kind": "teach", "text": " "}, [], "out_of_bounds"),
        (OVERLAY | {"objects": [OBJECT | {"rays": [[(0.0, 0.0, 2.0)]]}]}, [], "not_unit"),
        (OVERLAY | {"objects": [OBJECT | {"rays": [[]]}]}, [], "out_of_bounds"),
        (OVERLAY | {"objects": [OBJECT | {"depths_m": [[1.0, 1.0]]}]}, [], "out_of_bounds"),
        (OVERLAY | {"objects": [OBJECT | {"depths_m": [[0.0]]}]}, [], "out_of_bounds"),
        (OVERLAY | {"objects": [OBJECT | {"outline": [[(0.0, math.nan)]]}]}, [], "not_finite"),
    ],
)
def test_what_does_not_hold_is_refused_by_name(fields: dict[str, Any], raw: list[bytes], reason: str) -> None:
    envelope = "gaze.3d.01." if fields["topic"].startswith("gaze") else fields["topic"]
    with pytest.raises(wire.WireError) as error:
        wire.unpack([envelope.encode(), msgspec.msgpack.encode(fields), *raw])
    assert error.value.reason == reason, str(error.value)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([], "bad_envelope"),
        ([b"frame.world"], "bad_envelope"),
        ([b"frame.world"] * 9, "bad_envelope"),
        ([b"frame.left", b"\x80"], "unknown_topic"),
        ([b"\xff" * 10_000, b"\x80"], "unknown_topic"),
        ([b"gaze.3d.01.", b""], "bad_map"),
        ([b"gaze.3d.01.", b"\x80"], "bad_map"),
        ([b"gaze.3d.01.", b"\x91" * 100_000], "bad_map"),
        ([b"gaze.3d.01.", b"\x81\xa9base_data" + b"\x91" * 100_000 + b"\x01"], "bad_map"),
        ([b"gaze.3d.01.", b"\xdf\xff\xff\xff\xff"], "bad_map"),
        ([b"gaze.3d.01.", bytes(5 * 2**20)], "too_large"),
    ],
)
def test_envelopes_that_are_none(parts: list[bytes], reason: str) -> None:
    with pytest.raises(wire.WireError) as error:
        wire.unpack(parts)
    assert error.value.reason == reason


def test_senders_learn_of_their_own_mistakes() -> None:
    with pytest.raises(wire.WireError, match="no topic is called"):
        wire.pack(m.Gaze(topic="gaze.3d.01", confidence=1.0, capture_ns=1))  # the dot is missing
    with pytest.raises(wire.WireError, match="carries Gaze messages"):
        wire.pack(m.HeadPose(topic="gaze.3d.01.", T_world_head=m.Pose((1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0))))
    with pytest.raises(wire.WireError, match="needs 36 bytes"):
        wire.pack(m.Frame(topic="frame.world", width=4, height=3, index=0, format="rgb"), bytes(3))
