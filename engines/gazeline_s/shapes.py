"""Silhouettes of made-up things: boxes, bottles, mugs, tools, blobs, frames; each with parts, drawn at any size."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Points = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """One part: mask (h, w) over the thing's own picture, its brightness, and how likely it has a fill of its own."""

    mask: Mask
    shade: float
    own_colour: float


@dataclass(frozen=True)
class Silhouette:
    """coverage (h, w) in 0..1; parts in painting order, the first is the body; rounded things are shaded as domes."""

    coverage: NDArray[np.float32]
    parts: list[Part]
    rounded: bool


def random_silhouette(rng: np.random.Generator, extent_px: float) -> Silhouette:
    """A thing about ``extent_px`` large, turned and seen from a random side."""
    makers = (_box, _turned, _mug, _tool, _blob, _plate, _frame, _furniture, _device, _person)
    weights = np.array([0.16, 0.17, 0.09, 0.1, 0.11, 0.09, 0.05, 0.09, 0.09, 0.05])
    maker = makers[rng.choice(len(makers), p=weights / weights.sum())]
    polygons, rounded, tilt = maker(rng)
    return _raster(rng, polygons, rounded, extent_px, tilt)


@dataclass(frozen=True)
class _Polygon:
    points: Points  # (n, 2), unit scale, y down
    shade: float = 1.0
    own_colour: float = 0.0
    hole: bool = False  # cuts through everything painted before it


def _raster(
    rng: np.random.Generator, polygons: list[_Polygon], rounded: bool, extent_px: float, tilt: float
) -> Silhouette:
    angle = rng.normal(0, tilt) if rng.random() < 0.7 else 0.0
    squeeze = np.array([rng.uniform(0.75, 1.3), 1.0])
    mirror = np.array([rng.choice([-1, 1]), 1])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shear = np.array([[1, rng.normal(0, 0.08)], [0, 1]])
    moved = [(p.points * squeeze * mirror) @ (turn @ shear).T for p in polygons]
    solid = np.vstack([m for m, p in zip(moved, polygons, strict=True) if not p.hole])
    low, high = solid.min(0), solid.max(0)
    scale = extent_px / max(*(high - low), 1e-6)
    width, height = (np.ceil((high - low) * scale) + 6).astype(int)
    coverage = np.zeros((height, width), np.float32)
    masks: list[Mask] = []
    for points, polygon in zip(moved, polygons, strict=True):
        layer = np.zeros((height, width), np.uint8)
        fixed = np.round(((points - low) * scale + 3) * 16).astype(np.int32)
        cv2.fillPoly(layer, [fixed], 255, lineType=cv2.LINE_AA, shift=4)
        if polygon.hole:
            coverage *= 1 - layer / np.float32(255)
        else:
            coverage = np.maximum(coverage, layer / np.float32(255))
            masks.append(layer > 127)
    parts = [
        Part(mask, polygon.shade, polygon.own_colour)
        for mask, polygon in zip(masks, (p for p in polygons if not p.hole), strict=True)
    ]
    return Silhouette(coverage, parts, rounded)


def _ellipse(x: float, y: float, rx: float, ry: float, power: float = 2.0, count: int = 48) -> Points:
    t = np.linspace(0, 2 * np.pi, count, endpoint=False)
    c, s = np.cos(t), np.sin(t)
    return np.stack([x + rx * np.sign(c) * np.abs(c) ** (2 / power), y + ry * np.sign(s) * np.abs(s) ** (2 / power)], 1)


def _rectangle(x0: float, y0: float, x1: float, y1: float) -> Points:
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], float)


def _band(path: Points, width: float | NDArray[np.float64]) -> Points:
    """A ribbon of the given width along a path (n, 2)."""
    along = np.gradient(path, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], 1) / (np.linalg.norm(along, axis=1, keepdims=True) + 1e-9)
    half = np.reshape(np.asarray(width, float) / 2, (-1, 1))
    return np.vstack([path + across * half, (path - across * half)[::-1]])


Made = tuple[list[_Polygon], bool, float]


