"""Toys."""

import numpy as np

from gazeline.sim.design import Design, Look, Maker, Piece, Solid, block, cylinder, metal, plastic, textured
from gazeline.sim.labels import label
from gazeline.sim.looks import BLACK
from gazeline.sim.meshes import box, join, lathe, rot, superellipsoid
from gazeline.sim.textures import Rgb, Rng, fabric, stripes, to_image, vivid


def ball(rng: Rng) -> Design:
    r = rng.uniform(0.035, 0.06)
    return ball_of(rng, "ball", r)


def ball_of(rng: Rng, kind: str, r: float) -> Design:
    """A ball with segments in bright colours."""
    art = stripes(rng, [vivid(rng, (0.7, 0.95), (0.6, 0.95)), (0.95, 0.94, 0.9), vivid(rng)], 6)
    return Design(
        kind,
        (Piece("ball", superellipsoid((r, r, r), n=26).moved((0, r, 0), rot("x", 35)), textured(art, roughness=0.3)),),
        (cylinder(0.3 * r, 2 * r), block((1.2 * r, 1.2 * r, 1.2 * r), 0.4 * r)),
        0.15,
    )


def toy_car(rng: Rng) -> Design:
    paint = Look(vivid(rng, (0.7, 0.95), (0.5, 0.95)), roughness=0.15)
    body = box((0.13, 0.028, 0.056), 0.011, bevels=3).moved((0, 0.011, 0))
    cabin = superellipsoid((0.038, 0.028, 0.025), 0.5, 0.5, 18).moved((-0.008, 0.036, 0))
    roof = box((0.045, 0.006, 0.04), 0.0028).moved((-0.008, 0.058, 0))
    tyres, hubs = [], []
    for x in (-0.04, 0.04):
        for s in (-1, 1):
            tyres.append(
                lathe([(0.008, -0.006), (0.0155, -0.006), (0.0155, 0.006), (0.008, 0.006)], 18).moved(
                    (x, 0.0155, s * 0.027), rot("x", 90)
                )
            )
            hubs.append(lathe([(0.0085, 0.005), (0, 0.007)], 12).moved((x, 0.0155, s * 0.027), rot("x", 90 * s)))
    lights = [box((0.003, 0.008, 0.01)).moved((0.0645, 0.02, s * 0.018)) for s in (-1, 1)]
    return Design(
        "toy car",
        (
            Piece("body", join(body, roof), paint),
            Piece("windows", cabin, Look((0.12, 0.16, 0.2), roughness=0.05)),
            Piece("wheels", join(*tyres), plastic((0.07, 0.07, 0.07), 0.8)),
            Piece("hubs", join(*hubs), metal()),
            Piece("lights", join(*lights), Look((1, 1, 0.85), emission=0.5)),
        ),
        (block((0.13, 0.06, 0.056)),),
        0.12,
    )


def teddy_bear(rng: Rng) -> Design:
    fur: Rgb = [(0.55, 0.36, 0.2), (0.78, 0.62, 0.42), (0.6, 0.6, 0.62), (0.85, 0.8, 0.72)][int(rng.integers(4))]
    look = textured(fabric(rng, fur, 0.5), (3, 3), 1.0)

    def blob(size: tuple[float, float, float], at: tuple[float, float, float], turn: float = 0.0):  # type: ignore[no-untyped-def]
        return superellipsoid(size, n=16).moved(at, rot("z", turn))

    body = blob((0.062, 0.075, 0.055), (0, 0.075, 0))
    head = blob((0.055, 0.05, 0.048), (0, 0.185, 0.005))
    ears = join(*[blob((0.02, 0.02, 0.01), (s * 0.043, 0.228, 0)) for s in (-1, 1)])
    arms = join(*[blob((0.022, 0.05, 0.022), (s * 0.075, 0.105, 0.015), s * 38.0) for s in (-1, 1)])
    legs = join(*[superellipsoid((0.026, 0.024, 0.055), n=16).moved((s * 0.045, 0.025, 0.05)) for s in (-1, 1)])
    snout = blob((0.024, 0.019, 0.02), (0, 0.175, 0.047))
    dots = join(
        blob((0.008, 0.006, 0.006), (0, 0.183, 0.066)),
        *[blob((0.0055, 0.0055, 0.004), (s * 0.02, 0.2, 0.046)) for s in (-1, 1)],
    )
    pads = join(*[superellipsoid((0.018, 0.018, 0.004), n=12).moved((s * 0.045, 0.025, 0.103)) for s in (-1, 1)])
    pale = Look((0.88, 0.78, 0.62), roughness=1.0)
    return Design(
        "teddy bear",
        (
            Piece("body", body, look),
            Piece("head", head, look),
            Piece("ears", ears, look),
            Piece("arms", arms, look),
            Piece("legs", legs, look),
            Piece("snout", join(snout, pads), pale),
            Piece("eyes and nose", dots, plastic(BLACK, 0.15)),
        ),
        (cylinder(0.06, 0.15), block((0.1, 0.05, 0.08), 0, 0, 0.05), Solid("sphere", (0.05,), (0.0, 0.19, 0.0))),
        0.3,
    )


