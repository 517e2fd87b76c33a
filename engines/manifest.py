"""What a bundle's ``model.toml`` says of its files, and how such a file is written and checked."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from gazeline.engines.onnx_files import external_files

MAX_FILE_BYTES = 8 * 2**30
MAX_MANIFEST_BYTES = 256 * 1024


class File(Struct, frozen=True, forbid_unknown_fields=True):
    """What a file must be."""

    bytes: Annotated[int, Meta(ge=1, le=MAX_FILE_BYTES)]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


def described(folder: Path, names: Iterable[str]) -> dict[str, File]:
    """These files of a folder, and those that the networks among them read their weights from."""
    every = set(names)
    for name in tuple(every):
        if name.endswith(".onnx"):
            every |= external_files(folder / name)
    return {name: File((folder / name).stat().st_size, sha256_of(folder / name)) for name in sorted(every)}


def check_names(files: Iterable[str]) -> None:
    """ValueError unless all of these are names of files inside of a folder."""
    for name in files:
        pure = PurePosixPath(name)
        if pure.is_absolute() or not pure.parts or ".." in pure.parts or "\\" in name:
            raise ValueError(f"the file {name!r} is not inside the model's folder")


def verify(folder: Path, files: Mapping[str, File], manifest: str) -> None:
    """ValueError or FileNotFoundError unless every file is the one that ``manifest`` (its name) describes."""
    for name, file in files.items():
        path = folder / name
        if not path.is_file():
            raise FileNotFoundError(f"the model {folder.name} lacks its file {path}")
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"{path} leads out of the model's folder")
        if path.stat().st_size != file.bytes or sha256_of(path) != file.sha256:
            raise ValueError(f"{path} is not the file that {manifest} describes; fetch or export the model again")
        for location in external_files(path) if name.endswith(".onnx") else ():
            if location not in files:
                raise ValueError(f"{path} reads its weights from {location!r}, which {manifest} does not list")


def write(path: Path, manifest: Struct) -> None:
    """Write a manifest as TOML."""
    tables = msgspec.to_builtins(manifest)
    lines = [f"{key} = {_toml(value)}" for key, value in tables.items() if not isinstance(value, dict)]
    for key, table in tables.items():
        if isinstance(table, dict):
            lines += ["", f"[{key}]", *(f"{_key(name)} = {_toml(value)}" for name, value in table.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def sha256_of(path: Path) -> str:
    """Of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(k)} = {_toml(v)}" for k, v in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)  # TOML's strings, numbers and lists of them are JSON's


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name)
