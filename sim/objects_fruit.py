"""Fruit and vegetables."""

import numpy as np

from gazeline.sim.design import Design, Look, Maker, Piece, block, cylinder, plastic, textured
from gazeline.sim.meshes import Mesh, join, lathe, rot, superellipsoid, sweep
from gazeline.sim.polygons import F64, circle, curve
from gazeline.sim.textures import Rgb, Rng, shift, skin, speckle

GREEN: Rgb = (0.25, 0.45, 0.12)


BROWN: Rgb = (0.3, 0.2, 0.1)


def _round(kind: str, profile: F64, look: Look, top: Mesh, top_look: Look, mass: float) -> Design:
    """A fruit turned about y with a stem or leaves."""
    r, h = float(profile[:, 0].max()), float(profile[:, 1].max())
    pieces = (Piece("fruit", lathe(profile, 22), look), Piece("stem", top, top_look))
    return Design(kind, pieces, (cylinder(r * 0.5, h), cylinder(r * 0.97, h * 0.5, h * 0.25)), mass)


def apple(rng: Rng) -> Design:
    r = rng.uniform(0.034, 0.041)
    shape = [(0, 0.12), (0.45, 0.0), (0.85, 0.4), (1, 1.05), (0.75, 1.65), (0.35, 1.8), (0, 1.55)]
    stem = sweep([(0, 1.5 * r, 0), (0.002, 1.8 * r, 0), (0.006, 2.05 * r, 0)], 0.0016, 5)
    red = skin(rng, (0.72, 0.1, 0.09), (0.86, 0.62, 0.2))
    green = skin(rng, (0.5, 0.66, 0.14), (0.7, 0.75, 0.3))
    return _round(
        "apple",
        curve(np.array(shape) * r, 18),
        textured(red if rng.random() < 0.6 else green, roughness=0.35),
        stem,
        Look(BROWN),
        0.18,
    )


def pear(rng: Rng) -> Design:
    r = rng.uniform(0.031, 0.037)
    shape = [(0, 0.08), (0.5, 0.0), (0.98, 0.7), (0.85, 1.5), (0.45, 2.2), (0.38, 2.6), (0, 2.75)]
    stem = sweep([(0, 2.7 * r, 0), (0.003, 3.0 * r, 0), (0.008, 3.2 * r, 0)], 0.0018, 5)
    return _round(
        "pear",
        curve(np.array(shape) * r, 18),
        textured(skin(rng, (0.68, 0.7, 0.2), (0.62, 0.5, 0.2)), roughness=0.45),
        stem,
        Look(BROWN),
        0.18,
    )


def orange(rng: Rng) -> Design:
    r = rng.uniform(0.035, 0.042)
    a = np.linspace(-np.pi / 2, np.pi / 2, 16)
    shape = np.stack([np.cos(a), 0.96 + 0.96 * np.sin(a)], -1) * r
    peel = speckle(rng, (0.93, 0.5, 0.08), (0.86, 0.42, 0.06), 0.4)
    star = lathe([(0.005, 1.915 * r), (0, 1.935 * r)], 6)
    return _round("orange", shape, textured(peel, (2, 1), 0.5), star, Look(GREEN), 0.2)


def tomato(rng: Rng) -> Design:
    r = rng.uniform(0.03, 0.037)
    shape = [(0, 0.05), (0.5, 0.0), (0.95, 0.55), (0.98, 0.95), (0.6, 1.45), (0.2, 1.5), (0, 1.42)]
    leaves = [
        sweep(
            curve([(0, 1.44 * r, 0), (0.35 * r, 1.53 * r, 0), (0.62 * r, 1.47 * r, 0)], 6) @ rot("y", 72.0 * k).T,
            [0.003, 0.004, 0.004, 0.003, 0.002, 0.001],
            5,
        )
        for k in range(5)
    ]
    return _round(
        "tomato", curve(np.array(shape) * r, 16), plastic((0.78, 0.1, 0.06), 0.2), join(*leaves), Look(GREEN), 0.15
    )


