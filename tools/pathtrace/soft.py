"""Soft things: crumpled and folded cloth, cushions of cloth, and the wearer's own forearms and hands."""

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.sim.design import Design, Look, Piece, block, textured
from gazeline.sim.meshes import Mesh, box, grid, join, rot, superellipsoid, sweep
from gazeline.sim.textures import Rng, checks, fabric, shift, stripes, vivid

SKIN = [(0.91, 0.74, 0.62), (0.82, 0.62, 0.48), (0.66, 0.46, 0.33), (0.45, 0.3, 0.21), (0.3, 0.2, 0.15)]
F64 = NDArray[np.float64]


def cloth_look(rng: Rng) -> Look:
    """Plain, striped or checked."""
    pick, a, b = rng.random(), vivid(rng, (0.05, 0.6), (0.4, 0.95)), vivid(rng, (0.0, 0.5), (0.5, 0.98))
    art = (
        fabric(rng, a, 0.2)
        if pick < 0.5
        else stripes(rng, [a, b], 6)
        if pick < 0.75
        else checks(rng, a, b, 6, soft=True)
    )
    return textured(art, (float(rng.uniform(1, 3)), float(rng.uniform(1, 3))), 0.95)


def crumpled(rng: Rng) -> Design:
    """A towel or shirt dropped in a heap: a sheet whose folds are ridges of smooth noise, pushed together."""
    n = 40
    size = rng.uniform(0.12, 0.28, 2)
    v, u = np.mgrid[0:n, 0:n] / (n - 1) * 2 - 1
    heights = np.zeros((n, n))
    for scale, gain in ((5.0, 1.0), (2.5, 0.5)):
        rough = cv2.GaussianBlur(rng.standard_normal((n, n)), (0, 0), scale)
        heights += gain * (1 - np.abs(rough / rough.std()).clip(0, 2) / 2) ** 2
    edge = np.clip(1.25 - np.maximum(np.abs(u), np.abs(v)), 0, 1)
    heights = heights * edge * rng.uniform(0.02, 0.06) + 0.003
    wobble = [cv2.GaussianBlur(rng.standard_normal((n, n)), (0, 0), 6.0) for _ in range(2)]
    x, z = ((a + 0.12 * w / w.std()) * s for a, w, s in zip((u, v), wobble, size, strict=True))
    points = np.stack([x, heights, z], -1)
    mesh = grid(points.transpose(1, 0, 2), np.stack([(u.T + 1) / 2, (v.T + 1) / 2], -1), 80.0)
    under = grid(points * [1, 0.5, 1], np.stack([(u + 1) / 2, (v + 1) / 2], -1), 80.0)
    wide, deep = 2 * float(size[0]), 2 * float(size[1])
    return Design(
        "cloth", (Piece("cloth", join(mesh, under), cloth_look(rng)),), (block((wide * 0.9, 0.012, deep * 0.9)),), 0.3
    )


def folded(rng: Rng) -> Design:
    """A pile of folded laundry: each piece is an object part."""
    look = cloth_look(rng)
    w, d, y = float(rng.uniform(0.16, 0.34)), float(rng.uniform(0.12, 0.26)), 0.0
    pieces = []
    for k in range(int(rng.integers(1, 5))):
        t = float(rng.uniform(0.012, 0.03))
        layers = [
            box((w * rng.uniform(0.97, 1.0), t / 2 * 0.96, d * rng.uniform(0.97, 1.0)), t / 5).moved((0, j * t / 2, 0))
            for j in (0, 1)
        ]
        pieces.append(Piece(f"layer {k + 1}", join(*layers).moved((0, y, 0), rot("y", float(rng.normal(0, 3)))), look))
        y += t
        if rng.random() < 0.6:
            look = cloth_look(rng)
    return Design("folded cloth", tuple(pieces), (block((w, y, d)),), 0.4)


def _finger(start: F64, spread: float, length: float, curl: float, radius: float) -> Mesh:
    """Three bones bent by ``curl`` degrees each; fingers point along -z, their inside is -y."""
    points, at, angle = [start], start, 0.0
    for share in (0.45, 0.3, 0.25):
        angle += np.deg2rad(curl)
        step = np.array([np.sin(spread), -np.sin(angle), -np.cos(angle) * np.cos(spread)]) * length * share
        points += [at + step * 0.5, at + step]
        at = at + step
    radii = radius * np.array([1.05, 1.0, 0.98, 0.95, 0.92, 0.86, 0.72])
    return sweep(np.array(points), radii, 10)


