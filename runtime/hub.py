"""The middle of the bus: everyone connects to it, so that who starts first does not matter."""

import fcntl
import os
import threading
from pathlib import Path
from types import TracebackType
from typing import IO

import zmq
import zmq.utils.z85

from gazeline.runtime import keys, wire
from gazeline.runtime.bus_address import BusAddress

# Messages that may wait in one pipe. libzmq hands room back in halves, so 64 are sure to fit: at 1000 Hz of gaze that
# is a stall of 64 ms, on top of the kernel's own buffers. A stopped reader holds no more pictures than this.
WAITING = 128
OLDEST_LIBZMQ = (4, 3, 3)  # before it, a stranger could bring a hub on tcp to a stop, CURVE or not: CVE-2020-15166


def require_libzmq() -> None:
    """Raises OSError where libzmq is older than 4.3.3."""
    if zmq.zmq_version_info() < OLDEST_LIBZMQ:
        raise OSError(f"libzmq {zmq.zmq_version()} has known security holes; 4.3.3 or newer is needed: upgrade pyzmq")


class Hub:
    """A zmq XSUB/XPUB proxy in a thread of its own. Raises OSError with one sentence where it cannot bind."""

    def __init__(self, address: BusAddress) -> None:
        require_libzmq()
        server = keys.load_or_create() if address.uses_curve else None
        if server is not None and not server.server_secret:
            raise ValueError(f"{keys.key_path()} is a client's copy of the keys; a hub needs the hub's own file")
        self.address = address
        self._lock = None if address.is_tcp else _lock(address)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        sockets: list[zmq.Socket[bytes]] = []
        self._threads: list[threading.Thread] = []
        try:
            if server is not None:  # before anybody can connect
                sockets.append(self._context.socket(zmq.REP))
                sockets[0].bind("inproc://zeromq.zap.01")
                client = server.client_public.encode()
                self._threads.append(threading.Thread(target=_authenticate, args=(sockets[0], client), daemon=True))
            for kind, endpoint in ((zmq.XSUB, address.publish_endpoint), (zmq.XPUB, address.subscribe_endpoint)):
                sockets.append(self._context.socket(kind))
                _bind(sockets[-1], endpoint, server)
        except BaseException:
            for socket in sockets:
                socket.close(linger=0)
            self._threads = []
            self.close()
            raise
        self._threads.append(threading.Thread(target=_proxy, args=sockets[-2:], daemon=True))
        for thread in self._threads:  # from here on the sockets belong to the threads
            thread.start()

    def close(self) -> None:
        """Stop passing messages on and free the address. Safe to call twice."""
        self._context.term()  # wakes the threads, which close their sockets
        for thread in self._threads:
            thread.join()
        if self._lock is not None:
            if self._threads:
                for endpoint in (self.address.publish_endpoint, self.address.subscribe_endpoint):
                    Path(endpoint.removeprefix("ipc://")).unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def __enter__(self) -> "Hub":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _bind(socket: zmq.Socket[bytes], endpoint: str, server: keys.BusKeys | None) -> None:
    socket.linger = 0
    socket.rcvhwm = socket.sndhwm = WAITING
    socket.maxmsgsize = wire.MAX_RAW_BYTES  # whoever sends more is disconnected before it is read
    if server is not None:
        socket.curve_server = True
        socket.curve_secretkey = server.server_secret.encode()
        socket.zap_domain = b"gazeline"
    if endpoint.startswith("tcp://["):
        socket.ipv6 = True
    try:
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        if error.errno == zmq.EADDRINUSE:
            raise _in_use(endpoint) from None
        raise OSError(f"cannot listen on {endpoint}: {error.strerror}") from None
    if endpoint.startswith("ipc://"):
        os.chmod(endpoint.removeprefix("ipc://"), 0o600)


def _in_use(where: str) -> OSError:
    return OSError(f"{where} is in use; stop what listens there, or choose another bus address")


def _lock(address: BusAddress) -> IO[bytes]:
    """Held as long as the hub lives. Binding alone would silently take a living hub's socket files away."""
    try:
        file = open(f"{address.path}.lock", "ab")  # noqa: SIM115 (it stays open as long as the hub)
    except OSError as error:
        raise OSError(f"cannot use {address}: {error.strerror} ({error.filename})") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise _in_use(str(address)) from None
    return file


def _proxy(publishers: zmq.Socket[bytes], subscribers: zmq.Socket[bytes]) -> None:
    try:
        zmq.proxy(publishers, subscribers)
    except zmq.ContextTerminated:
        pass
    finally:
        publishers.close(linger=0)
        subscribers.close(linger=0)


def _authenticate(socket: zmq.Socket[bytes], client_public: bytes) -> None:
    """Answer libzmq's questions (ZAP, https://rfc.zeromq.org/spec/27/) who may connect: the one known client key."""
    known = zmq.utils.z85.decode(client_public)
    try:
        while True:
            version, request, _domain, _address, _identity, mechanism, *credentials = socket.recv_multipart()
            welcome = mechanism == b"CURVE" and credentials == [known]
            answer = [b"200", b"OK", b"client"] if welcome else [b"400", b"unknown key", b""]
            socket.send_multipart([version, request, *answer, b""])
    except zmq.ContextTerminated:
        pass
    finally:
        socket.close(linger=0)
