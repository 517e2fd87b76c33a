"""One picture that holds the colours of all surfaces of a scene, and a second one with their roughness and metal.

Every mesh then shares one BSDF, and Mitsuba's kernel is the same for all scenes: it is compiled once, not per scene.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.sim.design import Look

F64 = NDArray[np.float64]
WIDTH = 4096
PLAIN_PX = 8  # edge of the region of a plain colour
PAD = 2
COARSE = 4  # the second picture is so many times smaller


@dataclass(frozen=True)
class Region:
    """Where a surface's colours lie: pixels from (x, y), w by h, for texture coordinates from ``low`` to ``high``."""

    x: int
    y: int
    w: int
    h: int
    low: tuple[float, float]
    high: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Atlas:
    """The two pictures, and the texture coordinates of each surface in them."""

    colours: NDArray[np.uint8]  # (H, W, 3) sRGB
    gloss: NDArray[np.float32]  # (H/4, W/4, 2): roughness, metallic
    uv: list[F64]  # (V, 2) each, in [0, 1], v = 0 at the top row


def _picture(look: Look, low: F64, high: F64, limit: int) -> NDArray[np.uint8]:
    """The look's colours over the range of its texture coordinates, tiled as often as it repeats."""
    if look.texture is None:
        colour = np.clip(np.asarray(look.rgb) * 255, 0, 255).astype(np.uint8)
        return np.broadcast_to(colour, (PLAIN_PX, PLAIN_PX, 3))
    height, width = look.texture.shape[:2]
    repeat = np.asarray(look.repeat)
    tiles = np.maximum((high - low) * repeat, 1e-3)
    size = np.clip(np.rint(tiles * [width, height]), 8, limit).astype(int)
    texture = np.asarray(look.texture)
    shrink = float((size / (tiles * [width, height])).min())
    if shrink < 0.6:  # far more pixels than there is room for: average before picking
        small = np.maximum(np.rint(np.array([width, height]) * shrink), 4).astype(int)
        texture = np.asarray(
            cv2.resize(texture, (int(small[0]), int(small[1])), interpolation=cv2.INTER_AREA), np.uint8
        )
        height, width = texture.shape[:2]
    u = (low[0] + (np.arange(size[0]) + 0.5) / size[0] * (high[0] - low[0])) * repeat[0] % 1.0 * width - 0.5
    v = (low[1] + (np.arange(size[1]) + 0.5) / size[1] * (high[1] - low[1])) * repeat[1] % 1.0 * height - 0.5
    map_x, map_y = np.meshgrid(u.astype(np.float32), v.astype(np.float32))
    out = cv2.remap(texture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    tint = np.asarray(look.rgb)
    return np.asarray(out if (tint >= 0.999).all() else np.clip(out * tint, 0, 255), np.uint8)


def pack(looks: list[Look], uvs: list[F64], limits: list[int]) -> Atlas:
    """Lay out the surfaces' colours in rows, tallest first; ``limits`` are the longest edges in pixels.

    Surfaces with the same look and the same range of texture coordinates share a region. Where it would be more than
    4096 rows, all get coarser.
    """
    keys: list[tuple[object, ...]] = []
    pictures: dict[tuple[object, ...], tuple[NDArray[np.uint8], Look, F64, F64]] = {}
    for look, uv, limit in zip(looks, uvs, limits, strict=True):
        low, high = np.floor(uv.min(0) * 64) / 64, np.ceil(uv.max(0) * 64) / 64
        high = np.maximum(high, low + 1 / 64)
        low, high = low if look.texture is not None else np.zeros(2), high if look.texture is not None else np.ones(2)
        key = (id(look.texture), look.rgb, look.repeat, look.roughness, look.metallic, *low, *high, limit)
        keys.append(key)
        if key not in pictures:
            pictures[key] = (_picture(look, low, high, limit), look, low, high)
    places: dict[tuple[object, ...], Region] = {}
    x = y = row = 0
    for key, (picture, _, low, high) in sorted(pictures.items(), key=lambda item: -item[1][0].shape[0]):
        h, w = picture.shape[:2]
        wide, tall = (-(-(s + 2 * PAD) // COARSE) * COARSE for s in (w, h))
        if x + wide > WIDTH:
            x, y, row = 0, y + row, 0
        places[key] = Region(x + PAD, y + PAD, w, h, (low[0], low[1]), (high[0], high[1]))
        x, row = x + wide, max(row, tall)
    height = -(-(y + row) // 256) * 256
    if height > WIDTH and max(limits) > PLAIN_PX:
        return pack(looks, uvs, [max(limit * 2 // 3, PLAIN_PX) for limit in limits])
    colours = np.zeros((height, WIDTH, 3), np.uint8)
    gloss = np.zeros((height // COARSE, WIDTH // COARSE, 2), np.float32)
    for key, at in places.items():
        picture, look, _, _ = pictures[key]
        padded = np.pad(picture, ((PAD, PAD), (PAD, PAD), (0, 0)), mode="edge")
        colours[at.y - PAD : at.y - PAD + padded.shape[0], at.x - PAD : at.x - PAD + padded.shape[1]] = padded
        y0, x0 = (at.y - PAD) // COARSE, (at.x - PAD) // COARSE
        y1, x1 = -(-(at.y + at.h + PAD) // COARSE), -(-(at.x + at.w + PAD) // COARSE)
        gloss[y0:y1, x0:x1] = (look.roughness, look.metallic)
    out = []
    for key, uv, look in zip(keys, uvs, looks, strict=True):
        at = places[key]
        inside = (uv - at.low) / (np.asarray(at.high) - at.low)
        place = np.full_like(uv, 0.5) if look.texture is None else inside
        out.append((place * [at.w, at.h] + [at.x, at.y]) / [WIDTH, height])
    return Atlas(colours, gloss, out)
