"""Names over time: they come soon, stay, change only for good reason, and are not said without one."""

from itertools import pairwise

import numpy as np

from gazeline.runtime.messages import OverlayObject
from gazeline.runtime.naming.label import Named, Source
from gazeline.runtime.naming.names import MOST_NAMES, MOST_TRACKS, Names

S = 1_000_000_000


def said(names: Names, track: int = 1) -> tuple[str | None, Source] | None:
    found = names.of(track)
    return None if found is None else (found.name, found.source)


def model(name: str | None, score: float, *others: tuple[str, float]) -> Named:
    return Named(name, score, "model", others)


def test_a_sure_name_is_said_at_once_and_an_unsure_one_is_not() -> None:
    assert said(Names().heard(1, [model("mug", 0.9)], S)) == ("mug", "model")
    assert said(Names().heard(1, [model("mug", 0.4)], S)) is None
    assert said(Names({"model": 0.35}).heard(1, [model("mug", 0.4)], S)) == ("mug", "model")
    assert said(Names().heard(1, [model(None, 1.0)], S)) is None
    assert said(Names()) is None


def test_many_unsure_looks_that_agree_are_better_than_one_sure_one_that_does_not() -> None:
    names = Names()
    for k in range(8):
        names = names.heard(1, [model("mug", 0.55, ("vase", 0.3))], S + k * S // 4)
    names = names.heard(1, [model("vase", 0.95)], 3 * S)
    assert said(names) == ("mug", "model")


def test_a_name_does_not_flicker_between_two_that_are_about_as_likely() -> None:
    rng = np.random.default_rng(0)
    names, shown = Names(), []
    for k in range(200):
        p = 0.52 + 0.12 * rng.normal()
        p = float(np.clip(p, 0.1, 0.9))
        first, second = model("mug", p, ("vase", 0.95 - p)), model("vase", 0.95 - p, ("mug", p))
        names = names.heard(1, [first if p > 0.475 else second], S + k * S // 4)
        shown.append(said(names))
    changes = sum(a != b for a, b in pairwise(shown[5:]))
    assert changes <= 1


def test_a_name_gives_way_when_the_evidence_has_turned() -> None:
    names = Names()
    for k in range(8):
        names = names.heard(1, [model("mug", 0.9)], S + k * S // 4)
    for k in range(16):
        names = names.heard(1, [model("vase", 0.9)], 4 * S + k * S // 4)
    assert said(names) == ("vase", "model")
    for k in range(24):
        names = names.heard(1, [model(None, 0.9)], 9 * S + k * S // 4)
    assert said(names) is None


def test_the_wearer_goes_before_a_detector_and_that_before_the_model() -> None:
    answers = [model("mug", 0.95), Named("cup", 0.7, "detector")]
    names = Names().heard(1, answers, S)
    assert said(names) == ("cup", "detector")
    names = names.heard(1, [Named("my mug", 0.8, "taught")], S)
    assert said(names) == ("my mug", "taught")


def test_what_the_wearer_says_holds_at_once() -> None:
    names = Names().heard(1, [model("vase", 0.9), Named(None, 1.0, "taught")], S)
    names = names.told(1, "my mug", 2 * S)
    assert said(names) == ("my mug", "taught")
    found = names.of(1)
    assert found is not None
    assert found.score > 0.9
    names = names.refuse(1, "my mug")
    assert said(names) == ("vase", "model")
    names = names.heard(1, [Named("my mug", 0.9, "taught"), model("vase", 0.9)], 3 * S)
    assert said(names) == ("vase", "model")
    assert said(names.told(1, "my mug", 4 * S)) == ("my mug", "taught")


def test_names_go_onto_the_objects_that_have_one() -> None:
    things = [OverlayObject(id=n, score=1.0, gazed=False, outline=[], box=(0, 0, 1, 1), area_px=1.0) for n in (1, 2)]
    first, second = Names().heard(1, [model("mug", 0.87654)], S).on(things)
    assert (first.name, first.name_score, first.name_source) == ("mug", 0.877, "model")
    assert (second.name, second.name_score, second.name_source) == (None, None, None)


def test_memory_is_bounded() -> None:
    names = Names()
    for track in range(MOST_TRACKS + 100):
        names = names.heard(track, [model("mug", 0.9)], S + track).refuse(track, "vase")
    assert len(names.beliefs) == len(names.refused) == MOST_TRACKS
    assert said(names, 0) is None
    assert said(names, MOST_TRACKS + 99) == ("mug", "model")
    for k in range(100):
        names = names.heard(700, [model(f"thing {k}", 0.9)], S + k)
    assert len(names.beliefs[700]["model"].mean) <= MOST_NAMES + 1
