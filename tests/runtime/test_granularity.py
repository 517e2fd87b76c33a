"""The right size of thing: what is chosen by where gaze has rested, on masks drawn by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.engines.segmenter import Masks
from gazeline.engines.window import Window
from gazeline.runtime.gaze.granularity import Evidence, Place, area_px, around, candidates_of, chosen, together

WINDOW = Window.full(320, 240, 320)
FOVEAL = Window.foveal(320, 240, 80, (160.0, 120.0), middle_scale=1.0)
ERROR_PX = 3.5
LID, CUP, TRAY = (150, 90, 170, 110), (140, 90, 180, 150), (110, 85, 215, 155)  # x0, y0, x1, y1
ON_LID, ON_CUP = (160.0, 100.0), (160.0, 135.0)
ON_TRAY = ((118.0, 100.0), (205.0, 145.0), (118.0, 145.0), (205.0, 100.0))

Logits = NDArray[np.float32]


def box(x0: int, y0: int, x1: int, y1: int) -> Logits:
    logits = np.full((320, 320), -1.0, np.float32)
    logits[y0:y1, x0:x1] = 1.0
    return logits


def masks(
    *boxes: tuple[int, int, int, int], iou: tuple[float, ...] = (0.7, 0.9, 0.7), best: int | None = None
) -> Masks:
    return Masks(
        np.stack([box(*each) for each in boxes]),
        np.array(iou[: len(boxes)], np.float32),
        best or len(boxes) // 2,
        WINDOW,
    )


ONE = masks(LID, CUP, TRAY)


def level(*places: Place, one: Masks = ONE, kept_px2: float | None = None) -> str:
    """The level that is chosen after these rests, the present one last."""
    candidates = candidates_of(one)
    return candidates[chosen(candidates, Evidence(places, ERROR_PX, kept_px2), one.window)].level


def test_the_first_look_means_the_thing_as_people_name_it() -> None:
    for ms in (80.0, 250.0, 400.0):
        assert level(Place(ON_LID, ms)) == "object"


def test_dwelling_on_a_part_means_the_part_and_dwelling_beside_it_does_not() -> None:
    assert level(Place(ON_LID, 2000.0)) == "part"
    assert level(Place(ON_CUP, 2000.0)) == "object"


def test_a_second_look_at_the_part_means_the_part_sooner() -> None:
    away = Place((30.0, 30.0), 300.0, 0.0)
    alone = next(ms for ms in range(100, 3000, 20) if level(Place(ON_LID, ms)) == "part")
    again = next(
        ms for ms in range(100, 3000, 20) if level(Place(ON_LID, 400.0, 340.0), away, Place(ON_LID, ms)) == "part"
    )
    assert again < alone


def test_looking_around_within_a_thing_keeps_it_whole() -> None:
    rests = [Place(px, 500.0, ago) for px, ago in ((ON_LID, 1500.0), (ON_CUP, 1000.0), (ON_LID, 500.0))]
    assert level(*rests, Place(ON_CUP, 600.0)) == "object"


def test_looking_around_on_the_tray_means_the_tray() -> None:
    rests = [Place(px, 250.0, 1400.0 - 300.0 * i) for i, px in enumerate(ON_TRAY)]
    assert level(*rests, Place(ON_CUP, 250.0)) == "whole"
    assert level(*rests[-2:], Place(ON_CUP, 250.0)) == "object"  # neighbours are looked at in turn all the time
    elsewhere = Place((20.0, 20.0), 300.0, 300.0)
    assert level(*rests[:3], elsewhere, Place(ON_CUP, 250.0)) == "object"


def test_old_rests_tell_nothing() -> None:
    rests = [Place(px, 250.0, 6000.0 - 300.0 * i) for i, px in enumerate(ON_TRAY)]
    assert level(*rests, Place(ON_CUP, 250.0)) == "object"


def test_what_is_shown_is_kept_on_the_brink() -> None:
    """At the dwell at which the part wins, what was shown before decides; so noise cannot switch to and fro."""
    brink = next(ms for ms in range(100, 3000, 10) if level(Place(ON_LID, ms)) == "part")
    part_px2, cup_px2 = (area_px(ONE.logits[k], WINDOW) for k in (0, 1))
    for ms in range(brink - 60, brink + 60, 20):
        assert level(Place(ON_LID, ms), kept_px2=part_px2) == "part"
        assert level(Place(ON_LID, ms), kept_px2=cup_px2) == "object"
    assert level(Place(ON_LID, brink + 1500.0), kept_px2=cup_px2) == "part"  # but not for ever


def test_interchangeable_masks_are_told_apart_by_their_size() -> None:
    """As SAM has them: in any order, the best one being the object."""
    other_way = masks(TRAY, LID, CUP, iou=(0.7, 0.7, 0.9), best=2)
    assert level(Place(ON_LID, 2000.0), one=other_way) == "part"
    assert level(Place(ON_LID, 200.0), one=other_way) == "object"


def test_gaze_that_cannot_resolve_a_part_does_not_choose_it() -> None:
    tiny = masks((159, 99, 161, 101), CUP, TRAY)
    assert level(Place(ON_LID, 1500.0), one=tiny) == "object"


def test_areas_are_those_of_the_frame_whatever_the_window() -> None:
    assert area_px(box(*CUP), WINDOW) == pytest.approx(40 * 60)
    seen = FOVEAL.sample_nearest((box(*TRAY)[:240] > 0).astype(np.uint8))
    assert area_px(np.where(seen > 0, 1.0, -1.0).astype(np.float32), FOVEAL) == pytest.approx(105 * 70, rel=0.1)


def test_places_around_are_other_places_on_or_beside_the_thing_newest_first() -> None:
    places = [Place(px, 200.0) for px in ((20.0, 20.0), ON_TRAY[0], (161.0, 136.0), ON_LID, ON_LID)]
    found = around(ONE, Evidence((*places, Place(ON_CUP, 200.0)), ERROR_PX))
    assert found == (ON_LID, ON_TRAY[0])


def test_together_hang_only_neighbours() -> None:
    left, right, far = masks(LID), masks((172, 90, 190, 110)), masks((250, 90, 270, 110))
    whole = together([left, right])
    assert whole is not None
    assert (whole[0] > 0).sum() == (20 + 18) * 20
    assert together([left, far]) is None
