"""Selecting what is looked at: by resting on it, or by a hand; and the prompt that says so to the runtime."""

from dataclasses import dataclass

from gazeline.runtime.messages import Overlay, UserPrompt
from gazeline.runtime.topics import PROMPT_USER

SHOWN_AFTER = 0.25  # of the dwell time: a mere look shows no ring


@dataclass(frozen=True)
class Dwell:
    """For how long gaze has rested on one object. ``done``: it has been selected, and must be left first."""

    object_id: int | None = None
    since_ns: int = 0
    done: bool = False

    def at(self, object_id: int | None, now_ns: int, dwell_ns: int) -> tuple["Dwell", bool]:
        """With gaze on an object (None: on none) at ``now_ns``; and whether that selects it, once."""
        if object_id is None or object_id != self.object_id:
            return Dwell(object_id, now_ns), False
        if not self.done and now_ns - self.since_ns >= dwell_ns:
            return Dwell(object_id, self.since_ns, done=True), True
        return self, False

    def progress(self, now_ns: int, dwell_ns: int) -> float | None:
        """How full the ring is, 0 to 1; None while there is none to show."""
        if self.object_id is None or self.done:
            return None
        share = (now_ns - self.since_ns) / dwell_ns
        return (share - SHOWN_AFTER) / (1.0 - SHOWN_AFTER) if share > SHOWN_AFTER else None


def prompt_of(overlay: Overlay | None, selected_before: bool) -> UserPrompt | None:
    """What selecting means now: the object under the gaze, as a point of its picture; with nothing there, the end of
    what was selected before. None where there is nothing to say."""
    gazed = overlay is not None and any(thing.gazed for thing in overlay.objects)
    if overlay is not None and gazed and overlay.gaze_px is not None:
        x, y = overlay.gaze_px
        return UserPrompt(topic=PROMPT_USER, capture_ns=overlay.capture_ns, kind="point", points=[(x, y, 1)])
    if selected_before and overlay is not None:
        return UserPrompt(topic=PROMPT_USER, capture_ns=overlay.capture_ns, kind="clear")
    return None
