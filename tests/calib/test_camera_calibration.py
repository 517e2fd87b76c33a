"""Which views are used and which lens is taken, on synthetic views and on real photographs."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from gazeline.calib.board import parse_board
from gazeline.calib.camera_calibration import calibrate
from gazeline.calib.cameras import Camera, KannalaBrandt, Pinhole, RadTan
from gazeline.calib.coverage import advice, heat_map, spread
from gazeline.calib.detect import find_board
from gazeline.calib.intrinsics import View
from tests.calib.board_poses import seen

BOARD = parse_board("chessboard:8x6:60mm")
PINHOLE = Pinhole(640, 480, 500.0, 510.0, 325.0, 236.0)
RADTAN = RadTan(640, 480, 400.0, 401.0, 325.0, 236.0, -0.3, 0.12, 2e-3, -1e-3, -0.02)
FISHEYE = KannalaBrandt(640, 640, 190.0, 191.0, 320.0, 318.0, 0.02, -0.004, 0.001, 0.0, max_theta_rad=1.7)


@pytest.mark.parametrize(("camera", "lens"), [(PINHOLE, "pinhole"), (RADTAN, "radtan"), (FISHEYE, "fisheye")])
def test_the_lens_that_it_is_is_taken(camera: Camera, lens: str) -> None:
    """A richer lens always fits better; it is taken only where it predicts better."""
    views = seen(BOARD, camera, 12, np.random.default_rng(1), noise_px=0.2, near_m=0.5)
    found = calibrate(views, camera.width, camera.height)
    assert found.solution.lens.name == lens
    assert found.trial.held_out_px == pytest.approx(0.2 * np.sqrt(2), rel=0.15)
    assert not found.left_out


def test_spoiled_views_are_left_out_with_the_reason() -> None:
    rng = np.random.default_rng(2)
    views = seen(BOARD, PINHOLE, 14, rng, noise_px=0.2)
    bent = views[3].px + 4.0 * np.sin(views[3].p_m[:, :1] * 12.0)  # paper that does not lie flat
    views[3] = View("bent.png", views[3].p_m, bent, 1.0)
    views[5] = View("shuffled.png", views[5].p_m, views[5].px[rng.permutation(len(views[5].px))], 1.0)
    views[7] = replace(views[7], name="blurred.png", rise_px=9.0)
    found = calibrate(views, 640, 480)
    reasons = {each.name: each.reason for each in found.left_out}
    assert reasons.keys() == {"bent.png", "shuffled.png", "blurred.png"}
    assert "blurred: its edges are 9.0 px wide" in reasons["blurred.png"]
    assert "more than 3 times that of the others" in reasons["bent.png"]
    assert found.solution.lens.name == "pinhole"
    assert found.solution.rms_px < 0.35


def test_too_few_views_are_one_sentence() -> None:
    views = seen(BOARD, PINHOLE, 3, np.random.default_rng(3))
    with pytest.raises(ValueError, match="3 usable views of the board are too few: take at least 4"):
        calibrate(views, 640, 480)


def test_advice_names_what_is_missing() -> None:
    rng = np.random.default_rng(4)
    assert advice([], 640, 480) == ["Show the whole board to the camera."]
    right = [view for view in seen(BOARD, PINHOLE, 60, rng) if view.px[:, 0].min() > 240][:8]
    said = " ".join(advice(right, 640, 480))
    assert "left of the picture" in said
    assert "more views" in said
    everything = seen(BOARD, PINHOLE, 60, rng, near_m=0.55)
    assert not [each for each in advice(everything, 640, 480) if "Tilt" in each or "closer" in each or "views" in each]
    assert heat_map(everything, 640, 480).sum() == sum(len(view.px) for view in everything)


def test_of_many_views_the_different_ones_are_taken() -> None:
    rng = np.random.default_rng(5)
    few = seen(BOARD, PINHOLE, 6, rng)
    same = [View(f"again {i}", few[0].p_m, few[0].px + rng.normal(0, 0.5, few[0].px.shape), 1.0) for i in range(40)]
    chosen = spread([*same, *few], 640, 480, most=8)
    assert {view.name for view in few[1:]} <= {view.name for view in chosen}


def test_real_photographs(shared_data: Path) -> None:
    """37 photographs of a wide lens, with OpenCV's solution of them for comparison."""
    folder = shared_data / "calib_wide_chessboard" / "images"
    if not folder.is_dir():
        pytest.skip(f"no photographs at {folder}")
    views = []
    for path in sorted(folder.glob("*.jpg")):
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        assert grey is not None
        detection = find_board(np.asarray(grey, np.uint8), BOARD)
        if detection is not None:
            views.append(View(path.name, BOARD.points_m[detection.ids], detection.px, detection.rise_px))
    found = calibrate(views, 1280, 960, ("radtan", "fisheye"))
    assert len(found.solution.views) >= 35
    assert found.solution.lens.name == "fisheye"
    for trial in found.trials:
        assert trial.rms_px <= 0.55
        assert trial.held_out_px <= 0.7
    fisheye = found.solution
    assert fisheye.settled
    assert fisheye.rms_px <= 0.45
    assert isinstance(fisheye.camera, KannalaBrandt)
    assert fisheye.camera.fx == pytest.approx(564.0, abs=5.0)
    assert fisheye.std["fx"] < 5.0
