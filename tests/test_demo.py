"""The demo end to end, as a newcomer runs it: real processes, a real bus, a report, and nothing left behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from gazeline.runtime import demo

pytestmark = pytest.mark.skipif(not demo.can_draw(), reason="the simulator needs an off-screen OpenGL")


@contextmanager
def started(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """``gazeline demo --headless`` with these arguments; it must leave nothing running."""
    command = [sys.executable, "-m", "gazeline.runtime.cli", "demo", "--headless", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    family: list[psutil.Process] = []
    try:
        assert wait_for(lambda: len(children(process)) >= 2)
        family = children(process)
        yield process
    finally:
        family += children(process)
        process.kill()
        process.wait()
        assert wait_for(lambda: not any(child.is_running() and child.status() != "zombie" for child in family))


def children(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    try:
        return list(psutil.Process(process.pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def child(process: "subprocess.Popen[str]", module: str) -> psutil.Process | None:
    for found in children(process):
        try:
            if module in found.cmdline() and "gazeline.runtime.tether" not in found.cmdline():
                return found
        except psutil.NoSuchProcess:
            continue
    return None


def wait_for(condition: Callable[[], object], seconds: float = 40.0) -> bool:
    deadline_s = time.monotonic() + seconds
    while time.monotonic() < deadline_s:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())


def test_a_report_of_eight_seconds(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    with started("--seconds", "8", "--report", str(path)) as process:
        said, _ = process.communicate(timeout=90)
    assert process.returncode == 0, said
    made: dict[str, Any] = json.loads(path.read_text())
    assert set(made) == {"frames", "gaze", "latency_ms", "memory_mb", "truth", "looks"}
    assert made["frames"]["captured"] >= made["frames"]["encoded"] > 8
    assert made["gaze"]["samples"] > made["gaze"]["prompts"] > 0
    assert made["gaze"]["fixations"] > 0
    for stage, percentiles in made["latency_ms"].items():
        assert 0 < percentiles["p50"] <= percentiles["p99"], stage
    assert 50 < made["memory_mb"]["rss_peak"] < 2000
    assert 0 <= made["truth"]["gaze_iou"]["p10"] <= made["truth"]["gaze_iou"]["mean"] <= 1
    assert 0 <= made["truth"]["gaze_hit_rate"] <= 1
    assert made["looks"]
    assert "captured" in said  # the summary


def test_a_killed_simulator_is_started_again(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    with started("--report", str(path)) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if " | " in line)  # it has begun: it says how it goes
        first = child(process, "gazeline.sim")
        assert first is not None
        first.kill()
        assert wait_for(lambda: (found := child(process, "gazeline.sim")) and found.pid != first.pid)
        process.send_signal(signal.SIGINT)  # as Ctrl-C does
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert re.search(r"the simulator ended and was started again: it was killed by SIGKILL", said)
    assert json.loads(path.read_text())["frames"]["captured"] > 0


def test_a_killed_demo_takes_its_programs_with_it() -> None:
    with started() as process:
        os.kill(process.pid, signal.SIGKILL)  # what started() then asserts is the point


def test_what_cannot_start_is_one_sentence() -> None:
    command = [sys.executable, "-m", "gazeline.runtime.cli", "demo", "--headless", "--seconds", "5"]
    for wrong in (["--scene", "moon"], ["--model", "no-such-model"]):
        done = subprocess.run([*command, *wrong], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2
        (sentence,) = done.stderr.strip().splitlines()
        assert sentence.startswith("error: ")
        assert wrong[1] in sentence
