"""Fetches models from official addresses: resumed where that is safe, verified, and never half there."""

import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import IO, Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from gazeline.engines.bundle import MAX_MANIFEST_BYTES, NAME
from gazeline.engines.manifest import MAX_FILE_BYTES

CHUNK = 1 << 20
TIMEOUT_S = 30.0
LOCAL = ("localhost", "127.0.0.1", "::1")

Progress = Callable[[str, int, int | None], None]  # the file, bytes so far, bytes in all if known


class Remote(Struct, frozen=True, forbid_unknown_fields=True):
    """One file: where it is, and its sha256 where one can be trusted."""

    url: Annotated[str, Meta(pattern="^https?://", max_length=1000)]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | None = None

    @property
    def name(self) -> str:
        """The file's name, from its address."""
        return PurePosixPath(urlsplit(self.url).path).name


class Entry(Struct, frozen=True, forbid_unknown_fields=True):
    """One model of the table: its files, who made it, and on what terms."""

    licence: Annotated[str, Meta(min_length=1, max_length=2000)]
    by: Annotated[str, Meta(min_length=1, max_length=200)]
    files: Annotated[list[Remote], Meta(min_length=1, max_length=4)]
    commercial: bool = True


def read_table(path: Path | None = None) -> dict[str, Entry]:
    """The models that can be fetched, by name: of the package, or of a file of the same form."""
    data = (files("gazeline.engines") / "downloads.toml").read_bytes() if path is None else path.read_bytes()
    named = dict[Annotated[str, Meta(pattern=f"^{NAME}$")], Entry]
    try:
        if len(data) > MAX_MANIFEST_BYTES:
            raise ValueError("it is too large")
        table = msgspec.toml.decode(data, type=named)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise ValueError(f"{path or 'the table of models'}: {error}") from error
    for entry in table.values():
        for remote in entry.files:
            address = urlsplit(remote.url)
            if not remote.name or (address.scheme != "https" and address.hostname not in LOCAL):
                raise ValueError(f"{remote.url} is not an https address of a file")
    return table


def fetch(remote: Remote, folder: Path, sha256: str | None, progress: Progress) -> Path:
    """The file in ``folder``, verified against ``sha256`` if there is one; OSError or ValueError, in a sentence.

    What was fetched before a break is kept and continued if a sha256 will tell whether the parts belong together.
    """
    folder.mkdir(parents=True, exist_ok=True)
    whole, part = folder / remote.name, folder / f"{remote.name}.part"
    if sha256 and whole.is_file() and _sha256(whole) == sha256:
        return whole
    start = part.stat().st_size if sha256 and part.is_file() else 0
    request = urllib.request.Request(remote.url, headers={"Range": f"bytes={start}-"} if start else {})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            if answer.status != 206:
                start = 0  # the server begins again
            length = answer.headers.get("Content-Length")
            total = start + int(length) if length and length.isdigit() else None
            _receive(answer, part, start, total, lambda done: progress(remote.name, done, total))
    except urllib.error.HTTPError as error:
        if error.code != 416:  # "range not satisfiable": the part is the whole already, or too long
            raise OSError(f"{remote.url} cannot be fetched: {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise OSError(f"{remote.url} cannot be reached: {error.reason}") from error
    except (TimeoutError, ConnectionError) as error:
        raise OSError(f"{remote.url} broke off; run the command again to continue") from error
    if sha256 and (found := _sha256(part)) != sha256:
        part.unlink()
        raise ValueError(f"{remote.url} is not the file that it should be: its sha256 is {found}, not {sha256}")
    part.replace(whole)
    return whole


def _receive(answer: IO[bytes], part: Path, start: int, total: int | None, progress: Callable[[int], None]) -> None:
    done = start
    with part.open("r+b" if start else "wb") as file:
        file.seek(start)
        while chunk := answer.read(CHUNK):
            done += len(chunk)
            if done > MAX_FILE_BYTES:
                raise ValueError(f"{part.name} is larger than any model: more than {MAX_FILE_BYTES >> 30} GiB")
            file.write(chunk)
            progress(done)
        file.truncate()
    if total is not None and done < total:
        raise ConnectionError


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
