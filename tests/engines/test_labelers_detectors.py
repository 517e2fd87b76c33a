"""Detectors with the outputs of well-known exporters: the box and the class that they give are the right ones."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("onnx", reason="adding a model needs onnx (extra: export)")

from gazeline.engines.add import Request, add_labeler
from gazeline.engines.labelers.bundle import DetectorManifest
from gazeline.engines.labelers.detector import Detector
from tests.engines import toy_detectors

FORMS = ["nms", "dets", "boxes", "rows6", "rows7", "detr", "detr-softmax", "yolox", "yolox-grid", "yolov5", "yolov8"]
BOX = (300, 60, 480, 200)  # x0, y0, x1, y1 px


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models"
    monkeypatch.setenv("GAZELINE_MODELS", str(folder))
    return folder


def picture(height: int = 480, width: int = 640) -> NDArray[np.uint8]:
    """Grey, with one red thing."""
    image = np.full((height, width, 3), 128, np.uint8)
    x0, y0, x1, y1 = BOX
    image[y0:y1, x0:x1] = (230, 20, 30)
    return image


@pytest.mark.parametrize("form", FORMS)
def test_the_form_is_recognised_and_the_red_thing_found(form: str, models: Path, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    toy_detectors.write(folder / "network.onnx", form)
    (folder / "labels.txt").write_text("\n".join(toy_detectors.LABELS) + "\n")
    bundle = add_labeler(Request(folder / "network.onnx"), print)
    assert bundle is not None
    assert bundle.name == "network"
    manifest = bundle.manifest
    assert isinstance(manifest, DetectorManifest)
    assert manifest.form == form
    found = Detector.load("network").detect(picture())
    assert len(found.boxes) >= 1
    assert manifest.labels[found.classes[0]] == "red thing"
    assert found.scores[0] == pytest.approx(toy_detectors.SCORE, abs=1e-3)
    assert np.abs(found.boxes[0] - BOX).max() <= 10.0  # a pixel of the network is ten of the picture


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("coco.names", "blue thing\nred thing\ngreen thing\n"),
        ("config.json", '{"id2label": {"0": "blue thing", "1": "red thing", "2": "green thing"}}'),
        ("data.yaml", "names:\n  0: blue thing\n  1: red thing\n  2: green thing\n"),
    ],
)
def test_classes_come_from_what_lies_beside_the_network(file: str, text: str, models: Path, tmp_path: Path) -> None:
    toy_detectors.write(tmp_path / "d.onnx", "yolov8")
    (tmp_path / file).write_text(text)
    bundle = add_labeler(Request(tmp_path / "d.onnx"), print)
    assert bundle is not None
    assert isinstance(bundle.manifest, DetectorManifest)
    assert bundle.manifest.labels == toy_detectors.LABELS


def test_classes_come_from_the_network_itself_as_ultralytics_writes_them(models: Path, tmp_path: Path) -> None:
    import onnx

    toy_detectors.write(tmp_path / "d.onnx", "yolov8")
    model = onnx.load(tmp_path / "d.onnx")
    onnx.helper.set_model_props(model, {"names": str(dict(enumerate(toy_detectors.LABELS)))})
    onnx.save(model, tmp_path / "d.onnx")
    bundle = add_labeler(Request(tmp_path / "d.onnx"), print)
    assert bundle is not None
    assert isinstance(bundle.manifest, DetectorManifest)
    assert bundle.manifest.labels == toy_detectors.LABELS


def test_what_is_wrong_is_said_in_a_sentence_and_nothing_is_left(models: Path, tmp_path: Path) -> None:
    toy_detectors.write(tmp_path / "d.onnx", "yolox")
    with pytest.raises(ValueError, match=r"no file says how the classes of d\.onnx are called; give --labels FILE"):
        add_labeler(Request(tmp_path / "d.onnx"), print)
    two = tmp_path / "two.txt"
    two.write_text("a\nb\n")
    with pytest.raises(ValueError, match="the network has 3 classes, but 2 are named"):
        add_labeler(Request(tmp_path / "d.onnx", labels=two), print)
    two.write_text("a\n\nb\n")
    with pytest.raises(ValueError, match="is no list of classes"):
        add_labeler(Request(tmp_path / "d.onnx", labels=two), print)
    assert not models.exists() or list(models.iterdir()) == []


def test_what_is_no_labeler_is_left_to_others(models: Path, tmp_path: Path) -> None:
    from tests.engines import toy_pairs

    toy_pairs.segment_anything(tmp_path)
    assert add_labeler(Request(tmp_path), print) is None
