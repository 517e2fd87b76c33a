"""What each track is called: evidence of many looks put together, so that a name is right, stays, or is not said.

Each source of names is kept apart. Of every name it ever gave to a track, the logarithm of its probability is averaged
over the looks, recent ones counting more: the product of experts who forget. Beside the names there is "none of them".
A name is said from its source's least probability on; it gives way only to one that is clearly likelier, and it is
taken back only when its probability has fallen clearly below. Of several sources, the more trusted one speaks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import exp, log

from msgspec import structs

from gazeline.runtime.messages import OverlayObject
from gazeline.runtime.naming.label import Named, Source

TRUST: tuple[Source, ...] = ("taught", "detector", "text", "model")  # who is believed first
LEAST = 0.5  # the probability from which on a name is said, where its source does not say otherwise
CLEARLY = 0.12  # by so much must a probability differ for what is said to change
FORGET_S = 2.0  # evidence of so long ago counts a third
WORD = 8  # the wearer's word counts as so many looks
FLOOR = 0.01  # no single look makes a name less probable than this
MOST_TRACKS = 512  # of which evidence is kept: those heard of last
MOST_NAMES = 8  # of a source and a track


@dataclass(frozen=True)
class Belief:
    """What one source says of one track: the mean log probability of each name (None: none of them), of how many looks,
    heard last when, and the name that is said."""

    mean: Mapping[str | None, float] = field(default_factory=dict)
    looks: int = 0
    heard_ns: int = 0
    said: str | None = None

    @property
    def chance(self) -> dict[str | None, float]:
        """The probability of each name, and of none of them."""
        odds = {name: exp(value) for name, value in self.mean.items()}
        total = sum(odds.values())
        return {name: value / total for name, value in odds.items()}

    def after(self, named: Named, now_ns: int, least: float) -> "Belief":
        """With one look more."""
        told = _probabilities(named)
        if not self.looks:
            mean = {name: log(max(chance, FLOOR)) for name, chance in told.items()}
        else:
            gone_s = max(0, now_ns - self.heard_ns) * 1e-9
            share = max(1.0 / (self.looks + 1), 1.0 - exp(-gone_s / FORGET_S))
            mean = {
                name: (1.0 - share) * self.mean.get(name, log(FLOOR)) + share * log(max(told.get(name, 0.0), FLOOR))
                for name in self.mean.keys() | told.keys()
            }
        kept = sorted((name for name in mean if name is not None), key=lambda name: -mean[name])[:MOST_NAMES]
        belief = Belief({name: mean[name] for name in (None, *kept)}, self.looks + 1, now_ns)
        return replace(belief, said=_said(belief.chance, self.said, least))


@dataclass(frozen=True)
class Names:
    """The names of all tracks. ``least``: from which probability on a source's name is said; ``refused``: what the
    wearer said that a track is not."""

    least: Mapping[Source, float] = field(default_factory=dict)
    beliefs: Mapping[int, Mapping[Source, Belief]] = field(default_factory=dict)  # by track, last heard of last
    refused: Mapping[int, frozenset[str]] = field(default_factory=dict)

    def of(self, track_id: int) -> Named | None:
        """What a track is called; None: nobody is sure enough."""
        beliefs, refused = self.beliefs.get(track_id, {}), self.refused.get(track_id, frozenset())
        for source in TRUST:
            belief = beliefs.get(source)
            if belief is not None and belief.said is not None and belief.said not in refused:
                return Named(belief.said, belief.chance[belief.said], source)
        return None

    def called(self, track_id: int) -> str | None:
        """The name alone."""
        named = self.of(track_id)
        return None if named is None else named.name

    def heard(self, track_id: int, named: Sequence[Named], now_ns: int) -> "Names":
        """With what was said of one look at a track, an answer from each source."""
        beliefs = dict(self.beliefs.get(track_id, {}))
        for answer in named:
            earlier = beliefs.get(answer.source, Belief())
            beliefs[answer.source] = earlier.after(answer, now_ns, self.least.get(answer.source, LEAST))
        return self._with(track_id, beliefs)

    def told(self, track_id: int, name: str, now_ns: int) -> "Names":
        """With the wearer's own word on what a track is."""
        belief = Belief({name: log(1.0 - FLOOR), None: log(FLOOR)}, WORD, now_ns, name)
        refused = self.refused.get(track_id, frozenset()) - {name}
        names = self._with(track_id, {**self.beliefs.get(track_id, {}), "taught": belief})
        return replace(names, refused={**names.refused, track_id: refused})

    def refuse(self, track_id: int, name: str) -> "Names":
        """With the wearer's word on what a track is not, whoever said it."""
        names = self._with(track_id, self.beliefs.get(track_id, {}))
        return replace(names, refused={**names.refused, track_id: self.refused.get(track_id, frozenset()) | {name}})

    def on(self, objects: Sequence[OverlayObject]) -> tuple[OverlayObject, ...]:
        """The objects with their names."""
        return tuple(self._on(thing) for thing in objects)

    def _on(self, thing: OverlayObject) -> OverlayObject:
        named = self.of(thing.id)
        if named is None:
            return thing
        return structs.replace(thing, name=named.name, name_score=round(named.score, 3), name_source=named.source)

    def _with(self, track_id: int, beliefs: Mapping[Source, Belief]) -> "Names":
        kept = {track: known for track, known in self.beliefs.items() if track != track_id}
        while len(kept) >= MOST_TRACKS:
            del kept[next(iter(kept))]
        kept[track_id] = beliefs
        return replace(self, beliefs=kept, refused={t: names for t, names in self.refused.items() if t in kept})


def _probabilities(named: Named) -> dict[str | None, float]:
    """Of the names that a source gives and of none of them."""
    if named.name is None:
        return {None: min(1.0, max(0.0, named.score))}
    told: dict[str | None, float] = {**dict(named.others), named.name: named.score}
    told[None] = max(0.0, 1.0 - sum(told.values()))
    return told


def _said(chance: Mapping[str | None, float], before: str | None, least: float) -> str | None:
    """The name to say, given what was said before."""
    names = {name: value for name, value in chance.items() if name is not None}
    best = max(names, key=lambda name: names[name], default=None)
    if best is None:
        return None
    kept = names.get(before, 0.0) if before is not None else 0.0
    if before is not None and kept >= least - CLEARLY and names[best] < kept + CLEARLY:
        return before
    return best if names[best] >= least else None
