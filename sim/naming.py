"""How often the gazed thing has its right name, in sessions of the runtime with simulated wearers (`sim.lockstep`).

A first wearer teaches every other thing that is gazed at and outlined rightly, from up to three looks. A second one,
who moves otherwise, then looks about in the same room, once knowing one look at each thing and once knowing all: how
often is a taught thing called what it was taught to be, and how often is another one given a taught name? The names
that the model itself knows are judged by the kinds of the things that have no taught name.
"""

import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gazeline.runtime.messages import Overlay, OverlayObject, TruthScore, UserPrompt
from gazeline.runtime.naming import gallery as galleries
from gazeline.runtime.topics import PROMPT_USER
from gazeline.sim.headset import Headset, HeadsetSettings
from gazeline.sim.lockstep import run
from gazeline.sim.rig import simulated_rig
from gazeline.sim.scene import Scene, build_scene

LOOKS = (1, 3)  # taught
APART_NS = 1_500_000_000  # between two looks that are taught
LEAST_IOU = 0.5
ANOTHER = 1000  # added to the seed: another wearer


@dataclass(frozen=True)
class Row:
    """Shares of the overlays in which the gazed thing is outlined rightly; ``changes``: of a gazed track's name, in a
    minute of being gazed at."""

    names: str
    looks_taught: int
    things: int
    overlays: int
    right: float
    wrong: float
    none: float
    changes_per_minute: float


@dataclass
class _Teacher:
    """Teaches every other thing, from so many looks."""

    scene: Scene
    looks: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))  # object id: when

    def __call__(self, overlay: Overlay, score: TruthScore) -> UserPrompt | None:
        thing = _rightly_outlined(overlay, score)
        if thing is None or score.gazed_id is None or score.gazed_id % 2 or overlay.publish_ns is None:
            return None
        taught = self.looks[score.gazed_id]
        if len(taught) >= LOOKS[-1] or (taught and overlay.publish_ns - taught[-1] < APART_NS):
            return None
        taught.append(overlay.publish_ns)
        name = next(item.name for item in self.scene.objects if item.id == score.gazed_id)
        return UserPrompt(topic=PROMPT_USER, capture_ns=overlay.publish_ns, kind="teach", object_id=thing.id, text=name)


@dataclass
class _Tally:
    """What one source of names came to."""

    things: set[tuple[str, int, int]] = field(default_factory=set)
    right: int = 0
    wrong: int = 0
    none: int = 0
    changes: int = 0
    gazed_ns: int = 0

    def row(self, names: str, looks: int) -> Row:
        count = self.right + self.wrong + self.none
        right, wrong, none = (round(value / max(1, count), 3) for value in (self.right, self.wrong, self.none))
        changes = self.changes / (self.gazed_ns / 60e9) if self.gazed_ns else 0.0
        return Row(names, looks, len(self.things), count, right, wrong, none, round(changes, 2))


@dataclass
class _Listener:
    """Judges the names of what is gazed at; says nothing. ``taught``: the ids of the things that were."""

    scene: Scene
    taught: set[int]
    tallies: dict[str, _Tally]
    last: tuple[int, str | None, int] | None = None  # the gazed track, its name, when

    def __call__(self, overlay: Overlay, score: TruthScore) -> None:
        thing = _rightly_outlined(overlay, score)
        if thing is None or score.gazed_id is None:
            return
        item = next(item for item in self.scene.objects if item.id == score.gazed_id)
        own = thing.name if thing.name_source == "taught" else None
        known = item.id in self.taught
        self._count("taught" if known else "not taught", item.id, own, item.name if known else None)
        if own is None and not known:
            self._count("model", item.id, thing.name, item.kind)
        if self.last is not None and self.last[0] == thing.id:
            for tally in self.tallies.values():
                tally.gazed_ns += max(0, overlay.publish_ns - self.last[2])
                tally.changes += thing.name != self.last[1]
        self.last = thing.id, thing.name, overlay.publish_ns

    def _count(self, source: str, object_id: int, said: str | None, wanted: str | None) -> None:
        tally = self.tallies[source]
        tally.things.add((self.scene.kind, self.scene.seed, object_id))
        tally.right += said is not None and said == wanted
        tally.wrong += said is not None and said != wanted
        tally.none += said is None


def measure(scenes: Sequence[str], seeds: Sequence[int], seconds: float, model: str | None = None) -> list[Row]:
    """Three sessions of so many seconds in each scene. OSError or ValueError with one sentence."""
    tallies = {looks: {name: _Tally() for name in ("taught", "not taught", "model")} for looks in LOOKS}
    for kind in scenes:
        for seed in seeds:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "gallery")
                teacher = _Teacher(build_scene(kind, seed))  # type: ignore[arg-type]  # it checks
                run(_headset(kind, seed, seed), seconds, model=model, says=teacher, gallery=path)
                looks = galleries.read(path) if path.exists() else []
                names = {look.name for look in looks}
                taught = {item.id for item in teacher.scene.objects if item.name in names}
                for count in LOOKS:
                    galleries.write(path, _first(looks, count))
                    listener = _Listener(teacher.scene, taught, tallies[count])
                    run(_headset(kind, seed, seed + ANOTHER), seconds, model=model, says=listener, gallery=path)
    return [tally.row(name, count) for count in LOOKS for name, tally in tallies[count].items()]


def _headset(kind: str, seed: int, wearer: int) -> Headset:
    scene = build_scene(kind, seed)  # type: ignore[arg-type]  # it checks
    return Headset(scene, simulated_rig(640, 480), wearer, HeadsetSettings())


def _first(looks: Sequence[galleries.Look], count: int) -> list[galleries.Look]:
    """The first few looks at each thing."""
    kept: dict[str, list[galleries.Look]] = defaultdict(list)
    for look in looks:
        if len(kept[look.name]) < count:
            kept[look.name].append(look)
    return [look for each in kept.values() for look in each]


def _rightly_outlined(overlay: Overlay, score: TruthScore) -> OverlayObject | None:
    """The gazed thing, if its outline is of what is really gazed at."""
    if score.iou is None or score.iou < LEAST_IOU:
        return None
    return next((thing for thing in overlay.objects if thing.gazed), None)
