"""Asks a model, what it is compared with, and the baselines about every object of a set."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gazeline.engines.labelled_sets import Labelled
from gazeline.engines.segmenter import Prompt, Segmenter
from gazeline.runtime.evaluation.asking import ASKS, Answer, Ask, Case, GazeError, Observer, Times, ask, read_case
from gazeline.runtime.evaluation.baselines import disc_answers, grabcut_answers

MODEL, AGAINST, DISC, GRABCUT = "model", "against", "disc", "grabcut"


@dataclass(frozen=True)
class Questions:
    """What is asked about every object, and how."""

    asks: Sequence[Ask] = ASKS
    gaze: GazeError = field(default_factory=GazeError)
    seed: int = 0
    depth: bool = False
    mask_input: bool = False
    grabcut: bool = True


@dataclass(frozen=True, eq=False)
class Results:
    """All answers: by method (MODEL, AGAINST, DISC, GRABCUT), then by what was asked, (N, 4) each: the fields of
    `Answer` for each of ``things``; how large their pictures are, (N,) pixels; and how long the models took."""

    things: Sequence[Labelled]
    picture_px: NDArray[np.float64]
    answers: dict[str, dict[str, NDArray[np.float64]]]
    times: dict[str, Times]


def measure(
    things: Sequence[Labelled],
    questions: Questions,
    models: dict[str, Segmenter],
    done: Callable[[], None] = lambda: None,
) -> Results:
    """Ask all ``models`` (MODEL and, if there is one, AGAINST) and the baselines; ``done`` is called after each object.

    Deterministic but for the times. ValueError or OSError: what is wrong with the set.
    """
    times = {method: Times() for method in models}
    rows: list[dict[str, dict[str, Answer]]] = []
    sizes = []
    for thing in things:
        case = read_case(thing, questions.gaze, questions.seed, with_depth=questions.depth)
        row = {}
        for method, segmenter in models.items():
            observer = Observer(segmenter, case, times[method])
            row[method] = ask(observer, case, questions.asks, mask_input=questions.mask_input)
        rows.append(row | _baselines(case, questions))
        sizes.append(case.wanted.size)
        done()
    answers = {
        method: {
            asked: np.array([_numbers(row[method][asked]) for row in rows])  # (N, 4)
            for asked in rows[0][method]
        }
        for method in rows[0]
    }
    return Results(things, np.array(sizes, np.float64), answers, times)


def warm_up(segmenter: Segmenter) -> None:
    """One run of both networks, so that the first object does not pay for what happens once."""
    image = np.zeros((64, 64, 3), np.uint8)
    middle = np.full(2, 32.0)
    segmenter.decode(segmenter.encode(image, segmenter.window_for(64, 64, middle)), [Prompt([middle])])


def _baselines(case: Case, questions: Questions) -> dict[str, dict[str, Answer]]:
    row = {DISC: disc_answers(case, questions.asks)}
    if questions.grabcut:
        row[GRABCUT] = grabcut_answers(case, questions.asks)
    return row


def _numbers(answer: Answer) -> tuple[float, float, float, float]:
    return answer.chosen, answer.best, answer.boundary_f, answer.expected
