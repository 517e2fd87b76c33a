"""Lamps, loudspeakers, cameras: other electronic things of a desk."""

import numpy as np

from gazeline.sim.design import Design, Look, Maker, Piece, block, cylinder, metal, plastic, textured
from gazeline.sim.looks import BLACK
from gazeline.sim.meshes import box, join, lathe, rot, superellipsoid, sweep
from gazeline.sim.objects_computers import casing
from gazeline.sim.polygons import circle, curve
from gazeline.sim.textures import Rng, fabric, vivid


def desk_lamp(rng: Rng) -> Design:
    look = plastic(vivid(rng), 0.3) if rng.random() < 0.6 else metal(roughness=0.3)
    base = lathe([(0, 0), (0.085, 0), (0.082, 0.016), (0.02, 0.024), (0, 0.024)], 28)
    elbow, head = np.array([-0.1, 0.22, 0.0]), np.array([0.06, 0.4, 0.0])
    arm = join(
        sweep(np.stack([np.array([0, 0.02, 0]), elbow]), 0.007, 8),
        sweep([elbow, head], 0.007, 8),
        superellipsoid((0.013, 0.013, 0.013), n=12).moved(elbow),
    )
    shade = lathe([(0.02, 0.04), (0.024, 0.05), (0.068, -0.05), (0.066, -0.05), (0.02, 0.04)], 26)
    bulb = superellipsoid((0.026, 0.032, 0.026), n=14).moved((0, -0.02, 0))
    turn = rot("z", 30)
    return Design(
        "desk lamp",
        (
            Piece("base", base, look),
            Piece("arm", arm, metal(roughness=0.3)),
            Piece("shade", shade.moved(head, turn), look),
            Piece("bulb", bulb.moved(head, turn), Look((1.0, 0.95, 0.8), emission=3.0 if rng.random() < 0.6 else 0.3)),
        ),
        (cylinder(0.085, 0.024), block((0.02, 0.2, 0.02), 0.02, -0.05), block((0.14, 0.1, 0.13), 0.36, 0.06)),
        2.5,
    )


def speaker(rng: Rng) -> Design:
    w, h, d = 0.11, rng.uniform(0.17, 0.22), 0.13
    look = casing(rng)
    cones = [
        lathe([(r, 0.006), (r * 0.86, 0.007), (r * 0.8, 0.003), (r * 0.25, -0.004), (0, 0.0)], 22).moved(
            (0, y, d / 2), rot("x", 90)
        )
        for r, y in ((0.043, h * 0.32), (0.024, h * 0.75))
    ]
    rings = [
        lathe([(r * 1.1, 0), (r * 1.1, 0.004), (r * 0.98, 0.004)], 22).moved((0, y, d / 2), rot("x", 90))
        for r, y in ((0.043, h * 0.32), (0.024, h * 0.75))
    ]
    return Design(
        "speaker",
        (
            Piece("cabinet", box((w, h, d), 0.006), look),
            Piece("cones", join(*cones), plastic((0.2, 0.2, 0.22), 0.6)),
            Piece("rings", join(*rings), metal()),
        ),
        (block((w, h, d)),),
        2.0,
    )


def headphones(rng: Rng) -> Design:
    a = np.linspace(-0.5 * np.pi, 0.5 * np.pi, 20)
    band = sweep(
        np.stack([0.082 * np.sin(a), np.full_like(a, 0.016), -0.095 * np.cos(a)], -1),
        0.011,
        section=circle(1.0, 8) * [1.0, 0.4],
    )
    cups = [superellipsoid((0.02, 0.036, 0.044), 0.7, 0.9, 18).moved((s * 0.086, 0.036, 0.03)) for s in (-1, 1)]
    pads = [superellipsoid((0.012, 0.031, 0.038), 0.6, 0.9, 16).moved((s * 0.064, 0.036, 0.03)) for s in (-1, 1)]
    arms = [
        sweep([(s * 0.082, 0.016, 0), (s * 0.084, 0.024, 0.016), (s * 0.086, 0.036, 0.03)], 0.006, 8) for s in (-1, 1)
    ]
    shell = plastic(vivid(rng, (0.0, 0.8), (0.1, 0.9)), 0.3)
    return Design(
        "headphones",
        (
            Piece("band", join(band, *arms), casing(rng)),
            Piece("cups", join(*cups), shell),
            Piece("pads", join(*pads), textured(fabric(rng, (0.13, 0.13, 0.14)), roughness=0.9)),
        ),
        (
            block((0.05, 0.07, 0.08), 0, -0.08, 0.03),
            block((0.05, 0.07, 0.08), 0, 0.08, 0.03),
            block((0.14, 0.02, 0.03), 0.006, 0, -0.08),
        ),
        0.3,
    )


