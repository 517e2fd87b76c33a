"""What every source is: a rig, a name, and timed messages in the order of their capture."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazeline.calib.rig import Rig
from gazeline.runtime.messages import Frame, Gaze, Message, Vec3
from gazeline.runtime.topics import FRAME_WORLD, GAZE_BINOCULAR

CAMERA_ID = "world"
"""The key of the scene camera in every source's rig."""
_JPEG_QUALITY = 92


@dataclass(frozen=True)
class Sample:
    """One message with its raw frames. ``capture_ns`` is in the source's own clock, whose zero may be anywhere."""

    capture_ns: int
    message: Message
    raw: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Source:
    """A recording to be played as if it were a headset. Iterating starts it from the beginning, every time.

    Samples come in the order of ``capture_ns``. ``samples`` raises ValueError or OSError with one sentence where the
    recording turns out to be broken half-way.
    """

    name: str
    rig: Rig
    samples: Callable[[], Iterator[Sample]]

    def __iter__(self) -> Iterator[Sample]:
        return self.samples()


def frame_sample(
    image: NDArray[np.uint8], capture_ns: int, index: int, rig_id: str, exposure_ns: int = 0, jpeg: bytes | None = None
) -> Sample:
    """A picture (RGB uint8, H x W x 3) as a ``frame.world`` message; ``jpeg``: its file's bytes, if there are any."""
    height, width = image.shape[:2]
    if jpeg is None:
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        jpeg = cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY))[1].tobytes()
    message = Frame(
        topic=FRAME_WORLD,
        capture_ns=capture_ns,
        width=width,
        height=height,
        index=index,
        format="jpeg",
        camera_id=CAMERA_ID,
        T_head_camera_id=rig_id,
        exposure_ns=exposure_ns,
    )
    return Sample(capture_ns, message, (jpeg,))


def gaze_sample(
    capture_ns: int,
    d_head: ArrayLike | None,
    confidence: float = 1.0,
    norm_pos: tuple[float, float] | None = None,
    depth_m: float | None = None,
) -> Sample:
    """A direction in the head frame (unit) as a ``gaze.3d.01.`` message; None where the tracker saw no gaze."""
    direction: Vec3 | None = None
    if d_head is not None:
        x, y, z = np.asarray(d_head, dtype=np.float64).tolist()
        direction = (x, y, z)
    message = Gaze(
        topic=GAZE_BINOCULAR,
        capture_ns=capture_ns,
        confidence=0.0 if direction is None else confidence,
        norm_pos=norm_pos,
        d_head=direction,
        depth_m=depth_m,
    )
    return Sample(capture_ns, message)


def interleaved(frames: Iterable[Sample], gaze: Iterable[Sample]) -> Iterator[Sample]:
    """Frames and gaze in the order of time, from the first frame to one frame interval after the last."""
    waiting = iter(gaze)
    next_gaze = next(waiting, None)
    first = last = interval = None
    for frame in frames:
        if first is None:
            first = frame.capture_ns
        while next_gaze is not None and next_gaze.capture_ns < frame.capture_ns:
            if next_gaze.capture_ns >= first:
                yield next_gaze
            next_gaze = next(waiting, None)
        interval = frame.capture_ns - last if last is not None else 0
        last = frame.capture_ns
        yield frame
    if last is None or interval is None:
        return
    while next_gaze is not None and next_gaze.capture_ns <= last + interval:
        yield next_gaze
        next_gaze = next(waiting, None)
