"""Models that name things, which users bring: a folder with ``labeler.toml`` and networks, beside those that segment.

Two families: "clip", an image and a text tower whose embeddings compare, and "detector", boxes with classes.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from gazeline.engines import manifest as manifests
from gazeline.engines.bundle import NAME, Positive, Text, user_folder
from gazeline.engines.manifest import File

MANIFEST = "labeler.toml"
IMAGE, TEXT, TOKENIZER, DETECTOR = "image.onnx", "text.onnx", "tokenizer.json", "detector.onnx"
Side = Annotated[int, Meta(ge=16, le=4096)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]

# How a detector says what it found; see `gazeline.engines.labelers.detector_forms`.
Form = Literal[
    "nms", "dets", "rows6", "rows7", "boxes", "detr", "detr-softmax", "yolox", "yolox-grid", "yolov5", "yolov8"
]


class Picture(Struct, frozen=True, forbid_unknown_fields=True):
    """What a network sees: ``width`` x ``height``, (value - mean) / std on 0..255, RGB unless ``bgr``.

    ``fit``: "pad" scales the picture until it fits, and fills the rest (at the right and the bottom) with ``fill``;
    "stretch" scales each side on its own.
    """

    width: Side
    height: Side
    mean: tuple[float, float, float]
    std: tuple[Positive, Positive, Positive]
    bgr: bool = False
    fit: Literal["pad", "stretch"] = "pad"
    fill: tuple[float, float, float] = (114.0, 114.0, 114.0)


class Tokens(Struct, frozen=True, forbid_unknown_fields=True):
    """A text as the tower takes it: ``length`` tokens, those that lack are ``pad``; ``canonical``: small letters
    without punctuation, as SigLIP was trained."""

    length: Annotated[int, Meta(ge=2, le=4096)]
    pad: Annotated[int, Meta(ge=0)] = 0
    canonical: bool = False


class Scores(Struct, frozen=True, forbid_unknown_fields=True):
    """From the cosine c of picture and text to a probability: by ``scale`` * c + ``bias``, over all names ("softmax",
    as CLIP was trained) or for each alone ("sigmoid", as SigLIP)."""

    kind: Literal["softmax", "sigmoid"]
    scale: Positive
    bias: float = 0.0


class Labeler(Struct, frozen=True, forbid_unknown_fields=True, tag_field="family", kw_only=True):
    """What both families have."""

    name: Annotated[str, Meta(pattern=f"^{NAME}$")]
    licence: Text
    description: str = ""
    picture: Picture
    files: dict[str, File]


class ClipManifest(Labeler, frozen=True, tag="clip", kw_only=True):
    """``labeler.toml`` of an image and a text tower."""

    tokens: Tokens
    scores: Scores


class DetectorManifest(Labeler, frozen=True, tag="detector", kw_only=True):
    """``labeler.toml`` of a detector; ``labels``: its classes in their order."""

    form: Form
    labels: Annotated[list[Name], Meta(min_length=1, max_length=100_000)]


Manifest = ClipManifest | DetectorManifest


@dataclass(frozen=True)
class Bundle:
    """A manifest and the folder that it describes."""

    folder: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        """The model's name."""
        return self.manifest.name

    @property
    def bytes(self) -> int:
        """The size of all its files."""
        return sum(file.bytes for file in self.manifest.files.values())

    @property
    def key(self) -> str:
        """Another one for other weights or settings."""
        return hashlib.sha256(msgspec.json.encode(self.manifest)).hexdigest()[:16]


def list_bundles() -> dict[str, Path]:
    """The folders of all models that name things, by name."""
    folders = sorted(user_folder().iterdir()) if user_folder().is_dir() else []
    return {f.name: f for f in folders if (f / MANIFEST).is_file() and not f.name.startswith(".")}


def is_one(name: str | Path) -> bool:
    """Whether this is the name or the folder of a model that names things."""
    folder = Path(name).expanduser()
    return (folder / MANIFEST).is_file() if len(folder.parts) > 1 else str(name) in list_bundles()


def find(name: str | Path) -> Path:
    """The folder of a model by its name, or by the folder's own path (with a separator in it)."""
    folder = Path(name).expanduser()
    if isinstance(name, Path) or len(folder.parts) > 1:
        if not (folder / MANIFEST).is_file():
            raise FileNotFoundError(f"{folder} is no model that names things: there is no {MANIFEST} in it")
        return folder
    known = list_bundles()
    if name not in known:
        names = ", ".join(known) or "none"
        raise ValueError(
            f"there is no model called {name!r} that names things (known: {names}); see: gazeline models add"
        )
    return known[name]


def read(folder: Path) -> Bundle:
    """The model in ``folder`` by its manifest alone. OSError or ValueError, in a sentence."""
    path = folder / MANIFEST
    if path.stat().st_size > manifests.MAX_MANIFEST_BYTES:
        raise ValueError(
            f"{path} is too large for a model's description ({manifests.MAX_MANIFEST_BYTES} bytes at most)"
        )
    try:
        manifest = msgspec.toml.decode(path.read_bytes(), type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}") from error
    try:
        manifests.check_names(manifest.files)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    needed = {IMAGE, TEXT, TOKENIZER} if isinstance(manifest, ClipManifest) else {DETECTOR}
    if missing := needed - manifest.files.keys():
        raise ValueError(f"{path}: [files] lacks {min(missing)}")
    return Bundle(folder, manifest)


def load(name: str | Path) -> Bundle:
    """The model of this name or folder, with every file verified."""
    bundle = read(find(name))
    manifests.verify(bundle.folder, bundle.manifest.files, MANIFEST)
    return bundle


def write(folder: Path, manifest: Manifest) -> Bundle:
    """Write ``labeler.toml`` for what lies in ``folder``; ``manifest.files`` is filled in from it."""
    files = manifests.described(folder, [path.name for path in folder.iterdir() if path.name != MANIFEST])
    manifests.write(folder / MANIFEST, msgspec.structs.replace(manifest, files=files))
    return read(folder)
