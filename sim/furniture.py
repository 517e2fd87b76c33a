"""Tables and seats. Large things stand still, facing +z, on y = 0."""

import numpy as np

from gazeline.sim.design import Design, Look, Piece, block, cylinder, metal, plastic, textured
from gazeline.sim.looks import BLACK, timber
from gazeline.sim.meshes import box, join, lathe, rot, superellipsoid, sweep
from gazeline.sim.polygons import circle
from gazeline.sim.textures import Rgb, Rng, checks, fabric, marble, plaster, shift, speckle, stripes, vivid, wood

CALM: list[Rgb] = [
    (0.45, 0.48, 0.52),
    (0.3, 0.38, 0.45),
    (0.62, 0.55, 0.45),
    (0.4, 0.45, 0.36),
    (0.6, 0.35, 0.3),
    (0.8, 0.77, 0.7),
]


def cloth(rng: Rng, repeat: tuple[float, float] = (4.0, 3.0)) -> Look:
    """Upholstery in a calm colour."""
    return textured(fabric(rng, shift(CALM[int(rng.integers(len(CALM)))], rng, 0.05), 0.3), repeat, 0.95)


def surface(rng: Rng) -> Look:
    """A table-top: wood, painted, stone or a checked cloth."""
    pick = rng.random()
    if pick < 0.55:
        trees: list[Rgb] = [
            (0.62, 0.43, 0.26),
            (0.75, 0.6, 0.42),
            (0.45, 0.29, 0.18),
            (0.3, 0.2, 0.14),
            (0.82, 0.72, 0.56),
        ]
        return textured(
            wood(rng, shift(trees[int(rng.integers(len(trees)))], rng, 0.03), int(rng.choice([1, 3, 4]))),
            (2.0, 1.5),
            0.45,
        )
    if pick < 0.7:
        return textured(plaster(rng, vivid(rng, (0.0, 0.2), (0.75, 0.95)), 0.04), (2, 2), 0.4)
    if pick < 0.85:
        stone = marble(rng) if rng.random() < 0.5 else speckle(rng, (0.5, 0.5, 0.5), (0.25, 0.25, 0.27), 0.3)
        return textured(stone, (2.0, 1.3), 0.25)
    return textured(checks(rng, (0.94, 0.93, 0.9), vivid(rng, (0.4, 0.8), (0.4, 0.8)), 8, soft=True), (3.0, 2.0), 0.9)


def table(rng: Rng, width: float, depth: float, height: float) -> Design:
    legs_look = (
        timber(rng)
        if rng.random() < 0.6
        else plastic((0.85, 0.85, 0.84))
        if rng.random() < 0.5
        else metal((0.3, 0.3, 0.31), 0.4)
    )
    legs = [
        box((0.055, height - 0.03, 0.055), 0.004).moved((sx * (width / 2 - 0.06), 0, sz * (depth / 2 - 0.06)))
        for sx in (-1, 1)
        for sz in (-1, 1)
    ]
    apron = [box((width - 0.1, 0.07, 0.02)).moved((0, height - 0.1, s * (depth / 2 - 0.05))) for s in (-1, 1)]
    top = box((width, 0.032, depth), 0.006).moved((0, height - 0.032, 0))
    return Design(
        "table",
        (Piece("top", top, surface(rng)), Piece("legs", join(*legs, *apron), legs_look)),
        (block((width, 0.032, depth), height - 0.032),),
        20.0,
    )


def desk(rng: Rng, width: float, depth: float, height: float) -> Design:
    base = table(rng, width, depth, height)
    drawers = box((0.38, height - 0.1, depth - 0.1), 0.004).moved((width / 2 - 0.24, 0.03, -0.02))
    fronts = [
        box((0.35, 0.17, 0.015), 0.004).moved((width / 2 - 0.24, 0.06 + 0.19 * k, depth / 2 - 0.065)) for k in range(3)
    ]
    knobs = [
        superellipsoid((0.012, 0.012, 0.012), n=10).moved((width / 2 - 0.24, 0.15 + 0.19 * k, depth / 2 - 0.042))
        for k in range(3)
    ]
    look = timber(rng)
    return Design(
        "desk",
        (*base.pieces, Piece("drawers", join(drawers, *fronts), look), Piece("knobs", join(*knobs), metal())),
        base.solids,
        30.0,
    )


def chair(rng: Rng) -> Design:
    look, seat = timber(rng), cloth(rng, (1, 1)) if rng.random() < 0.6 else timber(rng)
    legs = [
        sweep([(sx * 0.18, 0, sz * 0.18), (sx * 0.17, 0.44, sz * 0.17)], 0.016, 8) for sx in (-1, 1) for sz in (-1, 1)
    ]
    posts = [
        sweep([(sx * 0.17, 0.44, -0.18), (sx * 0.17, 0.7, -0.2), (sx * 0.165, 0.92, -0.24)], 0.014, 8) for sx in (-1, 1)
    ]
    slats = [
        box((0.34, 0.05, 0.016), 0.004).moved((0, y, -0.2 - 0.14 * max(0.0, y - 0.62))) for y in (0.62, 0.73, 0.84)
    ]
    return Design(
        "chair",
        (
            Piece("seat", box((0.42, 0.045, 0.42), 0.016).moved((0, 0.43, 0)), seat),
            Piece("legs", join(*legs), look),
            Piece("back", join(*posts, *slats), look),
        ),
        (block((0.42, 0.46, 0.42)), block((0.4, 0.45, 0.05), 0.46, 0, -0.2)),
        5.0,
    )


