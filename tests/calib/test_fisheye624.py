"""FISHEYE624 against the values and the code of projectaria-tools, and the picture turned upright."""

import numpy as np
import pytest

from gazeline.calib.fisheye624 import T_ROTATED_CLOCKWISE, Fisheye624

CAMERA = Fisheye624(
    1408, 1408, 607.0, 718.5, 703.0,
    (0.405, -0.496, 0.2367, 0.995, -1.574, 0.6087), (-3.67e-4, -7.41e-4), (-5.84e-4, -2.19e-4, 1.94e-4, -2.04e-4),
)  # fmt: skip

# CameraProjection(FISHEYE624, ...).project of projectaria-tools 2.3.0, points in metres to pixels
REFERENCE = [
    ((0.0119, 0.0023, 0.6041), (730.456997, 705.310927)),
    ((0.2565, 0.1086, 3.1333), (768.206462, 724.044612)),
    ((-0.4094, -0.3945, 3.5837), (649.029115, 636.06315)),
    ((-0.3782, 0.3207, 2.1567), (611.820572, 793.416049)),
    ((0.951, -0.0269, 3.1347), (902.851564, 697.752149)),
    ((-0.2316, -0.0023, 0.6092), (487.772103, 700.659022)),
    ((-0.1249, 0.0811, 0.323), (485.105843, 854.389672)),
    ((0.1726, 0.12, 0.3842), (986.742675, 889.512972)),
    ((0.0255, -0.4128, 0.6462), (741.572131, 325.412166)),
    ((-1.4516, 0.6378, 2.1384), (324.192217, 875.909503)),
    ((0.213, -0.0874, 0.2697), (1166.613745, 518.690469)),
    ((0.1816, -0.6543, 0.6929), (862.942902, 180.274494)),
    ((-0.9948, 1.0828, 1.3074), (312.727179, 1143.477144)),
    ((2.5377, -0.1041, 1.9636), (1370.968496, 675.646888)),
    ((0.0067, 0.805, 0.5384), (723.324026, 1403.405091)),
    ((2.16, -0.4049, 1.2606), (1443.715299, 566.074901)),
]


def test_the_reference_values_of_projectaria() -> None:
    points = np.array([p for p, _ in REFERENCE])
    px, _ = CAMERA.project(points)
    np.testing.assert_allclose(px, [q for _, q in REFERENCE], atol=1e-5)
    d_camera, _ = CAMERA.unproject(px)
    np.testing.assert_allclose(d_camera, points / np.linalg.norm(points, axis=-1, keepdims=True), atol=1e-7)


def test_projectarias_own_code_on_random_points_and_cameras() -> None:
    calibration = pytest.importorskip("projectaria_tools.core.calibration", reason="needs the extra gazeline[aria]")
    rng = np.random.default_rng(5)
    for _ in range(4):
        spread = 1.0 + rng.uniform(-0.02, 0.02, 15)
        numbers = spread * [CAMERA.f, CAMERA.cx, CAMERA.cy, *CAMERA.k, *CAMERA.p, *CAMERA.s]
        theirs = calibration.CameraProjection(calibration.CameraModelType.FISHEYE624, numbers)
        f, cx, cy, *rest = numbers.tolist()
        ours = Fisheye624(1408, 1408, f, cx, cy, tuple(rest[:6]), tuple(rest[6:8]), tuple(rest[8:]))
        points = rng.uniform([-1.2, -1.2, 0.8], [1.2, 1.2, 4.0], (400, 3))
        px, _ = ours.project(points)
        np.testing.assert_allclose(px, [np.ravel(theirs.project(p)) for p in points], atol=1e-3)
        d_camera, _ = ours.unproject(px)
        rays = np.array([np.ravel(theirs.unproject(q)) for q in px])
        np.testing.assert_allclose(d_camera, rays / np.linalg.norm(rays, axis=-1, keepdims=True), atol=1e-6)


def test_the_turned_camera_is_the_exact_model_of_the_turned_picture() -> None:
    lying = Fisheye624(1408, 1000, CAMERA.f, CAMERA.cx, 503.0, CAMERA.k, CAMERA.p, CAMERA.s)
    upright = lying.rotated_clockwise()
    assert (upright.width, upright.height) == (1000, 1408)
    points = np.random.default_rng(2).uniform([-1.0, -1.0, 1.0], [1.0, 1.0, 3.0], (300, 3))
    px, valid = lying.project(points)
    px_upright, valid_upright = upright.project(T_ROTATED_CLOCKWISE.apply(points))
    np.testing.assert_allclose(px_upright, np.stack((999 - px[:, 1], px[:, 0]), axis=-1), atol=1e-9)
    assert (valid == valid_upright).all()

    # And numpy's rot90(-1) is that very turn of the picture.
    picture = np.zeros((1000, 1408), dtype=np.uint8)
    x, y = np.round(px[valid][0]).astype(int)
    picture[y, x] = 255
    y_upright, x_upright = np.argwhere(np.rot90(picture, -1) == 255)[0]
    np.testing.assert_allclose(px_upright[valid][0], (x_upright, y_upright), atol=0.51)
