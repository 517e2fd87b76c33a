"""Hand tools, toys and small household things."""

import numpy as np

from gazeline.sim.design import Design, Look, Maker, Piece, Solid, block, cylinder, metal, plastic, textured, wall_ring
from gazeline.sim.labels import label
from gazeline.sim.meshes import box, circle, curve, extrude, join, lathe, ring, rot, superellipsoid, sweep
from gazeline.sim.objects_cooking import grip_look, timber
from gazeline.sim.textures import Rgb, Rng, checks, fabric, noise, speckle, stripes, to_image, vivid

BLACK: Rgb = (0.08, 0.08, 0.09)
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


def watering_can(rng: Rng) -> Design:
    r, h = rng.uniform(0.07, 0.085), rng.uniform(0.12, 0.15)
    body = lathe(
        [
            (0, 0),
            (r, 0),
            (r, 0.006),
            (r * 0.92, h),
            (r * 0.6, h + 0.012),
            (r * 0.56, h + 0.012),
            (r * 0.86, h),
            (r * 0.9, 0.02),
            (0, 0.02),
        ],
        28,
    )
    spout = sweep(
        curve([(r * 0.8, h * 0.25, 0), (r * 1.5, h * 0.55, 0), (r * 2.3, h * 1.15, 0)], 9),
        np.linspace(0.016, 0.008, 9),
        10,
    )
    rose = lathe([(0.008, 0), (0.026, 0.022), (0.024, 0.026), (0, 0.028)], 18).moved(
        (r * 2.28, h * 1.13, 0), rot("z", -45)
    )
    arch = sweep(
        curve(
            [
                (-r * 0.9, h * 0.3, 0),
                (-r * 1.7, h * 0.75, 0),
                (-r * 0.9, h * 1.45, 0),
                (0.3 * r, h * 1.35, 0),
                (r * 0.6, h + 0.008, 0),
            ],
            18,
        ),
        0.0065,
        8,
    )
    look = Look(vivid(rng), roughness=0.3) if rng.random() < 0.6 else metal((0.65, 0.68, 0.68), 0.4)
    return Design(
        "watering can",
        (Piece("body", body, look), Piece("spout", join(spout, rose), look), Piece("handle", arch, look)),
        (
            cylinder(r, h),
            block((r * 1.3, 0.03, 0.03), h * 0.7, r * 1.6),
            block((r * 0.7, h * 0.6, 0.015), h * 0.4, -r * 1.3),
        ),
        0.5,
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
        [(-0.13, 0.012, 0), (-0.07, 0.012, 0), (0.0, 0.012, 0)],
        [0.006, 0.011, 0.014],
        section=circle(1.0, 10) * [0.6, 1.0],
    )
    ferrule = box((0.03, 0.016, 0.046), 0.004).moved((0.012, 0.004, 0))
    hair = box((0.055, 0.012, 0.044), 0.004).moved((0.052, 0.006, 0))
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


def candle(rng: Rng) -> Design:
    r, h = 0.018, rng.uniform(0.08, 0.2)
    dish = lathe(
        [
            (0, 0),
            (0.045, 0),
            (0.05, 0.012),
            (0.047, 0.012),
            (0.042, 0.004),
            (r + 0.003, 0.004),
            (r + 0.003, 0.02),
            (0, 0.02),
        ],
        26,
    )
    wick = sweep([(0, h + 0.015, 0), (0.001, h + 0.026, 0)], 0.001, 5)
    flame = lathe(curve([(0, h + 0.022), (0.006, h + 0.032), (0.003, h + 0.048), (0, h + 0.058)], 10), 12)
    pieces = [
        Piece("holder", dish, metal((0.8, 0.65, 0.38), 0.3)),
        Piece(
            "wax",
            lathe([(r, 0.01), (r, h + 0.018), (0, h + 0.015)], 20),
            plastic(vivid(rng, (0.0, 0.6), (0.6, 0.95)), 0.5),
        ),
        Piece("wick", wick, Look(BLACK)),
    ]
    if rng.random() < 0.5:
        pieces.append(Piece("flame", flame, Look((1.0, 0.75, 0.3), emission=3.0)))
    return Design("candle", tuple(pieces), (cylinder(0.045, 0.012), cylinder(r, h)), 0.3)


