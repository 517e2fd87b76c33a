"""The bus over real sockets: newest wins, drops are counted, strangers stay outside, and it survives what happens."""

import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import psutil
import pytest
import zmq

from gazeline.runtime import keys, topics
from gazeline.runtime import messages as m
from gazeline.runtime.bus import BusAddress, Hub, Publisher, Subscriber


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Sockets and keys of a test are its own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with tempfile.TemporaryDirectory(prefix="gz") as short:  # the path of a socket has 107 bytes
        monkeypatch.setenv("XDG_RUNTIME_DIR", short)
        yield


def free_port() -> int:
    """A port that is free together with the one after it."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


@pytest.fixture(params=["ipc", "curve", "plain"])
def address(request: pytest.FixtureRequest, own_folders: None) -> BusAddress:
    if request.param == "ipc":
        return BusAddress.parse("test")
    return BusAddress.parse(f"tcp://127.0.0.1:{free_port()}", insecure_plain_tcp=request.param == "plain")


def gaze(capture_ns: int = 1) -> m.Gaze:
    return m.Gaze(topic=topics.GAZE_BINOCULAR, capture_ns=capture_ns, confidence=1.0, d_head=(0.0, 0.0, -1.0))


def frame(index: int, width: int = 16, height: int = 4) -> m.Frame:
    return m.Frame(topic=topics.FRAME_WORLD, capture_ns=1, width=width, height=height, index=index, format="gray")


def until(done: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something that another thread brings about."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def first_arrives(publisher: Publisher, subscriber: Subscriber) -> None:
    """Send until the connection stands (which takes a few milliseconds), then take everything out."""

    def came() -> bool:
        publisher.send(gaze(0))
        return bool(subscriber.poll(20))

    until(came)
    time.sleep(0.1)
    subscriber.poll()


def test_messages_arrive_with_their_raw_frames(address: BusAddress) -> None:
    with (
        Hub(address),
        Publisher(address) as publisher,
        Subscriber(address, [topics.GAZE_BINOCULAR, topics.FRAME_WORLD]) as subscriber,
    ):
        first_arrives(publisher, subscriber)
        sent = subscriber.received[topics.GAZE_BINOCULAR]
        before_ns = time.monotonic_ns()
        publisher.send(gaze(5))
        publisher.send(frame(3), b"abcd" * 16)
        publisher.send(gaze(6))
        until(lambda: subscriber.received[topics.GAZE_BINOCULAR] >= sent + 2)
        got = subscriber.poll()
        assert [received.message for received in got] == [gaze(5), frame(3), gaze(6)]
        assert got[1].raw == (b"abcd" * 16,)
        assert all(before_ns <= received.receive_ns <= time.monotonic_ns() for received in got)
        assert not subscriber.dropped


def test_who_starts_first_does_not_matter(address: BusAddress) -> None:
    with Publisher(address) as publisher, Subscriber(address, [topics.GAZE_BINOCULAR]) as subscriber:
        assert publisher.send(gaze()) in (True, False)
        assert subscriber.poll(10) == []
        with Hub(address):
            first_arrives(publisher, subscriber)


def test_a_hub_that_starts_again_is_found_again(address: BusAddress) -> None:
    with Publisher(address) as publisher, Subscriber(address, [topics.GAZE_BINOCULAR]) as subscriber:
        for _ in range(2):
            with Hub(address):
                first_arrives(publisher, subscriber)
        subscriber.poll()
        for _ in range(50):
            publisher.send(gaze())
        assert subscriber.poll(100) == []


def test_the_newest_wins_under_a_slow_reader() -> None:
    address = BusAddress.parse("test")
    with (
        Hub(address),
        Publisher(address) as publisher,
        Subscriber(address, [topics.GAZE_BINOCULAR, topics.FRAME_WORLD]) as subscriber,
        Subscriber(address, [topics.FRAME_WORLD, topics.GAZE_BINOCULAR], waiting=500) as patient,
    ):
        first_arrives(publisher, patient)
        first_arrives(publisher, subscriber)
        for index in range(200):
            publisher.send(gaze(index + 1))
            publisher.send(frame(index), bytes(64))
            if index % 20 == 19:  # so that nothing is lost on the way, whatever else this machine does
                until(lambda: patient.received[topics.FRAME_WORLD] > index)  # noqa: B023
                until(lambda: subscriber.received[topics.FRAME_WORLD] > index)  # noqa: B023
        got = subscriber.poll()
        frames = [r.message for r in got if isinstance(r.message, m.Frame)]
        assert [f.index for f in frames] == [199]  # not an old one, and one only
        assert subscriber.dropped == {"stale_frame.world": 199}
        assert [r.message.capture_ns for r in got if isinstance(r.message, m.Gaze)] == list(range(1, 201))
        assert sum(isinstance(r.message, m.Frame) for r in patient.poll()) == 200  # who wants them all gets them all


def test_memory_is_bounded_under_a_reader_that_never_reads() -> None:
    address = BusAddress.parse("test")
    size = 640 * 480
    picture = bytes(size)
    with (
        Hub(address),
        Publisher(address) as publisher,
        Subscriber(address, [topics.GAZE_BINOCULAR, topics.FRAME_WORLD]) as subscriber,
    ):
        first_arrives(publisher, subscriber)
        before = psutil.Process().memory_info().rss
        index = 0
        while index < 600 or subscriber.received[topics.GAZE_BINOCULAR] <= 1200:  # 180 MB at least
            publisher.send(frame(index, 640, 480), picture)
            for _ in range(3):
                publisher.send(gaze(index))
            time.sleep(0.001)
            index += 1
            assert index < 20_000, "hardly anything arrives"
        assert psutil.Process().memory_info().rss - before < 100e6
        got = subscriber.poll()
        assert len(got) <= 1 + topics.TOPICS[topics.GAZE_BINOCULAR].waiting
        assert subscriber.dropped["full_gaze.3d.01."] > 0
        # every picture was either received (and was stale, but the last) or is counted as lost on the way
        newest = next(received.message for received in got if isinstance(received.message, m.Frame))
        arrived = subscriber.dropped["stale_frame.world"] + 1
        assert arrived + subscriber.dropped["lost_frame"] == newest.index + 1


def test_gaps_in_the_frames_index_are_counted_per_camera() -> None:
    address = BusAddress.parse("test")
    with Hub(address), Publisher(address) as publisher, Subscriber(address, [""]) as subscriber:
        first_arrives(publisher, subscriber)
        for index in (4, 5, 9, 10, 2, 3):  # 3 are missing; then the camera starts again
            publisher.send(frame(index), bytes(64))
            publisher.send(msgspec.structs.replace(frame(index * 7), camera_id=f"other {index}"), bytes(64))
        until(lambda: subscriber.received[topics.FRAME_WORLD] == 12)
        assert subscriber.dropped["lost_frame"] == 3


def test_garbage_is_counted_and_good_messages_still_arrive() -> None:
    address = BusAddress.parse("test")
    vandal: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PUB)
    map_ = msgspec.msgpack.encode
    with Hub(address), Publisher(address) as publisher, Subscriber(address, [""]) as subscriber:
        vandal.connect(address.publish_endpoint)
        first_arrives(publisher, subscriber)
        while not subscriber.dropped["unknown_topic"]:  # until it is connected, too
            vandal.send_multipart([b"x", b"y"])
            time.sleep(0.005)
        for parts in (
            [b"gaze.3d.01.", b"\xc1"],
            [b"gaze.3d.01."],
            [b"gaze.3d.01.", map_({"topic": "gaze.3d.01.", "confidence": 7, "capture_ns": 1})],
            [b"frame.world", map_(frame(1)), b"too short"],
            [b"pupil.0.3d", map_({"topic": "pupil.0.3d"})],
            [b"pose.head", b"\x91" * 1000],
            [os.urandom(50) for _ in range(30)],
        ):
            vandal.send_multipart(parts)
        until(lambda: subscriber.dropped["bad_envelope"] >= 2)
        assert {"bad_map", "bad_envelope", "out_of_bounds", "bad_image", "unknown_topic"} <= set(subscriber.dropped)
        assert subscriber.poll() == []
        publisher.send(gaze(77))
        got = subscriber.poll(5000)
        assert [received.message for received in got] == [gaze(77)]
    vandal.close(linger=0)


def test_curve_keeps_strangers_out(tmp_path: Path) -> None:
    address = BusAddress.parse(f"tcp://127.0.0.1:{free_port()}")
    known = keys.load_or_create()
    with Hub(address), Publisher(address) as publisher, Subscriber(address, [topics.GAZE_BINOCULAR]) as subscriber:
        first_arrives(publisher, subscriber)
        strangers: list[zmq.Socket[bytes]] = []
        for knows_server in (False, True):  # without encryption; with the hub's public key but a pair of their own
            for kind in (zmq.SUB, zmq.PUB):
                stranger: zmq.Socket[bytes] = zmq.Context.instance().socket(kind)
                if knows_server:
                    stranger.curve_publickey, stranger.curve_secretkey = zmq.curve_keypair()
                    stranger.curve_serverkey = known.server_public.encode()
                if kind == zmq.SUB:
                    stranger.subscribe(b"")
                endpoint = address.subscribe_endpoint if kind == zmq.SUB else address.publish_endpoint
                stranger.connect(endpoint)
                strangers.append(stranger)
        for index in range(100):
            publisher.send(gaze(index + 1))
            for stranger in strangers[1::2]:
                stranger.send_multipart([b"gaze.3d.01.", msgspec.msgpack.encode(gaze(10**6))])
            time.sleep(0.005)
        assert all(not stranger.poll(50) for stranger in strangers[::2])
        got = [received.message.capture_ns for received in subscriber.poll(1000)]
        assert len(got) > 50
        assert 10**6 not in got
        for stranger in strangers:
            stranger.close(linger=0)


def test_another_machine_joins_with_its_copy_of_the_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = BusAddress.parse(f"tcp://127.0.0.1:{free_port()}")
    with Hub(address), Publisher(address) as publisher:
        elsewhere = tmp_path / "elsewhere" / "gazeline"
        elsewhere.mkdir(parents=True)
        keys.save_client_copy(keys.load_or_create(), elsewhere / "bus.key")
        monkeypatch.setenv("XDG_CONFIG_HOME", str(elsewhere.parent))
        with Subscriber(address, [topics.GAZE_BINOCULAR]) as subscriber:
            first_arrives(publisher, subscriber)
        with pytest.raises(ValueError, match="client's copy"):
            Hub(BusAddress.parse(f"tcp://127.0.0.1:{free_port()}"))


def test_an_address_in_use_is_named(address: BusAddress) -> None:
    with Hub(address):
        with pytest.raises(OSError, match="is in use; stop what listens there") as error:
            Hub(address)
        assert (str(address.text) if not address.is_tcp else ":") in str(error.value)
    with Hub(address):  # and free again when the first is gone
        pass


def test_the_second_port_in_use_frees_the_first() -> None:
    address = BusAddress.parse(f"tcp://127.0.0.1:{free_port()}", insecure_plain_tcp=True)
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(address.subscribe_endpoint.rpartition(":")[2])))
        other.listen()
        with pytest.raises(OSError, match="in use"):
            Hub(address)
    with Hub(address):
        pass


def test_socket_files_that_a_killed_hub_left_are_no_obstacle() -> None:
    address = BusAddress.parse("test")
    for endpoint in (address.publish_endpoint, address.subscribe_endpoint):
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(endpoint.removeprefix("ipc://"))
    with Hub(address), Publisher(address) as publisher, Subscriber(address, [""]) as subscriber:
        first_arrives(publisher, subscriber)


def test_wrong_topics_and_wrong_places_are_named() -> None:
    address = BusAddress.parse("test")
    with pytest.raises(ValueError, match=r"no topic is called 'gaze\.3d\.01'; did you mean 'gaze\.3d\.01\.'"):
        Subscriber(address, ["gaze.3d.01"])
    with pytest.raises(ValueError, match="name the hub's machine"):
        Subscriber(BusAddress.parse("tcp://*:5555", insecure_plain_tcp=True), [""])
    with pytest.raises(OSError, match="No such file or directory"):
        Hub(BusAddress.parse("ipc:///no/such/folder/bus"))


def test_nothing_stays_open() -> None:
    address = BusAddress.parse("test")
    before = psutil.Process().num_fds()
    for _ in range(5):
        with Hub(address), Publisher(address) as publisher, Subscriber(address, [""]) as subscriber:
            first_arrives(publisher, subscriber)
            publisher.close()
    until(lambda: psutil.Process().num_fds() <= before + 6)


def test_an_old_libzmq_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zmq, "zmq_version_info", lambda: (4, 3, 2))
    with pytest.raises(OSError, match=r"4\.3\.3 or newer is needed"):
        Hub(BusAddress.parse("test"))
