"""Lockstep: the real pipeline and a real (tiny) model in simulated time; the same seed gives the same report."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import pytest

from gazeline.runtime import demo
from gazeline.sim import cli, lockstep
from gazeline.sim.delivery import Faults
from gazeline.sim.headset import Headset, HeadsetSettings
from gazeline.sim.lockstep import StageCosts
from gazeline.sim.rig import simulated_rig
from gazeline.sim.scene import build_scene
from tests.engines import toy_models

pytestmark = pytest.mark.skipif(not demo.can_draw(), reason="the simulator needs an off-screen OpenGL")

SECONDS = 2.0


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("toy")
    toy_models.write_own(folder)
    return folder


def run(model: Path, seed: int = 4, costs: StageCosts | None = None, **settings: Any) -> dict[str, Any]:
    headset = Headset(
        build_scene("kitchen", seed), simulated_rig(320, 240), seed, HeadsetSettings(frame_hz=10.0, **settings)
    )
    try:
        return lockstep.run(headset, SECONDS, model=model, costs=costs)
    finally:
        headset.close()


@pytest.fixture(scope="module")
def report(model: Path) -> dict[str, Any]:
    return run(model)


def test_two_runs_of_a_seed_give_the_same_report(model: Path, report: dict[str, Any]) -> None:
    assert json.dumps(run(model)) == json.dumps(report)


def test_the_report_counts_what_was_sent_and_judges_it(report: dict[str, Any]) -> None:
    assert report["frames"] == {"captured": 20, "encoded": 20, "dropped": 0}
    assert report["gaze"]["samples"] == 240
    assert report["gaze"]["fixations"] > 2
    assert report["gaze"]["prompts"] >= 10
    assert 0.0 < report["truth"]["gaze_iou"]["mean"] <= 1.0
    assert report["truth"]["gaze_hit_rate"] > 0.3, "an outline of what has the gazed pixel's colour holds that pixel"
    assert report["memory_mb"]["rss_peak"] is None


def test_latencies_are_those_of_the_stage_costs(model: Path, report: dict[str, Any]) -> None:
    latency = report["latency_ms"]
    assert latency["encode"] == {"p50": 12.0, "p99": 12.0}
    assert latency["decode"] == {"p50": 5.0, "p99": 5.0}
    assert 25.0 + 3.0 + 12.0 + 5.0 + 1.0 <= latency["frame_to_overlay"]["p50"] < 70.0
    slow = run(model, costs=StageCosts(encode_ms=180.0))
    assert slow["frames"]["encoded"] < 0.7 * slow["frames"]["captured"]
    assert slow["frames"]["dropped"] > 4
    assert slow["latency_ms"]["encode"]["p50"] == 180.0


def test_faults_are_survived_and_counted(model: Path, report: dict[str, Any]) -> None:
    faults = Faults(lost=0.2, late=0.1, reordered=0.1, duplicated=0.05, corrupt=0.1)
    bad = run(model, faults=faults)
    assert bad["frames"]["captured"] < report["frames"]["captured"]
    assert bad["frames"]["encoded"] > 7
    assert bad["gaze"]["samples"] < 220


def test_the_command_writes_report_and_video(model: Path, tmp_path: Path) -> None:
    report, video = tmp_path / "report.json", tmp_path / "view.mp4"
    options = ["--seed=3", "--seconds=1.5", "--rate=10", "--size=320x240", f"--model={model}"]
    command = [sys.executable, "-m", "gazeline.sim", "lockstep", *options, f"--report={report}", f"--video={video}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    made = json.loads(report.read_text())
    assert set(made) == {"frames", "gaze", "latency_ms", "memory_mb", "truth", "looks"}
    reader = cv2.VideoCapture(str(video))
    assert reader.read()[0]
    assert (reader.get(cv2.CAP_PROP_FRAME_WIDTH), reader.get(cv2.CAP_PROP_FRAME_HEIGHT)) == (320.0, 240.0)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["lockstep", "--scene", "moon"], "moon"),
        (["lockstep", "--size", "big"], "--size big is no size"),
        (["lockstep", "--size", "8x8"], "out of bounds"),
        (["lockstep", "--faults", "lost=often"], "lost=often"),
        (["lockstep", "--report", "/nowhere/report.json"], "/nowhere"),
        (["--rate", "0"], "--rate"),
        (["--bus", "http://here"], "http"),
        (["--frobnicate"], "--frobnicate"),
    ],
)
def test_mistakes_are_one_sentence(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    (sentence,) = capsys.readouterr().err.strip().splitlines()
    assert sentence.startswith("error: ")
    assert says in sentence


@pytest.mark.parametrize("arguments", [["--help"], ["lockstep", "--help"]])
def test_help_says_what_there_is(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "--tracker" in said
    assert "gazeline sim lockstep" in said
