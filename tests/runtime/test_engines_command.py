"""``gazeline engines`` as it is typed."""

from collections.abc import Callable
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from gazeline.engines import engine_cache
from gazeline.engines.engine_cache import Record
from gazeline.runtime import calibration_pictures, cli
from gazeline.runtime.doctor import engines as doctor
from tests.engines.toy_models import write_own

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    monkeypatch.setenv("GAZELINE_ENGINES", str(tmp_path / "engines"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("COLUMNS", "160")

    def typed(*arguments: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(["engines", *map(str, arguments)])
        captured = capsys.readouterr()
        return int(left.value.code or 0), captured.out, captured.err.removeprefix("error: ")

    return typed


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    folder = tmp_path / "models" / "toy"
    folder.mkdir(parents=True)
    return write_own(folder).folder


def test_engines_are_built_listed_compared_and_removed(typed: Typed, toy: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorrt_rtx", reason="needs TensorRT-RTX: pip install 'gazeline[rtx]'")
    report = tmp_path / "report.json"
    code, out, err = typed("build", toy, "--target", "sm_86", "--report", report)
    assert code == 0, err
    assert "building encoder.engine for sm_86 with tensorrt_rtx" in err
    record = msgspec.json.decode(report.read_bytes(), type=Record)
    assert record.networks_verdict is not None
    assert record.networks_verdict.mean_iou > 0.99
    (place,) = engine_cache.places()
    code, out, err = typed("build", toy, "--target", "sm_86", "--precision", "fp32")
    assert code == 0, err
    other, _ = engine_cache.places()
    code, out, _ = typed("list")
    assert place.name in out
    assert "not yet run on the device" in out
    code, out, _ = typed("inspect", place.name, other)
    assert code == 0
    assert all(word in out for word in ("encoder.engine", "fp16", "fp32", "float32", "sm_86"))
    (finding, _) = sorted(doctor.engines(), key=lambda f: f.name != place.name)
    assert (finding.name, finding.state) == (place.name, "note")
    code, _, err = typed("inspect", place.name, "--layers")
    assert (code, err.strip()) == (2, "there is no NVIDIA driver on this machine") or code == 0
    (place / "encoder.engine").write_bytes(b"garbage")
    assert doctor.engines()[-1].state == "broken"
    code, out, _ = typed("list")
    assert "cannot be used" in out
    for folder in (place, other):
        assert typed("remove", folder.name)[0] == 0
    assert engine_cache.places() == []


def test_what_is_wrong_is_said_before_anything_is_built(typed: Typed, toy: Path) -> None:
    pytest.importorskip("tensorrt_rtx", reason="needs TensorRT-RTX: pip install 'gazeline[rtx]'")
    for arguments, words in (
        (["build", toy, "--target", "rtx4090"], "neither native nor a compute capability"),
        (["build", "nothing"], "there is no model called 'nothing'"),
        (["build", toy, "--precision", "int8", "--target", "sm_86"], "int8 needs pictures to calibrate with"),
        (["build", toy, "--calibration", "sim"], "--calibration is for int8 and fp8"),
        (["inspect", "nothing"], "has no engines"),
    ):
        code, _, said = typed(*arguments)
        assert code == 2
        assert words in said
        assert "\n" not in said.strip()
    assert engine_cache.places() == []


def test_pictures_are_spread_over_a_folder(tmp_path: Path) -> None:
    for i in range(30):
        cv2.imwrite(str(tmp_path / f"{i:02}.png"), np.full((48, 64, 3), 8 * i, np.uint8))
    found = calibration_pictures.pictures(str(tmp_path), 5)
    levels = [int(picture.mean()) for picture in found]
    assert len(levels) == 5
    assert levels == sorted(levels)
    assert levels[0] < 40
    assert levels[-1] > 190


def test_pictures_come_from_the_simulator() -> None:
    pytest.importorskip("mujoco", reason="needs the simulator: pip install 'gazeline[sim]'")
    try:
        found = calibration_pictures.pictures("sim", 1)
    except OSError as error:
        if "cannot draw" not in str(error):
            raise
        pytest.skip(str(error))
    assert [picture.shape for picture in found] == [(480, 640, 3)]
    assert found[0].std() > 10
