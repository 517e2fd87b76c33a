"""The browser HUD's server over real sockets: newest first for every page, the right instant, nobody else's page."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from gazeline.runtime import messages as m
from gazeline.runtime import topics
from gazeline.runtime.bus import BusAddress, Hub, Publisher, Subscriber
from gazeline.runtime.viewpoint import DEFAULT_DEPTH_M
from gazeline.runtime.web.access import is_local
from gazeline.runtime.web.server import WebServer
from tests.runtime import scripted_headset as headset

SECOND_NS = 1_000_000_000


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BusAddress]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with tempfile.TemporaryDirectory(prefix="gz") as short:  # the path of a socket has 107 bytes
        address = BusAddress.parse(f"ipc://{short}/bus")
        with Hub(address):
            yield address


@pytest.fixture
def server(bus: BusAddress) -> Iterator[WebServer]:
    server = WebServer(bus, 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server
    server.stop()
    thread.join(10)
    assert not thread.is_alive()


@pytest.fixture
def publisher(bus: BusAddress) -> Iterator[Publisher]:
    with Publisher(bus) as publisher:
        yield publisher


class Page:
    """A page's side of the WebSocket."""

    def __init__(self, server: WebServer, **options: Any) -> None:
        options.setdefault("origin", server.url.rstrip("/"))
        address = server.url.replace("http", "ws") + "ws"
        self._connecting = connect(address, open_timeout=10, close_timeout=1, **options)
        self.socket: ClientConnection

    def __enter__(self) -> Self:
        self.socket = self._connecting.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connecting.__exit__(kind, value, trace)

    def read(self, timeout: float = 10.0) -> tuple[dict[str, Any], bytes]:
        """The next message but for the status: what it says, and the JPEG that comes with it."""
        while True:
            data = self.socket.recv(timeout=timeout)
            if isinstance(data, str):
                message = json.loads(data)
                if message["type"] != "status":
                    return message, b""
            else:
                (length,) = struct.unpack_from("<I", data)
                return json.loads(data[4 : 4 + length]), data[4 + length :]

    def read_frame(self, index: int | None = None) -> tuple[dict[str, Any], bytes]:
        """The next picture, or that of ``index``, acknowledging all before it and itself."""
        while True:
            message, jpeg = self.read()
            self.say(type="ack", seq=message["seq"])
            if message["type"] == "frame" and index in (None, message["index"]):
                return message, jpeg

    def read_to_the_end(self) -> None:
        """Until the server closes the connection."""
        while True:
            self.read()

    def quiet(self, seconds: float) -> bool:
        """Whether nothing but the status comes for a while."""
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                self.read(timeout=max(0.0, end - time.monotonic()))
                return False
        except TimeoutError:
            pass
        return True

    def say(self, **message: object) -> None:
        self.socket.send(json.dumps(message))


