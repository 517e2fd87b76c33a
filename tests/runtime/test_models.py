"""``gazeline models list`` and ``check``."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from gazeline.engines.bundle import MANIFEST
from gazeline.runtime.models import catalogue as models
from tests.engines.toy_models import write_own, write_sam


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, write in (("toy", write_own), ("toy-sam", write_sam), ("broken", write_own)):
        (tmp_path / name).mkdir()
        write(tmp_path / name, name)
    manifest = tmp_path / "broken" / MANIFEST
    manifest.write_text(manifest.read_text().replace("[input]", "[input]\nsise = [red]"))
    monkeypatch.setenv("GAZELINE_MODELS", str(tmp_path))
    return tmp_path


def _console() -> tuple[Console, StringIO]:
    text = StringIO()
    return Console(file=text, width=300), text


def test_the_list_tells_what_there_is(folder: Path) -> None:
    infos = {info.name: info for info in models.list_models()}
    assert infos.keys() >= {"toy", "toy-sam", "broken"}
    assert infos["toy"].family == "gazeline"
    assert infos["toy"].input_px == 192
    assert infos["toy"].licence == "Apache-2.0"
    assert infos["toy"].folder == folder / "toy"
    assert infos["toy"].bytes == sum(path.stat().st_size for path in (folder / "toy").glob("*.onnx"))
    assert MANIFEST in infos["broken"].error
    console, text = _console()
    models.print_list(console)
    for word in ("toy-sam", "192 px", "Apache-2.0", str(folder / "toy"), str(folder / "broken" / MANIFEST)):
        assert word in text.getvalue()


@pytest.mark.parametrize("name", ["toy", "toy-sam"])
def test_a_good_model_passes(folder: Path, name: str) -> None:
    check = models.check_model(name)
    assert [step.what for step in check.steps] == ["files", "loads", "segments", "speed"]
    assert check.ok, check.steps


def test_each_kind_of_fault_is_found(folder: Path) -> None:
    assert not models.check_model("broken").ok
    decoder = folder / "toy" / "decoder.onnx"
    decoder.write_bytes(decoder.read_bytes()[:-1] + b"x")
    check = models.check_model("toy")
    assert not check.ok
    assert "decoder.onnx is not the file" in check.steps[-1].detail
    console, text = _console()
    with pytest.raises(ValueError, match=r"these models do not work: broken, toy$"):
        models.check(None, console)
    assert "ok   segments" in text.getvalue()  # the good one
    assert "fail files" in text.getvalue()
    models.check(["toy-sam"], console)
    with pytest.raises(ValueError, match="no model called 'nope'"):
        models.check(["nope"], console)
