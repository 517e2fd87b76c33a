"""Reprojection against geometry that can be written down."""

import math

import numpy as np
import pytest

from gazeline.calib.cameras import Pinhole
from gazeline.calib.se3 import FORWARD_CAMERA, SE3
from gazeline.runtime.reproject import directions_at_display, pixels_at_display

CAMERA = Pinhole(640, 480, 500.0, 500.0, 319.5, 239.5)


def turned_left(angle_rad: float, xyz_m: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> SE3:
    """T_world_camera of a head that looks along -z, turned to its left (about y, which is up)."""
    return SE3([math.cos(angle_rad / 2), 0.0, math.sin(angle_rad / 2), 0.0], xyz_m) @ FORWARD_CAMERA  # type: ignore[arg-type]


def test_when_nothing_moved_nothing_moves() -> None:
    d = np.array([[[0.0, 0.6, 0.8], [0.6, 0.0, 0.8]]])
    T = turned_left(0.3, (1.0, 2.0, 3.0))
    np.testing.assert_allclose(directions_at_display(d, T, T), d, atol=1e-12)
    np.testing.assert_allclose(directions_at_display(d, T, T, 0.5), d, atol=1e-12)


def test_a_head_that_turns_left_sees_things_go_right() -> None:
    # 100 deg/s for 50 ms: straight ahead at capture is 5 degrees to the right at display.
    turn = math.radians(5.0)
    ahead = directions_at_display([0.0, 0.0, 1.0], turned_left(0.0), turned_left(turn))
    np.testing.assert_allclose(ahead, [math.sin(turn), 0.0, math.cos(turn)], atol=1e-12)
    px, valid = pixels_at_display(CAMERA, [0.0, 0.0, 1.0], turned_left(0.0), turned_left(turn))
    np.testing.assert_allclose(px, [319.5 + 500.0 * math.tan(turn), 239.5], atol=1e-9)
    assert valid


def test_a_near_point_moves_against_the_head() -> None:
    # A point 2 m ahead; the head steps 0.5 m to its right: the point is now atan(0.25) to the left.
    step = turned_left(0.0, (0.5, 0.0, 0.0))
    d = directions_at_display([0.0, 0.0, 1.0], turned_left(0.0), step, depth_m=2.0)
    np.testing.assert_allclose(d, np.array([-0.5, 0.0, 2.0]) / math.hypot(0.5, 2.0), atol=1e-12)


def test_points_with_depth_land_where_the_world_says() -> None:
    rng = np.random.default_rng(0)
    capture, display = SE3.exp(rng.normal(0.0, 0.5, 6)), SE3.exp(rng.normal(0.0, 0.5, 6))
    p_world = capture.apply(rng.uniform([-1, -1, 2], [1, 1, 8], (50, 3)))
    p_capture, p_display = capture.inverse().apply(p_world), display.inverse().apply(p_world)
    depth_m = np.linalg.norm(p_capture, axis=-1)
    d = directions_at_display(p_capture / depth_m[:, None], capture, display, depth_m)
    np.testing.assert_allclose(d, p_display / np.linalg.norm(p_display, axis=-1, keepdims=True), atol=1e-12)


@pytest.mark.parametrize("unknown", [math.nan, math.inf, 0.0, -1.0])
def test_unknown_depth_is_far_away(unknown: float) -> None:
    capture, display = turned_left(0.1), turned_left(0.4, (0.3, 0.0, 0.0))
    d = np.array([[0.0, 0.0, 1.0], [0.6, 0.0, 0.8]])
    mixed = directions_at_display(d, capture, display, np.array([unknown, 3.0]))
    np.testing.assert_allclose(mixed[0], directions_at_display(d[0], capture, display), atol=1e-12)
    np.testing.assert_allclose(mixed[1], directions_at_display(d[1], capture, display, 3.0), atol=1e-12)


def test_what_is_behind_at_display_has_no_pixel() -> None:
    px, valid = pixels_at_display(CAMERA, [[0.0, 0.0, 1.0]], turned_left(0.0), turned_left(math.pi))
    assert not valid.any()
    assert np.isnan(px).all()


def test_an_eye_that_reaches_the_point_keeps_the_direction() -> None:
    d = directions_at_display([0.0, 0.0, 1.0], turned_left(0.0), turned_left(0.0, (0.0, 0.0, -1.0)), depth_m=1.0)
    np.testing.assert_allclose(d, [0.0, 0.0, 1.0], atol=1e-9)
