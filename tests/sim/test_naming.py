"""Names in sessions of the simulator: what one wearer teaches, another one's runtime knows."""

import pytest


@pytest.fixture(autouse=True)
def _gl() -> None:
    pytest.importorskip("mujoco", reason="the simulator is not installed (extra `sim`)")
    from gazeline.sim.gl import make_current

    try:
        make_current()
    except OSError as error:
        pytest.skip(f"pictures need OpenGL: {error}")


def test_a_short_session_is_judged_by_what_was_taught_in_another() -> None:
    from gazeline.sim import naming

    rows = naming.measure(["kitchen"], [3], seconds=3.0)
    assert [(row.names, row.looks_taught) for row in rows] == [
        (names, looks) for looks in naming.LOOKS for names in ("taught", "not taught", "model")
    ]
    assert sum(row.overlays for row in rows) > 0
    for row in rows:
        assert row.right + row.wrong + row.none == pytest.approx(1.0 if row.overlays else 0.0, abs=0.01)
        if row.names == "not taught":
            assert row.right == 0.0
