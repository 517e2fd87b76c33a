"""``gazeline bench teach``: how well taught things are known again, and how often others are taken for them.

In views of simulated rooms that no model was trained on, every thing that is seen often enough is looked at with an
erring gaze; the masks are the model's own, as in use. Every other thing is taught, from one look, three or five; all
looks that were not taught are then asked for their names. Beside the model's describer stands the untrained one, which
pools the encoder's features, at the threshold where it names as many strangers.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from gazeline.engines.bundle import Likeness
from gazeline.engines.describe import PooledDescriber, unit
from gazeline.engines.labelled_sets import Labelled, read_set
from gazeline.engines.segmenter import Prompt, Segmenter
from gazeline.runtime.evaluation import simulator
from gazeline.runtime.evaluation.asking import GazeError, read_case
from gazeline.runtime.files import write_bytes
from gazeline.runtime.naming.gallery import Gallery, Look
from gazeline.runtime.naming.names import LEAST

TAUGHT_LOOKS = (1, 3, 5)
LEAST_LOOKS = TAUGHT_LOOKS[-1] + 1  # one at least is left to ask about
SCENES, VIEWS_A_SCENE = 16, 16
DRAWS = 3  # of the gaze in each view, as in a fixation
MANY = 10_000
ROUNDS = 5  # of other looks being taught
OWN, POOLED = "describer", "pooled features"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of looks. ``first``: the likeliest name is right. ``right``, ``wrong``: a name is said, and is that;
    ``strangers``: a thing that was never taught is given a name."""

    describer: str
    looks: int
    first: float
    right: float
    wrong: float
    strangers: float


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured with how much, and what one description and one search among MANY looks take."""

    model: str
    taught: int
    strangers: int
    asked: int
    rows: list[Row]
    describe_ms: float
    search_ms: float


@dataclass(frozen=True, eq=False)
class Seen:
    """All looks at one thing: vectors (n, D) by the name of their describer; what one description took."""

    vectors: dict[str, NDArray[np.float32]]
    describe_ms: list[float]

    def __len__(self) -> int:
        return len(next(iter(self.vectors.values())))


def bench(model: str, views: Path | None, out: Path | None, seed: int, console: Console | None = None) -> Result:
    """Measure, print, write. ValueError or OSError with one sentence."""
    console = console or Console()
    with Progress(console=console, transient=True) as progress:
        folder = views or simulator.simulated_views(progress, SCENES, VIEWS_A_SCENE)
        segmenter = Segmenter.load(model)
        things = _often(read_set(folder))
        if len(things) < 4:
            raise ValueError(
                f"{folder} has too few things that are seen {LEAST_LOOKS} times; more views of each place?"
            )
        task = progress.add_task("looking", total=sum(map(len, things)))
        seen = [_look(segmenter, thing, seed, lambda: progress.advance(task)) for thing in things]
    result = measure(segmenter, seen, seed)
    segmenter.close()
    console.print(_table(result))
    console.print(f"one description {result.describe_ms} ms, one search among {MANY} looks {result.search_ms} ms (p50)")
    if out is not None:
        write_bytes(out, msgspec.json.format(msgspec.json.encode(result)) + b"\n")
    return result


def measure(segmenter: Segmenter, seen: Sequence[Seen], seed: int) -> Result:
    """Teach every other thing, ask about all."""
    taught, strangers = seen[::2], seen[1::2]
    likeness = segmenter.bundle.manifest.likeness
    rows: list[Row] = []
    for count in TAUGHT_LOOKS:
        answers: dict[str, list[_Asked]] = defaultdict(list)
        for round_ in range(ROUNDS):
            rng = np.random.default_rng([seed, round_])
            orders = [rng.permutation(len(thing)) for thing in taught]
            for kind in seen[0].vectors:
                looks = [
                    Look(str(number), kind, thing.vectors[kind][index].astype("<f2").tobytes())
                    for number, (thing, order) in enumerate(zip(taught, orders, strict=True))
                    for index in order[:count]
                ]
                gallery = Gallery.of(looks, kind, likeness)
                known = [
                    _asked(gallery, thing.vectors[kind][index], str(number))
                    for number, (thing, order) in enumerate(zip(taught, orders, strict=True))
                    for index in order[TAUGHT_LOOKS[-1] :]
                ]
                others = [_asked(gallery, vector, None) for thing in strangers for vector in thing.vectors[kind]]
                answers[kind] += known + others
        false = _strangers(answers[OWN], LEAST)
        for kind, asked in answers.items():
            scores = np.array([a.score for a in asked if a.wanted is None])
            least = LEAST if kind == OWN else float(np.quantile(scores, 1.0 - false)) if len(scores) else LEAST
            rows.append(_row(kind, count, asked, least))
    asked_count = sum(len(thing) - TAUGHT_LOOKS[-1] for thing in taught)
    return Result(
        model=segmenter.name,
        taught=len(taught),
        strangers=len(strangers),
        asked=asked_count,
        rows=rows,
        describe_ms=round(float(np.median([ms for thing in seen for ms in thing.describe_ms])), 3),
        search_ms=round(_search_ms(seen[0].vectors[OWN].shape[1], likeness), 3),
    )


def _search_ms(length: int, likeness: Likeness) -> float:
    """What one search takes among MANY looks at a tenth as many things: the median of some."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(MANY, length))
    looks = [Look(str(i // 10), "", vector.astype("<f2").tobytes()) for i, vector in enumerate(vectors)]
    gallery = Gallery.of(looks, "", likeness)
    took_ms = []
    for vector in vectors[:50].astype(np.float32):
        started_ns = time.monotonic_ns()
        gallery.search(unit(vector))
        took_ms.append((time.monotonic_ns() - started_ns) * 1e-6)
    return float(np.median(took_ms))


@dataclass(frozen=True)
class _Asked:
    """One look: the name that is wanted (None: it was never taught), and the likeliest with its probability."""

    wanted: str | None
    name: str | None
    score: float


def _asked(gallery: Gallery, vector: NDArray[np.float32], wanted: str | None) -> _Asked:
    name, score = next(iter(gallery.search(vector)), (None, 0.0))
    return _Asked(wanted, name, score)


def _strangers(asked: Sequence[_Asked], least: float) -> float:
    scores = [a.score >= least for a in asked if a.wanted is None]
    return float(np.mean(scores)) if scores else 0.0


def _row(kind: str, looks: int, asked: Sequence[_Asked], least: float) -> Row:
    known = [a for a in asked if a.wanted is not None]
    right = np.array([a.name == a.wanted for a in known])
    said = np.array([a.score >= least for a in known])
    return Row(
        describer=kind,
        looks=looks,
        first=round(float(right.mean()), 4),
        right=round(float((right & said).mean()), 4),
        wrong=round(float((~right & said).mean()), 4),
        strangers=round(_strangers(asked, least), 4),
    )


def _often(found: Sequence[Labelled]) -> list[list[Labelled]]:
    """The looks at each thing that is seen often enough: in views of one place it has one number."""
    things: dict[tuple[str, str], list[Labelled]] = defaultdict(list)
    for thing in found:
        things[thing.group, thing.name.rpartition(" ")[2]].append(thing)
    return [looks for _, looks in sorted(things.items()) if len(looks) >= LEAST_LOOKS]


def _look(segmenter: Segmenter, looks: Sequence[Labelled], seed: int, done: Callable[[], None]) -> Seen:
    vectors: dict[str, list[NDArray[np.float32]]] = defaultdict(list)
    took_ms: list[float] = []
    for look in looks:
        case = read_case(look, GazeError(draws=DRAWS), seed, with_depth=False)
        height, width = case.wanted.shape
        embedding = segmenter.encode(case.image, segmenter.window_for(width, height, case.gaze[0]))
        answers = segmenter.decode(embedding, [Prompt([px]) for px in case.gaze])
        logits = [masks.logits[masks.best] for masks in answers]
        pooled = PooledDescriber(next(name for name, t in embedding.tensors.items() if t.ndim == 4))
        started_ns = time.monotonic_ns()
        segmenter.describe(embedding, logits[:1])
        took_ms.append((time.monotonic_ns() - started_ns) * 1e-6)
        for kind, described in (
            (OWN, segmenter.describe(embedding, logits)),
            (POOLED, pooled.describe(embedding.tensors, logits)),
        ):
            vectors[kind].append(unit(np.mean([description.vector for description in described], axis=0)))
        done()
    return Seen({kind: np.stack(all_) for kind, all_ in vectors.items()}, took_ms)


def _table(result: Result) -> Table:
    table = Table(
        box=None,
        pad_edge=False,
        title=f"{result.taught} things taught, {result.strangers} not, {result.model}: shares of looks",
        title_justify="left",
    )
    for heading in ("looks taught", "by", "likeliest is right", "named right", "named wrong", "strangers named"):
        table.add_column(heading, justify="left" if heading == "by" else "right")
    for row in result.rows:
        shares = (row.first, row.right, row.wrong, row.strangers)
        table.add_row(str(row.looks), row.describer, *(f"{share:.3f}" for share in shares))
    return table
