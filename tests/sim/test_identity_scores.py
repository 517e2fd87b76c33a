"""The scores of identity on overlays whose right answers are known."""

import numpy as np
import pytest

from gazeline.runtime.messages import OverlayObject
from gazeline.sim.identity_scores import Tally, score

SHAPE = (120, 160)


def square(track_id: int, x: float, y: float, side: float = 40.0) -> OverlayObject:
    ring = [(x - 0.5, y - 0.5), (x + side - 0.5, y - 0.5), (x + side - 0.5, y + side - 0.5), (x - 0.5, y + side - 0.5)]
    return OverlayObject(
        id=track_id, score=1.0, gazed=False, outline=[ring], box=(x, y, x + side, y + side), area_px=side * side
    )


def truth(*places: tuple[int, int, int]) -> np.ndarray:
    """Object ids (H, W): (object, x, y) of squares of 40 px."""
    ids = np.zeros(SHAPE, np.uint16)
    for object_id, x, y in places:
        ids[y : y + 40, x : x + 40] = object_id
    return ids


def test_one_id_per_object_is_perfect() -> None:
    tally = Tally(0.1)
    for _ in range(60):
        tally.add([square(7, 20, 20), square(9, 90, 40)], truth((1, 20, 20), (2, 90, 40)))
    found = score("exact", "still", [tally])
    assert (found.idf1, found.found, found.switches, found.objects, found.ids) == (1.0, 1.0, 0, 2, 2)
    assert found.object_minutes == pytest.approx(0.2)


def test_a_swap_halves_idf1_and_is_two_switches() -> None:
    tally = Tally(0.1)
    for i in range(10):
        a, b = (7, 9) if i < 5 else (9, 7)
        tally.add([square(a, 20, 20), square(b, 90, 40)], truth((1, 20, 20), (2, 90, 40)))
    found = score("exact", "swap", [tally])
    assert found.idf1 == 0.5
    assert found.switches == 2


def test_what_is_missed_or_beside_costs_and_walls_and_small_things_do_not() -> None:
    tally = Tally(0.1)
    small = truth((1, 20, 20))
    small[100:110, 100:110] = 3  # 100 px
    tally.add([square(7, 20, 20), square(8, 110, 5), square(9, 100, 100, 10)], small)  # on a wall; on what is small
    tally.add([square(7, 36, 20)], truth((1, 20, 20)))  # less than half of both together
    tally.add([], truth((1, 20, 20)))
    found = score("exact", "", [tally])
    assert found.idf1 == pytest.approx(2 * 1 / (3 + 2), abs=1e-3)
    assert found.found == pytest.approx(1 / 3, abs=1e-3)


def test_known_only_asks_for_an_object_from_when_it_was_found_first() -> None:
    tally = Tally(0.1, known_only=True)
    for i in range(10):
        tally.add([square(7, 20, 20)] if i >= 5 else [], truth((1, 20, 20), (2, 90, 40)))
    found = score("the model's", "", [tally])
    assert (found.idf1, found.found, found.objects) == (1.0, 1.0, 1)


def test_sessions_have_ids_of_their_own() -> None:
    tallies = [Tally(0.1), Tally(0.1)]
    for tally, object_id in zip(tallies, (1, 2), strict=True):
        tally.add([square(7, 20, 20)], truth((object_id, 20, 20)))
    assert score("exact", "", tallies).idf1 == 1.0
