"""Looks: how long, how often, since when; and what is forgotten."""

from gazeline.runtime.messages import OverlayObject
from gazeline.runtime.tracking.looks import MOST_KEPT, Looks, with_looks

MS = 1_000_000


def thing(object_id: int, *, gazed: bool = False, carried: bool = False) -> OverlayObject:
    return OverlayObject(
        id=object_id, score=0.9, gazed=gazed, outline=[], box=(0, 0, 9, 9), area_px=81, carried=carried
    )


def after(looks: Looks, at_ms: int, objects: list[OverlayObject], since_ms: int) -> tuple[Looks, OverlayObject]:
    looks, told = with_looks(looks, objects, (at_ms - 20) * MS, since_ms * MS, at_ms * MS)
    return looks, told[0]


def test_a_look_counts_from_when_gaze_came() -> None:
    looks, told = after(Looks(), 1100, [thing(7, gazed=True), thing(8)], 1000)
    assert (told.dwell_ms, told.dwell_total_ms, told.looks) == (100.0, 100.0, 1)
    looks, told = after(looks, 1500, [thing(7, gazed=True)], 1000)
    assert (told.dwell_ms, told.dwell_total_ms, told.looks) == (500.0, 500.0, 1)
    assert (told.first_seen_ns, told.last_seen_ns) == (1080 * MS, 1480 * MS)


def test_the_second_look_begins_anew_and_adds_up() -> None:
    looks, _ = after(Looks(), 500, [thing(7, gazed=True)], 100)
    looks, other = after(looks, 900, [thing(8, gazed=True), thing(7)], 600)
    assert (other.dwell_ms, other.looks) == (300.0, 1)
    looks, told = after(looks, 1500, [thing(7, gazed=True), thing(8)], 1300)
    assert (told.dwell_ms, told.dwell_total_ms, told.looks) == (200.0, 600.0, 2)


def test_a_blink_does_not_end_a_look_and_a_longer_absence_does() -> None:
    looks, _ = after(Looks(), 500, [thing(7, gazed=True)], 100)
    looks, told = after(looks, 790, [thing(7, gazed=True)], 700)
    assert (told.dwell_ms, told.looks) == (690.0, 1)
    looks, told = after(looks, 1200, [thing(7, gazed=True)], 1150)
    assert (told.dwell_ms, told.looks) == (50.0, 2)


def test_another_id_in_the_same_fixation_does_not_count_its_time_twice() -> None:
    looks, _ = after(Looks(), 500, [thing(7, gazed=True)], 100)
    looks, told = after(looks, 560, [thing(9, gazed=True)], 100)
    assert told.dwell_ms == 60.0


def test_what_is_not_looked_at_keeps_its_looks_and_has_no_dwell() -> None:
    looks, _ = after(Looks(), 500, [thing(7, gazed=True)], 100)
    _, (other, first) = with_looks(looks, [thing(8, gazed=True), thing(7)], 600 * MS, 580 * MS, 620 * MS)
    assert (first.dwell_ms, first.dwell_total_ms, first.looks) == (0.0, 400.0, 1)
    assert other.looks == 1


def test_what_is_only_carried_on_was_not_seen() -> None:
    looks, _ = after(Looks(), 500, [thing(7, gazed=True)], 100)
    _, told = after(looks, 900, [thing(7, carried=True)], 100)
    assert told.last_seen_ns == 480 * MS


def test_memory_is_bounded_and_what_was_seen_longest_ago_goes_first() -> None:
    looks = Looks()
    for object_id in range(1, MOST_KEPT + 50):
        looks, _ = after(looks, 100 * object_id, [thing(object_id, gazed=True), thing(1)], 100 * object_id - 50)
    assert len(looks.things) == MOST_KEPT
    assert 1 in looks.things  # seen all the time
    assert 2 not in looks.things
