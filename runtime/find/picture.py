"""``gazeline find TEXT IMAGE``: everything in a picture is outlined and named, and what fits the text is marked."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import msgspec
import numpy as np
from numpy.typing import NDArray

from gazeline.engines import rle
from gazeline.engines.everything import described, everything
from gazeline.engines.segmenter import Segmenter
from gazeline.runtime.config import Settings
from gazeline.runtime.draw import draw_masks
from gazeline.runtime.files import write_bytes
from gazeline.runtime.find.match import LEAST, Match, matches
from gazeline.runtime.find.parse import Lexicon, parse
from gazeline.runtime.find.query import Query
from gazeline.runtime.find.things import Thing
from gazeline.runtime.image_files import Image, read_image, write_image
from gazeline.runtime.naming.gallery import default_path
from gazeline.runtime.naming.label import Crop
from gazeline.runtime.naming.labelling import LabelStage, crop_around, stage_of, vocabulary_of
from gazeline.runtime.naming.names import TRUST, Names
from gazeline.runtime.naming.vocabulary import Vocabulary

# One look must do, and a match says its score: so names count that are too unsure to be said of their own accord.
LIKELY = Names(dict.fromkeys(TRUST, LEAST))


@dataclass(frozen=True, eq=False)
class Findings:
    """What was understood, all things in the picture by id, and those that fit, the best first."""

    query: Query
    things: dict[int, Thing]
    found: list[Match]


class FoundEntry(TypedDict):
    """One match in the ``--out`` file."""

    id: int
    name: str | None
    score: float
    box: tuple[float, float, float, float]
    colours: dict[str, float]
    segmentation: rle.Rle


class Output(TypedDict):
    """The ``--out`` file."""

    text: str
    understood: str
    things: int
    found: list[FoundEntry]


def run(
    text: str,
    image: Path,
    settings: Settings,
    *,
    model: str | None = None,
    out: Path | None = None,
    overlay: Path | None = None,
) -> None:
    """The command. Without ``out`` the JSON goes to the standard output. ValueError and OSError say what is wrong."""
    picture = read_image(image)
    known = vocabulary_of(settings.label)
    segmenter = Segmenter.load(model or settings.model.name, settings.model.backend)
    try:
        stage = stage_of(segmenter, settings.label, default_path())
        crops = things_in(segmenter, picture)
        findings = find_in(crops, text, stage, LIKELY, known)
    finally:
        segmenter.close()
    if overlay is not None:
        write_image(overlay, draw(picture, crops, findings))
    data = msgspec.json.format(msgspec.json.encode(output_of(picture, crops, findings)))
    if out is not None:
        write_bytes(out, data)
        print(f"looking for {findings.query.understood}: {len(findings.found)} of {len(crops)} things fit")
    else:
        sys.stdout.write(data.decode() + "\n")


def things_in(segmenter: Segmenter, picture: Image) -> list[Crop]:
    """All things in a picture, without the surfaces, under ids from 1, with what they look like."""
    things = [found for found in everything(segmenter, picture) if not found.surface]
    looks = described(segmenter, picture, things)
    numbered = enumerate(zip(things, looks, strict=True), 1)
    return [crop_around(number, found.masks.mask(), picture, look) for number, (found, look) in numbered]


def find_in(crops: Sequence[Crop], text: str, stage: LabelStage, names: Names, known: Vocabulary) -> Findings:
    """What fits ``text`` among the things in one picture, which crops show under ids of their own."""
    answers, _ = stage.look(crops)
    for crop, answer in zip(crops, answers, strict=True):
        names = names.heard(crop.track_id, answer, 0)
    called = filter(None, (names.called(crop.track_id) for crop in crops))
    query = parse(text, Lexicon.of(called, known), any_words=stage.compares)
    _, traits = stage.look(crops, query.phrases)
    things, looks = {}, {}
    for crop, trait in zip(crops, traits, strict=True):
        named = names.of(crop.track_id)
        looks[crop.track_id] = trait.looks
        things[crop.track_id] = Thing(
            id=crop.track_id,
            box=crop.box,
            name=None if named is None else named.name,
            score=0.0 if named is None else named.score,
            colours=trait.colours,
        )
    found = matches(query, list(things.values()), lambda phrase, thing: looks[thing.id].get(phrase, 0.0))
    return Findings(query, things, found)


def draw(picture: Image, crops: Sequence[Crop], findings: Findings) -> Image:
    """The picture with what was found outlined and named."""
    by_id = {crop.track_id: crop for crop in crops}
    masks = [whole_mask(by_id[match.id], picture) for match in findings.found]
    labels = [findings.things[match.id].name or f"#{match.id}" for match in findings.found]
    return draw_masks(picture, masks, labels=labels)


def output_of(picture: Image, crops: Sequence[Crop], findings: Findings) -> Output:
    """What the ``--out`` file says."""
    by_id = {crop.track_id: crop for crop in crops}
    rows: list[FoundEntry] = []
    for match in findings.found:
        thing = findings.things[match.id]
        rows.append(
            {
                "id": match.id,
                "name": thing.name,
                "score": match.score,
                "box": thing.box,
                "colours": {word: share for word, share in thing.colours.items() if share >= 0.1},
                "segmentation": rle.encode(whole_mask(by_id[match.id], picture)),
            }
        )
    query = findings.query
    return {"text": query.text, "understood": query.understood, "things": len(crops), "found": rows}


def whole_mask(crop: Crop, picture: Image) -> NDArray[np.bool_]:
    """A crop's mask in the whole picture (H, W)."""
    mask = np.zeros(picture.shape[:2], np.bool_)
    x, y = crop.corner
    mask[y : y + crop.mask.shape[0], x : x + crop.mask.shape[1]] = crop.mask
    return mask
