"""A network on ONNX Runtime."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from gazeline.engines.session import Array, TensorSpec, check_feeds, usable_cores

MAX_THREADS = 4  # more do not help networks this small, and the rest of the runtime needs cores too
FAILURES: tuple[type[Exception], ...] = tuple(
    e for e in vars(ort_errors).values() if isinstance(e, type) and issubclass(e, Exception)
)
# What the option says, and what ONNX Runtime calls it; each but the first comes with a build of its own.
PROVIDERS = {
    "onnxruntime": "CPUExecutionProvider",
    "onnxruntime-cuda": "CUDAExecutionProvider",
    "onnxruntime-tensorrt": "TensorrtExecutionProvider",
    "onnxruntime-rtx": "NvTensorRTRTXExecutionProvider",
    "onnxruntime-openvino": "OpenVINOExecutionProvider",
}
DISTRIBUTIONS = {
    "onnxruntime-cuda": "onnxruntime-gpu",
    "onnxruntime-tensorrt": "onnxruntime-gpu",
    "onnxruntime-rtx": "onnxruntime-trt-rtx (or a build of your own)",
    "onnxruntime-openvino": "onnxruntime-openvino",
}
TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(uint8)": np.uint8,
    "tensor(bool)": np.bool_,
}


class OrtSession:
    """A `Session` on the processor, or on what else ONNX Runtime has a provider for; see `PROVIDERS`.

    The first run, which is slow, is made here with inputs of ones. ``threads``: how many cores one run may use; by
    default as many as this process has, at most four.
    """

    def __init__(self, path: Path | str, threads: int | None = None, provider: str = "onnxruntime") -> None:
        self._path = Path(path)
        if not self._path.is_file():
            raise FileNotFoundError(f"there is no model file at {self._path}")
        if threads is not None and threads < 1:
            raise ValueError(f"threads must be at least 1, not {threads}")
        if PROVIDERS[provider] not in onnxruntime.get_available_providers():
            raise ValueError(
                f"this build of ONNX Runtime has no {PROVIDERS[provider]}; install one that has, instead of it: "
                f"pip install {DISTRIBUTIONS[provider]}"
            )
        count = threads or min(usable_cores(), MAX_THREADS)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = count
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 4  # errors come as exceptions; nothing is to be printed besides
        # A waiting pool that spins takes the cores that the rest of the runtime needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session: onnxruntime.InferenceSession | None = onnxruntime.InferenceSession(
                str(self._path), options, providers=_providers(provider, count)
            )
            if self._session.get_providers()[0] != PROVIDERS[provider]:  # it falls back without a word
                raise ValueError(f"ONNX Runtime offers {PROVIDERS[provider]}, but cannot start it: see gazeline doctor")
            self._inputs = {n.name: self._spec(n) for n in self._session.get_inputs()}
            self._outputs = {n.name: self._spec(n) for n in self._session.get_outputs()}
            self.run(
                {
                    name: np.ones([1 if n is None else n for n in spec.shape], spec.dtype)
                    for name, spec in self._inputs.items()
                }
            )
        except FAILURES as error:
            raise ValueError(f"ONNX Runtime cannot use {self._path}: {_first_line(error)}") from error
        device = "cpu" if provider == "onnxruntime" else provider.removeprefix("onnxruntime-")
        self._backend = f"onnxruntime {device} x{count}"

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
        """All outputs for these inputs; safe from several threads."""
        session = self._session
        if session is None:
            raise ValueError(f"the session of {self._path} is closed")
        check_feeds(self._inputs, feeds)
        results = session.run(None, dict(feeds))
        return dict(zip(self._outputs, results, strict=True))

    def close(self) -> None:
        """Free the network."""
        self._session = None

    def _spec(self, node: "onnxruntime.NodeArg") -> TensorSpec:
        if node.type not in TYPES:
            raise ValueError(f"{self._path} has a tensor {node.name!r} of type {node.type}, which is not supported")
        shape = tuple(n if isinstance(n, int) and n >= 0 else None for n in node.shape)
        return TensorSpec(shape, np.dtype(TYPES[node.type]))


def _providers(provider: str, threads: int) -> list[tuple[str, dict[str, str]]]:
    options = {"num_of_threads": str(threads), "device_type": "CPU"} if provider == "onnxruntime-openvino" else {}
    chosen = [(PROVIDERS[provider], options)]
    return chosen if provider == "onnxruntime" else [*chosen, ("CPUExecutionProvider", {})]


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
