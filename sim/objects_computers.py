"""Computers and what belongs to them."""

import numpy as np

from gazeline.sim.design import Design, Look, Maker, Piece, Solid, block, metal, plastic, textured
from gazeline.sim.labels import keys, screen
from gazeline.sim.meshes import box, join, lathe, rot, superellipsoid
from gazeline.sim.textures import Rgb, Rng, vivid


def casing(rng: Rng) -> Look:
    """Dark, white or grey housing."""
    tones: list[Rgb] = [(0.1, 0.1, 0.11), (0.88, 0.88, 0.87), (0.35, 0.36, 0.38), (0.18, 0.2, 0.26)]
    return plastic(tones[int(rng.integers(len(tones)))], 0.4)


def glowing(rng: Rng) -> Look:
    """A screen that is on."""
    return Look((1.0, 1.0, 1.0), screen(rng), roughness=0.25, emission=float(rng.uniform(0.7, 1.1)))


def laptop(rng: Rng) -> Design:
    w, d, t = rng.uniform(0.31, 0.36), rng.uniform(0.21, 0.24), 0.014
    look = metal((0.72, 0.73, 0.75), 0.45) if rng.random() < 0.6 else casing(rng)
    tilt = rot("x", -rng.uniform(12, 28))
    hinge = (0.0, t, -d / 2 + 0.006)
    lid = box((w, d, 0.007), 0.003).moved(hinge, tilt)
    glass_pane = box((w - 0.02, d - 0.03, 0.001)).moved(np.asarray(hinge) + tilt @ np.array([0, 0.018, 0.0042]), tilt)
    board = box((w * 0.86, 0.0015, d * 0.42)).moved((0, t, -d * 0.13))
    pad = box((w * 0.32, 0.0012, d * 0.28)).moved((0, t, d * 0.28))
    solids = (
        block((w, t, d)),
        Solid("box", (w, d, 0.01), tuple(np.asarray(hinge) + tilt @ np.array([0, d / 2, 0])), tilt),
    )
    return Design(
        "laptop",
        (
            Piece("base", box((w, t, d), 0.005), look),
            Piece("keyboard", board, textured(keys(rng), roughness=0.6)),
            Piece("touchpad", pad, plastic((0.5, 0.5, 0.52), 0.5)),
            Piece("lid", lid, look),
            Piece("screen", glass_pane, glowing(rng)),
        ),
        solids,
        3.0,
    )


def monitor(rng: Rng) -> Design:
    w = rng.uniform(0.5, 0.62)
    h, y, look = w * 0.57, rng.uniform(0.1, 0.14), casing(rng)
    panel = box((w, h, 0.022), 0.006).moved((0, y, 0.0))
    pane = box((w - 0.022, h - 0.03, 0.001)).moved((0, y + 0.02, 0.0115))
    neck = box((0.05, y + h * 0.4, 0.018), 0.006).moved((0, 0, -0.025))
    foot = box((0.24, 0.012, 0.18), 0.005).moved((0, 0, -0.02))
    return Design(
        "monitor",
        (Piece("frame", panel, look), Piece("screen", pane, glowing(rng)), Piece("stand", join(neck, foot), look)),
        (block((0.24, 0.012, 0.18), 0, 0, -0.02), block((w, h, 0.03), y), block((0.05, y, 0.03), 0, 0, -0.02)),
        5.0,
    )


def keyboard(rng: Rng) -> Design:
    w, d = rng.uniform(0.34, 0.44), rng.uniform(0.12, 0.15)
    body = box((w, 0.018, d), 0.006)
    caps = box((w - 0.016, 0.004, d - 0.018), 0.0015).moved((0, 0.0175, 0))
    return Design(
        "keyboard",
        (Piece("body", body, casing(rng)), Piece("keys", caps, textured(keys(rng), roughness=0.5))),
        (block((w, 0.02, d)),),
        0.8,
    )


def mouse(rng: Rng) -> Design:
    shell = superellipsoid((0.031, 0.034, 0.055), 0.8, 0.85, 22)
    shell.vertices[:, 1] = np.maximum(shell.vertices[:, 1], 0.0)
    wheel = lathe([(0, -0.004), (0.009, -0.004), (0.009, 0.004), (0, 0.004)], 14).moved((0, 0.03, -0.022), rot("z", 90))
    return Design(
        "mouse",
        (Piece("shell", shell, casing(rng)), Piece("wheel", wheel, plastic((0.3, 0.3, 0.3)))),
        (block((0.055, 0.03, 0.1)),),
        0.12,
    )


def phone(rng: Rng) -> Design:
    w, h = 0.073, 0.15
    body = box((w, 0.008, h), 0.0038)
    pane = box((w - 0.006, 0.0008, h - 0.008)).moved((0, 0.0078, 0))
    return Design(
        "phone",
        (Piece("body", body, plastic(vivid(rng, (0.0, 0.6), (0.1, 0.8)))), Piece("screen", pane, glowing(rng))),
        (block((w, 0.0085, h)),),
        0.2,
    )


def tablet(rng: Rng) -> Design:
    w, h = 0.17, 0.24
    body = box((w, 0.008, h), 0.0035)
    pane = box((w - 0.018, 0.0008, h - 0.018)).moved((0, 0.0078, 0))
    return Design(
        "tablet", (Piece("body", body, casing(rng)), Piece("screen", pane, glowing(rng))), (block((w, 0.0085, h)),), 0.5
    )


def calculator(rng: Rng) -> Design:
    w, h = 0.08, 0.145
    body = box((w, 0.014, h), 0.004)
    pane = box((w - 0.016, 0.001, 0.026)).moved((0, 0.0137, -h / 2 + 0.026))
    buttons = [
        box((0.012, 0.004, 0.01), 0.0015).moved((-0.027 + 0.018 * i, 0.0135, -0.022 + 0.0165 * j))
        for i in range(4)
        for j in range(5)
    ]
    light = plastic((0.85, 0.85, 0.83)) if rng.random() < 0.5 else plastic((0.4, 0.42, 0.46))
    return Design(
        "calculator",
        (
            Piece("body", body, casing(rng)),
            Piece("display", pane, plastic((0.55, 0.62, 0.5), 0.3)),
            Piece("keys", join(*buttons), light),
        ),
        (block((w, 0.016, h)),),
        0.15,
    )


COMPUTERS: dict[str, Maker] = {
    "laptop": laptop,
    "monitor": monitor,
    "keyboard": keyboard,
    "mouse": mouse,
    "phone": phone,
    "tablet": tablet,
    "calculator": calculator,
}
