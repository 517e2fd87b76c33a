"""Crockery and glasses: what people eat and drink from."""

import numpy as np

from gazeline.sim.design import (
    Design,
    Look,
    Maker,
    Piece,
    block,
    cylinder,
    glass,
    metal,
    plastic,
    textured,
    wall_ring,
)
from gazeline.sim.labels import label
from gazeline.sim.meshes import join, lathe, superellipsoid, sweep
from gazeline.sim.polygons import curve
from gazeline.sim.textures import Rgb, Rng, shift, stripes, vivid

WHITE: Rgb = (0.93, 0.92, 0.89)


def glaze(rng: Rng, bands: float = 0.4) -> Look:
    """Ceramic: mostly calm colours, plain or with bands around the turn."""
    calm: list[Rgb] = [
        WHITE,
        (0.88, 0.84, 0.76),
        (0.2, 0.32, 0.45),
        (0.55, 0.66, 0.6),
        (0.78, 0.42, 0.3),
        (0.35, 0.36, 0.38),
    ]
    base = shift(calm[int(rng.integers(len(calm)))], rng, 0.03) if rng.random() < 0.7 else vivid(rng, (0.4, 0.8))
    if rng.random() < bands:
        other = vivid(rng, (0.3, 0.8), (0.25, 0.8))
        count = int(rng.choice([4, 6, 12]))
        return textured(stripes(rng, [base] * (count - 1) + [other], count, vertical=False), roughness=0.2)
    return Look(base, roughness=0.2)


def loop(reach: float, low: float, high: float, out: float) -> list[tuple[float, float, float]]:
    """Control points of a handle in the xy plane, from (reach, high) out to the side and back to (reach, low)."""
    return [
        (reach - 0.004, high, 0.0),
        (reach + out * 0.7, high + 0.002, 0.0),
        (reach + out, (high + low) / 2 + 0.1 * (high - low), 0.0),
        (reach + out * 0.6, low + 0.004, 0.0),
        (reach - 0.004, low, 0.0),
    ]


def drink(rng: Rng, radius: float, y: float) -> Piece:
    """The surface of coffee, tea or milk in a cup."""
    colours: list[Rgb] = [(0.24, 0.13, 0.07), (0.55, 0.35, 0.2), (0.62, 0.3, 0.1), (0.9, 0.88, 0.82)]
    return Piece(
        "drink", lathe([(radius, y), (0.0, y)], 24), Look(colours[int(rng.integers(len(colours)))], roughness=0.15)
    )


def mug(rng: Rng) -> Design:
    r, h, t = rng.uniform(0.038, 0.046), rng.uniform(0.085, 0.11), 0.004
    look = glaze(rng)
    shell = lathe([(0, 0), (r * 0.9, 0), (r, 0.008), (r, h), (r - t, h), (r - t, 0.012), (0, 0.01)], 28)
    grip = sweep(curve(loop(r, h * 0.22, h * 0.8, rng.uniform(0.028, 0.036)), 14), 0.0055, 8)
    plain = Look(look.rgb if look.texture is None else vivid(rng, (0.3, 0.8)), roughness=0.2)
    pieces = [Piece("body", shell, look), Piece("handle", grip, plain)]
    if rng.random() < 0.7:
        pieces.append(drink(rng, r - t, h * rng.uniform(0.6, 0.85)))
    return Design("mug", tuple(pieces), (cylinder(r, h), block((0.03, h * 0.6, 0.012), h * 0.2, r + 0.015)), 0.35)


def teacup(rng: Rng) -> Design:
    r, h = rng.uniform(0.042, 0.05), rng.uniform(0.055, 0.065)
    base, look = 0.012, glaze(rng)
    outer = curve([(r * 0.5, base), (r * 0.75, base + h * 0.3), (r, base + h)], 9)
    inner = curve([(r - 0.003, base + h), (r * 0.71, base + h * 0.32), (0.0, base + 0.005)], 9)
    cup = lathe(np.vstack([[(0, base)], outer, inner]), 28)
    grip = sweep(curve(loop(r * 0.85, base + h * 0.35, base + h * 0.85, 0.024), 12), 0.0035, 7)
    dish = lathe([(0, 0), (0.045, 0), (0.075, 0.014), (0.075, 0.017), (0.043, 0.004), (0, 0.004)], 32)
    cup = join(cup, lathe([(r * 0.45, 0.004), (r * 0.5, base)], 20))
    pieces = (
        Piece("cup", cup, look),
        Piece("handle", grip, look if look.texture is None else Look(WHITE, roughness=0.2)),
        Piece("saucer", dish, look),
        drink(rng, r * 0.86, base + h * 0.72),
    )
    return Design("teacup", pieces, (cylinder(0.06, 0.012), cylinder(r * 0.9, h + base)), 0.3)


def bowl(rng: Rng) -> Design:
    return bowl_of("bowl", rng, rng.uniform(0.07, 0.085), rng.uniform(0.055, 0.07))


