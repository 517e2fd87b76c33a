"""``gazeline eval``."""

from pathlib import Path
from typing import Annotated

import typer

from gazeline.runtime.options import Model

ASKS = "click|gaze|clicks|box|first|everything"


def eval_(
    labelled: Annotated[str, typer.Argument(metavar="SET", help='A folder of labelled pictures, or "simulator".')],
    model: Model = None,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="MODEL", help="Another model's name or folder, compared object by object."),
    ] = None,
    asks: Annotated[
        list[str] | None, typer.Option("--ask", metavar=ASKS, help="May be repeated.", show_default="all of them")
    ] = None,
    gaze_error_deg: Annotated[
        float, typer.Option("--gaze-error-deg", min=0.0, max=30.0, help="Error of the gaze per axis.")
    ] = 0.8,
    draws: Annotated[int, typer.Option("--draws", min=1, max=1000, help="Gaze points for each object.")] = 5,
    fov_deg: Annotated[
        float | None,
        typer.Option(
            "--fov-deg",
            min=1.0,
            max=360.0,
            help="The angle that the pictures' longer side spans.",
            show_default="the set's own, else 75",
        ),
    ] = None,
    min_area: Annotated[float, typer.Option("--min-area", min=1.0, help="Leave out smaller objects, px.")] = 400,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="So many objects, spread over the set.", show_default="all")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed, other gaze errors.")] = 0,
    depth: Annotated[bool, typer.Option("--depth", help="Give the model the set's depth pictures, too.")] = False,
    mask_input: Annotated[
        bool, typer.Option("--mask-input", help="Corrective clicks come with the mask so far, as SAM likes them.")
    ] = False,
    no_grabcut: Annotated[
        bool, typer.Option("--no-grabcut", help="Leave out GrabCut, which takes longer than a small model.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.json", help="Everything, with the scores of each object.")
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", metavar="FILE.png", help="Pictures of the best, median and worst.")
    ] = None,
) -> None:
    """How well a model segments labelled objects, beside GrabCut, a disc and another model.

    Each object is asked for by a click deepest inside, by gaze that errs, by 3 and 5 clicks (each where the answer so
    far is most wrong), and by its box. Limits are 95 %, by bootstrap over pictures, videos or scenes.

    With --ask first, a mask is given in the first picture of each video of a DAVIS folder and carried through the
    others, by optical flow, colours and the model together; beside it what each of them does without the others.

    With --ask everything, all that is in the fully labelled pictures is looked for at once: how much of it is found,
    how often twice, and how long it takes. --limit is of pictures then.

    SET: a folder with instances.json and images/ (COCO), with JPEGImages/ and Annotations/ (DAVIS), or with rendered
    views (as gazeline sim views writes them); or the word simulator: views that no model was trained on, rendered when
    first asked for and kept in ~/.cache/gazeline.

    [bold]Examples[/bold]

    \b
      gazeline eval coco_ccby
      gazeline eval coco_ccby --ask click --limit 100 --no-grabcut
      gazeline eval davis2016 --model mobile-sam --sheet sheet.png
      gazeline eval davis2016 --ask first
      gazeline eval simulator --depth --limit 500
      gazeline eval coco_ccby --ask everything
      gazeline eval coco_ccby --against ~/models/gazeline-s-0.1 --out scores.json
    """
    from gazeline.engines.bundle import DEFAULT
    from gazeline.runtime.evaluation.asking import ASKS as KNOWN
    from gazeline.runtime.evaluation.asking import GazeError
    from gazeline.runtime.evaluation.measure import Questions
    from gazeline.runtime.evaluation.run import Options, evaluate

    if asks and "first" in asks:
        if set(asks) != {"first"}:
            raise ValueError("--ask first is about whole videos; it cannot be combined with other questions")
        from gazeline.runtime.evaluation import first

        first.evaluate(Path(labelled), model or DEFAULT, out)
        return
    if asks and "everything" in asks:
        if set(asks) != {"everything"}:
            raise ValueError("--ask everything is about whole pictures; it cannot be combined with other questions")
        from gazeline.runtime.evaluation import all_things

        models = [model or DEFAULT, *([against] if against is not None else [])]
        all_things.evaluate(labelled, models, min_area_px=min_area, most=limit, with_depth=depth, out=out)
        return
    for name in asks or ():
        if name not in KNOWN:
            raise ValueError(f"--ask {name} is not known; it can be {', '.join(KNOWN)}, first or everything")
    questions = Questions(
        asks=[known for known in KNOWN if not asks or known in asks],
        gaze=GazeError(gaze_error_deg, draws, fov_deg),
        seed=seed,
        depth=depth,
        mask_input=mask_input,
        grabcut=not no_grabcut,
    )
    evaluate(
        Options(
            set=labelled,
            model=model or DEFAULT,
            questions=questions,
            against=against,
            min_area_px=min_area,
            limit=limit,
            out=out,
            sheet=sheet,
        )
    )
