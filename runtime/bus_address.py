"""Where a bus is: two endpoints, one that publishers connect to and one that subscribers connect to."""

import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

import zmq

DEFAULT_NAME = "gazeline"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TCP = re.compile(r"tcp://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+|\*):(\d{1,5})")
_PATH_MAX = int(getattr(zmq, "IPC_PATH_MAX_LEN", 0)) or 107  # sun_path of a Unix socket (104 on macOS)


@dataclass(frozen=True)
class BusAddress:
    """``ipc:///folder/name`` (sockets ``name.in`` and ``name.out``) or ``tcp://host:port`` (ports port and port + 1).

    ``insecure_plain_tcp``: no encryption and no authentication on tcp. Gaze is biometric data; whoever can reach the
    port can then read it, and can inject their own.
    """

    text: str
    insecure_plain_tcp: bool = False

    @staticmethod
    def parse(text: str, *, insecure_plain_tcp: bool = False) -> "BusAddress":
        """An address from ``ipc:///folder/name``, ``tcp://host:port``, or a bare name in the user's private folder.

        Raises ValueError (not an address) or OSError (the private folder cannot be used).
        """
        if _NAME.fullmatch(text):
            text = f"ipc://{private_folder() / text}"
        if text.startswith("ipc://"):
            path = text.removeprefix("ipc://")
            if not path.startswith("/") or path.endswith("/"):
                raise ValueError(f"bus {text!r}: an ipc address is ipc:///folder/name, or just a name")
            if len(os.fsencode(path + ".out")) > _PATH_MAX:
                raise ValueError(
                    f"bus {text!r}: the path is {len(os.fsencode(path)) + 4} bytes long and the system allows"
                    f" {_PATH_MAX} for a socket; choose a shorter folder, for example with XDG_RUNTIME_DIR"
                )
        else:
            match = _TCP.fullmatch(text)
            if match is None:
                raise ValueError(f"bus {text!r}: use ipc:///folder/name, tcp://host:port or a bare name")
            if not 1 <= int(match[2]) <= 65534:
                raise ValueError(f"bus {text!r}: the port must be 1 to 65534 (the port after it is used as well)")
        return BusAddress(text, insecure_plain_tcp)

    @property
    def is_tcp(self) -> bool:
        return self.text.startswith("tcp://")

    @property
    def uses_curve(self) -> bool:
        """Whether the bus is encrypted and lets in only those who hold its keys: tcp, unless switched off."""
        return self.is_tcp and not self.insecure_plain_tcp

    @property
    def path(self) -> Path:
        """The ipc path without its ending."""
        return Path(self.text.removeprefix("ipc://"))

    @property
    def publish_endpoint(self) -> str:
        """Where publishers connect."""
        return self.text if self.is_tcp else self.text + ".in"

    @property
    def subscribe_endpoint(self) -> str:
        """Where subscribers connect."""
        if not self.is_tcp:
            return self.text + ".out"
        host, _, port = self.text.rpartition(":")
        return f"{host}:{int(port) + 1}"

    def __str__(self) -> str:
        return self.text


def private_folder() -> Path:
    """The user's folder for sockets, made if need be, which nobody else may enter. OSError if it is not ours."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and Path(runtime).is_dir():
        folder = Path(runtime) / "gazeline"
    else:
        folder = Path(tempfile.gettempdir()) / f"gazeline-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()  # not stat: somebody else may have put a link there
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{folder} must be a folder of your own with mode 0700; remove it or set XDG_RUNTIME_DIR")
    return folder
