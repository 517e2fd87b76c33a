"""Which colours a thing has, by the words that people have for them.

Each pixel's colour is looked at in OKLab (B. Ottosson, "A perceptual color space for image processing", 2020), where
equal steps look about equal, and belongs to the eleven basic colour terms of English (B. Berlin, P. Kay, "Basic Color
Terms", 1969) and turquoise, by its hue, how light it is and how colourful, with soft borders. Brown is dark orange, and
pink is light red, so both depend on the lightness; white, grey and black are told by it alone.
"""

from collections.abc import Mapping
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TERMS = ("red", "orange", "yellow", "green", "turquoise", "blue", "purple", "pink", "brown", "black", "grey", "white")
SHADES = ("dark", "light")
# Hues in OKLab, degrees, from and to: about halfway between those of the primaries and of what lies between them, which
# are 29 (red), 60 (orange), 110 (yellow), 142 (green), 195 (cyan), 264 (blue), 310 (violet) and 350 (rose).
HUES = {
    "red": (8.0, 42.0),
    "orange": (42.0, 82.0),
    "yellow": (82.0, 114.0),
    "green": (114.0, 172.0),
    "turquoise": (172.0, 225.0),
    "blue": (225.0, 285.0),
    "purple": (285.0, 335.0),
    "pink": (335.0, 368.0),
}
SOFT_DEG, SOFT_L, SOFT_C = 6.0, 0.05, 0.015  # how wide the borders are
COLOURFUL = 0.05  # chroma of what is grey no more; darker colours have less of it
BLACK_L, WHITE_L = 0.36, 0.79  # of what has no colour
NO_LIGHT_L = 0.2  # below, nothing has
BROWN_L, BROWN_C = 0.62, 0.112  # orange that is darker than this, or paler
PINK_L, PINK_C = 0.68, 0.18  # red that is lighter than this, and paler
ROSE_DEG, ROSE_L = 315.0, 0.6  # purple that is lighter than this and reaches to here
DARK_L, LIGHT_L = 0.45, 0.75
LEVELS = 32  # per channel, of the table
MOST_PIXELS = 4096
WHITE_SHARE = 0.97  # this quantile of a picture's brightness is its white


