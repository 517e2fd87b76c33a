"""The layers of an engine, as TensorRT's inspector tells them; the engine has to be loaded, so on its device only."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

from gazeline.engines import cuda
from gazeline.engines.engine_cache import Record
from gazeline.engines.tensorrt_build import library, quiet


def layers(engine: Path, record: Record) -> list[str]:
    """A line for each layer: type, precision of its output, name. ValueError or OSError: it cannot be loaded here."""
    with cuda.Device() as device, device.current():
        return told(library(record.identity.library.split()[0]), engine.read_bytes(), str(engine))


def told(trt: ModuleType, data: bytes, name: str) -> list[str]:
    """The same for an engine's bytes, on the current device."""
    log = quiet(trt)
    runtime = trt.Runtime(log)
    engine = runtime.deserialize_cuda_engine(data)
    if engine is None:
        raise ValueError(f"{trt.__name__} {trt.__version__} does not load {name} ({log.last}); build it again")
    inspector = engine.create_engine_inspector()
    return lines(json.loads(inspector.get_engine_information(trt.LayerInformationFormat.JSON)))


def lines(information: dict[str, Any]) -> list[str]:
    """The inspector's JSON as lines; layers are mere names where the engine was built without detail."""
    found = []
    for layer in information.get("Layers", []):
        if isinstance(layer, str):
            found.append(layer)
            continue
        outputs = layer.get("Outputs") or [{}]
        kind = layer.get("LayerType", "?")
        found.append(f"{kind:24} {outputs[0].get('Format/Datatype', '?'):28} {layer.get('Name', '?')}")
    return found
