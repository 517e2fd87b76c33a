"""Everything that the pipeline knows, as one value."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gazeline.runtime.config import Settings
from gazeline.runtime.events import Answer, Decode, Encode, Encoded
from gazeline.runtime.find.search import Search
from gazeline.runtime.gaze.drift import Drift
from gazeline.runtime.inputs import Inputs, view_of
from gazeline.runtime.naming.names import Names
from gazeline.runtime.naming.step import Naming
from gazeline.runtime.prompt import View
from gazeline.runtime.surveying import Surveying
from gazeline.runtime.tracking.following import Following
from gazeline.runtime.tracking.looks import Looks
from gazeline.runtime.tracking.track import Tracker


@dataclass(frozen=True, eq=False)
class Shown:
    """What the decoder was asked last, its answer to gaze's question, and the id of the thing that it found."""

    request: Decode
    answer: Answer | None
    gazed_id: int | None = None


@dataclass(frozen=True, eq=False)
class State:
    """Everything that the pipeline knows. ``counts`` and ``dropped`` are totals."""

    settings: Settings = field(default_factory=Settings)
    inputs: Inputs = field(default_factory=Inputs)
    encoding: Encode | None = None
    encoded: Encoded | None = None
    view: View | None = None  # of ``encoded``
    settled: bool = False  # no later pose will change ``view``
    decoding: Decode | None = None
    shown: Shown | None = None
    patient_since_ns: int | None = None  # a question waits for a better window
    blank: bool = True  # nothing is drawn
    wanted_ns: int = 0  # when there was last something to ask
    tracker: Tracker = field(default_factory=Tracker)
    following: Following = field(default_factory=Following)
    surveying: Surveying = field(default_factory=Surveying)
    naming: Naming = field(default_factory=Naming)
    looks: Looks = field(default_factory=Looks)
    search: Search = field(default_factory=Search)
    drift: Drift = field(default_factory=Drift)
    counts: Mapping[str, int] = field(default_factory=dict)  # captured, encoded, encoded_again, samples, prompts
    dropped: Mapping[str, int] = field(default_factory=dict)  # by reason

    @property
    def phrases(self) -> tuple[str, ...]:
        """What is looked for that no name is known for."""
        return self.search.phrases(filter(None, (self.names.called(track.id) for track in self.tracker.tracks)))

    @property
    def names(self) -> Names:
        """What each track is called."""
        return self.naming.names

    def settling(self) -> "State":
        """With the view as it is known now: a pose at capture is guessed from earlier ones until a later one comes."""
        if self.settled or self.view is None or self.view.frame.capture_ns is None:
            return self
        newest_ns = self.inputs.poses.newest_ns
        last_row_ns = self.view.frame.capture_ns + self.view.calibration.readout_ns // 2
        if newest_ns is None or newest_ns < last_row_ns:
            return self
        return replace(self, view=view_of(self.inputs, self.view.frame, self.settings), settled=True)
