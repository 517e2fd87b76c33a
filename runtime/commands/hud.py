"""``gazeline hud``."""

import importlib.util
from pathlib import Path
from typing import Annotated, Literal

import typer

from gazeline.runtime.options import Bus, Plain, Seconds


def hud(
    bus: Bus = "gazeline",
    picture: Annotated[
        bool | None,
        typer.Option(
            "--picture/--no-picture",
            help="The camera's picture behind the outlines.",
            show_default="where the display is opaque",
        ),
    ] = None,
    dwell: Annotated[
        float | None,
        typer.Option("--dwell", min=0.3, max=10.0, metavar="SECONDS", help="Select what is looked at for so long."),
    ] = None,
    head: Annotated[
        bool, typer.Option("--head/--no-head", help="Send the head's pose; leave it out if the headset sends its own.")
    ] = True,
    gaze: Annotated[
        bool, typer.Option("--gaze/--no-gaze", help="Send the gaze; leave it out if an eye tracker sends its own.")
    ] = True,
    seconds: Seconds = None,
    snapshot: Annotated[
        Path | None,
        typer.Option("--snapshot", metavar="OUT.png", help="No headset: write what would be shown as a picture."),
    ] = None,
    blend: Annotated[
        Literal["alpha", "additive", "opaque"],
        typer.Option("--blend", help="With --snapshot: the kind of display that it is drawn for."),
    ] = "alpha",
    insecure_plain_tcp: Plain = False,
) -> None:
    """The outlines in a headset, through OpenXR: locked to the world, with the head's pose and the gaze sent back.

    It shows what the runtime on the bus says, waits for whatever is not there yet, and ends on Ctrl-C. Pinch or pull a
    controller's trigger to select what you look at; look away and do it again to let it go.

    [bold]Examples[/bold]

    \b
      gazeline hud
      gazeline hud --bus tcp://192.168.1.20:5555 --dwell 1.2
      gazeline hud --no-head --no-gaze            the headset's own software sends both
      gazeline hud --snapshot now.png
    """
    if any(importlib.util.find_spec(name) is None for name in ("xr", "moderngl", "PIL")):
        raise ValueError("the HUD is not installed; install it with: pip install 'gazeline[xr]'")
    from gazeline.runtime.bus import BusAddress

    address = BusAddress.parse(bus, insecure_plain_tcp=insecure_plain_tcp)
    if snapshot is not None:
        from gazeline.runtime.hud import snapshot as snapshot_

        snapshot_.save(address, snapshot, blend)
        typer.echo(f"snapshot: {snapshot}")
        return
    from gazeline.runtime.hud import main

    main.run(main.Options(address, picture=picture, head=head, gaze=gaze, dwell_s=dwell, seconds=seconds))
