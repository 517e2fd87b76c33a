"""Asking a clock what time it is, again and again: Pupil Remote's ``t``, and the time echo of Pupil Labs' Neon.

The time echo (https://docs.pupil-labs.com/neon/real-time-api/): over TCP the client sends its time as an unsigned
64-bit integer in network byte order, and gets back that number and the device's time in milliseconds since 1970, both
in the same form.
"""

import queue
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from urllib.parse import urlsplit

from gazeline.runtime import pupil_remote
from gazeline.runtime.clock import ClockOffset, best, midpoint

EVERY_S = 2.0
QUESTIONS = 6  # each time; the shortest round trip counts
TIMEOUT_S = 1.0

Measure = Callable[[], ClockOffset]


def measure_of(address: str) -> Measure:
    """How to ask the clock at ``tcp://host:port`` (Pupil Remote) or ``echo://host:port`` (time echo).

    ValueError with one sentence for anything else. What it returns raises OSError or ValueError if it comes to nothing.
    """
    parts = urlsplit(address)
    port = None
    with suppress(ValueError):
        port = parts.port
    if parts.scheme not in ("tcp", "echo") or not parts.hostname or port is None or parts.path:
        raise ValueError(
            f"sync.clock is {address!r}; it is tcp://host:50020 for a Pupil Remote, or echo://host:port for a time echo"
        )
    host = parts.hostname
    if parts.scheme == "tcp":
        return lambda: pupil_remote.measure_offset(address, QUESTIONS, round(1e3 * TIMEOUT_S))
    return lambda: time_echo(host, port)


def time_echo(host: str, port: int, n: int = QUESTIONS) -> ClockOffset:
    """How the clock behind a time echo stands to ours: ``n`` questions, the shortest round trip wins.

    Raises OSError where nobody answers, ValueError where the answer is no time.
    """
    measured = []
    try:
        with socket.create_connection((host, port), TIMEOUT_S) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for number in range(n + 1):
                sent_ns = time.monotonic_ns()
                connection.sendall(struct.pack("!Q", sent_ns))
                echo, remote_ms = struct.unpack("!QQ", _exactly(connection, 16))
                received_ns = time.monotonic_ns()
                if echo != sent_ns:
                    raise ValueError(f"{host}:{port} answers something else than a time echo")
                found = midpoint(sent_ns, remote_ms * 1_000_000 + 500_000, received_ns)  # it counts whole milliseconds
                if number:  # the first one opens the way
                    measured.append(replace(found, uncertainty_ns=found.uncertainty_ns + 500_000))
    except TimeoutError:
        raise OSError(f"nobody answers at {host}:{port}; is the Companion app running, and is that its port?") from None
    except ConnectionError as error:
        why = error.strerror or "the connection broke off"
        raise OSError(f"cannot ask {host}:{port} for its time: {why}") from None
    except socket.gaierror:
        raise OSError(f"cannot ask {host}:{port} for its time: there is no such host") from None
    return best(measured)


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


class Exchanger:
    """Asks a clock every two seconds, in a thread of its own. ``answers`` holds what came of it since it was taken.

    A clock that does not answer is asked again; ``failures`` counts how often that was.
    """

    def __init__(self, measure: Measure, every_s: float = EVERY_S) -> None:
        self._measure, self._every_s = measure, every_s
        self._answers: queue.SimpleQueue[ClockOffset] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gazeline-clock", daemon=True)
        self.failures = 0

    def answers(self) -> list[ClockOffset]:
        found = []
        with suppress(queue.Empty):
            while True:
                found.append(self._answers.get_nowait())
        return found

    def __enter__(self) -> "Exchanger":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._thread.join(QUESTIONS * TIMEOUT_S)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._answers.put(self._measure())
            except (OSError, ValueError):
                self.failures += 1
            self._closing.wait(self._every_s)
