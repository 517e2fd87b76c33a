"""The camera's and the display's place on the head, with exact truth, and what is said where it cannot be found."""

import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.calib.board import parse_board
from gazeline.calib.cameras import Pinhole
from gazeline.calib.display_alignment import pinhole_of, solve_display
from gazeline.calib.hand_eye import solve_hand_eye
from gazeline.calib.intrinsics import View
from gazeline.calib.rig import Display, Transform
from gazeline.calib.se3 import FORWARD_CAMERA, SE3

BOARD = parse_board("chessboard:8x5:30mm")
CAMERA = Pinhole(640, 480, 420.0, 421.0, 322.0, 238.0)
T_HEAD_CAMERA = SE3.exp((0.02, 0.035, -0.04, -0.14, 0.03, 0.02)) @ FORWARD_CAMERA
T_WORLD_BOARD = SE3.exp((-0.1, 1.5, -0.6, 0.1, 0.05, 0.0)) @ FORWARD_CAMERA
DISPLAY = Display(1440, 1600, Transform.of(SE3.identity()), (0.9, 1.1, 1.0, 1.05))
Array = NDArray[np.float64]


def heads(rng: np.random.Generator, count: int, spread_rad: tuple[float, float, float]) -> list[SE3]:
    """T_world_head of a head before the board that turns by so much about x, y and z (standard deviations)."""
    place = SE3((1.0, 0.0, 0.0, 0.0), (0.0, 1.45, 0.0))  # type: ignore[arg-type]  # SE3 takes sequences
    turns = rng.normal(0.0, 1.0, (count, 3)) * spread_rad
    return [place @ SE3.exp(np.concatenate((rng.normal(0.0, 0.08, 3), turn))) for turn in turns]


def views_of(T_world_heads: list[SE3], rng: np.random.Generator, noise_px: float) -> list[View]:
    views = []
    for i, head in enumerate(T_world_heads):
        T_camera_board = (head @ T_HEAD_CAMERA).inverse() @ T_WORLD_BOARD
        px, _ = CAMERA.project(T_camera_board.apply(BOARD.points_m))
        views.append(View(f"view {i}", BOARD.points_m, px + rng.normal(0.0, noise_px, px.shape), 1.0))
    return views


def jittered(T: SE3, rng: np.random.Generator, m: float, deg: float) -> SE3:
    return T @ SE3.exp(np.concatenate((rng.normal(0.0, m, 3), np.radians(rng.normal(0.0, deg, 3)))))


def test_without_noise_it_is_exact() -> None:
    rng = np.random.default_rng(1)
    poses = heads(rng, 8, (0.2, 0.2, 0.2))
    found = solve_hand_eye(CAMERA, views_of(poses, rng, 0.0), poses)
    assert np.linalg.norm((found.T_head_camera.inverse() @ T_HEAD_CAMERA).log()) < 1e-7
    assert np.linalg.norm((found.T_world_board.inverse() @ T_WORLD_BOARD).log()) < 1e-7


def test_its_uncertainty_is_the_real_one() -> None:
    """With noise in the corners and jitter in the head's pose, which all corners of a picture share."""
    rng = np.random.default_rng(2)
    scores = []
    for _ in range(10):
        poses = heads(rng, 25, (0.2, 0.2, 0.2))
        views = views_of(poses, rng, 0.2)
        found = solve_hand_eye(CAMERA, views, [jittered(T, rng, 0.0005, 0.03) for T in poses])
        error = (found.T_head_camera.inverse() @ T_HEAD_CAMERA).log()
        scores.append(error / np.concatenate((found.std_m, found.std_rad)))
        assert np.degrees(np.linalg.norm(error[3:])) < 0.3
        assert np.linalg.norm(error[:3]) < 0.004
    assert 0.6 < np.sqrt(np.mean(np.square(scores))) < 1.5


