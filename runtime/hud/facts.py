"""What a card says of an object, kept steady: a figure changes when it has changed by more than it wavers."""

from dataclasses import dataclass, field

from gazeline.runtime.hud.place import Thing

BY = " \N{MULTIPLICATION SIGN} "
ABOUT = "\N{ALMOST EQUAL TO} "
BETWEEN = "   "


@dataclass
class Facts:
    """Of one object: the figures that are shown."""

    shown: dict[str, float] = field(default_factory=dict)

    def lines(self, thing: Thing) -> tuple[str, ...]:
        """The title; how large and how far it is; which one, how sure that is, and how it was looked at."""
        place = [self._size(thing)] if thing.size_m is not None else []
        if thing.depth_m is not None:
            metres = self._steady("depth", thing.depth_m, _step(thing.depth_m))
            digits = 2 if metres < 2.0 else 1 if metres < 10.0 else 0
            place.append(f"{metres:.{digits}f} m")
        looks = [f"#{thing.id}"] if thing.name else []
        if thing.name and thing.name_score is not None:
            looks.append(f"{self._steady('score', 100.0 * thing.name_score, 5.0):.0f} %")
        if thing.dwell_ms >= 1000.0:
            looks.append(f"{thing.dwell_ms // 1000.0:.0f} s")
        if thing.looks > 1:
            looks.append(f"{thing.looks} looks")
        title = thing.name or f"Object {thing.id}"
        return (title, *(BETWEEN.join(facts) for facts in (place, looks) if facts))

    def _size(self, thing: Thing) -> str:
        assert thing.size_m is not None
        small = max(thing.size_m) < 1.0
        step = _step(max(thing.size_m))
        wide, high = (max(self._steady(name, each, step), step) for name, each in zip("wh", thing.size_m, strict=True))
        text = f"{100 * wide:.0f}{BY}{100 * high:.0f}" if small else f"{wide:.1f}{BY}{high:.1f}"
        if thing.size_error_m is not None:
            least = 0.01 if small else 0.1
            error = max(self._steady("error", max(thing.size_error_m), least), least)
            text += f" \N{PLUS-MINUS SIGN} {100 * error:.0f}" if small else f" \N{PLUS-MINUS SIGN} {error:.1f}"
        return (ABOUT if thing.size_guessed else "") + text + (" cm" if small else " m")

    def _steady(self, name: str, value: float, step: float) -> float:
        before = self.shown.get(name)
        if before is None or abs(value - before) > 0.75 * step:
            self.shown[name] = round(value / step) * step
        return self.shown[name]


def _step(metres: float) -> float:
    return 0.01 if metres < 0.3 else 0.05 if metres < 2.0 else 0.1 if metres < 10.0 else 1.0
