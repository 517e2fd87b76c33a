"""Judging what was found in whole pictures, on pictures whose answers are known."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.engines.labelled_sets import Depth, read_set
from gazeline.runtime import cli
from gazeline.runtime.evaluation.all_things import Finding, by_picture, read_picture, score
from gazeline.runtime.image_files import Image
from tests.engines.toy_models import write_own
from tests.runtime.test_evaluation import PLACES, square, write_set


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_set(tmp_path / "squares")


def found(*masks: NDArray[np.bool_], things: int | None = None) -> Finding:
    count = len(masks) if things is None else things
    return Finding(masks, [i < count for i in range(len(masks))])


def test_recall_duplicates_and_precision_are_counted(folder: Path) -> None:
    pictures = by_picture(read_set(folder, min_area_px=100))
    assert len(pictures) == len(PLACES)
    answers = iter(
        [
            found(square(*PLACES[0]), square(PLACES[0][0] + 2, PLACES[0][1])),  # twice
            found(square(*PLACES[1]), square(0, 0, 10)),  # and something else
            found(square(0, 0, 10)),  # missed
            found(square(*PLACES[3]), square(0, 0, 10), things=1),  # and a part or a surface
        ]
    )

    def find(image: Image, depth_m: Depth | None) -> Finding:
        return next(answers)

    result = score(pictures, find, read_picture)
    assert (result.pictures, result.objects) == (4, 4)
    assert result.recall.mean == pytest.approx(3 / 4)
    assert result.duplicates == pytest.approx(1 / 4)
    assert result.precision is not None
    assert result.precision.mean == pytest.approx(4 / 6)
    assert result.found == pytest.approx(7 / 4)


def test_nothing_found_is_no_recall(folder: Path) -> None:
    result = score(by_picture(read_set(folder, min_area_px=100)), lambda image, depth_m: found(), read_picture)
    assert result.recall.mean == 0.0
    assert result.precision is None


def test_pictures_that_are_not_fully_labelled_are_left_out(folder: Path) -> None:
    path = folder / "instances.json"
    content = msgspec.json.decode(path.read_bytes())
    content["images"][0]["annotation_completeness"] = "one_person_only"
    content["images"][1]["dense"] = False
    path.write_bytes(msgspec.json.encode(content))
    assert len(by_picture(read_set(folder, min_area_px=100))) == len(PLACES) - 2
    for image in content["images"]:
        image["dense"] = False
    path.write_bytes(msgspec.json.encode(content))
    with pytest.raises(ValueError, match="no picture of this set"):
        by_picture(read_set(folder, min_area_px=100))


def test_the_command_measures_a_model(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "toy").mkdir()
    write_own(tmp_path / "toy", "toy")
    out = tmp_path / "all.json"
    arguments = ["eval", str(folder), "--ask", "everything", "--model", str(tmp_path / "toy"), "--min-area", "100"]
    cli.app([*arguments, "--out", str(out)], standalone_mode=False)
    (row,) = msgspec.json.decode(out.read_bytes()).values()
    assert row["objects"] == len(PLACES)
    assert row["recall"]["mean"] == 1.0  # it segments by colour
    assert "recall at IoU 0.5" in capsys.readouterr().out
    with pytest.raises(ValueError, match="cannot be combined"):
        cli.app([*arguments, "--ask", "click"], standalone_mode=False)
