"""Pictures off the wire: the colours and sizes that were sent, or a WireError that says what was wrong."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.runtime import messages as m
from gazeline.runtime.images import image_of, jpeg_size, plane_of
from gazeline.runtime.wire import Received, WireError

HEIGHT, WIDTH = 48, 64


def picture() -> NDArray[np.uint8]:
    """Red grows to the right, blue downwards: what is swapped or turned is noticed."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)  # (H, W, 3) RGB
    image[..., 0] = np.linspace(0, 250, WIDTH).astype(np.uint8)
    image[..., 2] = np.linspace(0, 250, HEIGHT).astype(np.uint8)[:, None]
    return image


def received(image_format: m.ImageFormat, raw: bytes, width: int = WIDTH, height: int = HEIGHT) -> Received:
    frame = m.Frame(topic="frame.world", width=width, height=height, index=0, format=image_format, capture_ns=1)
    return Received(frame, (raw,))


def jpeg() -> bytes:
    return cv2.imencode(".jpg", picture()[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def yuv(rows: int) -> bytes:
    """Planar YUV with the colour planes of half width and ``rows`` rows."""
    ycrcb = cv2.cvtColor(picture(), cv2.COLOR_RGB2YCrCb)
    planes = [cv2.resize(ycrcb[..., channel], (WIDTH // 2, rows), interpolation=cv2.INTER_AREA) for channel in (2, 1)]
    return b"".join([ycrcb[..., 0].tobytes(), *(plane.tobytes() for plane in planes)])


@pytest.mark.parametrize(
    ("image_format", "raw", "tolerance"),
    [
        ("jpeg", jpeg(), 12),
        ("rgb", picture().tobytes(), 0),
        ("bgr", picture()[..., ::-1].tobytes(), 0),
        ("yuv", yuv(HEIGHT), 12),
        ("yuv", yuv(HEIGHT // 2), 14),
    ],
)
def test_every_colour_format_gives_rgb(image_format: m.ImageFormat, raw: bytes, tolerance: int) -> None:
    image = image_of(received(image_format, raw))
    assert image.dtype == np.uint8
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(image.astype(int) - picture()).max() <= tolerance


def test_grey_is_grey_in_all_three_channels() -> None:
    grey = picture()[..., 0]
    assert (image_of(received("gray", grey.tobytes())) == grey[..., None]).all()


def test_planes_of_ids_and_depth() -> None:
    ids = np.arange(HEIGHT * WIDTH, dtype=np.uint16).reshape(HEIGHT, WIDTH)
    assert (plane_of(received("id16", ids.astype("<u2").tobytes())) == ids).all()
    with pytest.raises(WireError, match="no 16-bit plane"):
        plane_of(received("rgb", picture().tobytes()))
    with pytest.raises(WireError, match="no colour picture"):
        image_of(received("depth16", ids.tobytes()))


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (jpeg()[: len(jpeg()) // 2], "cut off"),
        (jpeg()[:20], "no JPEG of"),
        (b"\xff\xd8\xff\xd9", "no JPEG of"),
        (b"\xff\xd8" + b"\xff" * 500, "no JPEG of"),
        (jpeg()[:200] + b"\xff\xd9", "no JPEG of|does not decode"),
    ],
)
def test_broken_jpegs_are_refused(raw: bytes, said: str) -> None:
    with pytest.raises(WireError, match=said) as error:
        image_of(received("jpeg", raw))
    assert error.value.reason == "bad_image"


def test_a_jpeg_of_another_size_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(WireError, match="no JPEG of 100x100") as error:
        image_of(received("jpeg", jpeg(), 100, 100))
    assert error.value.reason == "bad_image"
    start = jpeg().index(b"\xff\xc0")
    huge = jpeg()[: start + 5] + b"\xff\xf0\xff\xf0" + jpeg()[start + 9 :]  # promises 65520x65520
    assert jpeg_size(huge) == (65520, 65520)
    with pytest.raises(WireError, match="no JPEG of"):
        image_of(received("jpeg", huge))


def test_the_orientation_in_a_jpegs_metadata_does_not_turn_the_picture() -> None:
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"  # orientation 6: turned by 90 deg
    turned = jpeg()[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg()[2:]
    assert image_of(received("jpeg", turned)).shape == (HEIGHT, WIDTH, 3)
