"""The group axioms of rotations and rigid transforms, at random, near the identity and near half a turn."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gazeline.calib import so3
from gazeline.calib.se3 import FORWARD_CAMERA, SE3, interpolate

Array = NDArray[np.float64]

coordinates = st.floats(-5.0, 5.0)
vectors = st.tuples(coordinates, coordinates, coordinates).map(np.array)
axes = vectors.filter(lambda v: float(np.linalg.norm(v)) > 1e-3).map(lambda v: v / np.linalg.norm(v))
# Near zero the formulas divide by the angle, near pi by its sine: both ends are drawn as often as the middle.
angles = st.one_of(
    st.floats(0.0, math.pi),
    st.floats(-14.0, -1.0).map(lambda e: 10.0**e),
    st.floats(-14.0, -1.0).map(lambda e: math.pi - 10.0**e),
    st.sampled_from([0.0, 1e-300, 0.2, math.nextafter(0.2, 0.0), math.pi]),
)
rotation_vectors = st.builds(lambda axis, angle: axis * angle, axes, angles)
twists = st.builds(lambda rho, phi: np.concatenate((rho, phi)), vectors, rotation_vectors)
transforms = twists.map(SE3.exp)


def assert_same(a: SE3, b: SE3, atol: float = 1e-9) -> None:
    np.testing.assert_allclose(a.as_matrix(), b.as_matrix(), atol=atol)


@given(transforms, transforms, transforms)
def test_composition_is_associative(a: SE3, b: SE3, c: SE3) -> None:
    assert_same((a @ b) @ c, a @ (b @ c))


@given(transforms)
def test_identity_and_inverse(a: SE3) -> None:
    assert_same(a @ SE3.identity(), a)
    assert_same(SE3.identity() @ a, a)
    assert_same(a @ a.inverse(), SE3.identity())
    assert_same(a.inverse() @ a, SE3.identity())


@given(transforms, transforms)
def test_composition_is_that_of_the_matrices(a: SE3, b: SE3) -> None:
    np.testing.assert_allclose((a @ b).as_matrix(), a.as_matrix() @ b.as_matrix(), atol=1e-9)
    assert_same(SE3.from_matrix((a @ b).as_matrix()), a @ b)


@given(twists)
def test_exp_undoes_log(xi: Array) -> None:
    T = SE3.exp(xi)
    assert_same(SE3.exp(T.log()), T)
    assert np.linalg.norm(T.log()[3:]) <= math.pi + 1e-12


@given(twists)
def test_log_undoes_exp(xi: Array) -> None:
    # At half a turn both signs of the axis are the same rotation, so the twist itself is compared short of it.
    angle = float(np.linalg.norm(xi[3:]))
    if angle < math.pi - 1e-6:
        np.testing.assert_allclose(SE3.exp(xi).log(), xi, atol=1e-9)


@given(twists)
def test_exp_of_the_negative_is_the_inverse(xi: Array) -> None:
    assert_same(SE3.exp(-xi), SE3.exp(xi).inverse())


@given(axes, st.floats(-13.0, -6.0))
def test_small_rotations_keep_their_relative_precision(axis: Array, exponent: float) -> None:
    phi = axis * 10.0**exponent
    np.testing.assert_allclose(so3.log(so3.exp(phi)), phi, rtol=0, atol=1e-9 * 10.0**exponent)


@given(transforms, vectors, vectors)
def test_apply_and_rotate(T: SE3, p: Array, q: Array) -> None:
    np.testing.assert_allclose(T.apply(p) - T.apply(q), T.rotate(p - q), atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(T.rotate(p)), np.linalg.norm(p), atol=1e-9)
    both = T.apply(np.stack((p, q)).reshape(2, 1, 3))
    assert both.shape == (2, 1, 3)
    np.testing.assert_allclose(both[1, 0], (T.as_matrix() @ np.append(q, 1.0))[:3], atol=1e-9)


@given(transforms, transforms, st.floats(0.0, 1.0))
def test_interpolation_is_even_and_meets_its_ends(a: SE3, b: SE3, t: float) -> None:
    assert_same(interpolate(a, b, 0.0), a)
    assert_same(interpolate(a, b, 1.0), b)
    turn = (a.inverse() @ b).log()[3:]
    part = (a.inverse() @ interpolate(a, b, t)).log()[3:]
    assert float(np.linalg.norm(part)) == pytest.approx(t * float(np.linalg.norm(turn)), abs=1e-7)


@given(transforms)
def test_quaternions_stay_unit_over_a_long_chain(step: SE3) -> None:
    T = SE3.identity()
    for _ in range(200):
        T = T @ step
    assert float(np.linalg.norm(T.quat_wxyz)) == pytest.approx(1.0, abs=1e-14)
    np.testing.assert_allclose(T.R @ T.R.T, np.eye(3), atol=1e-12)


def test_quarter_turn_about_z() -> None:
    T = SE3.exp([0.0, 0.0, 0.0, 0.0, 0.0, math.pi / 2])
    np.testing.assert_allclose(T.rotate([1.0, 0.0, 0.0]), [0.0, 1.0, 0.0], atol=1e-15)
    np.testing.assert_allclose(T.quat_wxyz, [math.sqrt(0.5), 0, 0, math.sqrt(0.5)], atol=1e-15)


def test_exp_is_a_screw() -> None:
    # Forward speed of 1 m/s while turning half round the left: a half circle of radius 1 / pi.
    T = SE3.exp([1.0, 0.0, 0.0, 0.0, 0.0, math.pi])
    np.testing.assert_allclose(T.xyz_m, [0.0, 2.0 / math.pi, 0.0], atol=1e-12)


def test_forward_camera_changes_the_axes() -> None:
    np.testing.assert_allclose(FORWARD_CAMERA.rotate([0.0, 0.0, 1.0]), [0.0, 0.0, -1.0], atol=1e-15)  # forward
    np.testing.assert_allclose(FORWARD_CAMERA.rotate([0.0, 1.0, 0.0]), [0.0, -1.0, 0.0], atol=1e-15)  # down
    np.testing.assert_allclose(FORWARD_CAMERA.rotate([1.0, 0.0, 0.0]), [1.0, 0.0, 0.0], atol=1e-15)  # right


def test_angle_between_directions_resolves_microradians() -> None:
    assert float(so3.angle_rad([0, 0, 2.0], [1e-7, 0, 1.0])) == pytest.approx(1e-7, rel=1e-9)
    assert float(so3.angle_rad([0, 0, 1.0], [0, 0, -3.0])) == pytest.approx(math.pi)


@pytest.mark.parametrize(
    ("quat", "xyz"),
    [
        ((0, 0, 0, 0), (0, 0, 0)),
        ((1, 0, 0), (0, 0, 0)),
        ((math.nan, 0, 0, 1), (0, 0, 0)),
        ((1, 0, 0, 0), (0, math.inf, 0)),
        ((1, 0, 0, 0), (0, 0)),
    ],
)
def test_what_is_no_transform_is_refused(quat: tuple[float, ...], xyz: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"quaternion|trans"):
        SE3(np.array(quat), np.array(xyz))


def test_a_matrix_that_is_no_rotation_is_refused() -> None:
    with pytest.raises(ValueError, match="not a rotation matrix"):
        SE3.from_matrix(np.diag([1.0, 1.0, -1.0, 1.0]))


def test_transforms_cannot_be_changed_in_place() -> None:
    T = SE3.identity()
    with pytest.raises(ValueError, match="read-only"):
        T.xyz_m[0] = 1.0
