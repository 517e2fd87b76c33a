"""``gazeline calibrate display --bus``: somebody in the simulator brings crosses over a board's corner."""

import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from gazeline.calib import rig as rigs
from gazeline.calib.board import parse_board
from gazeline.calib.cameras import Pinhole
from gazeline.calib.rig import Rig, RigCamera, Transform
from gazeline.calib.se3 import FORWARD_CAMERA, SE3
from gazeline.runtime.bus import BusAddress
from gazeline.runtime.calibration.display_live import PICTURES, _Session, pixel_of
from gazeline.runtime.messages import Frame
from gazeline.runtime.wire import Received
from gazeline.sim.aligner import NOMINAL, T_HEAD_VIEW
from tests.runtime.test_calibrate_camera_live import TIMEOUT_S, bus, gazeline

__all__ = ["bus"]  # a fixture

BOARD = "charuco:9x6:45mm:33mm:4x4_100"


def off(found: SE3, truth: SE3) -> tuple[float, float]:
    """Degrees and millimetres."""
    error = (found.inverse() @ truth).log()
    return float(np.degrees(np.linalg.norm(error[3:]))), float(1000.0 * np.linalg.norm(error[:3]))


def test_crosses_over_a_corner_tell_where_the_display_is(bus: BusAddress, tmp_path: Path) -> None:
    """The headset's own rig has it wrong by 36 mm and 1.5 degrees; alignments err by 0.1 degrees."""
    out = tmp_path / "rig.json"
    wearer = subprocess.Popen([sys.executable, "-m", "gazeline.sim", "align", "--bus", str(bus), "--seed", "3"])
    try:
        with gazeline(("calibrate", "display", "--bus", bus, "--board", BOARD, "--out", out)) as calibration:
            said, error = calibration.communicate(timeout=TIMEOUT_S)
        assert wearer.wait(timeout=TIMEOUT_S) == 0
    finally:
        wearer.kill()
    assert (calibration.returncode, error) == (0, "")
    assert "cross 24 of 24" in said
    before, after = NOMINAL.T_head_view.se3, rigs.load(out).display
    assert after is not None
    deg, mm = off(before, T_HEAD_VIEW)
    assert deg > 1.0
    assert mm > 30.0
    deg, mm = off(after.T_head_view.se3, T_HEAD_VIEW)
    assert deg <= 0.1
    assert mm <= 2.0


def test_what_is_missing_is_one_sentence(bus: BusAddress, tmp_path: Path) -> None:
    camera = RigCamera(Pinhole(640, 480, 500.0, 500.0, 319.5, 239.5), Transform.of(FORWARD_CAMERA))
    rigs.save(Rig("bare", {"world": camera}), tmp_path / "bare.json")
    given = ("--board", BOARD, "--rig", tmp_path / "bare.json", "--out", tmp_path / "out.json")
    for extra, expected in (
        (("--bus", bus), "the rig has no display; give its width, height and tangents_lrud"),
        (("--bus", bus, "--corner", 99), "--corner 99: the corners of charuco:9x6:45mm:33mm:4x4_100 have the numbers"),
        ((), "give either a live bus (--bus), or a log and a file of alignments"),
    ):
        with gazeline(("calibrate", "display", *extra, *given)) as process:
            _, error = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == 2
        assert error.startswith("error: ")
        assert expected in " ".join(error.split())
    assert not (tmp_path / "out.json").exists()


def test_a_confirmation_without_a_board_or_with_a_moving_head_takes_nothing() -> None:
    said: list[str] = []
    camera = RigCamera(Pinhole(640, 480, 500.0, 500.0, 319.5, 239.5), Transform.of(FORWARD_CAMERA))
    board = parse_board(BOARD)
    session = _Session(board, board.middle, camera, NOMINAL, said.append)
    session.confirm()
    grey = Frame(topic="frame.world", capture_ns=1, width=640, height=480, index=0, format="gray")
    session.pictures.extend([Received(grey, (bytes(640 * 480),), 1)] * PICTURES)
    session.confirm()
    assert session.number == 0
    assert said[1:] == ["the camera did not see the board well; move a little and confirm again"] * 2
    assert len(session.alignments().px) == 0


@pytest.mark.parametrize("place", [(0.0, 0.0), (0.5, -0.3), (-1.0, 1.0)])
def test_places_are_shares_of_the_way_to_the_views_borders(place: tuple[float, float]) -> None:
    display = msgspec.structs.replace(NOMINAL, tangents_lrud=(0.5, 0.4, 0.3, 0.6))
    x, y = pixel_of(display, place)
    middle = 1440 * 0.5 / 0.9 - 0.5, 1600 * 0.3 / 0.9 - 0.5
    right = 1440 * (0.4 if place[0] > 0 else 0.5) / 0.9
    up = 1600 * (0.3 if place[1] > 0 else 0.6) / 0.9
    assert (x, y) == pytest.approx((middle[0] + place[0] * right, middle[1] - place[1] * up))
