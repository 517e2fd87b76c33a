"""Where gaze has rested lately: the fixations of the last few seconds, as evidence of what the wearer means."""

from dataclasses import dataclass

from gazeline.runtime.centroid import Centroid, Source
from gazeline.runtime.gaze.classify import GazeState

KEPT_NS = 5_000_000_000
MOST_KEPT = 12


@dataclass(frozen=True, eq=False)
class Rest:
    """A fixation: where it points, in world or head as its centroid says, how far away that is, if the eyes tell, and
    from when to when."""

    centroid: Centroid
    depth_m: float | None
    source: Source
    start_ns: int
    end_ns: int

    @property
    def ms(self) -> float:
        return (self.end_ns - self.start_ns) * 1e-6


def rested(rests: tuple[Rest, ...], gaze: GazeState) -> tuple[Rest, ...]:
    """The rests, oldest first, after another sample of gaze: the last one goes on, or a new one has begun."""
    if gaze.kind != "fixation" or gaze.centroid is None or gaze.newest is None:
        return rests
    now = Rest(gaze.centroid, gaze.depth_m, gaze.source, gaze.start_ns, gaze.newest.t_ns)
    if rests and rests[-1].start_ns == now.start_ns:
        return (*rests[:-1], now)
    if rests and rests[-1].source != now.source:  # another pointer means something else
        rests = ()
    return (*(each for each in rests if now.end_ns - each.end_ns <= KEPT_NS), now)[-MOST_KEPT:]
