"""Pictures in files: read upright as RGB, written in the format of the file's name."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.runtime.files import read_bytes, write_bytes

MAX_IMAGE_BYTES = 1 << 30

Image = NDArray[np.uint8]  # (H, W, 3) RGB


def read_image(path: Path) -> Image:
    """A picture as RGB, upright: the orientation in its EXIF data is followed."""
    data = read_bytes(path, "the picture", MAX_IMAGE_BYTES)
    cut_off = data[:2] == b"\xff\xd8" and b"\xff\xd9" not in data  # libjpeg would make up the rest
    try:
        image = None if cut_off or not data else cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        image = None
    if image is None:
        raise ValueError(f"{path} is no picture that can be read (JPEG, PNG, WebP, TIFF, BMP), or it is damaged")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def write_image(path: Path, image: Image) -> None:
    """Write RGB ``image`` in the format that the file's name says, PNG where it says none."""
    suffix = path.suffix.lower() or ".png"
    if suffix not in (".png", ".jpg", ".jpeg", ".webp"):
        raise ValueError(f"{path} cannot be written: pictures are .png, .jpg or .webp")
    _, data = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    write_bytes(path, data.tobytes())
