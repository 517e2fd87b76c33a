"""Drivers and programs, really tried: each in a process of its own, since a broken one may crash or hang."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

from gazeline.runtime.doctor.finding import Finding, apt, pip

LIMIT_S = 60.0

# y = relu(x), the smallest of ONNX models
RELU = (
    b'\x08\x08:3\n\x0c\n\x01x\x12\x01y"\x04Relu\x12\x01gZ\x0f\n\x01x\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01'
    b"b\x0f\n\x01y\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01B\x04\n\x00\x10\r"
)
INFERENCE = f"""
import json, numpy, onnxruntime
working = {{}}
options = onnxruntime.SessionOptions()
options.log_severity_level = 4
for provider in onnxruntime.get_available_providers():
    try:
        session = onnxruntime.InferenceSession({RELU!r}, options, providers=[provider])
        session.run(None, {{"x": numpy.float32([1])}})
        working[provider] = session.get_providers()[0] == provider
    except Exception:
        working[provider] = False
print(json.dumps([onnxruntime.__version__, working]))
"""
CUDA = """
import ctypes
cuda = ctypes.CDLL("libcuda.so.1")
code = cuda.cuInit(0)
if code:
    text = ctypes.c_char_p()
    cuda.cuGetErrorString(code, ctypes.byref(text))
    raise SystemExit((text.value or b"error %d" % code).decode())
version, count = ctypes.c_int(), ctypes.c_int()
cuda.cuDriverGetVersion(ctypes.byref(version))
cuda.cuDeviceGetCount(ctypes.byref(count))
names = []
for index in range(count.value):
    name = ctypes.create_string_buffer(100)
    cuda.cuDeviceGetName(name, 100, index)
    names.append(name.value.decode())
print(", ".join(names) or "no device", f"(driver for CUDA {version.value // 1000}.{version.value % 1000 // 10})")
"""
OPENGL = """
from gazeline.sim import gl
print(gl.make_current().glGetString(0x1F01).decode())
"""
OPENXR = """
import json
from dataclasses import asdict
from gazeline.runtime.hud import instance
try:
    print(json.dumps(asdict(instance.described())))
except OSError as error:
    raise SystemExit(str(error))
"""
GL_PACKAGES = {"egl": ("libegl1", "libegl-mesa0", "libgl1-mesa-dri", "libopengl0"), "osmesa": ("libosmesa6",)}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def inference() -> list[Finding]:
    """ONNX Runtime's providers, each with a network of one node."""
    worked, said = tried(INFERENCE)
    if not worked:
        return [
            Finding("Backends", "onnxruntime", "broken", said, "pip install --force-reinstall onnxruntime", needed=True)
        ]
    version, working = json.loads(said.splitlines()[-1])
    found = []
    for provider, works in working.items():
        name = provider.removesuffix("ExecutionProvider")
        if name == "Azure":  # a remote service, part of every build
            continue
        needed = name == "CPU"
        text = (
            f"onnxruntime {version}" if works else "is offered, but a network does not run on it: libraries are missing"
        )
        found.append(Finding("Backends", f"onnxruntime {name}", "ok" if works else "broken", text, needed=needed))
    return found


def cuda() -> list[Finding]:
    """An NVIDIA driver and its devices."""
    if find_library("cuda") is None and not Path("/dev/nvidiactl").exists():
        return [Finding("Backends", "CUDA", "note", "no NVIDIA driver here")]
    worked, said = tried(CUDA)
    if not worked:
        return [Finding("Backends", "CUDA", "broken", f"the NVIDIA driver does not start (see nvidia-smi): {said}")]
    return [Finding("Backends", "CUDA", "ok", said)]


def offscreen_opengl() -> list[Finding]:
    """What the simulator draws with: EGL, or OSMesa where there is none."""
    if any(importlib.util.find_spec(module) is None for module in ("mujoco", "OpenGL")):
        said = "not tried: the simulator is not installed"
        return [Finding("Drawing without a screen", "EGL, OSMesa", "missing", said, pip("sim"))]
    found: list[Finding] = []
    for backend, name in (("egl", "EGL"), ("osmesa", "OSMesa")):
        worked, said = tried(OPENGL, MUJOCO_GL=backend)
        if worked:
            found.append(Finding("Drawing without a screen", name, "ok", said))
        elif backend == "osmesa" and found[0].state == "ok":
            found.append(Finding("Drawing without a screen", name, "note", "not needed: EGL works"))
        else:
            found.append(Finding("Drawing without a screen", name, "broken", said, apt(*GL_PACKAGES[backend])))
    return found