def colours_of(image: NDArray[np.uint8], mask: NDArray[np.bool_], white: float = 1.0) -> dict[str, float]:
    """The share of a thing's pixels that each colour word fits: ``image`` (h, w, 3) RGB, ``mask`` (h, w).

    The terms' shares sum to one; "dark" and "light" come besides. ``white``: how bright white is in this picture, 0..1
    (see `white_of`). Empty where the mask is.
    """
    inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0) > 0  # the rim is mixed
    pixels = image[inner if inner.sum() >= 16 else mask]  # (N, 3)
    if not len(pixels):
        return {}
    pixels = pixels[:: max(1, len(pixels) // MOST_PIXELS)]
    scaled = np.minimum(pixels.astype(np.float32) / max(white, 0.1), 255.0).astype(np.int64) * LEVELS // 256
    shares = _table()[scaled[:, 0], scaled[:, 1], scaled[:, 2]].mean(axis=0)
    return {word: round(float(share), 4) for word, share in zip((*TERMS, *SHADES), shares, strict=True)}


def white_of(picture: NDArray[np.uint8]) -> float:
    """How bright white is in a picture (H, W, 3), 0..1: a dim one has no pixel that would count as white as it is."""
    small = picture[:: max(1, picture.shape[0] // 120), :: max(1, picture.shape[1] // 160)]
    return float(np.clip(np.quantile(small.max(axis=2), WHITE_SHARE) / 255.0, 0.5, 1.0))


def fit(colours: Mapping[str, float], words: tuple[str, ...]) -> float:
    """How well a thing of these colours is called by all the words, 0..1.

    A share of 40 % is enough for one, for most things are of several colours, or shine; for each of two, 20 %.
    """
    terms = [word for word in words if word not in SHADES]
    found = [min(1.0, colours.get(word, 0.0) * 2.5 * len(terms)) for word in terms]
    found += [min(1.0, colours.get(word, 0.0) * 1.6) for word in words if word in SHADES]
    return float(np.prod(found)) if found else 1.0


def oklab(rgb: Array) -> Array:
    """sRGB 0..1 (..., 3) to OKLab (..., 3): lightness 0..1, green to red, blue to yellow."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    cones = linear @ np.array(
        [[0.4122214708, 0.2119034982, 0.0883024619],
         [0.5363325363, 0.6806995451, 0.2817188376],
         [0.0514459929, 0.1073969566, 0.6299787005]]
    )  # fmt: skip
    lab: Array = np.cbrt(cones) @ np.array(
        [[0.2104542553, 1.9779984951, 0.0259040371],
         [0.7936177850, -2.4285922050, 0.7827717662],
         [-0.0040720468, 0.4505937099, -0.8086757660]]
    )  # fmt: skip
    return lab


@cache
def _table() -> NDArray[np.float32]:
    """The words' memberships for each colour: (LEVELS, LEVELS, LEVELS, words)."""
    levels = (np.arange(LEVELS) + 0.5) / LEVELS
    return memberships(oklab(np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1))).astype(np.float32)


def memberships(lab: Array) -> Array:
    """How far each of ``TERMS`` and ``SHADES`` fits OKLab colours (..., 3): (..., words), 0..1."""
    light, chroma = lab[..., 0], np.hypot(lab[..., 1], lab[..., 2])
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))
    colourful = _above(chroma, COLOURFUL * np.clip(light / 0.6, 0.6, 1.0), SOFT_C) * _above(light, NO_LIGHT_L, SOFT_L)
    fits = {term: colourful * _within(hue, *between) for term, between in HUES.items()}
    rose = _within(hue, ROSE_DEG, HUES["purple"][1]) * _above(light, ROSE_L, SOFT_L)
    _move(fits, "purple", "pink", rose)
    _move(fits, "red", "pink", _above(light, PINK_L, SOFT_L) * (1.0 - _above(chroma, PINK_C, SOFT_C)))
    brown = 1.0 - _above(light, BROWN_L, SOFT_L) * _above(chroma, BROWN_C, SOFT_C)
    _move(fits, "orange", "brown", brown)
    _move(fits, "yellow", "brown", brown * _within(hue, HUES["orange"][0], 100.0))
    fits["black"] = (1.0 - colourful) * (1.0 - _above(light, BLACK_L, SOFT_L))
    fits["white"] = (1.0 - colourful) * _above(light, WHITE_L, SOFT_L)
    fits["grey"] = 1.0 - colourful - fits["black"] - fits["white"]
    terms = np.stack([fits[term] for term in TERMS], axis=-1)
    terms /= np.maximum(terms.sum(axis=-1, keepdims=True), 1e-9)
    shades = np.stack([1.0 - _above(light, DARK_L, SOFT_L), _above(light, LIGHT_L, SOFT_L)], axis=-1)
    return np.concatenate([terms, shades], axis=-1)


def _move(fits: dict[str, Array], source: str, target: str, share: Array) -> None:
    moved = fits[source] * share
    fits[source] = fits[source] - moved
    fits[target] = fits.get(target, np.zeros_like(moved)) + moved


def _within(hue: Array, start: float, end: float) -> Array:
    """Around the circle of hues, degrees."""
    away = np.abs((hue - 0.5 * (start + end) + 180.0) % 360.0 - 180.0)
    return _above(-away, -0.5 * (end - start), SOFT_DEG)


def _above(value: Array, border: Array | float, soft: float) -> Array:
    """0 below the border, 1 above, and in between over about twice ``soft``."""
    return np.asarray(1.0 / (1.0 + np.exp(np.clip((border - value) / (0.5 * soft), -50.0, 50.0))))