def test_views_that_do_not_agree_are_left_out() -> None:
    rng = np.random.default_rng(3)
    poses = heads(rng, 16, (0.2, 0.2, 0.2))
    views = views_of(poses, rng, 0.2)
    poses[4] = jittered(poses[4], rng, 0.02, 2.0)  # the tracker had lost itself
    found = solve_hand_eye(CAMERA, views, poses)
    assert found.left_out == ("view 4",)
    assert np.linalg.norm((found.T_head_camera.inverse() @ T_HEAD_CAMERA).log()) < 2e-3


@pytest.mark.parametrize(
    ("spread", "said"), [((0.0, 0.3, 0.0), "about one axis only"), ((0.01, 0.01, 0.0), "hardly at all")]
)
def test_turning_about_one_axis_is_noticed(spread: tuple[float, float, float], said: str) -> None:
    rng = np.random.default_rng(4)
    poses = heads(rng, 20, spread)
    with pytest.raises(ValueError, match=f"the head turned {said} .* while nodding, turning and tilting"):
        solve_hand_eye(CAMERA, views_of(poses, rng, 0.2), poses)


def test_too_few_views_are_one_sentence() -> None:
    rng = np.random.default_rng(5)
    poses = heads(rng, 3, (0.3, 0.3, 0.3))
    with pytest.raises(ValueError, match="3 views of the board with a head pose are too few: take at least 5"):
        solve_hand_eye(CAMERA, views_of(poses, rng, 0.2), poses)


def aligned(T_head_view: SE3, rng: np.random.Generator, count: int, noise_px: float) -> tuple[Array, Array]:
    """Points in the head's frame at 0.4 to 2 m, and the display's pixels that cover them."""
    camera = pinhole_of(DISPLAY)
    at = rng.uniform(0.1, 0.9, (count, 2)) * [DISPLAY.width, DISPLAY.height]
    rays, _ = camera.unproject(at)
    points = rays * rng.uniform(0.4, 2.0, (count, 1))
    return (T_head_view @ FORWARD_CAMERA).apply(points), at + rng.normal(0.0, noise_px, at.shape)


def test_the_display_is_found_from_alignments() -> None:
    """As exact as a camera behind the display aligns: 1 px of 1440 is 4 minutes of arc."""
    rng = np.random.default_rng(6)
    T_head_view = SE3.exp((0.032, 0.002, -0.01, 0.02, -0.01, 0.005))
    points, px = aligned(T_head_view, rng, 30, noise_px=1.0)
    px[3] += 200.0  # one that went wrong
    found = solve_display(DISPLAY, points, px)
    error = (found.T_head_view.inverse() @ T_head_view).log()
    assert found.left_out == 1
    assert np.degrees(np.linalg.norm(error[3:])) < 0.1
    assert np.linalg.norm(error[:3]) < 0.002
    assert np.abs(error[:3] / found.std_m).max() < 3.5
    assert np.abs(error[3:] / found.std_rad).max() < 3.5
    placed = found.applied(DISPLAY)
    assert placed.tangents_lrud == DISPLAY.tangents_lrud
    np.testing.assert_allclose(placed.T_head_view.se3.as_matrix(), found.T_head_view.as_matrix())


def test_the_displays_pinhole_has_its_tangents_at_its_borders() -> None:
    camera = pinhole_of(DISPLAY)
    corners, _ = camera.unproject(np.array([[-0.5, -0.5], [1439.5, 1599.5]]))
    tangents = corners[:, :2] / corners[:, 2:]
    np.testing.assert_allclose(tangents, [[-0.9, -1.0], [1.1, 1.05]])


def test_alignments_that_cannot_do_are_refused() -> None:
    rng = np.random.default_rng(7)
    points, px = aligned(SE3.identity(), rng, 20, noise_px=1.0)
    with pytest.raises(ValueError, match="4 alignments are too few"):
        solve_display(DISPLAY, points[:4], px[:4])
    flat = points / np.linalg.norm(points, axis=1, keepdims=True)
    with pytest.raises(ValueError, match=r"at about the same distance .* align near things"):
        solve_display(DISPLAY, flat, px)