def browser() -> list[Finding]:
    """A Chromium, which the tests of the browser page drive (any browser can show the page)."""
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        said = "only the tests of the browser page want it"
        return [Finding("Displays", "chromium", "missing", said, apt("chromium"))]
    try:
        ran = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=LIMIT_S, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return [Finding("Displays", "chromium", "broken", f"{path} does not start: {error}", apt("chromium"))]
    return [Finding("Displays", "chromium", "ok", f"{ran.stdout.strip()} ({path})")]


def openxr() -> list[Finding]:
    """An OpenXR loader, and the runtime that is chosen as the active one."""
    bundled = importlib.util.find_spec("xr") is not None  # pyopenxr brings its own
    if bundled or find_library("openxr_loader"):
        said = "comes with pyopenxr" if bundled else str(find_library("openxr_loader"))
        found = [Finding("Displays", "OpenXR loader", "ok", said)]
    else:
        found = [Finding("Displays", "OpenXR loader", "missing", "wanted for a headset's display", pip("xr"))]
    manifest = next((path for path in _runtime_manifests() if path.is_file()), None)
    if manifest is None:
        said, fix = "none is active; start the headset's own software (SteamVR, Monado …)", apt("libopenxr1-monado")
        return [*found, Finding("Displays", "OpenXR runtime", "missing", said, fix)]
    try:
        library = str(json.loads(manifest.read_text(encoding="utf-8"))["runtime"]["library_path"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        return [*found, Finding("Displays", "OpenXR runtime", "broken", f"{manifest} cannot be read: {error!r}")]
    there = "/" not in library or (manifest.parent / library).exists()  # relative to the manifest, as the loader has it
    if not there:
        said = f"{manifest} names {library}, which is not there"
        return [*found, Finding("Displays", "OpenXR runtime", "broken", said)]
    return [*found, *_asked_runtime(f"{library} ({manifest})", can_ask=bundled)]


def _asked_runtime(named: str, *, can_ask: bool) -> list[Finding]:
    """What the active runtime says of itself and its headset, and what will therefore work."""
    if not can_ask or importlib.util.find_spec("moderngl") is None:
        return [Finding("Displays", "OpenXR runtime", "ok", named)]
    worked, said = tried(OPENXR)
    if not worked:
        return [Finding("Displays", "OpenXR runtime", "broken", f"{named} is the active one, but {said}")]
    told = json.loads(said)
    used = ", ".join(told["extensions"])
    found = [Finding("Displays", "OpenXR runtime", "ok", f"{told['runtime']} {told['version']}, with {used}")]
    if told["headset"] is None:
        return [*found, Finding("Displays", "headset", "missing", "the runtime has none: connect it, switch it on")]
    found.append(Finding("Displays", "headset", "ok", told["headset"]))
    if told["eye_gaze"]:
        found.append(Finding("Displays", "eye gaze", "ok", "gazeline hud sends where the eyes look"))
    else:
        text = "this headset or runtime tells of none: the head's direction will be the gaze"
        found.append(Finding("Displays", "eye gaze", "note", text))
    blends = told["blends"]
    ways = {"alpha": "the world is seen behind the outlines", "additive": "outlines are light before the world"}
    way = next((text for blend, text in ways.items() if blend in blends), "the camera's picture is shown behind")
    found.append(Finding("Displays", "blend modes", "ok" if blends else "broken", f"{', '.join(blends)}: {way}"))
    return found


def _runtime_manifests() -> list[Path]:
    """Where the OpenXR loader looks for the active runtime (OpenXR loader design, "Linux Runtime Discovery")."""
    if named := os.environ.get("XR_RUNTIME_JSON"):
        return [Path(named)]
    folders = [os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")]
    folders += (os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")
    folders.append("/etc")
    names = (f"active_runtime.{os.uname().machine}.json", "active_runtime.json")
    return [Path(folder, "openxr", "1", name) for folder in folders for name in names]


def tried(code: str, **environment: str) -> tuple[bool, str]:
    """Whether Python code ran through in a process of its own, and the last line that it printed."""
    try:
        ran = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False, f"no answer within {LIMIT_S:.0f} seconds"
    lines = (ran.stdout if ran.returncode == 0 else ran.stderr or ran.stdout).strip().splitlines()
    if ran.returncode < 0:
        return False, f"it crashed (signal {-ran.returncode})"
    return ran.returncode == 0, lines[-1] if lines else ""
