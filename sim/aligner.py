"""Somebody with a see-through display calibrates it: brings each cross that is shown over a corner of a board.

The head is put where the cross, at its place of the display's true view, covers the corner: near and far by turns, with
an error of the aim and a tremor. Then the camera's pictures are sent, and the confirmation, as a headset would.
"""

import threading
import time
from dataclasses import dataclass

import msgspec
import numpy as np

from gazeline.calib.board import Board
from gazeline.calib.cameras import Camera
from gazeline.calib.rig import Display, Rig, Transform, dumps
from gazeline.calib.se3 import FORWARD_CAMERA, SE3
from gazeline.runtime.bus import BusAddress, Publisher, Subscriber
from gazeline.runtime.calibration.display_live import PICTURES
from gazeline.runtime.messages import CalibrationTarget, Frame, RigDevice, UserPrompt, Vec2
from gazeline.runtime.topics import CALIBRATE_TARGET, FRAME_WORLD, PROMPT_USER, RIG_DEVICE
from gazeline.sim.board_view import BoardView
from gazeline.sim.rig import CAMERA
from gazeline.sim.sensors import CameraEffects, CameraSettings

# The display as it really sits, before the left eye and a little askew; what the headset says of it is `NOMINAL`.
T_HEAD_VIEW = SE3.exp((-0.032, 0.004, -0.012, 0.02, -0.015, 0.01))
NOMINAL = Display(1440, 1600, Transform.of(SE3.identity()), (1.2, 1.2, 1.2, 1.2))
LEAST_CORNERS = 20  # of the board, before the camera
AGAIN_S = 3.0
PICTURE_S = 0.1


@dataclass(frozen=True)
class AimSettings:
    """``aim_deg``: standard deviation of the direction in which a cross is held, per axis; the tremor is that of the
    head between the pictures of one alignment."""

    aim_deg: float = 0.1
    tremor_deg: float = 0.03
    tremor_m: float = 0.0003
    distances_m: tuple[float, float] = (0.45, 1.2)


class Aligner:
    """Publishes on a bus until the calibration is over."""

    def __init__(self, rig: Rig, board: Board, corner: int, settings: AimSettings, seed: int) -> None:
        self._rig = msgspec.structs.replace(rig, display=NOMINAL)
        placed = rig.cameras[CAMERA]
        self._camera: Camera = placed.camera
        self._T_camera_head = placed.se3.inverse()
        self._board, self._corner, self._settings = board, corner, settings
        self._view = BoardView(placed.camera)
        self._effects = CameraEffects(CameraSettings(), placed.camera.width, placed.camera.height, seed)
        self._rng = np.random.default_rng([seed, 0xA1])
        self._index = 0

    def run(self, address: BusAddress, stop: threading.Event) -> None:
        """Answer every cross, until none is shown any more after the first, or ``stop`` is set."""
        answered, answered_s, rig_s = -1, 0.0, 0.0
        with Subscriber(address, [CALIBRATE_TARGET]) as subscriber, Publisher(address) as publisher:
            while not stop.is_set():
                now_s = time.monotonic()
                if now_s - rig_s > 1.0:
                    rig_s = now_s
                    message = RigDevice(
                        topic=RIG_DEVICE, capture_ns=_now_ns(), rig_id=self._rig.id, rig_json=dumps(self._rig)
                    )
                    publisher.send(message)
                for received in subscriber.poll(50):
                    target = received.message
                    if not isinstance(target, CalibrationTarget):
                        continue
                    if target.view is None:
                        if answered >= 0:
                            return
                        continue
                    if target.number != answered or now_s - answered_s > AGAIN_S:
                        self._align(target.number, target.view, publisher)
                        answered, answered_s = target.number, time.monotonic()

    def _align(self, number: int, tangents: Vec2, publisher: Publisher) -> None:
        T_head_board = self._held(self._settings.distances_m[number % 2], tangents)
        for _ in range(PICTURES):
            tremor = self._rng.normal(size=6) * np.repeat(
                (self._settings.tremor_m, np.radians(self._settings.tremor_deg)), 3
            )
            T_camera_board = self._T_camera_head @ SE3.exp(tremor) @ T_head_board
            picture = self._effects.apply(self._view.draw(self._board, T_camera_board), self._index)
            frame = Frame(
                topic=FRAME_WORLD, capture_ns=_now_ns(), width=self._camera.width, height=self._camera.height,
                index=self._index, format="jpeg", T_head_camera_id=self._rig.id,
            )  # fmt: skip
            publisher.send(frame, self._effects.jpeg(picture))
            self._index += 1
            time.sleep(PICTURE_S)
        publisher.send(UserPrompt(topic=PROMPT_USER, capture_ns=_now_ns(), kind="confirm"))

    def _held(self, distance_m: float, tangents: Vec2) -> SE3:
        """T_head_board with the corner behind the cross, and enough of the board before the camera."""
        x, y = np.asarray(tangents) + self._rng.normal(0.0, np.radians(self._settings.aim_deg), 2)
        towards = np.array([x, -y, 1.0])  # x right, y down, z forward, as cameras have it
        at_m = distance_m * towards / np.linalg.norm(towards)
        corner_m = self._board.points_m[self._corner]
        best, most = SE3.identity(), -1
        for _ in range(50):
            tilt = SE3.exp(np.concatenate((np.zeros(3), self._rng.normal(0.0, (0.3, 0.3, 0.1)))))
            T_head_board = T_HEAD_VIEW @ FORWARD_CAMERA @ SE3(tilt.quat_wxyz, at_m - tilt.rotate(corner_m))
            _, seen = self._camera.project((self._T_camera_head @ T_head_board).apply(self._board.points_m))
            if np.count_nonzero(seen) > most:
                best, most = T_head_board, int(np.count_nonzero(seen))
            if most >= min(LEAST_CORNERS, len(self._board.points_m)):
                break
        return best


def _now_ns() -> int:
    return time.monotonic_ns()
