"""What is to be drawn, as geometry in the world: lines and panels. Nothing here knows of OpenGL or OpenXR."""

from dataclasses import dataclass
from math import radians, sqrt, tau

import numpy as np
from numpy.typing import NDArray

from gazeline.runtime.hud.style import Colour, Line, Style
from gazeline.runtime.hud.text import Label
from gazeline.runtime.hud.views import Views

Array = NDArray[np.float64]

RING_RAD = radians(1.1)
RING_STEPS = 48


@dataclass(frozen=True, eq=False)
class Stroke:
    """A line of constant angular width along points (N, 3), world, metres. Its glow is on its right-hand side."""

    points_m: Array
    closed: bool
    colour: Colour
    line: Line
    alpha: float


@dataclass(frozen=True, eq=False)
class Panel:
    """A label on a rectangle in the world: its middle (3,), and half of its width and height as vectors (3,), m."""

    label: Label
    middle_m: Array
    right_m: Array
    up_m: Array
    alpha: float


@dataclass(frozen=True, eq=False)
class Drawing:
    """All that is drawn in one frame, in this order."""

    strokes: tuple[Stroke, ...] = ()
    panels: tuple[Panel, ...] = ()


def panel(label: Label, views: Views, middle: Array, half: Array, distance_m: float, alpha: float) -> Panel:
    """A label in the plane that faces the head, its middle and half its size given as tangents (2,)."""
    right, up = views.axes()
    x, y = middle.tolist()
    scale = distance_m / sqrt(x * x + y * y + 1.0)
    return Panel(label, views.point(middle, distance_m), scale * half[0] * right, scale * half[1] * up, alpha)


def ring(
    views: Views, middle: Array, distance_m: float, progress: float, colour: Colour, style: Style
) -> tuple[Stroke, Stroke]:
    """A ring around a place (tangents (2,)) that fills up, clockwise from the top, as ``progress`` goes to 1."""
    right, up = views.axes()
    turn = np.linspace(0.0, tau, RING_STEPS + 1)
    reach = distance_m * RING_RAD
    circle = views.point(middle, distance_m) + reach * (np.sin(turn)[:, None] * right + np.cos(turn)[:, None] * up)
    done = 1 + max(1, round(min(max(progress, 0.0), 1.0) * RING_STEPS))
    return (
        Stroke(circle[:-1], True, colour, style.other, 0.5),
        Stroke(circle[:done], False, colour, style.gazed, 1.0),
    )


def mixed(a: Line, b: Line, share: float) -> Line:
    """The line on the way from ``a`` (0) to ``b`` (1)."""
    return Line(*(x + share * (y - x) for x, y in zip(_numbers(a), _numbers(b), strict=True)))


def _numbers(line: Line) -> tuple[float, ...]:
    return (line.half_rad, line.halo_rad, line.glow_rad, line.alpha, line.halo_alpha, line.glow_alpha)
