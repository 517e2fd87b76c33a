"""Pens, scissors, tape: small desk things, the flat ones lying, their length along x."""

import numpy as np

from gazeline.sim.design import Design, Look, Maker, Piece, block, cylinder, metal, plastic, textured
from gazeline.sim.looks import BLACK, timber
from gazeline.sim.meshes import box, extrude, join, lathe, ring, rot, superellipsoid, sweep
from gazeline.sim.polygons import circle
from gazeline.sim.textures import Rng, fabric, to_image, vivid

SIDEWAYS = rot("z", -90)


def pen(rng: Rng) -> Design:
    n, r = rng.uniform(0.13, 0.15), 0.0048
    body = lathe([(0, 0.012), (r, 0.014), (r, n * 0.62), (0, n * 0.62)], 12)
    cap = lathe([(r * 1.12, n * 0.6), (r * 1.12, n - 0.003), (r * 0.8, n), (0, n)], 12)
    tip = lathe([(0.0004, 0), (0.001, 0.002), (r * 0.8, 0.014)], 10)
    clip = box((0.0015, 0.04, 0.003)).moved((r * 1.12 + 0.0012, n - 0.045, 0))
    place = ((-n / 2, r * 1.12, 0.0), SIDEWAYS)
    colour = vivid(rng, (0.4, 0.9), (0.2, 0.8))
    return Design(
        "pen",
        (
            Piece("barrel", body.moved(*place), plastic(colour if rng.random() < 0.5 else (0.9, 0.9, 0.9))),
            Piece("cap", cap.moved(*place), plastic(colour)),
            Piece("tip", join(tip).moved(*place), metal()),
            Piece("clip", clip.moved(*place), metal()),
        ),
        (block((n, 0.01, 0.009), 0),),
        0.03,
    )


def pencil(rng: Rng) -> Design:
    n, r = rng.uniform(0.12, 0.18), 0.0042
    body = lathe([(r, 0.02), (r, n - 0.016)], 6, crease_deg=30)
    wood_tip = lathe([(0.0012, 0.005), (r, 0.02)], 12)
    lead = lathe([(0, 0), (0.0012, 0.005)], 8)
    ferrule = lathe([(r * 1.02, n - 0.016), (r * 1.02, n - 0.006)], 12)
    rubber = lathe([(r * 0.95, n - 0.006), (r * 0.85, n), (0, n)], 12)
    place = ((-n / 2, r, 0.0), SIDEWAYS)
    return Design(
        "pencil",
        (
            Piece("body", body.moved(*place), plastic(vivid(rng, (0.7, 0.95), (0.5, 0.95)), 0.3)),
            Piece("tip", wood_tip.moved(*place), Look((0.85, 0.68, 0.46))),
            Piece("lead", lead.moved(*place), Look(BLACK)),
            Piece("ferrule", ferrule.moved(*place), metal((0.8, 0.7, 0.4))),
            Piece("eraser", rubber.moved(*place), Look((0.85, 0.5, 0.5))),
        ),
        (block((n, 0.0084, 0.008)),),
        0.02,
    )


def pencil_holder(rng: Rng) -> Design:
    r, h, t = rng.uniform(0.036, 0.045), rng.uniform(0.09, 0.11), 0.003
    look = timber(rng) if rng.random() < 0.3 else plastic(vivid(rng)) if rng.random() < 0.6 else metal(roughness=0.4)
    cup = lathe([(0, 0), (r, 0), (r, h), (r - t, h), (r - t, 0.005), (0, 0.005)], 26)
    pieces = [Piece("cup", cup, look)]
    sticks = []
    for k in range(int(rng.integers(3, 7))):
        a = 2 * np.pi * k / 6 + rng.uniform(-0.2, 0.2)
        foot = np.array([-0.3 * r * np.cos(a), 0.006, -0.3 * r * np.sin(a)])
        top = np.array([0.75 * r * np.cos(a), h, 0.75 * r * np.sin(a)])
        far = foot + (top - foot) * rng.uniform(1.25, 1.65)
        sticks.append(sweep([foot, (foot + far) / 2, far], 0.004, 7))
        pieces.append(Piece("pens", sticks[-1], plastic(vivid(rng))))
    return Design("pencil holder", tuple(pieces), (cylinder(r, h),), 0.4)


