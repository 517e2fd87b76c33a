"""TensorRT's runtime over `FakeCuda`: an "engine" is an ONNX file, computed by ONNX Runtime on the fake's memory."""

import enum
from types import SimpleNamespace
from typing import Any

import numpy as np

from gazeline.engines.ort import OrtSession
from gazeline.engines.session import Array
from tests.engines.fake_cuda import DriverMisuseError, FakeCuda


class ILogger:
    """The base of loggers."""

    class Severity(enum.IntEnum):
        INTERNAL_ERROR = 0
        ERROR = 1
        WARNING = 2


class TensorIOMode(enum.Enum):
    """As TensorRT has it."""

    INPUT = 1
    OUTPUT = 2


class Engine:
    """An ONNX file; free lengths may be up to ``most``."""

    def __init__(self, cuda: FakeCuda, path: str, most: int) -> None:
        self.cuda, self.most = cuda, most
        self.session = OrtSession(path, threads=1)
        self.tensors = {**self.session.inputs, **self.session.outputs}
        self.num_io_tensors = len(self.tensors)

    def get_tensor_name(self, i: int) -> str:
        return list(self.tensors)[i]

    def get_tensor_mode(self, name: str) -> TensorIOMode:
        return TensorIOMode.INPUT if name in self.session.inputs else TensorIOMode.OUTPUT

    def get_tensor_dtype(self, name: str) -> Any:
        return self.tensors[name].dtype

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return tuple(-1 if n is None else n for n in self.tensors[name].shape)

    def get_tensor_profile_shape(self, name: str, profile: int) -> list[tuple[int, ...]]:
        assert profile == 0
        return [tuple(k if n is None else n for n in self.tensors[name].shape) for k in (1, 1, self.most)]

    def create_execution_context(self) -> "Context":
        return Context(self)


class Context:
    """Runs when its stream comes to it, with the shapes that it had when it was enqueued."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.addresses: dict[str, int] = {}
        self.shapes = {n: engine.get_tensor_shape(n) for n in engine.session.inputs}

    def set_tensor_address(self, name: str, address: int) -> bool:
        self.addresses[name] = address
        return True

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        smallest, _, largest = self.engine.get_tensor_profile_shape(name, 0)
        if not all(a <= b <= c for a, b, c in zip(smallest, shape, largest, strict=True)):
            return False
        self.shapes[name] = tuple(shape)
        return True

    def infer_shapes(self) -> list[str]:
        return [name for name, shape in self.shapes.items() if -1 in shape]

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        if name in self.shapes:
            return self.shapes[name]
        batch = self.shapes["point_coords"][0] if "point_coords" in self.shapes else 1  # the toy models' only one
        return tuple(batch if n == -1 else n for n in self.engine.get_tensor_shape(name))

    def execute_async_v3(self, stream: int) -> bool:
        cuda, shapes = self.engine.cuda, dict(self.shapes)
        if missing := self.engine.tensors.keys() - self.addresses.keys():
            raise DriverMisuseError(f"{missing} have no address")

        def work() -> None:
            feeds: dict[str, Array] = {}
            for name, shape in shapes.items():
                dtype = self.engine.tensors[name].dtype
                data = cuda.memory(self.addresses[name])
                feeds[name] = data[: int(np.prod(shape)) * dtype.itemsize].view(dtype).reshape(shape)
            for name, array in self.engine.session.run(feeds).items():
                raw = np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8)
                cuda.memory(self.addresses[name])[: len(raw)] = raw

        cuda.enqueue(stream, work)
        return True


def module(cuda: FakeCuda, most: int = 8) -> Any:
    """What is handed in as ``trt``. The bytes of an engine are the path of its ONNX file."""

    class Runtime:
        def __init__(self, log: Any) -> None:
            self.log = log

        def deserialize_cuda_engine(self, data: bytes) -> Engine | None:
            try:
                return Engine(cuda, data.decode(), most)
            except (ValueError, OSError) as error:
                self.log.log(ILogger.Severity.ERROR, str(error))
                return None

    return SimpleNamespace(
        __name__="fake_tensorrt",
        __version__="1.0",
        ILogger=ILogger,
        Runtime=Runtime,
        TensorIOMode=TensorIOMode,
        nptype=lambda dtype: dtype,
    )
