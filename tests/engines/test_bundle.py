"""Bundles: what is read, what is verified, what is refused and how that is said."""

import hashlib
import os
import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from gazeline.engines import bundle
from gazeline.engines.onnx_files import external_files
from tests.engines.toy_models import write_own


def _edit(folder: Path, old: str, new: str) -> None:
    path = folder / bundle.MANIFEST
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    written = write_own(tmp_path, size=64, m=32)
    assert bundle.load(tmp_path) == written
    assert written.name == "toy"
    assert written.manifest.window.kind == "foveal"
    assert written.manifest.files.keys() == {"encoder.onnx", "decoder.onnx"}
    assert written.bytes == sum(path.stat().st_size for path in (written.encoder, written.decoder))


def test_models_are_found_by_name_in_the_user_s_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toy").mkdir()
    write_own(tmp_path / "toy", size=64, m=32)
    monkeypatch.setenv("GAZELINE_MODELS", str(tmp_path))
    assert bundle.list_bundles()["toy"] == tmp_path / "toy"
    assert bundle.load("toy").name == "toy"
    assert bundle.find(str(tmp_path / "toy")) == tmp_path / "toy"
    with pytest.raises(ValueError, match=r"no model called 'nope' \(known: .*toy"):
        bundle.load("nope")
    with pytest.raises(FileNotFoundError, match=r"no model\.toml"):
        bundle.load(tmp_path)


def test_the_user_s_folder_follows_the_desktop_standard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GAZELINE_MODELS", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert bundle.user_folder() == tmp_path / "gazeline" / "models"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("size = 64", "size = 64\nsise = 3", r"unknown field `sise` - at `\$\.input`"),
        ("size = 64", 'size = "64"', r"Expected `int`, got `str` - at `\$\.input\.size`"),
        ("size = 64", "size = 100000", r"<= 4096 - at `\$\.input\.size`"),
        ('licence = "Apache-2.0"', "", "missing required field `licence`"),
        ('kind = "foveal"', 'kind = "round"', r"'round' - at `\$\.window\.kind`"),
        ('name = "toy"', 'name = "../toy"', r"at `\$\.name`"),
        ('"encoder.onnx" =', '"../encoder.onnx" =', r"lacks encoder\.onnx"),
        ("[limits]", '"../x" = { bytes = 1, sha256 = "' + "0" * 64 + '" }\n[limits]', "not inside the model's folder"),
        (
            "[limits]",
            '"/etc/x" = { bytes = 1, sha256 = "' + "0" * 64 + '" }\n[limits]',
            "not inside the model's folder",
        ),
        ("[input]", "[input", "Expected"),
    ],
)
def test_a_wrong_manifest_names_the_file_and_the_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    write_own(tmp_path, size=64, m=32)
    _edit(tmp_path, old, new)
    with pytest.raises(ValueError, match=message) as caught:
        bundle.load(tmp_path)
    assert str(tmp_path / bundle.MANIFEST) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_changed_missing_and_borrowed_files_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    written = write_own(folder, size=64, m=32)
    content = bytearray(written.decoder.read_bytes())
    content[100] ^= 1
    written.decoder.write_bytes(content)
    with pytest.raises(ValueError, match=r"decoder\.onnx is not the file that model\.toml describes"):
        bundle.load(folder)
    written = write_own(folder, size=64, m=32)
    os.rename(written.encoder, tmp_path / "elsewhere.onnx")
    with pytest.raises(FileNotFoundError, match=r"lacks its file .*encoder\.onnx"):
        bundle.load(folder)
    os.symlink(tmp_path / "elsewhere.onnx", written.encoder)
    with pytest.raises(ValueError, match="leads out of the model's folder"):
        bundle.load(folder)


def test_a_huge_manifest_is_not_read(tmp_path: Path) -> None:
    write_own(tmp_path, size=64, m=32)
    with (tmp_path / bundle.MANIFEST).open("a") as file:
        file.write("#" * 100_000)
    with pytest.raises(ValueError, match="too large"):
        bundle.load(tmp_path)


def _with_external_data(path: Path, location: str, nested: bool) -> None:
    """A network that reads a weight from ``location``, at the top or inside a branch."""
    weight = numpy_helper.from_array(np.ones(4, np.float32), "w")
    weight.ClearField("raw_data")
    weight.data_location = onnx.TensorProto.EXTERNAL
    weight.external_data.add(key="location", value=location)
    out = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [4])
    branch = helper.make_graph([helper.make_node("Identity", ["w"], ["y"])], "branch", [], [out], [weight])
    condition = helper.make_tensor_value_info("c", onnx.TensorProto.BOOL, [])
    node = helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)
    top = helper.make_graph([node], "top", [condition], [out]) if nested else branch
    path.write_bytes(helper.make_model(top).SerializeToString())


@pytest.mark.parametrize("nested", [False, True])
def test_weights_from_unlisted_files_are_refused(tmp_path: Path, nested: bool) -> None:
    written = write_own(tmp_path, size=64, m=32)
    _with_external_data(written.encoder, "../../secret.bin", nested)
    assert external_files(written.encoder) == {"../../secret.bin"}
    digest = hashlib.sha256(written.encoder.read_bytes()).hexdigest()
    text = (tmp_path / bundle.MANIFEST).read_text()
    line = f'"encoder.onnx" = {{ bytes = {written.encoder.stat().st_size}, sha256 = "{digest}" }}'
    (tmp_path / bundle.MANIFEST).write_text(re.sub(r'"encoder\.onnx" = .*', line, text))
    with pytest.raises(ValueError, match=r"reads its weights from '\.\./\.\./secret\.bin'"):
        bundle.load(tmp_path)


def test_external_files_of_real_and_of_broken_networks(tmp_path: Path) -> None:
    written = write_own(tmp_path, size=64, m=32)
    assert external_files(written.decoder) == set()
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(written.decoder.read_bytes()[:-7])
    with pytest.raises(ValueError, match=r"broken\.onnx is not an ONNX model, or it is cut off"):
        external_files(broken)
    broken.write_bytes(b"")
    with pytest.raises(ValueError, match="empty"):
        external_files(broken)
