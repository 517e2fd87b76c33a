"""Adds a model to the user's folder, from a checkpoint or from ready ONNX files; recognised by content, not by name."""

import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from gazeline.engines import bundle as bundles
from gazeline.engines.bundle import Bundle, Input, Limits, Manifest, WindowPolicy
from gazeline.engines.checkpoint_files import kind_of
from gazeline.engines.labelers import bundle as labelers
from gazeline.engines.ort import FAILURES
from gazeline.engines.segmenter import Prompt, Segmenter
from gazeline.engines.staging import staged

NEEDED = ("torch", "onnx", "onnxscript", "onnxslim", "segment_anything", "safetensors")  # for a checkpoint
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)  # of all the SAM family, from ImageNet
CHECK_PX = (48, 64)  # of the picture that a new pair of networks is tried with
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
    labels: Path | None = None  # a detector's classes
    scale: float | None = None  # of the scores of a text model; see `gazeline.engines.labelers.bundle.Scores`
    bias: float | None = None


def add(request: Request, say: Say) -> Bundle:
    """Write the bundle and return it, verified; ``say`` is told each step.

    ValueError or OSError, in a sentence, if the files are not of a known model or if the result is not what they give;
    the user's folder is then as it was.
    """
    checkpoint = _is_checkpoint(request.path)
    _require(NEEDED if checkpoint else ("onnx",))
    return _add_checkpoint(request, say) if checkpoint else _add_pair(request, say)


def add_labeler(request: Request, say: Say) -> labelers.Bundle | None:
    """The same for a model that names things; None, and nothing is done, if it is none."""
    if _is_checkpoint(request.path):
        return None
    _require(("onnx",))
    from gazeline.engines.labelers.add import add

    return add(request, say)


def _is_checkpoint(path: Path) -> bool:
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder {path}")
    if path.is_file() and path.stat().st_size == 0:
        raise ValueError(f"{path} is empty")
    return path.is_file() and kind_of(path) is not None


def _require(names: tuple[str, ...]) -> None:
    if missing := [name for name in names if importlib.util.find_spec(name) is None]:
        raise ValueError(
            f"adding a model needs {', '.join(missing)}; install with: pip install 'gazeline[export]' "
            "--extra-index-url https://download.pytorch.org/whl/cpu"
        )


def target(request: Request, name: str) -> Path:
    """Where the bundle goes; ValueError if it may not."""
    name = request.name or name
    if not re.fullmatch(bundles.NAME, name):
        raise ValueError(f"a model's name has small letters, digits, dots, dashes and underscores, not {name!r}")
    known = (bundles.list_bundles() | labelers.list_bundles()).get(name)
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


def _add_pair(request: Request, say: Say) -> Bundle:
    from gazeline.engines import onnx_graph, onnx_pairs

    path = request.path
    files = onnx_pairs.find(path)
    if files is None:
        raise ValueError(
            f"{path} is neither a checkpoint of segment-anything nor a pair of ONNX files, an encoder and a decoder"
        )
    pair = onnx_pairs.adapt(*files, request.size)
    say(f"{pair.what}'s signature, {pair.size} px: {files[0].name} and {files[1].name}")
    stem = path.name if path.is_dir() else files[0].stem
    folder = target(request, re.sub(r"[^a-z0-9._]+", "-", stem.lower()).strip("-._"))
    kind: Literal["full", "stretched", "foveal"] = "stretched" if pair.stretched else "full"
    with staged(folder, replace=request.replace) as work:
        onnx_graph.save(pair.encoder, work / bundles.ENCODER)
        onnx_graph.save(pair.decoder, work / bundles.DECODER)
        manifest = Manifest(
            name=folder.name,
            family="sam2" if pair.family == "sam2" else "sam",
            licence=request.licence,
            description=f"Of {pair.what}'s signature, from {files[0].name} and {files[1].name}.",
            input=Input(pair.size, MEAN, STD),
            window=WindowPolicy("foveal" if request.foveal else kind),
            limits=Limits(points=pair.points, prompts=16),
            files={},
        )
        say("trying it")
        _try(bundles.write(work, manifest), folder.name)
    return bundles.load(folder)


def _try(bundle: Bundle, name: str) -> None:
    """ValueError unless the networks load, fit each other and give masks of numbers."""
    try:
        segmenter = Segmenter.load(bundle.folder)
    except ValueError as error:
        raise ValueError(str(error).replace(str(bundle.folder), name)) from error
    height, width = CHECK_PX
    refusals: tuple[type[Exception], ...] = (ValueError, *FAILURES)
    picture = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    try:
        embedding = segmenter.encode(picture, segmenter.window_for(width, height))
        for prompt in (Prompt([(20.0, 30.0)]), Prompt([(5.0, 40.0)])):
            (masks,) = segmenter.decode(embedding, [prompt])
            sides = masks.logits.shape[-2:]
            if not np.isfinite(masks.logits).all() or sides[0] != sides[1]:
                raise ValueError(f"the decoder's masks are of {sides[1]}x{sides[0]} pixels, or hold no numbers")
    except refusals as error:
        raise ValueError(f"the networks do not run together: {str(error).strip().splitlines()[0][:200]}") from error
    finally:
        segmenter.close()
