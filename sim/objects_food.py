"""Baking and packed food."""

import numpy as np

from gazeline.sim.design import Design, Look, Maker, Piece, block, cylinder, metal, plastic, textured
from gazeline.sim.labels import label
from gazeline.sim.meshes import box, extrude, join, lathe, rot, superellipsoid, sweep
from gazeline.sim.polygons import circle, curve
from gazeline.sim.textures import Rgb, Rng, shift, speckle, vivid


def bread(rng: Rng) -> Design:
    n = rng.uniform(0.2, 0.26)
    body = superellipsoid((n / 2, 0.05, 0.06), 0.8, 0.6, 28)
    body.vertices[:, 1] = np.maximum(body.vertices[:, 1], -0.03)
    crust = speckle(rng, (0.7, 0.43, 0.2), (0.82, 0.62, 0.38), 0.25)
    cuts = [
        sweep(curve([(x - 0.018, 0.07, -0.03), (x, 0.079, 0.0), (x + 0.018, 0.07, 0.03)], 8), 0.006, 6)
        for x in (-0.06, 0.0, 0.06)
    ]
    return Design(
        "bread",
        (
            Piece("crust", body.moved((0, 0.03, 0)), textured(crust, (2, 1), 0.85)),
            Piece("cuts", join(*cuts), Look((0.88, 0.74, 0.52), roughness=0.95)),
        ),
        (block((n * 0.9, 0.075, 0.1)),),
        0.5,
    )


def croissant(rng: Rng) -> Design:
    a = np.linspace(-1.35, 1.35, 26)
    path = np.stack([0.055 * np.sin(a), np.full_like(a, 0.026), 0.055 * (1 - np.cos(a)) - 0.02], -1)
    size = (0.006 + 0.019 * np.cos(a / 1.35 * np.pi / 2)) * (1 + 0.09 * np.sign(np.sin(a * 12)))
    return Design(
        "croissant",
        (
            Piece(
                "pastry",
                sweep(path, size, 12),
                textured(speckle(rng, (0.75, 0.47, 0.18), (0.86, 0.62, 0.3), 0.3), (3, 1), 0.6),
            ),
        ),
        (block((0.1, 0.04, 0.05)),),
        0.08,
    )


def donut(rng: Rng) -> Design:
    r = rng.uniform(0.03, 0.034)
    body = sweep(np.insert(circle(r, 26), 1, 0.0165, axis=1), 0.017, 12, closed=True)
    icing = sweep(np.insert(circle(r, 26), 1, 0.0215, axis=1), 0.0146, 12, closed=True)
    bits = []
    for _ in range(26):
        a, s = rng.uniform(0, 2 * np.pi), rng.uniform(-0.008, 0.008)
        x, z = (r + s) * np.cos(a), (r + s) * np.sin(a)
        bits.append(box((0.006, 0.0018, 0.0018)).moved((x, 0.0346 - 25 * s * s, z), rot("y", rng.uniform(0, 180))))
    colours: list[Rgb] = [(0.93, 0.55, 0.66), (0.3, 0.16, 0.09), (0.95, 0.93, 0.88), (0.5, 0.75, 0.85)]
    return Design(
        "donut",
        (
            Piece("dough", body, Look((0.8, 0.57, 0.3), roughness=0.8)),
            Piece("icing", icing, plastic(colours[int(rng.integers(4))], 0.25)),
            Piece("sprinkles", join(*bits), plastic(vivid(rng))),
        ),
        (cylinder(r + 0.017, 0.034),),
        0.08,
    )


def cheese(rng: Rng) -> Design:
    a = np.deg2rad(np.linspace(-24, 24, 9))
    wedge = extrude(np.vstack([[(0, 0)], np.stack([0.12 * np.cos(a), 0.12 * np.sin(a)], -1)]), 0.05).moved(
        (-0.06, 0, 0)
    )
    holes = [
        superellipsoid((rr, rr, rr), n=10).moved((x, y, z))
        for rr, x, y, z in ((0.008, 0.02, 0.049, 0.01), (0.006, 0.03, 0.05, -0.02), (0.005, -0.01, 0.05, 0.005))
    ]
    return Design(
        "cheese",
        (
            Piece("cheese", wedge, Look((0.95, 0.78, 0.3), roughness=0.5)),
            Piece("holes", join(*[h.scaled((1, 0.12, 1)).moved((0, 0.044, 0)) for h in holes]), Look((0.78, 0.6, 0.2))),
        ),
        (block((0.1, 0.05, 0.06), 0, 0.01),),
        0.25,
    )


