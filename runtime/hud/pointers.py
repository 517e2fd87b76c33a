"""Arrows at the edge of the view towards things that were asked for and are out of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, radians

import numpy as np

from gazeline.calib.se3 import SE3
from gazeline.runtime.hud.drawing import Array, Panel, Stroke, panel
from gazeline.runtime.hud.fade import eased, faded
from gazeline.runtime.hud.style import FOUND, Style
from gazeline.runtime.hud.text import Labels
from gazeline.runtime.hud.views import Views
from gazeline.runtime.messages import Overlay

FAR_M = 20.0  # something of which only the direction is known
DRAWN_M = 2.0  # from the head: where eyes are at ease
EDGE = 0.62  # of the way from the middle of the view to its border: farther out, lenses are dim and eyes reach no more
ARM_RAD = radians(1.1)
GAP_RAD = radians(0.5)


@dataclass(frozen=True, eq=False)
class Pointed:
    """Something that is pointed to: its place in the world (3,), and how far it is, if that is known."""

    id: int
    name: str | None
    point_m: Array
    depth_m: float | None


def pointed(overlay: Overlay, T_world_camera: SE3) -> tuple[Pointed, ...]:
    """What an overlay points to, in the world."""
    found = overlay.search.pointers if overlay.search is not None else []
    return tuple(
        Pointed(
            each.id,
            each.name,
            T_world_camera.apply((each.depth_m or FAR_M) * np.asarray(each.d_camera, np.float64)),
            each.depth_m,
        )
        for each in found
    )


class Pointers:
    """The arrows, and how far each has faded. An arrow goes when what it points to has come into view."""

    def __init__(self, style: Style, labels: Labels) -> None:
        self._style, self._labels = style, labels
        self._things: dict[int, Pointed] = {}
        self._current: set[int] = set()
        self._shares: dict[int, float] = {}
        self._ways: dict[int, Array] = {}  # the last ones; by them an arrow fades once its thing is in view

    def show(self, things: Sequence[Pointed]) -> None:
        """What there is to point to now."""
        self._things = {**self._things, **{each.id: each for each in things}}
        self._current = {each.id for each in things}

    def clear(self) -> None:
        """The world has another origin now."""
        self._things, self._current = {}, set()

    def frame(self, views: Views, passed_ns: int, stale: bool) -> tuple[list[Stroke], list[Panel]]:
        """Arrows and labels on one frame; with ``stale`` they fade."""
        ways = {each: _way(self._things[each], views) for each in self._things}
        wanted = set() if stale else {each for each in self._current if ways.get(each) is not None}
        self._ways |= {each: way for each, way in ways.items() if way is not None}
        self._shares = faded(self._shares, wanted, passed_ns)
        kept = self._shares.keys() | self._current
        self._things = {each: thing for each, thing in self._things.items() if each in kept}
        self._ways = {each: way for each, way in self._ways.items() if each in kept}
        strokes: list[Stroke] = []
        panels: list[Panel] = []
        for each, share in self._shares.items():
            if each in self._things and share > 0.0:
                self._draw(self._things[each], self._ways[each], views, eased(share), strokes, panels)
        return strokes, panels

    def _draw(
        self, thing: Pointed, way: Array, views: Views, alpha: float, strokes: list[Stroke], panels: list[Panel]
    ) -> None:
        reach = EDGE * np.where(way > 0.0, views.bounds()[1], -views.bounds()[0])
        tip = way * float(np.min(reach / np.maximum(np.abs(way), 1e-6)))
        aside = np.array((-way[1], way[0]))
        corners = (tip - ARM_RAD * (way - aside), tip, tip - ARM_RAD * (way + aside))
        points = np.stack([views.point(each, DRAWN_M) for each in corners])
        strokes.append(Stroke(points, False, FOUND, self._style.gazed, alpha))
        text = thing.name or f"#{thing.id}"
        label = self._labels.tag(text if thing.depth_m is None else f"{text}   {thing.depth_m:.1f} m")
        half = 0.5 * (1.0 + float(tip @ tip)) * np.asarray(label.size_rad)
        back = ARM_RAD + GAP_RAD + float(half @ np.abs(way))
        panels.append(panel(label, views, tip - back * way, half, DRAWN_M, alpha))


def _way(thing: Pointed, views: Views) -> Array | None:
    """The direction (2,) in the view, right and up, in which the head must turn; None if it is in view."""
    x, y, z = views.T_world_head.inverse().apply(thing.point_m).tolist()
    if z < -1e-3:
        low, high = views.bounds()
        at = np.array((x, y)) / -z
        if (at > EDGE * low).all() and (at < EDGE * high).all():
            return None
    length = hypot(x, y)
    return np.array((x, y)) / length if length > 1e-6 else np.array((1.0, 0.0))  # straight behind: either way
