"""The command line. Every command here is thin: it reads its options and calls the module that does the work."""

import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from gazeline.runtime import exits
from gazeline.runtime.commands import bench, calibrate, engines, models, teach
from gazeline.runtime.commands.eval import eval_
from gazeline.runtime.commands.find import find
from gazeline.runtime.commands.hud import hud
from gazeline.runtime.options import (
    BUS_HELP,
    Backend,
    Bus,
    Gaze,
    Headless,
    Label,
    Loop,
    Model,
    Mouse,
    Plain,
    Report,
    RigFile,
    Seconds,
    SettingsFile,
    SourcePath,
    Video,
    WebPort,
)

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(models.app, name="models")
app.add_typer(engines.app, name="engines")
app.add_typer(bench.app, name="bench")
app.command()(hud)
app.command()(find)
app.add_typer(calibrate.app, name="calibrate")
app.add_typer(teach.app, name="teach")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gazeline {importlib.metadata.version('gazeline')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def gazeline(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Look at it: it is outlined, named, and stays put.

    To see it at once: [bold]gazeline demo[/bold]
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def demo(
    headless: Headless = False,
    seconds: Seconds = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another scene.")] = 0,
    scene: Annotated[str | None, typer.Option(help="kitchen, desk or room.", show_default="kitchen")] = None,
    lockstep: Annotated[
        bool, typer.Option("--lockstep", help="In simulated time: the same seed gives the same report.")
    ] = False,
    report: Report = None,
    video: Video = None,
    port: WebPort = None,
    model: Model = None,
    label: Label = None,
) -> None:
    """A simulated headset, the runtime and a browser page, in one command.

    Open the page that it names and move the mouse over the picture: the mouse becomes the gaze.

    [bold]Examples[/bold]

    \b
      gazeline demo
      gazeline demo --scene desk --seed 3
      gazeline demo --headless --seconds 20 --report report.json
      gazeline demo --lockstep --seconds 10 --report report.json
    """
    from gazeline.runtime import demo as demo_

    demo_.demo(
        demo_.Options(
            headless=headless,
            seconds=seconds,
            seed=seed,
            scene=scene,
            lockstep=lockstep,
            report=report,
            video=video,
            port=port,
            model=model,
            label=tuple(label or ()),
        )
    )


@app.command()
def run(
    bus: Annotated[
        str | None, typer.Option("--bus", help=BUS_HELP, show_default="gazeline, or what the settings say")
    ] = None,
    config: SettingsFile = None,
    model: Model = None,
    label: Label = None,
    backend: Backend = None,
    user: Annotated[
        str | None, typer.Option("--user", metavar="NAME", help="Whose gaze profile; see: gazeline calibrate gaze")
    ] = None,
    survey: Annotated[
        float | None,
        typer.Option(
            "--survey",
            min=0.0,
            max=10.0,
            metavar="HZ",
            help="Look for all that is in view so often; 0: when asked.",
            show_default="what the settings say, else 0",
        ),
    ] = None,
    insecure_plain_tcp: Plain = False,
) -> None:
    """The runtime on a bus of its own: camera, gaze and head pose in, outlines out.

    Connect a headset, `gazeline sim` or `gazeline web` to the same bus.

    [bold]Examples[/bold]

    \b
      gazeline run
      gazeline run --bus ipc:///tmp/headset
      gazeline run --bus tcp://0.0.0.0:5555       encrypted; keys in ~/.config/gazeline/bus.key
    """
    from gazeline.runtime import app as runtime_app
    from gazeline.runtime import config as config_

    settings = config_.surveyed_at(config_.labelled_by(config_.load(config), label or ()), survey)
    runtime_app.run(settings, bus=bus, model=model, backend=backend, user=user, insecure_plain_tcp=insecure_plain_tcp)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
def sim(context: typer.Context) -> None:
    """The simulated headset alone, on the bus of a running runtime. Its options: gazeline sim --help"""
    if importlib.util.find_spec("mujoco") is None or importlib.util.find_spec("OpenGL") is None:
        raise ValueError("the simulator is not installed; install it with: pip install 'gazeline[sim]'")
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "gazeline.sim", *context.args])


@app.command()
def web(
    bus: Bus = "gazeline",
    port: WebPort = None,
    host: Annotated[
        str, typer.Option(help="Where to listen; on another than localhost, others see what the wearer sees.")
    ] = "localhost",
    insecure_plain_tcp: Plain = False,
) -> None:
    """The browser page alone, for the bus of a running runtime.

    [bold]Examples[/bold]

    \b
      gazeline web
      gazeline web --bus ipc:///tmp/headset --port 9000
    """
    for name in ("starlette", "uvicorn", "websockets"):
        if importlib.util.find_spec(name) is None:
            raise ValueError("the browser page is not installed; install it with: pip install 'gazeline[web]'")
    from gazeline.runtime.bus import BusAddress
    from gazeline.runtime.show import DEFAULT_PORT
    from gazeline.runtime.web.server import serve

    address = BusAddress.parse(bus, insecure_plain_tcp=insecure_plain_tcp)
    serve(address, port or DEFAULT_PORT, host, on_ready=lambda url: typer.echo(f"Open {url}"))