def office_chair(rng: Rng) -> Design:
    look = cloth(rng, (2, 2))
    seat = superellipsoid((0.25, 0.05, 0.24), 0.5, 0.5, 20).moved((0, 0.48, 0))
    back = superellipsoid((0.22, 0.28, 0.05), 0.5, 0.5, 20).moved((0, 0.85, -0.23), rot("x", -8))
    stem = join(lathe([(0.028, 0.08), (0.028, 0.44)], 14), box((0.05, 0.3, 0.02)).moved((0, 0.46, -0.24)))
    feet = [
        sweep(np.array([(0, 0.09, 0), (0.28, 0.055, 0)]) @ rot("y", 72.0 * k).T, [0.025, 0.016], 8) for k in range(5)
    ]
    wheels = [
        superellipsoid((0.025, 0.025, 0.025), n=10).moved(np.array([0.28, 0.025, 0]) @ rot("y", 72.0 * k).T)
        for k in range(5)
    ]
    return Design(
        "office chair",
        (
            Piece("seat", seat, look),
            Piece("back", back, look),
            Piece("base", join(stem, *feet), plastic((0.15, 0.15, 0.16))),
            Piece("wheels", join(*wheels), plastic(BLACK)),
        ),
        (cylinder(0.25, 0.53),),
        9.0,
    )


def sofa(rng: Rng) -> Design:
    w, look = rng.uniform(1.7, 2.1), cloth(rng)
    n = 2 if w < 1.9 else 3
    frame = join(box((w, 0.22, 0.85), 0.04).moved((0, 0.1, 0)), box((w, 0.55, 0.22), 0.08).moved((0, 0.28, -0.32)))
    arms = join(*[box((0.2, 0.5, 0.85), 0.07).moved((s * (w / 2 - 0.1), 0.1, 0)) for s in (-1, 1)])
    each = (w - 0.4) / n
    seats = join(
        *[
            box((each - 0.01, 0.15, 0.62), 0.05, bevels=3).moved((-(w - 0.4) / 2 + each * (k + 0.5), 0.31, 0.09))
            for k in range(n)
        ]
    )
    backs = join(
        *[
            box((each - 0.02, 0.4, 0.16), 0.06, bevels=3).moved(
                (-(w - 0.4) / 2 + each * (k + 0.5), 0.45, -0.16), rot("x", -8)
            )
            for k in range(n)
        ]
    )
    feet = join(*[box((0.06, 0.1, 0.06)).moved((sx * (w / 2 - 0.1), 0, sz * 0.34)) for sx in (-1, 1) for sz in (-1, 1)])
    return Design(
        "sofa",
        (
            Piece("frame", frame, look),
            Piece("arms", arms, look),
            Piece("seats", seats, look),
            Piece("backs", backs, look),
            Piece("feet", feet, timber(rng)),
        ),
        (block((w, 0.46, 0.85)), block((w, 0.4, 0.36), 0.45, 0, -0.25)),
        40.0,
    )


def armchair(rng: Rng) -> Design:
    look = cloth(rng, (2, 2))
    frame = join(
        box((0.8, 0.2, 0.78), 0.04).moved((0, 0.14, 0)), box((0.8, 0.6, 0.2), 0.08).moved((0, 0.3, -0.3), rot("x", -6))
    )
    arms = join(*[box((0.15, 0.46, 0.74), 0.06).moved((s * 0.34, 0.14, 0)) for s in (-1, 1)])
    seat = box((0.52, 0.15, 0.58), 0.055, bevels=3).moved((0, 0.32, 0.07))
    legs = join(
        *[lathe([(0.014, 0), (0.022, 0.15)], 10).moved((sx * 0.33, 0, sz * 0.31)) for sx in (-1, 1) for sz in (-1, 1)]
    )
    return Design(
        "armchair",
        (
            Piece("frame", frame, look),
            Piece("arms", arms, look),
            Piece("seat", seat, look),
            Piece("legs", legs, timber(rng)),
        ),
        (block((0.8, 0.46, 0.78)), block((0.8, 0.45, 0.25), 0.45, 0, -0.28)),
        20.0,
    )


def cushion(rng: Rng) -> Design:
    art = fabric(rng, vivid(rng)) if rng.random() < 0.5 else stripes(rng, [vivid(rng), (0.93, 0.9, 0.84)], 10)
    body = superellipsoid((0.2, 0.06, 0.2), 1.0, 0.45, 24).moved((0, 0.06, 0))
    return Design("cushion", (Piece("cushion", body, textured(art, roughness=0.95)),), (block((0.32, 0.1, 0.32)),), 0.4)


def stool(rng: Rng) -> Design:
    legs = [
        sweep([(0.15 * np.cos(a), 0, 0.15 * np.sin(a)), (0.1 * np.cos(a), 0.44, 0.1 * np.sin(a))], 0.014, 8)
        for a in np.arange(4) * np.pi / 2 + 0.5
    ]
    hoop = sweep(np.insert(circle(0.135, 24), 1, 0.16, axis=1), 0.008, 7, closed=True)
    look = timber(rng)
    return Design(
        "stool",
        (
            Piece("seat", lathe([(0, 0.43), (0.17, 0.43), (0.175, 0.445), (0.165, 0.46), (0, 0.46)], 28), look),
            Piece("legs", join(*legs, hoop), look),
        ),
        (cylinder(0.17, 0.46),),
        3.0,
    )
