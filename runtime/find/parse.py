"""A query in plain English to what is looked for.

    the second red mug from the left        biggest book        a pen between the mug and the laptop
    where is my cup on the book left of the laptop

The grammar is that of noun phrases: what is said before the noun (which one, size, colours), the noun, and then where
it is. Each place is said of the noun just before it, and "and" leads back to the first. What is not in it is left out
and reported, never guessed.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from gazeline.runtime.find.query import SAID, How, Query, Rank, Relation, Side, Sought
from gazeline.runtime.find.words import (
    COLOURS,
    ENDS,
    FILLERS,
    NEGATIONS,
    NUMBERS,
    RANKS,
    RELATIONS,
    SIDES,
    SIZES,
    THINGS,
)
from gazeline.runtime.naming.vocabulary import Vocabulary, folded

MOST_WORDS = 40
LONGEST_NAME = 5  # words
Value = TypeVar("Value")


@dataclass(frozen=True)
class Lexicon:
    """Which words are names: what things are called now (taught, or by a labeler), and the vocabulary's."""

    called: frozenset[str]
    vocabulary: Vocabulary

    @staticmethod
    def of(called: Iterable[str], vocabulary: Vocabulary) -> "Lexicon":
        """With what things are called now."""
        return Lexicon(frozenset(called), vocabulary)

    def knows(self, phrase: str) -> bool:
        """Whether it is a name as it stands."""
        word = folded(phrase)
        return bool(self.vocabulary.meant_by(word)) or any(folded(name) == word for name in self.called)

    def names(self, phrase: str) -> frozenset[str]:
        """What things that are meant may be called; empty where nothing known is called so.

        Things may be called by a synonym of the word, or by a longer name: "anna's mug" is a mug, and a cup.
        """
        word = folded(phrase)
        meant = self.vocabulary.meant_by(word)
        endings = {word, *(folded(name) for name in meant)}
        alike = {name for name in self.called if any(f" {folded(name)}".endswith(f" {end}") for end in endings)}
        return frozenset(meant | alike | {name for name in self.called if meant & self.vocabulary.meant_by(name)})


def parse(text: str, lexicon: Lexicon, *, any_words: bool = False) -> Query:
    """What is looked for. With ``any_words`` a text model finds things by words that are no names here."""
    reader = _Reader(re.findall(r"[\w'-]+", text.lower())[:MOST_WORDS], lexicon, any_words)
    sought = [reader.phrase(nested=False)]
    while reader.word is not None:
        if reader.word in ("and", "or"):  # another thing
            reader.at += 1
            sought.append(reader.phrase(nested=False))
        else:  # it makes no sense where it stands
            reader.skip()
            sought[-1] = reader.places(sought[-1], nested=False)
    return Query(text, tuple(one for one in sought if one != Sought()), tuple(dict.fromkeys(reader.unclear)))


