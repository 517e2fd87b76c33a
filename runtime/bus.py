"""The bus as its users see it: `Publisher` and `Subscriber` connect to a `Hub`, on ipc or encrypted tcp.

Newest wins: a `Subscriber` reads all the time, in a thread of its own, so that nothing grows old in a socket's queue
while its owner is busy (ZMQ_CONFLATE does not work with messages of several parts). Every drop is counted.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from types import TracebackType

import zmq

from gazeline.runtime import keys, wire
from gazeline.runtime.bus_address import BusAddress
from gazeline.runtime.hub import WAITING, Hub, require_libzmq
from gazeline.runtime.messages import Frame, Message
from gazeline.runtime.topics import FRAME_DEPTH, TOPICS
from gazeline.runtime.wire import Received, WireError

__all__ = ["BusAddress", "Hub", "Publisher", "Subscriber"]

NEWEST_ONLY = 2  # topics with no more than this waiting keep the newest message alone


class Publisher:
    """Sends messages to the hub; may be shared by threads. What nobody subscribes to costs next to nothing."""

    def __init__(self, address: BusAddress) -> None:
        self.dropped: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._socket = _connected(zmq.PUB, address)

    def send(self, message: Message, *raw: bytes) -> bool:
        """False if the hub takes nothing in any more: the message is dropped and counted as ``full_<topic>``."""
        return self._send(wire.pack(message, *raw), message.topic)

    def send_parts(self, parts: Sequence[bytes]) -> bool:
        """As `send`, but the parts as they are, broken ones too: to try what readers make of them."""
        return self._send(parts, bytes(parts[0]).decode("utf-8", "replace"))

    def _send(self, parts: Sequence[bytes], topic: str) -> bool:
        with self._lock:
            try:
                self._socket.send_multipart(parts, zmq.NOBLOCK)
            except zmq.Again:
                self.dropped[f"full_{topic}"] += 1
                return False
        return True

    def close(self) -> None:
        """What was sent still leaves, for up to half a second."""
        with self._lock:
            _close(self._socket, 500)

    def __enter__(self) -> "Publisher":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Subscriber:
    """Receives messages of ``topics`` (names of the topic table; ``""`` is all there is).

    Of each topic so many wait as the topic table says, or ``waiting`` for who needs them all (reports, recordings).
    ``dropped`` counts by reason: ``stale_<topic>`` (a newer one came first), ``full_<topic>`` (the reader is too slow),
    ``lost_frame`` and ``lost_depth`` (gaps in the frames' index: lost before they came here) and every `WireError`
    reason.
    """

    def __init__(self, address: BusAddress, topics: Iterable[str], waiting: int | None = None) -> None:
        self.dropped: Counter[str] = Counter()
        self.received: Counter[str] = Counter()  # good messages by topic, dropped ones included
        names = list(topics)
        for name in names:
            if name and name not in TOPICS:
                near = get_close_matches(name, TOPICS, 1)
                raise ValueError(f"no topic is called {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        self._limit = waiting
        self._topics = set(TOPICS) if "" in names else set(names)
        self._newest: dict[str, Received] = {}
        self._waiting: dict[str, deque[Received]] = {}
        self._last_index: dict[str, int] = {}
        self._ready = threading.Condition()
        self._closing = False
        socket = _connected(zmq.SUB, address)
        for name in names:
            socket.subscribe(name)
        self._thread = threading.Thread(target=self._read, args=(socket,), name="gazeline-subscriber", daemon=True)
        self._thread.start()

    def poll(self, timeout_ms: float = 0) -> list[Received]:
        """All that came since the last call, in the order of arrival; waits up to ``timeout_ms`` for the first.

        Of a topic that keeps the newest only, there is at most one.
        """
        with self._ready:
            if not self._newest and not self._waiting:
                self._ready.wait_for(lambda: self._newest or self._waiting or self._closing, timeout_ms / 1000)
            found = list(self._newest.values())
            for queue in self._waiting.values():
                found.extend(queue)
            self._newest, self._waiting = {}, {}
        found.sort(key=lambda received: received.receive_ns)
        return found

    def close(self) -> None:
        with self._ready:
            self._closing = True
            self._ready.notify_all()
        self._thread.join()

    def __enter__(self) -> "Subscriber":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self, socket: zmq.Socket[bytes]) -> None:
        try:
            while not self._closing:
                if not socket.poll(100):
                    continue
                parts = socket.recv_multipart()
                try:
                    received = wire.unpack(parts, time.monotonic_ns())
                except WireError as error:
                    with self._ready:
                        self.dropped[error.reason] += 1
                    continue
                if received.message.topic in self._topics:
                    self._keep(received)
        finally:
            _close(socket, 0)

    def _keep(self, received: Received) -> None:
        topic = received.message.topic
        waiting = self._limit or TOPICS[topic].waiting
        with self._ready:
            self.received[topic] += 1
            if isinstance(received.message, Frame):
                self._count_gap(received.message)
            if waiting <= NEWEST_ONLY:
                if topic in self._newest:
                    self.dropped[f"stale_{topic}"] += 1
                self._newest[topic] = received
            else:
                queue = self._waiting.setdefault(topic, deque(maxlen=waiting))
                if len(queue) == waiting:
                    self.dropped[f"full_{topic}"] += 1
                queue.append(received)
            self._ready.notify_all()

    def _count_gap(self, frame: Frame) -> None:
        key = f"{frame.topic} {frame.camera_id}"[:120]
        last = self._last_index.get(key)
        if last is not None and frame.index > last + 1:
            reason = "lost_depth" if frame.topic == FRAME_DEPTH else "lost_frame"
            self.dropped[reason] += frame.index - last - 1
        if len(self._last_index) < 64 or key in self._last_index:  # camera ids come from outside
            self._last_index[key] = frame.index


def _connected(kind: int, address: BusAddress) -> zmq.Socket[bytes]:
    require_libzmq()
    endpoint = address.publish_endpoint if kind == zmq.PUB else address.subscribe_endpoint
    if "//*:" in endpoint:
        raise ValueError(f"{endpoint} is for a hub to listen on; name the hub's machine to connect to it")
    client = keys.load_or_create() if address.uses_curve else None
    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(kind)
    socket.sndhwm = WAITING
    socket.rcvhwm = 2 * WAITING  # the reading thread empties it; it may have to wait for the interpreter's lock
    socket.reconnect_ivl = 50  # ms, always: who waits longer after a slow start misses the beginning
    if kind == zmq.PUB:
        socket.xpub_nodrop = True  # say so when it is full, rather than drop in silence
        socket.immediate = True  # while there is no hub, nothing waits to be sent late
    if client is not None:
        socket.curve_serverkey = client.server_public.encode()
        socket.curve_publickey = client.client_public.encode()
        socket.curve_secretkey = client.client_secret.encode()
    if address.is_tcp:
        socket.ipv6 = endpoint.startswith("tcp://[")
        socket.heartbeat_ivl, socket.heartbeat_timeout = 1000, 3000  # ms: a machine that went away is noticed
    try:
        socket.connect(endpoint)
    except zmq.ZMQError as error:
        socket.close()
        raise OSError(f"cannot connect to {endpoint}: {error.strerror}") from None
    return socket


def _close(socket: zmq.Socket[bytes], linger_ms: int) -> None:
    if not socket.closed:
        socket.close(linger=linger_ms)
