"""What people carry or keep by them: keys, glasses, a watch, a globe."""

import numpy as np

from gazeline.sim.design import Design, Look, Maker, Piece, Solid, block, cylinder, metal, plastic, textured
from gazeline.sim.looks import BLACK, timber
from gazeline.sim.meshes import box, extrude, join, lathe, ring, rot, superellipsoid, sweep
from gazeline.sim.polygons import circle, curve
from gazeline.sim.textures import Rgb, Rng, noise, to_image, vivid


def key(rng: Rng) -> Design:
    bow = ring(circle(0.013, 20, (-0.03, 0)), circle(0.0055, 20, (-0.035, 0)), 0.0028)
    shaft = extrude(
        [
            (-0.02, -0.003),
            (0.03, -0.003),
            (0.033, 0.0),
            (0.03, 0.003),
            (0.027, 0.003),
            (0.025, 0.0065),
            (0.021, 0.0065),
            (0.02, 0.003),
            (0.015, 0.003),
            (0.014, 0.0055),
            (0.009, 0.0055),
            (0.008, 0.003),
            (-0.02, 0.003),
        ],
        0.0024,
    )
    loop = sweep(
        (circle(0.014, 22) @ np.array([[1.0, 0, 0], [0, 0, 1.0]])) + [-0.048, 0.003, 0.004], 0.0011, 6, closed=True
    )
    fob = box((0.03, 0.005, 0.022), 0.002).moved((-0.075, 0, 0.012), rot("y", 25))
    brass = metal((0.85, 0.68, 0.35) if rng.random() < 0.5 else (0.75, 0.75, 0.77))
    return Design(
        "key",
        (Piece("key", join(bow, shaft), brass), Piece("ring", loop, metal()), Piece("fob", fob, plastic(vivid(rng)))),
        (block((0.07, 0.004, 0.02)), block((0.035, 0.005, 0.025), 0, -0.075, 0.012)),
        0.04,
    )


def eyeglasses(rng: Rng) -> Design:
    rims, panes, temples = [], [], []
    for s in (-1, 1):
        rim = np.insert(circle(1.0, 24) * [0.025, 0.02], 2, 0.0, axis=1) + np.array([s * 0.033, 0.022, 0.0])
        rims.append(sweep(rim, 0.0024, 7, closed=True))
        panes.append(lathe([(1, 0), (0, 0)], 22).scaled((0.025, 1, 0.02)).moved((s * 0.033, 0.022, 0.0), rot("x", 90)))
        temples.append(
            sweep(
                curve(
                    [
                        (s * 0.058, 0.024, 0),
                        (s * 0.066, 0.024, -0.01),
                        (s * 0.064, 0.02, -0.09),
                        (s * 0.06, 0.003, -0.125),
                    ],
                    14,
                ),
                0.0022,
                6,
            )
        )
    bridge = sweep(curve([(-0.01, 0.026, 0), (0, 0.031, 0.0), (0.01, 0.026, 0)], 7), 0.0022, 6)
    frame = plastic(BLACK if rng.random() < 0.5 else vivid(rng, (0.4, 0.8), (0.2, 0.7)), 0.25)
    shade = (
        Look((0.1, 0.1, 0.1), roughness=0.05, alpha=0.75)
        if rng.random() < 0.3
        else Look((0.9, 0.95, 0.95), roughness=0.05, alpha=0.18)
    )
    return Design(
        "eyeglasses",
        (Piece("frame", join(*rims, *temples, bridge), frame), Piece("lenses", join(*panes), shade)),
        (
            block((0.12, 0.042, 0.006)),
            block((0.01, 0.024, 0.12), 0, -0.063, -0.06),
            block((0.01, 0.024, 0.12), 0, 0.063, -0.06),
        ),
        0.04,
    )


def wristwatch(rng: Rng) -> Design:
    strap = sweep(
        np.insert(circle(1.0, 30) * [0.034, 0.027], 2, 0.0, axis=1) + np.array([0.0, 0.027, 0.0]),
        0.009,
        section=np.array([(-1, 0.15), (1, 0.15), (1, -0.15), (-1, -0.15)], float)[::-1],
        closed=True,
        crease_deg=40,
    )
    case = lathe([(0, 0), (0.019, 0), (0.02, 0.003), (0.018, 0.008), (0.016, 0.008)], 26).moved((0, 0.051, 0))
    dial = lathe([(0.0165, 0.0), (0, 0.0)], 22).moved((0, 0.0587, 0))
    hands = join(
        box((0.001, 0.0006, 0.012)).moved((0, 0.0588, -0.005)), box((0.009, 0.0006, 0.0012)).moved((0.004, 0.0588, 0))
    )
    tilt = rot("z", 90)
    leather: Rgb = (0.35, 0.2, 0.1) if rng.random() < 0.5 else BLACK
    d = Design(
        "wristwatch",
        (
            Piece("strap", strap, Look(leather, roughness=0.7)),
            Piece("case", case, metal(roughness=0.2)),
            Piece("dial", dial, plastic((0.93, 0.93, 0.9) if rng.random() < 0.5 else (0.1, 0.12, 0.2))),
            Piece("hands", hands, plastic((0.5, 0.5, 0.5))),
        ),
        (block((0.066, 0.058, 0.03)),),
        0.08,
    )
    return (
        d.turned(rot("x", 90))
        if rng.random() < 0.5
        else d.turned(rot("z", 0) @ np.eye(3))
        if rng.random() < 0.9
        else d.turned(tilt)
    )


def globe(rng: Rng) -> Design:
    r = rng.uniform(0.08, 0.1)
    field = noise(rng, 4, 2, 5)
    land = (
        np.where((field > np.quantile(field, 0.6))[..., None], np.array([0.45, 0.58, 0.3]), np.array([0.25, 0.45, 0.7]))
        * (0.85 + 0.3 * noise(rng, 8, 8, 3))[..., None]
    )
    tilt = rot("z", -23)
    y = r + 0.055
    ball = superellipsoid((r, r, r), n=28).moved((0, y, 0), tilt)
    a = np.linspace(-0.5 * np.pi, 0.5 * np.pi, 18)
    arc = np.stack([(r + 0.012) * np.cos(a), (r + 0.012) * np.sin(a), 0 * a], -1) @ tilt.T + [0, y, 0]
    foot = lathe([(0, 0), (0.06, 0), (0.056, 0.012), (0.012, 0.03), (0.01, 0.05)], 24)
    return Design(
        "globe",
        (
            Piece("sphere", ball, textured(to_image(land), roughness=0.3)),
            Piece("arc", sweep(arc, 0.004, 7), metal((0.75, 0.6, 0.35))),
            Piece("base", foot, timber(rng)),
        ),
        (cylinder(0.06, 0.03), Solid("sphere", (r,), (0.0, y, 0.0))),
        0.8,
    )


PERSONAL: dict[str, Maker] = {
    "key": key,
    "eyeglasses": eyeglasses,
    "wristwatch": wristwatch,
    "globe": globe,
}