def camera(rng: Rng) -> Design:
    body = box((0.13, 0.08, 0.045), 0.01)
    top = box((0.045, 0.024, 0.04), 0.008).moved((0, 0.076, 0))
    grip = box((0.028, 0.07, 0.022), 0.009).moved((-0.05, 0.004, 0.028))
    barrel = lathe([(0.034, 0), (0.034, 0.012), (0.031, 0.014), (0.031, 0.045), (0.027, 0.047), (0.024, 0.04)], 26)
    eye = lathe([(0.025, 0.04), (0.016, 0.043), (0, 0.045)], 22)
    dial = lathe([(0.011, 0), (0.011, 0.008), (0, 0.008)], 16).moved((0.045, 0.079, 0))
    face = rot("x", 90)
    return Design(
        "camera",
        (
            Piece("body", join(body, grip), plastic(BLACK, 0.6)),
            Piece("top", join(top, dial), metal((0.6, 0.6, 0.62), 0.4) if rng.random() < 0.5 else plastic(BLACK, 0.5)),
            Piece("lens", barrel.moved((0.008, 0.04, 0.02), face), plastic((0.14, 0.14, 0.15), 0.35)),
            Piece("glass", eye.moved((0.008, 0.04, 0.02), face), Look((0.12, 0.1, 0.25), roughness=0.05)),
        ),
        (block((0.13, 0.08, 0.045)), block((0.062, 0.062, 0.05), 0.008, 0.008, 0.045)),
        0.7,
    )


def game_controller(rng: Rng) -> Design:
    path = curve(
        [(-0.072, 0.016, 0.05), (-0.062, 0.02, 0.0), (0, 0.022, -0.016), (0.062, 0.02, 0.0), (0.072, 0.016, 0.05)], 22
    )
    body = sweep(
        path,
        np.interp(np.linspace(0, 1, 22), [0, 0.2, 0.5, 0.8, 1], [0.017, 0.028, 0.031, 0.028, 0.017]),
        section=circle(1.0, 12) * [0.62, 1.0],
    )
    sticks = [
        lathe([(0.006, 0), (0.006, 0.01), (0.011, 0.012), (0.01, 0.017), (0, 0.015)], 16).moved((x, 0.036, z))
        for x, z in ((-0.028, 0.01), (0.028, 0.01))
    ]
    buttons = [
        lathe([(0.005, 0), (0.005, 0.005), (0, 0.006)], 12).moved(
            (0.055 + 0.01 * np.cos(a), 0.036, -0.012 + 0.01 * np.sin(a))
        )
        for a in np.arange(4) * np.pi / 2
    ]
    cross = join(
        box((0.024, 0.005, 0.008)).moved((-0.055, 0.036, -0.012)),
        box((0.008, 0.005, 0.024)).moved((-0.055, 0.036, -0.012)),
    )
    return Design(
        "game controller",
        (
            Piece("body", body, plastic(vivid(rng, (0.0, 0.8), (0.12, 0.9)))),
            Piece("sticks", join(*sticks, cross), plastic(BLACK)),
            Piece("buttons", join(*buttons), plastic(vivid(rng))),
        ),
        (
            block((0.13, 0.036, 0.05), 0, 0, -0.005),
            block((0.03, 0.03, 0.06), 0, -0.065, 0.03),
            block((0.03, 0.03, 0.06), 0, 0.065, 0.03),
        ),
        0.25,
    )


def radio(rng: Rng) -> Design:
    w, h, d = 0.24, 0.14, 0.08
    look = plastic(vivid(rng, (0.4, 0.8), (0.4, 0.85)), 0.35)
    front = box((w * 0.5, h * 0.7, 0.004), 0.0015).moved((-w * 0.2, h * 0.15, d / 2))
    dial = box((w * 0.34, h * 0.25, 0.004)).moved((w * 0.26, h * 0.6, d / 2))
    knobs = [
        lathe([(0.015, 0), (0.014, 0.014), (0, 0.014)], 16).moved((w * x, h * 0.3, d / 2), rot("x", 90))
        for x in (0.18, 0.35)
    ]
    handle = sweep(
        curve(
            [(-w * 0.4, h - 0.004, 0), (-w * 0.36, h + 0.04, 0), (w * 0.36, h + 0.04, 0), (w * 0.4, h - 0.004, 0)], 16
        ),
        0.006,
        8,
    )
    return Design(
        "radio",
        (
            Piece("body", box((w, h, d), 0.014), look),
            Piece("grille", front, textured(fabric(rng, (0.3, 0.28, 0.25), 0.8), (1.5, 1), 0.8)),
            Piece("dial", dial, Look((0.95, 0.85, 0.6), emission=0.4)),
            Piece("knobs", join(*knobs), metal()),
            Piece("handle", handle, metal((0.7, 0.7, 0.7))),
        ),
        (block((w, h, d)),),
        1.4,
    )


def plug_strip(rng: Rng) -> Design:
    n = 4
    body = box((0.06 * n, 0.035, 0.05), 0.008)
    rings = [
        lathe([(0.019, 0), (0.019, 0.002), (0.016, 0.002), (0.014, 0.0004), (0, 0.0004)], 18).moved(
            (0.052 * (k - 1.5), 0.0355, 0)
        )
        for k in range(n)
    ]
    cable = sweep(curve([(0.12, 0.015, 0), (0.16, 0.006, 0.02), (0.17, 0.005, 0.08), (0.12, 0.005, 0.1)], 16), 0.004, 6)
    return Design(
        "power strip",
        (
            Piece("body", body, plastic((0.9, 0.9, 0.88))),
            Piece("sockets", join(*rings), plastic((0.6, 0.6, 0.6))),
            Piece("cable", cable, plastic(BLACK)),
        ),
        (block((0.24, 0.035, 0.05)),),
        0.4,
    )


ELECTRONICS: dict[str, Maker] = {
    "desk lamp": desk_lamp,
    "speaker": speaker,
    "headphones": headphones,
    "camera": camera,
    "game controller": game_controller,
    "radio": radio,
    "power strip": plug_strip,
}
