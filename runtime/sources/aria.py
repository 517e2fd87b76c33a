"""A Project Aria recording (VRS, with the gaze of its processing service) as a source.

Frames of reference: Aria's central pupil frame (CPF: x left, y up, z forward, origin between the eyes) turned into our
head frame (x right, y up, -z forward). The RGB camera is mounted on its side; its pictures are turned upright, and the
camera model with them, which is exact.
https://facebookresearch.github.io/projectaria_tools/docs/data_formats/mps/mps_eye_gaze
"""

import contextlib
import heapq
import math
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from gazeline.calib import so3
from gazeline.calib.fisheye624 import T_ROTATED_CLOCKWISE, Fisheye624
from gazeline.calib.rig import Eyes, Rig, RigCamera, Transform
from gazeline.calib.se3 import SE3
from gazeline.runtime.messages import HeadPose
from gazeline.runtime.sources.gaze_csv import integer, number, rows
from gazeline.runtime.sources.scripted import scripted_gaze
from gazeline.runtime.sources.source import CAMERA_ID, Sample, Source, frame_sample, gaze_sample, interleaved
from gazeline.runtime.sync import pose_of
from gazeline.runtime.topics import POSE_HEAD

T_HEAD_CPF = SE3(np.array([0.0, 0.0, 1.0, 0.0]), np.zeros(3))  # half a turn about y
GAZE_FILES = ("mps/eye_gaze/personalized_eye_gaze.csv", "mps/eye_gaze/general_eye_gaze.csv")
_LABEL = "camera-rgb"
_IMU_LABEL = "imu-right"  # 1000 samples a second
_POSE_EVERY_NS = 4_900_000  # 200 of them a second are plenty
_HALF_IPD_M = 0.0315  # the service computes its gaze with eyes 63 mm apart


def find_gaze(path: Path) -> Path | None:
    """The gaze file that lies beside a recording, the personalised one first."""
    return next((path.parent / name for name in GAZE_FILES if (path.parent / name).is_file()), None)


def open_aria(path: Path, gaze: Path | None, *, scripted: bool, longest_side_px: int | None) -> Source:
    """A source from a VRS file. ``gaze``: the service's CSV; without one, ``scripted`` or no gaze at all.

    Pictures are 1408x1408 (or as the recording has them), with ``longest_side_px`` scaled down. Raises OSError or
    ValueError with one sentence, also where projectaria-tools is not installed.
    """
    try:
        from projectaria_tools.core import data_provider
    except ImportError:
        raise ValueError(
            f"{path}: Aria recordings are read with projectaria-tools; install it with: pip install 'gazeline[aria]'"
        ) from None
    with _quiet():
        provider = data_provider.create_vrs_data_provider(str(path))
        stream = provider.get_stream_id_from_label(_LABEL) if provider is not None else None
        count = provider.get_num_data(stream) if stream is not None else 0
    if provider is None:
        raise ValueError(f"{path} cannot be read as an Aria recording: it is no VRS file, or damaged")
    if count == 0:
        raise ValueError(f"{path} holds no pictures of the RGB camera; the recording may have been cut short")
    world = _world_camera(path, provider)
    rig_id = f"aria-{provider.get_metadata().device_serial or 'unknown'}"
    side = min(longest_side_px or world.camera.width, world.camera.width)
    if side < world.camera.width:
        world = RigCamera(world.camera.resized(side, side), world.T_head_camera)
        rig_id += f"-at-{side}x{side}"
    track = list(read_aria_gaze(gaze)) if gaze is not None else []

    def frames() -> Iterator[Sample]:
        for index in range(count):
            image, record = provider.get_image_data_by_index(stream, index)
            upright = cv2.rotate(image.to_numpy_array(), cv2.ROTATE_90_CLOCKWISE)
            if upright.shape[0] != side:
                upright = cv2.resize(upright, (side, side), interpolation=cv2.INTER_AREA)
            yield frame_sample(
                np.asarray(upright, dtype=np.uint8),
                int(record.capture_timestamp_ns),
                index,
                rig_id,
                exposure_ns=round(record.exposure_duration * 1e9),
            )

    def samples() -> Iterator[Sample]:
        looked: Iterable[Sample] = track
        if gaze is None and scripted:
            _, first = provider.get_image_data_by_index(stream, 0)
            looked = scripted_gaze(world, int(first.capture_timestamp_ns))
        return interleaved(frames(), heapq.merge(_turning(provider), looked, key=lambda sample: sample.capture_ns))

    eyes = Eyes((-_HALF_IPD_M, 0.0, 0.0), (_HALF_IPD_M, 0.0, 0.0))
    return Source(path.name, Rig(rig_id, {CAMERA_ID: world}, eyes=eyes), samples)


