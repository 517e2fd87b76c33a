"""Queries in plain English: what is understood of them, and which things fit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gazeline.runtime.find.colour import TERMS, colours_of, fit, white_of
from gazeline.runtime.find.match import Match, matches
from gazeline.runtime.find.parse import Lexicon, parse
from gazeline.runtime.find.things import Box, Thing
from gazeline.runtime.find.words import COLOURS, ENDS, FILLERS, NEGATIONS, NUMBERS, RANKS, RELATIONS, SIZES
from gazeline.runtime.find.words import SIDES as PLACES
from gazeline.runtime.naming import vocabulary

LEXICON = Lexicon.of(["mug", "anna's mug", "laptop", "orange", "thingamajig"], vocabulary.shipped())

UNDERSTOOD = """
red mug                                 | a mug that is red
where's the red mug, please?            | a mug that is red
the second red mug from the left        | the second mug from the left that is red
the second from the left                | the second thing from the left
biggest book                            | the biggest book
the third largest book                  | the third biggest book
a pen between the mug and the laptop    | a pen, between a mug and a laptop
mug on the book left of the laptop      | a mug, on a book, to the left of a laptop
mug on the book and near the plate      | a mug, on a book, near a plate
the mug on the left                     | a mug, on the left
the mug on the left of the laptop       | a mug, to the left of a laptop
the left mug                            | the leftmost mug
an orange                               | an orange
orange mug                              | a mug that is orange
a mug that is orange                    | a mug that is orange
orange and white ball                   | a ball that is orange and white
dark blue mug                           | a mug that is dark blue
something red behind the wine bottle    | a thing that is red, behind a wine bottle
mug closest to the laptop               | the mug, nearest to a laptop
mug nearest to me                       | the nearest mug
my tape measure                         | a tape measure
anna's mug                              | anna's mug
all mugs and plates                     | a mug; or a plate
fruit                                   | a fruit (apple, banana, lemon, …)
smartphone                              | a smartphone (phone)
what is to the right of the keyboard?   | a thing, to the right of a keyboard
thingamajigs                            | a thingamajig
shiny mug                               | a mug; not understood: "shiny"
mug, but not the red one                | a mug; not understood: "not the red one"
frobnitz                                | nothing was understood; not understood: "frobnitz" (nothing is called so)
mug left of the frobnitz                | a mug; not understood: "frobnitz" (nothing is called so)
something orange or something green     | a thing that is orange; or a thing that is green
???                                     | nothing was understood
"""


@pytest.mark.parametrize("line", UNDERSTOOD.strip().splitlines())
def test_it_says_what_it_understood_and_what_it_did_not(line: str) -> None:
    text, _, understood = line.partition("|")
    assert parse(text.strip(), LEXICON).understood == understood.strip()


WORDS = sorted(
    {"mug", "laptop", "orange", "frobnitz", "and", "or", "but", "to", "me", "of", "from", "thing", *FILLERS, *COLOURS}
    | {*SIZES, *RANKS, *NEGATIONS, *NUMBERS}
    | {word for text, _ in (*RELATIONS, *PLACES, *ENDS) for word in text.split()}
)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(max_size=60))
def test_whatever_is_asked_there_is_an_answer(text: str) -> None:
    query = parse(text, LEXICON)
    assert query.understood
    assert len(matches(query, DESK)) <= len(DESK)


def test_with_a_text_model_words_that_are_no_names_are_taken_for_looks() -> None:
    query = parse("frobnitz on the laptop", LEXICON, any_words=True)
    assert query.understood == "a frobnitz, on a laptop"
    things = [thing(1, "laptop", (100, 100, 300, 200)), thing(2, None, (150, 60, 200, 140))]
    assert ids(matches(query, things, lambda words, each: 0.9 if each.id == 2 and words == "frobnitz" else 0.0)) == [2]


def thing(number: int, name: str | None, box: Box, **more: object) -> Thing:
    return Thing(number, box, name, **more)  # type: ignore[arg-type]


def ids(found: list[Match]) -> list[int]:
    return [match.id for match in found]


# A desk from the front, 640x480: what stands lower is nearer.
DESK = [
    thing(1, "laptop", (220, 120, 420, 300), depth_m=0.8, size_m=0.35, colours={"grey": 1.0}),
    thing(2, "mug", (100, 240, 160, 310), depth_m=0.7, size_m=0.1, colours={"red": 0.8, "white": 0.2}),
    thing(3, "mug", (480, 240, 540, 310), depth_m=0.7, size_m=0.1, colours={"blue": 0.9, "white": 0.1}),
    thing(4, "anna's mug", (560, 200, 640, 290), depth_m=0.8, size_m=0.14, colours={"red": 0.3, "white": 0.7}),
    thing(5, "book", (20, 280, 200, 340), depth_m=0.65, size_m=0.25, colours={"brown": 1.0}),
    thing(6, "pen", (460, 330, 560, 345), depth_m=0.5, size_m=0.14, colours={"black": 1.0}),
    thing(7, "vase", (240, 40, 300, 160), depth_m=1.2, size_m=0.3, colours={"green": 1.0}),
    thing(8, None, (300, 400, 340, 440), depth_m=0.4, size_m=0.05, colours={"red": 1.0}),
]

FOUND = {
    "mug": [2, 3, 4],
    "cups": [2, 3, 4],
    "red mug": [2, 4],
    "blue mug": [3],
    "green mug": [],
    "something red": [2, 8, 4],
    "the leftmost mug": [2],
    "the second mug from the left": [3],
    "the third mug from the right": [2],
    "the fourth mug": [],
    "the biggest mug": [4],
    "big mug": [4],
    "mug left of the laptop": [2],
    "mug to the right of the laptop": [3, 4],
    "mug on the book": [2],
    "the thing in front of the blue mug": [6],
    "the thing behind the laptop": [7],
    "vase behind the laptop": [7],
    "mug closest to the pen": [3],
    "the nearest thing": [8],
    "the farthest thing": [7],
    "the laptop between the red mug and the blue mug": [1],
    "mug on the left": [2],
    "orange": [],
    "mug on the frobnitz": [2, 3, 4],
}


@pytest.mark.parametrize("text", FOUND)
def test_what_fits_is_found_and_nothing_else(text: str) -> None:
    found = matches(parse(text, Lexicon.of((t.name for t in DESK if t.name), vocabulary.shipped())), DESK)
    assert sorted(ids(found)) == sorted(FOUND[text])
    assert [match.score for match in found] == sorted((match.score for match in found), reverse=True)


def test_near_is_told_in_the_world_where_it_is_known() -> None:
    def at(number: int, name: str, x: float, z: float) -> Thing:
        return thing(number, name, (x, 0, x + 10, 10), p_world=np.array([x / 100, 0.0, z]), size_m=0.1)

    # side by side in the view, but one of the two is far behind
    things = [at(1, "laptop", 0, -0.8), at(2, "mug", 12, -0.8), at(3, "mug", -12, -3.0)]
    assert ids(matches(parse("mug near the laptop", LEXICON), things)) == [2]


def test_an_uncertain_name_is_a_weaker_match() -> None:
    things = [thing(1, "mug", (0, 0, 9, 9), score=0.5), thing(2, "mug", (20, 0, 29, 9), score=0.9)]
    assert matches(parse("mug", LEXICON), things) == [Match(2, 0.9), Match(1, 0.5)]


CSS = {  # https://www.w3.org/TR/css-color-4/#named-colors, but for those that are called otherwise than they are named
    "red": ("ff0000", "dc143c", "8b0000", "ff6347"),
    "orange": ("ffa500", "ff8c00"),
    "yellow": ("ffff00", "ffd700", "f0e68c"),
    "green": ("008000", "00ff00", "006400", "228b22", "98ff98"),
    "turquoise": ("00ffff", "008080", "40e0d0"),
    "blue": ("0000ff", "000080", "87ceeb", "4169e1", "4682b4"),
    "purple": ("800080", "4b0082", "9370db"),
    "pink": ("ffc0cb", "ff69b4", "ff1493", "fa8072"),
    "brown": ("8b4513", "a0522d", "d2b48c"),
    "black": ("000000", "1a1a1a"),
    "grey": ("808080", "696969"),
    "white": ("ffffff", "f5f5dc"),
}


@pytest.mark.parametrize("word", CSS)
def test_colours_are_called_what_people_call_them(word: str) -> None:
    for code in CSS[word]:
        colours = colours_of(plain(code), np.ones((24, 24), np.bool_))
        assert max(TERMS, key=lambda term: colours[term]) == word, code
        assert sum(colours[term] for term in TERMS) == pytest.approx(1.0, abs=1e-3)


def test_dark_and_light_are_told() -> None:
    everywhere = np.ones((24, 24), np.bool_)
    navy, sky = (colours_of(plain(code), everywhere) for code in ("000080", "87ceeb"))
    assert fit(navy, ("dark", "blue")) > 0.9 > fit(sky, ("dark", "blue"))
    assert fit(sky, ("light", "blue")) > 0.9 > fit(navy, ("light", "blue"))


def test_a_thing_of_two_colours_is_of_both_and_its_surroundings_do_not_count() -> None:
    picture = np.concatenate([plain("ff0000"), plain("ffffff"), plain("0000ff")], axis=1)
    mask = np.zeros(picture.shape[:2], np.bool_)
    mask[2:22, 2:46] = True
    colours = colours_of(picture, mask)
    assert fit(colours, ("red",)) > 0.9
    assert fit(colours, ("red", "white")) > 0.8
    assert fit(colours, ("blue",)) < 0.1


def test_white_is_white_in_a_dim_picture_too() -> None:
    picture = np.full((60, 80, 3), 90, np.uint8)
    picture[10:30, 10:50] = 150
    mask = np.zeros((60, 80), np.bool_)
    mask[10:30, 10:50] = True
    assert fit(colours_of(picture, mask), ("white",)) < 0.5
    assert fit(colours_of(picture, mask, white_of(picture)), ("white",)) > 0.9


def test_nothing_has_no_colours() -> None:
    assert colours_of(plain("ff0000"), np.zeros((24, 24), np.bool_)) == {}
    assert fit({}, ("red",)) == 0.0
    assert fit({}, ()) == 1.0


def plain(code: str) -> NDArray[np.uint8]:
    rgb = np.array([int(code[i : i + 2], 16) for i in (0, 2, 4)], np.uint8)
    return np.broadcast_to(rgb, (24, 24, 3)).copy()
