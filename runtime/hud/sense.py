"""Senses head and eyes at a rate of its own: the display may show fewer frames than the runtime needs poses."""

import threading
import time
from types import TracebackType
from typing import Self

from xr.exception import ErrorResult

from gazeline.runtime.hud.display import Display
from gazeline.runtime.hud.feed import Feed
from gazeline.runtime.hud.input import Input

PERIOD_S = 0.01


class Sensing:
    """Sends the head's pose, and the gaze if it is wanted, until the ``with`` block ends; a thread of its own.

    Without tracked eyes the head's direction is sent as gaze. Eyes are sent once per sample, with the sample's time.
    """

    def __init__(self, display: Display, inputs: Input, feed: Feed, *, gaze: bool) -> None:
        self._display, self._inputs, self._feed, self._gaze = display, inputs, feed, gaze
        self._sample_time = 0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gazeline-hud-sensing", daemon=True)

    def _run(self) -> None:
        try:
            while not self._ending.wait(PERIOD_S):
                if self._display.running:
                    self._sense(time.monotonic_ns())
        except ErrorResult:
            return  # the runtime has gone away, which the display notices too

    def _sense(self, now_ns: int) -> None:
        clock = self._display.clock
        T_world_head = self._display.locate(self._display.head, clock.to_xr(now_ns))
        if T_world_head is None:
            return
        self._feed.head(T_world_head, now_ns)
        if not self._gaze:
            return
        if not self._inputs.has_eyes:
            self._feed.head_gaze(now_ns)
            return
        look = self._inputs.look(clock.to_xr(now_ns))
        if look is None or (look.sample_time and look.sample_time == self._sample_time):
            return  # eyes shut, or nothing new
        self._sample_time = look.sample_time
        sample_ns = min(clock.to_host_ns(look.sample_time), now_ns) if look.sample_time else now_ns
        self._feed.gaze(look.d_head, sample_ns)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()