def egg(rng: Rng) -> Design:
    r = 0.021
    a = np.linspace(-np.pi / 2, np.pi / 2, 15)
    body = lathe(np.stack([r * np.cos(a) * (1 - 0.12 * np.sin(a)), r * 1.35 * np.sin(a)], -1), 20)
    shell: Rgb = (0.92, 0.86, 0.78) if rng.random() < 0.5 else (0.8, 0.58, 0.42)
    return Design(
        "egg",
        (Piece("egg", body.moved((0, r, 0), rot("z", 90)), Look(shift(shell, rng, 0.02), roughness=0.6)),),
        (block((0.04, 1.98 * r, 0.025)),),
        0.06,
    )


def can(rng: Rng) -> Design:
    if rng.random() < 0.5:
        r, h, kind = 0.033, 0.115, "drink can"
    else:
        r, h, kind = 0.037, rng.uniform(0.08, 0.11), "tin can"
    rim = lathe([(0, 0.002), (r * 0.8, 0), (r * 0.97, 0.008)], 26)
    top = join(lathe([(r * 0.97, h - 0.008), (r * 0.84, h), (r * 0.8, h - 0.003), (0, h - 0.003)], 26), rim)
    tab = box((0.022, 0.0015, 0.013), 0.0005).moved((0.006, h - 0.002, 0))
    return Design(
        kind,
        (
            Piece("label", lathe([(r, 0.008), (r, h - 0.008)], 28), textured(label(rng), (2, 1), 0.3)),
            Piece("metal", join(top, tab), metal()),
        ),
        (cylinder(r, h),),
        0.35,
    )


def carton(rng: Rng) -> Design:
    w, h = 0.07, rng.uniform(0.16, 0.2)
    ridge = np.array([(-w / 2, 0), (w / 2, 0), (0.004, 0.04), (0.004, 0.058), (-0.004, 0.058), (-0.004, 0.04)])
    roof = extrude(ridge, w).moved((0, 0, 0), rot("x", -90)).moved((0, h, w / 2))
    cap = lathe([(0.013, 0), (0.013, 0.014), (0, 0.014)], 16).moved((0.02, h + 0.02, 0), rot("z", -48))
    picture = textured(label(rng), roughness=0.5)
    return Design(
        "milk carton",
        (
            Piece("carton", box((w, h, w)), picture),
            Piece("roof", roof, Look(vivid(rng, (0.2, 0.7), (0.5, 0.95)))),
            Piece("cap", cap, plastic(vivid(rng))),
        ),
        (block((w, h + 0.03, w)),),
        0.8,
    )


def cereal(rng: Rng) -> Design:
    w, h, d = rng.uniform(0.16, 0.2), rng.uniform(0.24, 0.3), rng.uniform(0.05, 0.07)
    return Design(
        "cereal box", (Piece("box", box((w, h, d)), textured(label(rng), roughness=0.55)),), (block((w, h, d)),), 0.5
    )


def tea_box(rng: Rng) -> Design:
    w, h, d = 0.13, 0.07, 0.075
    lid = box((w + 0.002, 0.02, d + 0.002)).moved((0, h - 0.018, 0))
    return Design(
        "tea box",
        (
            Piece("box", box((w, h, d)), textured(label(rng), roughness=0.5)),
            Piece("lid", lid, Look(vivid(rng, (0.4, 0.8), (0.3, 0.8)))),
        ),
        (block((w, h, d)),),
        0.2,
    )


FOOD: dict[str, Maker] = {
    "bread": bread,
    "croissant": croissant,
    "donut": donut,
    "cheese": cheese,
    "egg": egg,
    "can": can,
    "milk carton": carton,
    "cereal box": cereal,
    "tea box": tea_box,
}
