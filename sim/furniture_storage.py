"""Shelves, cupboards and the television on its board. They stand still, facing +z, on y = 0."""

from gazeline.sim.design import Design, Look, Piece, block, metal, plastic
from gazeline.sim.furniture import CALM
from gazeline.sim.labels import landscape, screen
from gazeline.sim.looks import BLACK, timber
from gazeline.sim.meshes import box, join, lathe, superellipsoid, sweep
from gazeline.sim.textures import Rng, shift, vivid


def shelf(rng: Rng, width: float, height: float, levels: int, depth: float = 0.28) -> Design:
    """A book case; boards at ``height / levels`` steps (see ``shelf_boards``)."""
    look = timber(rng) if rng.random() < 0.6 else plastic((0.9, 0.9, 0.88), 0.5)
    t = 0.022
    sides = [box((t, height, depth)).moved((s * (width - t) / 2, 0, 0)) for s in (-1, 1)]
    boards = [
        box((width - 2 * t, t, depth - 0.01)).moved((0, y - t, 0)) for y in (*shelf_boards(height, levels), height)
    ]
    back = box((width - 2 * t, height, 0.008)).moved((0, 0, -depth / 2 + 0.004))
    solids = tuple(block((width, t, depth), y - t) for y in (*shelf_boards(height, levels), height))
    walls = tuple(block((t, height, depth), 0, s * (width - t) / 2) for s in (-1, 1))
    return Design(
        "shelf",
        (Piece("frame", join(*sides, back), look), Piece("boards", join(*boards), look)),
        (*solids, *walls),
        25.0,
    )


def shelf_boards(height: float, levels: int) -> list[float]:
    """Heights of the surfaces that things stand on."""
    return [0.06 + k * (height - 0.06) / levels for k in range(levels)]


def wall_board(rng: Rng, width: float, depth: float = 0.2) -> Design:
    """A single board with brackets; the things stand at y = 0.14."""
    plank = box((width, 0.022, depth), 0.003).moved((0, 0.118, 0))
    brackets = [
        join(
            box((0.02, 0.118, 0.014)).moved((x, 0, -depth / 2 + 0.008)),
            sweep([(x, 0.01, -depth / 2 + 0.01), (x, 0.115, depth * 0.35)], 0.006, 6),
        )
        for x in (-width * 0.35, width * 0.35)
    ]
    return Design(
        "wall shelf",
        (Piece("board", plank, timber(rng)), Piece("brackets", join(*brackets), metal((0.2, 0.2, 0.2), 0.5))),
        (block((width, 0.022, depth), 0.118),),
        3.0,
    )


def television(rng: Rng) -> Design:
    w = rng.uniform(1.0, 1.25)
    h = w * 0.57
    frame = box((w, h, 0.05), 0.01).moved((0, 0.06, 0))
    pane = box((w - 0.03, h - 0.03, 0.002)).moved((0, 0.075, 0.0255))
    feet = join(*[box((0.03, 0.06, 0.24), 0.005).moved((s * w * 0.3, 0, 0)) for s in (-1, 1)])
    on = rng.random() < 0.7
    art = (
        Look((1, 1, 1), screen(rng) if rng.random() < 0.3 else landscape(rng), roughness=0.1, emission=1.0)
        if on
        else Look((0.03, 0.03, 0.035), roughness=0.06)
    )
    return Design(
        "television",
        (Piece("frame", frame, plastic(BLACK)), Piece("screen", pane, art), Piece("feet", feet, plastic(BLACK))),
        (block((w, h, 0.06), 0.06), block((w * 0.7, 0.06, 0.24))),
        12.0,
    )


def sideboard(rng: Rng, width: float = 1.5, height: float = 0.5) -> Design:
    look = timber(rng) if rng.random() < 0.6 else plastic((0.9, 0.9, 0.88), 0.45)
    body = box((width, height - 0.1, 0.42), 0.006).moved((0, 0.1, 0))
    doors = [
        box((width / 3 - 0.015, height - 0.14, 0.015), 0.004).moved((width / 3 * (k - 1), 0.12, 0.215))
        for k in range(3)
    ]
    knobs = [
        superellipsoid((0.014, 0.014, 0.014), n=10).moved((width / 3 * (k - 1) + 0.18, 0.1 + height * 0.45, 0.232))
        for k in range(3)
    ]
    feet = [
        lathe([(0.012, 0), (0.02, 0.1)], 10).moved((sx * (width / 2 - 0.1), 0, sz * 0.15))
        for sx in (-1, 1)
        for sz in (-1, 1)
    ]
    return Design(
        "sideboard",
        (
            Piece("body", body, look),
            Piece("doors", join(*doors), look),
            Piece("knobs", join(*knobs), metal((0.75, 0.6, 0.35))),
            Piece("feet", join(*feet), timber(rng)),
        ),
        (block((width, height, 0.42)),),
        30.0,
    )


def cupboard(rng: Rng, width: float, height: float, depth: float) -> Design:
    """Kitchen unit with two doors, for the floor (height 0.9) or the wall."""
    look = timber(rng) if rng.random() < 0.4 else plastic(shift(CALM[int(rng.integers(len(CALM)))], rng, 0.05), 0.4)
    body = box((width, height, depth))
    doors = [
        box((width / 2 - 0.01, height - 0.02, 0.018), 0.004).moved((s * width / 4, 0.01, depth / 2)) for s in (-1, 1)
    ]
    pulls = [
        sweep(
            [
                (s * 0.04, height * 0.45, depth / 2 + 0.035),
                (s * 0.04, height * 0.5, depth / 2 + 0.035),
                (s * 0.04, height * 0.6, depth / 2 + 0.035),
            ],
            0.005,
            6,
        )
        for s in (-1, 1)
    ]
    return Design(
        "cupboard",
        (Piece("body", body, look), Piece("doors", join(*doors), look), Piece("handles", join(*pulls), metal())),
        (block((width, height, depth)),),
        30.0,
    )


def fridge(rng: Rng) -> Design:
    look = (
        metal((0.75, 0.76, 0.78), 0.45) if rng.random() < 0.5 else plastic(vivid(rng, (0.0, 0.4), (0.75, 0.95)), 0.25)
    )
    body = box((0.6, 1.75, 0.62), 0.02)
    doors = join(
        box((0.59, 0.55, 0.04), 0.012).moved((0, 1.18, 0.32)), box((0.59, 1.1, 0.04), 0.012).moved((0, 0.05, 0.32))
    )
    pulls = join(
        *[sweep([(-0.25, y, 0.375), (-0.25, y + 0.12, 0.375), (-0.25, y + 0.25, 0.375)], 0.01, 8) for y in (1.22, 0.8)]
    )
    return Design(
        "refrigerator",
        (Piece("body", body, look), Piece("doors", doors, look), Piece("handles", pulls, metal())),
        (block((0.6, 1.75, 0.62)),),
        60.0,
    )
