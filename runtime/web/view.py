"""What the pages see: the newest of everything, put together for one picture. Pure state, no sockets."""

import time
from dataclasses import dataclass, replace

import cv2
import numpy as np

from gazeline.calib.gaze_mapping import angles_of, direction_of
from gazeline.runtime.clock import Clocks, stamped
from gazeline.runtime.images import image_of, jpeg_size
from gazeline.runtime.messages import BoardSearch, CalibrationTarget, Frame, Gaze, Message, Overlay, Stats
from gazeline.runtime.topics import GAZE_BINOCULAR
from gazeline.runtime.viewpoint import Viewpoint
from gazeline.runtime.web.drawn import drawn_overlay
from gazeline.runtime.web.protocol import (
    DrawnBoard,
    DrawnGaze,
    DrawnOverlay,
    DrawnTarget,
    FrameHeader,
    Status,
    Update,
    status_of,
)
from gazeline.runtime.wire import Received, WireError

SECOND_NS = 1_000_000_000
CAMERA_LOST_NS = 2 * SECOND_NS  # without a picture for this long
RUNTIME_LOST_NS = 3 * SECOND_NS  # without statistics, which come twice a second
OVERLAY_OLD_NS = SECOND_NS  # an outline of a picture this much older says nothing about the one that is shown
TARGET_OLD_NS = 300_000_000
BOARD_OLD_NS = 2 * SECOND_NS  # a picture may take a second to be looked at
GAZE_OLD_NS = SECOND_NS // 2
MOUSE_LEADS_NS = SECOND_NS // 2  # as the runtime has it: for this long after its last sample the mouse is the gaze
CONFIDENT = 0.6
JPEG_QUALITY = 85


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it is sent."""

    frame: Frame
    jpeg: bytes
    receive_ns: int


def picture_of(received: Received) -> Picture | None:
    """JPEG as it came, other formats encoded; None if it is no picture of the size that it promises."""
    frame = received.message
    assert isinstance(frame, Frame)
    if frame.format == "jpeg":
        if jpeg_size(received.raw[0]) != (frame.width, frame.height):
            return None
        return Picture(frame, received.raw[0], received.receive_ns)
    try:
        image = image_of(received)
    except WireError:
        return None
    done, jpeg = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return Picture(frame, jpeg.tobytes(), received.receive_ns) if done else None


class View:
    """The newest picture, overlay, gaze and statistics. ``versions`` counts the first three, in this order."""

    def __init__(self) -> None:
        self.picture: Picture | None = None
        self.versions = (0, 0, 0)
        self._viewpoint = Viewpoint()
        self._clock = Clocks()
        self._overlay: Overlay | None = None
        self._gaze: Gaze | None = None
        self._gaze_ns = self._mouse_ns = self._camera_ns = self._stats_ns = -(2**62)  # when it was last heard
        self._stats: Stats | None = None
        self._target: CalibrationTarget | None = None
        self._board: BoardSearch | None = None
        self._board_ns = -(2**62)

    def take(self, received: Received) -> None:
        """Any message of the bus. Pictures are only noted; `show` is for those that are to be seen."""
        received, self._clock = stamped(received, self._clock)
        message, now_ns = received.message, received.receive_ns
        self._viewpoint.take(message)
        pictures, overlays, gazes = self.versions
        match message:
            case Frame():
                self._camera_ns = now_ns
            case Overlay():
                self._overlay, overlays = message, overlays + 1
            case Gaze():
                if message.source == "mouse":
                    self._mouse_ns = now_ns
                if message.source == "mouse" or now_ns - self._mouse_ns > MOUSE_LEADS_NS:
                    self._gaze, self._gaze_ns, gazes = message, now_ns, gazes + 1
            case Stats():
                self._stats, self._stats_ns = message, now_ns
            case CalibrationTarget():
                self._target, gazes = message, gazes + 1
            case BoardSearch():
                self._board, self._board_ns, gazes = message, now_ns, gazes + 1
        self.versions = pictures, overlays, gazes

    def show(self, picture: Picture) -> None:
        """This is the newest picture now."""
        received, _ = stamped(Received(picture.frame, (), picture.receive_ns), self._clock)
        assert isinstance(received.message, Frame)
        self.picture = replace(picture, frame=received.message)
        self.versions = self.versions[0] + 1, *self.versions[1:]

    def header(self, picture: Picture, seq: int) -> FrameHeader:
        """What a page has to know of a picture, with what is to be drawn on it."""
        frame = picture.frame
        return FrameHeader(
            seq=seq,
            capture_ns=str(frame.capture_ns),
            index=frame.index,
            width=frame.width,
            height=frame.height,
            age_ms=round((time.monotonic_ns() - _instant(frame)) / 1e6, 2),
            overlay=self._drawn_overlay(frame),
            gaze=self._drawn_gaze(frame),
            target=self._drawn_target(frame),
            board=self._drawn_board(),
        )

    def update(self, picture: Picture, seq: int, *, with_overlay: bool) -> Update:
        """What is newer than the picture."""
        frame = picture.frame
        overlay = self._drawn_overlay(frame) if with_overlay else None
        return Update(
            seq=seq,
            capture_ns=str(frame.capture_ns),
            gaze=self._drawn_gaze(frame),
            target=self._drawn_target(frame),
            board=self._drawn_board(),
            overlay=overlay,
        )

    def status(self, now_ns: int) -> Status:
        """Who is there, and how it goes."""
        stats = self._stats if now_ns - self._stats_ns < RUNTIME_LOST_NS else None
        return status_of(stats, camera=now_ns - self._camera_ns < CAMERA_LOST_NS)

    def pointer_gaze(self, at_px: tuple[float, float], shown_ns: int, now_ns: int) -> Gaze | None:
        """The gaze of a page's pointer, which is on a pixel of the picture of ``shown_ns``."""
        if self.picture is None:
            return None
        return self._viewpoint.pointer(at_px, self.picture.frame, shown_ns, now_ns)

    def _drawn_overlay(self, frame: Frame) -> DrawnOverlay | None:
        overlay = self._overlay
        if overlay is None or abs(_instant(frame) - _instant(overlay)) > OVERLAY_OLD_NS:
            return None
        return drawn_overlay(overlay, frame, round((_instant(frame) - _instant(overlay)) / 1e6, 2), self._viewpoint)

    def _drawn_gaze(self, frame: Frame) -> DrawnGaze | None:
        overlay, gaze = self._overlay, self._gaze
        fresh = overlay if overlay and abs(_instant(frame) - _instant(overlay)) <= OVERLAY_OLD_NS else None
        at_px = None
        if gaze is not None and time.monotonic_ns() - self._gaze_ns < GAZE_OLD_NS:
            at_px = self._viewpoint.gaze_px(gaze, frame)
        if at_px is None and fresh is not None and fresh.gaze_px is not None:
            at_px = self._viewpoint.moved(fresh, frame)[0].gaze_px
        if at_px is None:
            return None
        if fresh is not None:
            state: str = fresh.gaze_state
        else:  # no runtime that says what the eyes do
            state = "fixation" if gaze is not None and gaze.confidence >= CONFIDENT else "blink"
        return DrawnGaze(x=round(at_px[0], 2), y=round(at_px[1], 2), state=state)

    def _drawn_target(self, frame: Frame) -> DrawnTarget | None:
        """The target of a calibration that goes on. It is fixed to the head, and so to the picture."""
        target = self._target
        if target is None or target.d_head is None or time.monotonic_ns() - _instant(target) > TARGET_OLD_NS:
            return None
        right, up = angles_of(target.d_head).tolist()
        px = []
        for turn in (0.0, target.size_rad / 2.0):
            x, y, z = direction_of((right + turn, up)).tolist()
            point = Gaze(
                topic=GAZE_BINOCULAR,
                capture_ns=frame.capture_ns,
                confidence=1.0,
                d_head=(x, y, z),
                depth_m=target.depth_m,
            )
            px.append(self._viewpoint.gaze_px(point, frame))
        if px[0] is None:
            return None
        radius = 4.0 if px[1] is None else float(np.hypot(*np.subtract(px[1], px[0])))
        return DrawnTarget(
            x=round(px[0][0], 2), y=round(px[0][1], 2), radius=round(radius, 2), progress=target.progress
        )

    def _drawn_board(self) -> DrawnBoard | None:
        board = self._board
        if board is None or time.monotonic_ns() - self._board_ns > BOARD_OLD_NS:
            return None
        corners = np.asarray(board.corners, np.float64).round(1).ravel().tolist()
        return DrawnBoard(corners, board.edge_px, board.views, board.wanted, board.heat, board.advice, board.done)


def _instant(message: Message) -> int:
    assert message.capture_ns is not None  # `stamped` gave it one
    return message.capture_ns
