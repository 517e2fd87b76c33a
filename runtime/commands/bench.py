"""``gazeline bench …``: how long things take on this machine, as p50 and p99."""

from typing import Annotated

import typer

app = typer.Typer(help="How long things take on this machine.", rich_markup_mode="rich", no_args_is_help=True)


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
