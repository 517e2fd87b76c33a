"""Where a display is on the head, from alignments: a mark on the display that was brought over a thing whose place the
camera knows.

Each alignment says that a known display pixel and a known point lie on one line through the eye. With the display's
field of view known (OpenXR reports it), its place is the pose of those points before a pinhole camera that has the
display for a picture: the "single point active alignment" of M. Tuceryan, N. Navab, "Single point active alignment
method (SPAAM) for optical see-through HMD calibration for AR", ISAR 2000, with its eleven unknowns brought down to six.
"""

from dataclasses import dataclass

import msgspec
import numpy as np

from gazeline.calib.camera_base import Array
from gazeline.calib.cameras import Pinhole
from gazeline.calib.pose import Pose, solve_pose
from gazeline.calib.rig import Display, Transform
from gazeline.calib.se3 import FORWARD_CAMERA, SE3

FEWEST = 6
LEAST_DEPTH_RATIO = 1.5
_WORSE = 4.0


@dataclass(frozen=True, eq=False)
class Alignment:
    """``T_head_view`` with one standard deviation of its position and rotation along and about the view's axes (x
    right, y up, -z forward), (3,) each; the error of each alignment used, in degrees; and how many were left out.
    """

    T_head_view: SE3
    std_m: Array
    std_rad: Array
    errors_deg: Array
    left_out: int

    def applied(self, display: Display) -> Display:
        """The display, put there."""
        return msgspec.structs.replace(display, T_head_view=Transform.of(self.T_head_view))


def pinhole_of(display: Display) -> Pinhole:
    """The camera that has the display for a picture; pixel (0, 0) is the centre of the top-left one."""
    left, right, up, down = display.tangents_lrud
    fx, fy = display.width / (left + right), display.height / (up + down)
    return Pinhole(display.width, display.height, fx, fy, fx * left - 0.5, fy * up - 0.5)


def solve_display(display: Display, p_head_m: Array, px: Array) -> Alignment:
    """The display's place from points (N, 3) in the head's frame and the display's pixels (N, 2) that covered them.

    Raises ValueError with one sentence where there are too few, or all are equally far away.
    """
    if len(px) < FEWEST:
        raise ValueError(f"{len(px)} alignments are too few: make at least {FEWEST}, better 20, all over the display")
    distance = np.linalg.norm(p_head_m, axis=1)
    if distance.max() < LEAST_DEPTH_RATIO * distance.min():
        raise ValueError(
            f"all alignments are at about the same distance ({distance.min():.2f} to {distance.max():.2f} m), which"
            " does not show where the eye is: align near things (0.4 m) and far ones (2 m) too"
        )
    camera = pinhole_of(display)
    kept = np.ones(len(px), bool)
    while True:
        pose = solve_pose(camera, p_head_m[kept], px[kept])
        if pose is None:
            raise ValueError("the alignments fit no place of the display; are its tangents right, and its pixels?")
        errors = np.linalg.norm(pose.residuals_px, axis=1)
        limit = _WORSE * max(float(np.median(errors)), 0.5)
        if errors.max() <= limit or np.count_nonzero(kept) <= FEWEST:
            break
        kept[np.flatnonzero(kept)[int(np.argmax(errors))]] = False
    return _alignment(pose, camera, int(np.count_nonzero(~kept)))


def _alignment(pose: Pose, camera: Pinhole, left_out: int) -> Alignment:
    T_head_picture = pose.T_camera_points.inverse()  # the pinhole's axes: y down, z forward
    std = np.sqrt(np.diag(pose.covariance))
    errors_deg = np.degrees(np.linalg.norm(pose.residuals_px / [camera.fx, camera.fy], axis=1))
    return Alignment(T_head_picture @ FORWARD_CAMERA.inverse(), std[:3], std[3:], errors_deg, left_out)
