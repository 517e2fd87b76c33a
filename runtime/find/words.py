"""The words that a query is understood by, besides the names of things."""

from typing import Literal

from gazeline.runtime.find.colour import SHADES, TERMS
from gazeline.runtime.find.query import ORDINALS, By, How, Side


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Said before what is looked for, and about it, without saying anything of it.
FILLERS = _words(
    """
    please find search look for show me us where is where's what what's are the a an my your our that which who it its
    some any can you could i see do want to need all of every each coloured colored color colour one ones there this
    these those standing lying sitting placed located
    """
)
COLOURS = {
    **{word: word for word in (*TERMS, *SHADES)},
    "gray": "grey",
    "silver": "grey",
    "violet": "purple",
    "lilac": "purple",
    "magenta": "pink",
    "cyan": "turquoise",
    "teal": "turquoise",
    "beige": "brown",
    "tan": "brown",
    "golden": "yellow",
    "gold": "yellow",
    "bright": "light",
    "pale": "light",
    "crimson": "red",
    "scarlet": "red",
    "navy": "blue",
}
SIZES: dict[str, Literal["big", "small"]] = {
    "big": "big",
    "large": "big",
    "huge": "big",
    "tall": "big",
    "small": "small",
    "little": "small",
    "tiny": "small",
    "short": "small",
}
RANKS: dict[str, By] = {
    "leftmost": "left",
    "rightmost": "right",
    "topmost": "top",
    "highest": "top",
    "lowest": "bottom",
    "bottommost": "bottom",
    "nearest": "near",
    "closest": "near",
    "farthest": "far",
    "furthest": "far",
    "biggest": "big",
    "largest": "big",
    "tallest": "big",
    "smallest": "small",
    "tiniest": "small",
    "shortest": "small",
}
# Longer ones first: "to the left of" is not "to the left".
RELATIONS: list[tuple[str, How]] = [
    ("on the left hand side of", "left"),
    ("on the right hand side of", "right"),
    ("on the left side of", "left"),
    ("on the right side of", "right"),
    ("to the left of", "left"),
    ("to the right of", "right"),
    ("on the left of", "left"),
    ("on the right of", "right"),
    ("left of", "left"),
    ("right of", "right"),
    ("in front of", "front"),
    ("on top of", "on"),
    ("in back of", "behind"),
    ("close to", "near"),
    ("near to", "near"),
    ("next to", "near"),
    ("inside of", "in"),
    ("underneath", "under"),
    ("beneath", "under"),
    ("under", "under"),
    ("below", "below"),
    ("above", "above"),
    ("over", "above"),
    ("behind", "behind"),
    ("between", "between"),
    ("beside", "near"),
    ("near", "near"),
    ("by", "near"),
    ("upon", "on"),
    ("on", "on"),
    ("inside", "in"),
    ("within", "in"),
    ("in", "in"),
]
SIDES: list[tuple[str, Side]] = [
    ("on the left", "left"),
    ("to the left", "left"),
    ("to my left", "left"),
    ("on my left", "left"),
    ("on the right", "right"),
    ("to the right", "right"),
    ("to my right", "right"),
    ("on my right", "right"),
    ("at the top", "top"),
    ("on the top", "top"),
    ("at the bottom", "bottom"),
    ("on the bottom", "bottom"),
    ("in the middle", "middle"),
    ("in the centre", "middle"),
    ("in the center", "middle"),
]
ENDS: list[tuple[str, By]] = [
    ("from the left", "left"),
    ("from the right", "right"),
    ("from the top", "top"),
    ("from the bottom", "bottom"),
    ("from left", "left"),
    ("from right", "right"),
]
THINGS = _words("thing things object objects something anything item items stuff")
NEGATIONS = _words("not no without except never isn't nor")
NUMBERS = {
    **{f"{i}{suffix}": i for i in range(1, 11) for suffix in ("st", "nd", "rd", "th")},
    **{word: i for i, word in enumerate(ORDINALS, 1)},
}
