"""Kitchen and office units whose doors and drawers are parts of their own, some of them open, with things inside."""

from dataclasses import dataclass

import numpy as np

from gazeline.sim.design import Design, Look, Piece, block, metal, plastic
from gazeline.sim.looks import timber
from gazeline.sim.meshes import Mesh, box, join, lathe, rot, superellipsoid, sweep
from gazeline.sim.textures import Rng, shift, vivid

T = 0.018  # boards
WORKTOP_M = 0.035
FRONTS = [
    (0.92, 0.91, 0.88),
    (0.35, 0.42, 0.45),
    (0.55, 0.6, 0.52),
    (0.8, 0.76, 0.68),
    (0.2, 0.22, 0.25),
    (0.7, 0.5, 0.4),
]


@dataclass(frozen=True)
class Style:
    """What the units of one kitchen share."""

    front: Look
    handles: Look
    worktop: Look
    handle: int  # 0 knob, 1 bar, 2 bow
    framed: bool


def random_style(rng: Rng) -> Style:
    """Some kitchen."""
    grey = float(rng.uniform(0.15, 0.9))
    top = timber(rng) if rng.random() < 0.5 else plastic(shift((grey, grey, grey), rng, 0.05), 0.3)
    return Style(front_look(rng), handle_look(rng), top, int(rng.integers(3)), bool(rng.random() < 0.4))


def front_look(rng: Rng) -> Look:
    """Doors: white or coloured paint, or wood."""
    pick = rng.random()
    if pick < 0.4:
        return timber(rng)
    if pick < 0.85:
        return plastic(shift(FRONTS[int(rng.integers(len(FRONTS)))], rng, 0.05), float(rng.uniform(0.2, 0.6)))
    return plastic(vivid(rng, (0.2, 0.6), (0.4, 0.9)), 0.4)


def handle_look(rng: Rng) -> Look:
    """Steel, brass or black."""
    pick = rng.random()
    return metal() if pick < 0.5 else metal((0.8, 0.62, 0.32), 0.3) if pick < 0.7 else plastic((0.06, 0.06, 0.06), 0.4)


def _handle(style: int, length: float, upright: bool) -> Mesh:
    """A bar, a bow or a knob on the plane z = 0, about the origin."""
    if style == 0:
        return join(
            superellipsoid((0.015, 0.015, 0.012), n=12).moved((0, 0, 0.022)),
            lathe([(0.006, 0), (0.006, 0.02)], 10).moved(rotation=rot("x", 90)),
        )
    a = length / 2
    out = 0.03
    if style == 1:
        path = [(-a, 0, 0), (-a, 0, out), (-a / 2, 0, out), (0, 0, out), (a / 2, 0, out), (a, 0, out), (a, 0, 0)]
        mesh = sweep(path, 0.0055, 8)
    else:
        x = np.linspace(-a, a, 11)
        mesh = sweep(np.stack([x, 0 * x, out * np.sqrt(np.maximum(1 - (x / a) ** 2, 0))], -1), 0.006, 8)
    return mesh.moved(rotation=rot("z", 90)) if upright else mesh


def _panel(width: float, height: float, framed: bool) -> Mesh:
    """A door or drawer front in the plane z = 0..T, its lower left corner at the origin."""
    flat = box((width, height, T), 0.002).moved((width / 2, 0, T / 2))
    if not framed or min(width, height) < 0.16:
        return flat
    rim = 0.055
    bars = [box((width, rim, 0.008), 0.002).moved((width / 2, y, T + 0.004)) for y in (0, height - rim)]
    bars += [box((rim, height - 2 * rim, 0.008)).moved((x, rim, T + 0.004)) for x in (rim / 2, width - rim / 2)]
    return join(flat, *bars)


def unit(
    rng: Rng, style: Style, width: float, height: float, depth: float, top: bool = False, openness: float = 0.2
) -> Design:
    """A unit facing +z on y = 0: a hollow carcass with doors or drawers. Each front and each handle is a part.

    ``openness`` is the share of fronts that stand open. With ``top`` there is a worktop.
    """
    inside = plastic((0.86, 0.85, 0.82), 0.6)
    foot = 0.1 if height > 0.5 and rng.random() < 0.7 else 0.0
    sides = [box((T, height - foot, depth)).moved((s * (width - T) / 2, foot, 0)) for s in (-1, 1)]
    plates = [box((width, T, depth)).moved((0, y, 0)) for y in (foot, height - T)]
    back = box((width, height - foot, 0.006)).moved((0, foot, -depth / 2 + 0.003))
    pieces = [Piece("body", join(*sides, *plates, back), style.front if rng.random() < 0.5 else inside)]
    if foot:
        pieces.append(Piece("plinth", box((width, foot, depth - 0.06)).moved((0, 0, -0.03)), plastic((0.1, 0.1, 0.1))))
    columns = max(round(width / float(rng.uniform(0.4, 0.6))), 1)
    wide = width / columns
    number = 0
    for column in range(columns):
        x = -width / 2 + column * wide
        drawers = height < 1.2 and rng.random() < 0.4
        rows = int(rng.integers(2, 5)) if drawers else 1 + int(height > 1.3)
        tall = (height - foot) / rows
        if not drawers:
            board = box((wide - 2 * T, T, depth - 0.04)).moved((x + wide / 2, foot + (height - foot) / 2, 0))
            pieces.append(Piece("shelf board", board, inside))
        for row in range(rows):
            number += 1
            w, h = wide - 0.004, tall - 0.004
            ajar = float(rng.uniform(0.1, 1.0)) if rng.random() < openness else 0.0
            make = _drawer if drawers else _door
            panel, pull = make(style, w, h, depth, ajar, bool((column + row) % 2))
            at = (x + 0.002, foot + row * tall + 0.002, depth / 2)
            name = "drawer" if drawers else "door"
            pieces.append(Piece(f"{name} {number}", panel.moved(at), style.front))
            pieces.append(Piece(f"handle {number}", pull.moved(at), style.handles))
    if top:
        slab = box((width + 0.01, WORKTOP_M, depth + 0.04), 0.004).moved((0, height, 0.015))
        pieces.append(Piece("worktop", slab, style.worktop))
    high = height + (WORKTOP_M if top else 0.0)
    return Design("kitchen unit", tuple(pieces), (block((width + 0.01, high, depth + 0.03)),), 30.0)


