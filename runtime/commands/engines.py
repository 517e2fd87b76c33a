"""``gazeline engines``: TensorRT engines, built from a model and proven to give its masks."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer

app = typer.Typer(help="TensorRT engines for NVIDIA devices.", rich_markup_mode="rich", no_args_is_help=True)

Json = Annotated[Path | None, typer.Option("--report", metavar="FILE.json", help="Write the record as JSON, too.")]


@app.command()
def build(
    model: Annotated[str, typer.Argument(help="A model's name or folder; see: gazeline models list")],
    precision: Annotated[
        Literal["fp32", "fp16", "int8", "fp8"],
        typer.Option(help="Of the heavy arithmetic. int8 and fp8: the encoder's."),
    ] = "fp16",
    target: Annotated[
        str, typer.Option(help="The device: native, or a compute capability: sm_75, sm_86, sm_89, sm_120 …")
    ] = "native",
    calibration: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE",
            help="Pictures for int8 and fp8: a recording, a folder of images, or sim.",
            show_default="none",
        ),
    ] = None,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Build even if the masks differ too much from float32.")
    ] = False,
    picture: Annotated[
        Path, typer.Option(metavar="FILE.png", help="Where the worst prompt is drawn if the masks differ too much.")
    ] = Path("worst-prompt.png"),
    report: Json = None,
) -> None:
    """Build a model's encoder and decoder for TensorRT, and prove that they give the same masks.

    The networks in their new precision are compared with float32 before anything is built, and the engines once more
    on their device. Only TensorRT-RTX builds for a device that is not in this machine.

    [bold]Examples[/bold]

    \b
      gazeline engines build gazeline-s
      gazeline engines build my-sam --precision int8 --calibration walk.mp4
      gazeline engines build my-sam --precision fp16 --target sm_89
    """
    from gazeline.engines.tensorrt_build import Target
    from gazeline.runtime.models import engines

    place, record = engines.build(
        model, precision, Target.parse(target), calibration, accept_loss=accept_loss, worst=picture
    )
    engines.show([(place, record)])
    _write(report, record)


@app.command("list")
def list_() -> None:
    """The engines on this machine, those built last first."""
    from gazeline.engines import engine_cache
    from gazeline.runtime.models import engines

    engines.list_all(engine_cache.places())


@app.command()
def inspect(
    engine: Annotated[Path, typer.Argument(help="A folder of engines; see: gazeline engines list")],
    other: Annotated[Path | None, typer.Argument(help="Another one, to compare with.", show_default="none")] = None,
    layers: Annotated[
        bool, typer.Option("--layers", help="Each layer, as TensorRT tells it; on the device only.")
    ] = False,
) -> None:
    """What engines are made of: sizes, precisions, layers, and how well they do; two of them side by side.

    [bold]Examples[/bold]

    \b
      gazeline engines inspect gazeline-s-fp16-sm_86-0123456789abcdef
      gazeline engines inspect gazeline-s-fp16-sm_86-0123456789abcdef gazeline-s-int8-sm_86-fedcba9876543210
    """
    from gazeline.engines import engine_cache
    from gazeline.runtime.models import engines

    places = [engines.place(path) for path in (engine, other) if path is not None]
    engines.show([(place, engine_cache.read(place)) for place in places], layers=layers)


@app.command()
def remove(engine: Annotated[Path, typer.Argument(help="A folder of engines; see: gazeline engines list")]) -> None:
    """Take engines away."""
    from gazeline.engines import engine_cache
    from gazeline.runtime.models import engines

    place = engines.place(engine)
    engine_cache.remove(place)
    sys.stdout.write(f"removed {place}\n")


def _write(path: Path | None, record: msgspec.Struct) -> None:
    if path is not None:
        from gazeline.runtime.files import write_bytes

        write_bytes(path, msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
