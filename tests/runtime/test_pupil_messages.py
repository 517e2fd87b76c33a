"""What Pupil Capture really sends is read, with no more than Pupil's own fields in it."""

import math
from typing import Any

import msgspec
import numpy as np
import pytest

from gazeline.runtime import messages as m
from gazeline.runtime import wire


def pupil_datum(eye: int) -> dict[str, Any]:
    """A pupil datum as Pupil Capture 3's pye3d detector sends it (docs.pupil-labs.com, "Pupil Datum Format")."""
    return {
        "id": eye,
        "topic": f"pupil.{eye}.3d",
        "method": "pye3d 0.3.0 real-time",
        "norm_pos": [0.45, 0.52],
        "diameter": 43.3,
        "confidence": 0.97,
        "timestamp": 6034.402217,
        "sphere": {"center": [0.5, 2.1, 43.0], "radius": 10.39},
        "projected_sphere": {"center": [98.0, 110.5], "axes": [136.0, 136.0], "angle": 0.0},
        "circle_3d": {"center": [-1.0, 0.4, 33.1], "normal": [-0.15, -0.17, -0.97], "radius": 1.7},
        "diameter_3d": 3.4,
        "ellipse": {"center": [86.6, 92.4], "axes": [40.0, 43.3], "angle": 21.0},
        "location": [86.6, 92.4],
        "model_confidence": 1.0,
        "theta": 1.39,
        "phi": -1.72,
    }


PUPIL_GAZE: dict[str, Any] = {
    "topic": "gaze.3d.01.",
    "eye_centers_3d": {"0": [20.8, -3.2, -27.0], "1": [-40.1, -1.0, -21.2]},
    "gaze_normals_3d": {"0": [0.05, 0.08, 0.99], "1": [0.19, 0.06, 0.97]},
    "gaze_point_3d": [45.5, 32.7, 462.9],
    "norm_pos": [0.58, 0.41],
    "confidence": 0.98,
    "timestamp": 6034.4052,
    "base_data": [pupil_datum(0), pupil_datum(1)],
}


def test_gaze_from_pupil_capture() -> None:
    received = wire.unpack([b"gaze.3d.01.", msgspec.msgpack.encode(PUPIL_GAZE)])
    gaze = received.message
    assert isinstance(gaze, m.Gaze)
    assert gaze.capture_ns is None  # known only once the offset of Pupil's clock is
    assert gaze.timestamp == 6034.4052
    assert gaze.gaze_point_3d == (45.5, 32.7, 462.9)
    assert gaze.eye_centers_3d["1"] == [-40.1, -1.0, -21.2]
    assert gaze.base_data[1]["id"] == 1
    older = PUPIL_GAZE | {"eye_centers_3d": {0: [20.8, -3.2, -27.0], 1: [-40.1, -1.0, -21.2]}}  # before Capture 2
    assert wire.unpack([b"gaze.3d.01.", msgspec.msgpack.encode(older)]).message


def test_gaze_from_pupil_with_image_position_only() -> None:
    fields = {"topic": "gaze.3d.0.", "norm_pos": [1.2, -0.1], "confidence": 0.2, "timestamp": 1.0, "base_data": []}
    gaze = wire.unpack([b"gaze.3d.0.", msgspec.msgpack.encode(fields)]).message
    assert isinstance(gaze, m.Gaze)
    assert gaze.norm_pos == (1.2, -0.1)
    assert gaze.d_head is None


def test_a_pupil_datum_with_numbers_that_are_none_does_not_cost_the_gaze() -> None:
    fields = PUPIL_GAZE | {"base_data": [pupil_datum(0) | {"diameter_3d": math.nan}]}
    assert wire.unpack([b"gaze.3d.01.", msgspec.msgpack.encode(fields)]).message


def test_frame_from_pupil_capture() -> None:
    fields = {"topic": "frame.world", "width": 4, "height": 3, "index": 9, "timestamp": 6034.4, "format": "bgr"}
    fields["projection_matrix"] = np.eye(3).tolist()  # newer versions add it
    received = wire.unpack([b"frame.world", msgspec.msgpack.encode(fields), bytes(36)])
    assert isinstance(received.message, m.Frame)
    assert (received.message.index, received.message.capture_ns) == (9, None)


@pytest.mark.parametrize(
    "topic", ["gaze.2d.0.", "pupil.0.3d", "logging.info", "notify.recording.started", "frame.eye.0"]
)
def test_pupils_other_topics_are_counted_only(topic: str) -> None:
    with pytest.raises(wire.WireError) as error:
        wire.unpack([topic.encode(), msgspec.msgpack.encode({"topic": topic})])
    assert error.value.reason == "unknown_topic"