def _drawer(style: Style, w: float, h: float, depth: float, ajar: float, _: bool) -> tuple[Mesh, Mesh]:
    """Front with, where it is open, its box behind; and the handle."""
    panel = _panel(w, h, style.framed)
    if ajar:
        back = [box((w - 0.03, h * 0.7, 0.012)).moved((w / 2, 0.02, -depth + 0.05))]
        back += [box((0.012, h * 0.7, depth - 0.05)).moved((x, 0.02, -depth / 2 + 0.025)) for x in (0.02, w - 0.02)]
        back.append(box((w - 0.03, 0.01, depth - 0.05)).moved((w / 2, 0.012, -depth / 2 + 0.025)))
        panel = join(panel, *back)
    out = (0.0, 0.0, 0.7 * ajar * depth)
    return panel.moved(out), _handle(style.handle, min(0.14, w / 2), False).moved((w / 2, h * 0.7, T)).moved(out)


def _door(style: Style, w: float, h: float, _: float, ajar: float, hinge_right: bool) -> tuple[Mesh, Mesh]:
    """Panel and handle, turned about the hinge by up to 110 degrees."""
    turn = rot("y", (110 if hinge_right else -110) * ajar)
    pivot = np.array([w if hinge_right else 0.0, 0, 0])
    at = pivot - turn @ pivot
    pull = _handle(style.handle, 0.13, True).moved((0.045 if hinge_right else w - 0.045, h * 0.62, T))
    return _panel(w, h, style.framed).moved(at, turn), pull.moved(at, turn)


def room_door(rng: Rng) -> Design:
    """A door in its frame, with a handle; its back is the wall (z = 0)."""
    w, h = float(rng.uniform(0.75, 0.9)), float(rng.uniform(1.95, 2.1))
    paint = plastic(shift((0.85, 0.84, 0.8), rng, 0.08), 0.4) if rng.random() < 0.7 else timber(rng)
    flat = box((w, h, 0.02)).moved((0, 0, 0.01))
    fields = []
    columns, rows = int(rng.integers(1, 3)), int(rng.integers(1, 4))
    for i in range(columns):
        for j in range(rows):
            size = ((w - 0.12) / columns - 0.08, (h - 0.2) / rows - 0.1, 0.012)
            x = -w / 2 + 0.06 + (i + 0.5) * (w - 0.12) / columns
            fields.append(box(size, 0.005).moved((x, 0.1 + j * (h - 0.2) / rows + 0.05, 0.022)))
    bars = [box((0.07, h + 0.07, 0.035)).moved((s * (w / 2 + 0.035), 0, 0.018)) for s in (-1, 1)]
    bars.append(box((w, 0.07, 0.035)).moved((0, h, 0.018)))
    lever = sweep([(0, 0, 0), (0, 0, 0.05), (0.03, 0, 0.05), (0.12, 0, 0.05)], 0.009, 8)
    plate = box((0.04, 0.18, 0.008), 0.003).moved((0, -0.12, 0.0))
    side = float(rng.choice([-1.0, 1.0]))
    handle = join(lever, plate).moved((side * (w / 2 - 0.06), 1.02, 0.024), rot("z", 180 if side > 0 else 0))
    pieces = (
        Piece("door", join(flat, *fields), paint),
        Piece("frame", join(*bars), paint if rng.random() < 0.6 else plastic((0.8, 0.8, 0.78))),
        Piece("handle", handle, handle_look(rng)),
    )
    return Design("door", pieces, (), 20.0)


def drawer_box(rng: Rng) -> Design:
    """A small chest of drawers for a desk."""
    size = float(rng.uniform(0.25, 0.42)), float(rng.uniform(0.2, 0.4)), float(rng.uniform(0.2, 0.3))
    d = unit(rng, random_style(rng), *size, openness=0.15)
    return Design("chest of drawers", d.pieces, d.solids, 2.0)
