"""Crockery and vessels: what stands on a kitchen table."""

import numpy as np

from gazeline.sim.design import Design, Look, Maker, Piece, block, cylinder, glass, metal, plastic, textured, wall_ring
from gazeline.sim.meshes import circle, curve, join, lathe, rot, superellipsoid, sweep
from gazeline.sim.textures import Rgb, Rng, stripes, vivid

WHITE: Rgb = (0.93, 0.92, 0.89)


def _glaze(rng: Rng) -> Look:
    """Ceramic: plain or striped."""
    base = WHITE if rng.random() < 0.35 else vivid(rng, (0.3, 0.8), (0.5, 0.95))
    if rng.random() < 0.4:
        other = vivid(rng)
        bands = stripes(rng, [base, base, base, other], int(rng.choice([8, 12, 16])), vertical=bool(rng.random() < 0.4))
        return textured(bands, roughness=0.2)
    return Look(base, roughness=0.2)


def handle(reach: float, low: float, high: float, out: float, thick: float, sides: int = 8) -> list[list[float]]:
    """Control points of a loop handle in the xy plane, from (reach, high) out to the side and back to (reach, low)."""
    return [
        [reach - 0.004, high, 0],
        [reach + out * 0.7, high + 0.002, 0],
        [reach + out, (high + low) / 2 + 0.1 * (high - low), 0],
        [reach + out * 0.6, low + 0.004, 0],
        [reach - 0.004, low, 0],
    ]


def mug(rng: Rng) -> Design:
    r, h, t = rng.uniform(0.038, 0.046), rng.uniform(0.085, 0.11), 0.004
    look = _glaze(rng)
    shell = lathe([(0, 0), (r * 0.9, 0), (r, 0.008), (r, h), (r - t, h), (r - t, 0.012), (0, 0.01)], 28)
    loop = sweep(curve(handle(r, h * 0.22, h * 0.8, rng.uniform(0.028, 0.036), 0.006), 14), 0.0055, 8)
    inside = lathe([(0, 0.7 * h), (r - t, 0.7 * h)][::-1], 24)
    drink = Look((0.22, 0.11, 0.05) if rng.random() < 0.6 else (0.45, 0.25, 0.1), roughness=0.1)
    return Design(
        "mug",
        (Piece("body", shell, look), Piece("handle", loop, look), Piece("drink", inside, drink)),
        (cylinder(r, h), block((0.03, h * 0.6, 0.012), h * 0.2, r + 0.015)),
        0.35,
    )


def bowl(rng: Rng) -> Design:
    r, h = rng.uniform(0.07, 0.085), rng.uniform(0.055, 0.07)
    outer = curve([(r * 0.45, 0.006), (r * 0.75, h * 0.25), (r * 0.95, h * 0.65), (r, h)], 10)
    inner = curve([(r - 0.004, h), (r * 0.9, h * 0.65), (r * 0.68, h * 0.28), (0.0, 0.014)], 10)
    shell = lathe(np.vstack([[(0, 0), (r * 0.42, 0)], outer, inner]), 32)
    solids = (
        cylinder(r * 0.5, 0.014),
        *wall_ring(r * 0.62, h * 0.5, 0.012, 0.01),
        *wall_ring(r * 0.9, h * 0.5, h * 0.5),
    )
    return Design("bowl", (Piece("bowl", shell, _glaze(rng)),), solids, 0.4)


def plate(rng: Rng) -> Design:
    r = rng.uniform(0.1, 0.13)
    shell = lathe(
        [
            (0, 0),
            (r * 0.6, 0),
            (r * 0.66, 0.006),
            (r, 0.02),
            (r, 0.023),
            (r * 0.64, 0.009),
            (r * 0.58, 0.004),
            (0, 0.004),
        ],
        36,
    )
    return Design(
        "plate",
        (Piece("plate", shell, _glaze(rng)),),
        (cylinder(r * 0.66, 0.005), *wall_ring(r * 0.85, 0.01, 0.012)),
        0.5,
    )


