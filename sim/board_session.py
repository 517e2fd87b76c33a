"""Somebody with the simulated headset looks at a calibration board from all sides: pictures and head poses, in a log.

The board stands upright at the height of the eyes. The head moves, nods, turns and tilts before it; the tracker of the
head's pose has the jitter of current ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gazeline.calib.board import Board
from gazeline.calib.rig import Rig, dumps
from gazeline.calib.se3 import FORWARD_CAMERA, SE3
from gazeline.runtime.log import LogWriter
from gazeline.runtime.messages import Frame, HeadPose, Message, RigDevice
from gazeline.runtime.sync import pose_of
from gazeline.runtime.topics import FRAME_WORLD, POSE_HEAD, RIG_DEVICE
from gazeline.sim.board_view import BoardView
from gazeline.sim.head import facing
from gazeline.sim.noise import Wander
from gazeline.sim.rig import CAMERA
from gazeline.sim.sensors import CameraEffects, CameraSettings

SAMPLE_HZ = 120
EYES_M = 1.4  # above the floor
MOVES_M, MOVES_DEG = (0.10, 0.08), (9.0, 7.0, 11.0)  # standard deviations: x y; yaw pitch roll
BAND_HZ = (0.03, 0.25)


@dataclass(frozen=True)
class BoardSettings:
    """The session. The pose noise is that from sample to sample, per axis; ``distance_m`` is the mean, and
    ``nearer_m`` the standard deviation of it."""

    seconds: float = 20.0
    frame_hz: float = 5.0
    distance_m: float = 0.55
    nearer_m: float = 0.07
    pose_noise_m: float = 0.0005
    pose_noise_deg: float = 0.03
    one_axis: bool = False  # the head only turns to the left and right: nothing can be learnt from that


def board_session(
    rig: Rig, board: Board, settings: BoardSettings, seed: int
) -> Iterator[tuple[int, Message, tuple[bytes, ...]]]:
    """(capture_ns, message, raw) in the order of capture."""
    placed = rig.cameras[CAMERA]
    view = BoardView(placed.camera)
    effects = CameraEffects(CameraSettings(), placed.camera.width, placed.camera.height, seed)
    motion = _Motion(board, settings, seed)
    noise = np.random.default_rng([seed, 0xB0])
    yield 0, RigDevice(topic=RIG_DEVICE, capture_ns=0, rig_id=rig.id, rig_json=dumps(rig)), ()
    every = round(SAMPLE_HZ / settings.frame_hz)
    for i in range(round(settings.seconds * SAMPLE_HZ)):
        t_ns = i * 1_000_000_000 // SAMPLE_HZ
        T_world_head = motion.T_world_head(t_ns)
        error = np.concatenate(
            (noise.normal(0.0, settings.pose_noise_m, 3), np.radians(noise.normal(0.0, settings.pose_noise_deg, 3)))
        )
        reported = T_world_head @ SE3.exp(error)
        yield t_ns, HeadPose(topic=POSE_HEAD, capture_ns=t_ns, T_world_head=pose_of(reported)), ()
        if i % every == 0:
            T_camera_board = (T_world_head @ placed.se3).inverse() @ motion.T_world_board
            index = i // every
            jpeg = effects.jpeg(effects.apply(view.draw(board, T_camera_board), index))
            frame = Frame(
                topic=FRAME_WORLD,
                capture_ns=t_ns,
                width=placed.camera.width,
                height=placed.camera.height,
                index=index,
                format="jpeg",
                T_head_camera_id=rig.id,
            )
            yield t_ns, frame, (jpeg,)


def board_position(board: Board, settings: BoardSettings, seed: int) -> Iterator[tuple[int, SE3]]:
    """The truth of the same session: (capture_ns, T_head_board) of each picture."""
    motion = _Motion(board, settings, seed)
    every = round(SAMPLE_HZ / settings.frame_hz)
    for i in range(0, round(settings.seconds * SAMPLE_HZ), every):
        t_ns = i * 1_000_000_000 // SAMPLE_HZ
        yield t_ns, motion.T_world_head(t_ns).inverse() @ motion.T_world_board


def write_board_session(path: Path, rig: Rig, board: Board, settings: BoardSettings, seed: int) -> int:
    """The session as a log; returns how many messages it has. Raises OSError where it cannot be written."""
    count = 0
    with LogWriter(path) as log:
        for t_ns, message, raw in board_session(rig, board, settings, seed):
            log.write(message, *raw, receive_ns=t_ns)
            count += 1
    return count


class _Motion:
    """The head's pose at any time, and the board's."""

    def __init__(self, board: Board, settings: BoardSettings, seed: int) -> None:
        rng = np.random.default_rng([seed, 0xB1])
        self._wander = Wander(rng, (*MOVES_M, settings.nearer_m, *MOVES_DEG), BAND_HZ)
        self._settings = settings
        wide, high = board.size_m
        corner = np.array([-0.5 * wide, EYES_M + 0.5 * high, 0.0]) - FORWARD_CAMERA.rotate(board.corner_m)
        self.T_world_board = SE3(FORWARD_CAMERA.quat_wxyz, corner)

    def T_world_head(self, t_ns: int) -> SE3:  # noqa: N802 - a transform
        x, y, z, yaw, pitch, roll = self._wander.at(t_ns).tolist()
        if self._settings.one_axis:
            return SE3(facing(yaw, 0.0, 0.0).quat_wxyz, np.array([0.0, EYES_M, self._settings.distance_m]))
        at = np.array([x, EYES_M + y, self._settings.distance_m + z])
        to_board = np.degrees(np.arctan2([x, -y], at[2]))
        return SE3(facing(float(to_board[0]) + yaw, float(to_board[1]) + pitch, roll).quat_wxyz, at)
