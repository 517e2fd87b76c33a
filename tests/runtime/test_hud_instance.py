"""Which of a headset's blend modes the HUD takes: the one through which the world is seen, wherever there is one."""

import pytest

xr = pytest.importorskip("xr", reason="needs pyopenxr (extra: xr)")

from gazeline.runtime.hud.instance import BLENDS, NoDisplayError, chosen_blend  # noqa: E402 - after the check for xr


@pytest.mark.parametrize(
    ("offered", "style"),
    [
        (["OPAQUE"], "opaque"),  # a VR headset
        (["OPAQUE", "ALPHA_BLEND"], "alpha"),  # passthrough beside VR
        (["ADDITIVE"], "additive"),  # glasses
        (["ADDITIVE", "ALPHA_BLEND", "OPAQUE"], "alpha"),
        (["OPAQUE", "ADDITIVE"], "additive"),
    ],
)
def test_the_world_is_seen_where_the_headset_lets_it(offered: list[str], style: str) -> None:
    numbers = [int(xr.EnvironmentBlendMode[name].value) for name in offered]
    chosen = chosen_blend(numbers)
    assert BLENDS[chosen] == style
    assert chosen in numbers


def test_a_mode_that_is_not_known_is_refused_in_a_sentence() -> None:
    with pytest.raises(NoDisplayError, match="offers no blend mode"):
        chosen_blend([4711])