@dataclass
class _Reader:
    """Reads words one after the other; ``unclear`` collects what was not understood."""

    words: Sequence[str]
    lexicon: Lexicon
    any_words: bool
    at: int = 0
    unclear: list[str] = field(default_factory=list)

    @property
    def word(self) -> str | None:
        """The next one; None at the end."""
        return self.words[self.at] if self.at < len(self.words) else None

    def phrase(self, *, nested: bool) -> Sought:
        """A thing with all that is said of it; ``nested``: in what is said of another."""
        return self.places(self._noun(self._attributes(Sought(), fresh=True)), nested=nested)

    def places(self, sought: Sought, *, nested: bool) -> Sought:
        """What is said of a thing after its noun."""
        while self.word is not None and not (nested and self.word in ("and", "but")):
            start = self.at
            while self.word in ("and", "but") or (self.word in FILLERS and self.word != "to"):
                self.at += 1
            before = self.at
            sought = self._place(sought)
            if self.at == before:  # nothing that is known
                self.at = start
                break
        return sought

    def _place(self, sought: Sought) -> Sought:
        if (side := self._side()) is not None:
            return replace(sought, side=side)
        if (how := self._take(RELATIONS)) is not None:
            return self._related(sought, how)
        if (end := self._take(ENDS)) is not None:
            return replace(sought, rank=Rank(end, sought.rank.number if sought.rank else 1))
        if self.word in ("nearest", "closest"):
            return self._nearest(sought)
        if self.word in COLOURS or self.word in SIZES or self.word in RANKS or self.word in NEGATIONS:
            return self._attributes(sought, fresh=False)
        return sought

    def skip(self) -> None:
        """Over a word that says nothing here."""
        if self.word is not None and self.word not in FILLERS and self.word != "but":
            self.unclear.append(f'"{self.word}"')
        self.at += 1

    def _attributes(self, sought: Sought, *, fresh: bool) -> Sought:
        """Which one, its size and its colours; ``fresh``: the noun is still to come."""
        colours, size, rank = list(sought.colours), sought.size, sought.rank
        while (word := self.word) is not None and not (fresh and self._name_ahead() > 1):
            if word in NEGATIONS:
                self._negation()
                continue
            if word in COLOURS and not (fresh and self._is_noun()):
                colours.append(COLOURS[word])
            elif word in SIZES:
                size = SIZES[word]
            elif word in RANKS:
                rank = Rank(RANKS[word], rank.number if rank else 1)
            elif word in NUMBERS:
                rank = Rank("left", NUMBERS[word])
            elif word in ("left", "right") and fresh and self._next not in ("", "of"):
                rank = Rank("left" if word == "left" else "right")
            elif not (word in FILLERS and (fresh or word != "to")) and not (word == "and" and self._next in COLOURS):
                break
            self.at += 1
        return replace(sought, colours=tuple(dict.fromkeys(colours)), size=size, rank=rank)

    def _negation(self) -> None:
        """Over "not the red one": better not looked for at all than taken for its opposite."""
        start = self.at
        self.at += 1
        while self.word in FILLERS:
            self.at += 1
        self.at += 1
        if self.word == "one":
            self.at += 1
        self.unclear.append(f'"{" ".join(self.words[start : self.at])}"')

    def _noun(self, sought: Sought) -> Sought:
        start = self.at
        self.at += self._name_ahead()
        while self.at == start or not self.lexicon.knows(" ".join(self.words[start : self.at])):
            if self.word is None or self._ends_noun() or (self.at > start and self.words[self.at - 1] in THINGS):
                break
            self.at += 1
        words = self.words[start : self.at]
        if not words or words[-1] in THINGS:
            self.unclear += [f'"{word}"' for word in words[:-1]]
            return sought
        for i in range(len(words)):  # the head of an English noun phrase is its end: a "tea mug" is a mug
            noun = " ".join(words[i:])
            if names := self.lexicon.names(noun):
                self.unclear += [f'"{word}"' for word in words[:i]]
                return replace(sought, noun=folded(noun), names=names)
        if self.any_words:
            return replace(sought, noun=" ".join(words))
        self.unclear.append(f'"{" ".join(words)}" (nothing is called so)')
        return sought

    def _related(self, sought: Sought, how: How) -> Sought:
        start, unclear = self.at, len(self.unclear)
        of: tuple[Sought, ...] = (self.phrase(nested=True),)
        if how == "between" and self.word == "and":
            self.at += 1
            of = (*of, self.phrase(nested=True))
        if Sought() in of:  # near what, nobody knows
            if len(self.unclear) == unclear:
                self.unclear.append(f'"{" ".join((SAID[how], *self.words[start : self.at]))}"')
            return sought
        return replace(sought, relations=(*sought.relations, Relation(how, of)))

    def _nearest(self, sought: Sought) -> Sought:
        """ "nearest to the laptop"; or to the wearer, if nothing else is said."""
        self.at += 1
        if self.word == "to":
            self.at += 1
        if self.word in (None, "me", "and"):
            self.at += self.word == "me"
            return replace(sought, rank=Rank("near"))
        return replace(self._related(sought, "near"), rank=Rank("fit"))

    def _side(self) -> Side | None:
        here = self.at
        side = self._take(SIDES)
        if side is not None and self.word == "of":  # of something: a relation
            self.at, side = here, None
        return side

    def _take(self, table: Iterable[tuple[str, Value]]) -> Value | None:
        """The value of the first entry whose words come next, which are then read."""
        for text, value in table:
            words = text.split()
            if list(self.words[self.at : self.at + len(words)]) == words:
                self.at += len(words)
                return value
        return None

    def _name_ahead(self) -> int:
        """How many words a known name of several takes from here; 0 if there is none."""
        for count in range(min(LONGEST_NAME, len(self.words) - self.at), 1, -1):
            words = self.words[self.at : self.at + count]
            if words[-1] not in THINGS and self.lexicon.knows(" ".join(words)):
                return count
        return 0

    def _is_noun(self) -> bool:
        """Whether a colour word is the thing itself, as an orange is: it is a name, and no noun follows."""
        if self.word is None or not self.lexicon.knows(self.word):
            return False
        here, self.at = self.at, self.at + 1
        alone = self.word is None or (self._ends_noun() and not (self.word == "and" and self._next in COLOURS))
        self.at = here
        return alone

    def _ends_noun(self) -> bool:
        word = self.word
        starts = any(self._begins(table) for table in (RELATIONS, SIDES, ENDS))
        return starts or word in FILLERS or word in NEGATIONS or word in ("and", "or", "from", *RANKS)

    def _begins(self, table: Iterable[tuple[str, object]]) -> bool:
        here = self.at
        begins = self._take(table) is not None
        self.at = here
        return begins

    @property
    def _next(self) -> str:
        return self.words[self.at + 1] if self.at + 1 < len(self.words) else ""
