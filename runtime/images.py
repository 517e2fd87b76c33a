"""Pictures from the raw frames of messages: JPEG and raw formats to RGB, 16-bit planes as they are."""

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.runtime.messages import Frame, TruthFrame
from gazeline.runtime.wire import Received, WireError


def image_of(received: Received) -> NDArray[np.uint8]:
    """The picture of a `Frame` message as RGB uint8 (height, width, 3). Raises WireError("bad_image")."""
    frame = received.message
    if not isinstance(frame, Frame):
        raise WireError("bad_image", f"{frame.topic} carries no picture")
    data = received.raw[0]
    shape = (frame.height, frame.width)
    pixels = np.frombuffer(data, dtype=np.uint8)
    match frame.format:
        case "jpeg":
            return _decode_jpeg(data, frame)
        case "rgb":
            return pixels.reshape(*shape, 3)
        case "bgr":
            return _rgb(cv2.cvtColor(pixels.reshape(*shape, 3), cv2.COLOR_BGR2RGB))
        case "gray":
            return _rgb(cv2.cvtColor(pixels.reshape(shape), cv2.COLOR_GRAY2RGB))
        case "yuv":
            return _decode_yuv(pixels, frame)
        case _:
            raise WireError("bad_image", f"{frame.topic}: {frame.format} is no colour picture; read it with plane_of")


def grey_of(picture: Received | NDArray[np.uint8], width: int) -> tuple[NDArray[np.uint8], float]:
    """A picture (a `Frame` message, or RGB (H, W, 3)) in grey and at most about so wide, and by how much it was scaled.

    A JPEG is decoded at an eighth to a half of its size, which takes a fraction of the time. Raises
    WireError("bad_image").
    """
    if isinstance(picture, Received) and isinstance(picture.message, Frame) and picture.message.format == "jpeg":
        frame, data = picture.message, picture.raw[0]
        _check_jpeg(data, frame)
        reduced = next((factor for factor in (8, 4, 2) if frame.width >= factor * width), 1)
        flags = {
            1: cv2.IMREAD_GRAYSCALE,
            2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
            4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
            8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
        }
        small = _decoded(data, flags[reduced], frame)
        full_width = frame.width
    else:
        image = picture if isinstance(picture, np.ndarray) else image_of(picture)
        small, full_width = _rgb(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)), image.shape[1]
    if small.shape[1] > 1.5 * width:
        size = (width, max(1, round(small.shape[0] * width / small.shape[1])))
        small = _rgb(cv2.resize(small, size, interpolation=cv2.INTER_AREA))
    return small, small.shape[1] / full_width


def plane_of(received: Received, index: int = 0) -> NDArray[np.uint16]:
    """One 16-bit plane (ids, parts, depth in mm, thermal) as uint16 (height, width)."""
    message = received.message
    if isinstance(message, Frame) and message.format not in ("depth16", "thermal16", "id16"):
        raise WireError("bad_image", f"{message.topic}: {message.format} is no 16-bit plane; read it with image_of")
    if not isinstance(message, (Frame, TruthFrame)) or not 0 <= index < len(received.raw):
        raise WireError("bad_image", f"{message.topic} has no plane {index}")
    return np.frombuffer(received.raw[index], dtype="<u2").reshape(message.height, message.width)


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """(width, height) that a JPEG's header promises (ITU-T T.81, B.2.2), without decoding; None if it has none."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _decode_jpeg(data: bytes, frame: Frame) -> NDArray[np.uint8]:
    _check_jpeg(data, frame)
    image = _decoded(data, cv2.IMREAD_COLOR, frame)
    if image.shape != (frame.height, frame.width, 3):
        raise WireError("bad_image", f"{frame.topic} {frame.index}: the JPEG does not decode")
    return _rgb(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def _check_jpeg(data: bytes, frame: Frame) -> None:
    # The header is read first: a kilobyte of JPEG can promise gigabytes of picture.
    if jpeg_size(data) != (frame.width, frame.height):
        promised = f"{frame.width}x{frame.height}"
        raise WireError("bad_image", f"{frame.topic} {frame.index}: no JPEG of {promised} (header: {jpeg_size(data)})")
    if data.rfind(b"\xff\xd9", -65536) < 0:  # end of image; decoders fill the rest with grey and say nothing
        raise WireError("bad_image", f"{frame.topic} {frame.index}: the JPEG is cut off")


def _decoded(data: bytes, flags: int, frame: Frame) -> NDArray[np.uint8]:
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise WireError("bad_image", f"{frame.topic} {frame.index}: the JPEG does not decode: {error}") from None
    if image is None:
        raise WireError("bad_image", f"{frame.topic} {frame.index}: the JPEG does not decode")
    return _rgb(image)


def _decode_yuv(pixels: NDArray[np.uint8], frame: Frame) -> NDArray[np.uint8]:
    """Planar YUV 4:2:2 (Pupil's) or 4:2:0, full range as in JPEG, to RGB."""
    height, width = frame.height, frame.width
    rows = height if pixels.size == 2 * height * width else height // 2  # of the colour planes
    if width % 2 or height % 2:
        raise WireError("bad_image", f"{frame.topic}: yuv needs an even size, not {width}x{height}")
    luma, u, v = np.split(pixels, [height * width, height * width + rows * (width // 2)])
    cr, cb = (_rgb(cv2.resize(plane.reshape(rows, width // 2), (width, height))) for plane in (v, u))
    return _rgb(cv2.cvtColor(np.dstack([luma.reshape(height, width), cr, cb]), cv2.COLOR_YCrCb2RGB))


def _rgb(image: object) -> NDArray[np.uint8]:
    return np.asarray(image, dtype=np.uint8)
