"""Printed things: labels, covers, posters, screens and keys, with marks that look like letters."""

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.sim.textures import SIZE, Image, Rgb, Rng, mix, noise, shift, to_image, vivid


def _ink(rgb: Rgb) -> tuple[int, int, int]:
    r, g, b = (round(255 * c) for c in rgb)
    return r, g, b


def contrast(rgb: Rgb) -> Rgb:
    """Black-ish or white-ish, whichever reads on the colour."""
    return (0.08, 0.08, 0.1) if 0.3 * rgb[0] + 0.59 * rgb[1] + 0.11 * rgb[2] > 0.5 else (0.95, 0.94, 0.9)


def write(image: Image, rng: Rng, x: int, y: int, width: int, height: int, rgb: Rgb) -> None:
    """A line of letter-like strokes in the box, words apart."""
    pen, thick = x, max(1, height // 6)
    while pen < x + width - height // 2:
        if rng.random() < 0.17:
            pen += height // 2
            continue
        w = max(2, int(height * rng.uniform(0.35, 0.65)))
        points = np.array(
            [[pen + w * a, y + height * b] for a, b in rng.choice([0.0, 0.5, 1.0], (int(rng.integers(3, 5)), 2))]
        )
        cv2.polylines(image, [np.round(points).astype(np.int32)], False, _ink(rgb), thick, cv2.LINE_AA)
        pen += w + max(2, height // 4)


def label(rng: Rng, base: Rgb | None = None) -> Image:
    """A product label: bands, a brand mark, a title and small print."""
    ground = base or vivid(rng, (0.2, 0.9), (0.4, 0.98))
    image = to_image(np.broadcast_to(np.asarray(ground), (SIZE, SIZE, 3)))
    accent = vivid(rng)
    for _ in range(int(rng.integers(1, 3))):
        y = int(rng.integers(0, SIZE))
        cv2.rectangle(
            image, (0, y), (SIZE, y + int(rng.integers(10, 60))), _ink(accent if rng.random() < 0.6 else vivid(rng)), -1
        )
    cx, cy, r = int(rng.integers(90, 166)), int(rng.integers(60, 120)), int(rng.integers(28, 56))
    mark = contrast(ground) if rng.random() < 0.5 else vivid(rng)
    if rng.random() < 0.5:
        cv2.circle(image, (cx, cy), r, _ink(mark), -1, cv2.LINE_AA)
        cv2.circle(image, (cx, cy), int(r * 0.6), _ink(accent), -1, cv2.LINE_AA)
    else:
        star = [
            [cx + r * k * np.cos(a), cy + r * k * np.sin(a)]
            for a, k in zip(np.arange(10) * np.pi / 5, [1, 0.45] * 5, strict=True)
        ]
        cv2.fillPoly(image, [np.round(star).astype(np.int32)], _ink(mark), cv2.LINE_AA)
    write(image, rng, 24, 150, 208, int(rng.integers(28, 44)), contrast(ground))
    for k in range(int(rng.integers(1, 4))):
        write(image, rng, 34, 206 + 14 * k, 180, 9, contrast(ground))
    return image


def cover(rng: Rng) -> Image:
    """A book cover or spine: ground, frame, title, author, a motif."""
    ground = vivid(rng, (0.3, 0.8), (0.25, 0.8))
    image = to_image(
        np.broadcast_to(np.asarray(ground), (SIZE, SIZE, 3)) * (0.94 + 0.1 * noise(rng, 32, 32, 3))[..., None]
    )
    ink = contrast(ground)
    if rng.random() < 0.5:
        cv2.rectangle(image, (14, 14), (SIZE - 15, SIZE - 15), _ink(ink), 3)
    for _ in range(int(rng.integers(1, 5))):
        centre = (int(rng.integers(50, 206)), int(rng.integers(110, 190)))
        cv2.ellipse(
            image,
            centre,
            (int(rng.integers(10, 60)), int(rng.integers(10, 50))),
            float(rng.uniform(0, 180)),
            0,
            360,
            _ink(vivid(rng)),
            -1,
            cv2.LINE_AA,
        )
    write(image, rng, 34, 38, 190, 34, ink)
    write(image, rng, 60, 84, 140, 16, ink)
    write(image, rng, 70, 214, 120, 14, ink)
    return image


def paper(rng: Rng, lines: int = 14) -> Image:
    """A written or printed page."""
    image = to_image(np.broadcast_to(np.array([0.95, 0.94, 0.91]), (SIZE, SIZE, 3)))
    for k in range(lines):
        if rng.random() < 0.85:
            write(image, rng, 28, 26 + k * 15, int(rng.uniform(90, 200)), 8, (0.2, 0.2, 0.3))
    return image


def landscape(rng: Rng) -> Image:
    """A painted picture: sky, sun, hills."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    skies: list[tuple[Rgb, Rgb]] = [
        ((0.4, 0.62, 0.88), (0.85, 0.92, 0.97)),
        ((0.3, 0.38, 0.6), (0.97, 0.72, 0.5)),
        ((0.62, 0.72, 0.8), (0.93, 0.93, 0.9)),
        ((0.15, 0.2, 0.38), (0.55, 0.45, 0.6)),
    ]
    lands: list[Rgb] = [(0.45, 0.55, 0.35), (0.35, 0.48, 0.3), (0.5, 0.58, 0.62), (0.62, 0.52, 0.35), (0.25, 0.38, 0.3)]
    top, low = skies[int(rng.integers(len(skies)))]
    picture = mix(shift(top, rng), shift(low, rng), y * 1.6)
    sun = np.hypot(x - rng.uniform(0.2, 0.8), y - rng.uniform(0.15, 0.4)) < rng.uniform(0.05, 0.09)
    picture[sun] = (1.0, 0.95, 0.8)
    for k in range(4):
        ridge = (
            0.45 + 0.13 * k + 0.1 * np.sin(2 * np.pi * (rng.uniform(0.5, 2) * x + rng.random())) * rng.uniform(0.3, 1)
        )
        colour = lands[int(rng.integers(len(lands)))] if rng.random() < 0.85 else vivid(rng, (0.3, 0.6), (0.4, 0.8))
        picture = np.where((y > ridge)[..., None], tint_noise(rng, shift(colour, rng)), picture)
    return to_image(picture)


def tint_noise(rng: Rng, rgb: Rgb) -> NDArray[np.float64]:
    """A colour with brush-like variation (256, 256, 3)."""
    return np.asarray(np.asarray(rgb) * (0.8 + 0.4 * noise(rng, 8, 16, 4))[..., None])


def screen(rng: Rng) -> Image:
    """A computer screen: windows with text, a picture, a bar; or a photograph."""
    if rng.random() < 0.25:
        return landscape(rng)
    dark = rng.random() < 0.5
    ground: Rgb = (0.13, 0.15, 0.19) if dark else vivid(rng, (0.2, 0.5), (0.6, 0.9))
    image = to_image(np.broadcast_to(np.asarray(ground), (SIZE, SIZE, 3)))
    for _ in range(int(rng.integers(1, 4))):
        x, y = int(rng.integers(5, 110)), int(rng.integers(5, 90))
        w, h = int(rng.integers(90, 145)), int(rng.integers(80, 140))
        pane: Rgb = (0.18, 0.2, 0.24) if dark else (0.96, 0.96, 0.96)
        cv2.rectangle(image, (x, y), (x + w, y + h), _ink(pane), -1)
        cv2.rectangle(image, (x, y), (x + w, y + 9), _ink(vivid(rng, (0.3, 0.7))), -1)
        for k in range((h - 20) // 9):
            ink = vivid(rng, (0.2, 0.6), (0.7, 0.95)) if dark else (0.25, 0.25, 0.3)
            write(
                image, rng, x + 6 + 6 * int(rng.integers(0, 3)), y + 15 + 9 * k, int(rng.integers(30, w - 20)), 5, ink
            )
    cv2.rectangle(image, (0, SIZE - 12), (SIZE, SIZE), _ink((0.08, 0.08, 0.1)), -1)
    for k in range(6):
        cv2.rectangle(image, (70 + 20 * k, SIZE - 10), (80 + 20 * k, SIZE - 3), _ink(vivid(rng)), -1)
    return image


def keys(rng: Rng) -> Image:
    """Rows of key caps seen from above."""
    dark = rng.random() < 0.65
    gap: Rgb = (0.03, 0.03, 0.04) if dark else (0.6, 0.6, 0.6)
    cap: Rgb = (0.16, 0.16, 0.18) if dark else (0.92, 0.92, 0.9)
    image = to_image(np.broadcast_to(np.asarray(gap), (SIZE, SIZE, 3)))
    row = SIZE // 5
    for r in range(5):
        edges = np.linspace(0, SIZE, 15) + (0 if r == 0 else 5 * r)
        if r == 4:
            edges = np.array([0, 18, 36, 56, 168, 190, 210, 232, SIZE + 1])
        for a, b in zip([0, *edges[1:-1]], [*edges[1:-1], SIZE], strict=True):
            cv2.rectangle(image, (int(a) + 1, r * row + 3), (int(b) - 2, (r + 1) * row - 4), _ink(cap), -1)
            if b - a < 25:
                write(image, rng, int(a) + 5, r * row + 12, 9, 16, contrast(cap))
    return image
