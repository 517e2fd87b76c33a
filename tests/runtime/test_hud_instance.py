"""Which of a headset's blend modes the HUD takes: the one through which the world is seen, wherever there is one."""

import importlib.util
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(importlib.util.find_spec("xr") is None, reason="needs pyopenxr (extra: xr)")

CHOOSE = """
import sys, xr
from gazeline.runtime.hud.instance import BLENDS, NoDisplayError, chosen_blend
try:
    print(BLENDS[chosen_blend([int(xr.EnvironmentBlendMode[name].value) for name in sys.argv[1:]])])
except NoDisplayError as error:
    print(error)
"""


def chosen(*offered: str) -> str:
    """The style for these modes. In a process of its own: pyopenxr fixes for a whole process what PyOpenGL draws on."""
    done = subprocess.run([sys.executable, "-c", CHOOSE, *offered], capture_output=True, text=True, check=True)
    return done.stdout.strip()


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
    assert chosen(*offered) == style


def test_a_headset_that_offers_nothing_known_is_refused_in_a_sentence() -> None:
    assert "offers no blend mode" in chosen()
