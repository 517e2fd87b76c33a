"""From a model bundle to engines that are proven right: convert, compare, build, keep.

The precision is put into the networks; the converted networks must pass `gazeline.engines.gate` in ONNX Runtime before
anything is built from them; on their device the engines must pass it once more (`gazeline.engines.backends`).
"""

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import msgspec
import numpy as np
from numpy.typing import NDArray

from gazeline.engines import bundle as bundles
from gazeline.engines import engine_cache, gate
from gazeline.engines.bundle import Bundle
from gazeline.engines.engine_cache import Identity, Record
from gazeline.engines.gate import Precision, Verdict
from gazeline.engines.manifest import File
from gazeline.engines.ort import OrtSession
from gazeline.engines.segmenter import Segmenter
from gazeline.engines.session import Array, Session, TensorSpec
from gazeline.engines.tensorrt_build import Progress, Shapes, Target, build, library_name
from gazeline.engines.tensorrt_pair import ENGINES, load, prove

# What the free lengths of a prompt decoder's inputs mean; see `gazeline.engines.decoders`.
FREE = {
    "point_coords": ("prompts", "points"),
    "point_labels": ("prompts", "points"),
    "mask_input": ("prompts",),
    "has_mask_input": ("prompts",),
}
MAX_CALIBRATION = 64  # pictures

Image = NDArray[np.uint8]


class LostPrecisionError(ValueError):
    """The gate refuses; ``picture`` shows its worst prompt."""

    def __init__(self, verdict: Verdict, picture: Image) -> None:
        super().__init__(f"{verdict}; it is not used. --accept-loss takes it as it is")
        self.verdict, self.picture = verdict, picture


@dataclass(frozen=True)
class Request:
    """What to build. ``pictures`` (RGB) are for int8 and fp8; ``on_step`` hears what is being done."""

    bundle: Bundle
    precision: Precision
    target: Target
    pictures: Iterable[Image] = ()
    accept_loss: bool = False
    on_step: Callable[[str], None] = lambda step: None
    on_progress: Progress | None = None


def make(trt: ModuleType, request: Request) -> tuple[Path, Record]:
    """Build what is asked for, or find it built; `LostPrecisionError`, ValueError or OSError: why not."""
    capability = str(request.target)
    if request.target.capability is None:
        from gazeline.engines.cuda import Device

        with Device() as device:  # says so where there is none, before minutes are spent
            capability = device.target
    with tempfile.TemporaryDirectory(prefix="gazeline-engines-") as temporary:
        networks = convert(request, Path(temporary))
        shapes = {name: profile(request.bundle, path) for name, path in networks.items()}
        identity = Identity(
            model=request.bundle.name,
            precision=request.precision,
            library=library_name(trt),
            capability=capability,
            source=sources(request.bundle),
            networks={name: engine_cache.sha256(path) for name, path in networks.items()},
            shapes={key: [list(s) for s in value] for each in shapes.values() for key, value in each.items()},
        )
        with engine_cache.locked(identity.key):
            place = engine_cache.folder() / identity.key
            try:
                return place, engine_cache.read(place)
            except FileNotFoundError:
                pass
            except (ValueError, OSError) as error:
                request.on_step(f"{error}")  # corrupt or foreign: built anew
            verdict = check(request, networks)
            start = time.monotonic_ns()
            timings = engine_cache.folder() / f".{trt.__name__}-{trt.__version__}-{capability}.timings"
            engines = {}
            for name, path in networks.items():
                request.on_step(f"building {ENGINES[name]} for {capability} with {library_name(trt)}")
                before = timings.read_bytes() if timings.is_file() else b""
                built = build(trt, path, request.target, shapes[name], timings=before, on_progress=request.on_progress)
                engines[ENGINES[name]] = built.engine
                if built.timings:
                    timings.write_bytes(built.timings)
            record = Record(
                identity,
                {name: File(len(data), hashlib.sha256(data).hexdigest()) for name, data in engines.items()},
                operators={ENGINES[name]: operators(path) for name, path in networks.items()},
                seconds=(time.monotonic_ns() - start) / 1e9,
                networks_verdict=verdict,
            )
            place = engine_cache.write(record, engines)
            return place, engine_cache.read(place)


def prove_here(bundle: Bundle, place: Path, record: Record) -> Record:
    """The record of engines for the device in this machine, once they have passed the gate on it; else ValueError."""
    sessions = load(place, record)
    try:
        record = prove(bundle, place, record, sessions)
    finally:
        for session in sessions:
            session.close()
    if record.device_verdict is None or not record.device_verdict.usable:
        raise ValueError(f"{record.device_verdict}; it is not used")
    return record


def sources(bundle: Bundle) -> dict[str, str]:
    """The hashes of the model's files, by which its engines are found."""
    return {name: file.sha256 for name, file in sorted(bundle.manifest.files.items())}


def convert(request: Request, folder: Path) -> dict[str, Path]:
    """The networks in their precision, in ``folder``; those of fp32 are the model's own files.

    8 bits are for the encoder; the decoder, which is small and exact, is float16 then.
    """
    paths = {bundles.ENCODER: request.bundle.encoder, bundles.DECODER: request.bundle.decoder}
    if request.precision == "fp32":
        return paths
    from gazeline.engines import precision, quantise

    request.on_step(f"converting {request.bundle.name} to {request.precision}")
    for name, path in paths.items():
        network = precision.load(path)
        if name == bundles.ENCODER and request.precision in ("int8", "fp8"):
            feeds = encoder_feeds(request.bundle, request.pictures)
            network = quantise.quantised(network, feeds, request.precision)
        else:
            network = precision.half(network)
        paths[name] = folder / name
        precision.save(network, paths[name])
    return paths


