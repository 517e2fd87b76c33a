"""What somebody looks for, as a value, and the sentence that says it back."""

from dataclasses import dataclass
from typing import Literal

Side = Literal["left", "right", "top", "bottom", "middle"]
How = Literal["left", "right", "above", "below", "behind", "front", "on", "under", "in", "near", "between"]
By = Literal["left", "right", "top", "bottom", "near", "far", "big", "small", "fit"]

SAID: dict[How, str] = {
    "left": "to the left of",
    "right": "to the right of",
    "above": "above",
    "below": "below",
    "behind": "behind",
    "front": "in front of",
    "on": "on",
    "under": "under",
    "in": "in",
    "near": "near",
    "between": "between",
}
SIDES: dict[Side, str] = {
    "left": "on the left",
    "right": "on the right",
    "top": "at the top",
    "bottom": "at the bottom",
    "middle": "in the middle",
}
FIRST: dict[By, str] = {
    "left": "leftmost",
    "right": "rightmost",
    "top": "topmost",
    "bottom": "lowest",
    "near": "nearest",
    "far": "farthest",
    "big": "biggest",
    "small": "smallest",
    "fit": "best",
}
ENDS = ("left", "right", "top", "bottom")
MOST_SAID = 3  # of the names that are meant
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


@dataclass(frozen=True)
class Relation:
    """Where it is, by something else; ``of`` are two things for "between", else one."""

    how: How
    of: tuple["Sought", ...]


@dataclass(frozen=True)
class Rank:
    """Which one of several: the ``number``th (from 1) counted from this end; "fit" is how well it fits the rest."""

    by: By
    number: int = 1


@dataclass(frozen=True)
class Sought:
    """A thing by what is said of it. ``noun``: as it was said, "" for any thing; ``names``: what things may be called
    that are meant, empty where nothing known is called so, and its looks alone can tell."""

    noun: str = ""
    names: frozenset[str] = frozenset()
    colours: tuple[str, ...] = ()
    size: Literal["big", "small"] | None = None
    side: Side | None = None
    relations: tuple[Relation, ...] = ()
    rank: Rank | None = None

    def __str__(self) -> str:
        noun = self.noun or "thing"
        words = " ".join(filter(None, (self._rank_before(), self.size, noun)))
        if self.rank is not None:
            text = f"the {words}"
        elif "'s " in noun or (noun.endswith("s") and not noun.endswith("ss")):
            text = words  # scissors, anna's mug
        else:
            text = f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
        if others := sorted(name for name in self.names if not f" {name}".endswith(f" {noun}")):
            text += f" ({', '.join(others[:MOST_SAID])}{', …' if len(others) > MOST_SAID else ''})"
        if self.rank is not None and self.rank.number > 1 and self.rank.by in ENDS:
            text += f" from the {self.rank.by}"
        if self.colours:
            shades = " and ".join(self.colours)
            text += f" that is {shades}".replace("dark and ", "dark ").replace("light and ", "light ")
        places = [SIDES[self.side]] if self.side else []
        for relation in self.relations:
            nearest = relation.how == "near" and self.rank == Rank("fit")
            of = " and ".join(str(one) for one in relation.of)
            places.append(f"{'nearest to' if nearest else SAID[relation.how]} {of}")
        return ", ".join([text, *places])

    @property
    def phrases(self) -> tuple[str, ...]:
        """Its noun, and those of what it stands by, that are no names."""
        own = (self.noun,) if self.noun and not self.names else ()
        return (*own, *(phrase for relation in self.relations for one in relation.of for phrase in one.phrases))

    def _rank_before(self) -> str:
        rank = self.rank
        if rank is None or rank.by == "fit":
            return ""
        if rank.number == 1:
            return FIRST[rank.by]
        ordinal = ORDINALS[rank.number - 1]
        return ordinal if rank.by in ENDS else f"{ordinal} {FIRST[rank.by]}"


@dataclass(frozen=True)
class Query:
    """What was asked: anything that is one of ``sought`` (empty: nothing was understood), and what of the text was not
    understood, word for word."""

    text: str
    sought: tuple[Sought, ...]
    unclear: tuple[str, ...] = ()

    @property
    def phrases(self) -> tuple[str, ...]:
        """What is looked for by words that are no names."""
        return tuple(dict.fromkeys(phrase for sought in self.sought for phrase in sought.phrases))

    @property
    def understood(self) -> str:
        """One plain sentence for people, with what was not understood."""
        said = "; or ".join(map(str, self.sought)) or "nothing was understood"
        return f"{said}; not understood: {', '.join(self.unclear)}" if self.unclear else said
