"""What is followed next, as a value: the newest picture, one at a time, from the last few that were."""

from dataclasses import dataclass, replace

from gazeline.runtime import inputs as heard
from gazeline.runtime.config import Settings
from gazeline.runtime.events import Failed, Follow, Followed, Grey
from gazeline.runtime.inputs import Inputs
from gazeline.runtime.messages import Frame
from gazeline.runtime.tracking.track import Tracker

PICTURES = 8  # kept: an answer of the decoder is about one that is so old at most
MOST = 24  # outlines, those seen last
SEEN_NS = 15_000_000_000  # what was outlined longer ago is not followed any more
LOST_NS = 1_000_000_000  # nor what has not been found for so long


@dataclass(frozen=True, eq=False)
class Following:
    """The request in flight, the last pictures that were followed in, and the last one that was tried."""

    request: Follow | None = None
    greys: tuple[Grey, ...] = ()
    tried: Frame | None = None

    def next(self, tracker: Tracker, inputs: Inputs, settings: Settings) -> Follow | None:
        """What is to be followed now, if anything."""
        if self.request is not None or inputs.newest is None or inputs.newest.frame is self.tried:
            return None
        frame = inputs.newest.frame
        t_ns = frame.capture_ns or 0
        tracks = tuple(
            track
            for track in tracker.tracks
            if t_ns - track.seen_ns <= SEEN_NS
            and (track.trail.lost_ns is None or t_ns - track.trail.lost_ns <= LOST_NS)
        )
        view = heard.view_of(inputs, frame, settings)
        return Follow(view, inputs.newest.picture, tracks[-MOST:], self.greys, heard.depth_of(inputs, frame))

    def started(self, request: Follow) -> "Following":
        return replace(self, request=request, tried=request.view.frame)

    def ended(self, event: Followed | Failed) -> "Following":
        greys = (*self.greys, event.grey)[-PICTURES:] if isinstance(event, Followed) else self.greys
        return replace(self, request=None, greys=greys)
