"""CLIP's tokenizer, made from its vocabulary files, gives what CLIP's own code gives."""

import gzip
import itertools
import json
import re
from pathlib import Path

import pytest

pytest.importorskip("tokenizers", reason="needs tokenizers (extra: label)")

from gazeline.engines.labelers import tokens
from gazeline.engines.labelers.tokens import END, START, bytes_to_unicode

MERGES = [
    ("m", "u"),
    ("mu", "g</w>"),
    ("r", "e"),
    ("re", "d</w>"),
    ("c", "a"),
    ("ca", "f"),
    ("t", "h"),
    ("th", "e</w>"),
]
TEXTS = ["a Red mug", "the  café's mug!", "mugs, red2 mugs\n", "don't", "日本 mug"]


def reference(text: str, ranks: dict[tuple[str, str], int], ids: dict[str, int]) -> list[int]:
    """clip/simple_tokenizer.py, written down again from its description (Sennrich et al., 2016)."""
    found = [ids[START]]
    letters = bytes_to_unicode()
    for word in re.findall(r"'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|[^\s\w]+|_+", " ".join(text.split()).lower()):
        parts = [letters[byte] for byte in word.encode()]
        parts[-1] += "</w>"
        while len(parts) > 1:
            pair = min(itertools.pairwise(parts), key=lambda p: ranks.get(p, 1 << 30))
            if pair not in ranks:
                break
            i = next(i for i in range(len(parts) - 1) if (parts[i], parts[i + 1]) == pair)
            parts[i : i + 2] = ["".join(pair)]
        found += [ids[part] for part in parts]
    return [*found, ids[END]]


@pytest.fixture
def vocabulary() -> dict[str, int]:
    letters = list(bytes_to_unicode().values())
    words = [*letters, *(letter + "</w>" for letter in letters), *("".join(pair) for pair in MERGES), START, END]
    return {word: i for i, word in enumerate(words)}


@pytest.mark.parametrize("text", TEXTS)
def test_tokens_are_those_of_clips_own_code(text: str, vocabulary: dict[str, int], tmp_path: Path) -> None:
    merges = "#version: 0.2\n" + "\n".join(" ".join(pair) for pair in MERGES) + "\n"
    (tmp_path / "merges.txt").write_text(merges)
    (tmp_path / "vocab.json").write_text(json.dumps(vocabulary))
    with gzip.open(tmp_path / tokens.VOCABULARY, "wt") as file:
        file.write(merges)
    expected = reference(text, {pair: i for i, pair in enumerate(MERGES)}, vocabulary)
    for names in (["merges.txt", "vocab.json"], [tokens.VOCABULARY]):
        found = tokens.find([tmp_path / name for name in names])
        assert found.encode(text).ids == expected
        found.save(str(tmp_path / "tokenizer.json"))
        assert tokens.load(tmp_path / "tokenizer.json").encode(text).ids == expected


def test_a_vocabulary_that_is_not_clips_is_refused(tmp_path: Path) -> None:
    (tmp_path / "merges.txt").write_text("#version\na b\n")
    (tmp_path / "vocab.json").write_text('{"a": 0, "b": 1, "ab": 2}')
    with pytest.raises(ValueError, match="this vocabulary is not CLIP's"):
        tokens.find(sorted(tmp_path.iterdir()))
    (tmp_path / tokens.VOCABULARY).write_bytes(b"not gzip")
    with pytest.raises(ValueError, match="cannot be read as a vocabulary"):
        tokens.find([tmp_path / tokens.VOCABULARY])
