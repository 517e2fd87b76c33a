"""The HUD's life: what it goes through, what it survives, and how it ends."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gazeline.runtime.bus import BusAddress, Hub
from tests.openxr.monado import HudProcess, Monado, standing
from tests.openxr.seeing import enclosed, until, until_dark
from tests.openxr.sending import Sending, Sent
from tests.runtime.hud_things import CAMERA_AT, disc, overlay, thing

CAPTURE = standing() @ CAMERA_AT
RING = disc((0.0, 1.6, -1.2), 0.2)


@pytest.fixture
def own_monado(testbed: None, tmp_path: Path) -> Iterator[Monado]:
    with Monado(tmp_path / "m") as running:
        yield running


def sent() -> list[Sent]:
    return [(overlay([thing(1, RING, CAPTURE, gazed=True)], CAPTURE, time.monotonic_ns()), None)]


def until_outlined(monado: Monado) -> None:
    shots = until(monado, lambda *both: all(enclosed(shot).any() for shot in both))
    assert all(enclosed(shot).any() for shot in shots)


def test_it_survives_the_runtime_and_the_bus_and_leaves_when_told(own_monado: Monado, tmp_path: Path) -> None:
    bus = BusAddress.parse(f"ipc://{tmp_path}/bus")
    arguments = ["--bus", str(bus)]
    with HudProcess(arguments, own_monado.environment, tmp_path / "hud.log") as hud:  # before there is a bus
        with Hub(bus), Sending(bus, sent):
            until_outlined(own_monado)
            own_monado.kill()
            hud.until("went away")
            own_monado.start()
            hud.until("session focused", count=2)
            until_outlined(own_monado)
        until_dark(own_monado)  # the bus has gone, and nothing stays frozen on the display
        with Hub(bus), Sending(bus, sent):
            until_outlined(own_monado)
        assert hud.end(signal.SIGINT) == 0
        said = hud.said
    states = [line.rsplit(" ", 1)[-1] for line in said.splitlines() if line.startswith("hud: session ")]
    assert states[:5] == ["idle", "ready", "synchronized", "visible", "focused"]
    assert states[-5:] == ["visible", "synchronized", "stopping", "idle", "exiting"]
    assert "Traceback" not in said
    assert "ms of processor time each" in said
    print([line for line in said.splitlines() if "processor time" in line])


def test_without_a_runtime_it_waits_and_says_so_once(testbed: None, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir(mode=0o700)
    environment = {"PATH": "/venv/bin:/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path / "m"), "HOME": str(tmp_path)}
    environment |= {"XR_RUNTIME_JSON": "/usr/share/openxr/1/openxr_monado.json", "PYTHONPATH": "/repository/typings"}
    bus = str(BusAddress.parse(f"ipc://{tmp_path}/bus"))
    with HudProcess(["--bus", bus], environment, tmp_path / "hud.log") as hud:
        hud.until("waiting for it")
        time.sleep(2.5)
        assert hud.said.count("waiting for it") == 1
        assert hud.end(signal.SIGTERM) == 0


def test_the_doctor_tells_what_will_work(monado: Monado) -> None:
    command = ["python", "-m", "gazeline.runtime.cli", "doctor", "--json"]
    environment = monado.environment
    said = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False).stdout
    found = {each["name"]: each for each in json.loads(said) if each["group"] == "Displays"}
    assert found["OpenXR runtime"]["state"] == "ok"
    assert "Monado" in found["OpenXR runtime"]["said"]
    assert "XR_EXT_eye_gaze_interaction" in found["OpenXR runtime"]["said"]
    assert "Remote HMD" in found["headset"]["said"]
    assert "head's direction" in found["eye gaze"]["said"]  # the extension is there, and no eyes are tracked
    assert found["blend modes"]["said"] == "opaque: the camera's picture is shown behind"


GLX = """
import time
from gazeline.runtime.hud import graphics
graphics.EGL = "none"  # as with a runtime that does not take it
from gazeline.runtime.hud.display import Display
from gazeline.runtime.hud.drawing import Drawing
shown = 0
with Display() as display:
    end_s = time.monotonic() + 60.0
    while shown < 3 and time.monotonic() < end_s:
        display.poll()
        frame = display.wait() if display.running else time.sleep(0.05)
        if frame is not None:
            display.show(frame, Drawing())
            shown += frame.views is not None
print("shown", shown, display.enabled)
"""


def test_a_runtime_without_egl_is_drawn_to_through_glx(monado: Monado) -> None:
    environment = monado.environment | {"DISPLAY": monado.screen}
    done = subprocess.run(
        ["python", "-c", GLX], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert "shown 3" in done.stdout, done.stderr[-2000:]
    assert "EGL" not in done.stdout
