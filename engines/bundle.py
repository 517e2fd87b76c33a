"""A model bundle: a folder with ``model.toml``, ``encoder.onnx``, ``decoder.onnx`` and perhaps ``describer.onnx``.

``model.toml`` says what the networks need to know about pictures, under which licence they are, and the size and
sha256 of each file. Nothing is opened by an inference runtime before that has been checked. Bundles come with the
package, or lie in the user's folder ($GAZELINE_MODELS, else $XDG_DATA_HOME/gazeline/models).
"""

import hashlib
import os
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from gazeline.engines import manifest as manifests
from gazeline.engines.manifest import File

DEFAULT = "gazeline-s"
MANIFEST = "model.toml"
ENCODER, DECODER, DESCRIBER = "encoder.onnx", "decoder.onnx", "describer.onnx"
MAX_MANIFEST_BYTES = 64 * 1024
NAME = r"[a-z0-9][a-z0-9._-]{0,63}"  # of a model

Positive = Annotated[float, Meta(gt=0.0)]
Label = Annotated[str, Meta(min_length=1, max_length=100)]
Text = Annotated[str, Meta(min_length=1, max_length=2000)]


class Input(Struct, frozen=True, forbid_unknown_fields=True):
    """The encoder's picture: ``size`` x ``size`` RGB, (value - mean) / std on 0..255.

    Before that, the brightness of a dull picture is stretched by up to ``max_gain``; see `gazeline.engines.exposure`.
    """

    size: Annotated[int, Meta(ge=16, le=4096)]
    mean: tuple[float, float, float]
    std: tuple[Positive, Positive, Positive]
    max_gain: Annotated[float, Meta(ge=1.0, le=100.0)] = 1.0


class WindowPolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """What the encoder was trained to see; see `gazeline.engines.window.Window`."""

    kind: Literal["full", "stretched", "foveal"]
    middle_scale: Annotated[float, Meta(ge=0.05, le=20.0)] = 1.0
    fovea: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.35


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """How much may be asked at once: points of one prompt, prompts of one batch."""

    points: Annotated[int, Meta(ge=1, le=1024)] = 32
    prompts: Annotated[int, Meta(ge=1, le=1024)] = 64


class Likeness(Struct, frozen=True, forbid_unknown_fields=True):
    """How likenesses of descriptions (cosines of their vectors) are to be read; see `gazeline.engines.likeness`.

    The chance that a look is at a known thing, to the mean look at which it has the cosine c, and which is more alike
    than the next one by m, is 1 / (1 + exp(-slope * (c - middle) - margin * m)). The defaults are a guess for
    untrained descriptions.
    """

    middle: Annotated[float, Meta(ge=-1.0, le=2.0)] = 0.85
    slope: Annotated[float, Meta(ge=0.1, le=100.0)] = 12.0
    margin: Annotated[float, Meta(ge=0.0, le=100.0)] = 10.0


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """``model.toml``."""

    name: Annotated[str, Meta(pattern=f"^{NAME}$")]
    family: Literal["gazeline", "sam", "sam2"]  # the decoder's signature; see `gazeline.engines.decoders`
    licence: Text
    input: Input
    window: WindowPolicy
    files: dict[str, File]
    description: str = ""
    limits: Limits = Limits()
    clicked_piece: bool = False  # a mask asked for by points alone is cut to the piece under them
    labels: Annotated[list[Label], Meta(max_length=10_000)] = []  # of the describer's scores, in their order
    label_threshold: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.5  # less than this is better not said
    likeness: Likeness = Likeness()


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
    def encoder(self) -> Path:
        """The encoder's file."""
        return self.folder / ENCODER

    @property
    def decoder(self) -> Path:
        """The prompt decoder's file."""
        return self.folder / DECODER

    @property
    def describer(self) -> Path | None:
        """The describer's file, if it has one."""
        return self.folder / DESCRIBER if DESCRIBER in self.manifest.files else None

    @property
    def describes_as(self) -> str:
        """What descriptions by this model are marked with: those of other weights do not compare with them."""
        files = (self.manifest.files[name].sha256 for name in (ENCODER, DESCRIBER) if name in self.manifest.files)
        return f"{self.name}@{hashlib.sha256(' '.join(files).encode()).hexdigest()[:16]}"

    @property
    def bytes(self) -> int:
        """The size of all its files, as the manifest has it."""
        return sum(file.bytes for file in self.manifest.files.values())

    def verify(self) -> None:
        """ValueError or FileNotFoundError unless every file is the one that the manifest names."""
        manifests.verify(self.folder, self.manifest.files, MANIFEST)


def load(name: str | Path) -> Bundle:
    """The bundle of this name or folder, with every file verified."""
    bundle = read(find(name))
    bundle.verify()
    return bundle


def find(name: str | Path) -> Path:
    """The folder of a bundle by its name, or by the folder's own path (with a separator in it)."""
    folder = Path(name).expanduser()
    if isinstance(name, Path) or len(folder.parts) > 1:
        if not (folder / MANIFEST).is_file():
            raise FileNotFoundError(f"{folder} is not a model: there is no {MANIFEST} in it")
        return folder
    known = list_bundles()
    if name not in known:
        if (user_folder() / name / "labeler.toml").is_file():
            raise ValueError(f"{name} names things and does not outline them: use it with --label")
        names = ", ".join(sorted(known)) or "none"
        raise ValueError(f"there is no model called {name!r} (known: {names}); put it into {user_folder()}")
    return known[name]


def list_bundles() -> dict[str, Path]:
    """The folders of all bundles by name; a shipped one cannot be replaced by one of the user's."""
    shipped = [Path(str(folder)) / "bundle" for folder in files("gazeline.engines").iterdir() if folder.is_dir()]
    users = sorted(user_folder().iterdir()) if user_folder().is_dir() else []
    found: dict[str, Path] = {}
    for folder in sorted(shipped) + users:
        if (folder / MANIFEST).is_file() and not folder.name.startswith("."):
            name = folder.name if folder in users else folder.parent.name.replace("_", "-")
            found.setdefault(name, folder)
    return found


def user_folder() -> Path:
    """Where the user's own models lie."""
    if folder := os.environ.get("GAZELINE_MODELS"):
        return Path(folder).expanduser()
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "gazeline" / "models"


def read(folder: Path) -> Bundle:
    """The bundle in ``folder`` by its manifest alone: its files are not looked at (see `Bundle.verify`)."""
    path = folder / MANIFEST
    if path.stat().st_size > MAX_MANIFEST_BYTES:
        raise ValueError(f"{path} is too large for a model's description ({MAX_MANIFEST_BYTES} bytes at most)")
    try:
        manifest = msgspec.toml.decode(path.read_bytes(), type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}") from error
    if missing := {ENCODER, DECODER} - manifest.files.keys():
        raise ValueError(f"{path}: [files] lacks {min(missing)}")
    try:
        manifests.check_names(manifest.files)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return Bundle(folder, manifest)


def write(folder: Path, manifest: Manifest) -> Bundle:
    """Write ``model.toml`` for the networks that lie in ``folder``; ``manifest.files`` is filled in from them."""
    networks = [ENCODER, DECODER, *([DESCRIBER] if (folder / DESCRIBER).is_file() else [])]
    manifest = msgspec.structs.replace(manifest, files=manifests.described(folder, networks))
    manifests.write(folder / MANIFEST, manifest)
    return read(folder)
