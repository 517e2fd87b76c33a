"""Reprojection against geometry that can be written down."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazeline.calib import so3
from gazeline.calib.cameras import Pinhole
from gazeline.calib.se3 import FORWARD_CAMERA, SE3, interpolate
from gazeline.runtime.messages import OverlayObject
from gazeline.runtime.reproject import directions_at_display, pixels_at_display, reproject, unrolled

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


def thing(**fields: object) -> OverlayObject:
    ring = [[(0.0, 0.0, 1.0), (0.6, 0.0, 0.8), (0.0, 0.6, 0.8)]]
    fields = {"rays": ring, "outline": [[(0.0, 0.0)] * 3], **fields}
    return OverlayObject(id=1, score=1.0, gazed=True, box=(0.0, 0.0, 1.0, 1.0), area_px=1.0, **fields)  # type: ignore[arg-type]


CAPTURE, DISPLAY = turned_left(0.1), turned_left(0.4, (0.3, 0.0, 0.1))


def test_an_object_is_moved_by_the_best_distance_that_is_known() -> None:
    def expected(depth_m: object) -> np.ndarray:
        return directions_at_display(thing().rays[0], CAPTURE, DISPLAY, depth_m)  # type: ignore[arg-type]

    def found(**fields: object) -> np.ndarray:
        return reproject(thing(**fields), CAPTURE, DISPLAY, default_depth_m=1.5)[0]

    np.testing.assert_allclose(found(), expected(1.5))
    np.testing.assert_allclose(found(depth_m=2.0), expected(2.0))
    np.testing.assert_allclose(found(depth_m=2.0, depths_m=[[1.0, 2.0, 3.0]]), expected([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(reproject(thing(), CAPTURE, DISPLAY)[0], expected(None))
    assert not np.allclose(expected(1.5), expected(2.0), atol=1e-3)


def test_a_moving_object_is_moved_on_but_not_for_ever() -> None:
    moving = thing(depth_m=2.0, velocity_m_s=(0.5, 0.0, 0.0))
    p_world = CAPTURE.apply(2.0 * np.array(moving.rays[0])) + np.array([0.05, 0.0, 0.0])
    p_display = DISPLAY.inverse().apply(p_world)
    (ring,) = reproject(moving, CAPTURE, DISPLAY, after_s=0.1)
    np.testing.assert_allclose(ring, p_display / np.linalg.norm(p_display, axis=1, keepdims=True), atol=1e-12)
    late, later = (reproject(moving, CAPTURE, DISPLAY, after_s=s)[0] for s in (0.2, 5.0))
    np.testing.assert_allclose(late, later)


@given(st.lists(st.floats(-0.3, 0.3), min_size=6, max_size=6), st.integers(0, 2**32))
def test_a_rolling_shutter_is_undone_exactly_for_an_even_turn(twist: list[float], seed: int) -> None:
    """Points of the world seen one by one while the camera turns and moves; then as they all stand at the start."""
    rng = np.random.default_rng(seed)
    start = SE3.exp(rng.normal(0.0, 1.0, 6))
    step = SE3(so3.exp(twist[3:]), np.array(twist[:3]))
    shares = rng.uniform(-1.0, 1.0, 20)
    p_start = rng.uniform([-1, -1, 2], [1, 1, 6], (20, 3))
    seen = np.empty((20, 3))
    for i, share in enumerate(shares):
        seen[i] = interpolate(SE3.identity(), step, share).inverse().apply(p_start[i])
    depth_m = np.linalg.norm(seen, axis=1)
    d = unrolled(seen / depth_m[:, None], shares, start, start @ step, depth_m)
    np.testing.assert_allclose(d, p_start / np.linalg.norm(p_start, axis=1, keepdims=True), atol=1e-9)
    if np.abs(twist).max() > 0.1:
        assert np.abs(seen / depth_m[:, None] - d).max() > 1e-3  # it matters
    far = 1e9 * p_start
    poses = [interpolate(SE3.identity(), step, share) for share in shares]
    seen_far = np.stack([pose.inverse().apply(p) for pose, p in zip(poses, far, strict=True)])
    d_far = unrolled(seen_far / np.linalg.norm(seen_far, axis=1, keepdims=True), shares, start, start @ step)
    np.testing.assert_allclose(d_far, far / np.linalg.norm(far, axis=1, keepdims=True), atol=1e-6)
