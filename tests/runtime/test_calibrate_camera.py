"""``gazeline calibrate camera`` from pictures to files, and what it says about bad ones."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from gazeline.calib import rig as rigs
from gazeline.calib.board import parse_board
from gazeline.calib.cameras import Pinhole, RadTan
from gazeline.runtime import cli
from gazeline.sim.board_session import BoardSettings, write_board_session
from gazeline.sim.board_view import BoardView
from gazeline.sim.rig import simulated_rig
from gazeline.sim.sensors import CameraEffects, CameraSettings
from tests.calib.board_poses import held

BOARD = "chessboard:8x5:30mm"
LENS = RadTan(640, 480, 420.0, 421.0, 318.0, 242.0, -0.28, 0.08, 1e-3, -5e-4, -0.01)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen views of the board as a headset would take them."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(1)
    board, view, effects = parse_board(BOARD), BoardView(LENS), CameraEffects(CameraSettings(), 640, 480, seed=1)
    for i in range(16):
        rgb = effects.apply(view.draw(board, held(board, LENS, rng, near_m=0.3)), i)
        cv2.imwrite(str(folder / f"view{i:02d}.jpg"), rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(["calibrate", "camera", *map(str, arguments)])
        out, err = capsys.readouterr()
        return int(left.value.code or 0), " ".join(out.split()), " ".join(err.split())

    return run


def read(path: Path) -> Any:
    picture = cv2.imread(str(path))
    assert picture is not None
    return picture


def copied(pictures: Path, folder: Path, count: int) -> Path:
    folder.mkdir()
    for path in sorted(pictures.iterdir())[:count]:
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_from_pictures_to_a_rig_and_a_report(pictures: Path, tmp_path: Path, run: Run) -> None:
    folder = copied(pictures, tmp_path / "in", 16)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    cv2.imwrite(str(folder / "other.png"), np.zeros((240, 320, 3), np.uint8))
    out = tmp_path / "out"
    code, said, _ = run(folder, "--board", BOARD, "--model", "radtan", "--out", out)
    assert code == 0
    assert "left out: broken.jpg: it cannot be read as a picture" in said
    assert "left out: other.png: no board was found in it" in said
    camera = rigs.load(out / "rig.json").cameras["world"].camera
    assert isinstance(camera, RadTan)
    report = json.loads((out / "report.json").read_text())
    assert report["rms_px"] < 0.3
    assert len(report["views"]) == 16
    for name in ("fx", "fy", "cx", "cy", "k1"):
        number = report["parameters"][name]
        assert abs(number["value"] - getattr(LENS, name)) < 4.0 * number["std"] + 0.05, name
    html = (out / "report.html").read_text()
    assert not re.findall(r'(?:src|href)="(?!data:)', html)  # one file, nothing fetched
    assert html.count("data:image/jpeg;base64,") == 3
    assert "view07.jpg" in html
    assert "broken.jpg" in html
    for name in ("coverage.png", "residuals.png", "undistorted.png"):
        assert read(out / name).std() > 10.0


def test_a_given_rig_keeps_all_but_its_camera(pictures: Path, tmp_path: Path, run: Run) -> None:
    before = rigs.loads(
        """{"id": "lab-7", "cameras": {"world": {
            "camera": {"model": "pinhole", "width": 640, "height": 480, "fx": 500, "fy": 500, "cx": 319, "cy": 239},
            "T_head_camera": {"quat_wxyz": [0, 1, 0, 0], "xyz_m": [0, 0.02, -0.03]}}},
            "eyes": {"left_m": [-0.032, 0, 0], "right_m": [0.032, 0, 0]}}"""
    )
    rigs.save(before, tmp_path / "before.json")
    folder = copied(pictures, tmp_path / "in", 8)
    run(folder, "--board", BOARD, "--model", "radtan", "--out", tmp_path / "out", "--rig", tmp_path / "before.json")
    after = rigs.load(tmp_path / "out" / "rig.json")
    assert (after.id, after.eyes) == (before.id, before.eyes)
    assert after.cameras["world"].T_head_camera == before.cameras["world"].T_head_camera
    assert isinstance(after.cameras["world"].camera, RadTan)


def test_bad_input_is_one_sentence(pictures: Path, tmp_path: Path, run: Run) -> None:
    grey = tmp_path / "grey"
    grey.mkdir()
    cv2.imwrite(str(grey / "a.png"), np.full((480, 640, 3), 128, np.uint8))
    empty = tmp_path / "empty"
    empty.mkdir()
    few = copied(pictures, tmp_path / "few", 3)
    cases: list[tuple[Path, str, str]] = [
        (grey, BOARD, f"no {BOARD} was found in any of the 1 pictures of {grey}; is that the board"),
        (few, "chessboard:9x6:30mm", "it shows a board of 8x5 inner corners (--board counts inner corners)"),
        (few, BOARD, "3 usable views of the board are too few: take at least 4"),
        (empty, BOARD, "holds no pictures"),
        (tmp_path / "nowhere", BOARD, "there is no picture, folder or recording"),
        (few, "8x5", "--board 8x5 is no board"),
    ]
    for folder, board, expected in cases:
        code, _, error = run(folder, "--board", board, "--out", tmp_path / "out")
        assert code == 2
        assert error.startswith("error: ")
        assert expected in error
        assert "Traceback" not in error
    assert not (tmp_path / "out").exists()
    code, _, error = run(few, "--board", BOARD, "--model", "thin")
    assert code == 2
    assert "--model thin is no lens model; choose auto, pinhole" in error


def test_pictures_of_another_size_are_left_out(pictures: Path, tmp_path: Path, run: Run) -> None:
    folder = copied(pictures, tmp_path / "in", 7)
    paths = sorted(folder.iterdir())
    cv2.imwrite(str(paths[0]), cv2.resize(read(paths[0]), (512, 384)))
    code, said, _ = run(folder, "--board", BOARD, "--model", "radtan", "--out", tmp_path / "out")
    assert code == 0
    assert f"left out: {paths[0].name}: it is 512x384 and most pictures are 640x480" in said


def test_a_video_is_a_source(pictures: Path, tmp_path: Path, run: Run) -> None:
    path = tmp_path / "walk.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 3.0, (640, 480))
    for picture in sorted(pictures.iterdir())[:10]:
        writer.write(read(picture))
    writer.release()
    code, said, _ = run(path, "--board", BOARD, "--model", "radtan", "--out", tmp_path / "out")
    assert code == 0
    assert "radtan, from" in said


def test_a_log_of_the_bus_is_a_source_and_its_rig_is_kept(tmp_path: Path, run: Run) -> None:
    rig, path = simulated_rig(), tmp_path / "session.gzl"
    session = BoardSettings(seconds=10.0, frame_hz=3.0, distance_m=0.6)
    write_board_session(path, rig, parse_board("chessboard:8x5:45mm"), session, seed=4)
    code, said, _ = run(path, "--board", "chessboard:8x5:45mm", "--model", "pinhole", "--out", tmp_path / "out")
    assert code == 0
    assert "pinhole, from" in said
    after, true = rigs.load(tmp_path / "out" / "rig.json"), rig.cameras["world"]
    assert (after.id, after.eyes, after.cameras["world"].T_head_camera) == (rig.id, rig.eyes, true.T_head_camera)
    camera = after.cameras["world"].camera
    assert isinstance(camera, Pinhole)
    assert isinstance(true.camera, Pinhole)
    assert camera.fx == pytest.approx(true.camera.fx, rel=0.01)
    cut = tmp_path / "cut.gzl"
    cut.write_bytes(path.read_bytes()[:3000])
    code, _, error = run(cut, "--board", "chessboard:8x5:45mm", "--out", tmp_path / "other")
    assert code == 2
    assert error.startswith("error: ")
    assert str(cut) in error
    assert not (tmp_path / "other").exists()


def test_an_aria_recording_without_a_board_is_one_sentence(tmp_path: Path, shared_data: Path, run: Run) -> None:
    pytest.importorskip("projectaria_tools", reason="needs the extra gazeline[aria]")
    recording = shared_data / "aria_everyday" / "recording.vrs"
    if not recording.is_file():
        pytest.skip(f"no recording at {recording}")
    code, _, error = run(recording, "--board", BOARD, "--out", tmp_path / "out")
    assert code == 2
    assert re.search(rf"no {BOARD} was found in any of the \d pictures of {re.escape(str(recording))}; is that", error)
    assert "Traceback" not in error
    assert not (tmp_path / "out").exists()


def test_what_is_no_aria_recording_is_one_sentence(tmp_path: Path, run: Run) -> None:
    broken = tmp_path / "broken.vrs"
    broken.write_bytes(b"VisionRe" + bytes(100))
    code, _, error = run(broken, "--board", BOARD, "--out", tmp_path / "out")
    assert code == 2
    assert error.startswith(f"error: {broken}")
    assert "Traceback" not in error
