"""OpenXR's time and the host's: the offset between the two."""

import sys
import time
from ctypes import CFUNCTYPE, POINTER, byref, c_int, c_int64, cast

import xr

TIMESPEC = "XR_KHR_convert_timespec_time"
COUNTER = "XR_KHR_win32_convert_performance_counter_time"


class XrClock:
    """Converts between an instance's XrTime and the host's monotonic clock, both in ns.

    With XR_KHR_convert_timespec_time (Linux) or the performance counter's extension (Windows) the offset is measured.
    A runtime with neither leaves only a guess, from the frames that it announces: `announced`.
    """

    def __init__(self, instance: xr.Instance, enabled: list[str]) -> None:
        self._offset_ns: int | None = None  # XrTime - host
        self.measured = False
        before_ns = time.monotonic_ns()
        if TIMESPEC in enabled:
            seconds, rest = divmod(before_ns, 1_000_000_000)
            spec = xr.timespec(seconds, rest)
            self._offset_ns = int(xr.convert_timespec_time_to_time_khr(instance, spec).value) - before_ns
            self.measured = True
        elif COUNTER in enabled and sys.platform == "win32":
            function = xr.get_instance_proc_addr(instance, "xrConvertWin32PerformanceCounterToTimeKHR")
            convert = cast(function, CFUNCTYPE(c_int, xr.Instance, POINTER(c_int64), POINTER(c_int64)))
            ticks, found = c_int64(), c_int64()
            ctypes_windll().QueryPerformanceCounter(byref(ticks))
            middle_ns = time.monotonic_ns()
            if convert(instance, byref(ticks), byref(found)) == 0:
                self._offset_ns = found.value - middle_ns
                self.measured = True

    def announced(self, display_time: int, period_ns: int) -> None:
        """A frame was announced just now: without a measured offset it is taken to be shown in one period."""
        if not self.measured:
            guess_ns = int(display_time) - int(period_ns) - time.monotonic_ns()
            self._offset_ns = guess_ns if self._offset_ns is None else max(self._offset_ns, guess_ns)

    def to_host_ns(self, xr_time: int) -> int:
        """An XrTime in the host's clock."""
        return int(xr_time) - (self._offset_ns or 0)

    def to_xr(self, host_ns: int) -> int:
        """A host time as XrTime."""
        return host_ns + (self._offset_ns or 0)


def ctypes_windll() -> "object":
    import ctypes

    return ctypes.windll.kernel32  # type: ignore[attr-defined]
