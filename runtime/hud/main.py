"""``gazeline hud``: the HUD on a headset, from the first runtime that answers until it is told to end.

Nothing that goes away ends it: it waits for the OpenXR runtime, for the headset and for the bus, and says so once.
"""

import signal
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass

import numpy as np
import xr
from xr.exception import ErrorResult

from gazeline.runtime.bus import BusAddress
from gazeline.runtime.exits import stop_signals
from gazeline.runtime.hud.display import Display, Frame
from gazeline.runtime.hud.drawing import Cross, Drawing, Ring
from gazeline.runtime.hud.feed import Feed
from gazeline.runtime.hud.input import Input
from gazeline.runtime.hud.instance import NoDisplayError, reason
from gazeline.runtime.hud.place import placed
from gazeline.runtime.hud.pointers import pointed
from gazeline.runtime.hud.scene import Hud
from gazeline.runtime.hud.select import Dwell, prompt_of
from gazeline.runtime.hud.sense import Sensing
from gazeline.runtime.hud.style import AMBER, ICE, style_for
from gazeline.runtime.messages import UserPrompt
from gazeline.runtime.topics import PROMPT_USER
from gazeline.runtime.viewpoint import DEFAULT_DEPTH_M

RETRY_S = 1.0
IDLE_S = 0.02
LEAVE_S = 5.0  # a runtime that does not end the session within this is left without
EASE = 0.2  # of the way to the gazed object's distance, with every overlay
TIMES_KEPT = 20_000


@dataclass(frozen=True)
class Options:
    """The command's options; see ``gazeline hud --help``."""

    address: BusAddress
    picture: bool | None = None
    head: bool = True
    gaze: bool = True
    dwell_s: float | None = None
    seconds: float | None = None


def run(options: Options) -> None:
    """Show the HUD until SIGINT, SIGTERM, the end of ``seconds``, or the runtime ends the session for good."""
    end_s = time.monotonic() + (options.seconds or float("inf"))
    said = ""
    with (
        stop_signals() as stop,
        Feed(options.address, pictures=options.picture is not False, own_head=options.head) as feed,
    ):
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.siginterrupt(number, False)  # a runtime's client library takes an interrupted call for its end
        while not stop.is_set() and time.monotonic() < end_s:
            try:
                with Display() as display:
                    said = ""
                    if _Showing(options, display, feed).until_over(stop, end_s):
                        return
                why = "the OpenXR runtime ended the session"
            except NoDisplayError as error:
                why = str(error)
            except ErrorResult as error:
                why = f"the OpenXR runtime went away ({reason(error)})"
            if why != said:
                _say(f"{why}; waiting for it")
                said = why
            stop.wait(RETRY_S)


