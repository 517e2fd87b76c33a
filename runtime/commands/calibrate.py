"""``gazeline calibrate …``: what makes pixels, rays and gaze agree with the world."""

from pathlib import Path
from typing import Annotated

import typer

from gazeline.runtime.commands.calibrate_camera import board, camera, convert, display, extrinsics
from gazeline.runtime.options import Bus, Plain, RigFile, SourcePath

app = typer.Typer(help="Calibrate cameras, clocks and gaze.", rich_markup_mode="rich")
for command in (camera, extrinsics, display, board, convert):
    app.command()(command)


@app.command("gaze")
def gaze(
    user: Annotated[str, typer.Option("--user", metavar="NAME", help="Whose eyes; the profile is stored under it.")],
    bus: Bus = "gazeline",
    points: Annotated[int, typer.Option("--points", metavar="5|9", help="Targets to fit; 4 more check the fit.")] = 9,
    field: Annotated[str, typer.Option("--field-deg", metavar="WxH", help="Where the targets stand.")] = "30x20",
    depth_m: Annotated[float, typer.Option("--depth-m", min=0.1, max=100.0, help="How far away they stand.")] = 1.0,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE.json", help="Write what was measured.")
    ] = None,
    map_: Annotated[
        Path | None, typer.Option("--map", metavar="FILE.png", help="Draw the error over the field of view.")
    ] = None,
    insecure_plain_tcp: Plain = False,
) -> None:
    """Show targets to the wearer, and store a mapping that makes the eye tracker right for these eyes.

    The targets are drawn by whatever shows this bus: the headset's HUD, or the browser page. The simulator's wearer
    looks at them too. The exit code is 1 if gaze is still off by more than 2 degrees; then nothing is stored.

    [bold]Examples[/bold]

    \b
      gazeline calibrate gaze --user anna
      gazeline calibrate gaze --user anna --points 5 --report anna.json --map anna.png
      gazeline run --user anna
    """
    from gazeline.runtime.bus import BusAddress
    from gazeline.runtime.calibration import gaze as gaze_

    if points not in (5, 9):
        raise ValueError(f"--points {points}: there are plans of 5 and of 9 targets")
    address = BusAddress.parse(bus, insecure_plain_tcp=insecure_plain_tcp)
    options = gaze_.Options(user, address, points, _field_deg(field), depth_m, report, map_)
    raise typer.Exit(0 if gaze_.run(options) else 1)


@app.command("profiles")
def profiles(
    delete: Annotated[
        str | None, typer.Option("--delete", metavar="NAME", help="Delete this one: it is personal data.")
    ] = None,
) -> None:
    """The gaze profiles on this machine.

    [bold]Examples[/bold]

    \b
      gazeline calibrate profiles
      gazeline calibrate profiles --delete anna
    """
    from gazeline.runtime.gaze import profile as gaze_profile

    if delete is not None:
        gaze_profile.delete(delete)
        return
    gaze_profile.print_list()


@app.command("clock")
def clock(
    recording: SourcePath,
    rig: RigFile = None,
    report: Annotated[Path | None, typer.Option("--report", metavar="FILE.json", help="Write what was found.")] = None,
) -> None:
    """How much later than the head pose's clock camera and gaze are stamped, from a recording's own movements.

    While the head turns, the picture turns with it, and the eyes turn against it. Record half a minute of looking
    about, with turns of the head, in a place with things to see. The answer comes with its uncertainty; where the
    recording does not tell, it says so.

    [bold]Examples[/bold]

    \b
      gazeline calibrate clock session.gzl
      gazeline calibrate clock recording.vrs --report clocks.json
    """
    from gazeline.runtime.calibration import clock as clock_

    clock_.run(recording, rig, report)


def _field_deg(text: str) -> tuple[float, float]:
    wide, _, high = text.lower().partition("x")
    try:
        found = float(wide), float(high)
    except ValueError:
        raise ValueError(f"--field-deg {text} is no size; write width x height in degrees, such as 30x20") from None
    if not all(4.0 <= value <= 80.0 for value in found):
        raise ValueError(f"--field-deg {text} is out of bounds: each side has 4 to 80 degrees")
    return found
