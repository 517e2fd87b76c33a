"""The measurement of registration, at one speed and delay: the goals, and that the measure would notice."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gazeline.runtime import demo, registration
from gazeline.runtime.image_files import read_image
from gazeline.sim.registration import Settings, measure
from gazeline.sim.registration_moving import measure as measure_moving
from gazeline.sim.registration_session import off_silhouette_deg
from gazeline.sim.rig import CAMERA, simulated_rig

pytestmark = pytest.mark.skipif(not demo.can_draw(), reason="the simulator needs an off-screen OpenGL")

ONE = Settings(speeds_deg_s=(100.0,), delays_ms=(50.0,), views_m=(0.8, 2.0), phases=(0.0,), scenes=("desk",))


def test_at_100_deg_s_and_50_ms_the_goals_are_met() -> None:
    result = measure(ONE)
    rows = result["turning"]
    assert isinstance(rows, list)

    def worst(method: str, pose: str = "predicted", classes: tuple[str, ...] | None = None) -> float:
        return registration.worst(rows, 100.0, 50.0, method, pose, classes)

    assert {row["distance_m"] for row in rows} == {"0.4-0.7", "0.7-1", "1-2", "2-5"}
    assert all(row["count"] > 100 for row in rows)
    assert worst("vertex depth") <= 0.3
    assert worst("object depth") <= 0.4
    assert worst("default depth", classes=("1-2", "2-5")) <= 0.6
    # each step of the way matters
    assert worst("as drawn") > 4.0
    assert worst("turn only") > 1.0
    assert worst("default depth") > 2 * worst("object depth")
    assert worst("vertex depth", "known") < worst("vertex depth")


def test_things_that_move_are_predicted_and_never_for_the_worse() -> None:
    rows = measure_moving(Settings(delays_ms=(50.0,), scenes=("room",)), seconds=2.0)
    assert len(rows) >= 2
    for still, moved in zip(rows[::2], rows[1::2], strict=True):
        assert (still["predicted"], moved["predicted"]) == (False, True)
        assert moved["worse_share"] < 0.05
        assert moved["predicted_share"] > 0.5
        assert moved["mean_deg"] < 0.6 * still["mean_deg"]


def test_the_distance_of_an_outline_from_a_silhouette() -> None:
    camera = simulated_rig().cameras[CAMERA].camera
    mask = np.zeros((480, 640), np.bool_)
    mask[200:280, 300:360] = True
    corners = np.array([(300.0, 200.0), (359.0, 200.0), (359.0, 279.0), (300.0, 279.0)])
    exact, _ = camera.unproject(corners)
    wider, _ = camera.unproject(corners + 5.0 * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]))
    degree_px = 1.0 / 0.137  # in the middle of this camera
    assert off_silhouette_deg([exact], mask, camera) == pytest.approx(0.0, abs=0.02)
    assert off_silhouette_deg([wider], mask, camera) == pytest.approx(5.0 / degree_px, rel=0.1)
    assert off_silhouette_deg([-exact], mask, camera) is None  # behind


def test_the_command_writes_figures_and_a_plot(tmp_path: Path) -> None:
    out, plot = tmp_path / "registration.json", tmp_path / "registration.png"
    command = [sys.executable, "-m", "gazeline.runtime.cli", "bench", "registration", "--speed", "100"]
    command += ["--delay-ms", "50", "--scene", "desk", "--seconds", "0", "--out", str(out), "--plot", str(plot)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "vertex depth" in done.stdout
    result = json.loads(out.read_text())
    assert {"settings", "turning", "prediction", "moving", "session"} <= set(result)
    assert read_image(plot).shape[1] >= 600


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--scene", "moon"], "moon"), (["--out", "/nowhere/x.json"], "cannot be written"), (["--speed", "0"], "speed")],
)
def test_mistakes_are_one_sentence(options: list[str], said: str) -> None:
    command = [sys.executable, "-m", "gazeline.runtime.cli", "bench", "registration", "--seconds", "0", *options]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
