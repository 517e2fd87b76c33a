"""Where built engines lie, and which of them may be loaded.

An engine file is code: whoever can write one runs what he likes on the device. So each folder of engines has a record,
``engine.json``, with the sha256 of each file and a signature (HMAC-SHA256) over the whole record. Signed with this
machine's own key (made at first use, ~/.config/gazeline/engine.key, readable by its owner only) it was built here;
engines built elsewhere are loaded when the key of the machine that built them lies in ~/.config/gazeline/engine-keys.
A shared key also lets its holder sign: hand it only to machines that may build for each other.

A folder is named by model, precision and a hash of all that its content depends on: the networks, the library and its
version, the device, the shapes. It is written beside its place and renamed into it, under a lock between processes.
"""

import contextlib
import fcntl
import hashlib
import hmac
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from gazeline.engines.gate import Precision, Verdict
from gazeline.engines.manifest import File

RECORD = "engine.json"
MAX_RECORD_BYTES = 1 << 20


class Identity(Struct, frozen=True, forbid_unknown_fields=True):
    """All that the content of an engine depends on."""

    model: str
    precision: Precision
    library: str  # and its version: "tensorrt_rtx 1.7.1.116"
    capability: str  # of the device: "sm_86"
    source: dict[str, str]  # sha256 of the model's files
    networks: dict[str, str]  # sha256 of the files that the engines were made from
    shapes: dict[str, list[list[int]]]  # of the inputs with free lengths: smallest, usual, largest

    @property
    def key(self) -> str:
        """The folder's name."""
        digest = hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()
        return f"{self.model}-{self.precision}-{self.capability}-{digest[:16]}"


class Record(Struct, frozen=True, forbid_unknown_fields=True):
    """``engine.json``: what the engines are, and what the gate said of the networks and of the engines themselves."""

    identity: Identity
    engines: dict[str, File]
    operators: dict[str, dict[str, int]]  # of each engine's network: how many give each type
    seconds: float  # that the build took
    networks_verdict: Verdict | None = None  # of the networks in ONNX Runtime; None for float32, which they are
    device_verdict: Verdict | None = None  # of the engines on their device; None: not yet
    signature: str = ""


def folder() -> Path:
    """``$GAZELINE_ENGINES``, else $XDG_CACHE_HOME/gazeline/engines."""
    if named := os.environ.get("GAZELINE_ENGINES"):
        return Path(named).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "gazeline" / "engines"


def read(place: Path) -> Record:
    """The record of the engines in ``place``, with every file verified; ValueError or OSError: why not to trust it."""
    record = peek(place)
    signed = msgspec.structs.replace(record, signature="")
    if not any(hmac.compare_digest(_sign(signed, key), record.signature) for key in _keys()):
        raise ValueError(
            f"{place} was not built by this machine; build it here, or put the key of the machine that built it "
            f"into {_config() / 'engine-keys'}"
        )
    for name, file in record.engines.items():
        path = place / name
        if Path(name).name != name or not path.is_file() or path.is_symlink():
            raise ValueError(f"{place} lacks its engine {name!r}; build it again")
        if path.stat().st_size != file.bytes or sha256(path) != file.sha256:
            raise ValueError(f"{path} is not the engine that was built; build it again")
    return record


def peek(place: Path) -> Record:
    """The record in ``place`` as it stands there: nothing of it is verified."""
    path = place / RECORD
    if not path.is_file():
        raise FileNotFoundError(f"{place} has no engines: there is no {RECORD} in it")
    if path.stat().st_size > MAX_RECORD_BYTES:
        raise ValueError(f"{path} is too large for the record of an engine")
    try:
        return msgspec.json.decode(path.read_bytes(), type=Record)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}; build the engines again") from error


def write(record: Record, engines: Mapping[str, bytes]) -> Path:
    """Put engines into their place, whole or not at all, instead of what was there; OSError with what it needs."""
    place = folder() / record.identity.key
    fresh = None
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=place.parent))
        for name, data in engines.items():
            _write_whole(fresh / name, data)
        _write_whole(fresh / RECORD, _encoded(record))
        remove(place)
        fresh.rename(place)
    except OSError as error:
        if fresh is not None:
            shutil.rmtree(fresh, ignore_errors=True)
        needed = sum(map(len, engines.values())) / 1e6
        raise OSError(f"the engines ({needed:.0f} MB) cannot be written to {place}: {error.strerror}") from error
    return place


def update(place: Path, record: Record) -> None:
    """Replace the record in ``place``, signed by this machine."""
    handle, name = tempfile.mkstemp(prefix=".new-", dir=place)
    os.close(handle)
    try:
        _write_whole(Path(name), _encoded(record))
        os.replace(name, place / RECORD)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def remove(place: Path) -> None:
    """Take engines away, if there are any; a reader that has opened them keeps them."""
    if place.exists():
        old = Path(tempfile.mkdtemp(prefix=".old-", dir=place.parent))
        place.rename(old / place.name)
        shutil.rmtree(old)


def places() -> list[Path]:
    """Every folder of engines, the one built last first; nothing of them is verified."""
    found = [path.parent for path in folder().glob(f"*/{RECORD}") if not path.parent.name.startswith(".")]
    return sorted(found, key=lambda place: ((place / RECORD).stat().st_mtime_ns, place.name), reverse=True)


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Only one process at a time; others wait. Ends with the process, however that ends."""
    folder().mkdir(parents=True, exist_ok=True)
    with (folder() / f".{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def sha256(path: Path) -> str:
    """The hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def own_key(*, create: bool = False) -> bytes | None:
    """This machine's key, made if asked for; None: it has built nothing yet."""
    path = _config() / "engine.key"
    if not path.exists():
        if not create:
            return None
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".engine-")  # mode 0600
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
        with contextlib.suppress(FileExistsError):  # another process was first
            os.link(name, path)
        os.unlink(name)
    return _read_key(path)


def _keys() -> list[bytes]:
    own = own_key()
    others = sorted((_config() / "engine-keys").glob("*.key"))
    return ([own] if own is not None else []) + [_read_key(path) for path in others]


def _read_key(path: Path) -> bytes:
    mode = path.stat().st_mode
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise PermissionError(f"{path}: others can read the engine key (mode {mode & 0o777:o}); run chmod 600 {path}")
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ValueError(f"{path} is no engine key: it must have 64 hexadecimal digits")
    return key


def _config() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "gazeline"


def _encoded(record: Record) -> bytes:
    unsigned = msgspec.structs.replace(record, signature="")
    key = own_key(create=True)
    assert key is not None
    signed = msgspec.structs.replace(record, signature=_sign(unsigned, key))
    return msgspec.json.format(msgspec.json.encode(signed), indent=2) + b"\n"


def _sign(unsigned: Record, key: bytes) -> str:
    return hmac.new(key, msgspec.json.encode(unsigned, order="sorted"), hashlib.sha256).hexdigest()


def _write_whole(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
