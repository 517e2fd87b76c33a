"""``gazeline calibrate camera --bus`` as a user runs it: a headset, the bus and the command are processes."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import cv2
import numpy as np
import pytest

from gazeline.calib import rig as rigs
from gazeline.calib.board import parse_board
from gazeline.calib.cameras import Pinhole, RadTan
from gazeline.calib.rig import Eyes, Rig, RigCamera, Transform
from gazeline.calib.se3 import SE3
from gazeline.runtime.bus import BusAddress, Hub, Subscriber
from gazeline.runtime.messages import BoardSearch
from gazeline.runtime.topics import CALIBRATE_BOARD
from gazeline.sim.board_view import BoardView
from tests.calib.board_poses import held
from tests.runtime.test_bus import free_port

LENS = RadTan(640, 480, 420.0, 421.0, 318.0, 242.0, -0.28, 0.08, 1e-3, -5e-4, -0.01)
PLACE = Transform.of(SE3.exp((0.0, 0.02, -0.03, 3.0, 0.0, 0.0)))
TIMEOUT_S = 240  # a busy machine; the command itself ends as soon as the views are enough


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[BusAddress]:
    address = BusAddress.parse(f"ipc://{tmp_path}/bus")
    with Hub(address):
        yield address


@contextmanager
def gazeline(arguments: Sequence[object]) -> "Iterator[subprocess.Popen[str]]":
    """A command as a process, that is not left behind."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gazeline.runtime.cli", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "COLUMNS": "300"},
    )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=20)
        process.kill()


def test_a_headset_is_calibrated_on_its_bus(bus: BusAddress, tmp_path: Path) -> None:
    """It ends by itself when the board was seen everywhere; the headset's own rig keeps all but its lens."""
    guess = RigCamera(Pinhole(640, 480, 500.0, 500.0, 319.5, 239.5), PLACE)
    rigs.save(Rig("lab-7", {"world": guess}, Eyes((-0.032, 0, 0), (0.032, 0, 0))), tmp_path / "guess.json")
    board, view, rng = parse_board("chessboard:8x5:30mm"), BoardView(LENS), np.random.default_rng(2)
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for i in range(45):
        picture = view.draw(board, held(board, LENS, rng, near_m=0.25))
        cv2.imwrite(str(pictures / f"{i}.jpg"), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
    headset = ("source", pictures, "--bus", bus, "--loop", "--mouse", "--rig", tmp_path / "guess.json")
    port = free_port()
    command = ("calibrate", "camera", "--bus", bus, "--board", board, "--out", tmp_path / "out", "--port", port)
    with gazeline(headset), gazeline(command) as calibration, Subscriber(bus, [CALIBRATE_BOARD]) as ears:
        heard = _until_heard(ears, calibration, views=4)
        assert b"Gazeline" in _page(port)
        out, error = calibration.communicate(timeout=TIMEOUT_S)
    assert (calibration.returncode, error) == (0, "")
    assert f"http://localhost:{port}/" in out
    assert heard.width == 640
    rig = rigs.load(tmp_path / "out" / "rig.json")
    assert (rig.id, rig.eyes) == ("lab-7", Eyes((-0.032, 0, 0), (0.032, 0, 0)))
    assert rig.cameras["world"].T_head_camera == PLACE
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["rms_px"] < 0.3
    assert len(report["views"]) >= 20
    camera = rig.cameras["world"].camera
    grid = np.stack(np.meshgrid(np.linspace(60, 580, 9), np.linspace(60, 420, 7)), axis=-1)
    found, _ = camera.project(LENS.unproject(grid)[0])
    assert np.abs(found - grid).max() < 1.0  # whichever lens model was chosen, it sees what the true one does


def test_photographs_of_a_real_board_and_ctrl_c(bus: BusAddress, tmp_path: Path, shared_data: Path) -> None:
    photographs = shared_data / "calib_wide_chessboard"
    if not photographs.is_dir():
        pytest.skip(f"no photographs at {photographs}")
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for path in sorted((photographs / "images").iterdir()):
        if (picture := cv2.imread(str(path))) is not None:
            small = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            cv2.imwrite(str(pictures / f"{path.stem}.jpg"), small, [cv2.IMWRITE_JPEG_QUALITY, 95])
    out = tmp_path / "out"
    command = ("calibrate", "camera", bus, "--board", "chessboard:8x6:25mm", "--model", "radtan", "--out", out)
    with gazeline(("source", pictures, "--bus", bus, "--loop", "--mouse")), gazeline(command) as calibration:
        with Subscriber(bus, [CALIBRATE_BOARD]) as ears:
            _until_heard(ears, calibration, views=15)
        calibration.send_signal(signal.SIGINT)
        said, error = calibration.communicate(timeout=TIMEOUT_S)
    assert (calibration.returncode, error) == (0, "")
    assert "radtan, from" in said
    camera = rigs.load(out / "rig.json").cameras["world"].camera
    assert isinstance(camera, RadTan)
    reference = json.loads((photographs / "reference_opencv.json").read_text())["pinhole_radtan"]
    assert abs(2.0 * camera.fx / reference["K"][0][0] - 1.0) < 0.01
    assert json.loads((out / "report.json").read_text())["rms_px"] < 0.4  # 0.52 px at twice the size


def test_neither_or_both_of_source_and_bus_is_one_sentence(tmp_path: Path) -> None:
    for given in ((), (tmp_path, "--bus", "gazeline")):
        with gazeline(("calibrate", "camera", *given, "--board", "chessboard:8x5:30mm")) as process:
            _, error = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == 2
        assert error == "error: give either a SOURCE (a folder, a video, a recording) or a live bus (--bus)\n"


def _page(port: int) -> bytes:
    """What the page's server says, which starts beside the search for boards."""
    end_s = time.monotonic() + TIMEOUT_S
    while True:
        try:
            with urllib.request.urlopen(f"http://localhost:{port}/", timeout=60) as page:
                return bytes(page.read())
        except urllib.error.URLError:
            if time.monotonic() > end_s:
                raise
            time.sleep(0.1)


def _until_heard(ears: Subscriber, process: "subprocess.Popen[str]", views: int) -> BoardSearch:
    """What the calibration says of itself once it has so many views."""
    give_up_s = time.monotonic() + TIMEOUT_S
    while time.monotonic() < give_up_s:
        assert process.poll() is None, process.communicate()
        for received in ears.poll(100):
            assert isinstance(received.message, BoardSearch)
            if received.message.views >= views:
                return received.message
    raise AssertionError(f"there were not {views} views within {TIMEOUT_S} s")
