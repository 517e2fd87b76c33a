"""What the wearer looks for, while the runtime runs: it is marked in every overlay, and pointed to out of view."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from msgspec import structs

from gazeline.runtime.find.match import matches
from gazeline.runtime.find.parse import Lexicon, parse
from gazeline.runtime.find.query import Query
from gazeline.runtime.find.seen import pointer_of, thing_of
from gazeline.runtime.find.things import Thing
from gazeline.runtime.messages import Overlay
from gazeline.runtime.messages import Search as Said
from gazeline.runtime.naming import vocabulary
from gazeline.runtime.naming.step import Naming
from gazeline.runtime.naming.vocabulary import Vocabulary
from gazeline.runtime.sync import se3_of
from gazeline.runtime.tracking.track import Tracker

MOST_CHARACTERS = 200  # of a query; the rest is not read
LEAST_SIGHTINGS = 2  # of what is out of view: what was outlined once may have been nothing
MOST_POINTERS = 8  # to what was seen last


@dataclass(frozen=True, eq=False)
class Search:
    """``text``: what is looked for, empty: nothing. ``compares``: whether a text model tells what things look like."""

    text: str = ""
    vocabulary: Vocabulary = field(default_factory=vocabulary.shipped)
    compares: bool = False

    def asked(self, text: str) -> "Search":
        """For this from now on; nothing, if it is empty."""
        return replace(self, text=text.strip()[:MOST_CHARACTERS])

    def phrases(self, called: Iterable[str]) -> tuple[str, ...]:
        """What of it are no names, so that looks alone can tell it; ``called``: what things are called now."""
        return self.query(called).phrases if self.text and self.compares else ()

    def query(self, called: Iterable[str]) -> Query:
        """What is understood of it."""
        return _query(self.text, frozenset(called), self.vocabulary, self.compares)

    def on(self, overlay: Overlay, tracker: Tracker, naming: Naming) -> Overlay:
        """An overlay with what was found marked in it, and pointers to what is out of view."""
        if not self.text:
            return overlay
        here = None if overlay.T_world_camera is None else se3_of(overlay.T_world_camera)
        shown = {thing.id: thing for thing in overlay.objects}
        tracks = [track for track in tracker.tracks if track.id in shown or track.sightings >= LEAST_SIGHTINGS]
        seen = (thing_of(track, shown.get(track.id), here, naming) for track in tracks)
        things = [thing for thing in seen if thing is not None]
        query = self.query(thing.name for thing in things if thing.name is not None)

        def looks(phrase: str, thing: Thing) -> float:
            traits = naming.traits.get(thing.id)
            return 0.0 if traits is None else traits.looks.get(phrase, 0.0)

        found = {match.id for match in matches(query, things, looks)}
        objects = [structs.replace(thing, found=thing.id in found) for thing in overlay.objects]
        away = (track for track in tracks if track.id in found and track.id not in shown)
        pointers = [pointer for track in away if (pointer := pointer_of(track, here, naming)) is not None]
        said = Said(text=self.text, understood=query.understood, pointers=pointers[-MOST_POINTERS:])
        return structs.replace(overlay, objects=objects, search=said)


@lru_cache(maxsize=16)
def _query(text: str, called: frozenset[str], known: Vocabulary, any_words: bool) -> Query:
    """Words are read again only when things are called otherwise."""
    return parse(text, Lexicon(called, known), any_words=any_words)
