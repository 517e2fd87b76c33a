"""A network on TensorRT or TensorRT-RTX as a `Session`.

All memory is taken once, for the largest shapes that the engine allows: a page-locked block on the host and a block on
the device for each tensor. A run copies in, computes and copies out on a stream of its own, and its thread sleeps
until the stream has come to the end; nothing else on the device is waited for. The second run with the same shapes is
captured as a CUDA graph where the library lets itself be captured, and replayed from then on.
"""

import contextlib
import math
import threading
from collections import OrderedDict
from collections.abc import Mapping
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from gazeline.engines.cuda import CudaError, Device
from gazeline.engines.session import Array, TensorSpec, check_feeds
from gazeline.engines.tensorrt_build import quiet

MAX_GRAPHS = 8  # shapes whose graphs are kept: prompts vary in number, and each number has its own


class TensorrtSession:
    """An engine on a device, loaded from its bytes; ``name`` is for errors.

    ``urgent``: its stream goes before others, as the prompt decoder's must while the encoder runs. Only engines that
    `gazeline.engines.engine_cache` trusts may be given. ValueError: the library does not load it.
    """

    def __init__(self, trt: ModuleType, device: Device, engine: bytes, name: str, *, urgent: bool) -> None:
        self._device, self._name = device, name
        self._lock = threading.Lock()
        self._graphs: OrderedDict[tuple[tuple[int, ...], ...], int] = OrderedDict()
        self._seen: tuple[tuple[int, ...], ...] | None = None
        self._capturable = True
        self.device_ms = 0.0
        with contextlib.ExitStack() as resources:  # frees what was taken, should something fail half-way
            resources.enter_context(device.current())
            cleanup = contextlib.ExitStack()
            resources.push(lambda kind, *_: cleanup.close() if kind is not None else None)
            self._log = quiet(trt)
            self._runtime = trt.Runtime(self._log)
            self._engine = self._runtime.deserialize_cuda_engine(engine)
            if self._engine is None:
                raise ValueError(
                    f"{trt.__name__} {trt.__version__} does not load {name} ({self._log.last}); build it again"
                )
            self._context = self._engine.create_execution_context()
            if self._context is None:
                raise ValueError(f"the device has not enough memory to run {name}")
            tensors = [self._engine.get_tensor_name(i) for i in range(self._engine.num_io_tensors)]
            given = [n for n in tensors if self._engine.get_tensor_mode(n) == trt.TensorIOMode.INPUT]
            self._inputs = {n: self._spec(trt, n) for n in given}
            self._outputs = {n: self._spec(trt, n) for n in tensors if n not in given}
            self._largest = {n: self._largest_input(n) for n in given}
            self._set_shapes(self._largest)
            largest = self._largest | {n: self._shape(n) for n in self._outputs}
            self._addresses: dict[str, int] = {}
            self._host: dict[str, NDArray[np.uint8]] = {}
            for tensor, spec in (self._inputs | self._outputs).items():
                size = math.prod(largest[tensor]) * spec.dtype.itemsize
                self._addresses[tensor] = device.allocate(size)
                cleanup.callback(device.free, self._addresses[tensor])
                self._host[tensor] = device.allocate_host(size)
                cleanup.callback(device.free_host, self._host[tensor])
                self._context.set_tensor_address(tensor, self._addresses[tensor])
            self._stream = device.stream(urgent=urgent)
            cleanup.callback(device.destroy_stream, self._stream)
            self._began, self._ended = device.event(), device.event()
            cleanup.callback(device.destroy_event, self._began)
            cleanup.callback(device.destroy_event, self._ended)
            self._cleanup: contextlib.ExitStack | None = cleanup
            # Kernels are loaded, and with TensorRT-RTX compiled, at the first run.
            self._run({n: np.ones([1 if d is None else d for d in s.shape], s.dtype) for n, s in self._inputs.items()})
        self._backend = f"{trt.__name__} {trt.__version__} on {device.name}"

    @property
    def backend(self) -> str:
        """What it runs on, for people."""
        return self._backend

    @property
    def inputs(self) -> Mapping[str, TensorSpec]:
        """Its inputs by name."""
        return self._inputs

    @property
    def outputs(self) -> Mapping[str, TensorSpec]:
        """Its outputs by name."""
        return self._outputs

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """All outputs for these inputs; safe from several threads, one after the other."""
        check_feeds(self._inputs, feeds)
        for name, array in feeds.items():
            if any(have > most for have, most in zip(array.shape, self._largest[name], strict=True)):
                raise ValueError(
                    f"the tensor {name!r} is {array.shape}; this engine takes {self._largest[name]} at most"
                )
        with self._lock:
            if self._cleanup is None:
                raise ValueError(f"the session of {self._name} is closed")
            with self._device.current():
                return self._run(feeds)

    def close(self) -> None:
        """Free the engine and its memory; waits for a run that is under way."""
        with self._lock:
            if self._cleanup is None:
                return
            with self._device.current():
                for graph in self._graphs.values():
                    self._device.destroy_graph(graph)
                self._graphs.clear()
                del self._context, self._engine, self._runtime
                self._cleanup.close()
            self._cleanup = None

    def _run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        device = self._device
        shapes = tuple(feeds[name].shape for name in self._inputs)
        for name in self._inputs:
            np.copyto(self._view(name, feeds[name].shape), feeds[name])
        if shapes != self._seen:
            self._set_shapes({name: feeds[name].shape for name in self._inputs})
        produced = {name: self._shape(name) for name in self._outputs}
        device.record(self._began, self._stream)
        graph = self._graphs.get(shapes)
        if graph is None and shapes == self._seen:
            graph = self._captured(shapes, produced)
        if graph is None:
            self._enqueue(shapes, produced)
        else:
            self._graphs.move_to_end(shapes)
            device.launch(graph, self._stream)
        device.record(self._ended, self._stream)
        device.wait(self._ended)
        self._seen = shapes
        self.device_ms = device.elapsed_ms(self._began, self._ended)
        return {name: self._view(name, shape).copy() for name, shape in produced.items()}

    def _enqueue(self, shapes: tuple[tuple[int, ...], ...], produced: Mapping[str, tuple[int, ...]]) -> None:
        for (name, spec), shape in zip(self._inputs.items(), shapes, strict=True):
            size = math.prod(shape) * spec.dtype.itemsize
            self._device.upload(self._addresses[name], self._host[name], size, self._stream)
        if not self._context.execute_async_v3(self._stream):
            raise ValueError(f"the engine {self._name} does not run: {self._log.last}")
        for name, shape in produced.items():
            size = math.prod(shape) * self._outputs[name].dtype.itemsize
            self._device.download(self._host[name], self._addresses[name], size, self._stream)

    def _captured(self, shapes: tuple[tuple[int, ...], ...], produced: Mapping[str, tuple[int, ...]]) -> int | None:
        """The graph of a run with these shapes; None where the library does what a graph cannot hold."""
        if not self._capturable:
            return None
        try:
            with self._device.capturing(self._stream) as made:
                self._enqueue(shapes, produced)
        except (CudaError, ValueError):
            self._capturable = False
            return None
        if len(self._graphs) >= MAX_GRAPHS:
            self._device.destroy_graph(self._graphs.popitem(last=False)[1])
        self._graphs[shapes] = made[0]
        return made[0]

    def _view(self, name: str, shape: tuple[int, ...]) -> Array:
        """A tensor's page-locked memory as an array of ``shape``."""
        dtype = (self._inputs.get(name) or self._outputs[name]).dtype
        return self._host[name][: math.prod(shape) * dtype.itemsize].view(dtype).reshape(shape)

    def _set_shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        for name, shape in shapes.items():
            if None in self._inputs[name].shape and not self._context.set_input_shape(name, shape):
                raise ValueError(f"the engine {self._name} does not take {name!r} as {shape}")
        if self._context.infer_shapes():
            raise ValueError(f"the engine {self._name} does not know the shapes that it gives")

    def _shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._context.get_tensor_shape(name))

    def _largest_input(self, name: str) -> tuple[int, ...]:
        if None not in self._inputs[name].shape:
            return tuple(n or 0 for n in self._inputs[name].shape)
        return tuple(self._engine.get_tensor_profile_shape(name, 0)[2])

    def _spec(self, trt: ModuleType, name: str) -> TensorSpec:
        dtype = np.dtype(trt.nptype(self._engine.get_tensor_dtype(name)))
        return TensorSpec(tuple(None if n < 0 else n for n in self._engine.get_tensor_shape(name)), dtype)
