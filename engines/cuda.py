"""The CUDA driver, as far as inference needs it, called directly: libcuda is on every machine that has a device.

pycuda has neither the priorities of streams nor graphs, and is compiled with the CUDA toolkit when it is installed;
these calls need nothing. The device's primary context is used, the one that PyTorch, CuPy and pycuda share, and it is
current only within `Device.current`.
"""

import contextlib
import ctypes
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

LIBRARY = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
NON_BLOCKING = 1  # a stream that does not wait for the default one
BLOCKING_SYNC = 1  # waiting for an event sleeps instead of spinning
CAPTURE_THREAD_LOCAL = 1
CAPABILITY_MAJOR, CAPABILITY_MINOR = 75, 76


class CudaError(OSError):
    """What the driver said."""


def load() -> Any:
    """The driver's library, started; `CudaError`: there is none, or it does not start. Safe without a device.

    TensorRT must not be asked for a runtime before this has succeeded: without a driver its own crash the process.
    """
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError as error:
        raise CudaError("there is no NVIDIA driver on this machine") from error
    call(library, "cuInit", 0)
    return library


def call(library: Any, name: str, *arguments: Any) -> None:
    """One function of the driver; `CudaError` unless it succeeds."""
    code = getattr(library, name)(*arguments)
    if code:
        text = ctypes.c_char_p()
        library.cuGetErrorString(code, ctypes.byref(text))
        raise CudaError(f"the NVIDIA driver: {(text.value or b'unknown error').decode()} ({name}, {code})")


