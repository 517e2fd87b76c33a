"""Pupil Remote over real sockets: what a Pupil client asks is answered, and a clock's offset is measured."""

import os
import socket
import time
from collections.abc import Iterator

import msgspec
import pytest
import zmq

from gazeline.runtime import messages as m
from gazeline.runtime.bus import BusAddress, Hub, Publisher
from gazeline.runtime.pupil_remote import PupilRemote, measure_offset, seconds


def free_ports(count: int) -> int:
    """The first of ``count`` free ports in a row."""
    while True:
        with socket.socket() as first:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
        try:
            for other in range(port, port + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", other))
        except OSError:
            continue
        return port


@pytest.fixture
def request_socket() -> Iterator["zmq.Socket[bytes]"]:
    asker: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.REQ)
    asker.linger, asker.rcvtimeo = 0, 5000
    yield asker
    asker.close()


def test_a_pupil_client_finds_the_bus_and_reads_from_it(request_socket: zmq.Socket[bytes]) -> None:
    port = free_ports(3)
    address = BusAddress.parse(f"tcp://127.0.0.1:{port}", insecure_plain_tcp=True)
    with Hub(address), PupilRemote(address, port + 2), Publisher(address) as publisher:
        request_socket.connect(f"tcp://127.0.0.1:{port + 2}")
        request_socket.send_string("SUB_PORT")
        reader: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)  # as Pupil's documentation has it
        reader.connect(f"tcp://127.0.0.1:{request_socket.recv_string()}")
        reader.subscribe("gaze.")
        end = time.monotonic() + 10
        while not reader.poll(20):
            assert time.monotonic() < end
            publisher.send(
                m.Gaze(topic="gaze.3d.01.", capture_ns=1, timestamp=2.5, confidence=0.9, norm_pos=(0.5, 0.25))
            )
        topic, payload = reader.recv_multipart()
        reader.close(linger=0)
        assert topic == b"gaze.3d.01."
        gaze = msgspec.msgpack.decode(payload)
        assert (gaze["timestamp"], gaze["confidence"], gaze["norm_pos"]) == (2.5, 0.9, [0.5, 0.25])
        request_socket.send_string("PUB_PORT")
        assert request_socket.recv_string() == str(port)


def test_requests_are_answered_and_no_clock_is_shifted(request_socket: zmq.Socket[bytes]) -> None:
    port = free_ports(1)
    recorded: list[str | None] = []
    with PupilRemote(BusAddress("ipc:///tmp/none"), port, recorded.append):

        def ask(text: str) -> str:
            request_socket.send_string(text)
            return request_socket.recv_string()

        request_socket.connect(f"tcp://127.0.0.1:{port}")
        before = time.monotonic_ns()
        assert before / 1e9 <= float(ask("t")) + 1e-6 <= time.monotonic_ns() / 1e9 + 2e-6
        assert "refused" in ask("T 1234.56")
        assert float(ask("t")) + 1e-6 >= before / 1e9
        assert ask("v")[0].isdigit()
        assert ask("R my session") == "OK"
        assert ask("R") == "OK"
        assert ask("r") == "OK"
        assert recorded == ["my session", "", None]
        assert "start it with --bus tcp://" in ask("SUB_PORT")
        assert ask("") == ask("xyz") == "Unknown command."
        for _ in range(20):  # garbage is answered too: a REP socket that does not would be stuck
            request_socket.send(os.urandom(40))
            assert request_socket.recv()
        request_socket.send_multipart([b"notify.x", b"\x80"])
        assert "not forwarded" in request_socket.recv_string()


def test_the_offset_of_a_clock_is_measured() -> None:
    port = free_ports(1)
    with PupilRemote(BusAddress("ipc:///tmp/none"), port):
        offset = measure_offset(f"tcp://127.0.0.1:{port}", 20)
    assert abs(offset.offset_ns) <= offset.uncertainty_ns + 1000  # it is the same clock
    assert 0 < offset.round_trip_ns < 10**9


def test_who_is_not_there_or_answers_nonsense_is_named(request_socket: zmq.Socket[bytes]) -> None:
    port = free_ports(1)
    with pytest.raises(OSError, match="nobody answers"):
        measure_offset(f"tcp://127.0.0.1:{port}", timeout_ms=100)
    with pytest.raises(OSError, match="cannot ask nonsense"):
        measure_offset("nonsense")


def test_a_taken_port_is_named() -> None:
    port = free_ports(1)
    first = PupilRemote(BusAddress("ipc:///tmp/none"), port)
    with pytest.raises(OSError, match=f"port {port} for Pupil Remote is in use"):
        PupilRemote(BusAddress("ipc:///tmp/none"), port)
    first.close()
    with PupilRemote(BusAddress("ipc:///tmp/none"), port):
        pass


def test_seconds_are_exact() -> None:
    assert seconds(1_234_000_000_005) == "1234.000000005"
