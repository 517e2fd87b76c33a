"""Sizes against the simulator's truth: right with depth, and covered by what is stated without."""

import pytest

from gazeline.runtime import demo
from gazeline.sim.sizes import measure

pytestmark = pytest.mark.skipif(not demo.can_draw(), reason="the simulator needs an off-screen OpenGL")


def test_sizes_are_right_with_depth_and_covered_without() -> None:
    rows = {row.told_by: row for row in measure(("kitchen",), (0,))}
    assert set(rows) == {"depth", "vergence", "plane", "default"}
    assert rows["depth"].median_percent < 3.0
    assert rows["depth"].within_5_percent > 0.9
    for told_by, row in rows.items():
        assert row.objects > 20
        assert row.within_1 > 0.55, told_by
        assert row.within_2 > 0.85, told_by
    assert rows["depth"].stated_percent < rows["vergence"].stated_percent < rows["default"].stated_percent