def until(done: Callable[[], object], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


def greet(page: Page, publisher: Publisher) -> dict[str, Any]:
    """Publish a first picture until the page has it: then all are connected."""
    jpeg = headset.jpeg_of(headset.picture(0.0))
    while True:
        publisher.send(headset.frame_of(0, time.monotonic_ns()), jpeg)
        try:
            message, _ = page.read(timeout=0.2)
        except TimeoutError:
            continue
        page.say(type="ack", seq=message["seq"])
        while not page.quiet(0.2):
            pass
        page.say(type="ack", seq=10_000)
        return message


def test_page_is_served_and_needs_nothing_from_elsewhere(server: WebServer) -> None:
    page = httpx.get(server.url)
    assert page.status_code == 200
    assert "<canvas" in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "access-control-allow-origin" not in page.headers
    for name in ("hud.js", "link.js", "scene.js", "card.js", "hud.css", "favicon.svg"):
        found = httpx.get(server.url + name)
        assert found.status_code == 200
        assert "https://" not in found.text
    assert httpx.get(server.url + "../server.py").status_code == 404
    assert httpx.get(server.url, headers={"host": "evil.example"}).status_code == 421


@pytest.mark.parametrize("origin", ["http://evil.example", "null", None])
def test_a_foreign_page_is_refused(server: WebServer, origin: str | None) -> None:
    with pytest.raises(InvalidStatus) as refused, Page(server, origin=origin):
        pass
    assert refused.value.response.status_code == 403


def test_a_foreign_name_for_this_machine_is_refused(server: WebServer) -> None:
    port = server.url.rsplit(":", 1)[1].rstrip("/")
    refused = httpx.get(
        server.url + "ws",
        headers={
            "host": f"evil.example:{port}",
            "origin": f"http://evil.example:{port}",
            "connection": "upgrade",
            "upgrade": "websocket",
            "sec-websocket-version": "13",
            "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
        },
    )
    assert refused.status_code == 403


def test_jpeg_is_passed_on_as_it_came_and_other_formats_are_encoded(server: WebServer, publisher: Publisher) -> None:
    image = headset.picture(0.0)
    jpeg = headset.jpeg_of(image)
    with Page(server) as page:
        greet(page, publisher)
        capture_ns = time.monotonic_ns()
        publisher.send(headset.frame_of(7, capture_ns), jpeg)
        header, data = page.read_frame(7)
        assert data == jpeg
        assert header["capture_ns"] == str(capture_ns)
        assert (header["width"], header["height"]) == (headset.WIDTH, headset.HEIGHT)
        assert 0 <= header["age_ms"] < 60_000
        publisher.send(headset.frame_of(8, capture_ns + 1, format="rgb"), image.tobytes())
        _, data = page.read_frame(8)
        assert data[:2] == b"\xff\xd8"
        publisher.send(headset.frame_of(9, capture_ns + 2, width=64), jpeg)  # a JPEG of another size than it says
        until(lambda: server.dropped["bad_image"] == 1)


def test_outlines_stand_where_the_picture_shows_their_objects(server: WebServer, publisher: Publisher) -> None:
    before, after = 0.0, 0.2  # rad
    with Page(server) as page:
        start_ns = greet_with_rig(page, publisher)
        for step in range(6):  # the head turns, then the outline of the first picture comes
            t_ns, yaw = start_ns + step * 20_000_000, before + (after - before) * step / 5
            publisher.send(headset.pose_message(yaw, t_ns))
        publisher.send(headset.overlay_of(2, index=1, capture_ns=start_ns, yaw_rad=before))
        publisher.send(headset.frame_of(2, start_ns + 100_000_000), headset.jpeg_of(headset.picture(after)))
        overlay = wait_for_overlay(page, lambda each: each["age_ms"] == 100.0)
        assert overlay["moved"] == "depth"
        assert [each["id"] for each in overlay["objects"]] == [1, 2, 3]
        for drawn in overlay["objects"]:
            ring = np.reshape(drawn["rings"][0], (-1, 2))
            np.testing.assert_allclose(ring, headset.disc_px(drawn["id"], after), atol=0.02)
            assert drawn["gazed"] == (drawn["id"] == 2)
            x0, y0, x1, y1 = drawn["box"]
            np.testing.assert_allclose([[x0, y0], [x1, y1]], [ring.min(axis=0), ring.max(axis=0)], atol=0.02)


def test_without_poses_outlines_are_shown_as_they_are(server: WebServer, publisher: Publisher) -> None:
    with Page(server) as page:
        greet(page, publisher)
        now_ns = time.monotonic_ns()
        publisher.send(headset.overlay_of(1, index=1, capture_ns=now_ns - 50_000_000, yaw_rad=0.0))
        publisher.send(headset.frame_of(2, now_ns), headset.jpeg_of(headset.picture(0.1)))
        overlay = wait_for_overlay(page, lambda each: each["age_ms"] == 50.0)
        assert overlay["moved"] == "none"
        ring = np.reshape(overlay["objects"][0]["rings"][0], (-1, 2))
        np.testing.assert_allclose(ring, headset.disc_px(1, 0.0), atol=0.01)


def test_old_outlines_are_not_shown(server: WebServer, publisher: Publisher) -> None:
    with Page(server) as page:
        greet(page, publisher)
        now_ns = time.monotonic_ns()
        publisher.send(headset.overlay_of(1, index=1, capture_ns=now_ns, yaw_rad=0.0))
        publisher.send(headset.frame_of(2, now_ns + 3 * SECOND_NS), headset.jpeg_of(headset.picture(0.1)))
        header, _ = page.read_frame(2)
        assert header["overlay"] is None


def test_a_page_that_draws_slowly_skips_to_the_newest(server: WebServer, publisher: Publisher) -> None:
    jpeg = headset.jpeg_of(headset.picture(0.0))
    with Page(server) as slow, Page(server) as fast:
        greet(slow, publisher)
        while not fast.quiet(0.2):
            pass
        fast.say(type="ack", seq=10_000)
        got = []
        for index in range(1, 41):
            publisher.send(headset.frame_of(index, time.monotonic_ns()), jpeg)
            got.append(fast.read_frame()[0]["index"])  # the fast one has each of them
        assert got == list(range(1, 41))
        first, _ = slow.read()
        second, _ = slow.read()
        assert (first["index"], second["index"]) == (1, 2)
        assert slow.quiet(0.3)  # no more than two are under way
        slow.say(type="ack", seq=second["seq"])
        assert slow.read_frame()[0]["index"] == 40
        assert slow.quiet(0.3)


def test_garbage_from_a_page_is_counted_and_harms_nobody(server: WebServer, publisher: Publisher) -> None:
    garbage: list[str | bytes] = [
        "",
        "{",
        "null",
        b"\x00\xff",
        '{"type":"ack"}',
        '{"type":"ack","seq":-1}',
        '{"type":"pointer","x":1e999,"y":0,"capture_ns":"1"}',
        '{"type":"pointer","x":1,"y":0,"capture_ns":"99999999999999999999"}',
        '{"type":"pointer","x":"1","y":0,"capture_ns":1}',
        "[" * 1000,
    ]
    with Page(server) as good, Page(server) as bad:
        greet(good, publisher)
        for data in garbage:
            bad.socket.send(data)
        until(lambda: server.dropped["bad_message"] == len(garbage))
        bad.say(type="pointer", x=5, y=5, capture_ns="9223372036854775807")  # of no picture: taken as it stands
        for _ in range(30):
            bad.socket.send("?")
        with pytest.raises(ConnectionClosed):
            bad.read_to_the_end()
        with Page(server) as large:
            large.socket.send("x" * 100_000)
            with pytest.raises(ConnectionClosed):
                large.read_to_the_end()
        publisher.send(headset.frame_of(5, time.monotonic_ns()), headset.jpeg_of(headset.picture(0.0)))
        good.read_frame(5)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_pointer_means_what_was_shown_under_it(
    server: WebServer, publisher: Publisher, bus: BusAddress, number: int
) -> None:
    """The head has turned since the picture was taken: the gaze goes to the object, not to the pixel."""
    then, now = -0.1, 0.1
    with Page(server) as page, Subscriber(bus, [topics.GAZE_BINOCULAR]) as subscriber:
        shown_ns = greet_with_rig(page, publisher, yaw_rad=then) - 200_000_000
        publisher.send(headset.pose_message(then, shown_ns))
        keep_head_at(now, publisher)
        x, y = headset.disc_px(number, then).mean(axis=0).tolist()
        gazes: list[m.Gaze] = []

        def pointed() -> bool:
            keep_head_at(now, publisher)
            page.say(type="pointer", x=x, y=y, capture_ns=str(shown_ns))
            gazes.extend(each.message for each in subscriber.poll(20) if isinstance(each.message, m.Gaze))
            return len(gazes) >= 3

        until(pointed)
        gaze = gazes[-1]
        assert gaze.source == "mouse"
        assert gaze.confidence == 1.0
        assert gaze.d_head is not None
        assert 0 <= time.monotonic_ns() - (gaze.capture_ns or 0) < 10 * SECOND_NS
        p_camera = headset.T_HEAD_CAMERA.inverse().apply(DEFAULT_DEPTH_M * np.asarray(gaze.d_head))
        px, _ = headset.CAMERA.project(p_camera)
        assert np.linalg.norm(px - headset.disc_px(number, now).mean(axis=0)) < 2.0


def test_the_pointer_without_a_rig_is_a_place_in_the_picture(
    server: WebServer, publisher: Publisher, bus: BusAddress
) -> None:
    with Page(server) as page, Subscriber(bus, [topics.GAZE_BINOCULAR]) as subscriber:
        header = greet(page, publisher)
        gazes: list[m.Gaze] = []

        def pointed() -> bool:
            page.say(type="pointer", x=159.5, y=119.5, capture_ns=header["capture_ns"])
            gazes.extend(each.message for each in subscriber.poll(20) if isinstance(each.message, m.Gaze))
            return bool(gazes)

        until(pointed)
        assert gazes[0].d_head is None
        assert gazes[0].norm_pos == pytest.approx((0.25, 0.75))


def test_status_says_who_is_there(server: WebServer, publisher: Publisher) -> None:
    def status(page: Page) -> dict[str, Any]:
        while True:
            data = page.socket.recv(timeout=10)
            if isinstance(data, str) and json.loads(data)["type"] == "status":
                found: dict[str, Any] = json.loads(data)
                return found

    with Page(server) as page:
        assert status(page)["runtime"] is False
        greet(page, publisher)

        def runtime_is_there() -> bool:
            publisher.send(headset.stats_message())
            return bool(status(page)["runtime"])

        until(runtime_is_there)
        found = status(page)
        assert found["camera"] is True
        assert found["model"] == "test-model"
        assert found["frames_dropped"] == 3
        assert found["stages"]["encode"] == {"p50_ms": 12.0, "p99_ms": 15.0}


def test_a_port_in_use_is_one_sentence(bus: BusAddress) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port} of 127.0.0.1 is in use; .*--port"):
            WebServer(bus, port)
    with pytest.raises(OSError, match="no host is called"):
        WebServer(bus, 0, "no-such-host.invalid")
    with pytest.raises(OSError, match="is no port"):
        WebServer(bus, 70_000)


