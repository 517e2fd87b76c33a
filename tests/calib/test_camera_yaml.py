"""Kalibr's, OpenCV's and ROS's camera files: their documented examples, there and back."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from gazeline.calib import camera_yaml
from gazeline.calib.cameras import Camera, Fisheye624, KannalaBrandt, Pinhole, RadTan
from gazeline.calib.rig import Rig, RigCamera, Transform
from gazeline.calib.se3 import FORWARD_CAMERA, SE3

# In the form of the examples in Kalibr's documentation.
CAMCHAIN = """\
cam0:
  camera_model: pinhole
  intrinsics: [461.629, 460.152, 362.680, 246.049]
  distortion_model: radtan
  distortion_coeffs: [-0.27695497, 0.06712482, 0.00087538, 0.00011556]
  T_cam_imu:
  - [0.0, 1.0, 0.0, 0.07]
  - [-1.0, 0.0, 0.0, -0.018]
  - [0.0, 0.0, 1.0, 0.004]
  - [0.0, 0.0, 0.0, 1.0]
  timeshift_cam_imu: -8.121e-05
  rostopic: /cam0/image_raw
  resolution: [752, 480]
cam1:
  camera_model: pinhole
  intrinsics: [460.1, 459.2, 371.0, 250.2]
  distortion_model: equidistant
  distortion_coeffs: [-0.0016, 0.0243, -0.0358, 0.0198]
  T_cn_cnm1:
  - [1.0, 0.0, 0.0, -0.11]
  - [0.0, 1.0, 0.0, 0.0004]
  - [0.0, 0.0, 1.0, -0.0008]
  - [0.0, 0.0, 0.0, 1.0]
  rostopic: /cam1/image_raw
  resolution: [752, 480]
"""
ROS = """\
image_width: 640
image_height: 480
camera_name: head_camera
camera_matrix:
  rows: 3
  cols: 3
  data: [500.0, 0.0, 320.0, 0.0, 501.0, 240.0, 0.0, 0.0, 1.0]
distortion_model: plumb_bob
distortion_coefficients:
  rows: 1
  cols: 5
  data: [-0.25, 0.08, 0.001, -0.002, 0.0]
"""
CAMERAS: list[Camera] = [
    Pinhole(640, 480, 500.0, 501.0, 320.0, 240.0),
    RadTan(640, 480, 500.0, 501.0, 320.0, 240.0, -0.2, 0.05, 1e-3, -2e-3),
    RadTan(640, 480, 500.0, 501.0, 320.0, 240.0, -0.2, 0.05, 1e-3, -2e-3, 0.01),
    RadTan(640, 480, 500.0, 501.0, 320.0, 240.0, -0.2, 0.05, 1e-3, -2e-3, 0.01, 0.1, 0.02, 0.003),
    KannalaBrandt(640, 480, 240.0, 241.0, 320.0, 240.0, -0.02, 0.01, -0.005, 0.001),
]


def test_kalibrs_chain_is_read() -> None:
    rig = camera_yaml.read(CAMCHAIN, "camchain.yaml")
    first, second = rig.cameras["world"], rig.cameras["cam1"]
    assert first.camera == RadTan(
        752, 480, 461.629, 460.152, 362.68, 246.049, -0.27695497, 0.06712482, 0.00087538, 0.00011556
    )
    assert second.camera == KannalaBrandt(752, 480, 460.1, 459.2, 371.0, 250.2, -0.0016, 0.0243, -0.0358, 0.0198)
    # T_cn_cnm1 takes points of cam0 to cam1: a camera to the right of the first sees them further to the left.
    np.testing.assert_allclose((second.se3.inverse() @ first.se3).xyz_m, [-0.11, 0.0004, -0.0008], atol=1e-12)
    assert second.se3.xyz_m[0] == pytest.approx(0.11)


def test_kalibrs_chain_there_and_back() -> None:
    turned = SE3.exp((0.1, 0.02, -0.03, 0.2, -0.1, 0.05)) @ FORWARD_CAMERA
    rig = Rig(
        "kalibr",
        {
            "world": RigCamera(CAMERAS[1], Transform.of(FORWARD_CAMERA)),
            "cam1": RigCamera(CAMERAS[4], Transform.of(turned)),
            "cam2": RigCamera(CAMERAS[0], Transform.of(FORWARD_CAMERA)),
        },
    )
    back = camera_yaml.read(camera_yaml.to_kalibr(rig), "camchain.yaml")
    assert [each.camera for each in back.cameras.values()] == [each.camera for each in rig.cameras.values()]
    for name in rig.cameras:
        np.testing.assert_allclose(back.cameras[name].se3.as_matrix(), rig.cameras[name].se3.as_matrix(), atol=1e-9)


@pytest.mark.parametrize("camera", CAMERAS, ids=lambda each: f"{type(each).__name__}-{len(repr(each))}")
def test_opencvs_file_there_and_back(camera: Camera, tmp_path: Path) -> None:
    """OpenCV reads what we write, and we read what OpenCV writes of it."""
    text = camera_yaml.to_opencv(camera)
    assert camera_yaml.read(text, "camera.yaml").cameras["world"].camera == camera
    ours = cv2.FileStorage(text, cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
    K, d = ours.getNode("camera_matrix").mat(), ours.getNode("distortion_coefficients").mat()
    theirs = cv2.FileStorage(str(tmp_path / "theirs.yaml"), cv2.FILE_STORAGE_WRITE)
    theirs.write("image_width", camera.width)
    theirs.write("image_height", camera.height)
    theirs.write("camera_matrix", K)
    theirs.write("distortion_model", ours.getNode("distortion_model").string())
    theirs.write("distortion_coefficients", d.T)
    theirs.release()
    assert camera_yaml.read((tmp_path / "theirs.yaml").read_text(), "theirs").cameras["world"].camera == camera


def test_ross_file_is_read() -> None:
    rig = camera_yaml.read(ROS, "head.yaml")
    assert rig.id == "head_camera"
    assert rig.cameras["world"].camera == RadTan(640, 480, 500.0, 501.0, 320.0, 240.0, -0.25, 0.08, 0.001, -0.002)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1, 2", "x.yaml: not YAML"),
        ("just text", "x.yaml is no camera file"),
        ("a: 1", "no camera_matrix"),
        (CAMCHAIN.replace("camera_model: pinhole", "camera_model: omni", 1), "cam0 is omni with radtan"),
        (CAMCHAIN.replace("  resolution: [752, 480]\n", "", 1), "cam0 has no resolution"),
        (CAMCHAIN.replace("0.00087538, 0.00011556", "0.00087538"), "cam0 has 3 distortion_coeffs"),
        (ROS.replace("0.0, 0.0, 1.0]", "0.0, 1.0]"), "camera_matrix must have 9 numbers"),
        (ROS.replace("640", "wide"), "must be numbers"),
        (ROS.replace("plumb_bob", "equidistant"), "a fisheye has 4 distortion coefficients"),
    ],
)
def test_bad_files_are_one_sentence(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        camera_yaml.read(text, "x.yaml")


def test_models_that_the_others_lack_are_refused() -> None:
    aria = Fisheye624(640, 640, 300.0, 320.0, 320.0, (0.1,) * 6, (0.0, 0.0), (0.0,) * 4)
    with pytest.raises(ValueError, match="OpenCV has no fisheye624"):
        camera_yaml.to_opencv(aria)
    for camera in (aria, CAMERAS[2]):
        with pytest.raises(ValueError, match="cannot be written for Kalibr"):
            camera_yaml.to_kalibr(Rig("r", {"world": RigCamera(camera, Transform.of(FORWARD_CAMERA))}))
