"""Cameras recovered from boards whose truth is known, and how sure they say that they are."""

import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.calib.board import parse_board
from gazeline.calib.cameras import Camera, Fisheye624, KannalaBrandt, Pinhole, RadTan
from gazeline.calib.intrinsics import solve
from gazeline.calib.lenses import LENSES
from gazeline.calib.pose import solve_pose
from gazeline.calib.se3 import SE3
from tests.calib.board_poses import held, seen

BOARD = parse_board("chessboard:9x6:60mm")
PINHOLE = Pinhole(640, 480, 500.0, 510.0, 325.0, 236.0)
RADTAN = RadTan(1280, 960, 560.0, 561.0, 650.0, 499.0, -0.233, 0.062, 2e-4, -1e-4, -0.0076)
RATIONAL = RadTan(1280, 960, 560.0, 561.0, 650.0, 499.0, 0.22, -0.02, 2e-4, -1e-4, -0.001, 0.48, 0.05, 0.002)
FISHEYE = KannalaBrandt(1280, 960, 563.0, 565.0, 650.0, 499.0, 0.072, -0.022, 0.022, -0.008)
VERY_WIDE = KannalaBrandt(960, 960, 290.0, 291.0, 480.0, 478.0, 0.02, -0.004, 0.001, 0.0, max_theta_rad=1.8)
ARIA = Fisheye624(
    1408, 1408, 607.0, 718.5, 703.0,
    (0.405, -0.496, 0.2367, 0.2, -0.1, 0.02), (-3.67e-4, -7.41e-4), (-5.84e-4, -2.19e-4, 1.94e-4, -2.04e-4),
    max_theta_rad=1.1,
)  # fmt: skip
LENS_OF: list[tuple[str, Camera]] = [
    ("pinhole", PINHOLE),
    ("radtan", RADTAN),
    ("rational", RATIONAL),
    ("fisheye", FISHEYE),
    ("fisheye", VERY_WIDE),
    ("fisheye624", ARIA),
]  # fmt: skip
Array = NDArray[np.float64]


def pixels(camera: Camera) -> Array:
    x, y = np.meshgrid(np.linspace(0, camera.width - 1, 24), np.linspace(0, camera.height - 1, 18))
    return np.stack((x, y), axis=-1).reshape(-1, 2)


@pytest.mark.parametrize(
    ("lens", "camera"), LENS_OF, ids=lambda each: each if isinstance(each, str) else f"{each.width}"
)
def test_without_noise_the_camera_is_found(lens: str, camera: Camera) -> None:
    """From nothing but the corners: there is no guess of the focal length. Judged by where its pixels look."""
    views = seen(BOARD, camera, 16, np.random.default_rng(1), near_m=0.6)
    found = solve(LENSES[lens], views, camera.width, camera.height)
    assert found.settled
    assert found.rms_px < 1e-4
    rays, valid = camera.unproject(pixels(camera))
    px, _ = found.camera.project(rays[valid])
    inside = np.linalg.norm(px - pixels(camera)[valid], axis=1)
    assert np.median(inside) < 1e-3
    if lens not in ("rational", "fisheye624"):  # of those, different numbers give the same pixels
        truth = LENSES[lens].values(camera)
        np.testing.assert_allclose(LENSES[lens].values(found.camera), truth, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("lens", "camera"), [LENS_OF[0], LENS_OF[1], LENS_OF[3]], ids=lambda each: str(each)[:8])
def test_the_reported_uncertainty_is_the_real_one(lens: str, camera: Camera) -> None:
    """Over repeated calibrations the errors are as large as the standard deviations say: no test of one lucky draw."""
    rng = np.random.default_rng(2)
    truth = LENSES[lens].values(camera)
    scores = []
    for _ in range(6):
        views = seen(BOARD, camera, 14, rng, noise_px=0.2, near_m=0.6)
        found = solve(LENSES[lens], views, camera.width, camera.height)
        std = np.array([found.std[name] for name in LENSES[lens].names])
        scores.append((LENSES[lens].values(found.camera) - truth) / std)
    z = np.array(scores)  # (6, K)
    assert 0.5 < np.sqrt(np.mean(z**2)) < 1.25  # it may be modest, never boastful
    assert np.mean(np.abs(z) < 2.0) > 0.9


def test_errors_that_a_picture_has_as_a_whole_make_it_less_sure() -> None:
    """Corners of one picture that err together are not so many independent witnesses."""
    rng = np.random.default_rng(4)
    truth = LENSES["pinhole"].values(PINHOLE)
    scores = []
    for _ in range(8):
        views = seen(BOARD, PINHOLE, 20, rng, noise_px=0.05, shift_px=0.5)
        found = solve(LENSES["pinhole"], views, 640, 480)
        std = np.array(list(found.std.values()))
        scores.append((LENSES["pinhole"].values(found.camera) - truth) / std)
    assert np.sqrt(np.mean(np.array(scores) ** 2)) < 1.5


@pytest.mark.parametrize("camera", [PINHOLE, RADTAN, VERY_WIDE], ids=lambda each: type(each).__name__)
def test_poses_are_found(camera: Camera) -> None:
    rng = np.random.default_rng(6)
    for _ in range(10):
        T = held(BOARD, camera, rng)
        px, _ = camera.project(T.apply(BOARD.points_m))
        pose = solve_pose(camera, BOARD.points_m, px)
        assert pose is not None
        assert np.linalg.norm((pose.T_camera_points @ T.inverse()).log()) < 1e-6


def test_poses_say_how_sure_they_are() -> None:
    rng = np.random.default_rng(7)
    scores = []
    for _ in range(60):
        T = held(BOARD, PINHOLE, rng)
        px, _ = PINHOLE.project(T.apply(BOARD.points_m))
        pose = solve_pose(PINHOLE, BOARD.points_m, px + rng.normal(0.0, 0.3, px.shape))
        assert pose is not None
        error = (T @ pose.T_camera_points.inverse()).log()
        scores.append(error @ np.linalg.solve(pose.covariance, error))
    assert np.mean(scores) == pytest.approx(6.0, rel=0.35)  # chi squared with six degrees of freedom


def test_points_that_are_not_flat_have_a_pose_too() -> None:
    rng = np.random.default_rng(8)
    points = rng.uniform(-0.3, 0.3, (20, 3))
    T = SE3((0.9, 0.1, -0.3, 0.2), (0.1, 0.0, 1.5))  # type: ignore[arg-type]  # SE3 takes sequences
    px, _ = FISHEYE.project(T.apply(points))
    pose = solve_pose(FISHEYE, points, px)
    assert pose is not None
    assert np.linalg.norm((pose.T_camera_points @ T.inverse()).log()) < 1e-6
