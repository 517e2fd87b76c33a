"""The vocabulary file: names, synonyms, kinds and templates, and what is wrong with a bad one."""

from pathlib import Path

import pytest

from gazeline.runtime.naming import vocabulary


def test_a_file_of_names_synonyms_kinds_and_templates(tmp_path: Path) -> None:
    path = tmp_path / "things.txt"
    path.write_text("# mine\nmug, Coffee cup\n\na sketch of a {}.\ndrinking horn  # a rare one\ncup-like > mug\n")
    known = vocabulary.load(path)
    assert known.names == {"mug": ("Coffee cup",), "drinking horn": ()}
    assert known.templates == ("a sketch of a {}.",)
    assert known.meant_by("coffee cups") == known.meant_by("cup-like") == known.meant_by("MUGS") == {"mug"}
    assert known.meant_by("plate") == frozenset()


def test_the_shipped_one_knows_everyday_words() -> None:
    known = vocabulary.load()
    assert known.meant_by("smartphones") == {"phone"}
    assert known.meant_by("knives") == {"kitchen knife"}
    assert known.meant_by("glasses") == {"eyeglasses"}
    assert known.meant_by("glass") == {"glass"}
    assert {"apple", "carrot", "pizza"} <= known.meant_by("food")  # a kind of kinds
    assert all("{}" in template for template in known.templates)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("mug\nmug, cup", "line 2: 'mug' is there already"),
        ("mug,, cup", "line 1: write"),
        ("> mug", "line 1: write"),
        ("# nothing\n", "has no names in it"),
    ],
)
def test_what_is_wrong_is_said(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "things.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=complaint) as error:
        vocabulary.load(path)
    assert str(path) in str(error.value)


def test_a_file_that_is_no_text_or_not_there_is_said(tmp_path: Path) -> None:
    path = tmp_path / "things.txt"
    with pytest.raises(FileNotFoundError, match="vocabulary"):
        vocabulary.load(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="UTF-8"):
        vocabulary.load(path)
