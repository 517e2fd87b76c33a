"""Ids in the simulator, with exact outlines: they last while the head swings away and back, and it repeats itself."""

import pytest

from gazeline.runtime import demo
from gazeline.sim.identity import SCENARIOS, session
from gazeline.sim.identity_scores import score

pytestmark = pytest.mark.skipif(not demo.can_draw(), reason="the simulator needs an off-screen OpenGL")


def test_ids_last_while_the_head_swings_and_the_same_seed_gives_the_same_scores() -> None:
    swinging = next(each for each in SCENARIOS if "swing" in each.name)
    tallies = [session("kitchen", 1, 5.0, swinging, depth=True) for _ in range(2)]  # all the way to one side and back
    first, second = (score("exact", swinging.name, [tally]) for tally in tallies)
    assert first == second
    assert first.idf1 >= 0.88
    assert first.switches_per_minute <= 1.0
    assert first.objects > 20
