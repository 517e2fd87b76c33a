"""Books, pens and small desk things. Flat things lie, their length along x."""

import numpy as np

from gazeline.sim.design import Design, Look, Maker, Piece, Solid, block, cylinder, metal, plastic, textured, wall_ring
from gazeline.sim.labels import cover, paper
from gazeline.sim.meshes import box, circle, curve, extrude, join, lathe, ring, rot, superellipsoid, sweep
from gazeline.sim.objects_cooking import timber
from gazeline.sim.textures import Rgb, Rng, fabric, noise, stripes, to_image, vivid

BLACK: Rgb = (0.08, 0.08, 0.09)
SIDEWAYS = rot("z", -90)


def book_of(rng: Rng, w: float, t: float, h: float, rounding: float = 0.001) -> Design:
    """A book lying flat, spine at -x: covers (one texture) around a block of pages."""
    art = textured(cover(rng), roughness=0.55)
    boards = [box((w, 0.003, h), rounding), box((w, 0.003, h), rounding).moved((0, t - 0.003, 0))]
    spine = box((0.004, t, h), 1.5 * rounding).moved((-w / 2, 0, 0))
    pages = box((w - 0.008, t - 0.006, h - 0.008)).moved((-0.003, 0.003, 0))
    lines = stripes(rng, [(0.94, 0.92, 0.86), (0.86, 0.83, 0.76)], 32, vertical=False)
    return Design(
        "book",
        (Piece("cover", join(*boards, spine), art), Piece("pages", pages, textured(lines, roughness=0.9))),
        (block((w, t, h)),),
        0.6,
    )


def book(rng: Rng) -> Design:
    return book_of(rng, rng.uniform(0.13, 0.2), rng.uniform(0.018, 0.045), rng.uniform(0.2, 0.27))


def notebook(rng: Rng) -> Design:
    w, h = rng.uniform(0.14, 0.2), rng.uniform(0.2, 0.27)
    pad = box((w, 0.008, h), 0.001)
    page = box((w - 0.006, 0.0012, h - 0.006)).moved((0, 0.0075, 0))
    coils = [
        sweep((circle(0.0065, 10) @ np.array([[1.0, 0, 0], [0, 1.0, 0]])) + [-w / 2, 0.006, z], 0.0009, 4, closed=True)
        for z in np.linspace(-h / 2 + 0.012, h / 2 - 0.012, 18)
    ]
    return Design(
        "notebook",
        (
            Piece("cover", pad, plastic(vivid(rng), 0.6)),
            Piece("page", page, textured(paper(rng), roughness=0.9)),
            Piece("spiral", join(*coils), metal()),
        ),
        (block((w, 0.009, h)),),
        0.3,
    )


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


def sticky_notes(rng: Rng) -> Design:
    pads = []
    y = 0.0
    for _ in range(int(rng.integers(1, 4))):
        t = float(rng.uniform(0.006, 0.014))
        pads.append(
            Piece(
                "pad",
                box((0.076, t, 0.076)).moved((0, y, 0), rot("y", rng.uniform(-5, 5))),
                Look(vivid(rng, (0.4, 0.7), (0.85, 0.98)), roughness=0.9),
            )
        )
        y += t
    return Design("sticky notes", tuple(pads), (block((0.076, y, 0.076)),), 0.1)


def paper_stack(rng: Rng) -> Design:
    sheets = [
        box((0.21, 0.0025, 0.297)).moved(
            (rng.normal(0, 0.003), 0.0025 * k, rng.normal(0, 0.003)), rot("y", rng.normal(0, 1.5))
        )
        for k in range(6)
    ]
    return Design(
        "paper stack",
        (Piece("paper", join(*sheets), textured(paper(rng, 15), roughness=0.95)),),
        (block((0.21, 0.015, 0.297)),),
        0.4,
    )


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
        rim = np.insert(circle(1.0, 24) * [0.025, 0.02], 2, 0.0, axis=1) + [s * 0.033, 0.022, 0.0]
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
        np.insert(circle(1.0, 30) * [0.034, 0.027], 2, 0.0, axis=1) + [0, 0.027, 0],
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
    "book": book,
    "notebook": notebook,
    "pen": pen,
    "pencil": pencil,
    "pencil holder": pencil_holder,
    "scissors": scissors,
    "tape roll": tape_roll,
    "stapler": stapler,
    "ruler": ruler,
    "eraser": eraser,
    "sticky notes": sticky_notes,
    "paper stack": paper_stack,
    "key": key,
    "eyeglasses": eyeglasses,
    "wristwatch": wristwatch,
    "globe": globe,
    "pencil case": pouch,
}
_ = wall_ring
