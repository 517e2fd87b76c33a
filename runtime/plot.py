"""Line charts as PNG pictures, for reports: a handful of lines, two axes, a legend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Rgb = tuple[int, int, int]

# Okabe and Ito, "Color Universal Design" (2008): apart for every kind of colour vision
COLOURS: tuple[Rgb, ...] = (
    (213, 94, 0), (0, 114, 178), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233), (90, 90, 90),
)  # fmt: skip
INK: Rgb = (30, 30, 30)
PALE: Rgb = (222, 222, 222)
FONT = cv2.FONT_HERSHEY_SIMPLEX
LEFT, RIGHT, TOP, BOTTOM = 84, 24, 54, 62  # px around the plot


@dataclass(frozen=True)
class Chart:
    """``lines``: by name, points (x, y). ``limits``: horizontal dashed lines by name. ``log_y`` for a wide range."""

    title: str
    x_label: str
    y_label: str
    lines: Mapping[str, Sequence[tuple[float, float]]]
    limits: Mapping[str, float]
    log_y: bool = False


def draw(charts: Sequence[Chart], columns: int = 2, size: tuple[int, int] = (640, 400)) -> Image:
    """The charts side by side, ``columns`` in a row, under one legend: RGB (H, W, 3). ValueError if there is none.

    Lines of one name have one colour in all of them.
    """
    if not charts:
        raise ValueError("there is nothing to draw")
    names = list(dict.fromkeys(name for chart in charts for name in chart.lines))
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}
    drawn = [_chart(chart, colours, *size) for chart in charts]
    while len(drawn) % columns:
        drawn.append(np.full_like(drawn[0], 255))
    rows = [np.concatenate(drawn[i : i + columns], axis=1) for i in range(0, len(drawn), columns)]
    return np.concatenate([_legend(colours, rows[0].shape[1]), *rows], axis=0)


def _chart(chart: Chart, colours: Mapping[str, Rgb], width: int, height: int) -> Image:
    image = np.full((height, width, 3), 255, np.uint8)
    points = np.array([p for line in chart.lines.values() for p in line] or [(0.0, 1.0)], np.float64)
    xs = points[:, 0].min(), max(points[:, 0].max(), points[:, 0].min() + 1e-9)
    ticks = _ticks(np.concatenate((points[:, 1], np.fromiter(chart.limits.values(), np.float64))), chart.log_y)

    def at(x: float, y: float) -> tuple[int, int]:
        low, high = (np.log(ticks[0]), np.log(ticks[-1])) if chart.log_y else (ticks[0], ticks[-1])
        share = ((np.log(max(y, ticks[0])) if chart.log_y else y) - low) / (high - low)
        across = (x - xs[0]) / (xs[1] - xs[0])
        return round(LEFT + across * (width - LEFT - RIGHT)), round(height - BOTTOM - share * (height - TOP - BOTTOM))

    for tick in ticks:
        x, y = at(xs[0], tick)
        cv2.line(image, (x, y), (width - RIGHT, y), PALE, 1)
        _text(image, f"{tick:g}", (LEFT - 8, y + 5), anchor="right")
    for x_value in sorted(set(points[:, 0].tolist())):
        _text(image, f"{x_value:g}", (at(x_value, ticks[0])[0], height - BOTTOM + 20), anchor="middle")
    for name, limit in chart.limits.items():
        x, y = at(xs[0], limit)
        for dash in range(LEFT, width - RIGHT, 14):
            cv2.line(image, (dash, y), (min(dash + 7, width - RIGHT), y), INK, 1, cv2.LINE_AA)
        _text(image, name, (width - RIGHT - 4, y - 6), anchor="right", scale=0.42)
    for name, line in chart.lines.items():
        pixels = np.array([at(x, y) for x, y in line], np.int32)
        cv2.polylines(image, [pixels], False, colours[name], 2, cv2.LINE_AA)
        for x, y in pixels.tolist():
            cv2.circle(image, (x, y), 4, colours[name], -1, cv2.LINE_AA)
    cv2.rectangle(image, (LEFT, TOP), (width - RIGHT, height - BOTTOM), INK, 1)
    _text(image, chart.title, (LEFT, 22), scale=0.55)
    _text(image, chart.x_label, ((LEFT + width - RIGHT) // 2, height - 16), anchor="middle")
    _text(image, chart.y_label, (8, TOP - 10), scale=0.42)
    return image


def _ticks(values: NDArray[np.float64], log: bool) -> list[float]:
    """Round values that span all of ``values``, from 0 unless ``log``."""
    top = max(float(values.max()), 1e-9)
    if log:
        positive = values[values > 0.0]
        low = np.floor(np.log10(max(float(positive.min()) if positive.size else top / 10.0, 1e-3)))
        steps = [m * 10.0**e for e in range(int(low), int(np.ceil(np.log10(top))) + 1) for m in (1.0, 2.0, 5.0)]
        first = max((i for i, step in enumerate(steps) if positive.size and step <= positive.min()), default=0)
        last = next((i for i, step in enumerate(steps) if step >= top), len(steps) - 1)
        return steps[first : max(last, first + 1) + 1]
    raw = top / 5.0
    magnitude = 10.0 ** np.floor(np.log10(raw))
    step = next(m * magnitude for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * magnitude >= raw)
    return [float(i * step) for i in range(int(np.ceil(top / step - 1e-9)) + 1)]


def _legend(colours: Mapping[str, Rgb], width: int) -> Image:
    """A strip (h, width, 3) with the names of all lines, in as many rows as they need."""
    places, x, row = [], LEFT, 0
    for name in colours:
        wide = cv2.getTextSize(name, FONT, 0.45, 1)[0][0] + 64
        if x > LEFT and x + wide > width:
            x, row = LEFT, row + 1
        places.append((name, x, row))
        x += wide
    strip = np.full((24 * (row + 1) + 12, width, 3), 255, np.uint8)
    for name, at, row in places:
        y = 24 * row + 20
        cv2.line(strip, (at, y - 4), (at + 26, y - 4), colours[name], 3, cv2.LINE_AA)
        _text(strip, name, (at + 34, y))
    return strip


def _text(image: Image, text: str, at: tuple[int, int], *, anchor: str = "left", scale: float = 0.45) -> None:
    (width, _), _ = cv2.getTextSize(text, FONT, scale, 1)
    shift = {"left": 0, "middle": width // 2, "right": width}[anchor]
    cv2.putText(image, text, (at[0] - shift, at[1]), FONT, scale, INK, 1, cv2.LINE_AA)
