"""Hand tools, lying on their sides, their length along x."""

import numpy as np

from gazeline.sim.design import Design, Look, Maker, Piece, block, metal, plastic, textured
from gazeline.sim.looks import BLACK, grip_look
from gazeline.sim.meshes import box, extrude, join, lathe, ring, rot, sweep
from gazeline.sim.polygons import circle, curve
from gazeline.sim.textures import Rng, stripes, vivid

SIDEWAYS = rot("z", -90)


def screwdriver(rng: Rng) -> Design:
    n, r = rng.uniform(0.09, 0.14), 0.014
    grip = lathe(
        [
            (0, 0),
            (r * 0.7, 0),
            (r, 0.01),
            (r * 0.85, 0.035),
            (r, 0.07),
            (r * 0.6, 0.09),
            (r * 0.75, 0.1),
            (0.004, 0.102),
        ],
        14,
    )
    shaft = lathe([(0.0032, 0.1), (0.0032, 0.1 + n)], 10)
    tip = box((0.009, 0.016, 0.0016)).moved((0, 0.1 + n - 0.002, 0))
    place = ((-0.1, r, 0.0), SIDEWAYS)
    return Design(
        "screwdriver",
        (
            Piece("handle", grip.moved(*place), plastic(vivid(rng, (0.7, 0.95), (0.5, 0.95)), 0.25)),
            Piece("shaft", join(shaft, tip).moved(*place), metal()),
        ),
        (block((0.1, 2 * r, 0.026), 0, -0.05), block((n, 0.006, 0.006), r - 0.003, n / 2)),
        0.15,
    )


def hammer(rng: Rng) -> Design:
    grip = sweep(
        [(-0.26, 0.014, 0), (-0.2, 0.014, 0), (-0.1, 0.012, 0), (0.01, 0.012, 0)],
        [0.012, 0.014, 0.0095, 0.011],
        section=circle(1.0, 10) * [0.85, 1.0],
    )
    face = lathe([(0, 0), (0.013, 0), (0.0145, 0.005), (0.0145, 0.02), (0.01, 0.026), (0.01, 0.045)], 18).moved(
        (0.012, 0.014, 0.062), rot("x", -90)
    )
    cheek = box((0.026, 0.026, 0.04), 0.004).moved((0.012, 0.001, 0.0))
    claw = [
        sweep(
            curve(
                [
                    (0.012 + s * 0.005, 0.014, -0.018),
                    (0.01 + s * 0.007, 0.015, -0.045),
                    (-0.008 + s * 0.009, 0.014, -0.072),
                ],
                9,
            ),
            np.linspace(0.0075, 0.003, 9),
            8,
        )
        for s in (-1, 1)
    ]
    return Design(
        "hammer",
        (
            Piece("handle", grip, grip_look(rng)),
            Piece("head", join(face, cheek, *claw), metal((0.55, 0.56, 0.58), 0.35)),
        ),
        (block((0.27, 0.024, 0.022), 0, -0.13), block((0.03, 0.028, 0.12), 0, 0.012, 0.0)),
        0.5,
    )


def wrench(rng: Rng) -> Design:
    a = np.deg2rad(np.linspace(40, 320, 18))
    outer = np.stack([0.02 * np.cos(a), 0.02 * np.sin(a)], -1)
    jaw = extrude(
        np.vstack([outer, [(0.004, -0.008), (-0.006, -0.008), (-0.006, 0.008), (0.004, 0.008)]]), 0.008
    ).moved((0.095, 0, 0), rot("y", 15))
    eye = ring(circle(0.017, 24, (-0.095, 0)), circle(0.0095, 24, (-0.095, 0)), 0.008)
    bar = box((0.165, 0.005, 0.012), 0.002).moved((0.0, 0.0015, 0))
    steel = metal((0.72, 0.72, 0.74), 0.22)
    return Design(
        "wrench",
        (Piece("jaw", jaw, steel), Piece("bar", bar, steel), Piece("eye", eye, steel)),
        (block((0.22, 0.008, 0.03)),),
        0.25,
    )


