"""``gazeline bench …``: how long things take, and how well they fit, measured here: tables, plots and JSON."""

from pathlib import Path
from typing import Annotated

import typer

from gazeline.runtime.options import Model

Scenes = Annotated[list[str] | None, typer.Option("--scene", help="May be repeated.", show_default="kitchen desk room")]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE.json", help="Write all figures.")]

app = typer.Typer(
    help="Measurements: speed, registration, sizes, identity, teaching.", rich_markup_mode="rich", no_args_is_help=True
)


@app.command("hud")
def bench_hud(
    objects: Annotated[int, typer.Option(min=0, max=100, help="Outlined objects, one of them looked at.")] = 10,
    frames: Annotated[int, typer.Option(min=10, max=100_000, help="Frames to measure.")] = 300,
    size: Annotated[str, typer.Option(metavar="WxH", help="Of each eye's picture, px.")] = "1344x1512",
) -> None:
    """What one frame of the HUD costs: processor time of the whole process, both eyes, drawn without a display.

    The head turns all the time and overlays come twenty times a second with outlines that tremble, as in use. Where
    OpenGL runs on the processor its time is in it. What the headset's own runtime takes is not.

    [bold]Examples[/bold]

    \b
      gazeline bench hud
      gazeline bench hud --objects 30 --size 2064x2208
    """
    from gazeline.runtime.hud import bench
    from gazeline.runtime.options import width_height

    bench.report(bench.measure(objects, frames, *width_height(size, "--size")))


@app.command()
def registration(
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE.json", help="Write all figures.")] = None,
    plot: Annotated[Path | None, typer.Option("--plot", metavar="FILE.png", help="Draw error against delay.")] = None,
    speed: Annotated[
        list[float] | None,
        typer.Option("--speed", metavar="DEG/S", help="Of the head; may be repeated.", show_default="30 60 100 150"),
    ] = None,
    delay_ms: Annotated[
        list[float] | None,
        typer.Option("--delay-ms", help="Capture to display; may be repeated.", show_default="20 35 50 75 100"),
    ] = None,
    scene: Annotated[
        list[str] | None, typer.Option("--scene", help="May be repeated.", show_default="kitchen desk room")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Other scenes, other movements.")] = 0,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.0, help="Of the session with the real model in each scene; 0: none.")
    ] = 10.0,
    model: Model = None,
) -> None:
    """How far an outline stands from its object when it is displayed, while head and object move.

    In the simulator, whose truth is exact. First with true masks, so that nothing but registration is measured: drawn
    as it was captured, with the head's turn undone, and with what is known of the distance, at the true display pose
    and at a predicted one. Then things that move, with and without prediction. Last a session with the real model,
    which tells what its masks add. Takes a few minutes.

    [bold]Examples[/bold]

    \b
      gazeline bench registration --out registration.json --plot registration.png
      gazeline bench registration --speed 100 --delay-ms 50 --scene desk --seconds 0
    """
    from gazeline.runtime import registration as registration_

    registration_.bench(
        registration_.Options(
            out=out,
            plot=plot,
            speeds=tuple(speed or ()),
            delays_ms=tuple(delay_ms or ()),
            scenes=tuple(scene or ()),
            seed=seed,
            seconds=seconds,
            model=model,
        )
    )


@app.command()
def identity(
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.0, max=600.0, help="Of each scenario with exact outlines; 0: none.")
    ] = 20.0,
    session_seconds: Annotated[
        float, typer.Option("--session-seconds", min=0.0, max=600.0, help="Of each session with the model; 0: none.")
    ] = 20.0,
    scene: Scenes = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed, other scenes and another wearer.")] = 1,
    model: Model = None,
    out: Out = None,
) -> None:
    """How long ids last: IDF1 and switches per object-minute in the simulator, against exact truth.

    First with exact outlines, given twice a second, so that nothing but identity is measured: somebody looks about,
    swings the head so that all things leave the picture and come back, walks along the scene, looks away for half a
    minute; in rooms people walk about. Then sessions with the real model, from picture to overlay. Takes some minutes.

    [bold]Examples[/bold]

    \b
      gazeline bench identity --out identity.json
      gazeline bench identity --scene desk --seconds 10 --session-seconds 0
    """
    from gazeline.runtime.bench import simulated as bench_simulated

    options = {"seconds": seconds, "session-seconds": session_seconds, "scene": scene, "seed": seed, "model": model}
    bench_simulated.run(
        "identity", options, "How long ids last: the goals are 0.90 and 1 switch per object-minute", out
    )