def scissors(rng: Rng) -> Design:
    blades, grips = [], []
    for s in (-1, 1):
        turn = rot("y", s * 11.0)
        blade = extrude(
            [(-0.005, -0.006), (0.09, -0.001), (0.095, 0.001), (0.085, 0.0065), (-0.02, 0.007), (-0.02, -0.006)], 0.002
        )
        blades.append(
            blade.scaled((1, 1, 1)).moved((0, 0.005 + 0.001 * s, 0), turn @ (np.eye(3) if s > 0 else rot("x", 180)))
        )
        hole = np.insert(circle(1.0, 22) * [0.026, 0.0165] + [-0.062, s * 0.0175], 1, 0.005, axis=1)
        arm = sweep(np.array([(-0.005, 0.005, 0.0), (-0.025, 0.005, s * 0.003), (-0.042, 0.005, s * 0.009)]), 0.0055, 8)
        ring_ = sweep(hole, 0.0046, 8, closed=True)
        grips += [join(arm, ring_).moved(rotation=rot("y", s * 9.0))]
    screw = lathe([(0.004, 0), (0.004, 0.009), (0, 0.009)], 12)
    return Design(
        "scissors",
        (
            Piece("blades", join(*blades), metal(roughness=0.2)),
            Piece("handles", join(*grips), plastic(vivid(rng), 0.4)),
            Piece("screw", screw, metal((0.5, 0.5, 0.5))),
        ),
        (block((0.1, 0.009, 0.016), 0, 0.04), block((0.06, 0.0096, 0.07), 0, -0.06)),
        0.08,
    )


def tape_roll(rng: Rng) -> Design:
    r, w = rng.uniform(0.035, 0.055), rng.uniform(0.02, 0.045)
    hole = r * rng.uniform(0.55, 0.75)
    outer, inner = circle(r, 32), circle(hole + 0.003, 32)
    tape = ring(outer, inner, w)
    core = ring(inner, circle(hole, 32), w)
    tone = vivid(rng) if rng.random() < 0.5 else (0.75, 0.62, 0.42)
    design = Design(
        "tape roll",
        (Piece("tape", tape, plastic(tone, 0.25)), Piece("core", core, Look((0.72, 0.6, 0.45)))),
        (cylinder(r, w),),
        0.15,
    )
    return design if rng.random() < 0.6 else design.turned(rot("x", 90))


def stapler(rng: Rng) -> Design:
    side = np.array([(-0.07, 0.0), (0.068, 0.0), (0.07, 0.014), (0.045, 0.02), (-0.04, 0.032), (-0.068, 0.03)])
    arm = extrude(side, 0.026, 60).moved((0, 0.022, 0.013), rot("x", -90) @ rot("z", 0))
    arm = arm.moved(rotation=rot("y", 180)).moved((0, 0, 0))
    base = box((0.15, 0.01, 0.032), 0.004)
    plate = box((0.1, 0.006, 0.02)).moved((-0.01, 0.012, 0))
    return Design(
        "stapler",
        (
            Piece("arm", arm, plastic(vivid(rng), 0.35)),
            Piece("base", base, plastic(BLACK)),
            Piece("magazine", plate, metal()),
        ),
        (block((0.15, 0.045, 0.032)),),
        0.25,
    )


def ruler(rng: Rng) -> Design:
    marks = np.ones((256, 256)) * 0.95
    for k in range(64):
        marks[: 100 if k % 8 == 0 else 50, 4 * k : 4 * k + 1] = 0.1
    tint = vivid(rng, (0.3, 0.7), (0.7, 0.95)) if rng.random() < 0.5 else (0.9, 0.75, 0.5)
    return Design(
        "ruler",
        (
            Piece(
                "ruler",
                box((0.31, 0.003, 0.032)),
                textured(to_image(marks[..., None] * np.asarray(tint)), roughness=0.4),
            ),
        ),
        (block((0.31, 0.003, 0.032)),),
        0.05,
    )


def eraser(rng: Rng) -> Design:
    sleeve = box((0.034, 0.0135, 0.0235)).moved((0.006, 0, 0))
    return Design(
        "eraser",
        (
            Piece("rubber", box((0.056, 0.0125, 0.022), 0.003), Look((0.93, 0.92, 0.9), roughness=0.9)),
            Piece("sleeve", sleeve, plastic(vivid(rng))),
        ),
        (block((0.056, 0.013, 0.023)),),
        0.03,
    )


def pouch(rng: Rng) -> Design:
    body = superellipsoid((0.1, 0.03, 0.035), 0.7, 0.5, 24).moved((0, 0.03, 0))
    zip_ = sweep([(-0.085, 0.058, 0), (0, 0.061, 0), (0.085, 0.058, 0)], 0.003, 6)
    tab = box((0.018, 0.002, 0.006)).moved((0.07, 0.062, 0.004))
    return Design(
        "pencil case",
        (
            Piece("body", body, textured(fabric(rng, vivid(rng)), (3, 2), 0.9)),
            Piece("zip", join(zip_, tab), metal((0.8, 0.75, 0.5))),
        ),
        (block((0.19, 0.05, 0.06)),),
        0.2,
    )


STATIONERY: dict[str, Maker] = {
    "pen": pen,
    "pencil": pencil,
    "pencil holder": pencil_holder,
    "scissors": scissors,
    "tape roll": tape_roll,
    "stapler": stapler,
    "ruler": ruler,
    "eraser": eraser,
    "pencil case": pouch,
}
