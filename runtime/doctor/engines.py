"""TensorRT, the engines that were built with it, and why a model runs on what it runs on."""

import importlib.metadata
import json
import platform

from gazeline.engines import engine_cache
from gazeline.runtime.doctor.finding import Finding, pip
from gazeline.runtime.doctor.probes import tried

LIBRARIES = {"tensorrt": ("tensorrt", "trt"), "tensorrt_rtx": ("tensorrt-rtx", "rtx")}

# In a process of its own: a driver that is half installed may crash it.
CHOICES = """
import json
from gazeline.engines import backends, bundle
found = {}
for name, folder in bundle.list_bundles().items():
    try:
        found[name] = backends.without_tensorrt(bundle.read(folder))
    except (ValueError, OSError) as error:
        found[name] = str(error)
print(json.dumps(found))
"""


def tensorrt() -> list[Finding]:
    """The libraries that build and run engines."""
    found = []
    for module, (distribution, extra) in LIBRARIES.items():
        worked, said = tried(f"import {module}; print({module}.__version__)")
        if worked:
            found.append(Finding("Backends", distribution, "ok", said))
        elif _installed(distribution):
            fix = f"pip install --force-reinstall {distribution}"
            found.append(Finding("Backends", distribution, "broken", f"it does not load: {said}", fix))
        elif extra == "trt" and platform.machine() == "aarch64":
            said = "not found; on a Jetson it comes with JetPack, for the system's own Python"
            found.append(Finding("Backends", distribution, "missing", said))
        else:
            found.append(Finding("Backends", distribution, "missing", "builds and runs engines for NVIDIA", pip(extra)))
    return found


def engines() -> list[Finding]:
    """The engines that were built, and whether they may be loaded."""
    found = []
    for place in engine_cache.places():
        away = f"gazeline engines remove {place.name}"
        try:
            verdict = engine_cache.read(place).device_verdict
        except (ValueError, OSError) as error:
            found.append(Finding("Engines", place.name, "broken", str(error), away))
            continue
        if verdict is None:
            found.append(Finding("Engines", place.name, "note", "not yet run: compared with float32 at first use"))
        elif verdict.usable:
            found.append(Finding("Engines", place.name, "ok", str(verdict)))
        else:
            found.append(Finding("Engines", place.name, "broken", str(verdict), away))
    return found


def choices() -> list[Finding]:
    """What each model runs on with ``backend = "auto"``, and why."""
    worked, said = tried(CHOICES)
    if not worked:
        return [Finding("Engines", "choice", "broken", f"what models run on cannot be found out: {said}")]
    found = []
    for name, reason in json.loads(said).items():
        text = "runs on TensorRT" if reason is None else f"runs on ONNX Runtime: {reason}"
        found.append(Finding("Engines", f"{name} (auto)", "ok" if reason is None else "note", text))
    return found


def _installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
