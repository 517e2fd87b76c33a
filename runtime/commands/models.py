"""``gazeline models``: the models of this machine."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gazeline.runtime.options import Backend

app = typer.Typer(
    help="The models on this machine: those that outline things, and those that name them.", rich_markup_mode="rich"
)


class Seen(StrEnum):
    """What the encoder sees of a picture."""

    full = "full"
    foveal = "foveal"


@app.command("list")
def list_() -> None:
    """The models that can be used, and where they lie."""
    from gazeline.runtime.models import catalogue as models

    models.print_list()


@app.command()
def check(
    name: Annotated[str | None, typer.Argument(help="A model's name or folder.", show_default="all of them")] = None,
    backend: Backend = None,
) -> None:
    """Whether the models' files are whole, load, and do what they are for on a test picture.

    [bold]Examples[/bold]

    \b
      gazeline models check
      gazeline models check ~/downloads/mobile-sam
      gazeline models check my-sam --backend tensorrt
    """
    from gazeline.runtime.models import catalogue as models

    models.check([name] if name else None, backend=backend or "auto")


@app.command()
def add(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A checkpoint (.pth, .safetensors), or a folder with ONNX files.")
    ],
    name: Annotated[str | None, typer.Option("--name", help="What to call it.", show_default="what it is")] = None,
    licence: Annotated[
        str | None, typer.Option("--licence", metavar="TEXT", help="What its weights are licensed under; kept with it.")
    ] = None,
    size: Annotated[
        int | None,
        typer.Option("--size", metavar="PX", help="Run the encoder on smaller pictures.", show_default="as trained"),
    ] = None,
    window: Annotated[
        Seen, typer.Option("--window", help="The whole picture, or sharp around the gaze and coarse outside.")
    ] = Seen.full,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a model of the same name.")] = False,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels", metavar="FILE", help="A detector's classes, one on a line.", show_default="what lies beside it"
        ),
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option("--scale", min=0.001, help="Of a text model's scores.", show_default="measured, else CLIP's 100"),
    ] = None,
    bias: Annotated[
        float | None, typer.Option("--bias", help="Of a text model's scores (SigLIP).", show_default="measured")
    ] = None,
) -> None:
    """Turn a model into one that Gazeline uses, and check that it gives the same.

    A model of the SAM family outlines things; an image and a text tower (OpenCLIP, MobileCLIP, SigLIP) or a detector,
    as ONNX files, names them. Its kind is found from its content, and no code in it is run. Needs the extra: pip
    install 'gazeline\\[export]'

    [bold]Examples[/bold]

    \b
      gazeline models add sam_vit_b_01ec64.pth
      gazeline models add sam_vit_b_01ec64.pth --size 512 --window foveal
      gazeline segment desk.jpg --point 320,240 --model sam-vit-b --overlay mug.png
      gazeline models add mobileclip-s1/
      gazeline models add yolox_s.onnx --labels coco.names
    """
    from gazeline.engines.add import UNKNOWN_LICENCE, Request
    from gazeline.runtime.models import add as models_add

    foveal = window == Seen.foveal
    models_add.add(Request(path, name, licence or UNKNOWN_LICENCE, size, foveal, replace, labels, scale, bias))


@app.command()
def pull(
    name: Annotated[str | None, typer.Argument(help="A model's name.", show_default="list what there is")] = None,
    sha256: Annotated[
        list[str] | None,
        typer.Option("--sha256", help="Of a file whose sum is not known here; may be repeated, in the files' order."),
    ] = None,
    accept_unverified: Annotated[
        bool, typer.Option("--accept-unverified", help="Take files whose sha256 is not known.")
    ] = False,
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="Agree to a licence that forbids commercial use.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a model of the same name.")] = False,
    table: Annotated[
        Path | None,
        typer.Option("--table", metavar="FILE.toml", help="Addresses of your own.", show_default="the package's"),
    ] = None,
) -> None:
    """Fetch a model from its makers and add it; a broken download is continued.

    [bold]Examples[/bold]

    \b
      gazeline models pull
      gazeline models pull sam-vit-b
    """
    from gazeline.runtime.models import pull as models_pull

    if name is None:
        models_pull.print_table(table)
        return
    models_pull.pull(
        name,
        table,
        sha256 or (),
        accept_unverified=accept_unverified,
        accept_licence=accept_licence,
        replace=replace,
    )


@app.command()
def compare(
    model: Annotated[str, typer.Argument(help="A model's name.")],
    reference: Annotated[str, typer.Argument(help="The model that it is measured by.")],
    pictures: Annotated[
        list[Path] | None, typer.Argument(help="Pictures or folders of them.", show_default="one made picture")
    ] = None,
) -> None:
    """How alike the masks of two models are, and how much faster one is; what a smaller encoder costs, for example.

    Nine clicks on each picture; no labels are needed. With labelled pictures: gazeline eval

    [bold]Examples[/bold]

    \b
      gazeline models compare sam-vit-b-512 sam-vit-b pictures/
    """
    from gazeline.runtime.models import compare as models_compare

    models_compare.compare(model, reference, pictures or ())
