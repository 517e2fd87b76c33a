"""Tables, seats, shelves and the other large things that stand still. Facing +z, standing on y = 0."""

import numpy as np

from gazeline.sim.design import Design, Look, Maker, Piece, block, cylinder, metal, plastic, textured
from gazeline.sim.labels import landscape, screen
from gazeline.sim.meshes import box, circle, curve, join, lathe, rot, superellipsoid, sweep
from gazeline.sim.objects_cooking import timber
from gazeline.sim.textures import Rgb, Rng, checks, fabric, marble, plaster, shift, speckle, stripes, vivid, wood

BLACK: Rgb = (0.08, 0.08, 0.09)
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
        sweep([(0, 0.09, 0), np.array([0.28, 0.055, 0]) @ rot("y", 72.0 * k).T], [0.025, 0.016], 8) for k in range(5)
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


def shelf(rng: Rng, width: float, height: float, levels: int, depth: float = 0.28) -> Design:
    """A book case; boards at ``height / levels`` steps (see ``shelf_boards``)."""
    look = timber(rng) if rng.random() < 0.6 else plastic((0.9, 0.9, 0.88), 0.5)
    t = 0.022
    sides = [box((t, height, depth)).moved((s * (width - t) / 2, 0, 0)) for s in (-1, 1)]
    boards = [
        box((width - 2 * t, t, depth - 0.01)).moved((0, y - t, 0)) for y in (*shelf_boards(height, levels), height)
    ]
    back = box((width - 2 * t, height, 0.008)).moved((0, 0, -depth / 2 + 0.004))
    solids = tuple(block((width, t, depth), y - t) for y in (*shelf_boards(height, levels), height))
    walls = tuple(block((t, height, depth), 0, s * (width - t) / 2) for s in (-1, 1))
    return Design(
        "shelf",
        (Piece("frame", join(*sides, back), look), Piece("boards", join(*boards), look)),
        (*solids, *walls),
        25.0,
    )


def shelf_boards(height: float, levels: int) -> list[float]:
    """Heights of the surfaces that things stand on."""
    return [0.06 + k * (height - 0.06) / levels for k in range(levels)]


def wall_board(rng: Rng, width: float, depth: float = 0.2) -> Design:
    """A single board with brackets; the things stand at y = 0.14."""
    plank = box((width, 0.022, depth), 0.003).moved((0, 0.118, 0))
    brackets = [
        join(
            box((0.02, 0.118, 0.014)).moved((x, 0, -depth / 2 + 0.008)),
            sweep([(x, 0.01, -depth / 2 + 0.01), (x, 0.115, depth * 0.35)], 0.006, 6),
        )
        for x in (-width * 0.35, width * 0.35)
    ]
    return Design(
        "wall shelf",
        (Piece("board", plank, timber(rng)), Piece("brackets", join(*brackets), metal((0.2, 0.2, 0.2), 0.5))),
        (block((width, 0.022, depth), 0.118),),
        3.0,
    )


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


def television(rng: Rng) -> Design:
    w = rng.uniform(1.0, 1.25)
    h = w * 0.57
    frame = box((w, h, 0.05), 0.01).moved((0, 0.06, 0))
    pane = box((w - 0.03, h - 0.03, 0.002)).moved((0, 0.075, 0.0255))
    feet = join(*[box((0.03, 0.06, 0.24), 0.005).moved((s * w * 0.3, 0, 0)) for s in (-1, 1)])
    on = rng.random() < 0.7
    art = (
        Look((1, 1, 1), screen(rng) if rng.random() < 0.3 else landscape(rng), roughness=0.1, emission=1.0)
        if on
        else Look((0.03, 0.03, 0.035), roughness=0.06)
    )
    return Design(
        "television",
        (Piece("frame", frame, plastic(BLACK)), Piece("screen", pane, art), Piece("feet", feet, plastic(BLACK))),
        (block((w, h, 0.06), 0.06), block((w * 0.7, 0.06, 0.24))),
        12.0,
    )


