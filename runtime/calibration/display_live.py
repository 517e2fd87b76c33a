"""``gazeline calibrate display --bus``: crosses on the display that the wearer brings over a corner of a board.

One cross at a time stands at a known place of the left eye's view and moves with the head. The wearer, with the right
eye shut, moves the head until the cross covers the board's corner, and says so: with a button or a pinch (`prompt.user`
of kind ``confirm``) or with Enter. The camera's pictures of that moment tell where the corner was; see
`gazeline.calib.display_alignment`.
"""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gazeline.calib import rig as rigs
from gazeline.calib import so3
from gazeline.calib.board import Board
from gazeline.calib.camera_base import Array
from gazeline.calib.detect import find_board
from gazeline.calib.display_alignment import pinhole_of
from gazeline.calib.pose import solve_pose
from gazeline.calib.rig import Display, Rig, RigCamera
from gazeline.runtime.bus import BusAddress, Publisher, Subscriber
from gazeline.runtime.images import image_of
from gazeline.runtime.messages import CalibrationTarget, Frame, RigDevice, UserPrompt, Vec2
from gazeline.runtime.sources.source import CAMERA_ID
from gazeline.runtime.topics import CALIBRATE_TARGET, FRAME_WORLD, PROMPT_USER, RIG_DEVICE
from gazeline.runtime.wire import Received, WireError

# Shares of the way from the view's axis to its borders. Left and right by turns, so that no two are alike.
PLACES = tuple((side * x, y) for y in (0.3, 0.1, -0.1, -0.3) for x in (0.5, 0.25, 0.08) for side in (-1, 1))
WIDEST = 0.9  # of a wider view, no more than cameras see
NEAR_M, FAR_M = 0.5, 1.2  # by turns, too: what is all at one distance does not show where the eye is
PICTURES = 3  # of the moment when the wearer confirms
STEADY_RAD = np.radians(0.5)  # if the corner moved more between them, no cross was held on it
PERIOD_MS = 30
SILENT_S = 20.0


Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Alignments:
    """Points (N, 3) in the head frame, and the display's pixels (N, 2) that covered them."""

    p_head_m: Array
    px: Array


def align(
    address: BusAddress, board: Board, corner: int, rig: Rig | None, stop: threading.Event, say: Say
) -> tuple[Alignments, Rig]:
    """Show all crosses, and gather where the corner was when each covered it; with the rig that was used.

    Without ``rig`` it is the headset's own. ``stop`` ends it early. Raises OSError where no picture or rig comes,
    ValueError where the rig lacks a camera or a display.
    """
    with Subscriber(address, (FRAME_WORLD, RIG_DEVICE, PROMPT_USER)) as subscriber, Publisher(address) as publisher:
        rig = rig or _reported_rig(subscriber, stop)
        session = _Session(board, corner, *checked(rig), say)
        pressed = _Enter()
        heard_s = time.monotonic()
        try:
            while session.number < len(PLACES) and not stop.is_set():
                publisher.send(session.target())
                confirmed = pressed.taken()
                for received in subscriber.poll(PERIOD_MS):
                    if isinstance(received.message, Frame):
                        heard_s = time.monotonic()
                        session.pictures.append(received)
                    elif isinstance(received.message, UserPrompt):
                        confirmed |= received.message.kind == "confirm"
                if confirmed:
                    session.confirm()
                if time.monotonic() - heard_s > SILENT_S:
                    raise OSError(
                        f"no picture came on {address} within {SILENT_S:.0f} seconds; is the headset sending?"
                    )
        finally:
            publisher.send(CalibrationTarget(topic=CALIBRATE_TARGET, capture_ns=time.monotonic_ns()))
    return session.alignments(), rig


