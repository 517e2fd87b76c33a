"""A bundle's engines on this device: found, trusted, loaded, and proven there once before they are used."""

import threading
from pathlib import Path

import msgspec

from gazeline.engines import engine_cache, gate
from gazeline.engines.bundle import DECODER, ENCODER, Bundle
from gazeline.engines.cuda import Device
from gazeline.engines.engine_cache import Record
from gazeline.engines.ort import OrtSession
from gazeline.engines.session import Session
from gazeline.engines.tensorrt_build import LIBRARIES, library, library_name
from gazeline.engines.tensorrt_session import TensorrtSession

REFUSED = "Build another precision, or with --accept-loss"
ENGINES = {ENCODER: "encoder.engine", DECODER: "decoder.engine"}

_device: Device | None = None
_device_lock = threading.Lock()


def find(bundle: Bundle) -> tuple[Path, Record]:
    """The engines of this bundle for this device and an installed library, those built last; ValueError or OSError.

    They are verified, but not loaded. The driver is asked before anything of TensorRT is.
    """
    made = [(place, engine_cache.peek(place)) for place in engine_cache.places()]
    source = {name: file.sha256 for name, file in bundle.manifest.files.items()}
    mine = [(place, record) for place, record in made if record.identity.source == source]
    if not mine:
        raise ValueError(
            f"no engines of {bundle.name} have been built; to build them: gazeline engines build {bundle.name}"
        )
    target = device().target
    fitting = [(place, record) for place, record in mine if record.identity.capability == target]
    if not fitting:
        others = ", ".join(sorted({record.identity.capability for _, record in mine}))
        raise ValueError(f"the engines of {bundle.name} are for {others}; this device is {device().name}, {target}")
    here = {}
    for name in LIBRARIES:
        try:
            here[library_name(library(name))] = name
        except ValueError:
            continue
    for place, record in fitting:
        if record.identity.library in here:
            record = engine_cache.read(place)  # noqa: PLW2901
            if record.device_verdict is not None and not record.device_verdict.usable:
                raise ValueError(f"{record.device_verdict}; it is not used. {REFUSED}")
            return place, record
    built = ", ".join(sorted({record.identity.library for _, record in fitting}))
    installed = ", ".join(here) or "neither TensorRT nor TensorRT-RTX"
    raise ValueError(f"the engines of {bundle.name} were built by {built}; installed is {installed}")


def open_pair(bundle: Bundle) -> tuple[Session, Session]:
    """Encoder and decoder; at first use on this device the gate must let them through, which takes a while."""
    place, record = find(bundle)
    sessions = load(place, record)
    try:
        if record.device_verdict is None:
            record = prove(bundle, place, record, sessions)
        assert record.device_verdict is not None
        if not record.device_verdict.usable:
            raise ValueError(f"{record.device_verdict}; it is not used. {REFUSED}")
    except BaseException:
        for session in sessions:
            session.close()
        raise
    return sessions


def load(place: Path, record: Record) -> tuple[Session, Session]:
    """The two engines on the device; the decoder's work goes before the encoder's."""
    trt = library(record.identity.library.split()[0])
    encoder, decoder = (place / ENGINES[name] for name in (ENCODER, DECODER))
    first = TensorrtSession(trt, device(), encoder.read_bytes(), str(encoder), urgent=False)
    try:
        return first, TensorrtSession(trt, device(), decoder.read_bytes(), str(decoder), urgent=True)
    except BaseException:
        first.close()
        raise


def prove(bundle: Bundle, place: Path, record: Record, sessions: tuple[Session, Session]) -> Record:
    """The record with the gate's verdict on these engines, as it is kept from now on."""
    from gazeline.engines.segmenter import Segmenter

    original = Segmenter(bundle, OrtSession(bundle.encoder), OrtSession(bundle.decoder))
    verdict = gate.compare(gate.golden(original), Segmenter(bundle, *sessions), record.identity.precision)
    accepted = record.networks_verdict is not None and record.networks_verdict.loss_accepted
    verdict = msgspec.structs.replace(verdict, loss_accepted=accepted and not verdict.good and verdict.finite)
    record = msgspec.structs.replace(record, device_verdict=verdict)
    engine_cache.update(place, record)
    return record


def device() -> Device:
    """The first device, whose context this process keeps; `CudaError`: there is none."""
    global _device  # noqa: PLW0603
    with _device_lock:
        if _device is None:
            _device = Device()
        return _device
