"""The browser HUD's server: what is on the bus goes to every page, and the pages' pointers go back as gaze.

Newest wins for each page by itself: at most two messages are under way to a page until it says that it has drawn them,
and what is sent next is made then, of the newest there is. A slow page skips frames and never gets old ones; it costs
the others nothing.
"""

import asyncio
import contextlib
import errno
import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from gazeline.runtime import topics
from gazeline.runtime.bus import BusAddress, Publisher, Subscriber
from gazeline.runtime.messages import UserPrompt
from gazeline.runtime.web import protocol
from gazeline.runtime.web.access import POLICY_VIOLATION, Gate, is_local
from gazeline.runtime.web.view import Picture, View, picture_of
from gazeline.runtime.wire import Received

STATIC = Path(__file__).parent / "static"
TOPICS = (
    topics.FRAME_WORLD,
    topics.OVERLAY_OBJECTS,
    topics.POSE_HEAD,
    topics.RIG_DEVICE,
    topics.STATS_RUNTIME,
    topics.GAZE_BINOCULAR,
    topics.CALIBRATE_TARGET,
    topics.CALIBRATE_BOARD,
)
UNDER_WAY = 2  # messages to a page that it has not drawn yet: one on its way while another is drawn
GAZE_PERIOD_S = 1 / 60  # gaze alone is sent no more often than this
STATUS_PERIOD_S = 0.5
POINTER_PERIOD_NS = 8_000_000  # of one page; what comes faster is left out
BAD_MESSAGES = 20  # from one page; then it is disconnected
PAGES = 16


class _Page:
    """One connected page: what was sent to it, and what it has drawn."""

    def __init__(self) -> None:
        self.news = asyncio.Event()
        self.sent = self.drawn = 0  # sequence numbers
        self.versions = (0, 0, 0)  # of picture, overlay and gaze that were sent
        self.picture: Picture | None = None
        self.last_sent_s = 0.0
        self.last_pointer_ns = 0
        self.bad = 0


