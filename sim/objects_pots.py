"""Pots, pans and what heats."""

import numpy as np

from gazeline.sim.design import Design, Look, Maker, Piece, block, cylinder, metal, plastic, wall_ring
from gazeline.sim.looks import BLACK, grip_look
from gazeline.sim.meshes import box, join, lathe, superellipsoid, sweep
from gazeline.sim.polygons import curve
from gazeline.sim.textures import Rng, vivid


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


POTS: dict[str, Maker] = {
    "frying pan": frying_pan,
    "pot": pot,
    "kettle": kettle,
    "toaster": toaster,
}
