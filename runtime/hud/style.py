"""How things look, for each way in which a display puts light before the eyes.

Colours are those of the browser page: one accent for what is looked at, pale for the rest. Both accents keep apart from
pale, and from each other, for every kind of colour vision (blue against orange), and what is said by colour is said by
weight too. Sizes are angles at the eye. A display that adds light cannot show black: there a halo or a dark card would
be nothing at all, so lines are brighter and wider, and the card is its text and its frame.
"""

from dataclasses import dataclass, replace
from math import radians
from typing import Literal

from gazeline.runtime.draw import AMBER, ICE, INK, PALE

Blend = Literal["opaque", "alpha", "additive"]
Colour = tuple[int, int, int]

FOUND: Colour = (182, 240, 156)  # what was asked for

__all__ = ["AMBER", "FOUND", "ICE", "INK", "PALE", "Blend", "Colour", "Line", "Style", "style_for"]


@dataclass(frozen=True)
class Line:
    """A line: its half width, the dark halo beyond it, and the glow within, all in radians; and how strong each is."""

    half_rad: float
    halo_rad: float
    glow_rad: float
    alpha: float
    halo_alpha: float
    glow_alpha: float


@dataclass(frozen=True)
class Style:
    """``cap_height_rad``: of the small text; ISO 9241-303 asks for at least 0.27 degrees, and 0.33 to read with ease.

    ``card_alpha``: how dark the card is behind its text.
    """

    gazed: Line
    other: Line
    leader: Line
    cap_height_rad: float
    card_alpha: float
    quiet: float  # how strongly the tags of the others are drawn


_SEEN_THROUGH = Style(
    gazed=Line(radians(0.06), radians(0.1), radians(0.65), 1.0, 0.5, 0.36),
    other=Line(radians(0.03), radians(0.06), 0.0, 0.42, 0.25, 0.0),
    leader=Line(radians(0.03), radians(0.06), 0.0, 0.7, 0.35, 0.0),
    cap_height_rad=radians(0.52),
    card_alpha=0.72,
    quiet=0.75,
)


def style_for(blend: Blend) -> Style:
    """The style for a blend mode of the display."""
    if blend != "additive":
        return _SEEN_THROUGH
    return replace(
        _SEEN_THROUGH,
        gazed=Line(radians(0.07), 0.0, radians(0.5), 1.0, 0.0, 0.22),
        other=Line(radians(0.04), 0.0, 0.0, 0.55, 0.0, 0.0),
        leader=Line(radians(0.035), 0.0, 0.0, 0.8, 0.0, 0.0),
        card_alpha=0.0,
    )
