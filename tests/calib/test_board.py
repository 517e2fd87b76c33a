"""Boards by their short form, and finding them in pictures whose truth is known."""

import re

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.calib.board import Board, parse_board
from gazeline.calib.cameras import KannalaBrandt, RadTan
from gazeline.calib.detect import find_board, why_not
from gazeline.calib.se3 import SE3
from gazeline.sim.board_view import BoardView
from gazeline.sim.sensors import CameraEffects, CameraSettings
from tests.calib.board_poses import held

CHESSBOARD = parse_board("chessboard:8x5:30mm")
TURNABLE = parse_board("chessboard:8x6:30mm")
CHARUCO = parse_board("charuco:9x6:30mm:22mm:5x5_100")
BOARDS = [CHESSBOARD, TURNABLE, CHARUCO]
LENS = RadTan(640, 480, 420.0, 421.0, 318.0, 242.0, -0.28, 0.08, 1e-3, -5e-4, -0.01)
Image = NDArray[np.uint8]


@pytest.fixture(scope="module")
def view() -> BoardView:
    return BoardView(LENS)


def as_taken(picture: Image) -> Image:
    """With the noise, vignette and JPEG of the simulated headset."""
    effects = CameraEffects(CameraSettings(), picture.shape[1], picture.shape[0], seed=1)
    jpeg = effects.jpeg(effects.apply(picture, 0))
    bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert bgr is not None
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def frontal(board: Board, roll_rad: float = 0.0) -> SE3:
    turn = SE3.exp((0.0, 0.0, 0.0, 0.2, -0.1, roll_rad))
    return SE3(turn.quat_wxyz, np.array([0.0, 0.0, 0.45]) - turn.R @ board.points_m.mean(axis=0))


@pytest.mark.parametrize("board", BOARDS, ids=str)
def test_corners_are_found_where_they_are(board: Board, view: BoardView) -> None:
    """Each with its right number, also of the boards that have an up; a slanted picture has less exact corners."""
    rng = np.random.default_rng(3)
    errors = []
    for _ in range(4):
        T = held(board, LENS, rng, near_m=0.4)
        found = find_board(as_taken(view.draw(board, T)), board)
        assert found is not None
        truth, _ = LENS.project(T.apply(board.points_m[found.ids]))
        errors.append(found.px - truth)
        assert len(found.ids) > 0.8 * len(board.points_m)
        assert 0.7 < found.rise_px < 2.0
    distance = np.linalg.norm(np.concatenate(errors), axis=1)
    assert np.quantile(distance, 0.9) < (0.45 if board.numbered else 0.25)  # OpenCV's ChArUco corners are not as exact
    assert np.abs(np.concatenate(errors).mean(axis=0)).max() < 0.04  # no half pixel lost anywhere


@pytest.mark.parametrize("board", [CHESSBOARD, CHARUCO], ids=str)
def test_a_board_with_an_up_is_known_upside_down(board: Board, view: BoardView) -> None:
    T = frontal(board, roll_rad=np.pi)
    found = find_board(view.draw(board, T), board)
    assert found is not None
    truth, _ = LENS.project(T.apply(board.points_m[found.ids]))
    assert np.linalg.norm(found.px - truth, axis=1).max() < 0.5


def test_a_blurred_picture_shows_it(view: BoardView) -> None:
    picture = view.draw(CHESSBOARD, frontal(CHESSBOARD))
    rises = []
    for blur in (0.01, 1.0, 2.0, 3.0):
        found = find_board(np.asarray(cv2.GaussianBlur(picture, (0, 0), blur), np.uint8), CHESSBOARD)
        assert found is not None
        rises.append(found.rise_px)
    assert rises == sorted(rises)
    assert rises[-1] == pytest.approx(0.8 * np.sqrt(2 * np.pi) * 3.0, rel=0.15)  # an edge blurred by 3 px


def test_what_is_wrong_is_said(view: BoardView) -> None:
    chessboard = view.draw(CHESSBOARD, frontal(CHESSBOARD))
    too_large = parse_board("chessboard:9x6:30mm")  # somebody counted squares
    assert find_board(chessboard, too_large) is None
    assert "8x5 inner corners" in str(why_not(chessboard, too_large))
    charuco = view.draw(CHARUCO, frontal(CHARUCO))
    mirrored = np.ascontiguousarray(charuco[:, ::-1])
    assert find_board(mirrored, CHARUCO) is None
    assert "mirrored" in str(why_not(mirrored, CHARUCO))
    assert why_not(np.full((480, 640, 3), 128, np.uint8), CHESSBOARD) is None


def test_charuco_corners_are_opencvs() -> None:
    theirs = np.asarray(CHARUCO.charuco().getChessboardCorners())
    np.testing.assert_allclose(CHARUCO.points_m, theirs, atol=1e-7)


@pytest.mark.parametrize(
    "text", ["chessboard:8x6:25mm", "charuco:11x8:20mm:15mm:5x5_100", "charuco:5x7:4cm:30mm:4x4_50:legacy"]
)
def test_the_short_form_is_read_and_written(text: str) -> None:
    board = parse_board(text)
    assert parse_board(str(board)) == board


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("8x6", "is no board; write chessboard:8x6:25mm"),
        ("chessboard:8x6", "is no board"),
        ("chessboard:8x6:25", "is no board"),
        ("charuco:11x8:20mm:25mm:5x5_100", "markers must be smaller"),
        ("charuco:11x8:20mm:15mm:9x9_7", "no marker set 9x9_7"),
        ("chessboard:2x6:25mm", "3 to 60 inner corners"),
    ],
)
def test_a_bad_short_form_is_one_sentence(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_board(text)


@pytest.mark.parametrize("board", BOARDS, ids=str)
def test_the_printed_board_has_its_true_size(board: Board) -> None:
    svg = board.svg()
    width = float(re.findall(r'width="([\d.]+)mm"', svg)[0])
    assert width == pytest.approx(1000 * (board.size_m[0] + 2 * board.square_m))
    scale = float(re.findall(r"scale\(([\d.]+)\)", svg)[0])
    runs = [(int(x), int(y), int(w)) for x, y, w in re.findall(r"M(\d+) (\d+)h(\d+)", svg)]
    across = max(x + w for x, _, w in runs) * scale
    assert across <= 1000 * board.size_m[0] + 1e-3
    drawn = np.full((max(y for _, y, _ in runs) + 1, max(x + w for x, _, w in runs)), 255, np.uint8)
    for x, y, w in runs:
        drawn[y, x : x + w] = 0
    zoom = 2 if board.numbered else 16
    large = cv2.resize(drawn, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_NEAREST)
    paper = cv2.copyMakeBorder(large, 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=255)
    found = find_board(np.asarray(paper, np.uint8), board)
    assert found is not None
    assert len(found.ids) == len(board.points_m)


def test_a_fisheye_sees_boards_too() -> None:
    lens = KannalaBrandt(640, 480, 240.0, 241.0, 320.0, 240.0, -0.02, 0.01, -0.005, 0.001)
    T = held(CHESSBOARD, lens, np.random.default_rng(5), near_m=0.25)
    found = find_board(BoardView(lens).draw(CHESSBOARD, T), CHESSBOARD)
    assert found is not None
    truth, _ = lens.project(T.apply(CHESSBOARD.points_m))
    assert np.median(np.linalg.norm(found.px - truth, axis=1)) < 0.2
