"""The encode and decode stages with a real (tiny) network that segments by colour."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.calib.cameras import Pinhole
from gazeline.calib.se3 import FORWARD_CAMERA, SE3
from gazeline.engines.segmenter import Masks, Segmenter
from gazeline.engines.window import Window
from gazeline.runtime.config import OutlineSettings
from gazeline.runtime.decode import answered, decode
from gazeline.runtime.encode import encode, window_of
from gazeline.runtime.events import Decode, Decoded, Encode, Encoded
from gazeline.runtime.messages import Frame
from gazeline.runtime.prompt import Calibration, Question, View, nominal
from gazeline.runtime.wire import Received, WireError
from tests.engines.toy_models import write_own, write_sam

CALIBRATION = Calibration(Pinhole(640, 480, 500.0, 500.0, 319.5, 239.5), FORWARD_CAMERA, np.zeros(3), measured=True)


@pytest.fixture(scope="module")
def segmenter(tmp_path_factory: pytest.TempPathFactory) -> Segmenter:
    folder = tmp_path_factory.mktemp("toy")
    write_own(folder)
    return Segmenter.load(folder, threads=1)


def picture() -> NDArray[np.uint8]:
    image = np.full((480, 640, 3), 110, np.uint8)
    image[200:280, 280:360] = (220, 40, 30)
    image[200:280, 400:440] = (40, 60, 220)
    return image


def frame(image_format: str = "rgb") -> Frame:
    return Frame(topic="frame.world", capture_ns=5, width=640, height=480, index=1, format=image_format)  # type: ignore[arg-type]


def decoded(
    segmenter: Segmenter, made: Encoded, *questions: Question, calibration: Calibration = CALIBRATION
) -> Decoded:
    view = View(made.request.frame, calibration, SE3.identity())
    request = Decode(made, view, questions, questions[0].centre, 1, 1, None)
    return decode(segmenter, request, OutlineSettings())


def ticking() -> int:
    """A clock that goes on by a millisecond each time it is read."""
    ticking.now += 1_000_000  # type: ignore[attr-defined]
    return ticking.now  # type: ignore[attr-defined, no-any-return]


def test_from_a_jpeg_to_two_outlines_in_one_run(segmenter: Segmenter) -> None:
    data = bytes(cv2.imencode(".jpg", picture()[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 97])[1])
    message = frame("jpeg")
    made = encode(segmenter, Encode(message, Received(message, (data,)), (320.0, 240.0)))
    assert made.image.shape == (480, 640, 3)
    assert np.abs(made.image[240, 320].astype(int) - (220, 40, 30)).max() < 8
    assert bool(made.embedding.window.in_fovea((320.0, 240.0)))
    assert set(made.took_ms) == {"picture", "encode"}
    red, blue = decoded(
        segmenter, made, Question(((320.0, 240.0),), (1,)), Question(box=(396.0, 196.0, 444.0, 284.0))
    ).answers
    assert red.shape is not None
    assert red.shape.box == pytest.approx((279.5, 199.5, 359.5, 279.5), abs=2.0)
    assert red.covers((320.0, 240.0))
    assert not red.covers((420.0, 240.0))
    assert not red.covers((5000.0, -3.0))
    assert len(red.rays[0]) == len(red.shape.rings[0])
    assert red.score == pytest.approx(0.9)
    assert red.description is not None
    assert blue.description is not None
    assert red.description.vector @ blue.description.vector < 0.8
    assert blue.shape is not None
    assert blue.shape.box == pytest.approx((399.5, 199.5, 439.5, 279.5), abs=3.0)


def test_pictures_that_are_decoded_already_are_taken_as_they_are_and_no_clock_but_ours_is_read(
    segmenter: Segmenter,
) -> None:
    ticking.now = 0  # type: ignore[attr-defined]
    image = picture()
    made = encode(segmenter, Encode(frame(), image, None), clock_ns=ticking)
    assert made.image is image
    assert made.took_ms == pytest.approx({"picture": 1.0, "encode": 1.0})
    assert made.embedding.window == segmenter.window_for(640, 480)


def test_rays_only_where_the_camera_is_known(segmenter: Segmenter) -> None:
    made = encode(segmenter, Encode(frame(), picture(), (320.0, 240.0)))
    (answer,) = decoded(segmenter, made, Question(((320.0, 240.0),), (1,)), calibration=nominal(frame())).answers
    assert answer.shape is not None
    assert answer.rays == ()


def test_a_broken_picture_is_a_wire_error(segmenter: Segmenter) -> None:
    message = frame("jpeg")
    with pytest.raises(WireError, match="no JPEG"):
        encode(segmenter, Encode(message, Received(message, (b"\xff\xd8 nothing",)), None))


def test_windows_as_the_settings_insist(segmenter: Segmenter, tmp_path: Path) -> None:
    assert window_of(segmenter, 640, 480, (10.0, 20.0)) == segmenter.window_for(640, 480, (10.0, 20.0))
    assert window_of(segmenter, 640, 480, (10.0, 20.0), "full") == Window.full(640, 480, 192)
    assert window_of(segmenter, 640, 480, (10.0, 20.0), "foveal") == segmenter.window_for(640, 480, (10.0, 20.0))
    write_sam(tmp_path)
    whole = Segmenter.load(tmp_path, threads=1)
    assert window_of(whole, 640, 480, (10.0, 20.0)) == Window.full(640, 480, 256)
    assert window_of(whole, 640, 480, (10.0, 20.0), "foveal").is_foveal
    made = encode(whole, Encode(frame(), picture(), (320.0, 240.0)), "foveal")
    (answer,) = decoded(whole, made, Question(((320.0, 240.0),), (1,))).answers
    assert answer.shape is not None
    assert answer.shape.box == pytest.approx((279.5, 199.5, 359.5, 279.5), abs=2.0)


def test_an_empty_mask_is_an_answer_without_outline_and_nan_is_an_error() -> None:
    window = Window.full(640, 480, 192)
    masks = Masks(np.full((1, 96, 96), -5.0, np.float32), np.array([1.7], np.float32), 0, window)
    asked = Question(((320.0, 240.0),), (1,))
    view = View(frame(), CALIBRATION, None)
    empty = answered(masks, asked, view, OutlineSettings())
    assert empty.shape is None
    assert not empty.covers((320.0, 240.0))
    assert empty.score == 1.0  # a network may promise more than there is
    broken = masks.logits.copy()
    broken[0, 3, 3] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        answered(replace(masks, logits=broken), asked, view, OutlineSettings())
