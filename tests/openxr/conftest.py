"""For each file of tests one Monado, one bus and one HUD, shared by the tests that do no harm to them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gazeline.runtime.bus import BusAddress, Hub
from tests.openxr.monado import HudProcess, Monado


@pytest.fixture(scope="session")
def testbed() -> None:
    if not os.environ.get("GAZELINE_OPENXR_TESTBED"):
        pytest.skip("needs an OpenXR runtime of its own; tools/openxr_testbed.sh makes one and runs these")


@pytest.fixture(scope="module")
def monado(testbed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monado]:
    with Monado(tmp_path_factory.mktemp("x") / "m") as running:
        yield running


@pytest.fixture(scope="module")
def bus(testbed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusAddress]:
    address = BusAddress.parse(f"ipc://{tmp_path_factory.mktemp('b')}/bus")
    with Hub(address):
        yield address


@pytest.fixture(scope="module")
def hud(monado: Monado, bus: BusAddress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HudProcess]:
    """It shows the camera's picture where one is sent: Monado's display is opaque."""
    log: Path = tmp_path_factory.mktemp("h") / "hud.log"
    with HudProcess(["--bus", str(bus)], monado.environment, log) as running:
        running.until("session focused")
        yield running
