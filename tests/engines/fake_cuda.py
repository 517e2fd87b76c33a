"""A CUDA driver made of Python, for what can be proven of buffers, streams and lifetimes without a device.

It stands in for libcuda itself, one function for each of the driver's. Work that is enqueued on a stream is done only
when somebody waits for an event behind it: whoever reads before that, or changes what is still to be read, gets wrong
values. Fresh memory holds garbage. Using what was freed, freeing twice, calling outside of the context and waiting for
the whole device fail at once; `FakeCuda.leaks` names what was never freed.
"""

# ruff: noqa: N802 - the names are the driver's

import ctypes
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

GARBAGE = 0xCD
OUT_OF_MEMORY = 2
CAPTURE_FAILED = 900  # CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED


class DriverMisuseError(AssertionError):
    """What a real driver would answer with a crash, or with wrong pictures."""


class FakeCuda:
    """libcuda with one device of compute capability 8.7."""

    def __init__(self, *, capturable: bool = True, most_bytes: int = 1 << 30) -> None:
        self.capturable, self.most_bytes = capturable, most_bytes
        self.calls: dict[str, int] = {}
        self._names = itertools.count(0x1000, 0x1000)
        self._device: dict[int, np.ndarray[Any, np.dtype[np.uint8]]] = {}
        self._host: dict[int, Any] = {}
        self._streams: dict[int, list[tuple[str, Any]]] = {}
        self.priorities: dict[int, int] = {}
        self._events: dict[int, int] = {}  # the time at which each happened; 0: not yet
        self._graphs: dict[int, list[tuple[str, Any]]] = {}
        self._captures: dict[int, list[tuple[str, Any]]] = {}
        self._contexts = 0
        self._current = 0
        self._clock = 0

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("cu"):
            raise AttributeError(name)
        function = getattr(type(self), f"_{name}", None)
        if function is None:
            raise DriverMisuseError(f"{name} is not to be called")

        def counted(*arguments: Any) -> int:
            self.calls[name] = self.calls.get(name, 0) + 1
            if self._contexts and not self._current and not name.startswith(("cuCtxPush", "cuDevice", "cuGetError")):
                raise DriverMisuseError(f"{name} outside of the context")
            return int(function(self, *arguments) or 0)

        return counted

    @property
    def leaks(self) -> list[str]:
        """What is still held, by kind."""
        held = {
            "device memory": self._device,
            "page-locked memory": self._host,
            "streams": self._streams,
            "events": self._events,
            "graphs": self._graphs,
        }
        found = [f"{len(those)} {kind}" for kind, those in held.items() if those]
        return found + (["the context"] if self._contexts else [])

    def memory(self, address: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """The device's memory at ``address``, for the fake engine."""
        if address not in self._device:
            raise DriverMisuseError(f"device memory {address:#x} is used after it was freed")
        return self._device[address]

    def enqueue(self, stream: int, work: Callable[[], None]) -> None:
        """What a kernel is: done when the stream comes to it."""
        self._queue(stream).append(("work", work))

    def _queue(self, stream: int) -> list[tuple[str, Any]]:
        if stream not in self._streams:
            raise DriverMisuseError("a stream is used after it was destroyed, or the default stream is")
        return self._captures.get(stream, self._streams[stream])

    def _drain(self, stream: int) -> None:
        queue = self._streams[stream]
        while queue:
            kind, what = queue.pop(0)
            self._clock += 1
            if kind == "event":
                if what not in self._events:
                    raise DriverMisuseError("an event is recorded after it was destroyed")
                self._events[what] = self._clock
            else:
                what()

    # Device and context
    def _cuInit(self, flags: int) -> None:
        assert flags == 0

    def _cuGetErrorString(self, code: int, text: Any) -> None:
        text._obj.value = b"operation not permitted when stream is capturing" if code == CAPTURE_FAILED else b"?"

    def _cuDeviceGetCount(self, count: Any) -> None:
        count._obj.value = 1

    def _cuDeviceGet(self, device: Any, ordinal: int) -> None:
        device._obj.value = ordinal

    def _cuDeviceGetName(self, name: Any, size: int, device: int) -> None:
        name.value = b"Fake Orin"

    def _cuDeviceGetAttribute(self, value: Any, number: int, device: int) -> None:
        value._obj.value = {75: 8, 76: 7}[number]

    def _cuDevicePrimaryCtxRetain(self, context: Any, device: int) -> None:
        self._contexts += 1
        context._obj.value = 0x77

    def _cuDevicePrimaryCtxRelease_v2(self, device: int) -> None:
        self._contexts -= 1

    def _cuCtxPushCurrent_v2(self, context: Any) -> None:
        assert context.value == 0x77
        self._current += 1

    def _cuCtxPopCurrent_v2(self, context: Any) -> None:
        self._current -= 1

    def _cuCtxGetStreamPriorityRange(self, least: Any, greatest: Any) -> None:
        least._obj.value, greatest._obj.value = 0, -5

    # Memory
    def _cuMemAlloc_v2(self, address: Any, size: Any) -> int:
        if sum(map(len, self._device.values())) + size.value > self.most_bytes:
            return OUT_OF_MEMORY
        address._obj.value = next(self._names)
        self._device[address._obj.value] = np.full(size.value, GARBAGE, np.uint8)
        return 0

    def _cuMemFree_v2(self, address: Any) -> None:
        self._idle("device memory is freed while work is under way")
        if self._device.pop(address.value, None) is None:
            raise DriverMisuseError("device memory is freed twice, or was never there")

    def _cuMemHostAlloc(self, address: Any, size: Any, flags: int) -> None:
        block = (ctypes.c_uint8 * size.value)(*[GARBAGE] * size.value)
        address._obj.value = ctypes.addressof(block)
        self._host[address._obj.value] = block

    def _cuMemFreeHost(self, address: Any) -> None:
        self._idle("page-locked memory is freed while work is under way")
        if self._host.pop(address.value, None) is None:
            raise DriverMisuseError("page-locked memory is freed twice, or was never there")

    def _cuMemcpyHtoDAsync_v2(self, device: Any, host: Any, size: Any, stream: Any) -> None:
        target, block = self.memory(device.value), self._pinned(host.value)

        def copy() -> None:
            self.memory(device.value)
            target[: size.value] = np.ctypeslib.as_array(block)[: size.value]

        self.enqueue(stream.value, copy)

    def _cuMemcpyDtoHAsync_v2(self, host: Any, device: Any, size: Any, stream: Any) -> None:
        source, block = self.memory(device.value), self._pinned(host.value)

        def copy() -> None:
            self._pinned(host.value)
            np.ctypeslib.as_array(block)[: size.value] = source[: size.value]

        self.enqueue(stream.value, copy)

    def _pinned(self, address: int) -> Any:
        if address not in self._host:
            raise DriverMisuseError("an asynchronous copy with memory that is not page-locked")
        return self._host[address]

    def _idle(self, what: str) -> None:
        if any(self._streams.values()):
            raise DriverMisuseError(what)

    # Streams and events
    def _cuStreamCreateWithPriority(self, stream: Any, flags: int, priority: int) -> None:
        assert flags == 1  # non-blocking
        stream._obj.value = next(self._names)
        self._streams[stream._obj.value] = []
        self.priorities[stream._obj.value] = priority

    def _cuStreamDestroy_v2(self, stream: Any) -> None:
        if self._streams.pop(stream.value, [("?", None)]):
            raise DriverMisuseError("a stream is destroyed twice, or with work under way")

    def _cuEventCreate(self, event: Any, flags: int) -> None:
        event._obj.value = next(self._names)
        self._events[event._obj.value] = 0

    def _cuEventDestroy_v2(self, event: Any) -> None:
        if self._events.pop(event.value, None) is None:
            raise DriverMisuseError("an event is destroyed twice")

    def _cuEventRecord(self, event: Any, stream: Any) -> None:
        self._events[event.value] = 0
        self._queue(stream.value).append(("event", event.value))

    def _cuEventSynchronize(self, event: Any) -> None:
        for stream, queue in self._streams.items():
            if ("event", event.value) in queue:
                self._drain(stream)
        if not self._events[event.value]:
            raise DriverMisuseError("a wait for an event that nobody recorded would never end")

    def _cuEventElapsedTime(self, value: Any, first: Any, last: Any) -> None:
        begin, end = self._events[first.value], self._events[last.value]
        if not begin or not end:
            raise DriverMisuseError("the time between events that have not happened")
        value._obj.value = float(end - begin)

    # Graphs
    def _cuStreamBeginCapture_v2(self, stream: Any, mode: int) -> None:
        self._queue(stream.value)
        self._captures[stream.value] = []

    def _cuStreamEndCapture(self, stream: Any, graph: Any) -> int:
        kept = self._captures.pop(stream.value)
        if not self.capturable:
            graph._obj.value = None
            return CAPTURE_FAILED
        graph._obj.value = next(self._names)
        self._graphs[graph._obj.value] = kept
        return 0

    def _cuGraphInstantiateWithFlags(self, made: Any, graph: Any, flags: Any) -> None:
        made._obj.value = next(self._names)
        self._graphs[made._obj.value] = self._graphs[graph.value]

    def _cuGraphDestroy(self, graph: Any) -> None:
        if self._graphs.pop(graph.value, None) is None:
            raise DriverMisuseError("a graph is destroyed twice")

    _cuGraphExecDestroy = _cuGraphDestroy

    def _cuGraphLaunch(self, graph: Any, stream: Any) -> None:
        if graph.value not in self._graphs:
            raise DriverMisuseError("a graph is launched after it was destroyed")
        self._queue(stream.value).extend(self._graphs[graph.value])