def vase(rng: Rng) -> Design:
    r, h = rng.uniform(0.05, 0.07), rng.uniform(0.16, 0.26)
    k = rng.uniform(0.4, 0.7)
    side = curve([(r * 0.6, 0), (r, h * 0.35), (r * k, h * 0.8), (r * (k + 0.15), h)], 14)
    shell = lathe(np.vstack([[(0, 0)], side, side[::-1] - [0.004, 0], [(0, 0.008)]]), 28)
    petals, stems, hearts = [], [], []
    for _ in range(int(rng.integers(3, 7))):
        a, lean, top = rng.uniform(0, 2 * np.pi), rng.uniform(0.02, 0.09), h + rng.uniform(0.06, 0.16)
        end = np.array([lean * np.cos(a), top, lean * np.sin(a)])
        stems.append(sweep(curve([(0, 0.02, 0), (0.3 * end[0], h * 0.9, 0.3 * end[2]), end], 8), 0.002, 5))
        tilt = rot("z", -400 * end[0]) @ rot("x", 400 * end[2])
        for p in range(6):
            petals.append(
                superellipsoid((0.015, 0.003, 0.008), n=10)
                .moved((0.014, 0, 0), rot("z", 20))
                .moved(rotation=rot("y", 60.0 * p))
                .moved(end, tilt)
            )
        hearts.append(superellipsoid((0.007, 0.005, 0.007), n=10).moved(end, tilt))
    look = (
        Look(vivid(rng, (0.2, 0.7), (0.4, 0.95)), roughness=0.15)
        if rng.random() < 0.5
        else textured(stripes(rng, [vivid(rng), (0.92, 0.9, 0.85)], 10, False), roughness=0.2)
    )
    return Design(
        "vase",
        (
            Piece("vase", shell, look),
            Piece("stems", join(*stems), Look((0.22, 0.42, 0.14))),
            Piece("petals", join(*petals), Look(vivid(rng, (0.5, 0.9), (0.7, 0.98)), roughness=0.8)),
            Piece("hearts", join(*hearts), Look((0.95, 0.8, 0.2))),
        ),
        (cylinder(r * 0.8, h),),
        0.8,
    )


def plant(rng: Rng) -> Design:
    return plant_of(rng, rng.uniform(0.05, 0.07), rng.uniform(0.15, 0.25))


def plant_of(rng: Rng, r: float, tall: float) -> Design:
    """A pot with leaves; ``r`` is the pot's radius, ``tall`` the leaves' length."""
    h = 1.6 * r
    pot = lathe(
        [(0, 0), (r * 0.72, 0), (r, h), (r * 1.06, h), (r * 1.06, h * 1.1), (r * 0.95, h * 1.1), (r * 0.9, h * 0.85)],
        24,
    )
    soil = lathe([(r * 0.93, h * 0.92), (0, h * 0.97)], 18)
    leaves = []
    count = int(rng.integers(9, 15))
    flat = circle(1.0, 8) * [0.08, 1.0]
    for k in range(count):
        a = 2 * np.pi * k / count * 2.4 + rng.uniform(-0.3, 0.3)
        lean, up = rng.uniform(0.25, 0.85), rng.uniform(0.6, 1.0)
        out = np.array([np.cos(a), 0, np.sin(a)])
        path = curve(
            [
                [0, h * 0.9, 0],
                out * lean * tall * 0.45 + [0, h + 0.6 * up * tall, 0],
                out * lean * tall + [0, h + up * tall * 0.85, 0],
            ],
            9,
        )
        width = tall * 0.13 * np.array([0.15, 0.2, 0.45, 0.8, 1, 1, 0.8, 0.45, 0.05])
        leaves.append(sweep(path, width, section=flat))
    green: Rgb = (rng.uniform(0.15, 0.35), rng.uniform(0.4, 0.6), rng.uniform(0.12, 0.25))
    veins = np.asarray(green) * (0.75 + 0.5 * noise(rng, 2, 32, 2))[..., None]
    clay = (
        Look((0.72, 0.4, 0.27), roughness=0.8)
        if rng.random() < 0.5
        else Look(vivid(rng, (0.0, 0.7), (0.5, 0.95)), roughness=0.3)
    )
    return Design(
        "potted plant",
        (
            Piece("pot", pot, clay),
            Piece("soil", soil, textured(speckle(rng, (0.22, 0.15, 0.1), (0.32, 0.22, 0.14)), roughness=1.0)),
            Piece("leaves", join(*leaves), textured(to_image(veins), roughness=0.5)),
        ),
        (cylinder(r, h),),
        0.8,
    )