def bowl_of(kind: str, rng: Rng, r: float, h: float) -> Design:
    """A hollow bowl; things can lie in it."""
    outer = curve([(r * 0.45, 0.006), (r * 0.75, h * 0.25), (r * 0.95, h * 0.65), (r, h)], 10)
    inner = curve([(r - 0.004, h), (r * 0.9, h * 0.65), (r * 0.68, h * 0.28), (0.0, 0.014)], 10)
    shell = lathe(np.vstack([[(0, 0), (r * 0.42, 0)], outer, inner]), 32)
    solids = (
        cylinder(r * 0.5, 0.014),
        *wall_ring(r * 0.6, h * 0.5, 0.012, 0.012),
        *wall_ring(r * 0.85, h * 0.5, h * 0.5, 0.012),
    )
    return Design(kind, (Piece("bowl", shell, glaze(rng)),), solids, 0.5)


def plate(rng: Rng, radius: float | None = None, look: Look | None = None) -> Design:
    r = radius or rng.uniform(0.1, 0.13)
    profile = [(0, 0), (0.6, 0), (0.66, 0.006), (1, 0.02), (1, 0.023), (0.64, 0.009), (0.58, 0.004), (0, 0.004)]
    shell = lathe([(a * r, b) for a, b in profile], 36)
    return Design(
        "plate",
        (Piece("plate", shell, look or glaze(rng)),),
        (cylinder(r * 0.66, 0.008), cylinder(r * 0.9, 0.01, 0.011)),
        0.4,
    )


def tumbler(rng: Rng) -> Design:
    r, h, t = rng.uniform(0.032, 0.04), rng.uniform(0.09, 0.14), 0.0025
    shell = lathe([(0, 0), (r * 0.82, 0), (r * 0.86, 0.004), (r, h), (r - t, h), (r * 0.84, 0.012), (0, 0.012)], 24)
    fill = h * rng.uniform(0.3, 0.75)
    edge = r * 0.82 + (r * 0.14) * fill / h
    juice = glass((0.8, 0.9, 0.95), 0.35)
    if rng.random() < 0.6:
        juice = Look(vivid(rng, (0.6, 0.95), (0.6, 0.95)), roughness=0.1, alpha=0.8)
    liquid = lathe([(0, 0.0125), (r * 0.82, 0.0125), (edge, fill), (0, fill)], 24)
    return Design("glass", (Piece("drink", liquid, juice), Piece("glass", shell, glass())), (cylinder(r, h),), 0.3)


def wine_glass(rng: Rng) -> Design:
    r, h = rng.uniform(0.034, 0.042), rng.uniform(0.18, 0.21)
    cup = curve([(0.005, h * 0.45), (r * 0.9, h * 0.58), (r, h * 0.72), (r * 0.82, h)], 12)
    shell = lathe(np.vstack([[(0, 0), (r * 0.85, 0), (0.01, 0.006), (0.004, 0.02), (0.004, h * 0.42)], cup]), 24)
    wine = Look((0.42, 0.03, 0.08) if rng.random() < 0.6 else (0.85, 0.75, 0.35), roughness=0.1, alpha=0.85)
    liquid = lathe([(0, h * 0.475), (r * 0.85, h * 0.6), (r * 0.94, h * 0.7), (0, h * 0.7)], 24)
    return Design(
        "wine glass",
        (Piece("wine", liquid, wine), Piece("glass", shell, glass())),
        (cylinder(r * 0.85, 0.1), cylinder(r, 0.08, 0.1)),
        0.3,
    )


def bottle(rng: Rng) -> Design:
    r, h = rng.uniform(0.033, 0.04), rng.uniform(0.22, 0.28)
    side = curve(
        [(r, 0.01), (r, h * 0.35), (r, h * 0.62), (r * 0.62, h * 0.78), (0.014, h * 0.88), (0.014, h * 0.94)], 18
    )
    shell = lathe(np.vstack([[(0, 0.004), (r * 0.9, 0)], side]), 24)
    tinted = glass(vivid(rng, (0.1, 0.7), (0.5, 0.9)), rng.uniform(0.3, 0.55))
    band = lathe([(r + 0.0008, h * 0.18), (r + 0.0008, h * 0.5)], 24)
    cap = lathe([(0, h * 0.9), (0.016, h * 0.9), (0.016, h * 0.985), (0.014, h), (0, h)], 16)
    return Design(
        "bottle",
        (
            Piece("bottle", shell, tinted),
            Piece("label", band, textured(label(rng), (2.0, 1.0))),
            Piece("cap", cap, plastic(vivid(rng))),
        ),
        (cylinder(r, h * 0.75), cylinder(0.016, h * 0.25, h * 0.75)),
        0.6,
    )


