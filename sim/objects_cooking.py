"""Pots, cutlery and kitchen tools. Flat things are modelled lying on the table, their length along x."""

import numpy as np

from gazeline.sim.design import Design, Look, Maker, Piece, Solid, block, cylinder, metal, plastic, textured, wall_ring
from gazeline.sim.labels import label
from gazeline.sim.meshes import F64, Mesh, box, circle, curve, extrude, join, lathe, ring, rot, superellipsoid, sweep
from gazeline.sim.textures import Rgb, Rng, brushed, fabric, plaster, shift, speckle, stripes, vivid, wood

BLACK: Rgb = (0.09, 0.09, 0.1)


def timber(rng: Rng) -> Look:
    """Unpainted wood of some tree."""
    trees: list[Rgb] = [(0.72, 0.54, 0.35), (0.58, 0.38, 0.22), (0.42, 0.26, 0.16), (0.8, 0.66, 0.46)]
    return textured(wood(rng, shift(trees[int(rng.integers(len(trees)))], rng, 0.03)), (1.0, 1.0), 0.5)


def grip_look(rng: Rng) -> Look:
    """Handles: black plastic, wood or colour."""
    pick = rng.random()
    return plastic(BLACK) if pick < 0.4 else timber(rng) if pick < 0.75 else plastic(vivid(rng))


def bend(mesh: Mesh, along: F64, lift: F64) -> Mesh:
    """Raise a mesh by a height that depends on x (spoons, forks)."""
    vertices = mesh.vertices.copy()
    vertices[:, 1] += np.interp(vertices[:, 0], along, lift)
    return Mesh(vertices, mesh.normals, mesh.uv, mesh.faces)


def frying_pan(rng: Rng) -> Design:
    r, h = rng.uniform(0.11, 0.13), 0.045
    shell = lathe([(0, 0), (r * 0.85, 0), (r, h), (r - 0.004, h), (r * 0.83, 0.005), (0, 0.005)], 36)
    grip = sweep([(r - 0.005, h * 0.8, 0), (r + 0.05, h, 0), (r + 0.18, h + 0.012, 0)], [0.006, 0.009, 0.011], 8)
    return Design(
        "frying pan",
        (
            Piece("pan", shell, Look((0.13, 0.13, 0.14), roughness=0.4, metallic=0.5)),
            Piece("handle", grip, grip_look(rng)),
        ),
        (cylinder(r * 0.85, 0.006), *wall_ring(r * 0.9, h * 0.8, 0.006), block((0.18, 0.02, 0.02), h * 0.8, r + 0.09)),
        1.0,
    )


def pot(rng: Rng) -> Design:
    r, h = rng.uniform(0.085, 0.11), rng.uniform(0.09, 0.13)
    look = metal(roughness=0.25) if rng.random() < 0.5 else Look(vivid(rng, (0.6, 0.9), (0.3, 0.8)), roughness=0.25)
    body = lathe([(0, 0), (r * 0.96, 0), (r, 0.01), (r, h)], 34)
    lid = lathe(curve([(r + 0.004, h), (r + 0.003, h + 0.006), (r * 0.6, h + 0.022), (0.003, h + 0.03)], 10), 34)
    knob = lathe([(0.006, h + 0.028), (0.007, h + 0.036), (0.016, h + 0.042), (0.014, h + 0.05), (0, h + 0.052)], 16)
    ears = [
        sweep(
            curve(
                [
                    (s * (r - 0.003), h * 0.75, -0.035),
                    (s * (r + 0.028), h * 0.77, -0.024),
                    (s * (r + 0.028), h * 0.77, 0.024),
                    (s * (r - 0.003), h * 0.75, 0.035),
                ],
                12,
            ),
            0.005,
            8,
        )
        for s in (-1, 1)
    ]
    return Design(
        "pot",
        (
            Piece("body", body, look),
            Piece("lid", lid, look),
            Piece("knob", knob, plastic(BLACK)),
            Piece("handles", join(*ears), plastic(BLACK)),
        ),
        (cylinder(r, h + 0.02), block((2 * r + 0.05, 0.012, 0.06), h * 0.7)),
        1.6,
    )