def picture_stand(rng: Rng) -> Design:
    from gazeline.sim.labels import landscape

    w, h = rng.uniform(0.12, 0.18), rng.uniform(0.15, 0.2)
    tilt = rot("x", -14)
    bars = [box((w, 0.014, 0.014), 0.003).moved((0, y, 0)) for y in (0, h - 0.014)] + [
        box((0.014, h, 0.014), 0.003).moved((s * (w - 0.014) / 2, 0, 0)) for s in (-1, 1)
    ]
    art = box((w - 0.02, h - 0.02, 0.004)).moved((0, 0.01, 0))
    leg = sweep([(0, h * 0.7, -h * 0.17 - 0.006), (0, h * 0.35, -h * 0.2), (0, 0.004, -h * 0.24 - 0.03)], 0.005, 6)
    frame = join(*bars).moved((0, 0, 0), tilt)
    d = Design(
        "picture frame",
        (
            Piece("frame", frame, timber(rng)),
            Piece("picture", art.moved(rotation=tilt), textured(landscape(rng), roughness=0.3)),
            Piece("leg", leg, plastic(BLACK)),
        ),
        (
            Solid("box", (w, h, 0.014), tuple(tilt @ np.array([0, h / 2, 0])), tilt),
            block((0.06, 0.01, 0.1), 0, 0, -0.045),
        ),
        0.3,
    )
    return d.turned(np.eye(3))


def alarm_clock(rng: Rng) -> Design:
    r = 0.05
    y = r + 0.014
    face = rot("x", 90)
    case = lathe(
        [(0, -0.02), (r * 0.9, -0.02), (r, -0.012), (r, 0.02), (r * 0.93, 0.022), (r * 0.92, 0.016)], 30
    ).moved((0, y, 0), face)
    dial = lathe([(r * 0.93, 0.017), (0, 0.017)], 28).moved((0, y, 0), face)
    a, b = rng.uniform(0, 360), rng.uniform(0, 360)
    hands = [box((0.003, n, 0.001)).moved((0, y, 0.0185), rot("z", t)) for n, t in ((r * 0.55, a), (r * 0.8, b))]
    ticks = [
        box((0.002, 0.006, 0.001)).moved((0, r * 0.76, 0)).moved((0, y, 0.018), rot("z", 30.0 * k)) for k in range(12)
    ]
    bells = [
        superellipsoid((0.022, 0.016, 0.022), n=14).moved((s * 0.03, y + r + 0.004, 0), rot("z", -s * 30))
        for s in (-1, 1)
    ]
    feet = [lathe([(0.004, 0), (0.006, 0.022)], 10).moved((s * 0.03, 0, 0), rot("z", s * 14)) for s in (-1, 1)]
    arch = sweep(curve([(-0.03, y + r + 0.018, 0), (0, y + r + 0.034, 0), (0.03, y + r + 0.018, 0)], 9), 0.0025, 6)
    shell = Look(vivid(rng, (0.3, 0.9), (0.4, 0.9)), roughness=0.2)
    return Design(
        "alarm clock",
        (
            Piece("case", case, shell),
            Piece("dial", dial, plastic((0.95, 0.94, 0.88))),
            Piece("hands", join(*hands, *ticks), plastic(BLACK)),
            Piece("bells", join(*bells, arch), metal()),
            Piece("feet", join(*feet), metal()),
        ),
        (block((0.09, 2 * r + 0.01, 0.04)),),
        0.4,
    )


def gift_box(rng: Rng) -> Design:
    w, h = rng.uniform(0.1, 0.18), rng.uniform(0.07, 0.12)
    paper_ = textured(
        checks(rng, vivid(rng), vivid(rng, (0.2, 0.6), (0.8, 0.98)), 6, soft=True)
        if rng.random() < 0.5
        else stripes(rng, [vivid(rng), (0.95, 0.93, 0.9)], 12),
        roughness=0.5,
    )
    bands = join(box((w + 0.002, h + 0.001, 0.018)), box((0.018, h + 0.001, w + 0.002)))
    bow = [
        sweep(
            curve([(0, h, 0), (s * 0.035, h + 0.03, 0.0), (s * 0.045, h + 0.012, 0.0), (0, h, 0)], 14),
            0.008,
            section=np.array([(0.15, -1), (0.15, 1), (-0.15, 1), (-0.15, -1)]),
        )
        for s in (-1.0, 1.0)
    ]
    return Design(
        "gift box",
        (
            Piece("box", box((w, h, w)), paper_),
            Piece("ribbon", join(bands, *bow), Look(vivid(rng, (0.6, 0.9), (0.5, 0.9)), roughness=0.35)),
        ),
        (block((w, h, w)),),
        0.4,
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
HOUSEHOLD: dict[str, Maker] = {
    "watering can": watering_can,
    "candle": candle,
    "vase": vase,
    "potted plant": plant,
    "picture frame": picture_stand,
    "alarm clock": alarm_clock,
    "gift box": gift_box,
}
TOYS: dict[str, Maker] = {
    "ball": ball,
    "toy car": toy_car,
    "teddy bear": teddy_bear,
    "puzzle cube": puzzle_cube,
    "dice": dice,
    "toy blocks": toy_blocks,
    "rubber duck": rubber_duck,
}
_ = wall_ring
