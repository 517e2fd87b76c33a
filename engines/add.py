"""Adds a model to the user's folder, from a checkpoint or from ready ONNX files; recognised by content, not by name."""

import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gazeline.engines import bundle as bundles
from gazeline.engines.bundle import Bundle, Input, Limits, Manifest, WindowPolicy
from gazeline.engines.staging import staged

NEEDED = ("torch", "onnx", "onnxscript", "onnxslim", "segment_anything", "safetensors")
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)  # of all the SAM family, from ImageNet
UNKNOWN_LICENCE = "not stated; that of whoever published the weights"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """What is to be added and how; None where the files themselves are to say."""

    path: Path
    name: str | None = None
    licence: str = UNKNOWN_LICENCE
    size: int | None = None  # of the encoder's picture, px
    foveal: bool = False
    replace: bool = False


def add(request: Request, say: Say) -> Bundle:
    """Write the bundle and return it, verified; ``say`` is told each step.

    ValueError or OSError, in a sentence, if the files are not of a known model or if the result is not what they give;
    the user's folder is then as it was.
    """
    path = request.path
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder {path}")
    if path.is_file() and path.stat().st_size == 0:
        raise ValueError(f"{path} is empty")
    require_export()
    from gazeline.engines.sam.checkpoint import is_checkpoint

    if path.is_file() and is_checkpoint(path):
        return _add_checkpoint(request, say)
    raise ValueError(f"{path} is neither a checkpoint of segment-anything nor a pair of ONNX files")


def require_export() -> None:
    """ValueError unless the extra ``export`` is installed."""
    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        raise ValueError(
            f"adding a model needs {', '.join(missing)}; install with: pip install 'gazeline[export]' "
            "--extra-index-url https://download.pytorch.org/whl/cpu"
        )


def target(request: Request, name: str) -> Path:
    """Where the bundle goes; ValueError if it may not."""
    name = request.name or name
    if not re.fullmatch(bundles.NAME, name):
        raise ValueError(f"a model's name has small letters, digits, dots, dashes and underscores, not {name!r}")
    known = bundles.list_bundles().get(name)
    folder = bundles.user_folder() / name
    if known is not None and known != folder:
        raise ValueError(f"{name} is the name of a model that comes with the package; give another with --name")
    if folder.exists() and not request.replace:
        raise ValueError(f"there is a model {name} already; give another --name, or --replace it")
    return folder


def _add_checkpoint(request: Request, say: Say) -> Bundle:
    from gazeline.engines.sam import network, parity
    from gazeline.engines.sam.checkpoint import read_checkpoint
    from gazeline.engines.sam.export import export_decoder, export_encoder

    state = read_checkpoint(request.path)
    kind, native = network.variant(state), network.native_size(state)
    size = request.size or native
    say(f"segment-anything {kind}, {native} px" + (f", to be run at {size} px" if size != native else ""))
    name = f"sam-{kind}".lower().replace(" ", "-")
    name += (f"-{size}" if size != native else "") + ("-foveal" if request.foveal else "")
    folder = target(request, name)
    sam = network.build(state, size)
    with staged(folder, replace=request.replace) as work:
        say("writing the encoder")
        export_encoder(sam, work)
        say("writing the decoder")
        export_decoder(sam, work)
        say("comparing with torch")
        found = parity.measure(sam, work)
        say(str(found))
        if not found.ok:
            raise ValueError(
                f"the exported network is not the one of {request.path}: {found} (allowed: "
                f"{parity.MAX_RELATIVE_ERROR:g} and {parity.MIN_MASK_IOU}); it was not added"
            )
        resized = f", positions interpolated from {native} px" if size != native else ""
        manifest = Manifest(
            name=folder.name,
            family="sam",
            licence=request.licence,
            description=f"segment-anything {kind}{resized}, from {request.path.name}.",
            input=Input(size, MEAN, STD),
            window=WindowPolicy("foveal" if request.foveal else "full"),
            limits=Limits(points=32, prompts=16),
            files={},
        )
        bundles.write(work, manifest)
    return bundles.load(folder)