@app.command()
def replay(
    source: SourcePath,
    gaze: Gaze = None,
    mouse: Mouse = False,
    rig: RigFile = None,
    headless: Headless = False,
    loop: Loop = False,
    report: Report = None,
    video: Video = None,
    port: WebPort = None,
    model: Model = None,
    label: Label = None,
) -> None:
    """Play a recording as if it were a headset, and say what was looked at, when, and for how long.

    SOURCE: a Project Aria recording (.vrs), a video, a picture or a folder of them, or a log of the bus (.gzl). With
    --headless it ends with the recording; otherwise it begins again, and the report covers the first pass.

    [bold]Examples[/bold]

    \b
      gazeline replay recording.vrs
      gazeline replay walk.mp4 --gaze walk.csv --headless --report looks.json
      gazeline replay walk.mp4 --mouse
      gazeline replay recording.vrs --headless --video outlined.mp4
    """
    from gazeline.runtime import replay as replay_

    replay_.replay(
        replay_.Options(
            recording=replay_.Recording(source, gaze=gaze, mouse=mouse, rig=rig),
            headless=headless,
            loop=loop,
            report=report,
            video=video,
            port=port,
            model=model,
            label=tuple(label or ()),
        )
    )


@app.command()
def source(
    source: SourcePath,
    bus: Bus = "gazeline",
    gaze: Gaze = None,
    mouse: Mouse = False,
    rig: RigFile = None,
    loop: Loop = False,
    insecure_plain_tcp: Plain = False,
) -> None:
    """A recording alone, published as a headset on the bus of a running runtime.

    [bold]Examples[/bold]

    \b
      gazeline source recording.vrs --loop
    """
    from gazeline.runtime import replay as replay_
    from gazeline.runtime.bus import BusAddress

    address = BusAddress.parse(bus, insecure_plain_tcp=insecure_plain_tcp)
    replay_.publish(replay_.Recording(source, gaze=gaze, mouse=mouse, rig=rig), address, loop=loop)


@app.command()
def segment(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="A picture: JPEG, PNG, WebP, TIFF or BMP.")],
    point: Annotated[
        list[str] | None,
        typer.Option("--point", metavar="X,Y", help='A point on the object, px; X,Y,0 is "not this". May be repeated.'),
    ] = None,
    box: Annotated[
        str | None, typer.Option("--box", metavar="X0,Y0,X1,Y1", help="A box around the object, px.")
    ] = None,
    prompts: Annotated[
        Path | None, typer.Option("--prompts", metavar="FILE.json", help="Many prompts at once; the form is below.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--everything", help="All that is in the picture, in wholes and parts; no prompts.")
    ] = False,
    model: Model = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="MASKS.json", help="Masks as COCO run lengths.", show_default="printed"),
    ] = None,
    overlay: Annotated[
        Path | None, typer.Option("--overlay", metavar="OUT.png", help="The picture with the outlines drawn on it.")
    ] = None,
    backend: Backend = None,
) -> None:
    """Outline objects in one picture, from points or boxes, or all that there are.

    [bold]Examples[/bold]

    \b
      gazeline segment desk.jpg --point 320,240 --overlay mug.png
      gazeline segment desk.jpg --point 320,240 --point 400,250,0 --out masks.json
      gazeline segment desk.jpg --box 100,80,300,260 --out masks.json
      gazeline segment desk.jpg --prompts prompts.json --out masks.json
      gazeline segment desk.jpg --everything --overlay all.png --out all.json

    [bold]A prompts file[/bold] (points: x, y, and 1 for "this" or 0 for "not this")

    \b
      {"prompts": [{"id": "a", "points": \\[[320, 240, 1], [400, 250, 0]]},
                   {"id": "b", "box": [100, 80, 300, 260]}]}
    """
    from gazeline.runtime import segment as segment_

    if everything:
        if point or box or prompts:
            raise ValueError("--everything asks for all that is in the picture; leave out --point, --box and --prompts")
        from gazeline.runtime import segment_everything

        segment_everything.run(image, model, out, overlay, backend)
        return
    segment_.run(image, point or (), box, prompts, model, out, overlay, backend)


app.command("eval")(eval_)


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="The same for programs.")] = False,
) -> None:
    """What is installed, what works on this machine, what is missing, and how to get it.

    The exit code is 1 if something is broken without which nothing runs.
    """
    from gazeline.runtime.doctor import report

    raise typer.Exit(report.main(as_json))


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0, or 2 with one sentence on stderr."""
    exits.run(app, "gazeline", arguments)


if __name__ == "__main__":
    main()
