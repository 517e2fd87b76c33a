"""The view with its outlines as a video: each picture with the overlay of its own instant, in real time.

An overlay comes later than its picture, so pictures wait a little. One that gets none of its own (not every picture is
encoded) takes the newest older overlay, moved to it by the head poses.
"""

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.runtime.clock import Clocks, stamped
from gazeline.runtime.draw import draw_overlay
from gazeline.runtime.images import image_of
from gazeline.runtime.messages import Frame, Overlay
from gazeline.runtime.topics import FRAME_WORLD, OVERLAY_OBJECTS, POSE_HEAD, RIG_DEVICE
from gazeline.runtime.viewpoint import Viewpoint
from gazeline.runtime.wire import Received, WireError

CODEC = "mp4v"  # MPEG-4 part 2: in every build of OpenCV
WAIT_FRAMES = 15  # a picture waits for its overlay until this many newer ones have come
OVERLAY_OLD_NS = 1_000_000_000  # an overlay this much older than a picture is not drawn on it
GAP_NS = 2_000_000_000  # a longer pause is cut: the video goes on after this much of it
TOPICS = (FRAME_WORLD, OVERLAY_OBJECTS, POSE_HEAD, RIG_DEVICE)


@dataclass
class VideoCounts:
    """Pictures that came, how many of them had an overlay of their own or an older one, and what was written.

    ``written`` counts the video's frames, repeats included; ``skipped`` pictures came faster than it has frames, were
    older than one already written, or could not be read.
    """

    pictures: int = 0
    with_own_overlay: int = 0
    with_older_overlay: int = 0
    written: int = 0
    skipped: int = 0


class VideoWriter:
    """Feed it all messages of `TOPICS` with `take`; `close` writes what still waits.

    The video runs at ``fps`` constantly; pictures are repeated and skipped so that it keeps the time of their
    ``capture_ns``. It has the first picture's size, less an odd row or column, which the codec does not take.
    ``wait_frames``: how many newer pictures may come before one stops waiting for its overlay.
    Raises OSError with one sentence where ``path`` cannot be written.
    """

    def __init__(self, path: Path, fps: float = 30.0, wait_frames: int = WAIT_FRAMES) -> None:
        if not 1.0 <= fps <= 240.0:
            raise ValueError(f"a video has 1 to 240 frames per second, not {fps:g}")
        if path.suffix.lower() not in (".mp4", ".mov", ".m4v"):
            raise ValueError(f"{path}: a video's name ends in .mp4")
        try:
            with path.open("ab"):  # the codec itself fails without saying why
                pass
        except OSError as error:
            raise OSError(f"{path} cannot be written: {error.strerror}") from None
        self.counts = VideoCounts()
        self._path, self._fps, self._wait_frames = path, fps, wait_frames
        self._viewpoint = Viewpoint()
        self._clock = Clocks()
        self._waiting: deque[Received] = deque()
        self._overlay: Overlay | None = None  # the newest that is no newer than the next picture
        self._later: list[Overlay] = []  # those newer than all pictures written so far
        self._file: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._start_ns = self._last_ns = 0
        self._shown: NDArray[np.uint8] | None = None  # BGR, the last one written

    def take(self, received: Received) -> None:
        """Any message of the bus; those of other topics are left alone. Raises OSError when writing fails."""
        received, self._clock = stamped(received, self._clock)
        message = received.message
        self._viewpoint.take(message)
        if isinstance(message, Frame) and message.topic == FRAME_WORLD:
            self.counts.pictures += 1
            self._waiting.append(received)
        elif isinstance(message, Overlay):
            self._later = [*self._later[-4 * self._wait_frames :], message]
        else:
            return
        self._write_ready()

    def close(self) -> None:
        """Write what still waits, and finish the file. Safe to call twice."""
        while self._waiting:
            self._write_next()
        if self._file is not None:
            self._file.release()
            self._file = None
        if not self.counts.written and self._path.exists() and self._path.stat().st_size == 0:
            self._path.unlink()  # made to see whether it can be written; there was nothing to write

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write_ready(self) -> None:
        while self._waiting:
            newest_ns = max((_instant(overlay) for overlay in self._later), default=-1)
            if newest_ns < _instant(self._waiting[0].message) and len(self._waiting) <= self._wait_frames:
                return
            self._write_next()

    def _write_next(self) -> None:
        received = self._waiting.popleft()
        frame = received.message
        assert isinstance(frame, Frame)
        time_ns = _instant(frame)
        if time_ns < self._last_ns - GAP_NS:  # another sender, another time
            self._later.clear()
        elif time_ns < self._last_ns:
            self.counts.skipped += 1
            return
        for older in sorted((each for each in self._later if _instant(each) <= time_ns), key=_instant):
            self._overlay = older
        self._later = [each for each in self._later if _instant(each) > time_ns]
        try:
            image = image_of(received)
        except WireError:
            self.counts.skipped += 1
            return
        overlay = self._overlay
        if overlay is not None and 0 <= time_ns - _instant(overlay) <= OVERLAY_OLD_NS:
            if _instant(overlay) == time_ns:
                self.counts.with_own_overlay += 1
            else:
                self.counts.with_older_overlay += 1
            image = draw_overlay(image, self._viewpoint.moved(overlay, frame)[0])
        self._append(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), time_ns)

    def _append(self, image: NDArray[np.uint8] | cv2.typing.MatLike, time_ns: int) -> None:
        """At the place in the video that its time gives it, with the one before repeated up to there."""
        bgr = np.asarray(image, dtype=np.uint8)
        if self._file is None:
            self._open(bgr.shape[1], bgr.shape[0])
            self._start_ns = time_ns
        elif not 0 <= time_ns - self._last_ns <= GAP_NS:
            pause_ns = GAP_NS if time_ns > self._last_ns else 0  # another sender goes on where the last one was
            self._start_ns += time_ns - self._last_ns - pause_ns
        self._last_ns = time_ns
        if (bgr.shape[1], bgr.shape[0]) != self._size:
            bgr = np.asarray(cv2.resize(bgr, self._size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        place = round((time_ns - self._start_ns) * 1e-9 * self._fps)
        while self._shown is not None and self.counts.written < place:
            self._put(self._shown)
        if place < self.counts.written:
            self.counts.skipped += 1
        else:
            self._put(bgr)
        self._shown = bgr

    def _put(self, bgr: NDArray[np.uint8]) -> None:
        assert self._file is not None
        self._file.write(bgr)
        self.counts.written += 1

    def _open(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._file = cv2.VideoWriter(str(self._path), cv2.VideoWriter.fourcc(*CODEC), self._fps, self._size)
        if not self._file.isOpened():
            self._file = None
            raise OSError(f"{self._path} cannot be written: this OpenCV has no {CODEC} encoder for {width}x{height}")


def _instant(message: object) -> int:
    assert isinstance(message, (Frame, Overlay))
    assert message.capture_ns is not None  # `stamped` gave it one
    return message.capture_ns
