"""Pupil Remote (https://docs.pupil-labs.com/core/developer/network-api/): both sides of its questions and answers.

The server lets Pupil's clients find a tcp bus and read its clock; the client measures the offset of a Pupil Capture's
clock. Pupil's own clients know no encryption: they can only use a bus with ``insecure_plain_tcp``.
"""

import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from types import TracebackType

import zmq

from gazeline.runtime.bus_address import BusAddress
from gazeline.runtime.clock import ClockOffset, best, midpoint

PORT = 50020
LONGEST_REQUEST = 1 << 16


class PupilRemote:
    """Answers Pupil Remote's requests in a thread of its own. OSError with one sentence where the port is taken.

    ``on_record`` is called (in that thread) with the session's name for ``R`` and with None for ``r``.
    """

    def __init__(
        self, address: BusAddress, port: int = PORT, on_record: Callable[[str | None], None] | None = None
    ) -> None:
        self._address = address
        self._on_record = on_record
        host = address.text.removeprefix("tcp://").rpartition(":")[0] if address.is_tcp else "127.0.0.1"
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        socket = self._context.socket(zmq.REP)
        socket.linger = 0
        socket.maxmsgsize = LONGEST_REQUEST
        socket.ipv6 = host.startswith("[")
        try:
            socket.bind(f"tcp://{host}:{port}")
        except zmq.ZMQError as error:
            socket.close()
            self._context.term()
            why = "is in use; stop what listens there" if error.errno == zmq.EADDRINUSE else f"fails: {error.strerror}"
            raise OSError(
                f"port {port} for Pupil Remote {why}, or choose another port (Pupil Capture's own is 50020)"
            ) from None
        self._thread = threading.Thread(target=self._serve, args=(socket,), name="pupil-remote", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._context.term()  # wakes the thread, which closes its socket
        self._thread.join()

    def __enter__(self) -> "PupilRemote":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def answer(self, request: str) -> str:
        """What is answered to one request."""
        command, _, argument = request.partition(" ")
        match command:
            case "SUB_PORT" | "PUB_PORT" if not self._address.is_tcp:
                reply = f"No port: this bus is on {self._address}; start it with --bus tcp://host:port."
            case "SUB_PORT":
                reply = self._address.subscribe_endpoint.rpartition(":")[2]
            case "PUB_PORT":
                reply = self._address.publish_endpoint.rpartition(":")[2]
            case "t":
                reply = seconds(time.monotonic_ns())
            case "v":
                reply = version("gazeline")
            case "T":
                reply = "Timesync refused: others rely on this clock; measure its offset with 't'."
            case "R" | "r":
                reply = "OK" if self._on_record is not None else "Recording is not available here."
                if self._on_record is not None:
                    self._on_record(argument if command == "R" else None)
            case _:
                reply = "Unknown command."
        return reply

    def _serve(self, socket: zmq.Socket[bytes]) -> None:
        try:
            while True:
                request = socket.recv_multipart()
                if len(request) > 1:
                    answer = "Messages are not forwarded here; publish them at PUB_PORT."
                else:
                    answer = self.answer(request[0].decode("utf-8", "replace").strip())
                socket.send_string(answer)
        except zmq.ContextTerminated:
            pass
        finally:
            socket.close(linger=0)


def measure_offset(endpoint: str = f"tcp://127.0.0.1:{PORT}", n: int = 16, timeout_ms: int = 1000) -> ClockOffset:
    """How the clock behind a Pupil Remote stands to ours: ``n`` questions, the shortest round trip wins.

    Raises OSError where nobody answers in ``timeout_ms``, ValueError where the answer is no time.
    """
    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.REQ)
    socket.linger, socket.rcvtimeo, socket.sndtimeo = 0, timeout_ms, timeout_ms
    measured = []
    try:
        socket.connect(endpoint)
        for _ in range(n):
            sent_ns = time.monotonic_ns()
            socket.send(b"t")
            answer = socket.recv()
            measured.append(midpoint(sent_ns, _nanoseconds(answer, endpoint), time.monotonic_ns()))
    except zmq.Again:
        raise OSError(f"nobody answers at {endpoint}; is Pupil Remote switched on in Pupil Capture?") from None
    except zmq.ZMQError as error:
        raise OSError(f"cannot ask {endpoint} for its time: {error.strerror}") from None
    finally:
        socket.close()
    return best(measured)


def seconds(ns: int) -> str:
    """Nanoseconds as a decimal number of seconds, without rounding through a float."""
    return f"{ns // 10**9}.{ns % 10**9:09d}"


def _nanoseconds(answer: bytes, endpoint: str) -> int:
    try:
        return round(float(answer[:64]) * 1e9)
    except (ValueError, OverflowError):
        raise ValueError(f"{endpoint} answers {answer[:64]!r} to 't', which is no time in seconds") from None
