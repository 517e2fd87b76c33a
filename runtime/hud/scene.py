"""The HUD itself: overlays come in, and for every frame there is something to draw. No clock, no OpenXR, no OpenGL.

What an overlay shows fades in; what it shows no more fades out, and so does everything when no overlay comes any more:
nothing that is drawn is ever older than a little more than the time between two overlays.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from gazeline.runtime.hud.drawing import Array, Cross, Drawing, Panel, Ring, Stroke, mixed, panel
from gazeline.runtime.hud.facts import Facts
from gazeline.runtime.hud.fade import FADE_NS, eased, faded
from gazeline.runtime.hud.labels import SIDES, Anchor, Key, Rect, Standing, Wanted, arranged
from gazeline.runtime.hud.place import Thing
from gazeline.runtime.hud.pointers import Pointed, Pointers
from gazeline.runtime.hud.style import FOUND, ICE, PALE, Colour, Style
from gazeline.runtime.hud.text import Label, Labels
from gazeline.runtime.hud.views import Views

HOLD_NS = 160_000_000  # with the fade, what is not confirmed is gone within 300 ms
HOLD_PERIODS = 2.5  # a slower runtime is waited for
HOLD_MAX_NS = 600_000_000
FARTHEST_TANGENT = 3.0  # what is farther out than 72 degrees has no label
FOUND_WEIGHT = 0.6  # of the line of what is looked at
LEADER_RAD = np.radians(0.6)  # a shorter way needs no line


class Hud:
    """What is shown, and how far it has faded. For one display: its style, and the angle of one of its pixels."""

    def __init__(self, style: Style, pixel_rad: float) -> None:
        self._style = style
        self._labels = Labels(style, pixel_rad)
        self._accent: Colour = ICE
        self._things: dict[int, Thing] = {}  # also those that fade out
        self._current: set[int] = set()
        self._gazed: set[int] = set()
        self._shares: dict[int, float] = {}
        self._emphasis: dict[int, float] = {}
        self._anchors: dict[int, Anchor] = {}
        self._standing: dict[Key, Standing] = {}
        self._facts: dict[int, Facts] = {}
        self._texts: dict[Key, Label] = {}
        self._pointers = Pointers(style, self._labels)
        self._heard_ns: int | None = None
        self._period_ns = 0.0
        self._drawn_ns: int | None = None

    def show(self, things: Sequence[Thing], accent: Colour, now_ns: int, away: Sequence[Pointed] = ()) -> None:
        """What there is now, and what is out of view, as an overlay that came at ``now_ns`` has it."""
        if self._heard_ns is not None:
            passed_ns = min(now_ns - self._heard_ns, HOLD_MAX_NS)
            self._period_ns += 0.3 * (passed_ns - self._period_ns)
        self._heard_ns, self._accent = now_ns, accent
        self._things = {**self._things, **{thing.id: thing for thing in things}}
        self._current = {thing.id for thing in things}
        self._gazed = {thing.id for thing in things if thing.gazed}
        self._pointers.show(away)

    def clear(self) -> None:
        """The world has another origin now: what was placed in it is nowhere."""
        self._things, self._current, self._gazed, self._standing, self._anchors = {}, set(), set(), {}, {}
        self._pointers.clear()

    @property
    def gazed(self) -> Thing | None:
        """The object that is looked at, as long as that is known."""
        return next((self._things[each] for each in self._gazed if each in self._things), None)

    def frame(
        self, views: Views, now_ns: int, mark: Ring | Cross | None = None, *, display_ns: int | None = None
    ) -> Drawing:
        """What to draw at ``now_ns`` for these views.

        What moves is drawn where it will be at ``display_ns``. That may be far ahead on a busy machine, and fades do
        not wait for it.
        """
        passed_ns = 0 if self._drawn_ns is None else max(0, now_ns - self._drawn_ns)
        self._drawn_ns = now_ns
        stale = self._is_stale(now_ns) or (mark is not None and mark.alone)
        if stale:
            self._current, self._gazed = set(), set()
        self._shares = faded(self._shares, self._current, passed_ns)
        self._emphasis = faded(self._emphasis, self._gazed, passed_ns)
        kept = self._shares.keys() | self._current
        self._things = {each: thing for each, thing in self._things.items() if each in kept}
        self._facts = {each: facts for each, facts in self._facts.items() if each in kept}
        there = {each: thing.at(display_ns or now_ns) for each, thing in self._things.items()}
        self._hang(there, views, passed_ns)
        strokes = [stroke for thing in self._in_order(there) for stroke in self._outline(thing)]
        panels, leaders = self._written(there, views, passed_ns)
        if mark is not None:
            strokes += mark.strokes(views, self._accent, self._style)
        arrows, named = self._pointers.frame(views, passed_ns, stale)
        return Drawing((*leaders, *strokes, *arrows), (*panels, *named))

    def _is_stale(self, now_ns: int) -> bool:
        hold_ns = min(max(HOLD_NS, HOLD_PERIODS * self._period_ns), HOLD_MAX_NS)
        return self._heard_ns is None or now_ns - self._heard_ns > hold_ns

    def _in_order(self, things: Mapping[int, Thing]) -> list[Thing]:
        """What is looked at last, on top."""
        return sorted(things.values(), key=lambda thing: (thing.id in self._gazed, thing.id))

    def _colour(self, thing: Thing) -> Colour:
        share = eased(self._emphasis.get(thing.id, 0.0))
        plain = FOUND if thing.found else PALE
        r, g, b = (round(p + share * (a - p)) for p, a in zip(plain, self._accent, strict=True))
        return r, g, b

    def _outline(self, thing: Thing) -> list[Stroke]:
        weight = max(eased(self._emphasis.get(thing.id, 0.0)), FOUND_WEIGHT if thing.found else 0.0)
        line = mixed(self._style.other, self._style.gazed, weight)
        alpha = eased(self._shares.get(thing.id, 0.0))
        if alpha == 0.0:
            return []
        return [Stroke(ring_m, True, self._colour(thing), line, alpha) for ring_m in thing.rings_m]

    def _hang(self, things: Mapping[int, Thing], views: Views, passed_ns: int) -> None:
        anchors = {}
        for thing in things.values():
            before = self._anchors.get(thing.id)
            if thing.id not in self._current and before is not None:
                anchors[thing.id] = before
                continue
            half = 0.5 * np.ptp(views.tangents(np.concatenate(thing.rings_m)), axis=0)
            if before is None:
                anchors[thing.id] = Anchor(thing.centre_m, half)
            else:
                anchors[thing.id] = before.towards(thing.centre_m, half, thing.distance_m, passed_ns)
        self._anchors = anchors

    def _written(self, things: Mapping[int, Thing], views: Views, passed_ns: int) -> tuple[list[Panel], list[Stroke]]:
        """Labels and the lines that lead to them."""
        gazed = next((things[each] for each in self._gazed if each in things), None)
        rects = {each: Rect(views.tangents(a.centre_m), a.half) for each, a in self._anchors.items()}
        wanted = []
        focus = rects[gazed.id].middle if gazed is not None else np.zeros(2)
        ahead = [each for each in self._current if float(np.abs(rects[each].middle).max()) < FARTHEST_TANGENT]
        for each in sorted(ahead, key=lambda i: (i not in self._gazed, _away(rects[i], focus), i)):
            thing = things[each]
            key = (each, "card" if each in self._gazed else "tag")
            if key[1] == "tag" and thing.surface:
                continue  # walls and floors are everywhere
            label = self._text(key, thing)
            around = rects[each]
            widened = 1.0 + float(around.middle @ around.middle)  # to the same angle, off the middle of the view
            wanted.append(Wanted(key, 0.5 * widened * np.asarray(label.size_rad), around))
        outline = None if gazed is None else views.tangents(np.concatenate(gazed.rings_m))
        others = [rect for each, rect in rects.items() if each not in self._gazed]
        self._standing = arranged(self._standing, wanted, outline, others, views.bounds(), passed_ns / FADE_NS)
        self._texts = {key: label for key, label in self._texts.items() if key in self._standing}
        panels, leaders = [], []
        for key, standing in self._standing.items():
            if key[0] not in things or key not in self._texts:
                continue
            thing, label = things[key[0]], self._texts[key]
            plain = key[1] == "tag" and not thing.found
            alpha = eased(standing.shown) * (self._style.quiet if plain else 1.0)
            panels.append(panel(label, views, standing.rect.middle, standing.rect.half, thing.distance_m, alpha))
            leaders += self._leader(views, thing, key, standing, alpha)
        return panels, leaders

    def _text(self, key: Key, thing: Thing) -> Label:
        if key[1] == "card":
            lines = self._facts.setdefault(thing.id, Facts()).lines(thing)
            self._texts[key] = self._labels.card(lines, self._accent)
        else:
            self._texts[key] = self._labels.tag(thing.name or str(thing.id))
        return self._texts[key]

    def _leader(self, views: Views, thing: Thing, key: Key, standing: Standing, alpha: float) -> list[Stroke]:
        """From the label's edge to the nearest point of the outline, if that is some way."""
        points = np.concatenate(thing.rings_m)
        rect = standing.rect
        across, along, _ = SIDES[key[1]][standing.side]
        start = rect.middle - rect.half * np.array((across, 0.0 if across else along))
        away = np.linalg.norm(views.tangents(points) - start, axis=-1)
        nearest = int(away.argmin())
        if away[nearest] < LEADER_RAD:
            return []
        line = np.stack((views.point(start, thing.distance_m), points[nearest]))
        return [Stroke(line, False, self._colour(thing), self._style.leader, alpha)]


def _away(rect: Rect, focus: Array) -> float:
    return float(np.linalg.norm(rect.middle - focus))
