"""An OpenGL context, and what an OpenXR runtime needs to be told of it.

On Linux through EGL where the runtime takes it (XR_MNDX_egl_enable: no X server is needed), else through GLX; on
Windows through WGL.
"""

import ctypes
import sys
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import moderngl
import xr

from gazeline.runtime.hud.gl import new_context

OPENGL = "XR_KHR_opengl_enable"
EGL = "XR_MNDX_egl_enable"


@dataclass(frozen=True)
class Graphics:
    """``binding`` is chained to the creation of a session; ``kept`` must live as long as that."""

    context: moderngl.Context
    binding: Any
    kept: Any = None


def extensions(offered: Collection[str]) -> list[str]:
    """The extensions to ask a runtime for. Raises OSError if it takes no OpenGL."""
    if OPENGL not in offered:
        raise OSError(f"this OpenXR runtime takes no OpenGL pictures (it lacks {OPENGL}); use another one")
    return [OPENGL, EGL] if EGL in offered and sys.platform == "linux" else [OPENGL]


def create(asked: Collection[str]) -> Graphics:
    """A context that is current in this thread. Raises OSError where there is none to be had."""
    if EGL in asked:
        return _egl()
    return _wgl() if sys.platform == "win32" else _glx()


def _context(**backend: str) -> moderngl.Context:
    try:
        return new_context(**backend)
    except Exception as error:  # noqa: BLE001 - glcontext raises bare ones
        raise OSError(f"no OpenGL 3.3 context could be made for the headset ({error}); see gazeline doctor") from None


def _egl() -> Graphics:
    context = _context(backend="egl")
    egl = ctypes.CDLL("libEGL.so.1")
    for name in ("eglGetCurrentDisplay", "eglGetCurrentContext"):
        getattr(egl, name).restype = ctypes.c_void_p
    display, current = (ctypes.c_void_p(each) for each in (egl.eglGetCurrentDisplay(), egl.eglGetCurrentContext()))
    config_id, config, count = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_int()
    egl.eglQueryContext(display, current, 0x3028, ctypes.byref(config_id))  # EGL_CONFIG_ID
    wanted = (ctypes.c_int * 3)(0x3028, config_id.value, 0x3038)  # EGL_NONE
    egl.eglChooseConfig(display, wanted, ctypes.byref(config), 1, ctypes.byref(count))
    found = (egl.eglGetProcAddress, display, config, current)
    kinds = [kind for _, kind in xr.GraphicsBindingEGLMNDX._fields_]  # PyOpenGL's or plain pointers, as pyopenxr finds
    binding = xr.GraphicsBindingEGLMNDX(*(ctypes.cast(each, kind) for each, kind in zip(found, kinds, strict=True)))
    return Graphics(context, binding, egl)


def _glx() -> Graphics:
    from OpenGL import GL, GLX  # noqa: F401 - GLX wants GL

    context = _context()
    display, drawable, current = (
        GLX.glXGetCurrentDisplay(),
        GLX.glXGetCurrentDrawable(),
        GLX.glXGetCurrentContext(),
    )
    config_id = ctypes.c_int()
    GLX.glXQueryContext(display, current, GLX.GLX_FBCONFIG_ID, ctypes.byref(config_id))
    wanted, count = (ctypes.c_int * 3)(GLX.GLX_FBCONFIG_ID, config_id.value, 0), ctypes.c_int()
    configs = GLX.glXChooseFBConfig(display, 0, wanted, ctypes.byref(count))
    binding = xr.GraphicsBindingOpenGLXlibKHR(
        x_display=display,
        visualid=0,
        glx_fbconfig=configs[0],
        glx_drawable=drawable,
        glx_context=current,
    )
    return Graphics(context, binding, configs)


def _wgl() -> Graphics:
    from OpenGL import WGL

    context = _context()
    binding = xr.GraphicsBindingOpenGLWin32KHR()
    binding.h_dc, binding.h_glrc = WGL.wglGetCurrentDC(), WGL.wglGetCurrentContext()
    return Graphics(context, binding)
