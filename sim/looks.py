"""Surfaces that many objects share."""

from gazeline.sim.design import Look, plastic, textured
from gazeline.sim.textures import Rgb, Rng, shift, vivid, wood

BLACK: Rgb = (0.09, 0.09, 0.1)


def timber(rng: Rng) -> Look:
    """Unpainted wood of some tree."""
    trees: list[Rgb] = [(0.72, 0.54, 0.35), (0.58, 0.38, 0.22), (0.42, 0.26, 0.16), (0.8, 0.66, 0.46)]
    return textured(wood(rng, shift(trees[int(rng.integers(len(trees)))], rng, 0.03)), (1.0, 1.0), 0.5)


def grip_look(rng: Rng) -> Look:
    """Handles: black plastic, wood or colour."""
    pick = rng.random()
    return plastic(BLACK) if pick < 0.4 else timber(rng) if pick < 0.75 else plastic(vivid(rng))
