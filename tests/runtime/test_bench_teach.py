"""`gazeline bench teach` on pictures whose things are told apart by their colours, and a model that sees colours."""

from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from gazeline.runtime.bench import teach as bench_teach
from gazeline.runtime.bench.teach import OWN, Result
from tests.engines.toy_models import add_describer, write_own

COLOURS = [(220, 30, 30), (30, 210, 40), (30, 40, 220), (220, 210, 30), (30, 210, 220), (220, 30, 210)]


def views(folder: Path, count: int) -> Path:
    """Pictures of one place, in which six squares of different colours stand in other places each time."""
    folder.mkdir()
    for number in range(count):
        image = np.full((240, 320, 3), 120, np.uint8)
        ids = np.zeros((240, 320), np.uint16)
        for thing, place in enumerate(np.random.default_rng(number).permutation(6)):
            y, x = 20 + 110 * (int(place) % 2), 20 + 100 * (int(place) // 2)
            image[y : y + 60, x : x + 60], ids[y : y + 60, x : x + 60] = COLOURS[thing], thing + 1
        cv2.imwrite(str(folder / f"{number:06d}.jpg"), image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])
        np.savez(folder / f"{number:06d}.npz", object_ids=ids, scene_seed=7)
    return folder


def test_what_looks_the_same_is_known_again_and_the_table_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    add_describer(write_own(model))
    out = tmp_path / "teach.json"
    result = bench_teach.bench(str(model), views(tmp_path / "views", 8), out, seed=0)
    assert msgspec.json.decode(out.read_bytes(), type=Result) == result
    assert (result.taught, result.strangers, result.asked) == (3, 3, 9)
    for row in result.rows:
        assert row.first == 1.0
        assert row.right + row.wrong <= 1.0
        assert row.strangers <= 1.0
    assert {(row.describer, row.looks) for row in result.rows if row.describer == OWN} == {(OWN, k) for k in (1, 3, 5)}
    assert "3 things taught, 3 not" in capsys.readouterr().out


def test_too_few_views_are_one_sentence(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    write_own(model)
    with pytest.raises(ValueError, match="too few things that are seen 6 times"):
        bench_teach.bench(str(model), views(tmp_path / "views", 3), None, seed=0)