class _Session:
    """The cross that is shown, and what was gathered."""

    def __init__(self, board: Board, corner: int, camera: RigCamera, display: Display, say: Say) -> None:
        self.number = 0
        self.pictures: deque[Received] = deque(maxlen=PICTURES)
        self._board, self._corner, self._camera, self._display, self._say = board, corner, camera, display, say
        self._found: list[tuple[Array, Array]] = []
        self._tell()

    def target(self) -> CalibrationTarget:
        """The message that shows the cross."""
        return CalibrationTarget(
            topic=CALIBRATE_TARGET,
            capture_ns=time.monotonic_ns(),
            view=tangents_of(self._display, PLACES[self.number]),
            number=self.number,
            count=len(PLACES),
        )

    def confirm(self) -> None:
        """The cross is on the corner: take it, and go on to the next one; or say why not."""
        p_head_m = [p for p in map(self._corner_m, self.pictures) if p is not None]
        self.pictures.clear()
        if len(p_head_m) < PICTURES:
            self._say("the camera did not see the board well; move a little and confirm again")
            return
        middle = np.mean(p_head_m, axis=0)
        if max(so3.angle_rad(p, middle) for p in p_head_m) > STEADY_RAD:
            self._say("the head moved; hold the cross on the corner and confirm again")
            return
        self._found.append((middle, pixel_of(self._display, PLACES[self.number])))
        self.number += 1
        self._tell()

    def alignments(self) -> Alignments:
        """All that was confirmed."""
        points, px = ([each[i] for each in self._found] for i in (0, 1))
        return Alignments(np.reshape(points, (-1, 3)), np.reshape(px, (-1, 2)))

    def _tell(self) -> None:
        if self.number < len(PLACES):
            row, column = divmod(self._corner, self._board.columns)
            far_m = FAR_M if self.number % 2 else NEAR_M
            self._say(
                f"cross {self.number + 1} of {len(PLACES)}: from {far_m:g} m, bring it over inner corner {column + 1}"
                f" of row {row + 1}, and confirm"
            )

    def _corner_m(self, received: Received) -> Array | None:
        """Where the corner is in the head frame (3,); None where the picture does not show it."""
        try:
            found = find_board(image_of(received), self._board)
        except WireError:
            return None
        if found is None:
            return None
        pose = solve_pose(self._camera.camera, self._board.points_m[found.ids], found.px)
        if pose is None:
            return None
        return (self._camera.se3 @ pose.T_camera_points).apply(self._board.points_m[self._corner])


def tangents_of(display: Display, place: Vec2) -> Vec2:
    """The tangents, right and up, of a place given as shares of the way to the view's borders or `WIDEST`."""
    left, right, up, down = (min(tangent, WIDEST) for tangent in display.tangents_lrud)
    x, y = place
    return x * (right if x > 0 else left), y * (up if y > 0 else down)


def pixel_of(display: Display, place: Vec2) -> Array:
    """The same place as a pixel (2,) of the display."""
    x, y = tangents_of(display, place)
    return np.asarray(pinhole_of(display).project([x, -y, 1.0])[0])


def _reported_rig(subscriber: Subscriber, stop: threading.Event) -> Rig:
    """The rig that the headset sends about once a second."""
    end_s = time.monotonic() + SILENT_S
    while time.monotonic() < end_s and not stop.is_set():
        for received in subscriber.poll(100):
            if isinstance(received.message, RigDevice):
                return rigs.loads(received.message.rig_json, "the headset's rig (rig.device)")
    raise OSError("no calibration (rig.device) came over the bus; give the headset's rig with --rig")


def checked(rig: Rig) -> tuple[RigCamera, Display]:
    """The rig's camera and display; ValueError with one sentence where one is missing."""
    if CAMERA_ID not in rig.cameras:
        raise ValueError(f"rig {rig.id!r} has no calibrated camera {CAMERA_ID!r}; see gazeline calibrate camera")
    if rig.display is None:
        raise ValueError(
            "the rig has no display; give its width, height and tangents_lrud (OpenXR's field of view) under"
            ' "display" in the rig file'
        )
    return rig.cameras[CAMERA_ID], rig.display


class _Enter:
    """Whether Enter was pressed in the terminal; a thread waits for it, since reading it cannot be broken off."""

    def __init__(self) -> None:
        self._pressed = threading.Event()
        threading.Thread(target=self._read, name="gazeline-enter", daemon=True).start()

    def _read(self) -> None:
        for _ in sys.stdin:
            self._pressed.set()

    def taken(self) -> bool:
        """True once for each press."""
        pressed = self._pressed.is_set()
        self._pressed.clear()
        return pressed