def kettle(rng: Rng) -> Design:
    r, h = 0.085, 0.14
    body = lathe(
        np.vstack([[(0, 0)], curve([(r, 0), (r * 1.02, h * 0.3), (r * 0.75, h * 0.8), (r * 0.45, h)], 14), [(0, h)]]),
        32,
    )
    arch = sweep(
        curve(
            [
                (-r * 0.6, h * 0.8, 0),
                (-r * 0.65, h * 1.35, 0),
                (0, h * 1.6, 0),
                (r * 0.65, h * 1.35, 0),
                (r * 0.6, h * 0.8, 0),
            ],
            18,
        ),
        0.008,
        8,
    )
    spout = sweep(
        curve([(r * 0.8, h * 0.35, 0), (r * 1.25, h * 0.6, 0), (r * 1.5, h * 0.85, 0)], 8),
        np.linspace(0.022, 0.012, 8),
        10,
    )
    lid = join(
        lathe([(r * 0.42, h), (r * 0.36, h + 0.012), (0, h + 0.016)], 24),
        superellipsoid((0.012, 0.01, 0.012), n=12).moved((0, h + 0.022, 0)),
    )
    look = metal(roughness=0.2) if rng.random() < 0.5 else Look(vivid(rng, (0.5, 0.9), (0.4, 0.85)), roughness=0.2)
    return Design(
        "kettle",
        (
            Piece("body", body, look),
            Piece("handle", arch, plastic(BLACK)),
            Piece("spout", spout, look),
            Piece("lid", lid, plastic(BLACK)),
        ),
        (cylinder(r, h * 0.6), cylinder(r * 0.7, h, h * 0.6), block((0.06, 0.06, 0.03), h * 0.4, r * 1.2)),
        1.1,
    )


def cutting_board(rng: Rng) -> Design:
    w, d, t = rng.uniform(0.28, 0.36), rng.uniform(0.18, 0.24), 0.018
    return Design("cutting board", (Piece("board", box((w, t, d), 0.006), timber(rng)),), (block((w, t, d)),), 1.2)


def knife(rng: Rng) -> Design:
    n = rng.uniform(0.15, 0.2)
    blade = extrude(
        np.vstack([curve([(0, -0.018), (n * 0.6, -0.016), (n, 0.012)], 9), [(n * 0.98, 0.016), (0, 0.016)]]), 0.0025
    ).moved((0.0, 0.006, 0))
    grip = box((0.11, 0.015, 0.024), 0.006).moved((-0.055, 0, 0.002))
    steel = textured(brushed(rng), roughness=0.25)
    return Design(
        "kitchen knife",
        (
            Piece("blade", blade, Look(steel.rgb, steel.texture, roughness=0.25, metallic=0.9)),
            Piece("handle", grip, grip_look(rng)),
        ),
        (block((0.11, 0.014, 0.024), 0, -0.055), block((n, 0.01, 0.03), 0.0, n / 2)),
        0.15,
    )


def _cutlery(kind: str, head: list[Mesh], rng: Rng) -> Design:
    stem = sweep(
        [(-0.11, 0.003, 0), (-0.06, 0.004, 0), (0.0, 0.006, 0), (0.042, 0.01, 0)],
        [0.0075, 0.006, 0.004, 0.0045],
        section=circle(1.0, 8) * [0.3, 1.0],
    )
    coloured = rng.random() < 0.25
    look = metal(roughness=0.18)
    return Design(
        kind,
        (Piece("head", join(*head), look), Piece("stem", stem, plastic(vivid(rng)) if coloured else look)),
        (block((0.15, 0.008, 0.012), 0, -0.035), block((0.07, 0.014, 0.028), 0, 0.075)),
        0.06,
    )


def fork(rng: Rng) -> Design:
    lift_x, lift = np.array([0.03, 0.06, 0.085, 0.11]), np.array([0.008, 0.004, 0.004, 0.012])
    base = extrude(
        curve(
            [(0.038, 0.003), (0.052, 0.012), (0.068, 0.0125), (0.068, -0.0125), (0.052, -0.012), (0.038, -0.003)], 18
        ),
        0.002,
    )
    tines = [box((0.042, 0.002, 0.0032)).moved((0.0885, 0, z)) for z in (-0.0108, -0.0036, 0.0036, 0.0108)]
    return _cutlery("fork", [bend(m, lift_x, lift) for m in (base, *tines)], rng)


def spoon(rng: Rng) -> Design:
    r = superellipsoid((0.032, 0.009, 0.02), n=20)
    low = r.vertices[:, 1] > 0
    r.vertices[low, 1] *= -0.75  # the upper half folded down makes the hollow
    return _cutlery("spoon", [r.moved((0.07, 0.0125, 0))], rng)


