"""The OpenXR runtime of this machine: what it offers, and the way into it.

pyopenxr raises its exceptions for errors alone here; what OpenXR calls a qualified success (no event, a frame that was
discarded, a session without focus) is no error.
"""

from collections.abc import Callable, Collection
from contextlib import ExitStack, suppress
from ctypes import byref, cast, pointer
from dataclasses import dataclass
from typing import Any

import xr
from xr.exception import ErrorResult

from gazeline.runtime.hud import graphics
from gazeline.runtime.hud.clock import COUNTER, TIMESPEC
from gazeline.runtime.hud.style import Blend

xr.exception.raise_on_qualified_success = False

EYE_GAZE = "XR_EXT_eye_gaze_interaction"
HANDS = "XR_EXT_hand_interaction"
WANTED = (TIMESPEC, COUNTER, EYE_GAZE, HANDS)
STEREO = xr.ViewConfigurationType.PRIMARY_STEREO
BLENDS: dict[int, Blend] = {  # the best first: one through which the world is seen
    int(xr.EnvironmentBlendMode.ALPHA_BLEND.value): "alpha",
    int(xr.EnvironmentBlendMode.ADDITIVE.value): "additive",
    int(xr.EnvironmentBlendMode.OPAQUE.value): "opaque",
}


class NoDisplayError(OSError):
    """There is no OpenXR runtime, or no headset on it, or none that can be used; the text says which."""


@dataclass(frozen=True)
class Described:
    """A runtime and its headset, as far as they say: ``headset`` is None while none is connected."""

    runtime: str
    version: str
    extensions: tuple[str, ...]
    headset: str | None = None
    blends: tuple[Blend, ...] = ()
    eye_gaze: bool = False


def opened(stack: ExitStack) -> tuple[xr.Instance, list[str]]:
    """An instance that is destroyed with ``stack``, and the extensions that it has of those that we use."""
    try:
        offered = offered_extensions()
        asked = [*graphics.extensions(offered), *(name for name in WANTED if name in offered)]
        application = xr.ApplicationInfo("Gazeline", 1, "Gazeline", 1, xr.XR_API_VERSION_1_0)
        info = xr.InstanceCreateInfo(application_info=application, enabled_extension_names=asked)
        instance = xr.create_instance(info)
    except ErrorResult as error:
        raise NoDisplayError(f"no OpenXR runtime answers ({reason(error)})") from None
    destroyed_at_end(stack, xr.destroy_instance, instance)
    return instance, asked


def offered_extensions() -> set[str]:
    """The names of the extensions of the active runtime. Raises pyopenxr's errors without one."""
    return {each.extension_name.decode() for each in xr.enumerate_instance_extension_properties()}


def system_of(instance: xr.Instance) -> xr.SystemId:
    """The headset. Raises NoDisplayError while none is connected."""
    try:
        return xr.get_system(instance, xr.SystemGetInfo(xr.FormFactor.HEAD_MOUNTED_DISPLAY))
    except ErrorResult as error:
        raise NoDisplayError(f"the OpenXR runtime finds no headset ({reason(error)})") from None


def blends_of(instance: xr.Instance, system: xr.SystemId) -> list[int]:
    """The environment blend modes of a headset, as plain numbers."""
    return [int(mode) for mode in xr.enumerate_environment_blend_modes(instance, system, STEREO)]


def chosen_blend(offered: Collection[int]) -> int:
    """The blend mode to use of those that are offered. Raises NoDisplayError where none of them is known here."""
    for mode in BLENDS:
        if mode in offered:
            return mode
    raise NoDisplayError(f"this OpenXR runtime offers no blend mode that is known here, only {sorted(offered)}")


def require_opengl(instance: xr.Instance, system: xr.SystemId) -> None:
    """The call that OpenXR demands before a session with OpenGL is created."""
    function = xr.get_instance_proc_addr(instance, "xrGetOpenGLGraphicsRequirementsKHR")
    needs = xr.GraphicsRequirementsOpenGLKHR()
    xr.check_result(
        xr.Result(cast(function, xr.PFN_xrGetOpenGLGraphicsRequirementsKHR)(instance, system, byref(needs)))
    )


def has_eye_gaze(instance: xr.Instance, system: xr.SystemId) -> bool:
    """Whether the headset tracks eyes; the extension may be offered where it does not."""
    eyes = xr.SystemEyeGazeInteractionPropertiesEXT()
    properties = xr.SystemProperties(next=pointer(eyes))
    xr.check_result(xr.raw_functions.xrGetSystemProperties(instance, system, byref(properties)))
    return bool(eyes.supports_eye_gaze_interaction)


def described() -> Described:
    """What there is on this machine. Raises NoDisplayError with one sentence where there is no runtime."""
    with ExitStack() as stack:
        instance, asked = opened(stack)
        properties = xr.get_instance_properties(instance)
        name = properties.runtime_name.decode(errors="replace")
        found = Described(name, str(xr.Version(properties.runtime_version)), tuple(asked))
        try:
            system = system_of(instance)
        except NoDisplayError:
            return found
        headset = xr.get_system_properties(instance, system).system_name.decode(errors="replace")
        blends = tuple(BLENDS[mode] for mode in blends_of(instance, system) if mode in BLENDS)
        eye_gaze = EYE_GAZE in asked and has_eye_gaze(instance, system)
        return Described(found.runtime, found.version, found.extensions, headset, blends, eye_gaze)


def destroyed_at_end(stack: ExitStack, destroy: Callable[[Any], None], handle: Any) -> None:
    """Destroy a handle with ``stack``; its runtime may be gone by then."""

    def end() -> None:
        with suppress(ErrorResult):
            destroy(handle)

    stack.callback(end)


def reason(error: ErrorResult) -> str:
    """What OpenXR calls an error."""
    result = error.get_result_enum()
    return "XR_" + (type(error).__name__ if result is None else result.name)
