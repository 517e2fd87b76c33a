"""``python -m gazeline.sim sizes`` and the like: the measurements of gazeline bench that need the truth, as JSON."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from gazeline.runtime.files import write_bytes
from gazeline.runtime.options import Model

Out = Annotated[Path, typer.Option("--out", metavar="FILE.json", help="Where the figures go.")]
Scenes = Annotated[list[str] | None, typer.Option("--scene", help="May be repeated.")]
Seeds = Annotated[list[int] | None, typer.Option("--seed", min=0, help="May be repeated.")]


def registration(
    out: Out,
    speed: Annotated[list[float] | None, typer.Option("--speed", min=1.0, max=1000.0, metavar="DEG/S")] = None,
    delay_ms: Annotated[list[float] | None, typer.Option("--delay-ms", min=1.0, max=1000.0)] = None,
    scene: Scenes = None,
    seed: Annotated[int, typer.Option("--seed", min=0)] = 0,
    seconds: Annotated[float, typer.Option("--seconds", min=0.0, help="Of each session with the model.")] = 10.0,
    model: Model = None,
) -> None:
    """The measurement behind gazeline bench registration, as JSON."""
    from gazeline.sim import registration as registration_
    from gazeline.sim import registration_moving, registration_session

    usual = registration_.Settings()
    settings = registration_.Settings(
        speeds_deg_s=tuple(speed or usual.speeds_deg_s),
        delays_ms=tuple(delay_ms or usual.delays_ms),
        scenes=tuple(scene or usual.scenes),
        seed=seed,
    )
    moving = registration_moving.measure(settings)
    session = registration_session.measure(settings, seconds, model) if seconds else []
    _write(out, {"settings": settings, **registration_.measure(settings), "moving": moving, "session": session})


def sizes(out: Out, scene: Scenes = None, seed: Seeds = None, model: Model = None) -> None:
    """The measurement behind gazeline bench sizes, as JSON."""
    from gazeline.sim import sizes as sizes_
    from gazeline.sim.scene import KINDS

    _write(out, sizes_.measure(tuple(scene or KINDS), tuple(seed or (0, 1)), model))


def identity(
    out: Out,
    scene: Scenes = None,
    seed: Annotated[int, typer.Option("--seed", min=0)] = 1,
    seconds: Annotated[float, typer.Option("--seconds", min=0.0, help="Of each scenario; 0: none.")] = 20.0,
    session_seconds: Annotated[float, typer.Option("--session-seconds", min=0.0, help="With the model.")] = 20.0,
    model: Model = None,
) -> None:
    """The measurement behind gazeline bench identity, as JSON."""
    from gazeline.sim import identity as exact
    from gazeline.sim import identity_session
    from gazeline.sim.scene import KINDS

    scenes = tuple(scene or KINDS)
    rows = exact.measure(seconds, seed, scenes) if seconds else []
    _write(out, rows + (identity_session.measure(session_seconds, seed, scenes, model) if session_seconds else []))


def names(
    out: Out,
    scene: Scenes = None,
    seed: Seeds = None,
    seconds: Annotated[float, typer.Option("--seconds", min=5.0, help="Of each session.")] = 30.0,
    model: Model = None,
) -> None:
    """The measurement behind gazeline bench names, as JSON."""
    from gazeline.sim import naming
    from gazeline.sim.scene import KINDS

    _write(out, naming.measure(tuple(scene or KINDS), tuple(seed or (100_000,)), seconds, model))


def levels(
    out: Out,
    scene: Scenes = None,
    seed: Seeds = None,
    model: Model = None,
    most: Annotated[int, typer.Option("--most", min=1, help="Episodes of each kind in each scene.")] = 12,
) -> None:
    """The measurement behind gazeline bench levels, as JSON."""
    from gazeline.sim import levels as levels_
    from gazeline.sim.scene import KINDS

    _write(out, levels_.measure(tuple(scene or KINDS), tuple(seed or (0,)), model, most))


def _write(out: Path, found: Any) -> None:
    write_bytes(out, msgspec.json.format(msgspec.json.encode(found)))