def pliers(rng: Rng) -> Design:
    jaws, grips = [], []
    for s in (-1.0, 1.0):
        jaws.append(
            extrude(
                [(-0.012, s * 0.001), (0.055, s * 0.0015), (0.055, s * 0.004), (0.015, s * 0.012), (-0.012, s * 0.01)],
                0.01,
            )
        )
        grips.append(
            sweep(
                curve(
                    [
                        (-0.008, 0.006, -s * 0.004),
                        (-0.045, 0.007, s * 0.016),
                        (-0.09, 0.007, s * 0.021),
                        (-0.12, 0.007, s * 0.016),
                    ],
                    12,
                ),
                np.linspace(0.0055, 0.0075, 12),
                8,
            )
        )
    pivot = lathe([(0.012, 0), (0.012, 0.012), (0, 0.012)], 18)
    return Design(
        "pliers",
        (
            Piece("jaws", join(*jaws, pivot), metal((0.5, 0.5, 0.52), 0.35)),
            Piece("handles", join(*grips), plastic(vivid(rng, (0.7, 0.95), (0.4, 0.9)))),
        ),
        (block((0.18, 0.013, 0.05), 0, -0.03),),
        0.2,
    )


def flashlight(rng: Rng) -> Design:
    body = lathe([(0, 0), (0.013, 0), (0.014, 0.005), (0.014, 0.1), (0.021, 0.125), (0.022, 0.145), (0.019, 0.145)], 20)
    lens = lathe([(0.0195, 0.142), (0.0, 0.14)], 18)
    button = box((0.006, 0.014, 0.01), 0.002).moved((-0.0135, 0.06, 0))
    place = ((-0.07, 0.022, 0.0), SIDEWAYS @ rot("y", 180))
    return Design(
        "flashlight",
        (
            Piece("body", body.moved(*place), metal(vivid(rng, (0.0, 0.8), (0.2, 0.7)), 0.4)),
            Piece("lens", lens.moved(*place), Look((0.95, 0.95, 0.85), emission=1.0, roughness=0.1)),
            Piece("button", button.moved(*place), plastic((0.8, 0.2, 0.1))),
        ),
        (block((0.14, 0.04, 0.03), 0.002),),
        0.2,
    )


def tape_measure(rng: Rng) -> Design:
    body = (
        extrude(
            np.vstack(
                [
                    curve(
                        [(-0.034, -0.0), (-0.034, 0.045), (-0.015, 0.066), (0.02, 0.066), (0.036, 0.045), (0.036, 0.0)],
                        16,
                    )
                ]
            ),
            0.036,
        )
        .moved((0, 0, 0.018), rot("x", -90) @ rot("y", 0))
        .moved(rotation=rot("y", 180))
    )
    disc = lathe([(0.024, 0), (0.022, 0.002), (0, 0.002)], 24).moved((0, 0.035, 0.018), rot("x", 90))
    lip = box((0.05, 0.001, 0.018)).moved((-0.055, 0.004, 0))
    return Design(
        "tape measure",
        (
            Piece("case", body, plastic(vivid(rng, (0.7, 0.95), (0.6, 0.95)))),
            Piece("label", disc, plastic(BLACK)),
            Piece("tape", lip, Look((0.95, 0.85, 0.2))),
        ),
        (block((0.07, 0.066, 0.036)),),
        0.25,
    )


def brush(rng: Rng) -> Design:
    grip = sweep(
        [(-0.13, 0.0085, 0), (-0.07, 0.0085, 0), (0.0, 0.0085, 0)],
        [0.006, 0.011, 0.014],
        section=circle(1.0, 10) * [0.6, 1.0],
    )
    ferrule = box((0.03, 0.016, 0.046), 0.004).moved((0.012, 0.0, 0))
    hair = box((0.055, 0.012, 0.044), 0.004).moved((0.052, 0.002, 0))
    return Design(
        "paint brush",
        (
            Piece("handle", grip, grip_look(rng)),
            Piece("ferrule", ferrule, metal()),
            Piece(
                "bristles",
                hair,
                textured(stripes(rng, [(0.35, 0.25, 0.15), (0.5, 0.38, 0.25)], 64, vertical=False), roughness=0.95),
            ),
        ),
        (block((0.13, 0.022, 0.02), 0, -0.065), block((0.085, 0.02, 0.044), 0, 0.035)),
        0.1,
    )


TOOLS: dict[str, Maker] = {
    "screwdriver": screwdriver,
    "hammer": hammer,
    "wrench": wrench,
    "pliers": pliers,
    "flashlight": flashlight,
    "tape measure": tape_measure,
    "paint brush": brush,
}