def sideboard(rng: Rng, width: float = 1.5, height: float = 0.5) -> Design:
    look = timber(rng) if rng.random() < 0.6 else plastic((0.9, 0.9, 0.88), 0.45)
    body = box((width, height - 0.1, 0.42), 0.006).moved((0, 0.1, 0))
    doors = [
        box((width / 3 - 0.015, height - 0.14, 0.015), 0.004).moved((width / 3 * (k - 1), 0.12, 0.215))
        for k in range(3)
    ]
    knobs = [
        superellipsoid((0.014, 0.014, 0.014), n=10).moved((width / 3 * (k - 1) + 0.18, 0.1 + height * 0.45, 0.232))
        for k in range(3)
    ]
    feet = [
        lathe([(0.012, 0), (0.02, 0.1)], 10).moved((sx * (width / 2 - 0.1), 0, sz * 0.15))
        for sx in (-1, 1)
        for sz in (-1, 1)
    ]
    return Design(
        "sideboard",
        (
            Piece("body", body, look),
            Piece("doors", join(*doors), look),
            Piece("knobs", join(*knobs), metal((0.75, 0.6, 0.35))),
            Piece("feet", join(*feet), timber(rng)),
        ),
        (block((width, height, 0.42)),),
        30.0,
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


def cupboard(rng: Rng, width: float, height: float, depth: float) -> Design:
    """Kitchen unit with two doors, for the floor (height 0.9) or the wall."""
    look = timber(rng) if rng.random() < 0.4 else plastic(shift(CALM[int(rng.integers(len(CALM)))], rng, 0.05), 0.4)
    body = box((width, height, depth))
    doors = [
        box((width / 2 - 0.01, height - 0.02, 0.018), 0.004).moved((s * width / 4, 0.01, depth / 2)) for s in (-1, 1)
    ]
    pulls = [
        sweep(
            [
                (s * 0.04, height * 0.45, depth / 2 + 0.035),
                (s * 0.04, height * 0.5, depth / 2 + 0.035),
                (s * 0.04, height * 0.6, depth / 2 + 0.035),
            ],
            0.005,
            6,
        )
        for s in (-1, 1)
    ]
    return Design(
        "cupboard",
        (Piece("body", body, look), Piece("doors", join(*doors), look), Piece("handles", join(*pulls), metal())),
        (block((width, height, depth)),),
        30.0,
    )


def fridge(rng: Rng) -> Design:
    look = (
        metal((0.75, 0.76, 0.78), 0.45) if rng.random() < 0.5 else plastic(vivid(rng, (0.0, 0.4), (0.75, 0.95)), 0.25)
    )
    body = box((0.6, 1.75, 0.62), 0.02)
    doors = join(
        box((0.59, 0.55, 0.04), 0.012).moved((0, 1.18, 0.32)), box((0.59, 1.1, 0.04), 0.012).moved((0, 0.05, 0.32))
    )
    pulls = join(
        *[sweep([(-0.25, y, 0.375), (-0.25, y + 0.12, 0.375), (-0.25, y + 0.25, 0.375)], 0.01, 8) for y in (1.22, 0.8)]
    )
    return Design(
        "refrigerator",
        (Piece("body", body, look), Piece("doors", doors, look), Piece("handles", pulls, metal())),
        (block((0.6, 1.75, 0.62)),),
        60.0,
    )


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


FURNITURE: dict[str, Maker] = {
    "table": lambda rng: table(rng, 1.5, 0.9, 0.75),
    "desk": lambda rng: desk(rng, 1.5, 0.75, 0.74),
    "chair": chair,
    "office chair": office_chair,
    "stool": stool,
    "sofa": sofa,
    "armchair": armchair,
    "cushion": cushion,
    "shelf": lambda rng: shelf(rng, 0.9, 1.8, 5),
    "wall shelf": lambda rng: wall_board(rng, 1.0),
    "floor lamp": floor_lamp,
    "television": television,
    "sideboard": sideboard,
    "rug": lambda rng: rug(rng, 2.0, 1.4),
    "picture": wall_picture,
    "wall clock": wall_clock,
    "pendant lamp": lambda rng: pendant_lamp(rng, 0.8),
    "cupboard": lambda rng: cupboard(rng, 0.8, 0.9, 0.55),
    "refrigerator": fridge,
}
