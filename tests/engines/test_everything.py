"""All that is in a picture: what the shipped model finds in a simulated room, and what is made of candidates."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.engines.arrange import arranged
from gazeline.engines.canvas import Canvas, ious, overlaps
from gazeline.engines.everything import everything, slices, tiles
from gazeline.engines.found import Candidate, Found
from gazeline.engines.mask_scores import iou
from gazeline.engines.seeds import seeds
from gazeline.engines.segmenter import Masks, Segmenter
from gazeline.engines.window import Window
from tests.engines.toy_models import write_own, write_sam

CANVAS = Canvas(160, 120)  # a cell for each pixel


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter.load(threads=1)


View = tuple[NDArray[np.uint8], NDArray[np.uint16]]


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> list[View]:
    """Pictures of scenes that were not trained on, and the ids of their objects."""
    pytest.importorskip("mujoco", reason="the simulator is not installed (extra `sim`)")
    from gazeline.sim.gl import make_current
    from gazeline.sim.random_views import render_views

    try:
        make_current()
    except OSError as error:
        pytest.skip(f"pictures need OpenGL: {error}")
    folder: Path = tmp_path_factory.mktemp("views")
    render_views(folder, 6, seed0=100_003, size=320)
    return [
        (
            np.asarray(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), np.uint8),  # type: ignore[arg-type]
            np.load(path.with_suffix(".npz"))["object_ids"],
        )
        for path in sorted(folder.glob("*.jpg"))
    ]


def test_most_large_things_of_rooms_are_found_once(segmenter: Segmenter, views: list[View]) -> None:
    best: list[float] = []
    for image, ids in views:
        found = everything(segmenter, image)
        masks = [thing.masks.mask() for thing in found]
        wanted = [ids == value for value in np.unique(ids) if value and (ids == value).sum() >= 1000]
        fits = np.array([[iou(mask, truth) for mask in masks] for truth in wanted])
        best += fits.max(axis=1).tolist()
        assert (fits > 0.6).sum(axis=1).max() <= 2  # its part may be nearly as large
        for thing, mask in zip(found, masks, strict=True):
            assert 0.25 <= thing.score <= 1
            assert 0.8 < mask.sum() / thing.area_px < 1.25
            if thing.whole is not None:
                assert not found[thing.whole].surface
                assert (mask & masks[thing.whole]).sum() > 0.7 * mask.sum()
    assert len(best) > 15
    assert (np.array(best) > 0.5).mean() >= 0.5


def test_slices_and_workers_give_the_same(segmenter: Segmenter, views: list[View]) -> None:
    image, _ = views[0]
    survey, pauses = slices(segmenter, image), 0
    try:
        while True:
            next(survey)
            pauses += 1
    except StopIteration as end:
        bit_by_bit: list[Found] = end.value
    assert pauses >= 9  # once for each window at least, so that nobody waits long
    together = everything(segmenter, image, workers=2)
    assert [thing.point.tolist() for thing in together] == [thing.point.tolist() for thing in bit_by_bit]
    assert [thing.whole for thing in together] == [thing.whole for thing in bit_by_bit]


@pytest.mark.parametrize("write", [write_own, write_sam])
def test_models_with_one_window_find_the_disc(tmp_path: Path, write: object) -> None:
    from gazeline.runtime.models.catalogue import known_picture

    assert callable(write)
    write(tmp_path, "toy")
    image, disc, _ = known_picture()
    toy = Segmenter.load(tmp_path)
    best = max((iou(thing.masks.mask(), disc) for thing in everything(toy, image)), default=0.0)
    assert best > 0.85


def test_tiles_show_every_pixel_well(segmenter: Segmenter) -> None:
    windows = tiles(segmenter, 640, 480)
    assert len(windows) == 9
    for px in ((0.0, 0.0), (639.0, 479.0), (320.0, 240.0), (106.0, 80.0)):
        assert min(np.abs(window._u(np.array(px))).max() for window in windows) < 0.7
    assert len(tiles(segmenter, 64, 640)) == 3


def test_seeds_fall_into_things_rather_than_onto_walls() -> None:
    image = np.full((240, 320, 3), 120, np.uint8)
    rng = np.random.default_rng(2)
    squares = [(40 * i + 12, 60 * j + 20) for i in range(7) for j in range(3)]
    for x, y in squares:
        image[y : y + 14, x : x + 14] = rng.integers(0, 255, 3)
    points = seeds(image, Canvas(320, 240))
    met = [((points >= (x, y)) & (points < (x + 14, y + 14))).all(axis=1).any() for x, y in squares]
    assert np.mean(met) > 0.85
    assert len(points) < 5 * len(squares)
    assert seeds(np.zeros((60, 80, 3), np.uint8), Canvas(80, 60)).tolist() == [[39.5, 29.5]]  # nothing to see


def test_overlaps_are_counted_in_cells() -> None:
    rng = np.random.default_rng(0)
    masks = rng.random((6, 12, 16)) > 0.6
    masks[2] = False
    masks[3, :, 8:] = False
    common = overlaps(masks)
    for i in range(6):
        for j in range(6):
            assert common[i, j] == (masks[i] & masks[j]).sum()
    assert ious(common)[0, 1] == pytest.approx(iou(masks[0], masks[1]))


def test_duplicates_parts_and_surfaces() -> None:
    wall = _mask(0, 0, 160, 60)
    wall[20:40, 60:100] = False  # where the picture hangs
    picture = _mask(60, 20, 100, 40)
    head, again = _mask(20, 70, 60, 110), _mask(21, 70, 60, 110)
    eye = _mask(30, 80, 38, 88)
    things = arranged(
        [_candidate(m, score) for m, score in ((again, 0.8), (head, 0.9), (eye, 0.6), (picture, 0.7), (wall, 0.5))],
        CANVAS,
    )
    assert [thing.area_px for thing in things] == sorted((thing.area_px for thing in things), reverse=True)
    by_area = {int(thing.area_px): thing for thing in things}
    assert len(by_area) == 4
    assert by_area[int(wall.sum())].surface
    assert by_area[int(picture.sum())].whole is None  # it hangs on the wall, and is no part of it
    assert not by_area[int(picture.sum())].surface
    whole = by_area[int(eye.sum())].whole
    assert whole is not None
    assert things[whole] is by_area[int(head.sum())]
    assert things[whole].score == 0.9
    assert arranged([], CANVAS) == []


def test_depth_tells_a_bare_table_from_a_ball() -> None:
    mask = _mask(60, 45, 100, 70)  # a twentieth of the picture, touching nothing
    y, x = np.mgrid[:120, :160].astype(np.float32)
    table = 1.0 / (0.4 + 0.004 * y)
    ball = 1.0 - 0.4 * np.sqrt(np.clip(1 - ((x - 80) / 30) ** 2 - ((y - 58) / 30) ** 2, 0, 1))
    surfaces = [arranged([_candidate(mask, 0.9)], CANVAS, depth)[0].surface for depth in (table, ball, None)]
    assert surfaces == [True, False, False]


def _mask(x0: int, y0: int, x1: int, y1: int) -> NDArray[np.bool_]:
    mask = np.zeros((120, 160), np.bool_)
    mask[y0:y1, x0:x1] = True
    return mask


def _candidate(mask: NDArray[np.bool_], score: float) -> Candidate:
    window = Window.full(160, 120, 160)
    logits = np.full((1, 160, 160), -5.0, np.float32)
    logits[0, :120][mask] = 5.0
    masks = Masks(logits, np.array([score], np.float32), 0, window)
    return Candidate(masks, score, 1.0, float(mask.sum()), np.zeros(2), mask)
