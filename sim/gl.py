"""The one off-screen OpenGL context of a process: EGL where there is a device, OSMesa otherwise.

The choice has to be made before MuJoCo and PyOpenGL are imported, so everything takes both from here.
"""

import atexit
import ctypes
import os
from functools import cache
from typing import Any

__all__ = ["BACKEND", "make_current", "mujoco"]

EGL_PLATFORM_DEVICE_EXT = 0x313F


def _egl_works() -> bool:
    """Whether libEGL opens a display on any device (a plain dlopen test says yes on machines without a driver)."""
    try:
        egl = ctypes.CDLL("libEGL.so.1")
    except OSError:
        return False
    egl.eglGetProcAddress.restype = ctypes.c_void_p
    query = egl.eglGetProcAddress(b"eglQueryDevicesEXT")
    display = egl.eglGetProcAddress(b"eglGetPlatformDisplayEXT")
    if not query or not display:
        return False
    devices = (ctypes.c_void_p * 16)()
    count = ctypes.c_int(0)
    prototype = ctypes.CFUNCTYPE(ctypes.c_uint, ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int))
    if not prototype(query)(16, ctypes.addressof(devices), ctypes.byref(count)):
        return False
    opener = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p)(display)
    egl.eglInitialize.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    handles = (opener(EGL_PLATFORM_DEVICE_EXT, devices[i], None) for i in range(count.value))
    return any(handle and egl.eglInitialize(handle, None, None) for handle in handles)


def choose() -> str:
    """Set ``MUJOCO_GL`` and ``PYOPENGL_PLATFORM``: what the user asked for, else EGL if it works, else OSMesa."""
    backend = os.environ.get("MUJOCO_GL", "").lower()
    if backend not in ("egl", "osmesa"):
        backend = "egl" if _egl_works() else "osmesa"
    os.environ["MUJOCO_GL"] = os.environ["PYOPENGL_PLATFORM"] = backend
    # a software rasteriser without threads of its own leaves the other cores to the runtime the pictures are for
    os.environ.setdefault("LP_NUM_THREADS", "0")
    return backend


BACKEND = choose()


def _unavailable(error: Exception) -> OSError:
    return OSError(
        f"no off-screen OpenGL through {BACKEND} ({error}); "
        "install libegl1 libegl-mesa0 libgl1-mesa-dri libopengl0, or libosmesa6"
    )


try:
    import mujoco
except ImportError:
    raise
except Exception as error:  # PyOpenGL fails in ways of its own where there is no library
    raise _unavailable(error) from error


def make_current() -> Any:
    """Make the process's context the calling thread's, and return PyOpenGL's ``GL`` module.

    Opened at the first call, on whose thread all drawing must happen. Call it before each run of drawing: a context of
    somebody else may have come in between. Raises OSError if neither EGL nor OSMesa can be opened.
    """
    context, GL = _opened()
    context.make_current()
    return GL


@cache
def _opened() -> tuple[Any, Any]:
    try:
        if BACKEND == "egl":
            from mujoco.egl import GLContext
        else:
            from mujoco.osmesa import GLContext
        import OpenGL

        OpenGL.ERROR_CHECKING = False  # a query after every call costs more than the calls; set after EGL's own import
        context = GLContext(64, 64)
        context.make_current()
        from OpenGL import GL
    except Exception as error:
        raise _unavailable(error) from error
    atexit.register(context.free)
    return context, GL
