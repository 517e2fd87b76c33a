"""``gazeline eval`` on small sets whose answers are known: bright squares, and a model that segments by colour."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from gazeline.engines import rle
from gazeline.engines.labelled_sets import read_set
from gazeline.engines.mask_scores import iou
from gazeline.engines.segmenter import Segmenter
from gazeline.runtime import cli
from gazeline.runtime.evaluation import baselines
from gazeline.runtime.evaluation.asking import GazeError, read_case
from gazeline.runtime.evaluation.confidence import estimate
from gazeline.runtime.evaluation.measure import MODEL, Questions, measure
from gazeline.runtime.evaluation.report import calibration
from tests.engines.toy_models import write_own

WIDTH, HEIGHT, SIDE = 160, 120, 36
PLACES = ((20, 25), (100, 60), (65, 15), (10, 75))  # the squares' top left corners, x, y


def square(x: int, y: int, side: int = SIDE) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[y : y + side, x : x + side] = True
    return mask


def write_set(folder: Path) -> Path:
    """Pictures of an orange square on grey with some noise, as a COCO folder."""
    (folder / "images").mkdir(parents=True)
    rng = np.random.default_rng(0)
    content: dict[str, list[dict[str, Any]]] = {"images": [], "annotations": []}
    for number, place in enumerate(PLACES):
        mask = square(*place)
        picture = np.where(mask[..., None], np.array([40, 120, 220]), 110) + rng.normal(0, 4, (HEIGHT, WIDTH, 3))
        cv2.imwrite(str(folder / "images" / f"{number}.png"), np.clip(picture, 0, 255).astype(np.uint8))
        content["images"].append({"id": number, "file_name": f"{number}.png", "width": WIDTH, "height": HEIGHT})
        annotation = {"id": number, "image_id": number, "area": SIDE**2, "iscrowd": 0}
        content["annotations"].append({**annotation, "segmentation": dict(rle.encode(mask))})
    (folder / "instances.json").write_text(json.dumps(content))
    return folder


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_set(tmp_path_factory.mktemp("sets") / "squares")


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "toy"
    folder.mkdir()
    write_own(folder)
    return folder


@pytest.fixture
def evaluated(squares: Path, toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """What the command writes and prints, with these further arguments."""

    def evaluated(*arguments: str) -> tuple[Any, str]:
        out = tmp_path / "report.json"
        with pytest.raises(SystemExit) as left:
            cli.main(["eval", str(squares), "--model", str(toy), "--out", str(out), *arguments])
        said = capsys.readouterr()
        assert left.value.code == 0, said.err
        return json.loads(out.read_text()), said.out

    return evaluated


def test_it_says_how_good_a_model_is(evaluated: Callable[..., Any], toy: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    report, said = evaluated("--sheet", str(sheet), "--against", "gazeline-s", "--draws", "2")
    assert (report["objects"], report["pictures"], report["model"]) == (4, 4, str(toy))
    quality = report["quality"]
    for asked in ("click", "3 clicks", "5 clicks", "gaze", "box"):
        assert quality["model"][asked]["chosen"]["mean"] > 0.9, asked
        assert quality["model"][asked]["boundary_f"]["mean"] > 0.9, asked
        assert quality["against"][asked]["chosen"]["count"] == 4
    pixels_within_8 = 193  # of a pixel's centre, itself included: a twentieth of the width
    assert quality["disc"]["click"]["chosen"]["mean"] == pytest.approx(pixels_within_8 / SIDE**2)
    better = report["differences"]["disc"]["click"]["all"]
    assert better["mean"] == pytest.approx(
        quality["model"]["click"]["chosen"]["mean"] - quality["disc"]["click"]["chosen"]["mean"]
    )
    assert 0 < better["low"] <= better["mean"] <= better["high"]
    assert report["by_size"]["medium"]["model"]["click"]["count"] == 4
    assert "large" not in report["by_size"]
    assert [row["name"] for row in report["things"]] == ["0.png 0", "1.png 1", "2.png 2", "3.png 3"]
    assert report["times"]["model"]["encode"]["runs"] >= 4
    for words in ("4 objects in 4 pictures", "GrabCut", "a disc", "gazeline-s", "calibration", "medium"):
        assert words in said
    picture = cv2.imread(str(sheet))
    assert picture is not None
    assert picture.shape[1] == 4 * 240
    assert (picture == (0, 0, 0)).all(axis=-1).mean() < 0.5


def test_a_model_is_as_good_as_itself_and_runs_repeat(evaluated: Callable[..., Any], toy: Path) -> None:
    first, _ = evaluated("--against", str(toy), "--no-grabcut")
    for sizes in first["differences"]["against"].values():
        assert all(found["mean"] == found["low"] == found["high"] == 0.0 for found in sizes.values())
    again, _ = evaluated("--against", str(toy), "--no-grabcut")
    first.pop("times"), again.pop("times")
    assert first == again


def test_it_asks_what_it_is_told_to(evaluated: Callable[..., Any]) -> None:
    report, said = evaluated("--ask", "gaze", "--gaze-error-deg", "0", "--draws", "2", "--limit", "2", "--no-grabcut")
    assert set(report["quality"]) == {"model", "disc"}
    assert set(report["quality"]["model"]) == {"gaze"}
    assert [row["name"] for row in report["things"]] == ["0.png 0", "3.png 3"]
    exact, _ = evaluated("--ask", "click", "--limit", "2", "--no-grabcut")
    assert report["things"][0]["answers"]["model"]["gaze"] == exact["things"][0]["answers"]["model"]["click"]
    assert "0 deg off" in said


def test_clicks_come_with_the_mask_so_far_or_without(evaluated: Callable[..., Any]) -> None:
    few = ("--ask", "clicks", "--limit", "1", "--no-grabcut")
    for further, note in (((), False), (("--mask-input",), True)):
        report, said = evaluated(*few, *further)
        assert report["settings"]["mask_input"] is note
        assert ("with the mask so far" in said) is note
        assert report["quality"]["model"]["5 clicks"]["chosen"]["mean"] > 0.9


def test_gaze_strays_as_far_as_it_is_told_to_and_stays_inside(squares: Path) -> None:
    (thing,) = read_set(squares, most=1)
    case = read_case(thing, GazeError(0.8, draws=4000, fov_deg=64.0), 0, with_depth=False)
    np.testing.assert_allclose((case.gaze - case.click).std(axis=0), 0.8 * WIDTH / 64.0, rtol=0.05)
    np.testing.assert_allclose(case.gaze.mean(axis=0), case.click, atol=0.3)
    wild = read_case(thing, GazeError(30.0, draws=500), 0, with_depth=False).gaze
    assert ((wild >= 0) & (wild <= [WIDTH - 1, HEIGHT - 1])).all()
    other = read_case(thing, GazeError(), 1, with_depth=False)
    assert (other.gaze != read_case(thing, GazeError(), 0, with_depth=False).gaze).all()


def test_gaze_that_misses_counts(squares: Path, toy: Path) -> None:
    segmenter = Segmenter.load(toy)
    things = read_set(squares)
    results = measure(things, Questions(["gaze"], GazeError(20.0), grabcut=False), {MODEL: segmenter})
    segmenter.close()
    assert 0.0 < results.answers[MODEL]["gaze"][:, 0].mean() < 0.9


def test_grabcut_finds_a_square_that_stands_out(squares: Path) -> None:
    (thing,) = read_set(squares, most=1)
    case = read_case(thing, GazeError(), 0, with_depth=False)
    assert iou(baselines.grabcut_around(case.image, case.click), case.wanted) > 0.85
    assert iou(baselines.grabcut_in_box(case.image, case.box), case.wanted) > 0.85
    whole = np.array([-0.5, -0.5, WIDTH - 0.5, HEIGHT - 0.5])
    assert baselines.grabcut_in_box(case.image, whole).all()
    corner = baselines.grabcut_around(case.image, np.array([WIDTH - 1.0, HEIGHT - 1.0]))
    assert corner.shape == (HEIGHT, WIDTH)


def test_limits_cover_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    groups = np.repeat([f"{g}" for g in range(40)], 5)
    covered = 0
    for _ in range(200):
        values = np.repeat(rng.normal(0.5, 0.2, 40), 5) + rng.normal(0, 0.1, 200)  # objects of a picture are alike
        found = estimate(values, groups)
        covered += found.low <= 0.5 <= found.high
    assert 0.88 < covered / 200 <= 0.99


def test_limits_of_one_group_are_of_its_values_and_one_value_has_none() -> None:
    found = estimate(np.array([0.0, 1.0, 0.0, 1.0]), np.array(["a"] * 4))
    assert found.low < 0.5 < found.high
    assert np.isnan(estimate(np.array([0.3]), np.array(["a"])).low)


def test_calibration_of_a_boaster() -> None:
    real = np.linspace(0.1, 0.5, 9)
    table = np.stack([real, real + 0.1, real, real + 0.3], axis=1)
    found = calibration(table)
    assert found.error == pytest.approx(0.3)
    assert found.rank == pytest.approx(1.0)
    assert found.gap == pytest.approx(0.1)
    assert found.best_chosen == 0.0
    assert sum(each.count for each in found.bins) == 9


def broken_picture(folder: Path) -> None:
    (folder / "images" / "2.png").write_bytes(b"not a picture")


def missing_picture(folder: Path) -> None:
    (folder / "images" / "2.png").unlink()


def another_size(folder: Path) -> None:
    cv2.imwrite(str(folder / "images" / "2.png"), np.zeros((10, 10, 3), np.uint8))


def broken_json(folder: Path) -> None:
    (folder / "instances.json").write_text('{"images": 3}')


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (broken_picture, r"2\.png is no picture that can be read"),
        (missing_picture, r"there is no file .*2\.png"),
        (another_size, r"2\.png has 10x10 pixels, but its mask of 2\.png 2 has 160x120"),
        (broken_json, r"instances\.json is not in COCO's format.*images"),
    ],
)
def test_a_harmed_set_gets_one_sentence(
    harm: Callable[[Path], None], sentence: str, toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_set(tmp_path / "harmed")
    harm(folder)
    out = tmp_path / "report.json"
    with pytest.raises(SystemExit) as left:
        cli.main(["eval", str(folder), "--model", str(toy), "--no-grabcut", "--out", str(out)])
    said = capsys.readouterr().err.strip()
    assert left.value.code == 2
    assert said.startswith("error: ")
    assert "\n" not in said
    assert re.search(sentence, said)
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("/no/such/set",), r"there is no folder /no/such/set"),
        (("{set}", "--ask", "hover"), r"--ask hover is not known; it can be click, gaze, clicks, box"),
        (("{set}", "--model", "no-such-model"), r"no-such-model"),
        (("{set}", "--against", "no-such-model"), r"no-such-model"),
        (("{set}", "--min-area", "99999"), r"no labelled object of at least 99999 pixels"),
        (("{set}", "--out", "/no/such/folder/r.json"), r"folder of .* does not exist.*--out"),
        (("{set}", "--limit", "0"), r"Invalid value for '--limit'"),
    ],
    ids=lambda value: " ".join(value)[-20:] if isinstance(value, tuple) else "",
)
def test_a_mistake_gets_one_sentence(
    arguments: tuple[str, ...], sentence: str, squares: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["eval", *(word.replace("{set}", str(squares)) for word in arguments)])
    said = capsys.readouterr().err.strip()
    assert left.value.code == 2
    assert re.search(sentence, said.removeprefix("error: "))
    assert "\n" not in said


def test_depth_is_refused_where_there_is_none(squares: Path, toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["eval", str(squares), "--model", str(toy), "--depth"])
    assert left.value.code == 2
    assert "has no depth picture; leave out --depth" in capsys.readouterr().err