def spatula(rng: Rng) -> Design:
    blade = join(
        *[box((0.085, 0.003, 0.0085)).moved((0.18, 0.004, z)) for z in np.linspace(-0.033, 0.033, 5)],
        box((0.014, 0.003, 0.075)).moved((0.225, 0.004, 0)),
        box((0.014, 0.003, 0.075)).moved((0.138, 0.004, 0)),
    )
    stem = sweep(curve([(-0.13, 0.009, 0), (0.0, 0.012, 0), (0.1, 0.02, 0), (0.135, 0.006, 0)], 12), 0.006, 8)
    look = plastic(BLACK) if rng.random() < 0.5 else timber(rng)
    return Design(
        "spatula",
        (Piece("blade", blade, look), Piece("handle", stem, grip_look(rng))),
        (block((0.26, 0.016, 0.014)), block((0.1, 0.008, 0.075), 0, 0.18)),
        0.12,
    )


def ladle(rng: Rng) -> Design:
    r = 0.042
    cup = lathe(
        np.vstack(
            [
                curve([(0.0, 0.0), (r * 0.75, r * 0.25), (r, r * 0.85)], 9),
                curve([(r - 0.003, r * 0.85), (r * 0.72, r * 0.29), (0.0, 0.004)], 9),
            ]
        ),
        24,
    )
    stem = sweep(
        curve(
            [(-r + 0.001, r * 0.75, 0), (-r - 0.05, r * 0.95, 0), (-r - 0.26, r * 0.35, 0), (-r - 0.29, 0.01, 0)], 14
        ),
        0.0045,
        8,
    )
    return Design(
        "ladle",
        (Piece("cup", cup, metal(roughness=0.2)), Piece("handle", stem, metal(roughness=0.3))),
        (cylinder(r * 0.8, r * 0.8), block((0.29, 0.012, 0.012), 0.0, -r - 0.14)),
        0.18,
    )


def whisk(rng: Rng) -> Design:
    wires = []
    for k in range(5):
        path = curve(
            [
                (0.05, 0, 0),
                (0.11, 0.026, 0),
                (0.16, 0.03, 0),
                (0.195, 0, 0),
                (0.16, -0.03, 0),
                (0.11, -0.026, 0),
                (0.05, 0, 0),
            ],
            24,
        )
        wires.append(sweep(path @ rot("x", 36.0 * k).T, 0.0013, 5))
    grip = sweep([(-0.07, 0, 0), (-0.03, 0, 0), (0.05, 0, 0)], [0.012, 0.013, 0.008], 10)
    d = Design(
        "whisk",
        (
            Piece("wires", join(*wires).moved((0, 0.031, 0)), metal(roughness=0.2)),
            Piece("handle", grip.moved((0, 0.031, 0)), grip_look(rng)),
        ),
        (block((0.11, 0.02, 0.02), 0.02, -0.01), Solid("box", (0.12, 0.058, 0.058), (0.14, 0.031, 0.0))),
        0.12,
    )
    return d


def rolling_pin(rng: Rng) -> Design:
    r = 0.024
    roll = lathe([(0, -0.12), (r, -0.12), (r, 0.12), (0, 0.12)], 22)
    grips = [
        lathe([(0.006, a), (0.011, a + 0.01), (0.012, a + 0.05), (0.006, a + 0.06), (0, a + 0.061)], 14)
        for a in (0.12,)
    ]
    grip = join(*grips, *[g.moved(rotation=rot("x", 180)) for g in grips])
    turn = rot("z", -90)
    return Design(
        "rolling pin",
        (
            Piece("roller", roll.moved((0, r, 0), turn), timber(rng)),
            Piece("handles", grip.moved((0, r, 0), turn), grip_look(rng)),
        ),
        (block((0.24, 2 * r, 2 * r)),),
        0.5,
    )


def shaker(rng: Rng) -> Design:
    r, h = 0.02, rng.uniform(0.06, 0.08)
    body = lathe([(0, 0), (r, 0), (r * 0.85, h * 0.5), (r * 0.8, h * 0.7)], 20)
    top = lathe(curve([(r * 0.82, h * 0.7), (r * 0.8, h * 0.88), (0.002, h)], 8), 20)
    return Design(
        "salt shaker",
        (Piece("body", body, Look(vivid(rng, (0.0, 0.5), (0.7, 0.98)), roughness=0.2)), Piece("top", top, metal())),
        (cylinder(r, h),),
        0.15,
    )


