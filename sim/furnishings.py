"""Lamps, rugs, pictures and clocks. They face +z."""

import numpy as np

from gazeline.sim.design import Design, Look, Piece, block, cylinder, metal, plastic, textured
from gazeline.sim.labels import landscape
from gazeline.sim.looks import BLACK, timber
from gazeline.sim.meshes import box, join, lathe, rot, superellipsoid
from gazeline.sim.polygons import curve
from gazeline.sim.textures import Rng, checks, fabric, stripes, vivid


def floor_lamp(rng: Rng) -> Design:
    h = rng.uniform(1.45, 1.65)
    base = lathe([(0, 0), (0.14, 0), (0.13, 0.02), (0.02, 0.03), (0, 0.03)], 26)
    stem = lathe([(0.012, 0.02), (0.012, h - 0.02)], 12)
    shade = lathe([(0.19, h - 0.22), (0.13, h + 0.05), (0.127, h + 0.05), (0.187, h - 0.22)], 28)
    glow = 0.9 if rng.random() < 0.6 else 0.0
    return Design(
        "floor lamp",
        (
            Piece("base", base, metal((0.3, 0.3, 0.3), 0.4)),
            Piece("stem", stem, metal(roughness=0.3)),
            Piece("shade", shade, Look((1, 1, 1), fabric(rng, (0.93, 0.85, 0.68)), (8, 2), 0.95, emission=glow)),
        ),
        (cylinder(0.14, h),),
        6.0,
    )


def rug(rng: Rng, width: float, depth: float) -> Design:
    art = (
        stripes(rng, [vivid(rng, (0.3, 0.7), (0.4, 0.8)) for _ in range(3)] + [(0.88, 0.84, 0.76)], 16)
        if rng.random() < 0.5
        else checks(rng, vivid(rng, (0.3, 0.7), (0.35, 0.7)), (0.85, 0.8, 0.7), 8, soft=True)
    )
    return Design(
        "rug",
        (Piece("rug", box((width, 0.012, depth), 0.004), textured(art, (1.5, 1), 1.0)),),
        (block((width, 0.012, depth)),),
        4.0,
    )


def wall_picture(rng: Rng) -> Design:
    w, h = rng.uniform(0.35, 0.75), rng.uniform(0.3, 0.55)
    bars = [box((w, 0.03, 0.025), 0.005).moved((0, y, 0)) for y in (0, h - 0.03)] + [
        box((0.03, h, 0.025), 0.005).moved((s * (w - 0.03) / 2, 0, 0)) for s in (-1, 1)
    ]
    return Design(
        "picture",
        (
            Piece("frame", join(*bars), timber(rng)),
            Piece("canvas", box((w - 0.04, h - 0.04, 0.012)).moved((0, 0.02, -0.004)), textured(landscape(rng))),
        ),
        (),
        1.0,
    )


def wall_clock(rng: Rng) -> Design:
    r = rng.uniform(0.13, 0.17)
    face = rot("x", 90)
    rim = lathe([(0, -0.02), (r, -0.02), (r, 0.02), (r * 0.92, 0.022), (r * 0.9, 0.008)], 36).moved((0, r, 0), face)
    dial = lathe([(r * 0.92, 0.009), (0, 0.009)], 30).moved((0, r, 0), face)
    ticks = [
        box((0.007, 0.022, 0.002)).moved((0, r * 0.74, 0)).moved((0, r, 0.0105), rot("z", 30.0 * k)) for k in range(12)
    ]
    hands = [
        box((0.01, n, 0.002)).moved((0, -0.01, 0)).moved((0, r, z), rot("z", t))
        for n, t, z in ((r * 0.5, rng.uniform(0, 360), 0.0115), (r * 0.78, rng.uniform(0, 360), 0.014))
    ]
    return Design(
        "wall clock",
        (
            Piece("rim", rim, plastic(vivid(rng, (0.0, 0.8), (0.1, 0.9)))),
            Piece("dial", dial, plastic((0.95, 0.95, 0.92))),
            Piece("marks", join(*ticks), plastic(BLACK)),
            Piece("hands", join(*hands), plastic(BLACK)),
        ),
        (),
        0.6,
    )


def pendant_lamp(rng: Rng, drop: float) -> Design:
    """Hangs from y = 0 downwards."""
    shade = lathe(np.vstack([curve([(0.17, -drop), (0.13, -drop + 0.12), (0.03, -drop + 0.17)], 10)]), 28)
    inner = lathe(
        np.vstack([curve([(0.17, -drop), (0.13, -drop + 0.12), (0.03, -drop + 0.17)], 10)])[::-1] * [0.985, 1], 28
    )
    cord = lathe([(0.004, -drop + 0.16), (0.004, 0)], 6)
    bulb = superellipsoid((0.04, 0.045, 0.04), n=14).moved((0, -drop + 0.06, 0))
    return Design(
        "pendant lamp",
        (
            Piece("shade", shade, Look(vivid(rng, (0.0, 0.8), (0.15, 0.9)), roughness=0.3)),
            Piece("inside", inner, Look((0.95, 0.93, 0.85), emission=0.6)),
            Piece("cord", cord, plastic(BLACK)),
            Piece("bulb", bulb, Look((1, 0.95, 0.8), emission=3.0)),
        ),
        (),
        1.0,
    )
