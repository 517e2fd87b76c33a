"""An engine from an ONNX file, by TensorRT 10.3 to 11 or TensorRT-RTX; no device is needed for the latter.

One way for all of them: a strongly typed network, whose precision is that of the file. The library is handed in as a
module, and only what all its versions have is used (tests/engines/test_tensorrt_api.py holds that).
"""

import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

LIBRARIES = ("tensorrt_rtx", "tensorrt")
Shapes = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]  # smallest, usual, largest
Progress = Callable[[str, int, int], None]  # phase, steps done, steps in all


@dataclass(frozen=True)
class Target:
    """The device that an engine is for; ``capability`` is its compute capability, None the one in this machine."""

    capability: tuple[int, int] | None = None

    @classmethod
    def parse(cls, text: str) -> "Target":
        """``native`` or ``sm_86``, as nvcc writes it."""
        if text == "native":
            return cls()
        match = re.fullmatch(r"sm_(\d{1,2})(\d)", text)
        if match is None:
            raise ValueError(f"the target {text!r} is neither native nor a compute capability such as sm_86")
        return cls((int(match[1]), int(match[2])))

    def __str__(self) -> str:
        return "native" if self.capability is None else "sm_{}{}".format(*self.capability)


@dataclass(frozen=True)
class Built:
    """An engine, and what was measured for it, so that the next build takes less time."""

    engine: bytes
    timings: bytes


def library(name: str | None = None) -> ModuleType:
    """TensorRT or TensorRT-RTX, whichever is installed; ValueError: neither is. Nothing is asked of a driver."""
    for candidate in (name,) if name else LIBRARIES:
        try:
            return importlib.import_module(candidate)
        except ImportError as error:
            if error.name != candidate:  # it is there, and broken
                raise ValueError(f"{candidate} is installed, but does not load: {error}") from error
    raise ValueError(
        "TensorRT is not installed; install it with: pip install 'gazeline[rtx]' for RTX cards, or 'gazeline[trt]'"
    )


def library_name(trt: ModuleType) -> str:
    """The library and its version, as an engine depends on them: "tensorrt_rtx 1.7.1.116"."""
    return f"{trt.__name__} {trt.__version__}"


def build(
    trt: ModuleType,
    onnx: Path,
    target: Target,
    profile: Mapping[str, Shapes],
    *,
    timings: bytes = b"",
    on_progress: Progress | None = None,
) -> Built:
    """The engine of a network; ``profile`` has the shapes of each input with a free length.

    ValueError with the library's own words if it cannot be read or built.
    """
    log = quiet(trt)
    builder = trt.Builder(log)
    if builder is None:
        raise ValueError(f"{library_name(trt)} does not start: {log.last}")
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, log)
    if not parser.parse_from_file(str(onnx)):
        reasons = [parser.get_error(i).desc() for i in range(parser.num_errors)]
        raise ValueError(f"{library_name(trt)} cannot read {onnx}: {_line(reasons[0]) if reasons else log.last}")
    config = builder.create_builder_config()
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED  # for `gazeline engines inspect`
    _aim(trt, config, target)
    if profile:
        shapes = builder.create_optimization_profile()
        for name, (smallest, usual, largest) in profile.items():
            shapes.set_shape(name, smallest, usual, largest)
        config.add_optimization_profile(shapes)
    measures = not hasattr(trt, "ComputeCapability")  # TensorRT-RTX measures nothing while it builds
    if measures:
        config.set_timing_cache(config.create_timing_cache(timings), ignore_mismatch=False)
    if on_progress is not None:
        config.progress_monitor = _monitor(trt, on_progress)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise ValueError(f"{library_name(trt)} cannot build {onnx} for {target}: {log.last}")
    kept = config.get_timing_cache() if measures else None
    return Built(bytes(plan), bytes(kept.serialize()) if kept is not None else b"")


def _aim(trt: ModuleType, config: Any, target: Target) -> None:
    """Build for ``target``; only TensorRT-RTX can build for a device that is not here."""
    if target.capability is None:
        return
    if not hasattr(trt, "ComputeCapability"):
        raise ValueError(f"{library_name(trt)} builds for the device in this machine only; {target} needs TensorRT-RTX")
    _aim_rtx(trt, config, target, target.capability)


def _aim_rtx(rtx: ModuleType, config: Any, target: Target, capability: tuple[int, int]) -> None:
    known = rtx.ComputeCapability.__members__
    name = "SM{}{}".format(*capability)
    if name not in known:
        names = ", ".join(f"sm_{m[2:]}" for m in known if m.startswith("SM"))
        raise ValueError(f"{library_name(rtx)} cannot build for {target}; it can for {names}")
    config.num_compute_capabilities = 1
    config.set_compute_capability(known[name], 0)


def quiet(trt: ModuleType) -> Any:
    """A logger that keeps the last error, in ``last``, and prints nothing."""

    class Log(trt.ILogger):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.last = "it gave no reason"

        def log(self, severity: Any, message: str) -> None:
            if severity in (trt.ILogger.Severity.ERROR, trt.ILogger.Severity.INTERNAL_ERROR):
                self.last = _line(message)

    return Log()


def _monitor(trt: ModuleType, on_progress: Progress) -> Any:
    class Monitor(trt.IProgressMonitor):  # type: ignore[misc, name-defined]
        """Passes on how far the outermost phase is; a build in other threads calls it from there."""

        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self.steps: dict[str, int] = {}

        def phase_start(self, phase: str, parent: str | None, steps: int) -> None:
            if parent is None:
                self.steps[phase] = steps
                on_progress(phase, 0, steps)

        def step_complete(self, phase: str, step: int) -> bool:
            if phase in self.steps:
                on_progress(phase, step + 1, self.steps[phase])
            return True  # go on

        def phase_finish(self, phase: str) -> None:
            if steps := self.steps.pop(phase, 0):
                on_progress(phase, steps, steps)

    return Monitor()


def _line(text: str) -> str:
    return " ".join(text.split())[:400]
