"""``gazeline segment``: files in, files out, and every kind of wrong input said in a sentence."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pycocotools import mask as coco

from gazeline.runtime import cli, segment, segment_everything
from gazeline.runtime.image_files import read_image, write_image
from gazeline.runtime.models.catalogue import known_picture
from tests.engines.toy_models import write_own, write_sam


@pytest.fixture(autouse=True)
def models(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The toy models as the user's own."""
    folder = tmp_path_factory.mktemp("models")
    for name, write in (("toy", write_own), ("toy-sam", write_sam)):
        (folder / name).mkdir()
        write(folder / name, name)
    monkeypatch.setenv("GAZELINE_MODELS", str(folder))


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """The picture of a disc, as a PNG."""
    write_image(tmp_path / "picture.png", known_picture()[0])
    return tmp_path / "picture.png"


def _iou(segmentation: dict[str, Any], truth: NDArray[np.bool_]) -> float:
    mask = coco.decode(segmentation).astype(bool)
    return float((mask & truth).sum() / (mask | truth).sum())


@pytest.mark.parametrize("model", ["toy", "toy-sam"])
def test_prompts_file_to_masks_file(tmp_path: Path, picture: Path, model: str) -> None:
    _, disc, (x, y) = known_picture()
    prompts = {
        "prompts": [
            {"id": "point", "points": [[x, y, 1]]},
            {"id": "box", "box": [x - 62, y - 62, x + 62, y + 62]},
            {"id": "both", "points": [[x, y, 1], [600, 400, 0]], "box": None},
            {"id": 7, "points": [[600, 440]]},
        ]
    }
    (tmp_path / "prompts.json").write_text(json.dumps(prompts))
    out = tmp_path / "masks.json"
    segment.run(picture, prompts=tmp_path / "prompts.json", model=model, out=out, overlay=tmp_path / "overlay.png")

    written = json.loads(out.read_text())
    assert written.keys() == {"image", "masks", "timing_ms"}
    assert written["image"] == {"width": 640, "height": 480}
    assert written["timing_ms"].keys() >= {"load", "encode", "decode", "total"}
    assert all(ms > 0 for ms in written["timing_ms"].values())
    assert [mask["id"] for mask in written["masks"]] == ["point", "box", "both", 7]
    for mask in written["masks"]:
        assert mask.keys() == {"id", "segmentation", "predicted_iou", "candidates"}
        assert mask["segmentation"]["size"] == [480, 640]
        assert len(mask["candidates"]) == 3
        assert {"segmentation": mask["segmentation"], "predicted_iou": mask["predicted_iou"]} in mask["candidates"]
    for mask in written["masks"][:3]:
        assert _iou(mask["segmentation"], disc) > 0.85
    assert _iou(written["masks"][3]["segmentation"], ~disc) > 0.2  # the ground, as far as the window shows it

    drawn = read_image(tmp_path / "overlay.png")
    assert drawn.shape == (480, 640, 3)
    assert (drawn != known_picture()[0]).any(axis=-1)[disc].mean() > 0.9


