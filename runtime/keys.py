"""The keys of an encrypted bus (CURVE, https://rfc.zeromq.org/spec/25/): one pair for the hub, one for its clients."""

import contextlib
import os
import stat
import tempfile
from pathlib import Path

import msgspec
import zmq


class BusKeys(msgspec.Struct, frozen=True, omit_defaults=True):
    """Z85 text, 40 characters each. A machine that runs no hub needs no ``server_secret``."""

    server_public: str
    client_public: str
    client_secret: str
    server_secret: str = ""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if len(getattr(self, name)) != 40 and (name != "server_secret" or self.server_secret):
                raise ValueError(f"{name} must be 40 characters")


def key_path() -> Path:
    """``$XDG_CONFIG_HOME/gazeline/bus.key``, or the same under ~/.config."""
    config = os.environ.get("XDG_CONFIG_HOME")
    return (Path(config) if config else Path.home() / ".config") / "gazeline" / "bus.key"


def load_or_create(path: Path | None = None) -> BusKeys:
    """The keys in ``path`` (default `key_path`), made at first use. OSError or ValueError says what is wrong."""
    path = path or key_path()
    if not path.exists():
        _create(path)
    mode = path.stat().st_mode
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise PermissionError(f"{path}: others can read the bus keys (mode {mode & 0o777:o}); run chmod 600 {path}")
    return load(path)


def load(path: Path) -> BusKeys:
    try:
        return msgspec.json.decode(path.read_bytes(), type=BusKeys)
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: no bus keys ({error}); remove it and new ones are made") from None


def save_client_copy(keys: BusKeys, path: Path) -> None:
    """What a headset or another machine needs to join: everything but the hub's secret."""
    _write_new(BusKeys(keys.server_public, keys.client_public, keys.client_secret), path)


def _create(path: Path) -> None:
    if not zmq.has("curve"):
        raise OSError("this libzmq has no CURVE encryption; use an ipc bus, or install pyzmq from its wheel")
    server_public, server_secret = (key.decode() for key in zmq.curve_keypair())
    client_public, client_secret = (key.decode() for key in zmq.curve_keypair())
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):  # another process was first; its keys are as good
        _write_new(BusKeys(server_public, client_public, client_secret, server_secret), path)


def _write_new(keys: BusKeys, path: Path) -> None:
    """Whole or not at all, and readable by the owner only from its first instant on."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".bus-")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(keys), indent=2) + b"\n")
        try:
            os.link(name, path)
        except FileExistsError:
            raise FileExistsError(f"{path} exists already; it is not overwritten") from None
    finally:
        os.unlink(name)