def bell_pepper(rng: Rng) -> Design:
    r = rng.uniform(0.035, 0.042)
    profile = curve(np.array([(0, 0.15), (0.5, 0.0), (0.8, 0.6), (1, 1.5), (0.7, 2.0), (0.25, 1.85), (0, 1.8)]) * r, 16)
    body = lathe(profile, 32)
    angle = np.arctan2(body.vertices[:, 0], body.vertices[:, 2])
    body.vertices[:, [0, 2]] *= (1 + 0.07 * np.cos(4 * angle))[:, None]
    stem = sweep([(0, 1.8 * r, 0), (0, 2.1 * r, 0), (0.006, 2.35 * r, 0)], [0.006, 0.004, 0.005], 6)
    colour = [(0.8, 0.12, 0.08), (0.95, 0.72, 0.1), (0.25, 0.5, 0.15), (0.92, 0.45, 0.08)][int(rng.integers(4))]
    return Design(
        "bell pepper",
        (Piece("fruit", body, plastic(shift(colour, rng, 0.03), 0.2)), Piece("stem", stem, Look(GREEN))),
        (cylinder(r * 0.9, r * 1.9),),
        0.18,
    )


def lemon(rng: Rng) -> Design:
    r = rng.uniform(0.026, 0.031)
    body = lathe(
        curve(
            np.array([(0.0, -1.55), (0.16, -1.45), (0.7, -0.95), (1, 0), (0.7, 0.95), (0.16, 1.45), (0.0, 1.55)]) * r,
            18,
        ),
        20,
    )
    peel = speckle(rng, (0.95, 0.84, 0.15), (0.88, 0.74, 0.1), 0.4)
    return Design(
        "lemon",
        (Piece("fruit", body.moved((0, r, 0), rot("z", 90)), textured(peel, (2, 1), 0.45)),),
        (block((2.4 * r, 1.96 * r, 1.4 * r), 0.0),),
        0.12,
    )


def banana(rng: Rng) -> Design:
    path = curve(
        [
            (-0.085, 0.017, 0.022),
            (-0.05, 0.017, -0.004),
            (0, 0.018, -0.014),
            (0.05, 0.017, -0.004),
            (0.08, 0.018, 0.018),
        ],
        16,
    )
    size = np.array([0.005, 0.012, *[0.0175] * 11, 0.015, 0.009, 0.005])
    body = sweep(path, size, section=circle(1.0, 5), crease_deg=80)
    tips = join(
        sweep([(0.079, 0.018, 0.017), (0.092, 0.02, 0.03)], [0.0055, 0.004], 6),
        superellipsoid((0.006, 0.005, 0.005), n=8).moved((-0.087, 0.017, 0.023)),
    )
    return Design(
        "banana",
        (
            Piece("fruit", body, textured(skin(rng, (0.93, 0.78, 0.18), (0.85, 0.72, 0.25)), roughness=0.5)),
            Piece("stem", tips, Look((0.25, 0.22, 0.08))),
        ),
        (
            block((0.1, 0.033, 0.03), 0, 0, -0.005),
            block((0.05, 0.03, 0.03), 0, -0.06, 0.008),
            block((0.05, 0.03, 0.03), 0, 0.06, 0.008),
        ),
        0.15,
    )


def carrot(rng: Rng) -> Design:
    n = rng.uniform(0.13, 0.18)
    root = sweep(
        [(0, 0.016, 0), (0.01, 0.016, 0), (n * 0.5, 0.014, 0.003), (n * 0.9, 0.009, 0.0), (n, 0.006, 0)],
        [0.011, 0.0155, 0.012, 0.006, 0.002],
        12,
    )
    tops = [
        sweep(curve([(0.002, 0.016, 0), (-0.03, 0.02, 0.012 * k), (-0.06, 0.008, 0.022 * k)], 7), 0.0025, 5)
        for k in (-1, 0, 1)
    ]
    return Design(
        "carrot",
        (
            Piece("root", root, textured(skin(rng, (0.92, 0.45, 0.1), (0.85, 0.38, 0.08), 2), roughness=0.55)),
            Piece("leaves", join(*tops), Look(GREEN)),
        ),
        (block((n, 0.026, 0.026), 0.0, n / 2),),
        0.1,
    )


FRUIT: dict[str, Maker] = {
    "apple": apple,
    "pear": pear,
    "orange": orange,
    "tomato": tomato,
    "bell pepper": bell_pepper,
    "lemon": lemon,
    "banana": banana,
    "carrot": carrot,
}
