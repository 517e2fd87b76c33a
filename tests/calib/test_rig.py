"""The rig file: what is written comes back, and every mistake is named with its file and key."""

from pathlib import Path

import numpy as np
import pytest

from gazeline.calib import rig as rigs
from gazeline.calib.cameras import Camera, Fisheye624, KannalaBrandt, Pinhole, RadTan
from gazeline.calib.rig import Display, Eyes, Rig, RigCamera, Transform
from gazeline.calib.se3 import FORWARD_CAMERA, SE3

CAMERAS: dict[str, Camera] = {
    "world": Pinhole(640, 480, 500.0, 500.0, 319.5, 239.5),
    "left": RadTan(640, 480, 500.0, 500.0, 319.5, 239.5, -0.1, 0.01, 1e-4, 2e-4),
    "right": KannalaBrandt(640, 480, 300.0, 300.0, 319.5, 239.5, 0.01, 0.02, 0.03, 0.04, max_theta_rad=1.5),
    "rgb": Fisheye624(1408, 1408, 607.0, 718.5, 703.0, (0.4, -0.5, 0.2, 1.0, -1.6, 0.6), (1e-4, 2e-4), (0, 0, 0, 1e-5)),
}
T = SE3.exp([0.01, 0.02, -0.03, 0.1, 0.2, 0.3]) @ FORWARD_CAMERA
RIG = Rig(
    "bench-1",
    {name: RigCamera(camera, Transform.of(T), line_time_ns=15_000) for name, camera in CAMERAS.items()},
    eyes=Eyes((-0.032, 0.0, 0.0), (0.032, 0.0, 0.0)),
    display=Display(1920, 1080, Transform.of(SE3.identity()), (0.8, 0.8, 0.5, 0.5), refresh_hz=90.0),
)


def test_a_rig_comes_back_from_its_file(tmp_path: Path) -> None:
    rigs.save(RIG, tmp_path / "rig.json")
    back = rigs.load(tmp_path / "rig.json")
    assert back == RIG
    np.testing.assert_allclose(back.cameras["world"].se3.as_matrix(), T.as_matrix(), atol=1e-12)


def test_the_example_of_the_documentation_loads() -> None:
    example = (rigs.__doc__ or "").split("::")[1]
    rig = rigs.loads(example)
    assert rig.cameras["world"].camera == CAMERAS["world"]
    np.testing.assert_allclose(rig.cameras["world"].se3.rotate([0, 0, 1.0]), [0, 0, -1.0], atol=1e-12)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('"fx": 500,', "", "missing required field `fx`, at key cameras.world.camera"),
        ('"fx": 500', '"fx": -500', "cameras.world.camera.fx"),
        ('"fx": 500', '"fx": 1e999', "cameras.world.camera"),
        ('"fx": 500', '"focal_x": 500', "unknown field `focal_x`, at key cameras.world.camera"),
        ('"width": 640', '"width": 0', "cameras.world.camera.width"),
        ('"pinhole"', '"pinehole"', "'pinehole', at key cameras.world.camera.model"),
        ('"quat_wxyz": [0, 1, 0, 0]', '"quat_wxyz": [0, 2, 0, 0]', "unit quaternion"),
        ('"T_head_camera"', '"T_camera_head"', "unknown field `T_camera_head`, at key cameras.world"),
        ('"id": "bench-1"', '"id": ""', "at key id"),
        ('"eyes"', '"ears"', "unknown field `ears`, at key (top level)"),
        ('{"id"', '{"id', "not JSON"),
    ],
)
def test_mistakes_are_named_with_file_and_key(old: str, new: str, key: str, tmp_path: Path) -> None:
    good = (rigs.__doc__ or "").split("::")[1].strip()
    assert old in good
    path = tmp_path / "mine.json"
    path.write_text(good.replace(old, new))
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the text is looked at below
        rigs.load(path)
    assert str(path) in str(error.value)
    assert key in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no rig file .*none\.json"):
        rigs.load(tmp_path / "none.json")