def pepper_mill(rng: Rng) -> Design:
    h = rng.uniform(0.15, 0.22)
    body = lathe(
        np.vstack(
            [
                [(0, 0)],
                curve([(0.027, 0), (0.026, h * 0.12), (0.017, h * 0.4), (0.022, h * 0.62), (0.02, h * 0.68)], 14),
                [(0, h * 0.68)],
            ]
        ),
        22,
    )
    head = lathe(
        np.vstack(
            [[(0.012, h * 0.685)], curve([(0.02, h * 0.7), (0.024, h * 0.8), (0.016, h * 0.95), (0.002, h * 0.97)], 10)]
        ),
        22,
    )
    knob = superellipsoid((0.006, 0.006, 0.006), n=10).moved((0, h * 0.985, 0))
    look = timber(rng) if rng.random() < 0.7 else plastic(BLACK)
    return Design(
        "pepper mill",
        (Piece("body", body, look), Piece("head", head, look), Piece("knob", knob, metal())),
        (cylinder(0.026, h),),
        0.3,
    )


def tray(rng: Rng) -> Design:
    w, d, t = 0.42, 0.3, 0.006
    look = timber(rng) if rng.random() < 0.6 else plastic(vivid(rng, (0.3, 0.7), (0.3, 0.8)))
    sides = [box((w, 0.035, t), 0.002).moved((0, 0, s * (d - t) / 2)) for s in (-1, 1)]
    sides += [box((t, 0.035, d), 0.002).moved((s * (w - t) / 2, 0, 0)) for s in (-1, 1)]
    arcs = [
        sweep(
            curve(
                [
                    (s * (w / 2 - 0.003), 0.033, -0.05),
                    (s * (w / 2 - 0.003), 0.06, -0.03),
                    (s * (w / 2 - 0.003), 0.06, 0.03),
                    (s * (w / 2 - 0.003), 0.033, 0.05),
                ],
                12,
            ),
            0.004,
            7,
        )
        for s in (-1, 1)
    ]
    solids = (
        block((w, t, d)),
        *[block((w, 0.035, t), 0, 0, s * (d - t) / 2) for s in (-1, 1)],
        *[block((t, 0.035, d), 0, s * (w - t) / 2) for s in (-1, 1)],
    )
    return Design(
        "tray",
        (
            Piece("tray", join(box((w, t, d), 0.002), *sides), look),
            Piece("handles", join(*arcs), metal((0.75, 0.6, 0.35))),
        ),
        solids,
        1.0,
    )


def basket(rng: Rng) -> Design:
    r, h = rng.uniform(0.11, 0.14), rng.uniform(0.08, 0.11)
    weave = textured(fabric(rng, (0.66, 0.48, 0.27), 0.6), (6.0, 1.5), 0.8)
    wall = lathe([(0, 0), (r * 0.8, 0), (r, h), (r - 0.008, h), (r * 0.78, 0.008), (0, 0.008)], 30)
    rim = sweep(np.insert(circle(r - 0.004, 30), 1, h, axis=1), 0.007, 7, closed=True)
    arch = sweep(
        curve(
            [(-r + 0.004, h, 0), (-r * 0.8, h + 0.1, 0), (0, h + 0.15, 0), (r * 0.8, h + 0.1, 0), (r - 0.004, h, 0)], 20
        ),
        0.007,
        7,
    )
    return Design(
        "basket",
        (Piece("basket", join(wall, rim), weave), Piece("handle", arch, weave)),
        (cylinder(r * 0.8, 0.008), *wall_ring(r * 0.84, h, 0.0, 0.016, 12)),
        0.5,
    )


def toaster(rng: Rng) -> Design:
    look = metal(roughness=0.22) if rng.random() < 0.5 else Look(vivid(rng, (0.3, 0.8), (0.5, 0.9)), roughness=0.2)
    w, h, d = 0.27, 0.18, 0.16
    shell = box((w, h, d), 0.035, bevels=4).moved((0, 0.008, 0))
    slots = [box((0.17, 0.004, 0.028)).moved((0, h + 0.0055, z)) for z in (-0.032, 0.032)]
    lever = join(
        box((0.014, 0.012, 0.04), 0.004).moved((w / 2 + 0.008, 0.11, 0)),
        box((0.004, 0.09, 0.006)).moved((w / 2, 0.05, 0)),
    )
    feet = box((w * 0.85, 0.01, d * 0.8))
    return Design(
        "toaster",
        (
            Piece("body", shell, look),
            Piece("slots", join(*slots), plastic((0.04, 0.04, 0.04))),
            Piece("lever", lever, plastic(BLACK)),
            Piece("base", feet, plastic(BLACK)),
        ),
        (block((w, h, d)),),
        1.8,
    )


