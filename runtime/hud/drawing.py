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
CROSS_RAD = np.radians((0.15, 1.2))  # each arm, from and to
CROSS_M = 100.0  # away: the eyes are 6 cm apart, 0.04 degrees from there


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


@dataclass(frozen=True, eq=False)
class Ring:
    """A ring that fills up, clockwise from the top, as ``progress`` goes from 0 to 1: around what is being selected, or
    a target of the gaze's calibration.

    ``middle``: its place in the view (tangents (2,)). With ``dot_rad``, a dot of that diameter in its middle; ``alone``
    means that nothing else is to be shown.
    """

    middle: Array
    distance_m: float
    progress: float
    dot_rad: float = 0.0
    alone: bool = False

    def strokes(self, views: Views, colour: Colour, style: Style) -> list[Stroke]:
        """The ring, the part of it that is filled, and the dot."""
        right, up = views.axes()
        turn = np.linspace(0.0, tau, RING_STEPS + 1)
        reach = self.distance_m * max(RING_RAD, self.dot_rad)
        centre = views.point(self.middle, self.distance_m)
        circle = centre + reach * (np.sin(turn)[:, None] * right + np.cos(turn)[:, None] * up)
        done = 1 + max(1, round(min(max(self.progress, 0.0), 1.0) * RING_STEPS))
        found = [
            Stroke(circle[:-1], True, colour, style.other, 0.5),
            Stroke(circle[:done], False, colour, style.gazed, 1.0),
        ]
        if self.dot_rad > 0.0:  # a line of no length is a dot
            dot = Line(self.dot_rad / 2.0, style.gazed.halo_rad, 0.0, 1.0, style.gazed.halo_alpha, 0.0)
            found.append(Stroke(np.stack((centre, centre)), False, colour, dot, 1.0))
        return found


@dataclass(frozen=True, eq=False)
class Cross:
    """A cross, open in the middle, that moves with the head: at the ``tangents`` (right, up) of the left eye's view.

    It stands so far away that the right eye, which is to be shut, sees it at the same place.
    """

    tangents: tuple[float, float]
    alone: bool = True

    def strokes(self, views: Views, colour: Colour, style: Style) -> list[Stroke]:
        """Its four arms."""
        eye = views.eyes[0]
        x, y = self.tangents
        ahead = np.array((x, y, -1.0))
        centre = CROSS_M * ahead / np.linalg.norm(ahead)
        across = np.cross(ahead, (0.0, 1.0, 0.0))
        across /= np.linalg.norm(across)
        along = np.cross(across, ahead) / np.linalg.norm(ahead)
        found = []
        for arm in (across, -across, along, -along):
            ends = centre + CROSS_M * np.outer(CROSS_RAD, arm)
            found.append(Stroke(eye.T_world_eye.apply(ends), False, colour, style.gazed, 1.0))
        return found


def mixed(a: Line, b: Line, share: float) -> Line:
    """The line on the way from ``a`` (0) to ``b`` (1)."""
    return Line(*(x + share * (y - x) for x, y in zip(_numbers(a), _numbers(b), strict=True)))


def _numbers(line: Line) -> tuple[float, ...]:
    return (line.half_rad, line.halo_rad, line.glow_rad, line.alpha, line.halo_alpha, line.glow_alpha)
