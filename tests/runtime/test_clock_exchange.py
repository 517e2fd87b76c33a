"""Clocks that can be asked, over real sockets: Pupil Remote, and a device that speaks Neon's time echo."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest

from gazeline.runtime.bus_address import BusAddress
from gazeline.runtime.clock import ClockOffset
from gazeline.runtime.clock_exchange import Exchanger, measure_of, time_echo
from gazeline.runtime.pupil_remote import PupilRemote

AHEAD_NS = 1_700_000_000_123_000_000  # the device's clock counts from 1970


class Echo:
    """A device's time echo; ``mode``: as it should be, another number back, silence, or hanging up."""

    def __init__(self, mode: str = "right") -> None:
        self._mode = mode
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                while len(asked := connection.recv(8)) == 8:
                    if self._mode == "hangs up":
                        break
                    if self._mode == "silent":
                        time.sleep(3.0)
                        break
                    (number,) = struct.unpack("!Q", asked)
                    number += self._mode == "wrong"
                    now_ms = (time.monotonic_ns() + AHEAD_NS) // 1_000_000
                    answer = struct.pack("!QQ", number, now_ms)
                    connection.sendall(answer[:5])  # in two pieces, as TCP may
                    connection.sendall(answer[5:])

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # a thread waits in accept
        self._listening.close()


@pytest.fixture
def device() -> Iterator[Echo]:
    echo = Echo()
    yield echo
    echo.close()


def test_a_time_echo_tells_the_offset_of_the_device(device: Echo) -> None:
    found = time_echo("127.0.0.1", device.port)
    assert abs(found.offset_ns + AHEAD_NS) <= found.uncertainty_ns
    assert 500_000 <= found.uncertainty_ns < 1_000_000_000


@pytest.mark.parametrize(
    ("mode", "error", "said"),
    [
        ("wrong", ValueError, "something else"),
        ("hangs up", OSError, "broke off"),
        ("silent", OSError, "nobody answers"),
    ],
)
def test_what_is_no_time_echo_is_named(mode: str, error: type[Exception], said: str) -> None:
    echo = Echo(mode)
    with pytest.raises(error, match=said):
        time_echo("127.0.0.1", echo.port)
    echo.close()


def test_who_is_not_there_is_named() -> None:
    echo = Echo()
    echo.close()
    with pytest.raises(OSError, match="cannot ask"):
        time_echo("127.0.0.1", echo.port)


@pytest.mark.parametrize("address", ["", "neon.local", "udp://host:1", "echo://host", "tcp://host:99999", "tcp://:5/x"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"sync\.clock is"):
        measure_of(address)


def test_a_clock_is_asked_again_and_again_and_silence_is_counted(device: Echo) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    with PupilRemote(BusAddress("ipc:///tmp/none"), port):
        for address, offset_ns in ((f"echo://127.0.0.1:{device.port}", -AHEAD_NS), (f"tcp://127.0.0.1:{port}", 0)):
            with Exchanger(measure_of(address), every_s=0.01) as exchanger:
                answers: list[ClockOffset] = []
                end_s = time.monotonic() + 20.0
                while len(answers) < 3 and time.monotonic() < end_s:
                    answers += exchanger.answers()
                    time.sleep(0.01)
            assert len(answers) >= 3
            assert all(abs(found.offset_ns - offset_ns) <= found.uncertainty_ns + 1000 for found in answers)
    device.close()
    with Exchanger(measure_of(f"echo://127.0.0.1:{device.port}"), every_s=0.01) as exchanger:
        end_s = time.monotonic() + 20.0
        while not exchanger.failures and time.monotonic() < end_s:
            time.sleep(0.01)
    assert exchanger.failures
    assert not exchanger.answers()
