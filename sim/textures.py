"""Procedural textures, 256x256 RGB uint8, each a pure function of its generator and colours.

Colours are sRGB triples in [0, 1]. All but labels and pictures tile seamlessly.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = 256
Rgb = tuple[float, float, float]
Image = NDArray[np.uint8]
Rng = np.random.Generator


def to_image(values: NDArray[Any]) -> Image:
    """(H, W, 3) in [0, 1] to uint8."""
    return np.asarray(np.clip(values * 255.0 + 0.5, 0, 255), np.uint8)


def noise(rng: Rng, cells_x: int, cells_y: int, octaves: int = 4) -> NDArray[np.float64]:
    """Seamless value noise (256, 256) in about [0, 1], starting at cells_x by cells_y cells."""
    total, weight = np.zeros((SIZE, SIZE)), 0.0
    for octave in range(octaves):
        nx, ny = min(cells_x << octave, SIZE), min(cells_y << octave, SIZE)
        lattice = rng.random((ny, nx)).astype(np.float32)
        lattice = np.pad(lattice, 2, mode="wrap")
        fx, fy = SIZE // nx, SIZE // ny
        big = cv2.resize(lattice, None, fx=fx, fy=fy, interpolation=cv2.INTER_CUBIC)
        big = big[2 * fy : 2 * fy + SIZE, 2 * fx : 2 * fx + SIZE]
        total[: big.shape[0], : big.shape[1]] += big * 0.5**octave
        weight += 0.5**octave
    return total / weight


def tint(base: Rgb, gain: NDArray[Any]) -> NDArray[np.float64]:
    """A colour times a (H, W) gain."""
    return np.asarray(np.asarray(base) * gain[..., None])


def mix(a: Rgb, b: Rgb, t: NDArray[Any]) -> NDArray[np.float64]:
    """Blend two colours by a (H, W) weight."""
    w = np.clip(t, 0, 1)[..., None]
    return np.asarray(np.asarray(a) * (1 - w) + np.asarray(b) * w)


def shift(rgb: Rgb, rng: Rng, amount: float = 0.06) -> Rgb:
    """A colour near another."""
    r, g, b = np.clip(np.asarray(rgb) * (1 + 2 * rng.normal(0, amount)) + rng.normal(0, amount / 3, 3), 0.02, 0.98)
    return float(r), float(g), float(b)


def vivid(rng: Rng, saturation: tuple[float, float] = (0.5, 0.9), value: tuple[float, float] = (0.35, 0.9)) -> Rgb:
    """A random colour of a random hue."""
    h, s, v = rng.random() * 6, rng.uniform(*saturation), rng.uniform(*value)
    k = (np.array([5.0, 3.0, 1.0]) + h) % 6
    r, g, b = v - v * s * np.clip(np.minimum(k, 4 - k), 0, 1)
    return float(r), float(g), float(b)


def wood(rng: Rng, base: Rgb = (0.62, 0.43, 0.26), planks: int = 1) -> Image:
    """Grain along x; ``planks`` boards across y, each its own shade."""
    y = np.arange(SIZE)[:, None] / SIZE
    warp = noise(rng, 2, 8, 3)
    grain = 0.5 + 0.5 * np.sin(2 * np.pi * (6 * planks * y + 3.0 * warp))
    fine = noise(rng, 4, 128, 2)
    gain = 0.80 + 0.13 * grain + 0.16 * (fine - 0.5) + 0.16 * (noise(rng, 2, 4, 3) - 0.5)
    if planks > 1:
        board = (np.arange(SIZE) * planks // SIZE)[:, None]
        gain = gain * (0.86 + 0.28 * rng.random(planks)[board])
        gap = (np.arange(SIZE) * planks % SIZE)[:, None] < 2 * planks
        gain = np.where(gap, gain * 0.55, gain)
    return to_image(tint(base, gain + 0.08))


def checks(rng: Rng, a: Rgb, b: Rgb, cells: int = 4, soft: bool = False) -> Image:
    """A checked board; ``soft`` gives gingham (the two stripes overlap), as on tablecloths."""
    step = np.arange(SIZE) * cells // SIZE % 2
    t = (step[:, None] + step[None, :]) / 2 if soft else (step[:, None] ^ step[None, :])
    return to_image(mix(a, b, t) * (0.94 + 0.1 * noise(rng, 32, 32, 2))[..., None])


def stripes(rng: Rng, colours: list[Rgb], count: int = 8, vertical: bool = True) -> Image:
    """Even stripes through the colours."""
    index = (np.arange(SIZE) * count // SIZE) % len(colours)
    rows = np.asarray(colours)[index]
    picture = np.broadcast_to(rows[None] if vertical else rows[:, None], (SIZE, SIZE, 3))
    return to_image(picture * (0.95 + 0.1 * noise(rng, 32, 32, 2))[..., None])


def fabric(rng: Rng, base: Rgb, contrast: float = 0.25) -> Image:
    """A plain weave."""
    a = np.sin(np.arange(SIZE) * 2 * np.pi * 48 / SIZE)
    weave = 0.5 + 0.25 * a[:, None] + 0.25 * a[None, :]
    gain = 1 - contrast / 2 + contrast * (0.5 * weave + 0.5 * noise(rng, 16, 16, 4) - 0.25)
    return to_image(tint(base, gain))


def marble(rng: Rng, base: Rgb = (0.9, 0.89, 0.87), vein: Rgb = (0.45, 0.45, 0.48)) -> Image:
    """Thin veins through a pale stone."""
    field = noise(rng, 2, 2, 6)
    veins = np.exp(-np.abs(field - 0.5) * 40) * (0.3 + noise(rng, 4, 4, 3))
    return to_image(mix(base, vein, 0.65 * veins) * (0.93 + 0.12 * noise(rng, 4, 4, 5))[..., None])


def speckle(rng: Rng, base: Rgb, spots: Rgb, share: float = 0.2) -> Image:
    """Granite, terrazzo, cork, bread: blotches at several scales."""
    field = noise(rng, 32, 32, 3) * 0.7 + noise(rng, 8, 8, 3) * 0.3
    level = np.quantile(field, 1 - share)
    return to_image(mix(base, spots, (field - level) * 18 + 0.5) * (0.9 + 0.2 * noise(rng, 16, 16, 4))[..., None])


def brushed(rng: Rng, base: Rgb = (0.72, 0.72, 0.74)) -> Image:
    """Brushed metal, strokes along x."""
    return to_image(tint(base, 0.88 + 0.24 * noise(rng, 2, 256, 1)))


def skin(rng: Rng, base: Rgb, spots: Rgb, streaks: int = 10) -> Image:
    """Fruit: vertical streaks and freckles from one colour into another."""
    field = 0.6 * noise(rng, streaks, 2, 3) + 0.4 * noise(rng, 2, 4, 3)
    return to_image(mix(base, spots, (field - 0.5) * 4) * (0.92 + 0.16 * noise(rng, 64, 64, 1))[..., None])


def tiles(rng: Rng, base: Rgb, grout: Rgb = (0.75, 0.74, 0.72), across: int = 4, down: int = 4) -> Image:
    """Wall or floor tiles with grout lines, every other row shifted if there are more columns than rows."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    row = (y * down).astype(int)
    u = x * across + (0.5 * (row % 2) if down > across else 0.0)
    edge = np.minimum(np.minimum(u % 1, 1 - u % 1) / across, np.minimum(y * down % 1, 1 - y * down % 1) / down)
    shade = 0.94 + 0.1 * rng.random((down, across + 1))[row, (u.astype(int)) % across]
    picture = tint(base, shade * (0.97 + 0.06 * noise(rng, 8, 8, 3)))
    return to_image(np.where((edge < 0.006)[..., None], np.asarray(grout), picture))


def plaster(rng: Rng, base: Rgb, contrast: float = 0.06) -> Image:
    """Painted wall."""
    return to_image(tint(base, 1 - contrast / 2 + contrast * noise(rng, 4, 4, 6)))


def wallpaper(rng: Rng, base: Rgb, mark: Rgb) -> Image:
    """Stripes or dots in two near colours."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    if rng.random() < 0.5:
        t = 0.5 + 0.5 * np.sign(np.sin(2 * np.pi * 4 * x))
    else:
        t = (np.hypot((x * 4) % 1 - 0.5, (y * 4) % 1 - 0.5) < rng.uniform(0.15, 0.3)).astype(float)
    return to_image(mix(base, mark, t) * (0.97 + 0.05 * noise(rng, 8, 8, 4))[..., None])