def paper_towel(rng: Rng) -> Design:
    roll = lathe([(0.02, 0.012), (0.058, 0.012), (0.058, 0.24), (0.02, 0.24), (0.02, 0.012)], 30)
    stand = join(
        lathe([(0, 0), (0.075, 0), (0.075, 0.01), (0, 0.01)], 30),
        lathe([(0.008, 0.01), (0.008, 0.28), (0.014, 0.29), (0, 0.3)], 14),
    )
    return Design(
        "paper towel",
        (
            Piece("roll", roll, textured(plaster(rng, (0.95, 0.95, 0.94), 0.12), (3, 2), 0.95)),
            Piece("stand", stand, timber(rng)),
        ),
        (cylinder(0.07, 0.012), cylinder(0.058, 0.24, 0.012)),
        0.6,
    )


def trivet(rng: Rng) -> Design:
    n = circle(0.085, 32)
    look = textured(speckle(rng, (0.72, 0.54, 0.36), (0.5, 0.35, 0.22)), (1, 1), 0.9)
    return Design("trivet", (Piece("ring", ring(n, n * 0.45, 0.012), look),), (cylinder(0.085, 0.012),), 0.2)


def dish_cloth(rng: Rng) -> Design:
    cloth = stripes(
        rng,
        [vivid(rng, (0.3, 0.8)), (0.93, 0.92, 0.88), (0.93, 0.92, 0.88)],
        int(rng.choice([6, 9, 12])),
        bool(rng.random() < 0.5),
    )
    folds = [
        box((0.2 - 0.008 * k, 0.006, 0.14 - 0.004 * k), 0.0028).moved((0.003 * k, 0.006 * k, 0.002 * k))
        for k in range(3)
    ]
    return Design(
        "dish cloth",
        (Piece("cloth", join(*folds), textured(cloth, roughness=0.95)),),
        (block((0.2, 0.018, 0.14)),),
        0.1,
    )


def spray_bottle(rng: Rng) -> Design:
    r, h = 0.036, 0.17
    body = lathe(
        np.vstack([[(0, 0)], curve([(r, 0.004), (r, h * 0.6), (r * 0.6, h * 0.85), (0.013, h)], 12)]), 24
    ).scaled((1.15, 1, 0.8))
    head = join(
        box((0.07, 0.024, 0.022), 0.007).moved((0.012, h + 0.02, 0)),
        lathe([(0.015, h - 0.004), (0.015, h + 0.022)], 16),
        box((0.012, 0.012, 0.012)).moved((0.052, h + 0.026, 0)),
    )
    trigger = sweep(curve([(0.026, h + 0.02, 0), (0.034, h - 0.005, 0), (0.03, h - 0.028, 0)], 8), 0.0045, 7)
    band = lathe([(r + 0.0008, h * 0.12), (r + 0.0008, h * 0.55)], 24).scaled((1.15, 1, 0.8))
    colour = vivid(rng)
    return Design(
        "spray bottle",
        (
            Piece("body", body, Look(vivid(rng, (0.2, 0.8), (0.6, 0.95)), roughness=0.2, alpha=0.85)),
            Piece("label", band, textured(label(rng), (2, 1))),
            Piece("head", head, plastic(colour)),
            Piece("trigger", trigger, plastic(BLACK)),
        ),
        (cylinder(r, h), block((0.06, 0.035, 0.022), h, 0.01)),
        0.5,
    )


COOKING: dict[str, Maker] = {
    "frying pan": frying_pan,
    "pot": pot,
    "kettle": kettle,
    "cutting board": cutting_board,
    "kitchen knife": knife,
    "fork": fork,
    "spoon": spoon,
    "spatula": spatula,
    "ladle": ladle,
    "whisk": whisk,
    "rolling pin": rolling_pin,
    "salt shaker": shaker,
    "pepper mill": pepper_mill,
    "tray": tray,
    "basket": basket,
    "toaster": toaster,
    "paper towel": paper_towel,
    "trivet": trivet,
    "dish cloth": dish_cloth,
    "spray bottle": spray_bottle,
}