def _box(rng: np.random.Generator) -> Made:
    w, h = rng.uniform(0.5, 1.6), rng.uniform(0.25, 1.4)
    depth = np.array([rng.uniform(-0.45, 0.45), -rng.uniform(0.08, 0.45)])
    front = _rectangle(0, 0, w, h)
    top = np.array([[0, 0], [w, 0], depth + np.array([w, 0]), depth])
    x = w if depth[0] > 0 else 0.0
    side = np.array([[x, 0], [x, h], depth + np.array([x, h]), depth + np.array([x, 0])])
    shades = rng.uniform(0.5, 1.3, 3)
    parts = [_Polygon(front, shades[0]), _Polygon(top, shades[1], 0.25), _Polygon(side, shades[2], 0.1)]
    if rng.random() < 0.5:
        parts.append(_Polygon(_rectangle(0.15 * w, 0.2 * h, rng.uniform(0.5, 0.9) * w, 0.7 * h), 1, 0.9))
    return parts, False, 0.25


def _profile(rng: np.random.Generator, knots: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    t = np.linspace(0, 1, 40)
    radius = np.interp(t, np.linspace(0, 1, knots), rng.uniform(0.12, 0.5, knots))
    return t, np.convolve(np.pad(radius, 4, mode="edge"), np.ones(9) / 9, "valid")


def _turned(rng: np.random.Generator) -> Made:
    """Bottle, vase, lamp, glass: a turned profile, with cap and label or shade."""
    t, radius = _profile(rng, int(rng.integers(3, 6)))
    tall = rng.uniform(0.8, 2.6)

    def slab(a: float, b: float, wider: float = 1.0) -> Points:
        inside = (t >= a) & (t <= b)
        left = np.stack([-radius[inside] * wider, t[inside] * tall], 1)
        return np.vstack([left, (left * [-1, 1])[::-1]])

    parts = [_Polygon(slab(0, 1))]
    bottom = _ellipse(0, tall, radius[-1], 0.25 * radius[-1])
    parts.append(_Polygon(bottom))
    if rng.random() < 0.6:
        parts.append(_Polygon(slab(0, rng.uniform(0.1, 0.45), rng.uniform(1, 1.4)), 1, 0.9))
    if rng.random() < 0.5:
        a = rng.uniform(0.4, 0.6)
        parts.append(_Polygon(slab(a, a + rng.uniform(0.1, 0.35)), 1, 0.9))
    if rng.random() < 0.4:
        parts.append(_Polygon(_ellipse(0, 0, radius[0], 0.3 * radius[0]), rng.uniform(0.3, 1.2), 0.4))
    return parts, True, 0.35


def _mug(rng: np.random.Generator) -> Made:
    h, r = rng.uniform(0.7, 1.4), rng.uniform(0.35, 0.6)
    taper = rng.uniform(0.6, 1.1)
    body = np.vstack([[[-r, 0], [r, 0]], _ellipse(0, h, r * taper, 0.2 * r)[:25]])
    t = np.linspace(-0.5 * np.pi, 0.5 * np.pi, 24)
    reach = rng.uniform(0.25, 0.5)
    path = np.stack([r * 0.9 + reach * np.cos(t), h * 0.5 + h * 0.32 * np.sin(t)], 1)
    parts = [_Polygon(body), _Polygon(_band(path, rng.uniform(0.08, 0.16)), rng.uniform(0.8, 1.1), 0.15)]
    parts.append(_Polygon(_ellipse(0, 0, r, rng.uniform(0.12, 0.4) * r), rng.uniform(0.3, 0.9), 0.5))
    return parts, True, 0.2


def _tool(rng: np.random.Generator) -> Made:
    length = rng.uniform(2.5, 9)
    bend = rng.normal(0, 0.15) * length
    t = np.linspace(0, 1, 32)
    path = np.stack([t * length, bend * np.sin(np.pi * t)], 1)
    width = np.interp(t, [0, 0.4, 0.6, 1], rng.uniform(0.12, 0.5, 4))
    parts = [_Polygon(_band(path, width))]
    split = int(rng.integers(8, 24))
    parts.append(_Polygon(_band(path[:split], width[:split] * rng.uniform(1, 1.4)), 1, 0.85))
    if rng.random() < 0.5:
        head = _ellipse(path[-1, 0], path[-1, 1], rng.uniform(0.2, 1), rng.uniform(0.2, 0.7), rng.uniform(2, 6))
        parts.append(_Polygon(head, 1, 0.3))
        if rng.random() < 0.35:
            parts.append(_Polygon(0.5 * head + 0.5 * path[-1], hole=True))
    return parts, rng.random() < 0.6, 3.0


def _blob(rng: np.random.Generator) -> Made:
    t = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    radius = np.ones_like(t)
    for k in range(1, 6):
        radius += rng.normal(0, 0.28 / k) * np.cos(k * t + rng.uniform(0, 6.3))
    outline = np.stack([np.cos(t), np.sin(t)], 1) * np.clip(radius, 0.25, None)[:, None]
    parts = [_Polygon(outline)]
    if rng.random() < 0.4:
        parts.append(_Polygon(outline * rng.uniform(0.2, 0.5) + rng.normal(0, 0.25, 2), 1, 0.7))
    return parts, True, 3.0


def _plate(rng: np.random.Generator) -> Made:
    """Plate, bowl, tray, pan, roll of tape: nested ellipses, at times with a hole or a handle."""
    flat, power = rng.uniform(0.2, 1), rng.choice([2.0, 2.0, 4.0, 8.0])
    parts = [_Polygon(_ellipse(0, 0, 1, flat, power))]
    if rng.random() < 0.4:
        deep = rng.uniform(0.2, 0.6)
        parts.append(_Polygon(np.vstack([[[-1, 0], [1, 0]], _ellipse(0, deep, 0.6, flat * 0.5)[:25]]), 0.85))
        parts.append(_Polygon(_ellipse(0, 0, 1, flat, power), rng.uniform(0.8, 1.1)))
    inner = rng.uniform(0.4, 0.92)
    parts.append(_Polygon(_ellipse(0, 0, inner, flat * inner, power), rng.uniform(0.6, 1.2), 0.4))
    if rng.random() < 0.2:
        parts.append(_Polygon(_ellipse(0, 0, inner * 0.9, flat * inner * 0.9, power), hole=True))
    if rng.random() < 0.25:
        path = np.stack([np.linspace(0.95, rng.uniform(1.6, 2.6), 12), np.zeros(12)], 1)
        parts.insert(0, _Polygon(_band(path, rng.uniform(0.1, 0.25)), 1, 0.6))
    return parts, rng.random() < 0.5, 0.4


def _frame(rng: np.random.Generator) -> Made:
    w, h, rim = rng.uniform(0.6, 1.6), rng.uniform(0.6, 1.6), rng.uniform(0.04, 0.15)
    parts = [_Polygon(_rectangle(0, 0, w, h)), _Polygon(_rectangle(rim, rim, w - rim, h - rim), 1, 1.0)]
    if rng.random() < 0.3:
        parts.append(_Polygon(_rectangle(0.3 * w, 0.3 * h, 0.6 * w, 0.7 * h), 1, 1.0))
    return parts, False, 0.1


def _furniture(rng: np.random.Generator) -> Made:
    """Cabinet with doors or drawers, shelf, chair, table: one thing of many rectangles, some with gaps."""
    w, h = rng.uniform(0.7, 1.8), rng.uniform(0.7, 2)
    parts = [_Polygon(_rectangle(0, 0, w, h))]
    kind = rng.random()
    if kind < 0.55:
        columns, rows = int(rng.integers(1, 4)), int(rng.integers(1, 5))
        gap, shade, own = rng.uniform(0.01, 0.04), rng.uniform(0.85, 1.15), rng.choice([0.0, 0.15, 0.5])
        for i in range(columns):
            for j in range(rows):
                x0, y0 = i * w / columns + gap, j * h / rows + gap
                x1, y1 = (i + 1) * w / columns - gap, (j + 1) * h / rows - gap
                parts.append(_Polygon(_rectangle(x0, y0, x1, y1), shade * rng.uniform(0.97, 1.03), own))
                knob = _ellipse(x0 + 0.85 * (x1 - x0), (y0 + y1) / 2, 0.03, 0.03, count=12)
                parts.append(_Polygon(knob, 0.5, 0.9))
    else:
        leg, seat = rng.uniform(0.05, 0.14), rng.uniform(0.1, 0.6) * h
        parts.append(_Polygon(_rectangle(leg, seat, w - leg, h + 0.01), hole=True))
        if rng.random() < 0.5:
            parts.append(_Polygon(_rectangle(leg, -0.01, w - leg, seat * 0.6), hole=True))
    return parts, False, 0.08


def _device(rng: np.random.Generator) -> Made:
    """Phone, laptop, monitor, remote, book: a plate with a screen, keys, a label."""
    w, h = rng.uniform(0.5, 1.6), rng.uniform(0.5, 1.3)
    corner = rng.uniform(3, 14)
    parts = [_Polygon(_ellipse(w / 2, h / 2, w / 2, h / 2, corner))]
    rim = rng.uniform(0.03, 0.12)
    screen = _rectangle(rim, rim, w - rim, h * rng.uniform(0.4, 0.95) - rim)
    parts.append(_Polygon(screen, 1, 0.95))
    if rng.random() < 0.4:
        keys = int(rng.integers(2, 6))
        for i in range(keys):
            x = w * (i + 0.5) / keys
            parts.append(_Polygon(_rectangle(x - 0.06, 0.75 * h, x + 0.06, 0.9 * h), 0.7, 0.6))
    if rng.random() < 0.3:
        base = np.array([[0, h], [w, h], [w * 1.15, h * 1.4], [-w * 0.15, h * 1.4]])
        parts.append(_Polygon(base, rng.uniform(0.7, 1.2), 0.4))
    return parts, False, 0.5


def _person(rng: np.random.Generator) -> Made:
    """A person or an arm with a hand: skin, hair and clothes of different colours are one thing."""
    if rng.random() < 0.4:
        path = np.stack([np.linspace(0, 3, 20), rng.normal(0, 0.25) * np.sin(np.linspace(0, np.pi, 20))], 1)
        width = np.linspace(rng.uniform(0.7, 1.1), 0.45, 20)
        parts = [_Polygon(_band(path, width))]
        parts.append(_Polygon(_band(path[: int(rng.integers(2, 14))], width.max() * 1.15), 1, 0.95))
        for k in range(5):
            a = np.linspace(-0.7, 0.7, 5)[k] + rng.normal(0, 0.1)
            tip = path[-1] + rng.uniform(0.5, 0.95) * np.array([np.cos(a), np.sin(a)])
            finger = np.linspace(path[-1] + [0, np.sin(a) * 0.2], tip, 8)
            parts.append(_Polygon(_band(finger, rng.uniform(0.12, 0.18))))
        return parts, True, 3.0
    shoulder, hip = rng.uniform(0.35, 0.5), rng.uniform(0.25, 0.4)
    torso = np.array([[-shoulder, 0.45], [shoulder, 0.45], [hip, 1.6], [-hip, 1.6]])
    parts = [_Polygon(torso)]
    for side in (-1, 1):
        knee, foot = rng.normal(side * 0.25, 0.1), rng.normal(side * 0.28, 0.15)
        legs = np.array([[side * 0.18, 1.5], [knee, 2.2], [foot, 2.9]])
        parts.append(_Polygon(_band(legs, rng.uniform(0.26, 0.36)), 0.9, 0.9 if side < 0 else 0.0))
        elbow = np.array([side * rng.uniform(0.5, 0.9), rng.uniform(0.7, 1.1)])
        hand = elbow + rng.normal(0, 0.35, 2)
        parts.append(_Polygon(_band(np.array([[side * shoulder * 0.9, 0.5], elbow, hand]), 0.2), 1.05, 0.2))
        parts.append(_Polygon(_ellipse(hand[0], hand[1], 0.11, 0.11), 1, 0.9))
    parts.append(_Polygon(_ellipse(0, 0.12, 0.22, 0.3), 1, 0.95))
    parts.append(_Polygon(_ellipse(0, -0.02, 0.24, 0.2), 1, 0.95))
    return parts, True, 0.15