def test_local_is_what_only_this_machine_reaches() -> None:
    assert all(is_local(host) for host in ("localhost", "127.0.0.1", "127.1.2.3", "::1"))
    assert not any(is_local(host) for host in ("0.0.0.0", "::", "192.168.1.5", "example.org"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_and_other_hosts_are_warned_of(bus: BusAddress, number: int) -> None:
    code = (
        "import sys\n"
        "from gazeline.runtime.bus import BusAddress\n"
        "from gazeline.runtime.web.server import serve\n"
        "serve(BusAddress.parse(sys.argv[1]), 0, sys.argv[2], on_ready=lambda url: print(url, flush=True))\n"
    )
    host = "0.0.0.0" if number == signal.SIGTERM else "127.0.0.1"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(bus), host], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip().replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(url, timeout=20).status_code == 200
        os.kill(process.pid, number)
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0
    assert ("biometric" in errors) == (host == "0.0.0.0")
    assert "Traceback" not in errors


def greet_with_rig(page: Page, publisher: Publisher, yaw_rad: float = 0.0) -> int:
    """As `greet`, with the rig and a pose sent; the time from which on nothing has been sent."""
    greet(page, publisher)
    publisher.send(headset.rig_message())
    publisher.send(headset.frame_of(1, time.monotonic_ns()), headset.jpeg_of(headset.picture(yaw_rad)))
    page.read_frame(1)
    return time.monotonic_ns()


def keep_head_at(yaw_rad: float, publisher: Publisher) -> None:
    now_ns = time.monotonic_ns()
    for earlier_ns in (20_000_000, 0):
        publisher.send(headset.pose_message(yaw_rad, now_ns - earlier_ns))


def wait_for_overlay(page: Page, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    while True:
        message, _ = page.read()
        page.say(type="ack", seq=message["seq"])
        overlay: dict[str, Any] | None = message["overlay"]
        if overlay is not None and wanted(overlay):
            return overlay
