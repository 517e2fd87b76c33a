"""The simulated headset: one camera above the eyes, tilted a little down to where hands and tables are."""

import math

from gazeline.calib.cameras import Camera, KannalaBrandt, Pinhole
from gazeline.calib.rig import Eyes, Rig, RigCamera, Transform
from gazeline.calib.se3 import FORWARD_CAMERA, SE3
from gazeline.sim.tracker import BETWEEN_EYES_M

CAMERA = "world"
CAMERA_AT_M = (0.02, 0.035, -0.04)  # from between the eyes: a little to the right, above, in front, as on real ones
CAMERA_DOWN_DEG = 8.0
PINHOLE_HFOV_DEG = 75.0
FISHEYE_HFOV_DEG = 120.0
FISHEYE_K = (-0.015, -0.004, 0.0005, 0.0)  # a mild lens: nearly as far per degree at the border as in the middle


def simulated_rig(width: int = 640, height: int = 480, *, fisheye: bool = False) -> Rig:
    """The headset's calibration, exactly as its pictures are rendered.

    Pinhole with 75 deg from left to right, or a Kannala-Brandt fisheye with 120. The head's origin is between the eyes.
    """
    tilt = SE3.exp((0.0, 0.0, 0.0, -math.radians(CAMERA_DOWN_DEG), 0.0, 0.0))
    T_head_camera = SE3(tilt.quat_wxyz, CAMERA_AT_M) @ FORWARD_CAMERA  # type: ignore[arg-type]  # SE3 takes sequences
    camera = _fisheye(width, height) if fisheye else _pinhole(width, height)
    half = BETWEEN_EYES_M / 2.0
    lens = "fisheye" if fisheye else "pinhole"
    return Rig(
        id=f"gazeline-sim-{lens}-{width}x{height}",
        cameras={CAMERA: RigCamera(camera=camera, T_head_camera=Transform.of(T_head_camera))},
        eyes=Eyes(left_m=(-half, 0.0, 0.0), right_m=(half, 0.0, 0.0)),
    )


def _pinhole(width: int, height: int) -> Camera:
    return Pinhole.from_horizontal_fov(width, height, math.radians(PINHOLE_HFOV_DEG))


def _fisheye(width: int, height: int) -> Camera:
    theta = math.radians(FISHEYE_HFOV_DEG) / 2.0
    powers = [theta ** (2 * n) for n in range(1, 5)]
    f = 0.5 * width / (theta * (1.0 + sum(k * power for k, power in zip(FISHEYE_K, powers, strict=True))))
    return KannalaBrandt(width, height, f, f, (width - 1) / 2, (height - 1) / 2, *FISHEYE_K)
