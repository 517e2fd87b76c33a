"""Procedural 2D scenes for training: layers of made-up things with exact object, part and group ids.

A cheap stand-in for the world. It teaches what holds in real pictures as well: a thing is one piece although its faces,
labels, caps and highlights differ; shadows are not part of it; holes are not; what lies in front hides what is behind.
Surfaces come from noise, stripes, checks and flat paint, and, where a folder of material pictures is given, from those
(for example ambientCG's, CC0).
"""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.engines.gazeline_s.scenes import Ids, Image, Scene
from gazeline.engines.gazeline_s.shapes import Silhouette, random_silhouette


def load_materials(folder: Path | None) -> list[Image]:
    """Every picture under ``folder`` as RGB, at most 256 px wide or high."""
    if folder is None:
        return []
    pictures = []
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png"}):
        bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if bgr is None:
            continue
        shrink = min(1.0, 256 / max(bgr.shape[:2]))
        small = cv2.resize(bgr, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        pictures.append(np.asarray(small[..., ::-1], np.uint8))
    return pictures


def make_scene(rng: np.random.Generator, materials: list[Image], size: int = 448) -> Scene:
    """One scene of ``size`` x ``size`` pixels, a function of the generator's state alone."""
    canvas = _background(rng, materials, size)
    object_ids = np.zeros((size, size), np.uint16)
    part_ids = np.zeros((size, size), np.uint16)
    groups = [0]
    light = rng.uniform(-1, 1, 2)
    next_part = 1
    horizon = rng.uniform(0.1, 0.6) * size
    for bottom in np.sort(rng.uniform(horizon, size * 1.05, rng.integers(6, 26))):
        near = (bottom - horizon) / (size - horizon)
        extent = float(np.exp(rng.normal(np.log(24 + 75 * near), 0.55)))
        centre = np.array([rng.uniform(-0.02, 1.02) * size, bottom - 0.5 * extent])
        members = 1
        group = 0
        if rng.random() < 0.15:  # a tray, shelf or heap: things that belong together
            members = int(rng.integers(2, 6))
            group = len(groups)
        for member in range(members):
            spread = extent * 0.55 if members > 1 and member else 0.0
            here = centre + rng.normal(0, 1, 2) * [spread, spread * 0.4]
            reach = extent * (1.0 if member == 0 else rng.uniform(0.25, 0.6))
            silhouette = random_silhouette(rng, np.clip(reach, 9, 330))
            groups.append(group)
            _paint(rng, canvas, object_ids, part_ids, silhouette, here, light, materials, len(groups) - 1, next_part)
            next_part += len(silhouette.parts)
    image = _camera(rng, canvas)
    return Scene(image, object_ids, part_ids, np.array(groups, np.uint16))


def _paint(
    rng: np.random.Generator,
    canvas: NDArray[np.float32],
    object_ids: Ids,
    part_ids: Ids,
    silhouette: Silhouette,
    centre: NDArray[np.float64],
    light: NDArray[np.float64],
    materials: list[Image],
    object_id: int,
    first_part: int,
) -> None:
    """Draws one thing with its shadow into the canvas and its ids into the id maps."""
    size = canvas.shape[0]
    height, width = silhouette.coverage.shape
    x0, y0 = (np.round(centre) - [width / 2, height / 2]).astype(int)
    left, top = max(x0, 0), max(y0, 0)
    right, bottom = min(x0 + width, size), min(y0 + height, size)
    if right - left < 4 or bottom - top < 4:
        return
    window = np.s_[top - y0 : bottom - y0, left - x0 : right - x0]
    region = np.s_[top:bottom, left:right]
    solid = silhouette.coverage > 0.5

    reach = 0.10 * max(height, width)
    shift = np.array([[1, 0, reach * light[0]], [0, 1, abs(reach * light[1])]], np.float32)
    cast = cv2.warpAffine(silhouette.coverage, shift, (width, height))
    cast = cv2.GaussianBlur(cast, (0, 0), max(0.8, reach * rng.uniform(0.2, 0.8)))[window]
    canvas[region] *= 1 - rng.uniform(0.1, 0.75) * cast[..., None]

    colour = np.zeros((height, width, 3), np.float32)
    body = _fill(rng, materials, height, width)
    for index, part in enumerate(silhouette.parts):
        own = index == 0 or rng.random() < part.own_colour
        paint = _fill(rng, materials, height, width) if own and index else body
        colour = np.where(part.mask[..., None], paint * part.shade, colour)
    depth = cv2.distanceTransform(solid.astype(np.uint8), cv2.DIST_L2, 3)
    if silhouette.rounded:
        dome = np.sqrt(np.clip(depth / (depth.max() + 1e-3), 0, 1))
        slope_y, slope_x = np.gradient(cv2.GaussianBlur(dome, (0, 0), 1 + 0.03 * max(height, width)))
        relief = (slope_x * light[0] + slope_y * light[1]) * max(height, width) * rng.uniform(0.1, 0.4)
        colour *= np.clip(1 - relief, 0.3, 1.7)[..., None].astype(np.float32)
        if rng.random() < 0.35:
            spot = np.exp(-np.square((dome - rng.uniform(0.6, 0.95)) / 0.12) - np.square(relief + 0.25) / 0.02)
            colour += (rng.uniform(40, 180) * spot)[..., None].astype(np.float32)
    else:
        ramp = np.linspace(1 - 0.3 * rng.random(), 1 + 0.3 * rng.random(), width, dtype=np.float32)
        colour *= ramp[None, :, None]

    alpha = cv2.GaussianBlur(silhouette.coverage, (0, 0), 0.6) if height > 12 else silhouette.coverage
    if rng.random() < 0.06:  # glass: the world shows through, brighter at the rim
        rim = np.exp(-depth / (0.05 * max(height, width)))
        alpha = alpha * (0.25 + 0.5 * rim).astype(np.float32)
    alpha = alpha[window][..., None]
    canvas[region] = canvas[region] * (1 - alpha) + colour[window] * alpha

    seen = solid[window]
    object_ids[region][seen] = object_id
    for index, part in enumerate(silhouette.parts):
        part_ids[region][seen & part.mask[window]] = first_part + index


def _fill(rng: np.random.Generator, materials: list[Image], height: int, width: int) -> NDArray[np.float32]:
    """A surface (height, width, 3) in 0..255."""
    base = _paint_colour(rng)
    kind = rng.random()
    if materials and kind < 0.4:
        return _tile(rng, materials[rng.integers(len(materials))], height, width)
    plain = np.broadcast_to(base, (height, width, 3)).astype(np.float32)
    if kind < 0.7:
        grain = rng.uniform(0, 0.06) * _noise(rng, height, width, rng.uniform(1, 12))
        return np.asarray(plain * (1 + grain[..., None]), np.float32)
    other = _paint_colour(rng)
    if kind < 0.8:
        blend = np.clip(0.5 + _noise(rng, height, width, rng.uniform(3, 40)), 0, 1)
    else:
        ys, xs = np.mgrid[:height, :width].astype(np.float32)
        angle, period = rng.uniform(0, np.pi), rng.uniform(4, 40)
        wave = np.sin((xs * np.cos(angle) + ys * np.sin(angle)) * 2 * np.pi / period)
        if kind > 0.92:
            wave = wave * np.sin((xs * np.sin(angle) - ys * np.cos(angle)) * 2 * np.pi / period)
        blend = np.clip(0.5 + rng.uniform(0.5, 8) * wave, 0, 1)
    return np.asarray(plain + (other - base) * blend[..., None], np.float32)


def _paint_colour(rng: np.random.Generator) -> NDArray[np.float32]:
    hue, saturation = rng.random(), rng.beta(1, 2.2)  # most things are nearly grey
    value = rng.uniform(0.08, 1.0)
    wheel = np.clip(np.abs((hue * 6 + np.array([0, 4, 2])) % 6 - 3) - 1, 0, 1)
    return np.asarray(255 * value * (1 - saturation + saturation * wheel), np.float32)


def _noise(rng: np.random.Generator, height: int, width: int, grain_px: float) -> NDArray[np.float32]:
    coarse = rng.normal(0, 1, (max(2, int(height / grain_px) + 2), max(2, int(width / grain_px) + 2)))
    return np.asarray(cv2.resize(coarse.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def _tile(rng: np.random.Generator, material: Image, height: int, width: int) -> NDArray[np.float32]:
    scale = float(np.exp(rng.uniform(np.log(0.35), np.log(2.5))))
    tile = cv2.resize(
        material, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    )
    if rng.random() < 0.5:
        tile = np.ascontiguousarray(np.swapaxes(tile, 0, 1))
    rows, columns = np.arange(height), np.arange(width)
    rows, columns = (rows + rng.integers(512)) % tile.shape[0], (columns + rng.integers(512)) % tile.shape[1]
    surface = tile[np.ix_(rows, columns)].astype(np.float32)
    tint = 0.6 + 0.8 * _paint_colour(rng) / 255 if rng.random() < 0.5 else np.float32(1)
    return surface * tint * np.float32(rng.uniform(0.5, 1.3))


def _background(rng: np.random.Generator, materials: list[Image], size: int) -> NDArray[np.float32]:
    """Walls, floor and table as large quadrangles, or one photograph-like surface."""
    canvas = _fill(rng, materials, size, size) * np.float32(rng.uniform(0.5, 1.1))
    if rng.random() < 0.25:
        canvas = np.asarray(cv2.GaussianBlur(canvas, (0, 0), rng.uniform(1, 6)), np.float32)
    for _ in range(rng.integers(0, 4)):
        height = rng.uniform(0.15, 0.9) * size
        quad = np.array(
            [[-9, height + rng.normal(0, 40)], [size + 9, height + rng.normal(0, 40)], [size + 9, size + 9]]
        )
        quad = np.vstack([quad, [-9, size + 9]])
        if rng.random() < 0.4:
            quad = quad[:, ::-1]
        mask = np.zeros((size, size), np.uint8)
        cv2.fillPoly(mask, [quad.astype(np.int32)], 1)
        canvas = np.where(mask[..., None] > 0, _fill(rng, materials, size, size), canvas)
    return canvas * (1 + 0.25 * _noise(rng, size, size, size / 2)[..., None])


def _camera(rng: np.random.Generator, canvas: NDArray[np.float32]) -> Image:
    """What a headset's camera does to it: blur, vignette, colour cast, exposure, noise."""
    size = canvas.shape[0]
    picture: NDArray[Any] = np.clip(canvas, 0, 255)
    if rng.random() < 0.6:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.4))
    ramp = np.linspace(-1, 1, size, dtype=np.float32)
    radius = ramp[:, None] ** 2 + ramp[None, :] ** 2
    picture = picture * (1 - rng.uniform(0, 0.35) * radius[..., None])
    picture = 255 * np.power(np.clip(picture / 255, 0, 1), rng.uniform(0.6, 1.5))
    picture = picture * rng.uniform(0.45, 1.15) * rng.normal(1, 0.07, 3)
    noise = rng.normal(0, 0.5 + 9 * rng.beta(1, 2.5), (size, size)) + rng.normal(0, 4 * rng.beta(1, 2), (size, size))
    picture = picture + noise[..., None]
    return np.clip(picture, 0, 255).astype(np.uint8)
