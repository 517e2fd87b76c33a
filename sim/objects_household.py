"""Plants, clocks, candles and the other things that stand about in a home."""

import numpy as np

from gazeline.sim.design import Design, Look, Maker, Piece, Solid, block, cylinder, metal, plastic, textured
from gazeline.sim.looks import BLACK, timber
from gazeline.sim.meshes import box, join, lathe, rot, superellipsoid, sweep
from gazeline.sim.polygons import circle, curve
from gazeline.sim.textures import Rgb, Rng, checks, noise, speckle, stripes, to_image, vivid


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
        stems.append(
            sweep(
                curve(np.stack([np.array([0, 0.02, 0]), np.array([0.3 * end[0], h * 0.9, 0.3 * end[2]]), end]), 8),
                0.002,
                5,
            )
        )
        tilt = rot("z", -400 * end[0]) @ rot("x", 400 * end[2])
        leaf = superellipsoid((0.015, 0.003, 0.008), n=10).moved((0.014, 0, 0), rot("z", 20))
        petals += [leaf.moved(end, tilt @ rot("y", 60.0 * p)) for p in range(6)]
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
        away = lean * tall * np.array([0.0, 0.45, 1.0])
        height = np.array([h * 0.9, h + 0.6 * up * tall, h + 0.85 * up * tall])
        path = curve(away[:, None] * out + height[:, None] * np.array([0.0, 1.0, 0.0]), 9)
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


HOUSEHOLD: dict[str, Maker] = {
    "watering can": watering_can,
    "candle": candle,
    "vase": vase,
    "potted plant": plant,
    "picture frame": picture_stand,
    "alarm clock": alarm_clock,
    "gift box": gift_box,
}
