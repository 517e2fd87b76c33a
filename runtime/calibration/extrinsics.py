"""``gazeline calibrate extrinsics``: where the camera sits on the head, from a log of the bus."""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console

from gazeline.calib import rig as rigs
from gazeline.calib.board import Board, parse_board
from gazeline.calib.camera_base import Array
from gazeline.calib.hand_eye import HandEye, solve_hand_eye
from gazeline.calib.rig import Rig, Transform
from gazeline.calib.se3 import SE3
from gazeline.runtime.calibration.camera import looking
from gazeline.runtime.calibration.gather import Gathered, gather
from gazeline.runtime.calibration.shots import read_shots, rig_of
from gazeline.runtime.files import write_bytes
from gazeline.runtime.log import is_log, read_log
from gazeline.runtime.messages import HeadPose, Pose
from gazeline.runtime.sources.source import CAMERA_ID
from gazeline.runtime.sync import History, pose_at

GOOD_DEG, GOOD_MM = 0.1, 2.0
STEADY_NS = 33_000_000  # before and after a picture: as long as a head that looks at something hardly changes its turn
EVERY_NS = 150_000_000  # one picture in so long; nearer ones say the same again


@dataclass(frozen=True)
class Options:
    """The command's options; see ``gazeline calibrate extrinsics --help``."""

    source: Path
    board: str
    out: Path
    rig: Path | None = None


def run(options: Options, console: Console) -> None:
    """Where the camera sits on the head; raises OSError or ValueError with one sentence."""
    rig, gathered, _ = looked_at(options.source, options.board, options.rig, console)
    poses = _head_poses(options.source)
    views, heads = [], []
    for view in gathered.views:
        head = _steady(poses, gathered.capture_ns[view.name])
        if head is not None:
            views.append(view)
            heads.append(head)
    camera = rig.cameras[CAMERA_ID]
    found = solve_hand_eye(camera.camera, views, heads)
    placed = msgspec.structs.replace(camera, T_head_camera=Transform.of(found.T_head_camera))
    save(msgspec.structs.replace(rig, cameras={**rig.cameras, CAMERA_ID: placed}), options.out)
    _print(found, gathered, console)
    console.print(f"rig: {options.out}", highlight=False)


def looked_at(source: Path, spec: str, rig_file: Path | None, console: Console) -> tuple[Rig, Gathered, Board]:
    """The rig, the views of the board in a log, and the board. Raises OSError or ValueError with one sentence."""
    board = parse_board(spec)
    if not is_log(source):
        raise ValueError(f"{source} is no log of the bus (.gzl), which is needed for the times of the pictures")
    rig = rigs.load(rig_file) if rig_file is not None else rig_of(source)
    if rig is None or CAMERA_ID not in rig.cameras:
        raise ValueError(
            f"{source} has no calibrated camera {CAMERA_ID!r}; calibrate it first (gazeline calibrate camera),"
            " and give its rig with --rig"
        )
    with looking(console) as tell:
        gathered = gather(read_shots(source, EVERY_NS), board, str(source), tell)
    camera = rig.cameras[CAMERA_ID].camera
    if (camera.width, camera.height) != (gathered.width, gathered.height):
        raise ValueError(
            f"{source} has pictures of {gathered.width}x{gathered.height}, and the camera of rig {rig.id!r} is"
            f" {camera.width}x{camera.height}"
        )
    return rig, gathered, board


def _head_poses(source: Path) -> History[Pose]:
    found = {m.capture_ns: m.T_world_head for r in read_log(source) if isinstance(m := r.message, HeadPose)}
    times = sorted(t for t in found if t is not None)
    if not times:
        raise ValueError(f"{source} holds no head poses (pose.head); the headset must track its head to be calibrated")
    return History(times_ns=tuple(times), values=tuple(found[t] for t in times))


def _steady(poses: History[Pose], t_ns: int) -> SE3 | None:
    """The head's pose at ``t_ns`` as the mean of those around it, in which the tracker's jitter is less.

    The window is symmetric, so a steady turn of the head does no harm.
    """
    around = [pose_at(poses, t_ns + offset) for offset in range(-STEADY_NS, STEADY_NS + 1, STEADY_NS // 4)]
    middle = around[len(around) // 2]
    if middle is None:
        return None
    twists = [(middle.inverse() @ pose).log() for pose in around if pose is not None]
    return middle @ SE3.exp(np.mean(twists, axis=0)) if len(twists) == len(around) else middle


def save(rig: Rig, out: Path) -> None:
    """Write the rig, and the folder that it is in."""
    out.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(out, rigs.dumps(rig).encode())


def _print(found: HandEye, gathered: Gathered, console: Console) -> None:
    used = f"{len(found.used)} of {gathered.pictures} pictures"
    turned = f"the head turned by {found.turn_deg[0]:.0f} and {found.turn_deg[1]:.0f} degrees"
    console.print(f"from {used}; {turned}; {found.rms_px:.2f} px", highlight=False)
    for name in found.left_out:
        console.print(f"left out: {name}: it does not agree with the others", highlight=False)
    print_place("T_head_camera", found.T_head_camera, found.std_m, found.std_rad, console)
    deg, mm = float(np.degrees(found.std_rad.max())), float(1000.0 * found.std_m.max())
    if deg > GOOD_DEG or mm > GOOD_MM:
        console.print(
            f"this is sure to {deg:.2f} degrees and {mm:.1f} mm only: take more views, with larger turns of the head",
            highlight=False,
        )


def print_place(name: str, T: SE3, std_m: Array, std_rad: Array, console: Console) -> None:
    """Say where a thing sits on the head, and how sure that is."""
    x, y, z = (1000.0 * T.xyz_m).tolist()
    w, *xyz = T.quat_wxyz.tolist()
    turned = ", ".join(f"{value:.5f}" for value in (w, *xyz))
    console.print(f"{name}: {x:.1f}, {y:.1f}, {z:.1f} mm; quaternion {turned}", highlight=False)
    mm, deg = (1000.0 * std_m).tolist(), np.degrees(std_rad).tolist()
    console.print(
        f"± {mm[0]:.2f}, {mm[1]:.2f}, {mm[2]:.2f} mm; ± {deg[0]:.3f}, {deg[1]:.3f}, {deg[2]:.3f} degrees",
        highlight=False,
    )
