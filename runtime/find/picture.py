"""``gazeline find TEXT IMAGE``: everything in a picture is outlined and named, and what fits the text is marked."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from gazeline.engines import rle
from gazeline.engines.bundle import DEFAULT
from gazeline.engines.segmenter import Segmenter
from gazeline.runtime.config import LabelSettings
from gazeline.runtime.draw import draw_masks
from gazeline.runtime.files import write_bytes
from gazeline.runtime.find.match import Match, matches
from gazeline.runtime.find.parse import Lexicon, parse
from gazeline.runtime.find.query import Query
from gazeline.runtime.find.things import Thing
from gazeline.runtime.image_files import Image, read_image, write_image
from gazeline.runtime.label import Crop
from gazeline.runtime.labelling import LabelStage, names_for, stage_of, vocabulary_of
from gazeline.runtime.names import Names
from gazeline.runtime.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class Findings:
    """What was understood, all things in the picture, and those that fit, the best first."""

    query: Query
    things: dict[int, Thing]
    found: list[Match]


def find_in(crops: Sequence[Crop], text: str, stage: LabelStage, names: Names, known: Vocabulary) -> Findings:
    """Find what fits ``text`` among the things in one picture, which crops show under ids of their own."""
    answers, _ = stage.look(crops)
    for crop, answer in zip(crops, answers, strict=True):
        names = names.heard(crop.track_id, answer, 0)
    called = {crop.track_id: names.of(crop.track_id) for crop in crops}
    query = parse(text, Lexicon.of((n.name for n in called.values() if n and n.name), known), any_words=stage.compares)
    _, traits = stage.look(crops, query.phrases)
    things = {}
    for crop, trait in zip(crops, traits, strict=True):
        named = called[crop.track_id]
        things[crop.track_id] = Thing(
            id=crop.track_id,
            box=crop.box,
            name=None if named is None else named.name,
            score=0.0 if named is None else named.score,
            colours=trait.colours,
        )
    looks = {crop.track_id: trait.looks for crop, trait in zip(crops, traits, strict=True)}
    found = matches(query, list(things.values()), lambda phrase, thing: looks[thing.id].get(phrase, 0.0))
    return Findings(query, things, found)