class Device:
    """One device and its primary context. Addresses, streams, events and graphs are plain integers.

    What is made here is freed with the function beside it; nothing is freed by itself.
    """

    def __init__(self, ordinal: int = 0, library: Any = None) -> None:
        self._library = library if library is not None else load()
        count = ctypes.c_int()
        self._call("cuDeviceGetCount", ctypes.byref(count))
        if ordinal >= count.value:
            raise CudaError(f"there is no CUDA device {ordinal}: the driver shows {count.value}")
        device, context = ctypes.c_int(), ctypes.c_void_p()
        self._call("cuDeviceGet", ctypes.byref(device), ordinal)
        self._device = device.value
        self._call("cuDevicePrimaryCtxRetain", ctypes.byref(context), self._device)
        self._context: int | None = context.value
        name = ctypes.create_string_buffer(100)
        self._call("cuDeviceGetName", name, 100, self._device)
        self.name = name.value.decode()
        self.capability = (self._attribute(CAPABILITY_MAJOR), self._attribute(CAPABILITY_MINOR))

    @property
    def target(self) -> str:
        """Its compute capability: "sm_87"."""
        return "sm_{}{}".format(*self.capability)

    def close(self) -> None:
        """Give the context back; twice is allowed."""
        if self._context is not None:
            self._context = None
            self._call("cuDevicePrimaryCtxRelease_v2", self._device)

    def __enter__(self) -> "Device":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def current(self) -> Iterator[None]:
        """The context is this thread's within; all that follows is called there."""
        self._call("cuCtxPushCurrent_v2", ctypes.c_void_p(self._context))
        try:
            yield
        finally:
            self._call("cuCtxPopCurrent_v2", ctypes.byref(ctypes.c_void_p()))

    def allocate(self, size: int) -> int:
        """Device memory of ``size`` bytes."""
        return self._made("cuMemAlloc_v2", ctypes.c_size_t(max(size, 1)))

    def free(self, address: int) -> None:
        self._call("cuMemFree_v2", ctypes.c_uint64(address))

    def allocate_host(self, size: int) -> NDArray[np.uint8]:
        """Page-locked host memory, which the device reads and writes while the processor goes on: (size,) uint8."""
        address = self._made("cuMemHostAlloc", ctypes.c_size_t(max(size, 1)), 0)
        return np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(address))

    def free_host(self, memory: NDArray[np.uint8]) -> None:
        self._call("cuMemFreeHost", ctypes.c_void_p(memory.ctypes.data))

    def stream(self, *, urgent: bool) -> int:
        """A stream that waits for no other; an urgent one goes before those that are not."""
        least, greatest = ctypes.c_int(), ctypes.c_int()
        self._call("cuCtxGetStreamPriorityRange", ctypes.byref(least), ctypes.byref(greatest))
        priority = greatest.value if urgent else least.value
        return self._made("cuStreamCreateWithPriority", NON_BLOCKING, priority)

    def destroy_stream(self, stream: int) -> None:
        self._call("cuStreamDestroy_v2", ctypes.c_void_p(stream))

    def event(self) -> int:
        """An event that a thread can wait for asleep, and that measures time."""
        return self._made("cuEventCreate", BLOCKING_SYNC)

    def destroy_event(self, event: int) -> None:
        self._call("cuEventDestroy_v2", ctypes.c_void_p(event))

    def record(self, event: int, stream: int) -> None:
        """The event happens when ``stream`` comes to this point."""
        self._call("cuEventRecord", ctypes.c_void_p(event), ctypes.c_void_p(stream))

    def wait(self, event: int) -> None:
        """Until the event has happened."""
        self._call("cuEventSynchronize", ctypes.c_void_p(event))

    def elapsed_ms(self, first: int, last: int) -> float:
        """The time between two events that have happened."""
        value = ctypes.c_float()
        self._call("cuEventElapsedTime", ctypes.byref(value), ctypes.c_void_p(first), ctypes.c_void_p(last))
        return value.value

    def upload(self, device: int, host: NDArray[np.uint8], size: int, stream: int) -> None:
        """The first ``size`` bytes of page-locked memory to the device, in ``stream``."""
        pointer = ctypes.c_void_p(host.ctypes.data)
        arguments = (ctypes.c_uint64(device), pointer, ctypes.c_size_t(size), ctypes.c_void_p(stream))
        self._call("cuMemcpyHtoDAsync_v2", *arguments)

    def download(self, host: NDArray[np.uint8], device: int, size: int, stream: int) -> None:
        """The other way."""
        pointer = ctypes.c_void_p(host.ctypes.data)
        arguments = (pointer, ctypes.c_uint64(device), ctypes.c_size_t(size), ctypes.c_void_p(stream))
        self._call("cuMemcpyDtoHAsync_v2", *arguments)

    @contextlib.contextmanager
    def capturing(self, stream: int) -> Iterator[list[int]]:
        """What is enqueued on ``stream`` within is not done but kept: the list holds the graph afterwards."""
        made: list[int] = []
        self._call("cuStreamBeginCapture_v2", ctypes.c_void_p(stream), CAPTURE_THREAD_LOCAL)
        try:
            yield made
        except BaseException:
            with contextlib.suppress(CudaError):  # ends the capture, which what went wrong has broken
                self._drop(self._made("cuStreamEndCapture", stream=stream))
            raise
        graph = self._made("cuStreamEndCapture", stream=stream)
        try:
            made.append(self._made("cuGraphInstantiateWithFlags", ctypes.c_void_p(graph), ctypes.c_ulonglong(0)))
        finally:
            self._drop(graph)

    def launch(self, graph: int, stream: int) -> None:
        """Enqueue all of a graph at once."""
        self._call("cuGraphLaunch", ctypes.c_void_p(graph), ctypes.c_void_p(stream))

    def destroy_graph(self, graph: int) -> None:
        self._call("cuGraphExecDestroy", ctypes.c_void_p(graph))

    def _drop(self, graph: int) -> None:
        if graph:
            self._call("cuGraphDestroy", ctypes.c_void_p(graph))

    def _made(self, name: str, *arguments: Any, stream: int | None = None) -> int:
        """The handle that a function of the driver writes to its first argument (with ``stream``: its second)."""
        handle = ctypes.c_void_p()
        before = () if stream is None else (ctypes.c_void_p(stream),)
        self._call(name, *before, ctypes.byref(handle), *arguments)
        return handle.value or 0

    def _attribute(self, number: int) -> int:
        value = ctypes.c_int()
        self._call("cuDeviceGetAttribute", ctypes.byref(value), number, self._device)
        return value.value

    def _call(self, name: str, *arguments: Any) -> None:
        call(self._library, name, *arguments)
