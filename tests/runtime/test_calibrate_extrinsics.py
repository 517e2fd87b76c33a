"""``gazeline calibrate extrinsics`` and ``… display`` on sessions of the simulator, through the real detector."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from gazeline.calib import rig as rigs
from gazeline.calib.board import parse_board
from gazeline.calib.display_alignment import pinhole_of
from gazeline.calib.rig import Display, Transform
from gazeline.calib.se3 import FORWARD_CAMERA, SE3
from gazeline.runtime import cli
from gazeline.sim.board_session import BoardSettings, board_position, write_board_session
from gazeline.sim.rig import simulated_rig

BOARD = "chessboard:8x5:45mm"
RIG = simulated_rig()
SESSION = BoardSettings(seconds=16.0, frame_hz=4.0, distance_m=0.8, nearer_m=0.18)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("session") / "session.gzl"
    write_board_session(path, RIG, parse_board(BOARD), SESSION, seed=1)
    return path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(["calibrate", *map(str, arguments)])
        out, err = capsys.readouterr()
        return int(left.value.code or 0), " ".join(out.split()), " ".join(err.split())

    return run


def off(found: SE3, truth: SE3) -> tuple[float, float]:
    """Degrees and millimetres."""
    error = (found.inverse() @ truth).log()
    return float(np.degrees(np.linalg.norm(error[3:]))), float(1000.0 * np.linalg.norm(error[:3]))


def test_the_camera_is_found_on_the_head(session: Path, tmp_path: Path, run: Run) -> None:
    """From rendered pictures and jittering head poses; the rig's own place of the camera is wrong by 30 degrees."""
    camera = RIG.cameras["world"]
    wrong = msgspec.structs.replace(camera, T_head_camera=Transform.of(SE3.exp((0.1, 0, 0, 0.5, 0, 0)) @ camera.se3))
    rigs.save(msgspec.structs.replace(RIG, cameras={"world": wrong}), tmp_path / "before.json")
    out = tmp_path / "after.json"
    code, said, _ = run("extrinsics", session, "--board", BOARD, "--rig", tmp_path / "before.json", "--out", out)
    assert code == 0
    deg, mm = off(rigs.load(out).cameras["world"].se3, camera.se3)
    assert deg <= 0.1
    assert mm <= 2.0
    assert "±" in said


def test_the_display_is_found_on_the_head(session: Path, tmp_path: Path, run: Run) -> None:
    """Alignments as exact as a camera behind the display makes them, of the board's four corners."""
    truth = SE3.exp((0.032, 0.004, -0.012, 0.02, -0.015, 0.01))
    display = Display(1440, 1600, Transform.of(SE3.identity()), (1.2, 1.2, 1.2, 1.2))
    rigs.save(msgspec.structs.replace(RIG, display=display), tmp_path / "before.json")
    board, picture = parse_board(BOARD), pinhole_of(display)
    rng = np.random.default_rng(1)
    lines = ["capture_ns,x_px,y_px,corner"]
    for t_ns, T_head_board in board_position(board, SESSION, seed=1):
        for corner in (0, 7, 32, 39):
            p_view = (truth @ FORWARD_CAMERA).inverse().apply(T_head_board.apply(board.points_m[corner]))
            px, seen = picture.project(p_view)
            x, y = px + rng.normal(0.0, 1.0, 2)
            if seen:
                lines.append(f"{t_ns},{x:.2f},{y:.2f},{corner}")
    (tmp_path / "alignments.csv").write_text("\n".join(lines))
    out = tmp_path / "after.json"
    arguments = (session, tmp_path / "alignments.csv", "--board", BOARD)
    code, _, error = run("display", *arguments, "--rig", tmp_path / "before.json", "--out", out)
    assert (code, error) == (0, "")
    after = rigs.load(out)
    assert after.display is not None
    deg, mm = off(after.display.T_head_view.se3, truth)
    assert deg <= 0.1
    assert mm <= 2.0
    code, _, error = run("display", *arguments, "--out", out)
    assert code == 2
    assert "the rig has no display; give its width, height and tangents_lrud" in error


def test_a_head_that_turns_about_one_axis_is_told_so(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "one.gzl"
    write_board_session(path, RIG, parse_board(BOARD), BoardSettings(seconds=8.0, frame_hz=2.0, one_axis=True), seed=2)
    code, _, error = run("extrinsics", path, "--board", BOARD, "--out", tmp_path / "rig.json")
    assert code == 2
    assert "while nodding, turning and tilting the head" in error
    assert not (tmp_path / "rig.json").exists()
    code, _, error = run("extrinsics", tmp_path, "--board", BOARD)
    assert code == 2
    assert "is no log of the bus" in error


def test_a_board_to_print(tmp_path: Path, run: Run) -> None:
    code, _, _ = run("board", BOARD, tmp_path / "board.svg")
    assert code == 0
    assert 'width="495mm"' in (tmp_path / "board.svg").read_text()


def test_other_tools_files_are_converted(tmp_path: Path, run: Run) -> None:
    rigs.save(RIG, tmp_path / "rig.json")
    for form in ("opencv", "kalibr"):
        assert run("convert", tmp_path / "rig.json", tmp_path / "camera.yaml", "--format", form)[0] == 0
        assert run("convert", tmp_path / "camera.yaml", tmp_path / "back.json")[0] == 0
        assert rigs.load(tmp_path / "back.json").cameras["world"].camera == RIG.cameras["world"].camera
    neon = """{"camera_matrix": [[891.6, 0.0, 814.6], [0.0, 890.9, 614.2], [0.0, 0.0, 1.0]],
               "distortion_coefficients": [[-0.13, 0.11, 0.0, 0.0, 0.001, 0.17, 0.05, 0.02]],
               "serial_number": "abc12"}"""
    (tmp_path / "scene_camera.json").write_text(neon)
    assert run("convert", tmp_path / "scene_camera.json", tmp_path / "neon.json")[0] == 0
    found = rigs.load(tmp_path / "neon.json")
    assert found.id == "pupil-labs-abc12"
    camera = found.cameras["world"].camera
    assert (camera.width, camera.height) == (1600, 1200)
    (tmp_path / "scene_camera.json").write_text(neon.replace("814.6", "540.0"))
    code, _, error = run("convert", tmp_path / "scene_camera.json", tmp_path / "neon.json")
    assert code == 2
    assert "give it with --size" in error