@app.command("engines")
def bench_engines(
    seconds: Annotated[float, typer.Option("--seconds", min=1, help="For all networks together.")] = 120.0,
    threads: Annotated[int, typer.Option("--threads", min=1, max=64, help="Processor cores of one run.")] = 2,
    backend: Annotated[
        list[str] | None,
        typer.Option("--backend", help="Only this one; may be repeated.", show_default="all that work here"),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE.json", help="The table for programs.")] = None,
) -> None:
    """gazeline-s beside SAM ViT-B, MobileSAM's and NanoSAM's networks: time to encode and to decode, and memory.

    The others are of the same shape as the real ones but have random weights, which is enough for time and memory. They
    are made at the first run and need the extra: pip install 'gazeline\\[bench]'

    [bold]Examples[/bold]

    \b
      gazeline bench engines
      gazeline bench engines --seconds 300 --backend onnxruntime --out engines.json
    """
    from gazeline.runtime.bench import engines as bench

    bench.run(seconds, threads, backend or (), out)


@app.command()
def sizes(
    scene: Scenes = None,
    seed: Annotated[list[int] | None, typer.Option("--seed", help="May be repeated.", show_default="0 1")] = None,
    model: Model = "gazeline-s",
    out: Out = None,
) -> None:
    """How right the width and height of objects are, in the simulator, whose truth is exact.

    With a depth camera, by the eyes' vergence, by what things stand on, and with nothing but the default distance:
    errors in percent, what is stated as one standard deviation, and how often one and two of them cover the truth. For
    true outlines, so that nothing but the size is measured, and for those of the model.

    [bold]Examples[/bold]

    \b
      gazeline bench sizes
      gazeline bench sizes --scene desk --seed 7 --out sizes.json
    """
    from gazeline.runtime.bench import simulated as bench_simulated

    options = {"scene": scene, "seed": seed, "model": model}
    bench_simulated.run("sizes", options, "Width and height as seen from the camera", out)


@app.command("teach")
def bench_teach(
    model: Model = "gazeline-s",
    views: Annotated[
        Path | None,
        typer.Option("--views", metavar="FOLDER", help="Other views, of gazeline sim views.", show_default="rendered"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other looks are taught.")] = 0,
    out: Out = None,
) -> None:
    """How well taught things are known again after 1, 3 and 5 looks, and how often others are taken for them.

    In simulated rooms that were not trained on, beside an untrained describer. Takes a few minutes, most of them to
    render the views, which are kept.

    [bold]Examples[/bold]

    \b
      gazeline bench teach
      gazeline bench teach --model sam-vit-b --out teach.json
    """
    from gazeline.runtime.bench import teach as bench

    bench.bench(model or "gazeline-s", views, out, seed)


@app.command("labels")
def bench_labels(
    label: Annotated[
        list[str] | None,
        typer.Option(
            "--label", metavar="MODEL", help="A model that names things.", show_default="random towers of usual sizes"
        ),
    ] = None,
    threads: Annotated[int, typer.Option("--threads", min=1, max=64, help="Processor cores of one run.")] = 2,
    out: Out = None,
) -> None:
    """What naming things by text or by a detector costs: for one thing, for eight, and for a word of the vocabulary.

    Without a model of yours, by an image and a text tower with random weights, which need the extras: pip install
    'gazeline\\[export,label]'

    [bold]Examples[/bold]

    \b
      gazeline bench labels
      gazeline bench labels --label mobileclip-s1 --out labels.json
    """
    from gazeline.runtime.bench import labels as bench_

    bench_.bench(label or (), threads, out)


@app.command()
def names(
    scene: Scenes = None,
    seed: Annotated[list[int] | None, typer.Option("--seed", help="May be repeated.", show_default="100000")] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=5.0, help="Of each of three sessions a scene.")] = 30.0,
    model: Model = "gazeline-s",
    out: Out = None,
) -> None:
    """How often the gazed thing has its right name in sessions with the runtime, in the simulator; and how steadily.

    One wearer teaches every other thing by one look, or by three; another one then looks at all of them. Names of the
    model's own are judged by the things' kinds. Looks count where the outline is of the thing that is gazed at.

    [bold]Examples[/bold]

    \b
      gazeline bench names
      gazeline bench names --scene desk --seconds 20 --out names.json
    """
    from gazeline.runtime.bench import simulated as bench_simulated

    options = {"scene": scene, "seed": seed, "seconds": seconds, "model": model}
    bench_simulated.run("names", options, "Names of gazed things, shares of overlays", out)


@app.command()
def levels(
    scene: Scenes = None,
    seed: Annotated[list[int] | None, typer.Option("--seed", help="May be repeated.", show_default="0")] = None,
    most: Annotated[int, typer.Option("--most", min=1, help="Episodes of each kind in each scene.")] = 12,
    model: Model = "gazeline-s",
    out: Out = None,
) -> None:
    """Whether the right size of thing is outlined, for simulated wearers who mean a thing, a part of one or a whole.

    They look once, dwell or look again, or look around; beside each figure stands the one of always taking the mask of
    the highest expected IoU. For true masks, so that nothing but the choice is measured, and for those of the model.

    [bold]Examples[/bold]

    \b
      gazeline bench levels
      gazeline bench levels --scene kitchen --seed 0 --seed 1 --out levels.json
    """
    from gazeline.runtime.bench import simulated as bench_simulated

    options = {"scene": scene, "seed": seed, "most": most, "model": model}
    bench_simulated.run("levels", options, "Which level is shown: shares of episodes, and means", out)


@app.command("everything")
def bench_everything(
    labelled: Annotated[
        str, typer.Argument(metavar="SET", help='A folder of labelled pictures, or "simulator".')
    ] = "simulator",
    pictures: Annotated[int, typer.Option("--pictures", min=1, help="So many of the set, spread over it.")] = 6,
    min_area: Annotated[float, typer.Option("--min-area", min=1.0, help="Leave out smaller objects, px.")] = 400,
    model: Model = "gazeline-s",
    out: Out = None,
) -> None:
    """All that is in a picture: ours beside segment-anything's automatic mask generator, which drives the same model.

    The generator asks its 32x32 points, once with its own thresholds, which were chosen for another model, and twice
    with ours: in one window on the whole frame, and in the windows that ours uses. Each picture takes it many seconds.
    It needs the extra: pip install 'gazeline\\[export]'

    [bold]Examples[/bold]

    \b
      gazeline bench everything
      gazeline bench everything ../shared/data/coco_ccby --pictures 10 --out everything.json
    """
    from gazeline.runtime.bench import everything as bench

    bench.bench(model or "gazeline-s", labelled, pictures, min_area, out)