def puzzle_cube(rng: Rng) -> Design:
    s = 0.057
    art = np.full((256, 256, 3), 0.05)
    palette = np.array(
        [(0.85, 0.1, 0.1), (0.1, 0.3, 0.8), (0.1, 0.6, 0.2), (0.95, 0.85, 0.1), (0.95, 0.5, 0.1), (0.95, 0.95, 0.95)]
    )
    for i in range(3):
        for j in range(3):
            art[85 * i + 6 : 85 * i + 82, 85 * j + 6 : 85 * j + 82] = palette[rng.integers(6)]
    return Design(
        "puzzle cube",
        (Piece("cube", box((s, s, s), 0.003), textured(to_image(art), roughness=0.25)),),
        (block((s, s, s)),),
        0.1,
    )


def dice(rng: Rng) -> Design:
    s = 0.02
    body = box((s, s, s), 0.004)
    pips = [
        lathe([(0.0021, 0.0003), (0, 0.0003)], 10).moved((x, s, z))
        for x, z in ((-0.005, -0.005), (0.005, 0.005), (0, 0), (-0.005, 0.005), (0.005, -0.005))
    ]
    pips += [
        lathe([(0.0021, 0.0003), (0, 0.0003)], 10).moved((x, y, s / 2), rot("x", 90))
        for x, y in ((-0.005, 0.005), (0.005, 0.015))
    ]
    return Design(
        "dice",
        (
            Piece("die", body, plastic(vivid(rng, (0.0, 0.9), (0.6, 0.95)), 0.2)),
            Piece("pips", join(*pips), plastic(BLACK)),
        ),
        (block((s, s, s)),),
        0.02,
    )


def toy_blocks(rng: Rng) -> Design:
    pieces, solids, y = [], [], 0.0
    for k in range(int(rng.integers(2, 5))):
        s = 0.05 - 0.006 * k
        turn = rot("y", rng.uniform(-30, 30))
        pieces.append(
            Piece(
                "block",
                box((s, s, s), 0.002).moved((0, y, 0), turn),
                textured(label(rng, vivid(rng, (0.5, 0.9), (0.6, 0.95))), roughness=0.5),
            )
        )
        solids.append(Solid("box", (s, s, s), (0.0, y + s / 2, 0.0), turn))
        y += s
    return Design("toy blocks", tuple(pieces), tuple(solids), 0.3)


def rubber_duck(rng: Rng) -> Design:
    body = superellipsoid((0.042, 0.03, 0.032), n=20).moved((0, 0.028, 0))
    tail = superellipsoid((0.018, 0.008, 0.014), n=12).moved((-0.042, 0.046, 0), rot("z", -35))
    head = superellipsoid((0.024, 0.023, 0.023), n=18).moved((0.022, 0.068, 0))
    wings = [superellipsoid((0.02, 0.013, 0.006), n=12).moved((-0.008, 0.036, s * 0.03)) for s in (-1, 1)]
    beak = superellipsoid((0.013, 0.004, 0.011), n=12).moved((0.047, 0.065, 0))
    eyes = [superellipsoid((0.0035, 0.0045, 0.003), n=10).moved((0.037, 0.077, s * 0.013)) for s in (-1, 1)]
    return Design(
        "rubber duck",
        (
            Piece("body", join(body, tail, head, *wings), plastic((0.97, 0.8, 0.1), 0.25)),
            Piece("beak", beak, plastic((0.95, 0.45, 0.08))),
            Piece("eyes", join(*eyes), plastic(BLACK, 0.1)),
        ),
        (block((0.07, 0.05, 0.05)), block((0.04, 0.04, 0.04), 0.05, 0.022)),
        0.06,
    )


TOYS: dict[str, Maker] = {
    "ball": ball,
    "toy car": toy_car,
    "teddy bear": teddy_bear,
    "puzzle cube": puzzle_cube,
    "dice": dice,
    "toy blocks": toy_blocks,
    "rubber duck": rubber_duck,
}
