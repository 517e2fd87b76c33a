"""The command ``gazeline eval``: from its options to the tables, the JSON and the sheet."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from gazeline.engines.clicks import Mask
from gazeline.engines.labelled_sets import Labelled, read_set
from gazeline.engines.segmenter import Prompt, Segmenter
from gazeline.runtime.evaluation import simulator
from gazeline.runtime.evaluation.asking import Case, Observer, Times, read_case
from gazeline.runtime.evaluation.measure import AGAINST, MODEL, Questions, measure, warm_up
from gazeline.runtime.evaluation.report import CHOSEN, Report, Settings, make_report
from gazeline.runtime.evaluation.sheet import sheet
from gazeline.runtime.evaluation.tables import tables
from gazeline.runtime.files import write_bytes
from gazeline.runtime.image_files import write_image
from gazeline.runtime.report import check_writable


@dataclass(frozen=True)
class Options:
    """What was typed."""

    set: str  # a folder, or simulator.NAME
    model: str
    questions: Questions
    against: str | None = None
    min_area_px: float = 400
    limit: int | None = None
    out: Path | None = None
    sheet: Path | None = None


def evaluate(options: Options, console: Console | None = None) -> Report:
    """Measure, print and write. ValueError or OSError: what is wrong with the set, a model or a file."""
    for path, option in ((options.out, "--out"), (options.sheet, "--sheet")):
        if path is not None:
            check_writable(path, option)
    console = console or _wide(Console())
    with _progress() as progress:
        folder = simulator.simulated_views(progress) if options.set == simulator.NAME else Path(options.set)
        things = read_set(folder, min_area_px=options.min_area_px, most=options.limit)
        name = options.set if options.set == simulator.NAME else folder.resolve().name
        with _loaded(options) as models:
            task = progress.add_task(name, total=len(things))
            results = measure(things, options.questions, models, lambda: progress.advance(task))
            report = make_report(results, name, options.model, options.against, _settings(options))
            if options.out is not None:
                write_bytes(options.out, msgspec.json.encode(report))
            if options.sheet is not None:
                scores = next(iter(results.answers[MODEL].values()))[:, CHOSEN]
                picture = sheet(scores, lambda index: _shown(things[index], options.questions, models[MODEL]))
                write_image(options.sheet, picture)
            if options.questions.depth and not models[MODEL].takes_depth:
                progress.console.print(f"the model {models[MODEL].name} does not look at depth")
    console.print(tables(report))
    return report


@contextmanager
def _loaded(options: Options) -> Iterator[dict[str, Segmenter]]:
    """The models by their part in the comparison, warm."""
    names = {MODEL: options.model} | ({} if options.against is None else {AGAINST: options.against})
    models: dict[str, Segmenter] = {}
    try:
        for method, name in names.items():
            models[method] = Segmenter.load(name)
            warm_up(models[method])
        yield models
    finally:
        for segmenter in models.values():
            segmenter.close()


def _wide(console: Console) -> Console:
    """Files and pipes take lines of any length."""
    return console if console.is_terminal else Console(width=160)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    return Progress(*columns, TextColumn("left"), TimeRemainingColumn(), console=console, transient=True)


def _settings(options: Options) -> Settings:
    questions = options.questions
    return Settings(
        min_area_px=options.min_area_px,
        limit=options.limit,
        seed=questions.seed,
        gaze_error_deg=questions.gaze.error_deg,
        gaze_draws=questions.gaze.draws,
        fov_deg=questions.gaze.fov_deg,
        depth=questions.depth,
        mask_input=questions.mask_input,
    )


def _shown(thing: Labelled, questions: Questions, segmenter: Segmenter) -> tuple[Case, Mask]:
    """The object and what the model answers to a click on it, once more: keeping all masks would take much memory."""
    case = read_case(thing, questions.gaze, questions.seed, with_depth=questions.depth)
    return case, Observer(segmenter, case, Times()).ask(case.click, Prompt([case.click])).mask()