def _turning(provider: Any) -> Iterator[Sample]:
    """The head's rotation by its gyroscope, as ``pose.head`` without translation; nothing where there is none.

    It starts at no rotation and drifts with the gyroscope's bias, a few degrees a minute: enough to undo turns of the
    head over the fraction of a second that an outline is old.
    """
    stream, device = provider.get_stream_id_from_label(_IMU_LABEL), provider.get_device_calibration()
    imu = device.get_imu_calib(_IMU_LABEL) if stream is not None and device is not None else None
    if imu is None:
        return
    R_head_imu = T_HEAD_CPF.R @ SE3.from_matrix(device.get_transform_cpf_sensor(_IMU_LABEL).to_matrix()).R
    quat_wxyz, before_ns, shown_ns = np.array([1.0, 0.0, 0.0, 0.0]), 0, 0
    for index in range(provider.get_num_data(stream)):
        record = provider.get_imu_data_by_index(stream, index)
        if not record.gyro_valid:
            continue
        t_ns = int(record.capture_timestamp_ns)
        rate_rad_s = R_head_imu @ np.asarray(imu.raw_to_rectified_gyro(record.gyro_radsec))
        if before_ns:
            quat_wxyz = so3.multiply(quat_wxyz, so3.exp(rate_rad_s * (t_ns - before_ns) * 1e-9))
        before_ns = t_ns
        if t_ns - shown_ns >= _POSE_EVERY_NS:
            shown_ns = t_ns
            yield Sample(
                t_ns, HeadPose(topic=POSE_HEAD, capture_ns=t_ns, T_world_head=pose_of(SE3(quat_wxyz, np.zeros(3))))
            )


def read_aria_gaze(path: Path) -> Iterator[Sample]:
    """Gaze samples from an eye_gaze CSV of the processing service, in the device's clock.

    Columns ``tracking_timestamp_us``, ``pitch_rads_cpf``, ``depth_m`` (may be empty) and ``yaw_rads_cpf``, or, as newer
    versions have it, ``left_yaw_rads_cpf`` and ``right_yaw_rads_cpf``. Raises ValueError naming the line.
    """
    empty = True
    for line, row in rows(path):
        empty = False
        two = "left_yaw_rads_cpf" in row
        wanted = ("left_yaw_rads_cpf", "right_yaw_rads_cpf") if two else ("yaw_rads_cpf",)
        for name in ("tracking_timestamp_us", "pitch_rads_cpf", *wanted):
            if name not in row:
                raise ValueError(f"{path} line 1: no column {name!r}; this is no eye_gaze file of Aria's service")
        capture_ns = integer(path, line, row, "tracking_timestamp_us") * 1000
        yaws = [number(path, line, row, name) for name in wanted]
        pitch = number(path, line, row, "pitch_rads_cpf")
        depth_m = number(path, line, row, "depth_m")
        if any(math.isnan(angle) for angle in (*yaws, pitch)):
            yield gaze_sample(capture_ns, None)
            continue
        yaw, pitch = _combined(yaws[0], yaws[1], pitch) if two else (yaws[0], pitch)
        d_cpf = np.array([math.tan(yaw), math.tan(pitch), 1.0])
        yield gaze_sample(
            capture_ns,
            T_HEAD_CPF.rotate(d_cpf / np.linalg.norm(d_cpf)),
            depth_m=depth_m if depth_m > 0.0 else None,  # also where it is NaN
        )
    if empty:
        raise ValueError(f"{path} holds no gaze: there is nothing after its header")


def _combined(left_yaw: float, right_yaw: float, pitch: float) -> tuple[float, float]:
    """One yaw and pitch from between the eyes, by the service's own rule."""
    from projectaria_tools.core import mps

    _, yaw, combined_pitch = mps.compute_depth_and_combined_gaze_direction(left_yaw, right_yaw, pitch)
    return float(yaw), float(combined_pitch)


def _world_camera(path: Path, provider: Any) -> RigCamera:
    device = provider.get_device_calibration()
    calibration = device.get_camera_calib(_LABEL) if device is not None else None
    if calibration is None or calibration.get_model_name().name != "FISHEYE624":
        raise ValueError(f"{path} has no FISHEYE624 calibration of its RGB camera")
    f, cx, cy, *rest = (float(value) for value in calibration.get_projection_params())
    width, height = (int(n) for n in calibration.get_image_size())
    k0, k1, k2, k3, k4, k5, p0, p1, s0, s1, s2, s3 = rest
    lying = Fisheye624(width, height, f, cx, cy, (k0, k1, k2, k3, k4, k5), (p0, p1), (s0, s1, s2, s3))
    radius = calibration.get_valid_radius()
    if radius is not None:
        lying = _limited(lying, float(radius))
    T_cpf_camera = SE3.from_matrix(device.get_transform_cpf_sensor(_LABEL).to_matrix())
    T_head_camera = T_HEAD_CPF @ T_cpf_camera @ T_ROTATED_CLOCKWISE.inverse()
    return RigCamera(lying.rotated_clockwise(), Transform.of(T_head_camera))


def _limited(camera: Fisheye624, radius_px: float) -> Fisheye624:
    """The camera with a largest angle that is at ``radius_px`` from the principal point."""
    around = np.linspace(0.0, 2.0 * math.pi, 64)
    px = np.stack((camera.cx + radius_px * np.cos(around), camera.cy + radius_px * np.sin(around)), axis=-1)
    d_camera, _ = camera.unproject(px)
    theta = np.arccos(np.clip(d_camera[:, 2], -1.0, 1.0))
    c = camera
    return Fisheye624(c.width, c.height, c.f, c.cx, c.cy, c.k, c.p, c.s, max_theta_rad=float(theta.max()))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence what the library's C++ writes to stderr while it opens a file; it has no switch for it."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)