def test_a_point_on_the_command_line_prints_json(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, disc, (x, y) = known_picture()
    segment.run(picture, points=[f"{x},{y}", "600,440,0"], model="toy")
    (mask,) = json.loads(capsys.readouterr().out)["masks"]
    assert _iou(mask["segmentation"], disc) > 0.9


def test_a_box_on_the_command_line(tmp_path: Path, picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    segment.run(picture, box="188,138,312,262", model="toy", out=tmp_path / "out.json")
    assert "predicted IoU" in capsys.readouterr().out
    (mask,) = json.loads((tmp_path / "out.json").read_text())["masks"]
    assert _iou(mask["segmentation"], known_picture()[1]) > 0.9


def test_a_phone_s_sideways_picture_is_turned_upright(tmp_path: Path) -> None:
    """EXIF orientation 6: what is stored is to be turned clockwise, and pixels are those of the upright picture."""
    stored = np.zeros((40, 60, 3), np.uint8)
    stored[:20, :30] = (255, 0, 0)
    write_image(tmp_path / "plain.jpg", stored)
    plain = (tmp_path / "plain.jpg").read_bytes()
    tiff = b"MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
    exif = b"Exif\x00\x00" + tiff
    (tmp_path / "turned.jpg").write_bytes(
        plain[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + plain[2:]
    )
    upright = read_image(tmp_path / "turned.jpg")
    assert upright.shape == (60, 40, 3)
    assert upright[5, 35, 0] > 200
    assert upright[5, 5, 0] < 50


@pytest.mark.parametrize("channels", ["gray", "alpha", "deep"])
def test_all_kinds_of_pictures_become_rgb(tmp_path: Path, channels: str) -> None:
    images: dict[str, NDArray[Any]] = {
        "gray": np.full((20, 30), 90, np.uint8),
        "alpha": np.full((20, 30, 4), 90, np.uint8),
        "deep": np.full((20, 30, 3), 90 * 257, np.uint16),
    }
    cv2.imwrite(str(tmp_path / "x.png"), images[channels])
    image = read_image(tmp_path / "x.png")
    assert image.dtype == np.uint8
    assert image.shape == (20, 30, 3)
    np.testing.assert_allclose(image, 90, atol=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "give one of --point"),
        ({"points": ["1,2"], "box": "1,2,3,4"}, "give one of --point"),
        ({"points": ["1;2"]}, "--point must be X,Y or X,Y,LABEL, in pixels, not '1;2'"),
        ({"points": ["nan,2"]}, "--point must be"),
        ({"points": ["1,2,5"]}, "the label of a point must be 1"),
        ({"points": ["1,2,0"]}, "needs a box or at least one positive point"),
        ({"points": ["640,2"]}, r"the point \(640, 2\) lies outside the picture of 640x480 pixels"),
        ({"box": "1,2,3"}, "--box must be X0,Y0,X1,Y1"),
        ({"box": "9,2,3,4"}, "x0 < x1"),
        ({"box": "700,2,800,4"}, r"the box \(700, 2, 800, 4\) lies outside the picture"),
        ({"points": ["1,2"], "model": "nope"}, "no model called 'nope'"),
        ({"points": ["1,2"], "out": Path("/nowhere/masks.json")}, "/nowhere/masks.json cannot be written"),
        ({"points": ["1,2"], "overlay": Path("/")}, "/ cannot be written: it is a folder"),
        ({"points": ["1,2"], "overlay": Path("/tmp/overlay.gif")}, "pictures are .png"),
        ({"prompts": Path("/nowhere/prompts.json")}, "there is no file /nowhere/prompts.json"),
    ],
)
def test_wrong_options_are_said(picture: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, OSError), match=message):
        segment.run(picture, **{"model": "toy", **options})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "prompts.json: "),
        ("{", "prompts.json: "),
        ("[]", "Expected `object`, got `array`"),
        ("{}", "missing required field `prompts`"),
        ('{"prompts": []}', "length >= 1"),
        ('{"prompts": [{"points": [[1, 2, 1]]}]}', r"required field `id` - at `\$\.prompts\[0\]`"),
        ('{"prompts": [{"id": "a", "points": [[1]]}]}', r"length >= 2 - at `\$\.prompts\[0\]\.points\[0\]`"),
        ('{"prompts": [{"id": "a", "points": [["1", 2]]}]}', "Expected `float`, got `str`"),
        ('{"prompts": [{"id": "a", "box": [1, 2, 3]}]}', r"\$\.prompts\[0\]\.box"),
        ('{"prompts": [{"id": "a"}]}', "prompt 'a': a prompt needs a box or at least one positive point"),
        ('{"prompts": [{"id": "a", "points": []}]}', "prompt 'a': a prompt needs"),
        ('{"prompts": [{"id": "b", "points": [[1, 999, 1]]}]}', r"prompt 'b': the point \(1, 999\) lies outside"),
        ('{"prompts": [{"id": "b", "points": [[1, 1e999, 1]]}]}', "prompt"),
    ],
)
def test_wrong_prompts_files_are_said(tmp_path: Path, picture: Path, text: str, message: str) -> None:
    path = tmp_path / "prompts.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        segment.run(picture, prompts=path, model="toy")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["missing", "folder", "empty", "text", "cut jpeg", "cut png"])
def test_wrong_pictures_are_said(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "broken.jpg"
    image = known_picture()[0]
    match kind:
        case "folder":
            path.mkdir()
        case "empty" | "text":
            path.write_text("" if kind == "empty" else "this is no picture" * 20)
        case "cut jpeg" | "cut png":
            write_image(tmp_path / f"whole.{kind[4:]}", image)
            whole = (tmp_path / f"whole.{kind[4:]}").read_bytes()
            path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises((ValueError, OSError), match=r"broken\.jpg"):
        segment.run(path, points=["1,2"], model="toy")


def test_everything_is_outlined_in_wholes_and_parts(tmp_path: Path, picture: Path) -> None:
    _, disc, _ = known_picture()
    out, overlay = tmp_path / "all.json", tmp_path / "all.png"
    segment_everything.run(picture, model="toy", out=out, overlay=overlay)

    written = json.loads(out.read_text())
    assert written["image"] == {"width": 640, "height": 480}
    things = written["masks"]
    assert [thing["id"] for thing in things] == list(range(len(things)))
    (found,) = (thing for thing in things if _iou(thing["segmentation"], disc) > 0.85)
    x, y, width, height = found["bbox"]
    rows, columns = np.nonzero(coco.decode(found["segmentation"]))
    assert (x, y, width, height) == (columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)
    assert found["area"] == len(rows)
    for thing in things:
        assert thing["parts"] == [other["id"] for other in things if other["whole"] == thing["id"]]
    drawn = read_image(overlay)
    assert (drawn != known_picture()[0]).any(axis=-1)[disc].any()


def test_everything_takes_no_prompts(picture: Path) -> None:
    with pytest.raises(ValueError, match="leave out --point"):
        cli.app(["segment", str(picture), "--everything", "--point", "3,4"], standalone_mode=False)
