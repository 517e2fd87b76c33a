"""``gazeline find TEXT live``: tells a running runtime what is looked for, and says what it finds and where."""

import sys
import threading
import time
from math import atan2, degrees, hypot

import msgspec

from gazeline.runtime.bus import BusAddress, Publisher, Subscriber
from gazeline.runtime.messages import Overlay, UserPrompt
from gazeline.runtime.topics import OVERLAY_OBJECTS, PROMPT_USER, STATS_RUNTIME

ANSWER_S = 10.0
AGAIN_S = 1.0  # asked again this often until there is an answer: the runtime may be starting
ROUGH_DEG = 5.0  # directions are told in steps of this, so that a turning head does not fill the terminal


def watch(
    address: BusAddress, text: str, seconds: float | None, stop: threading.Event, *, as_json: bool = False
) -> None:
    """Print what is found whenever it changes, until ``stop`` is set or the time is up; then nothing is looked for.

    With ``as_json`` each line is an object with ``understood``, ``found`` and ``pointers``. ValueError with one
    sentence where no runtime answers.
    """
    with Subscriber(address, (OVERLAY_OBJECTS, STATS_RUNTIME)) as ears, Publisher(address) as publisher:
        start_s = time.monotonic()
        asked_s, heard, said = 0.0, False, ""
        try:
            while not stop.is_set() and (seconds is None or time.monotonic() - start_s < seconds):
                if not said and time.monotonic() - asked_s >= AGAIN_S:
                    _ask(publisher, text)
                    asked_s = time.monotonic()
                for received in ears.poll(100):
                    heard = True
                    overlay = received.message
                    if (
                        not isinstance(overlay, Overlay)
                        or overlay.search is None
                        or overlay.search.text != text.strip()
                    ):
                        continue
                    now_said = lines_of(overlay, as_json=as_json)
                    if now_said != said:
                        sys.stdout.write(now_said + "\n")
                        sys.stdout.flush()
                        said = now_said
                if not said and time.monotonic() - start_s > ANSWER_S:
                    what = "no picture comes to it" if heard else "start one with: gazeline run"
                    raise ValueError(f"no runtime answers on this bus; {what}")
        finally:
            _ask(publisher, "")


def lines_of(overlay: Overlay, *, as_json: bool = False) -> str:
    """What was understood, then a line for each thing that fits, in view and out of view."""
    search = overlay.search
    if search is None:
        return ""
    if as_json:
        found = [
            {"id": thing.id, "name": thing.name, "box": [round(value, 1) for value in thing.box]}
            for thing in overlay.objects
            if thing.found
        ]
        return msgspec.json.encode(
            {"understood": search.understood, "found": found, "pointers": search.pointers}
        ).decode()
    lines = [f"looking for {search.understood}"]
    lines += [
        f"  {_name(thing.id, thing.name)}: in view{_away(thing.depth_m)}" for thing in overlay.objects if thing.found
    ]
    lines += [
        f"  {_name(pointer.id, pointer.name)}: {_way(pointer.d_camera)}{_away(pointer.depth_m)}"
        for pointer in search.pointers
    ]
    return "\n".join(lines if len(lines) > 1 else [*lines, "  nothing that was seen fits"])


def _ask(publisher: Publisher, text: str) -> None:
    now_ns = time.monotonic_ns()
    publisher.send(UserPrompt(topic=PROMPT_USER, capture_ns=now_ns, kind="find", text=text))


def _name(thing_id: int, name: str | None) -> str:
    return f"#{thing_id}" if name is None else f"#{thing_id} {name}"


def _away(depth_m: float | None) -> str:
    return "" if depth_m is None else f", {depth_m:.1f} m away"


def _way(d_camera: tuple[float, float, float]) -> str:
    """A direction in the camera's frame (x right, y down, z forward), in words."""
    x, y, z = d_camera
    across, up = _rough(degrees(atan2(x, z))), _rough(degrees(atan2(-y, hypot(x, z))))
    parts = []
    if abs(across) >= 170:
        parts.append("behind")
    elif across:
        parts.append(f"{abs(across):.0f}° to the {'right' if across > 0 else 'left'}")
    if up:
        parts.append(f"{abs(up):.0f}° {'up' if up > 0 else 'down'}")
    return " and ".join(parts) or "straight ahead, hidden"


def _rough(angle_deg: float) -> float:
    return ROUGH_DEG * round(angle_deg / ROUGH_DEG)
