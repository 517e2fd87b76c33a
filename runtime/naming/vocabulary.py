"""What things are called: names with synonyms and kinds, from a plain text file that its user edits.

a photo of a {}.                 # a sentence that names are put into, for models that compare pictures with texts
mug, cup, coffee cup             # a name, then its synonyms
fruit > apple, banana            # what belongs to a kind
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path

from gazeline.runtime.files import read_bytes

MAX_BYTES = 1 << 20
MOST_NAMES = 20_000
SHIPPED = "vocabulary.txt"
SLOT = "{}"
UNCHANGED = ("glasses", "scissors", "headphones", "eyeglasses", "pliers", "dice", "blocks", "notes")  # no plurals


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """``names``: each with its synonyms, in the file's order; ``kinds``: what belongs to each; ``templates``: sentences
    with ``{}`` in the place of a name, at least one."""

    names: Mapping[str, tuple[str, ...]]
    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    templates: tuple[str, ...] = (SLOT,)

    @cached_property
    def _meant(self) -> Mapping[str, frozenset[str]]:
        meant: dict[str, set[str]] = {}
        for name, synonyms in self.names.items():
            for word in (name, *synonyms):
                meant.setdefault(folded(word), set()).add(name)
        return {word: frozenset(names) for word, names in meant.items()}

    def meant_by(self, word: str) -> frozenset[str]:
        """The names that a word stands for: as a name, a synonym or a kind; empty if it is none of these."""
        return self._members(folded(word), ())

    def _members(self, word: str, seen: tuple[str, ...]) -> frozenset[str]:
        found = self._meant.get(word, frozenset())
        for kind, members in self.kinds.items():
            if folded(kind) == word and word not in seen:
                found = found.union(*(self._members(folded(member), (*seen, word)) for member in members))
        return found


@cache
def shipped() -> Vocabulary:
    """The one that comes with the package."""
    return parse(files("gazeline.runtime.naming").joinpath(SHIPPED).read_text(encoding="utf-8"))


def load(path: Path | None = None) -> Vocabulary:
    """The vocabulary of a file, or the one that comes with the package. OSError or ValueError, in a sentence."""
    if path is None:
        return shipped()
    try:
        return parse(read_bytes(path.expanduser(), "the vocabulary", MAX_BYTES).decode(), str(path))
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text, so no vocabulary") from error


def parse(text: str, where: str = SHIPPED) -> Vocabulary:
    """The vocabulary of a file's text; ``where`` names it in errors. ValueError, with the line's number."""
    names: dict[str, tuple[str, ...]] = {}
    kinds: dict[str, tuple[str, ...]] = {}
    templates: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.partition("#")[0].strip()  # noqa: PLW2901
        if SLOT in line:
            templates.append(line)
            continue
        head, mark, members = line.partition(">")
        words = [" ".join(word.split()) for word in (members if mark else line).split(",")]
        if not line:
            continue
        if not all(words) or (mark and not head.strip()):
            raise ValueError(f'{where}, line {number}: write "name, synonym" or "kind > name, name", not {line!r}')
        if mark:
            kinds[head.strip()] = (*kinds.get(head.strip(), ()), *words)
        elif words[0] in names:
            raise ValueError(f"{where}, line {number}: {words[0]!r} is there already; each name has one line")
        else:
            names[words[0]] = tuple(words[1:])
    if not names:
        raise ValueError(f"{where} has no names in it; write one on each line")
    if len(names) > MOST_NAMES:
        raise ValueError(f"{where} has {len(names)} names; at most {MOST_NAMES} can be told apart")
    return Vocabulary(names, kinds, tuple(templates) or (SLOT,))


def folded(phrase: str) -> str:
    """A phrase as it is compared: small letters, no punctuation, its last word in the singular."""
    words = re.findall(r"[\w'-]+", phrase.lower())
    if words:
        words[-1] = _singular(words[-1])
    return " ".join(words)


def _singular(word: str) -> str:
    if len(word) < 4 or word in UNCHANGED or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    for plural, singular in (("knives", "knife"), ("loaves", "loaf"), ("shelves", "shelf"), ("ies", "y")):
        if word.endswith(plural):
            return word.removesuffix(plural) + singular
    return word[:-2] if word.endswith(("ches", "shes", "sses", "xes", "toes")) else word[:-1]