class WebServer:
    """Listens from the start, serves in `run`, which blocks until `stop` is called from anywhere.

    ``port`` 0 takes a free one; ``url`` says which. Raises OSError with one sentence where it cannot listen.
    ``dropped`` counts what was refused from pages, by reason.
    """

    def __init__(self, bus: BusAddress, port: int, host: str = "127.0.0.1") -> None:
        self.dropped: Counter[str] = Counter()
        self._bus = bus
        self._socket = _listen(host, port)
        shown = "localhost" if is_local(host) else host
        self.url = f"http://{f'[{shown}]' if ':' in shown else shown}:{self._socket.getsockname()[1]}/"
        self._view = View()
        self._pages: set[_Page] = set()
        app = Starlette(
            routes=[WebSocketRoute("/ws", self._talk), Mount("/", StaticFiles(directory=STATIC, html=True))],
            middleware=[Middleware(Gate, host=host)],
        )
        config = uvicorn.Config(
            app,
            loop="asyncio",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            ws_max_size=protocol.MAX_TEXT,
            ws_per_message_deflate=False,  # JPEG does not get smaller
            timeout_graceful_shutdown=1,
            backlog=64,
        )
        self._server = _Uvicorn(config)

    def run(self, *, signals: bool = False) -> None:
        """Serve until `stop`; with ``signals`` also until SIGINT or SIGTERM (in the main thread only)."""
        asyncio.run(self._run(signals))

    def stop(self) -> None:
        """Ask `run` to end. Safe from any thread."""
        self._server.should_exit = True

    async def _run(self, signals: bool) -> None:
        loop = asyncio.get_running_loop()
        if signals:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self.stop)
        ending = threading.Event()
        with Publisher(self._bus) as self._publisher, Subscriber(self._bus, TOPICS) as subscriber:
            reader = threading.Thread(
                target=self._read_bus, args=(subscriber, loop, ending), name="gazeline-web-bus", daemon=True
            )
            reader.start()
            try:
                await self._server.serve(sockets=[self._socket])
            finally:
                ending.set()
                await asyncio.to_thread(reader.join)
                self._socket.close()

    # ---- from the bus ----

    def _read_bus(self, subscriber: Subscriber, loop: asyncio.AbstractEventLoop, ending: threading.Event) -> None:
        """In its own thread: hands over what came and waits until it is taken, so that nothing queues in between."""
        taken = threading.Event()
        while not ending.is_set():
            found = subscriber.poll(100)
            if not found:
                continue
            watched = bool(self._pages)
            pictures = [picture_of(each) for each in found if watched and each.message.topic == topics.FRAME_WORLD]
            taken.clear()
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(self._take, found, pictures, taken)
                while not (taken.wait(0.1) or ending.is_set()):
                    pass

    def _take(self, found: list[Received], pictures: list[Picture | None], taken: threading.Event) -> None:
        for received in found:
            self._view.take(received)
        for picture in pictures:
            if picture is None:
                self.dropped["bad_image"] += 1
            else:
                self._view.show(picture)
        for page in self._pages:
            page.news.set()
        taken.set()

    # ---- to and from one page ----

    async def _talk(self, socket: WebSocket) -> None:
        if len(self._pages) >= PAGES:
            await socket.close(POLICY_VIOLATION)
            return
        await socket.accept()
        page = _Page()
        self._pages.add(page)
        jobs = (self._send_views, self._send_status, self._hear)
        tasks = [asyncio.ensure_future(job(socket, page)) for job in jobs]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._pages.discard(page)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            error = task.exception()
            if error is not None and not isinstance(error, (WebSocketDisconnect, OSError, RuntimeError)):
                raise error

    async def _send_views(self, socket: WebSocket, page: _Page) -> None:
        page.news.set()
        while True:
            await page.news.wait()
            page.news.clear()
            while page.sent - page.drawn < UNDER_WAY:
                message = self._next(page)
                if message is None:
                    break
                if isinstance(message, bytes):
                    await socket.send_bytes(message)
                else:
                    await socket.send_text(message)

    def _next(self, page: _Page) -> bytes | str | None:
        """The newest that the page has not got, or None."""
        view = self._view
        now_s = time.monotonic()
        before, page_now = page.versions, view.versions
        picture = view.picture
        if picture is None or page_now == before:
            return None
        if page_now[0] != before[0]:
            page.picture = picture
        elif page_now[1] == before[1] and now_s - page.last_sent_s < GAZE_PERIOD_S:
            return None
        assert page.picture is not None
        page.versions, page.last_sent_s = page_now, now_s
        page.sent += 1
        if page_now[0] != before[0]:
            return protocol.frame_bytes(view.header(picture, page.sent), picture.jpeg)
        return protocol.text(view.update(page.picture, page.sent, with_overlay=page_now[1] != before[1]))

    async def _send_status(self, socket: WebSocket, _page: _Page) -> None:
        while True:
            await socket.send_text(protocol.text(self._view.status(time.monotonic_ns())))
            await asyncio.sleep(STATUS_PERIOD_S)

    async def _hear(self, socket: WebSocket, page: _Page) -> None:
        while True:
            event = await socket.receive()
            if event["type"] == "websocket.disconnect":
                return
            try:
                message = protocol.read(event.get("text") or "")
            except ValueError:
                self.dropped["bad_message"] += 1
                page.bad += 1
                if page.bad > BAD_MESSAGES:
                    await socket.close(POLICY_VIOLATION)
                    return
                continue
            if isinstance(message, protocol.Pointer):
                self._point(page, message)
            elif isinstance(message, protocol.Ask):
                self._publisher.send(
                    UserPrompt(
                        topic=topics.PROMPT_USER,
                        capture_ns=time.monotonic_ns(),
                        kind=message.kind,
                        object_id=message.object_id,
                        text=message.text,
                    )
                )
            else:
                page.drawn = min(max(page.drawn, message.seq), page.sent)
                page.news.set()

    def _point(self, page: _Page, pointer: protocol.Pointer) -> None:
        now_ns = time.monotonic_ns()
        if now_ns - page.last_pointer_ns < POINTER_PERIOD_NS:
            self.dropped["pointer_too_often"] += 1
            return
        gaze = self._view.pointer_gaze((pointer.x, pointer.y), int(pointer.capture_ns), now_ns)
        if gaze is None:
            self.dropped["pointer_nowhere"] += 1
            return
        page.last_pointer_ns = now_ns
        self._publisher.send(gaze)


def serve(bus: BusAddress, port: int, host: str = "127.0.0.1", on_ready: Callable[[str], None] | None = None) -> None:
    """Serve the HUD until SIGINT or SIGTERM; call from the main thread. ``on_ready`` gets the address of the page.

    Raises OSError with one sentence where it cannot listen (port in use, no such host).
    """
    server = WebServer(bus, port, host)
    if not is_local(host):
        print(
            f"warning: whoever can reach {server.url} sees what the wearer sees and where they look, unencrypted;"
            " gaze is biometric data. Use the default host where no other machine needs the page.",
            file=sys.stderr,
        )
    if on_ready is not None:
        on_ready(server.url)
    server.run(signals=True)


class _Uvicorn(uvicorn.Server):
    """Leaves the process's signals to us: uvicorn raises them again when it has ended, and we end with exit code 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listen(host: str, port: int) -> socket.socket:
    if host == "localhost":
        host = "127.0.0.1"  # it may name ::1 first, and then the other would not be listened on
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        return socket.create_server((host, port), family=family, backlog=64)
    except socket.gaierror:
        raise OSError(f"no host is called {host!r}; use localhost, or an address of this machine") from None
    except OverflowError:
        raise OSError(f"{port} is no port; use 0 to 65535 (0: any free one)") from None
    except PermissionError:
        raise PermissionError(f"port {port} may not be used by this user; choose one above 1023 with --port") from None
    except OSError as error:
        taken = f"port {port} of {host} is in use; stop what listens there or choose another with --port"
        reason = taken if error.errno == errno.EADDRINUSE else f"cannot listen on {host}:{port}: {error.strerror}"
        raise OSError(error.errno, reason) from None