def hand(rng: Rng, side: float) -> Mesh:
    """A right (``side`` 1) or left hand: wrist at the origin, fingers along -z, palm down."""
    curl = float(rng.uniform(5, 38))
    palm = superellipsoid((0.041, 0.016, 0.052), 0.75, 0.6, 20).moved((0, 0, -0.05))
    wrist = sweep([(0, 0, 0.03), (0, 0, 0.0), (0, 0, -0.03)], [0.027, 0.026, 0.024], 12).scaled((1.0, 0.75, 1.0))
    fingers = []
    for k, (x, length) in enumerate(((-0.031, 0.075), (-0.011, 0.085), (0.011, 0.08), (0.03, 0.062))):
        bend = curl + float(rng.normal(0, 6))
        fingers.append(
            _finger(
                np.array([side * x, 0.002, -0.095]),
                side * x * rng.uniform(1, 5),
                length,
                bend,
                0.0085 - 0.0006 * (k == 3),
            )
        )
    base = np.array([-side * 0.034, -0.004, -0.03])
    away = -side * rng.uniform(0.4, 0.9)
    thumb = _finger(base, away, 0.075, curl * 0.5, 0.0105)
    return join(palm, wrist, *fingers, thumb)


def forearm(rng: Rng, elbow: F64, wrist: F64, side: float, skin: Look, sleeve: Look | None) -> Design:
    """An arm from ``elbow`` to ``wrist`` (world, (3,)) with its hand; ``sleeve`` None: bare."""
    z = elbow - wrist
    length = float(np.linalg.norm(z))
    z = z / length
    x = np.cross([0.0, 1.0, 0.0], z)
    x /= np.linalg.norm(x)
    turn = np.stack([x, np.cross(z, x), z], axis=1) @ rot("z", float(rng.normal(side * 12, 18)))
    turn_hand = turn @ rot("x", float(rng.normal(8, 12)))
    along = np.linspace(0, length, 9)
    bare = sweep(
        np.stack([0 * along, 0 * along, along], -1),
        np.interp(along, [0, 0.08, 0.2, 0.35], [0.026, 0.031, 0.041, 0.043]),
        16,
    )
    pieces = [
        Piece("hand", hand(rng, side).moved(wrist, turn_hand), skin),
        Piece("forearm", bare.moved(wrist, turn), skin),
    ]
    if sleeve is not None:
        begin = float(rng.uniform(0.0, 0.12))
        at = np.linspace(begin, length, 12)
        folds = 0.007 + 0.004 * np.sin(at * 160 + rng.uniform(0, 6))
        tube = sweep(
            np.stack([0 * at, 0 * at, at], -1),
            np.interp(at, [0, 0.08, 0.2, 0.35], [0.03, 0.036, 0.047, 0.052]) + folds,
            18,
        )
        pieces.append(Piece("sleeve", tube.moved(wrist, turn), sleeve))
    return Design("arm", tuple(pieces), ())


def arms(rng: Rng, shoulder_middle: F64, target: F64) -> list[Design]:
    """One or both of the wearer's arms, reaching for ``target`` on a surface."""
    skin = Look(shift(SKIN[int(rng.integers(len(SKIN)))], rng, 0.03), roughness=0.55)
    sleeve = None if rng.random() < 0.4 else cloth_look(rng)
    out = []
    for side in (1.0, -1.0) if rng.random() < 0.6 else (float(rng.choice([-1.0, 1.0])),):
        wrist = target + np.array([side * rng.uniform(0.05, 0.24), rng.uniform(0.035, 0.12), rng.uniform(0.02, 0.2)])
        elbow = shoulder_middle + np.array([side * rng.uniform(0.2, 0.34), -0.28, 0.02])
        reach = elbow - wrist
        elbow = wrist + reach / np.linalg.norm(reach) * np.clip(np.linalg.norm(reach), 0.3, 0.65)  # out of the picture
        elbow[1] = max(elbow[1], target[1] + 0.06)
        out.append(forearm(rng, elbow, wrist, side, skin, sleeve))
    return out
