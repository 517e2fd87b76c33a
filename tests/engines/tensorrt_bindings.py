"""The Python API of real TensorRT releases, read from their bindings alone.

The bindings are small and on the package index; the libraries they need are not, so they are imported over stubs: a
library that defines each symbol that they lack. Each import is in a process of its own.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(sys.prefix, "tensorrt-bindings")  # where .ci/run installs them, a folder for each release

# Classes by their path ("ILogger.Severity"), and each attribute with its docstring, which pybind11 begins with the
# signature: "create_network(self: …Builder, flags: int = 0) -> tensorrt_bindings.tensorrt.INetworkDefinition"
DUMP = """
import importlib, inspect, json, sys
module = importlib.import_module(sys.argv[1])
found = {}
def doc(value):
    text = getattr(value.fget, "__doc__", "") if isinstance(value, property) else getattr(value, "__doc__", "")
    return text if isinstance(text, str) else ""
def walk(path, owner):
    members = {}
    for name in dir(owner):
        value = inspect.getattr_static(owner, name, None)
        value = getattr(value, "__func__", value)
        members[name] = doc(value)[:2000]
        if inspect.isclass(value) and not name.startswith("__") and value.__module__.startswith("tensorrt"):
            inner = f"{path}.{name}" if path else name
            if inner not in found:
                walk(inner, value)
    found[path] = members
walk("", module)
json.dump({"version": module.__version__, "classes": found}, sys.stdout)
"""


def releases() -> list[Path]:
    """The folders of installed bindings."""
    return sorted(FOLDER.glob("*")) if FOLDER.is_dir() and shutil.which("gcc") and shutil.which("nm") else []


def api(folder: Path, stubs: Path) -> dict[str, Any]:
    """The API of the bindings in ``folder``; ``stubs`` is an empty folder for the libraries."""
    library = next(folder.glob("tensorrt_bindings/tensorrt.so"))
    source, names = stubs / "stub.c", _missing(library)
    lines = []
    for i, name in enumerate(names):
        data = name.startswith("_ZT")  # type information and tables
        lines.append(f'extern long s{i}[64] __asm__("{name}"); long s{i}[64];' if data else _function(i, name))
    source.write_text("\n".join(lines))
    made = stubs / "stub.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-w", "-o", made, source], check=True, capture_output=True)
    needed = subprocess.run(["readelf", "-d", library], check=True, capture_output=True, text=True).stdout
    for name in re.findall(r"\[(libnv\S+)\]", needed):
        shutil.copy(made, stubs / name)
    return dump("tensorrt_bindings", PYTHONPATH=str(folder), LD_LIBRARY_PATH=str(stubs))


def dump(module: str, **environment: str) -> dict[str, Any]:
    """The API of an installed module."""
    ran = subprocess.run(
        [sys.executable, "-c", DUMP, module], env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def _missing(library: Path) -> list[str]:
    listed = subprocess.run(["nm", "-D", "--undefined-only", library], check=True, capture_output=True, text=True)
    symbols = [line.split()[-1] for line in listed.stdout.splitlines()]
    return [s for s in symbols if "@" not in s and not s.startswith(("Py", "_Py", "_ITM", "__gmon"))]


def _function(i: int, name: str) -> str:
    return f'long s{i}(void) __asm__("{name}"); long s{i}(void) {{ return 0; }}'
