"""``gazeline doctor``: it says what is so, survives what is broken, and names the command that helps."""

import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import zmq
from rich.console import Console

from gazeline.runtime.doctor import machine, probes, report
from gazeline.runtime.doctor.finding import Finding


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with tempfile.TemporaryDirectory(prefix="gz") as short:
        monkeypatch.setenv("XDG_RUNTIME_DIR", short)
        yield Path(short)


def only(findings: list[Finding], name: str) -> Finding:
    (found,) = [finding for finding in findings if finding.name == name]
    return found


def test_json_holds_every_finding(capsys: pytest.CaptureFixture[str]) -> None:
    code = report.main(as_json=True)
    findings = msgspec.json.decode(capsys.readouterr().out, type=list[Finding])
    assert code == int(any(finding.hurts for finding in findings))
    assert only(findings, "libzmq").said == zmq.zmq_version()
    assert "numpy" in only(findings, "packages").said
    assert only(findings, "onnxruntime CPU").state == "ok"
    assert not [finding for finding in findings if finding.group == "Other"]  # no check failed of itself
    assert {"Installation", "Machine", "Models", "Backends", "Drawing without a screen", "Displays"} <= {
        finding.group for finding in findings
    }


def test_people_see_what_is_wrong_and_the_command_that_helps() -> None:
    findings = [
        Finding("Bus", "libzmq", "broken", "4.2.0", "pip install --upgrade pyzmq", needed=True),
        Finding("Extras", "sim", "missing", "for [b]the simulator[/b]", "pip install 'gazeline[sim]'"),
    ]
    console = Console(width=80, record=True, file=open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    report.show(findings, console)
    text = console.export_text()
    console.file.close()
    assert "→ pip install --upgrade pyzmq" in text
    assert "→ pip install 'gazeline[sim]'" in text
    assert "[b]the simulator[/b]" in text
    assert "cannot run here: libzmq" in text


def test_a_folder_of_others_for_the_sockets_hurts(own_folders: Path) -> None:
    (own_folders / "gazeline").mkdir()
    (own_folders / "gazeline").chmod(0o777)
    sockets = only(report.bus(), "sockets")
    assert sockets.hurts
    assert "mode 0700" in sockets.said


def test_keys_that_others_can_read_are_found(tmp_path: Path) -> None:
    assert only(report.bus(), "keys").state == "note"
    key = tmp_path / "config" / "gazeline" / "bus.key"
    key.parent.mkdir(parents=True)
    key.write_text("{}")
    key.chmod(0o644)
    keys = only(report.bus(), "keys")
    assert (keys.state, keys.hurts) == ("broken", False)
    assert "chmod 600" in keys.said


def test_a_broken_model_of_the_users_is_found_and_hurts_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAZELINE_MODELS", str(tmp_path))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "model.toml").write_text("nonsense")
    mine = only(report.models(), "mine")
    assert (mine.state, mine.hurts) == ("broken", False)
    assert "model.toml" in mine.said


def test_the_browser_is_really_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (missing,) = probes.browser()
    assert missing.state == "missing"
    assert "apt-get install -y chromium" in missing.fix
    program = tmp_path / "chromium"
    program.write_text(f"#!{shutil.which('sh', path='/bin:/usr/bin')}\necho Chromium 99\n")
    program.chmod(0o755)
    assert probes.browser()[0].said.startswith("Chromium 99")
    program.write_text(f"#!{shutil.which('sh', path='/bin:/usr/bin')}\nexit 1\n")
    assert probes.browser()[0].state == "broken"


def test_the_active_openxr_runtime_is_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "none"))
    folder = tmp_path / "config" / "openxr" / "1"
    folder.mkdir(parents=True)
    manifest = folder / "active_runtime.json"
    manifest.write_text(json.dumps({"runtime": {"library_path": "./libruntime.so"}}))
    broken = only(probes.openxr(), "OpenXR runtime")
    assert broken.state == "broken"
    assert "is not there" in broken.said
    (folder / "libruntime.so").touch()
    found = only(probes.openxr(), "OpenXR runtime")  # it is really asked, where pyopenxr is there to ask it
    if importlib.util.find_spec("xr") and importlib.util.find_spec("moderngl"):
        assert found.state == "broken"
        assert "no OpenXR runtime answers" in found.said
    else:
        assert found.state == "ok"
    manifest.write_text("{}")
    assert only(probes.openxr(), "OpenXR runtime").state == "broken"
    monkeypatch.setenv("XR_RUNTIME_JSON", str(tmp_path / "elsewhere.json"))
    assert only(probes.openxr(), "OpenXR runtime").state == "missing"


def test_a_driver_that_crashes_takes_nobody_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "OPENGL", "import os; os.kill(os.getpid(), 11)")
    found = probes.offscreen_opengl()
    assert found[0].state in ("broken", "missing")  # missing: without the simulator nothing is tried
    monkeypatch.setattr(probes, "LIMIT_S", 0.5)
    monkeypatch.setattr(probes, "OPENGL", "import time; time.sleep(60)")
    assert probes.offscreen_opengl()[0].state in ("broken", "missing")


def test_extras_are_those_of_the_package() -> None:
    groups = {finding.name for finding in machine.packages() if finding.group == "Extras"}
    assert groups == set(machine.USES)