def wine_bottle(rng: Rng) -> Design:
    r, h = 0.037, rng.uniform(0.28, 0.31)
    side = curve(
        [(r, 0.006), (r, h * 0.3), (r, h * 0.58), (r * 0.75, h * 0.68), (0.0145, h * 0.78), (0.0145, h * 0.98)], 20
    )
    shell = lathe(np.vstack([[(0, 0), (r * 0.9, 0)], side, [(0, h * 0.98)]]), 24)
    band = lathe([(r + 0.0008, h * 0.15), (r + 0.0008, h * 0.42)], 24)
    foil = lathe([(0.0155, h * 0.8), (0.0155, h), (0, h)], 16)
    tinted = Look((0.08, 0.16, 0.07) if rng.random() < 0.7 else (0.24, 0.12, 0.04), roughness=0.08, alpha=0.93)
    paper: Rgb = (0.9, 0.87, 0.78)
    return Design(
        "wine bottle",
        (
            Piece("bottle", shell, tinted),
            Piece("label", band, textured(label(rng, paper), (2.0, 1.0))),
            Piece("foil", foil, Look(vivid(rng, (0.5, 0.8), (0.2, 0.5)), roughness=0.35, metallic=0.5)),
        ),
        (cylinder(r, h * 0.65), cylinder(0.0155, h * 0.35, h * 0.65)),
        1.0,
    )


def teapot(rng: Rng) -> Design:
    r, look = rng.uniform(0.065, 0.08), glaze(rng, 0.25)
    h = r * rng.uniform(1.4, 1.6)
    body = lathe(
        np.vstack([[(0, 0)], curve([(r * 0.6, 0), (r, h * 0.4), (r * 0.9, h * 0.75), (r * 0.45, h)], 14), [(0, h)]]), 30
    )
    plain = Look(look.rgb if look.texture is None else WHITE, roughness=0.2)
    grip = sweep(curve(loop(r * 0.9, h * 0.25, h * 0.8, r * 0.55), 14), 0.006, 8)
    spout = sweep(
        curve([(-r * 0.85, h * 0.3, 0), (-r * 1.3, h * 0.45, 0), (-r * 1.5, h * 0.85, 0), (-r * 1.7, h * 0.95, 0)], 10),
        np.linspace(0.018, 0.009, 10),
        10,
    )
    lid = join(
        lathe(curve([(r * 0.46, h), (r * 0.36, h + 0.012), (0.004, h + 0.018)], 7), 24),
        superellipsoid((0.009, 0.009, 0.009), n=12).moved((0, h + 0.025, 0)),
    )
    return Design(
        "teapot",
        (
            Piece("body", body, look),
            Piece("handle", grip, plain),
            Piece("spout", spout, plain),
            Piece("lid", lid, look),
        ),
        (
            cylinder(r * 0.8, h),
            block((0.05, 0.06, 0.015), h * 0.2, r * 1.3),
            block((0.05, 0.05, 0.02), h * 0.4, -r * 1.3),
        ),
        0.9,
    )


def jug(rng: Rng) -> Design:
    r, h, look = rng.uniform(0.05, 0.06), rng.uniform(0.17, 0.22), glaze(rng, 0.3)
    side = curve([(r * 0.8, 0), (r, h * 0.3), (r * 0.72, h * 0.75), (r * 0.85, h)], 12)
    shell = lathe(np.vstack([[(0, 0)], side, side[::-1] - [0.004, 0], [(0, 0.008)]]), 28)
    lip = (shell.vertices[:, 1] > h * 0.93) & (shell.vertices[:, 0] < 0)
    shell.vertices[lip, 0] *= 1.25
    grip = sweep(curve(loop(r * 0.8, h * 0.3, h * 0.88, 0.05), 14), 0.007, 8)
    return Design(
        "jug",
        (Piece("body", shell, look), Piece("handle", grip, look)),
        (cylinder(r * 0.95, h), block((0.04, h * 0.5, 0.015), h * 0.3, r + 0.02)),
        0.7,
    )


def jar(rng: Rng) -> Design:
    r, h = rng.uniform(0.035, 0.045), rng.uniform(0.09, 0.13)
    side = curve([(r * 0.95, 0.002), (r, 0.012), (r, h * 0.8), (r * 0.82, h * 0.9)], 10)
    shell = lathe(np.vstack([[(0, 0)], side]), 26)
    filling = lathe([(0, 0.004), (r - 0.003, 0.006), (r - 0.003, h * 0.75), (0, h * 0.75)], 22)
    band = lathe([(r + 0.0006, h * 0.2), (r + 0.0006, h * 0.62)], 26)
    lid = lathe([(0, h * 0.88), (r * 0.88, h * 0.88), (r * 0.88, h - 0.002), (r * 0.85, h), (0, h)], 28)
    top = metal(vivid(rng, (0.0, 0.7), (0.5, 0.9)), 0.35)
    return Design(
        "jar",
        (
            Piece("filling", filling, plastic(vivid(rng, (0.6, 0.95), (0.3, 0.8)))),
            Piece("jar", shell, glass(alpha=0.25)),
            Piece("label", band, textured(label(rng), (2.0, 1.0))),
            Piece("lid", lid, top),
        ),
        (cylinder(r, h),),
        0.5,
    )


CROCKERY: dict[str, Maker] = {
    "mug": mug,
    "teacup": teacup,
    "bowl": bowl,
    "plate": plate,
    "glass": tumbler,
    "wine glass": wine_glass,
    "bottle": bottle,
    "wine bottle": wine_bottle,
    "teapot": teapot,
    "jug": jug,
    "jar": jar,
}
