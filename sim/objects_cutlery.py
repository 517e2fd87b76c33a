"""Cutlery and long kitchen tools, lying, their length along x."""

import numpy as np

from gazeline.sim.design import Design, Look, Maker, Piece, Solid, block, cylinder, metal, plastic, textured
from gazeline.sim.looks import BLACK, grip_look, timber
from gazeline.sim.meshes import Mesh, box, extrude, join, lathe, rot, superellipsoid, sweep
from gazeline.sim.polygons import F64, circle, curve
from gazeline.sim.textures import Rng, brushed, vivid


def bend(mesh: Mesh, along: F64, lift: F64) -> Mesh:
    """Raise a mesh by a height that depends on x (spoons, forks)."""
    vertices = mesh.vertices.copy()
    vertices[:, 1] += np.interp(vertices[:, 0], along, lift)
    return Mesh(vertices, mesh.normals, mesh.uv, mesh.faces)


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
    return Design(
        "whisk",
        (
            Piece("wires", join(*wires).moved((0, 0.031, 0)), metal(roughness=0.2)),
            Piece("handle", grip.moved((0, 0.031, 0)), grip_look(rng)),
        ),
        (block((0.11, 0.02, 0.02), 0.02, -0.01), Solid("box", (0.12, 0.058, 0.058), (0.14, 0.031, 0.0))),
        0.12,
    )


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


CUTLERY: dict[str, Maker] = {
    "kitchen knife": knife,
    "fork": fork,
    "spoon": spoon,
    "spatula": spatula,
    "ladle": ladle,
    "whisk": whisk,
    "rolling pin": rolling_pin,
}
