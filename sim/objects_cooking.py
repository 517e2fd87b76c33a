"""Boards, trays, shakers and what else stands in a kitchen."""

import numpy as np

from gazeline.sim.design import Design, Look, Maker, Piece, block, cylinder, metal, plastic, textured, wall_ring
from gazeline.sim.labels import label
from gazeline.sim.looks import BLACK, timber
from gazeline.sim.meshes import box, join, lathe, ring, superellipsoid, sweep
from gazeline.sim.polygons import circle, curve
from gazeline.sim.textures import Rng, fabric, plaster, speckle, stripes, vivid


def cutting_board(rng: Rng) -> Design:
    w, d, t = rng.uniform(0.28, 0.36), rng.uniform(0.18, 0.24), 0.018
    return Design("cutting board", (Piece("board", box((w, t, d), 0.006), timber(rng)),), (block((w, t, d)),), 1.2)


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
    "cutting board": cutting_board,
    "salt shaker": shaker,
    "pepper mill": pepper_mill,
    "tray": tray,
    "basket": basket,
    "paper towel": paper_towel,
    "trivet": trivet,
    "dish cloth": dish_cloth,
    "spray bottle": spray_bottle,
}
