"""What this machine and this installation are, found without trying anything: Python, processor, packages."""

import importlib.metadata
import platform
import re
import sys
from pathlib import Path

import psutil

from gazeline.engines.session import usable_cores
from gazeline.runtime.doctor.finding import Finding, pip

OLDEST_PYTHON = (3, 11)
FEATURES = ("avx2", "fma", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimd", "asimddp", "i8mm")
USES = {
    "sim": "the simulated headset",
    "web": "the browser page",
    "aria": "Project Aria recordings",
    "xr": "the OpenXR display",
    "rtx": "TensorRT engines for RTX cards, built anywhere",
    "trt": "TensorRT engines for other NVIDIA devices",
    "export": "exporting SAM models",
    "train": "training the model",
    "record": "MCAP recordings",
}
# Other distributions of the same modules.
INSTEAD = {
    "opencv-python-headless": ("opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless"),
    "onnxruntime": ("onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-directml"),
}


def python() -> list[Finding]:
    """The interpreter and the package itself."""
    recent = sys.version_info[:2] >= OLDEST_PYTHON
    said = f"{platform.python_version()} ({sys.executable})"
    return [
        Finding("Installation", "gazeline", "ok", importlib.metadata.version("gazeline"), needed=True),
        Finding("Installation", "python", "ok" if recent else "broken", said, needed=True),
    ]


def processor() -> list[Finding]:
    """Cores, vector units and memory."""
    features = [name for name in FEATURES if name in _cpu_flags()]
    weak = platform.machine() in ("x86_64", "AMD64") and features and "avx2" not in features
    said = f"{platform.machine()}, {', '.join(features) or 'features unknown'}"
    memory = psutil.virtual_memory()
    few = usable_cores() < 2
    return [
        Finding("Machine", "processor", "note" if weak else "ok", said + (": slow without AVX2" if weak else "")),
        Finding("Machine", "cores", "note" if few else "ok", f"{usable_cores()} usable of {psutil.cpu_count()}"),
        Finding("Machine", "memory", "ok", f"{memory.total / 1e9:.1f} GB, {memory.available / 1e9:.1f} GB free"),
        Finding("Machine", "system", "ok", platform.platform()),
    ]


def packages() -> list[Finding]:
    """What pyproject.toml asks for: the base, each alone, and each extra as a whole."""
    found = []
    for extra, names in _requirements().items():
        versions = {name: _version(name) for name in names}
        have = ", ".join(f"{name} {version}" for name, version in versions.items() if version is not None)
        lack = ", ".join(name for name, version in versions.items() if version is None)
        if not extra:
            state, fix = ("broken", pip("")) if lack else ("ok", "")
            said = f"missing: {lack}" if lack else have
            found.append(Finding("Installation", "packages", state, said, fix, needed=True))  # type: ignore[arg-type]
        elif lack:
            found.append(Finding("Extras", extra, "missing", f"for {USES[extra]}; missing: {lack}", pip(extra)))
        else:
            found.append(Finding("Extras", extra, "ok", f"{USES[extra]}: {have}"))
    return found


def _requirements() -> dict[str, list[str]]:
    """Distributions by extra ("" is the base), as the installed package states them."""
    wanted: dict[str, list[str]] = {extra: [] for extra in ("", *USES)}
    for line in importlib.metadata.requires("gazeline") or []:
        name = re.match(r"[A-Za-z0-9._-]+", line)
        extra = re.search(r"extra\s*==\s*['\"]([\w-]+)['\"]", line)
        group = extra[1] if extra else ""
        if name is not None and group in wanted:
            wanted[group].append(name[0])
    return wanted


def _version(name: str) -> str | None:
    for candidate in (name, *INSTEAD.get(name, ())):
        try:
            return importlib.metadata.version(candidate)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def _cpu_flags() -> set[str]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return set()
    line = re.search(r"^(?:flags|Features)\s*:(.*)$", text, re.MULTILINE)
    return set(line[1].split()) if line else set()
