"""Logs: bus messages in a file, byte for byte as they were on the bus, with the time at which each came in.

The format (``.gzl``) is a header line, ``gazeline log 1\\n``, and then one record per message, integers little endian:
receive time in ns (u64), number of parts (u8), the length of each part (u32 each), the parts.
"""

import struct
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from gazeline.runtime import wire
from gazeline.runtime.bus import BusAddress, Subscriber
from gazeline.runtime.messages import Message
from gazeline.runtime.wire import Received, WireError

SUFFIX = ".gzl"
MAGIC = b"gazeline log 1\n"
HEAD = struct.Struct("<QB")
MOST_PARTS = 2 + wire.MAX_RAW_FRAMES
WAITING = 128


class LogWriter:
    """Writes a log. Raises OSError with one sentence if the file cannot be written."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            self._file: BinaryIO = self.path.open("wb")
        except OSError as error:
            raise OSError(f"cannot write the recording {path}: {error.strerror}; choose another file") from error
        self._file.write(MAGIC)

    def write(self, message: Message, *raw: bytes, receive_ns: int) -> None:
        """Append one message. Raises WireError if it is none that may be on the bus."""
        self.write_parts(wire.pack(message, *raw), receive_ns)

    def write_parts(self, parts: Sequence[bytes], receive_ns: int) -> None:
        """Append one message as it is on the bus, broken or not."""
        lengths = struct.pack(f"<{len(parts)}I", *map(len, parts))
        self._file.write(b"".join((HEAD.pack(receive_ns, len(parts)), lengths, *parts)))

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> "LogWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_log(path: str | Path) -> Iterator[Received]:
    """The messages of a log, in the order in which they came in, with their ``receive_ns`` of then.

    One record at a time is in memory. Messages that were broken on the bus are left out, as the bus's readers do.
    Raises FileNotFoundError for a missing file, ValueError for one that is no log or was cut off, with one sentence.
    """
    for parts, receive_ns in read_parts(path):
        try:
            yield wire.unpack(parts, receive_ns)
        except WireError:
            continue


def read_parts(path: str | Path) -> Iterator[tuple[list[bytes], int]]:
    """The records of a log as they are, parts and ``receive_ns``; raises as `read_log` does."""
    path = Path(path)
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no recording {path}") from None
    except IsADirectoryError:
        raise IsADirectoryError(f"{path} is a folder; a recording ({SUFFIX}) is a file") from None
    with file:
        if file.read(len(MAGIC)) != MAGIC:
            raise ValueError(f"{path} is no Gazeline recording ({SUFFIX}): it does not begin with its header")
        while head := file.read(HEAD.size):
            where = file.tell() - len(head)
            receive_ns, count = HEAD.unpack(_whole(head, HEAD.size, path, where))
            if not 1 <= count <= MOST_PARTS:
                raise ValueError(f"the recording {path} is damaged at byte {where}: a message of {count} parts")
            lengths = struct.unpack(f"<{count}I", _whole(file.read(4 * count), 4 * count, path, where))
            if max(lengths) > wire.MAX_RAW_BYTES:
                raise ValueError(f"the recording {path} is damaged at byte {where}: a part of {max(lengths)} bytes")
            yield [_whole(file.read(length), length, path, where) for length in lengths], receive_ns


def is_log(path: str | Path) -> bool:
    """Whether the file begins as a log does."""
    try:
        with Path(path).open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def record(
    address: BusAddress,
    path: str | Path,
    topics: Iterable[str] = ("",),
    *,
    stop: Callable[[], bool],
    max_seconds: float | None = None,
) -> int:
    """Write what comes on the bus to a log until ``stop`` says so; returns how many messages were written.

    All of it, unless the disk falls WAITING messages of a topic behind; then the newest are kept.
    """
    count = 0
    end_ns = None if max_seconds is None else time.monotonic_ns() + round(1e9 * max_seconds)
    with LogWriter(path) as log, Subscriber(address, topics, WAITING) as subscriber:
        while not stop() and (end_ns is None or time.monotonic_ns() < end_ns):
            for received in subscriber.poll(timeout_ms=50):
                log.write(received.message, *received.raw, receive_ns=received.receive_ns)
                count += 1
    return count


def _whole(data: bytes, length: int, path: Path, where: int) -> bytes:
    if len(data) != length:
        raise ValueError(f"the recording {path} is cut off: its message at byte {where} is not whole; copy it again")
    return data
