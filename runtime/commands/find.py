"""``gazeline find``."""

from pathlib import Path
from typing import Annotated

import typer

from gazeline.runtime.options import Bus, Label, Model, Plain, SettingsFile

LIVE = "live"


def find(
    text: Annotated[str, typer.Argument(metavar="TEXT", help='What is looked for: "red mug", "left of the laptop".')],
    where: Annotated[str, typer.Argument(metavar="IMAGE|live", help='A picture, or "live": a running runtime.')],
    overlay: Annotated[
        Path | None, typer.Option("--overlay", metavar="OUT.png", help="The picture with what was found marked.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FOUND.json", help="What was found.", show_default="printed")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Live: a line of JSON for each change.")] = False,
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=0.1, help="Live: end after this long.", show_default="until Ctrl-C")
    ] = None,
    config: SettingsFile = None,
    model: Model = None,
    label: Label = None,
    bus: Bus = "gazeline",
    insecure_plain_tcp: Plain = False,
) -> None:
    """Find a thing by its name, colour, size and place, and say what was understood.

    Names are those that were taught, those that a model gives (see --label), and their synonyms. In a picture,
    everything is outlined and what fits is marked. Live, what fits is marked in the headset and on the page, and arrows
    point to what was seen before and is out of view.

    [bold]Examples[/bold]

    \b
      gazeline find "red mug" desk.jpg --overlay found.png
      gazeline find "the biggest book left of the laptop" desk.jpg --label mobileclip-s1
      gazeline find "my keys" live
      gazeline find "something green behind the mug" live --seconds 30 --json
    """
    if where == LIVE:
        from gazeline.runtime.bus import BusAddress
        from gazeline.runtime.exits import stop_signals
        from gazeline.runtime.find import live

        with stop_signals() as stop:
            address = BusAddress.parse(bus, insecure_plain_tcp=insecure_plain_tcp)
            live.watch(address, text, seconds, stop, as_json=as_json)
        return
    from gazeline.runtime import config as config_
    from gazeline.runtime.find import picture

    settings = config_.labelled_by(config_.load(config), label or ())
    picture.run(text, Path(where), settings, model=model, out=out, overlay=overlay)
