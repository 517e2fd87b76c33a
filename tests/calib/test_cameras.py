"""Camera models: there and back, against OpenCV, and where they say that they do not hold."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gazeline.calib.cameras import Camera, Fisheye624, KannalaBrandt, Pinhole, RadTan

Array = NDArray[np.float64]

PINHOLE = Pinhole(640, 480, 500.0, 510.0, 320.2, 239.0)
WIDE = RadTan(1280, 960, 560.0, 561.0, 640.0, 480.0, -0.30, 0.10, 1e-3, -2e-3, -0.01)
RATIONAL = RadTan(1600, 1200, 890.0, 890.0, 800.0, 600.0, -0.13, 0.11, 1e-4, 2e-4, 0.01, 0.2, 0.05, 0.002)
FOLDING = RadTan(640, 480, 300.0, 300.0, 320.0, 240.0, -0.35, 0.0, 0.0, 0.0)  # turns back before the corners
FISHEYE = KannalaBrandt(640, 480, 240.0, 241.0, 320.0, 240.0, -0.02, 0.01, -0.005, 0.001)
BEYOND_HALF = KannalaBrandt(640, 640, 180.0, 180.0, 319.5, 319.5, 0.0, 0.0, 0.0, 0.0, max_theta_rad=1.75)
ARIA = Fisheye624(
    1408, 1408, 607.0, 718.5, 703.0,
    (0.405, -0.496, 0.2367, 0.995, -1.574, 0.6087), (-3.67e-4, -7.41e-4), (-5.84e-4, -2.19e-4, 1.94e-4, -2.04e-4),
    max_theta_rad=1.1,
)  # fmt: skip
CAMERAS: list[Camera] = [
    PINHOLE, WIDE, RATIONAL, FOLDING, FISHEYE, BEYOND_HALF, ARIA, ARIA.rotated_clockwise(), ARIA.resized(704, 704),
]  # fmt: skip

small = st.floats(-0.02, 0.02)
tiny = st.floats(-2e-3, 2e-3)
focal = st.floats(250.0, 900.0)
centre = st.tuples(st.floats(300.0, 340.0), st.floats(220.0, 260.0))
pinholes = st.builds(lambda f, c: Pinhole(640, 480, f, 1.01 * f, c[0], c[1]), focal, centre)
radtans = st.builds(
    lambda f, c, k1, k2, p1, p2, k3: RadTan(640, 480, f, 1.01 * f, c[0], c[1], k1, k2, p1, p2, k3),
    focal, centre, st.floats(-0.35, 0.2), st.floats(-0.1, 0.15), tiny, tiny, small,
)  # fmt: skip
kannala_brandts = st.builds(
    lambda f, c, k1, k2, k3, k4: KannalaBrandt(640, 480, f, 0.99 * f, c[0], c[1], k1, k2, k3, k4),
    focal, centre, st.floats(-0.1, 0.1), small, small, tiny,
)  # fmt: skip
fisheye624s = st.builds(
    lambda f, c, k, p, s: Fisheye624(640, 480, f, c[0], c[1], k, p, s),
    focal, centre, st.tuples(st.floats(-0.1, 0.4), *[st.floats(-0.1, 0.1)] * 5),
    st.tuples(tiny, tiny), st.tuples(tiny, tiny, tiny, tiny),
)  # fmt: skip
cameras = st.one_of(pinholes, radtans, kannala_brandts, fisheye624s)


def pixels_of(camera: Camera, n: int, seed: int = 0) -> Array:
    """Random pixels all over the image, its corners included."""
    low, high = np.array([-0.5, -0.5]), np.array([camera.width - 0.5, camera.height - 0.5])
    px = np.random.default_rng(seed).uniform(low, high, (n, 2))
    px[:4] = np.array([low, high, [low[0], high[1]], [high[0], low[1]]])
    return px


@settings(max_examples=150, deadline=None)
@given(cameras, st.integers(0, 1000))
def test_projection_undoes_unprojection(camera: Camera, seed: int) -> None:
    px = pixels_of(camera, 100, seed)
    d_camera, valid = camera.unproject(px)
    back, valid_back = camera.project(d_camera * 2.5)
    assert valid.any()
    np.testing.assert_allclose(back[valid], px[valid], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(d_camera, axis=-1), 1.0, atol=1e-12)
    # What is valid one way is valid the other way, to rounding at the border.
    inside = valid & (np.abs(px - [319.5, 239.5]) < [319.9, 239.9]).all(axis=-1)
    assert valid_back[inside].mean() > 0.97


@settings(max_examples=100, deadline=None)
@given(cameras, st.floats(-math.pi, math.pi), st.floats(0.0, 0.5), st.floats(0.05, 20.0))
def test_unprojection_undoes_projection(camera: Camera, around: float, off_axis: float, distance_m: float) -> None:
    s = math.sin(off_axis)
    d_camera = np.array([s * math.cos(around), s * math.sin(around), math.cos(off_axis)])
    px, valid = camera.project(d_camera * distance_m)
    back, _ = camera.unproject(px)
    if valid:
        np.testing.assert_allclose(back, d_camera, atol=1e-9)


@pytest.mark.parametrize("camera", CAMERAS, ids=lambda c: f"{type(c).__name__}-{c.width}")
def test_there_and_back_all_over_the_image(camera: Camera) -> None:
    px = pixels_of(camera, 20_000)
    d_camera, valid = camera.unproject(px)
    back, _ = camera.project(d_camera)
    assert valid.mean() > 0.3
    np.testing.assert_allclose(back[valid], px[valid], atol=1e-6)


@pytest.mark.parametrize("camera", CAMERAS, ids=lambda c: f"{type(c).__name__}-{c.width}")
def test_the_axis_is_the_principal_point_and_behind_is_nothing(camera: Camera) -> None:
    points = np.array([[[0.0, 0.0, 3.0], [0.0, 0.0, -3.0]], [[0.1, 0.0, -1.0], [0.0, 0.0, 0.0]]])
    px, valid = camera.project(points)
    assert px.shape == (2, 2, 2)
    np.testing.assert_allclose(px[0, 0], [camera.cx, camera.cy], atol=1e-9)
    assert valid.tolist() == [[True, False], [False, False]]
    if not isinstance(camera, KannalaBrandt | Fisheye624):  # theirs may reach behind, off the image
        assert np.isnan(px[~valid]).all()
    d_camera, _ = camera.unproject([camera.cx, camera.cy])
    np.testing.assert_allclose(d_camera, [0.0, 0.0, 1.0], atol=1e-9)


@pytest.mark.parametrize("camera", [WIDE, RATIONAL])
def test_radtan_is_opencvs(camera: RadTan) -> None:
    p_camera = np.random.default_rng(1).uniform([-0.7, -0.6, 1.0], [0.7, 0.6, 1.2], (500, 3))
    K = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1.0]])
    c = camera
    coefficients = np.array([c.k1, c.k2, c.p1, c.p2, c.k3, c.k4, c.k5, c.k6])
    theirs, _ = cv2.projectPoints(p_camera, np.zeros(3), np.zeros(3), K, coefficients)
    px, _ = camera.project(p_camera)
    np.testing.assert_allclose(px, theirs[:, 0], atol=1e-9)


def test_kannala_brandt_is_opencvs_fisheye() -> None:
    p_camera = np.random.default_rng(1).uniform([-2.0, -2.0, 0.5], [2.0, 2.0, 1.2], (500, 3))
    c = FISHEYE
    K = np.array([[c.fx, 0, c.cx], [0, c.fy, c.cy], [0, 0, 1.0]])
    theirs, _ = cv2.fisheye.projectPoints(
        p_camera[None], np.zeros(3), np.zeros(3), K, np.array([c.k1, c.k2, c.k3, c.k4])
    )
    px, _ = c.project(p_camera)
    np.testing.assert_allclose(px, theirs[0], atol=1e-9)


def test_off_the_image_the_pixel_is_exact_and_not_valid() -> None:
    px, valid = PINHOLE.project([2.0, 0.0, 1.0])
    np.testing.assert_allclose(px, [320.2 + 1000.0, 239.0])
    assert not valid
    assert not PINHOLE.unproject([1320.2, 239.0])[1]


def test_beyond_its_turning_point_a_lens_model_is_not_valid() -> None:
    # r (1 - 0.35 r^2) turns back at r = sqrt(1 / 1.05), 292.8 * 2 / 3 px from the centre.
    turn = math.sqrt(1 / 1.05)
    near, beyond = FOLDING.project([[0.9 * turn, 0.0, 1.0], [1.1 * turn, 0.0, 1.0]])[1]
    assert (near, beyond) == (True, False)
    radius_px = 300.0 * turn * 2 / 3
    d_camera, valid = FOLDING.unproject([[320.0 + 0.99 * radius_px, 240.0], [320.0 + 1.01 * radius_px, 240.0]])
    assert valid.tolist() == [True, False]
    np.testing.assert_allclose(np.linalg.norm(d_camera, axis=-1), 1.0)  # and still a direction, the last one there is


def test_a_fisheye_may_see_behind_itself() -> None:
    d_camera = np.array([math.sin(1.7), 0.0, math.cos(1.7)])
    px, valid = BEYOND_HALF.project(d_camera)
    assert valid
    np.testing.assert_allclose(px, [319.5 + 180.0 * 1.7, 319.5])
    np.testing.assert_allclose(BEYOND_HALF.unproject(px)[0], d_camera, atol=1e-12)
    assert not BEYOND_HALF.project([math.sin(1.8), 0.0, math.cos(1.8)])[1]


@pytest.mark.parametrize("camera", [PINHOLE, WIDE, FISHEYE, ARIA])
def test_resizing_keeps_the_corners_of_the_picture(camera: Camera) -> None:
    half = camera.resized(camera.width // 2, camera.height // 2)
    d_camera, valid = camera.unproject(pixels_of(camera, 100))
    px, _ = camera.project(d_camera[valid])
    px_half, _ = half.project(d_camera[valid])
    np.testing.assert_allclose(px_half + 0.5, (px + 0.5) / 2, atol=1e-9)


def test_a_field_of_view_reaches_from_border_to_border() -> None:
    camera = Pinhole.from_horizontal_fov(640, 480, math.radians(70.0))
    left, _ = camera.unproject([-0.5, 239.5])
    right, _ = camera.unproject([639.5, 239.5])
    assert math.degrees(math.acos(float(left @ right))) == pytest.approx(70.0)


def test_parameters_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match="fx must be finite"):
        Pinhole(640, 480, math.nan, 500.0, 320.0, 240.0)
    with pytest.raises(ValueError, match="keep the proportions"):
        ARIA.resized(640, 480)