def tumbler(rng: Rng) -> Design:
    r, h, t = rng.uniform(0.032, 0.04), rng.uniform(0.09, 0.14), 0.0025
    shell = lathe([(0, 0), (r * 0.82, 0), (r * 0.86, 0.004), (r, h), (r - t, h), (r * 0.84, 0.012), (0, 0.012)], 24)
    fill = h * rng.uniform(0.3, 0.75)
    edge = r * 0.83 + (r * 0.14) * fill / h
    juice = (
        Look(vivid(rng, (0.6, 0.95), (0.6, 0.95)), roughness=0.1, alpha=0.8)
        if rng.random() < 0.6
        else glass((0.8, 0.9, 0.95), 0.35)
    )
    drink = lathe([(0, 0.0125), (r * 0.83, 0.0125), (edge, fill), (0, fill)], 20)
    return Design("glass", (Piece("drink", drink, juice), Piece("glass", shell, glass())), (cylinder(r, h),), 0.3)


def bottle(rng: Rng) -> Design:
    r, h = rng.uniform(0.033, 0.04), rng.uniform(0.22, 0.28)
    body = lathe(
        curve(
            [(r, 0.01), (r, h * 0.35), (r, h * 0.62), (r * 0.62, h * 0.78), (0.014, h * 0.88), (0.014, h * 0.94)], 22
        ),
        24,
    )
    base = lathe([(0, 0.004), (r * 0.9, 0), (r, 0.01)], 24)
    tinted = glass(vivid(rng, (0.1, 0.7), (0.5, 0.9)), rng.uniform(0.3, 0.55))
    band = lathe([(r + 0.0006, h * 0.18), (r + 0.0006, h * 0.5)], 28)
    cap = lathe([(0.0155, h * 0.9), (0.016, h * 0.905), (0.016, h * 0.985), (0.014, h), (0, h)], 16)
    from gazeline.sim.labels import label

    return Design(
        "bottle",
        (
            Piece("bottle", join(body, base), tinted),
            Piece("label", band, textured(label(rng), (2.0, 1.0))),
            Piece("cap", cap, plastic(vivid(rng))),
        ),
        (cylinder(r, h * 0.75), cylinder(0.016, h * 0.25, h * 0.75)),
        0.5,
    )


def apple(rng: Rng) -> Design:
    from gazeline.sim.textures import skin

    r = rng.uniform(0.034, 0.041)
    body = lathe(
        curve(
            [
                (0, 0.12 * r),
                (0.45 * r, 0.0),
                (0.85 * r, 0.4 * r),
                (r, 1.05 * r),
                (0.75 * r, 1.65 * r),
                (0.35 * r, 1.8 * r),
                (0, 1.55 * r),
            ],
            18,
        ),
        22,
    )
    stem = sweep([(0, 1.5 * r, 0), (0.002, 1.8 * r, 0), (0.006, 2.05 * r, 0)], 0.0016, 5)
    red = (
        skin(rng, (0.72, 0.1, 0.09), (0.86, 0.62, 0.2))
        if rng.random() < 0.6
        else skin(rng, (0.5, 0.66, 0.14), (0.7, 0.75, 0.3))
    )
    return Design(
        "apple",
        (Piece("fruit", body, textured(red, roughness=0.35)), Piece("stem", stem, Look((0.28, 0.18, 0.08)))),
        (cylinder(r * 0.95, r * 1.8),),
        0.18,
    )


def pan(rng: Rng) -> Design:
    r, h = rng.uniform(0.11, 0.13), 0.045
    shell = lathe([(0, 0), (r * 0.85, 0), (r, h), (r - 0.004, h), (r * 0.83, 0.005), (0, 0.005)], 36)
    grip = sweep([(r - 0.005, h * 0.8, 0), (r + 0.05, h, 0), (r + 0.18, h + 0.012, 0)], [0.006, 0.009, 0.011], 8)
    return Design(
        "frying pan",
        (
            Piece("pan", shell, Look((0.1, 0.1, 0.11), roughness=0.35, metallic=0.6)),
            Piece("handle", grip, plastic((0.12, 0.09, 0.08))),
        ),
        (cylinder(r * 0.85, 0.006), *wall_ring(r * 0.9, h * 0.8, 0.006), block((0.18, 0.02, 0.02), h * 0.8, r + 0.09)),
        1.0,
    )


TABLEWARE: dict[str, Maker] = {
    "mug": mug,
    "bowl": bowl,
    "plate": plate,
    "glass": tumbler,
    "bottle": bottle,
    "apple": apple,
    "frying pan": pan,
}
_ = (circle, rot, superellipsoid, metal)
