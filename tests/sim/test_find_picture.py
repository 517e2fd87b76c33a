"""``gazeline find TEXT IMAGE``: with the truth's outlines and names, and the command with the shipped model."""

import json
from collections.abc import Sequence
from math import radians
from pathlib import Path

import numpy as np
import pytest

from gazeline.calib.cameras import Pinhole
from gazeline.engines import rle
from gazeline.engines.bundle import Likeness
from gazeline.runtime import demo
from gazeline.runtime.cli import main
from gazeline.runtime.find.picture import find_in, output_of
from gazeline.runtime.image_files import read_image, write_image
from gazeline.runtime.naming import vocabulary
from gazeline.runtime.naming.gallery import Shelf
from gazeline.runtime.naming.label import Crop, Named
from gazeline.runtime.naming.labelling import LabelStage, crop_around
from gazeline.runtime.naming.names import Names

pytestmark = pytest.mark.skipif(not demo.can_draw(), reason="the simulator needs an off-screen OpenGL")


class Truth:
    """A `Labeler` that knows."""

    def __init__(self, names: dict[int, str]) -> None:
        self.names = names

    def label(self, crops: Sequence[Crop]) -> list[Named]:
        return [Named(self.names[crop.track_id], 0.9, "model") for crop in crops]


@pytest.fixture(scope="module")
def kitchen() -> tuple[np.ndarray, dict[int, np.ndarray], dict[int, str]]:
    """A picture, and the mask and kind of each thing in it by id."""
    from gazeline.sim.render import Renderer, look_at
    from gazeline.sim.scene import build_scene

    scene = build_scene("kitchen", 3)
    camera = Pinhole.from_horizontal_fov(640, 480, radians(80.0))
    picture = Renderer(scene, camera).render(look_at(scene.viewpoint.head, scene.viewpoint.target))
    masks = {item.id: picture.object_ids == item.id for item in scene.objects}
    names = {item.id: item.name.rstrip("0123456789 ") for item in scene.objects}
    return picture.rgb, {i: mask for i, mask in masks.items() if mask.sum() >= 250}, names


@pytest.mark.parametrize(
    ("text", "understood", "found"),
    [
        ("green apple", "an apple that is green", ["apple", "apple"]),
        ("fruit in the fruit bowl", "a fruit (apple, orange), in a fruit bowl", ["apple", "orange"]),
        ("spoon left of the knife", "a spoon, to the left of a knife", []),
        ("the rightmost chair", "the rightmost chair", ["chair"]),
        ("purple spoon", "a spoon that is purple", ["spoon"]),
        ("frobnitz", 'nothing was understood; not understood: "frobnitz" (nothing is called so)', []),
    ],
)
def test_things_are_found_in_a_picture_without_depth(
    text: str,
    understood: str,
    found: list[str],
    kitchen: tuple[np.ndarray, dict[int, np.ndarray], dict[int, str]],
) -> None:
    picture, masks, names = kitchen
    crops = [crop_around(i, mask, picture) for i, mask in masks.items()]
    stage = LabelStage([Truth(names)], Shelf(None, "none", Likeness()))
    output = output_of(picture, crops, find_in(crops, text, stage, Names(), vocabulary.shipped()))
    assert output["understood"].replace("banana, lemon, …", "orange") == understood
    assert sorted(str(row["name"]) for row in output["found"]) == found
    for row in output["found"]:
        assert np.array_equal(rle.decode(row["segmentation"]), masks[row["id"]])


def test_the_command_finds_what_has_the_colour_and_marks_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    ys, xs = np.mgrid[:480, :640]
    picture = np.stack([150 + 0.05 * xs, 150 + 0.05 * ys, 150 + 0 * xs], axis=-1)
    discs = [np.hypot(xs - x, ys - 240) <= 55 for x in (180, 440)]
    for disc, colour in zip(discs, ((200.0, 40.0, 40.0), (40.0, 80.0, 200.0)), strict=True):
        picture = np.where(disc[..., None], np.array(colour) * (1.0 - 0.15 * (ys[..., None] - 240) / 55), picture)
    picture += np.random.default_rng(0).normal(0.0, 3.0, picture.shape)
    write_image(tmp_path / "discs.png", np.clip(picture, 0, 255).astype(np.uint8))
    options = ["--out", str(tmp_path / "found.json"), "--overlay", str(tmp_path / "found.png")]
    with pytest.raises(SystemExit) as ended:
        main(["find", "something red left of the blue thing", str(tmp_path / "discs.png"), *options])
    assert not ended.value.code
    output = json.loads((tmp_path / "found.json").read_text())
    assert output["understood"] == "a thing that is red, to the left of a thing that is blue"
    (row,) = output["found"]
    found = rle.decode(row["segmentation"])
    assert (found & discs[0]).sum() / (found | discs[0]).sum() > 0.7
    changed = (read_image(tmp_path / "found.png") != read_image(tmp_path / "discs.png")).any(axis=2)
    assert changed[found].mean() > 0.9
    assert changed[discs[1]].mean() < 0.1


def test_mistakes_are_said_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["find", "mug", str(tmp_path / "none.png")])
    assert ended.value.code == 2
    assert "there is no file" in capsys.readouterr().err