def check(request: Request, networks: Mapping[str, Path]) -> Verdict | None:
    """The gate's verdict on converted networks (None: they are the original's); `LostPrecisionError` if it refuses."""
    if request.precision == "fp32":
        return None
    from gazeline.engines import precision

    request.on_step("comparing with float32 in ONNX Runtime")
    original = Segmenter.load(request.bundle.folder, "onnxruntime")
    known = gate.golden(original)
    original.close()  # one encoder at a time: SAM's takes several gigabytes
    with tempfile.TemporaryDirectory(prefix="gazeline-gate-") as folder:
        twins = []
        for name, path in networks.items():
            twins.append(Path(folder, name))
            precision.save(precision.rounded(precision.load(path)), twins[-1])
        candidate = Segmenter(request.bundle, OrtSession(twins[0]), OrtSession(twins[1]))
        try:
            return judged(known, candidate, request.precision, request.accept_loss)
        finally:
            candidate.close()


def judged(known: list[gate.Golden], candidate: Segmenter, precision: Precision, accept_loss: bool) -> Verdict:
    """The gate's verdict; `LostPrecisionError` unless it is good or its loss accepted."""
    verdict = gate.compare(known, candidate, precision)
    if not verdict.good and not (accept_loss and verdict.finite):
        raise LostPrecisionError(verdict, gate.worst_picture(known, candidate, verdict))
    return msgspec.structs.replace(verdict, loss_accepted=not verdict.good)


def profile(bundle: Bundle, path: Path) -> dict[str, Shapes]:
    """The shapes of the inputs with free lengths, from the model's limits; ValueError where one has no meaning."""
    import onnx

    limits = bundle.manifest.limits
    ranges = {"prompts": (1, 1, limits.prompts), "points": (1, 2, limits.points + 1)}  # + 1: padding
    found: dict[str, Shapes] = {}
    for value in onnx.load(path, load_external_data=False).graph.input:
        if value.name == "orig_im_size":
            raise ValueError(
                f"{path} takes orig_im_size, which TensorRT cannot read; export it without the large masks "
                "(gazeline models add does)"
            )
        dims = [d.dim_value if d.HasField("dim_value") else None for d in value.type.tensor_type.shape.dim]
        if None not in dims:
            continue
        meanings = (*FREE.get(value.name, ()), *[None] * len(dims))
        if any(d is None and not m for d, m in zip(dims, meanings, strict=False)):
            raise ValueError(f"{path}: the input {value.name!r} has a free length that is neither prompts nor points")
        found[value.name] = tuple(  # type: ignore[assignment]
            tuple(ranges[m][i] if d is None and m else d or 0 for d, m in zip(dims, meanings, strict=False))
            for i in range(3)
        )
    return found


def operators(path: Path) -> dict[str, int]:
    """How many operators of a network give each type ({"float16": 90, "float32": 41}); what only casts is left out."""
    import onnx

    from gazeline.engines import precision

    model = precision.load(path)
    types = precision.element_types(model)
    counts: dict[str, int] = {}
    eight_bits = {node.output[0] for node in model.graph.node if node.op_type == "DequantizeLinear"}
    for node in model.graph.node:
        if node.op_type not in ("Cast", "Constant", "DequantizeLinear", "QuantizeLinear") and types.get(node.output[0]):
            of_eight = " of 8-bit inputs" if eight_bits.intersection(node.input) else ""
            name = onnx.helper.tensor_dtype_to_np_dtype(types[node.output[0]]).name + of_eight
            counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items()))


def encoder_feeds(bundle: Bundle, pictures: Iterable[Image]) -> list[dict[str, Array]]:
    """What the encoder is fed for these pictures, with the gaze here and there."""
    tap = _Tap(OrtSession(bundle.encoder))
    segmenter = Segmenter(bundle, tap, OrtSession(bundle.decoder))
    rng = np.random.default_rng(0)
    for image, _ in zip(pictures, range(MAX_CALIBRATION), strict=False):
        height, width = image.shape[:2]
        gaze = rng.uniform(0.2, 0.8, 2) * (width, height)
        segmenter.encode(image, segmenter.window_for(width, height, gaze))
    if tap.feeds and segmenter.takes_depth:  # the pictures have none: made ones teach the range of it
        for seed in range(100, 108):
            image, depth_m, _ = gate.picture(seed)
            segmenter.encode(image, segmenter.window_for(image.shape[1], image.shape[0]), depth_m)
    segmenter.close()
    return tap.feeds


class _Tap:
    """An encoder's session that keeps what it is fed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.feeds: list[dict[str, Array]] = []

    @property
    def backend(self) -> str:
        return self._session.backend

    @property
    def inputs(self) -> Mapping[str, TensorSpec]:
        return self._session.inputs

    @property
    def outputs(self) -> Mapping[str, TensorSpec]:
        return self._session.outputs

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        self.feeds.append({name: array.copy() for name, array in feeds.items()})
        return self._session.run(feeds)

    def close(self) -> None:
        self._session.close()
