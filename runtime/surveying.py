"""When all that is in view is looked for, and what becomes of what was found: tracks, under lasting ids."""

from dataclasses import dataclass, replace

from gazeline.runtime import inputs as heard
from gazeline.runtime.config import Settings
from gazeline.runtime.events import Failed, Survey, Surveyed
from gazeline.runtime.inputs import Inputs
from gazeline.runtime.overlay import shape_of
from gazeline.runtime.tracking.identify import assign
from gazeline.runtime.tracking.track import Track, Tracker

STALE_NS = 4_000_000_000  # what was found in an older picture may be elsewhere by now
CLEAR_SCORE = 0.4  # shown at once; what is less sure, when it is found a second time
SHOWN_SIGHTINGS = 2


@dataclass(frozen=True, eq=False)
class Surveying:
    """The survey in flight, when the last one began, and whether somebody asked for one."""

    request: Survey | None = None
    started_ns: int | None = None
    asked: bool = False

    def next(self, inputs: Inputs, settings: Settings, now_ns: int) -> Survey | None:
        """What is to be surveyed now, if anything: the newest picture, as often as the settings say, or once now."""
        if self.request is not None or inputs.newest is None or not (self.asked or self._due(settings, now_ns)):
            return None
        frame = inputs.newest.frame
        view = heard.view_of(inputs, frame, settings)
        return Survey(view, inputs.newest.picture, heard.depth_of(inputs, frame), self.asked)

    def started(self, request: Survey, now_ns: int) -> "Surveying":
        return Surveying(request, now_ns)

    def ended(self, event: Surveyed | Failed) -> "Surveying":
        return replace(self, request=None)

    def _due(self, settings: Settings, now_ns: int) -> bool:
        rate_hz = settings.survey.rate_hz
        return rate_hz > 0.0 and (self.started_ns is None or (now_ns - self.started_ns) * 1e-9 >= 1.0 / rate_hz)


def is_stale(event: Surveyed, now_ns: int) -> bool:
    """Whether the picture is too old for what was found in it to be of use."""
    return now_ns - (event.request.view.frame.capture_ns or 0) > STALE_NS


def surveyed(tracker: Tracker, event: Surveyed) -> tuple[Tracker, dict[int, int]]:
    """The tracks with what a survey found, and the id of each answer's track, by the answer's index.

    What was outlined in a later picture stays as it is seen there.
    """
    view = event.request.view
    camera, t_ns = view.calibration.camera if view.calibration.measured else None, view.frame.capture_ns or 0
    found = [i for i, answer in enumerate(event.answers) if answer.shape is not None]
    far_m = [None if a.distances is None else a.distances.median_m for a in event.answers]
    later = {track.id: track for track in tracker.tracks if track.seen_ns > t_ns}
    tracker, ids = assign(tracker, [shape_of(event.answers[i], view, far_m[i]) for i in found], camera, t_ns)
    by_index = dict(zip(found, ids, strict=True))
    places = {}
    for i, track_id in by_index.items():
        whole = event.wholes[i]
        shown = event.request.asked or event.answers[i].score >= CLEAR_SCORE
        places[track_id] = (None if whole is None else by_index.get(whole), event.surfaces[i], shown)

    def placed(track: Track) -> Track:
        if track.id not in places:
            return track
        whole_id, surface, shown = places[track.id]
        seen = later.get(track.id, track)
        sightings = max(seen.sightings, SHOWN_SIGHTINGS) if shown else seen.sightings
        return replace(seen, whole_id=whole_id, surface=surface, sightings=sightings)

    return replace(tracker, tracks=tuple(placed(track) for track in tracker.tracks)), by_index