class _Showing:
    """One session, from its beginning to its end."""

    def __init__(self, options: Options, display: Display, feed: Feed) -> None:
        self._options, self._display, self._feed = options, display, feed
        self._input = Input(display)
        self._hud: Hud | None = None
        self._surface_m = DEFAULT_DEPTH_M
        self._shows_picture = display.blend == "opaque" if options.picture is None else options.picture
        self._dwell, self._selected = Dwell(), False
        self._cpu_ms: deque[float] = deque(maxlen=TIMES_KEPT)  # of the whole process, from frame to frame
        self._cpu_ns = time.process_time_ns()
        feed.want_pictures(self._shows_picture)
        behind = "the camera's picture behind" if self._shows_picture else "nothing behind"
        eyes = "eyes are tracked" if self._input.has_eyes else "the head's direction is the gaze"
        _say(f"on {display.runtime}, {display.width}x{display.height} per eye, {display.blend}: {behind}, {eyes}")

    def until_over(self, stop: threading.Event, end_s: float) -> bool:
        """Show until the session is over; True if that is the end of it all, False to begin anew."""
        with Sensing(self._display, self._input, self._feed, gaze=self._options.gaze):
            return self._until_over(stop, end_s)

    def _until_over(self, stop: threading.Event, end_s: float) -> bool:
        display, leave_s = self._display, None
        while True:
            for state in display.poll():
                _say(f"session {state.name.lower()}")
            if display.over:
                self._sum_up()
                return bool(display.state == xr.SessionState.EXITING)
            if leave_s is None and (stop.is_set() or time.monotonic() >= end_s):
                leave_s = time.monotonic() + LEAVE_S
                display.leave()
            elif leave_s is not None and time.monotonic() > leave_s:
                self._sum_up()
                return True
            if not display.running:
                self._feed.poll()
                time.sleep(IDLE_S)
                continue
            self._frame()

    def _frame(self) -> None:
        frame = self._display.wait()
        self._feed.poll()
        if self._display.moved and self._hud is not None:
            self._hud.clear()
        self._display.moved = False
        if frame is not None:
            self._draw(frame, time.monotonic_ns())
        before_ns, self._cpu_ns = self._cpu_ns, time.process_time_ns()
        if frame is not None:
            self._cpu_ms.append((self._cpu_ns - before_ns) * 1e-6)

    def _draw(self, frame: Frame, now_ns: int) -> None:
        feed, display = self._feed, self._display
        picture = feed.picture if self._shows_picture else None
        if frame.views is None:
            display.show(frame, Drawing())
            return
        if self._hud is None:
            self._hud = Hud(style_for(display.blend), frame.views.pixel_rad)
        if feed.changed and feed.overlay is not None:
            self._take_overlay(self._hud, on_picture=picture is not None, now_ns=now_ns)
        mark = self._target() or self._select(self._hud, frame, now_ns)
        display_ns = display.clock.to_host_ns(frame.display_time)
        drawing = self._hud.frame(frame.views, now_ns, mark, display_ns=display_ns)
        display.show(frame, drawing, picture, self._surface_m)

    def _take_overlay(self, hud: Hud, *, on_picture: bool, now_ns: int) -> None:
        overlay = self._feed.overlay
        assert overlay is not None
        found = self._feed.placed(overlay)
        if found is None:
            return
        T_world_camera, camera = found
        gazed = next((thing for thing in overlay.objects if thing.gazed), None)
        if gazed is not None:
            self._surface_m += EASE * ((gazed.depth_m or DEFAULT_DEPTH_M) - self._surface_m)
        things = placed(
            overlay,
            T_world_camera,
            camera,
            surface_m=self._surface_m if on_picture else None,
            default_depth_m=DEFAULT_DEPTH_M,
        )
        accent = ICE if overlay.gaze_source == "eye" else AMBER
        hud.show(things, accent, now_ns, pointed(overlay, T_world_camera))

    def _target(self) -> Ring | Cross | None:
        """The target of a calibration, while there is one ahead; that of the display's is confirmed by hand."""
        target = self._feed.target
        if target is not None and target.view is not None:
            if self._input.sync():
                self._feed.prompt(UserPrompt(topic=PROMPT_USER, capture_ns=time.monotonic_ns(), kind="confirm"))
            return Cross(target.view)
        if target is None or target.d_head is None or target.d_head[2] > -0.1:
            return None
        x, y, z = target.d_head
        middle = np.array((x, y)) / -z
        return Ring(middle, target.depth_m, target.progress, dot_rad=target.size_rad, alone=True)

    def _select(self, hud: Hud, frame: Frame, now_ns: int) -> Ring | None:
        """Selects what is looked at where the wearer says so; returns the ring that tells of it."""
        by_hand = self._input.sync()
        thing, ring, rested = hud.gazed, None, False
        if self._options.dwell_s is not None:
            dwell_ns = round(1e9 * self._options.dwell_s)
            self._dwell, rested = self._dwell.at(thing.id if thing else None, now_ns, dwell_ns)
            progress = self._dwell.progress(now_ns, dwell_ns)
            if progress is not None and thing is not None and frame.views is not None:
                ring = Ring(frame.views.tangents(thing.centre_m), thing.distance_m, progress)
        if by_hand or rested:
            prompt = prompt_of(self._feed.overlay, self._selected)
            if prompt is not None:
                self._selected = prompt.kind == "point"
                self._feed.prompt(prompt)
        return ring

    def _sum_up(self) -> None:
        if self._cpu_ms:
            p50, p99 = np.percentile(self._cpu_ms, (50, 99))
            _say(f"{len(self._cpu_ms)} frames, {p50:.1f} ms of processor time each (99 %: {p99:.1f})")


def _say(text: str) -> None:
    print(f"hud: {text}", file=sys.stderr, flush=True)
