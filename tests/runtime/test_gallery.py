"""The gallery of taught things: what it recognises, what it keeps on disk, and what becomes of broken files."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.engines.bundle import Likeness
from gazeline.runtime.naming import gallery
from gazeline.runtime.naming.gallery import Gallery, Shelf

MODEL = "toy@1"
LIKENESS = Likeness(middle=0.7, slope=20.0, margin=2.0)
D = 32


def look(thing: int, view: int = 0) -> NDArray[np.float32]:
    """A look at a thing: looks at one have a cosine of about 0.85, at two of about 0."""
    rng = np.random.default_rng([thing, view])
    vector = np.random.default_rng(thing).normal(size=D) + 0.42 * rng.normal(size=D)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def taught(*things: int, model: str = MODEL) -> Gallery:
    made = Gallery(model=model, likeness=LIKENESS)
    for thing in things:
        made = made.taught(f"thing {thing}", look(thing))
    return made


def test_what_was_taught_is_recognised_from_another_side_and_what_was_not_is_none_of_it() -> None:
    made = taught(*range(20))
    for thing in range(20):
        (name, chance), *others = made.search(look(thing, view=1))
        assert name == f"thing {thing}"
        assert chance > 0.7
        assert chance + sum(other for _, other in others) <= 1.0
    for stranger in range(100, 120):
        assert made.search(look(stranger))[0][1] < 0.2


def test_what_is_said_not_to_be_it_is_not_taken_for_it_again() -> None:
    made = taught(1)
    like = 0.8 * look(1) + 0.6 * look(2)
    like /= np.linalg.norm(like)
    assert made.search(like)[0][1] > 0.5
    made = made.taught("thing 1", like, is_it=False)
    assert made.search(like)[0][1] < 0.1
    assert made.search(look(1, view=1))[0][1] > 0.7


def test_a_look_that_tells_nothing_new_is_not_kept_and_a_name_does_not_grow_without_end() -> None:
    made = taught(1)
    assert made.taught("thing 1", look(1)) is made
    for view in range(1, 80):
        made = made.taught("thing 1", look(1, view))
    assert len(made.looks) == gallery.MOST_OF_A_NAME
    assert made.search(look(1, view=79))[0][1] > 0.9


def test_ten_thousand_looks_can_be_searched() -> None:
    looks = [gallery.Look(f"thing {n % 500}", MODEL, look(n).astype("<f2").tobytes()) for n in range(10_000)]
    made = Gallery.of(looks, MODEL, LIKENESS)
    assert len(made.looks) == 10_000
    (name, _), *others = made.search(made.means[7] if made.means is not None else look(7))
    assert name == made.names[7]
    assert len(others) == 4


def test_looks_of_other_weights_are_kept_but_not_used(tmp_path: Path) -> None:
    path = tmp_path / "gallery"
    gallery.write(path, taught(1).looks)
    shelf = Shelf(path, "toy@2", LIKENESS)
    assert shelf.gallery.search(look(1)) == []
    assert shelf.gallery.elsewhere == 1
    shelf.teach("thing 2", look(2), is_it=True)
    assert [entry.model for entry in gallery.read(path)] == [MODEL, "toy@2"]
    assert Shelf(path, MODEL, LIKENESS).gallery.search(look(1))[0][0] == "thing 1"


def test_a_description_of_another_length_or_without_a_number_finds_nothing() -> None:
    made = taught(1)
    assert made.search(look(1)[:8]) == []
    found = made.search(np.full(D, np.nan, np.float32))
    assert not found or found[0][1] < 0.01


def test_what_is_taught_is_on_disk_at_once_for_its_owner_alone_and_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "gallery"
    Shelf(path, MODEL, LIKENESS).teach("my mug", look(1), is_it=True)
    assert path.stat().st_mode & 0o077 == 0
    assert [entry.name for entry in path.parent.iterdir()] == ["gallery"]
    assert Shelf(path, MODEL, LIKENESS).gallery.search(look(1, view=1))[0][0] == "my mug"


def test_what_is_forgotten_or_deleted_elsewhere_is_so_here(tmp_path: Path) -> None:
    path = tmp_path / "gallery"
    shelf = Shelf(path, MODEL, LIKENESS)
    for thing in (1, 2):
        shelf.teach(f"thing {thing}", look(thing), is_it=True)
    gallery.write(path, shelf.gallery.without("thing 1").looks)
    assert shelf.gallery.search(look(1))[0][0] != "thing 1"
    path.unlink()
    assert shelf.gallery.looks == ()
    with pytest.raises(ValueError, match="nothing called 'thing 2' was taught; nothing has been taught yet"):
        shelf.gallery.without("thing 2")


@pytest.mark.parametrize("content", [b"", b"\xc1", b"no gallery", b"\x81\xa4kind\xa1x", os.urandom(300)])
def test_a_broken_file_is_one_sentence_and_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "gallery"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"gallery is no gallery of taught things, or a broken one \(.*left as it is"):
        Shelf(path, MODEL, LIKENESS)
    assert path.read_bytes() == content


def test_a_file_that_breaks_while_it_is_used_costs_neither_what_is_known_nor_the_file(tmp_path: Path) -> None:
    path = tmp_path / "gallery"
    shelf = Shelf(path, MODEL, LIKENESS)
    shelf.teach("my mug", look(1), is_it=True)
    time.sleep(0.01)
    path.write_bytes(b"broken")
    assert shelf.gallery.search(look(1))[0][0] == "my mug"
    with pytest.raises(ValueError, match="a broken one"):
        shelf.teach("my cup", look(2), is_it=True)
    assert path.read_bytes() == b"broken"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to_is_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OSError, match="cannot be written"):
        Shelf(tmp_path / "deeper" / "gallery", MODEL, LIKENESS).teach("my mug", look(1), is_it=True)


def test_galleries_are_put_together_without_doubles() -> None:
    together = taught(1, 2).with_all(taught(2, 3).looks)
    assert [entry.name for entry in together.looks] == ["thing 1", "thing 2", "thing 3"]


@pytest.mark.parametrize("name", ["", "  \n ", "x" * 101, "bell\a"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="is no name for a thing"):
        taught().taught(name, look(1))
    assert gallery.checked("  my \n mug ") == "my mug"
