"""The right size of thing, for simulated wearers with true masks: the choice itself."""

import pytest

from gazeline.runtime import demo
from gazeline.sim.levels import measure

pytestmark = pytest.mark.skipif(not demo.can_draw(), reason="the simulator needs an off-screen OpenGL")


def test_what_is_meant_is_chosen_far_more_often_than_by_the_expected_iou_alone() -> None:
    rows = {row.meant: row for row in measure(("kitchen",), (0,), most=5)}
    assert set(rows) == {"object", "part", "whole", "each alike"}
    assert rows["object"].right >= 0.8
    assert rows["part"].right >= 0.6
    assert rows["each alike"].right >= rows["each alike"].best_iou_right + 0.25
