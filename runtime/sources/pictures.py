"""Pictures with their times, from a video file, a folder of images or a single image."""

import itertools
import os
import re
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.runtime.images import jpeg_size

VIDEO_SUFFIXES = (".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".mpg", ".mpeg")
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")

FOLDER_HZ = 24.0  # images of a folder have no times of their own
STILL_S = 10.0  # how long a single image is shown


@dataclass(frozen=True)
class Picture:
    """One picture (RGB uint8, H x W x 3) and when it was taken, in ns since the first; ``jpeg``: its file, if one."""

    time_ns: int
    image: NDArray[np.uint8]
    jpeg: bytes | None = None


def video_pictures(path: Path) -> Generator[Picture]:
    """The pictures of a video file, turned as the file says. Raises ValueError where it cannot be read."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # FFmpeg's complaints become our one sentence
    video = cv2.VideoCapture(str(path))
    try:
        fps = video.get(cv2.CAP_PROP_FPS)
        interval_ns = 1e9 / fps if 0.5 < fps < 1000.0 else 1e9 / 30.0
        first_ns = last_ns = None
        while True:
            good, bgr = video.read()
            if not good:
                break
            time_ns = round(video.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
            first_ns = time_ns if first_ns is None else first_ns
            time_ns -= first_ns
            if last_ns is not None and time_ns <= last_ns:  # containers without times of their own
                time_ns = last_ns + round(interval_ns)
            last_ns = time_ns
            yield Picture(time_ns, _rgb(bgr))
        if last_ns is None:
            raise ValueError(f"{path} cannot be read as a video: it is damaged or of a kind that OpenCV does not know")
    finally:
        video.release()


def image_pictures(paths: list[Path]) -> Generator[Picture]:
    """Images one after the other, 24 a second; a single one is shown for 10 s. Raises ValueError for what is none."""
    shown = itertools.repeat(paths[0], round(STILL_S * FOLDER_HZ)) if len(paths) == 1 else iter(paths)
    size: tuple[int, ...] | None = None
    last: tuple[Path, Picture] | None = None
    for i, path in enumerate(shown):
        time_ns = round(i * 1e9 / FOLDER_HZ)
        if last is not None and last[0] == path:
            yield Picture(time_ns, last[1].image, last[1].jpeg)
            continue
        data = path.read_bytes()
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
        if bgr is None:
            raise ValueError(f"{path} cannot be read as an image: it is damaged or of a kind that OpenCV does not know")
        size = size or bgr.shape[:2]
        if bgr.shape[:2] != size:
            raise ValueError(
                f"{path} is {bgr.shape[1]}x{bgr.shape[0]} and the images before it are {size[1]}x{size[0]};"
                " the images of a folder must be of one size"
            )
        picture = Picture(time_ns, _rgb(bgr), data if _is_plain_jpeg(data, bgr) else None)
        last = (path, picture)
        yield picture


def images_in(folder: Path) -> list[Path]:
    """The images of a folder in the order of their names, numbers in them by value (2 before 10)."""
    found = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()]
    return sorted(found, key=lambda p: [int(t) if t.isdecimal() else t for t in re.split(r"(\d+)", p.name)])


def _is_plain_jpeg(data: bytes, bgr: NDArray[Any]) -> bool:
    """Whether the file's bytes can be sent as they are: a JPEG which no EXIF orientation turns."""
    return data[:2] == b"\xff\xd8" and b"Exif\x00\x00" not in data[:4096] and jpeg_size(data) == bgr.shape[1::-1]


def _rgb(bgr: NDArray[Any]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)
