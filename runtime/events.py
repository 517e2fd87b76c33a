"""What goes into the pipeline's step and what comes out: events and effects, all of them values."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gazeline.runtime.depth import Distances, Plane
from gazeline.runtime.gaze.granularity import Evidence
from gazeline.runtime.messages import Frame, Gaze, HeadPose, Overlay, RigDevice, UserPrompt, Vec2
from gazeline.runtime.naming.label import Named, Traits
from gazeline.runtime.outline import Outline
from gazeline.runtime.prompt import Question, View
from gazeline.runtime.tracking.track import Track, Trail
from gazeline.runtime.wire import Received

if TYPE_CHECKING:  # its module loads the networks' runtime, which the pipeline does without
    from gazeline.engines.describe import Description
    from gazeline.engines.segmenter import Embedding
    from gazeline.engines.window import Window

Picture = Received | NDArray[np.uint8]  # as it came in, or RGB (H, W, 3)


@dataclass(frozen=True, eq=False)
class FrameArrived:
    """A picture. It is decoded only if it will be encoded."""

    frame: Frame
    picture: Picture


@dataclass(frozen=True, eq=False)
class DepthArrived:
    """A depth picture: what its message says, and the distances (h, w) in mm."""

    frame: Frame
    plane: Plane


@dataclass(frozen=True, eq=False)
class GazeArrived:
    gaze: Gaze


@dataclass(frozen=True, eq=False)
class PoseArrived:
    pose: HeadPose


@dataclass(frozen=True, eq=False)
class RigArrived:
    rig: RigDevice


@dataclass(frozen=True, eq=False)
class UserPromptArrived:
    prompt: UserPrompt


@dataclass(frozen=True, eq=False)
class Tick:
    """Time has passed; at least 20 times a second where nothing else happens."""


@dataclass(frozen=True, eq=False)
class Encode:
    """Effect: encode a picture, its window centred on ``centre_px`` (None: nobody looks). One at a time.

    ``depth``: the distances in it, where a depth camera has said so by now.
    """

    frame: Frame
    picture: Picture
    centre_px: Vec2 | None
    depth: Plane | None = None


@dataclass(frozen=True, eq=False)
class Encoded:
    """An `Encode` is done. ``image`` is the picture as RGB, so that it is decoded once if it is encoded again."""

    request: Encode
    image: NDArray[np.uint8]
    embedding: "Embedding"
    took_ms: dict[str, float]  # "picture" (JPEG), "encode"


@dataclass(frozen=True, eq=False)
class Decode:
    """Effect: answer these questions about an encoded picture. One at a time.

    The first question is gaze's if ``gaze_px`` is set; the user's is the other one, or the only one. ``evidence`` tells
    which size of thing gaze means; without it, it is the one that the model takes.
    """

    encoded: Encoded
    view: View
    questions: tuple[Question, ...]
    gaze_px: Vec2 | None
    gaze_ns: int | None  # capture of the newest gaze sample that was used
    fixation_ns: int | None
    user: UserPrompt | None
    depth: Plane | None = None
    evidence: Evidence | None = None


@dataclass(frozen=True, eq=False)
class Answer:
    """What one question found: the outline (None: nothing) with its rays and, where known, its distances, the mask's
    logits (h, w) in the window's coordinates, the predicted IoU, and what it looks like, where the model can tell, with
    the colours under the mask (K,), as a unit vector (`gazeline.runtime.tracking.appearance`)."""

    shape: Outline | None
    rays: tuple[NDArray[np.float64], ...]
    logits: NDArray[np.float32]
    window: "Window"
    score: float
    distances: Distances | None = None
    description: "Description | None" = None
    colours: NDArray[np.float32] | None = None

    def covers(self, px: Vec2) -> bool:
        """Whether a pixel of the frame lies in the mask."""
        side = self.logits.shape[0]
        x, y = ((self.window.to_window(px) + 0.5) * (side / self.window.size)).tolist()
        return 0 <= x < side and 0 <= y < side and bool(self.logits[int(y), int(x)] > 0.0)


@dataclass(frozen=True, eq=False)
class Decoded:
    """A `Decode` is done: an answer to each question."""

    request: Decode
    answers: tuple[Answer, ...]
    took_ms: dict[str, float]  # "decode", "outline"


@dataclass(frozen=True, eq=False)
class Grey:
    """A picture made small and grey (h, w), to follow outlines in; ``scale``: its pixels per pixel of the frame."""

    view: View
    picture: NDArray[np.uint8]
    scale: float

    def small(self, px: NDArray[np.float64]) -> NDArray[np.float32]:
        """Pixels (N, 2) of the frame in the small picture."""
        return np.asarray((px + 0.5) * self.scale - 0.5, np.float32)

    def large(self, px: NDArray[np.float32]) -> NDArray[np.float64]:
        """And back."""
        return (px.astype(np.float64) + 0.5) / self.scale - 0.5


@dataclass(frozen=True, eq=False)
class Follow:
    """Effect: carry the outlines of ``tracks`` on to a picture, from the earlier ones in ``before``. One at a time."""

    view: View
    picture: Picture
    tracks: tuple[Track, ...]
    before: tuple[Grey, ...]
    depth: Plane | None = None


@dataclass(frozen=True, eq=False)
class Followed:
    """A `Follow` is done: the new trail of each track that is in the picture, and the picture for the next one."""

    request: Follow
    grey: Grey
    trails: tuple[tuple[Track, Trail], ...]
    took_ms: dict[str, float]  # "follow"


@dataclass(frozen=True, eq=False)
class Survey:
    """Effect: outline all that is in a picture. One at a time. ``asked``: somebody wants to see it now."""

    view: View
    picture: Picture
    depth: Plane | None = None
    asked: bool = False


@dataclass(frozen=True, eq=False)
class Surveyed:
    """A `Survey` is done: what was found, for each the index of what it is a part of, and whether it is a surface.

    ``image`` (H, W, 3): the picture as RGB.
    """

    request: Survey
    image: NDArray[np.uint8]
    answers: tuple[Answer, ...]
    wholes: tuple[int | None, ...]
    surfaces: tuple[bool, ...]
    took_ms: dict[str, float]  # "survey"


@dataclass(frozen=True, eq=False)
class Label:
    """Effect: name these things, tracks by their ids with what was found of each in ``image``. One at a time.

    ``phrases``: what is looked for by its looks; how alike each is, is told as well.
    """

    image: NDArray[np.uint8]
    things: tuple[tuple[int, Answer], ...]
    phrases: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Labelled:
    """A `Label` is done: of each of its things, what each source of names says, and what else is to be seen of it."""

    request: Label
    names: tuple[tuple[Named, ...], ...]
    took_ms: dict[str, float]  # "label"
    traits: tuple[Traits, ...] = ()


@dataclass(frozen=True, eq=False)
class Teach:
    """Effect: remember that a track is a ``name``; or, unless ``is_it``, that it is none, though it looks so."""

    track_id: int
    name: str
    description: "Description"
    is_it: bool = True


@dataclass(frozen=True, eq=False)
class Taught:
    """A `Teach` is done."""

    request: Teach


@dataclass(frozen=True, eq=False)
class Failed:
    """What was to be done came to nothing; ``reason`` is the short key to count it by."""

    request: Encode | Decode | Follow | Survey | Label | Teach
    reason: str


@dataclass(frozen=True, eq=False)
class Publish:
    """Effect: send this."""

    message: Overlay


Arrived = FrameArrived | DepthArrived | GazeArrived | PoseArrived | RigArrived | UserPromptArrived
Event = Arrived | Tick | Encoded | Decoded | Followed | Surveyed | Labelled | Taught | Failed
Effect = Encode | Decode | Follow | Survey | Label | Teach | Publish
