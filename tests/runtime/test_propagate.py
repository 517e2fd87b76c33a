"""A mask carried through pictures: an object that moves over a still background, and what the report says of it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.engines.labelled_sets import read_set
from gazeline.engines.mask_scores import iou
from gazeline.engines.segmenter import Segmenter
from gazeline.runtime import cli
from gazeline.runtime.evaluation.first import METHODS, measure, videos_of
from gazeline.runtime.tracking.propagate import begun, propagated, without_specks
from tests.engines import toy_models

Image = NDArray[np.uint8]
HEIGHT, WIDTH, PICTURES = 96, 160, 9


def texture(seed: int, low: int, high: int) -> Image:
    rough = np.random.default_rng(seed).integers(low, high, (HEIGHT // 8, WIDTH // 8, 3), np.uint8)
    return np.asarray(cv2.resize(rough, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8)


BACKGROUND, THING = texture(1, 20, 110), texture(2, 130, 250)


def frame(i: int) -> tuple[Image, NDArray[np.bool_]]:
    """A bright disc that wanders."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    mask = np.asarray(np.hypot(x - 40 - 4 * i, y - 40 - 2 * i) < 20)
    moved = np.roll(THING, (2 * i, 4 * i), (0, 1))
    return np.where(mask[..., None], moved, BACKGROUND).astype(np.uint8), mask


def test_a_moving_thing_is_followed_without_a_model() -> None:
    carried = begun(*frame(0))
    for i in range(1, PICTURES):
        image, wanted = frame(i)
        carried = propagated(carried, image, None)
        assert iou(carried.mask, wanted) > 0.85, i


def test_a_mask_that_shrank_to_nothing_stays_where_it_was() -> None:
    image, _ = frame(0)
    speck = np.zeros((HEIGHT, WIDTH), bool)
    speck[5:8, 5:8] = True
    assert (propagated(begun(image, speck), image, None).mask == speck).all()


def test_specks_go_and_pieces_stay() -> None:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[10:40, 10:40] = mask[50:60, 50:60] = mask[80:82, 80:82] = True
    kept = without_specks(mask)
    assert kept[15, 15]
    assert kept[55, 55]
    assert not kept[81, 81]
    assert not without_specks(np.zeros((4, 4), bool)).any()


@pytest.fixture
def davis(tmp_path: Path) -> Path:
    for i in range(PICTURES):
        image, mask = frame(i)
        for kind, name, picture in (
            ("JPEGImages", f"{i:05d}.jpg", image[..., ::-1]),
            ("Annotations", f"{i:05d}.png", mask.astype(np.uint8) * 255),
        ):
            folder = tmp_path / kind / "480p" / "disc"
            folder.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(folder / name), picture)
    return tmp_path


def test_the_report_has_every_method_on_every_video(davis: Path, tmp_path: Path) -> None:
    (tmp_path / "toy").mkdir()
    toy_models.write_own(tmp_path / "toy")
    segmenter = Segmenter.load(tmp_path / "toy")
    rows = measure(videos_of(read_set(davis)), segmenter)
    segmenter.close()
    assert [row.method for row in rows] == list(METHODS.values())
    given = next(row for row in rows if row.method == METHODS["without the model"])
    assert given.video == "disc"
    assert given.pictures == PICTURES - 2  # the first is given, and the last is left out as DAVIS does
    assert given.j > 0.85
    assert given.f > 0.85


def test_first_is_asked_alone_and_of_videos(davis: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in ((["--ask", "click"], "cannot be combined"), ([], "more than two pictures")):
        folder = davis
        if not words:
            for path in davis.glob("*/480p/disc/0000[2-9].*"):
                path.unlink()
        with pytest.raises(SystemExit) as left:
            cli.main(["eval", str(folder), "--ask", "first", *words])
        assert left.value.code == 2
        assert said in capsys.readouterr().err
