"""What there is to ask about a picture: where gaze rests in it, and what the user points at."""

from dataclasses import dataclass

from gazeline.runtime import inputs as heard
from gazeline.runtime.config import OutlineSettings
from gazeline.runtime.events import Decode, Encoded
from gazeline.runtime.gaze.granularity import Evidence, Place
from gazeline.runtime.inputs import Inputs
from gazeline.runtime.messages import Vec2
from gazeline.runtime.prompt import Question, View, question_of
from gazeline.runtime.state import Shown

# How far gaze may be off, as a share of the picture's longer side: 0.8 deg in a picture of 75 deg; a mouse less.
GAZE_ERROR, MOUSE_ERROR = 0.011, 0.004


@dataclass(frozen=True, eq=False)
class Wanted:
    """What there is to ask about the encoded picture now."""

    gaze_px: Vec2 | None = None
    user: Question | None = None

    @property
    def px(self) -> Vec2 | None:
        """Where to look: gaze first."""
        if self.gaze_px is not None or self.user is None:
            return self.gaze_px
        return self.user.centre


def wanted_in(view: View | None, inputs: Inputs, default_depth_m: float) -> Wanted:
    """Of a picture, now."""
    if view is None:
        return Wanted()
    px = heard.gaze_px(inputs, view, default_depth_m) if inputs.gaze.kind == "fixation" else None
    return Wanted(px, _asked(view, inputs))


def centre_in(view: View, inputs: Inputs, default_depth_m: float) -> Vec2 | None:
    """Where the window of a picture belongs: at gaze, else at what the user asked for."""
    user, px = _asked(view, inputs), heard.gaze_px(inputs, view, default_depth_m)
    return user.centre if user is not None and (px is None or inputs.gaze.kind != "fixation") else px


def decode_of(
    wanted: Wanted, encoded: Encoded, view: View, inputs: Inputs, settings: OutlineSettings, shown: Shown | None
) -> Decode | None:
    """What to ask of an encoded picture; None where its window shows none of it. ``shown`` is what was asked last."""
    window, gaze, questions = encoded.embedding.window, inputs.gaze, []
    gaze_px = wanted.gaze_px
    if gaze_px is not None and bool(window.contains(gaze_px)):
        questions.append(Question((gaze_px,), (1,)))
    else:
        gaze_px = None
    if wanted.user is not None and bool(window.contains(wanted.user.centre)):
        questions.append(wanted.user)
    if not questions:
        return None
    return Decode(
        encoded=encoded,
        view=view,
        questions=tuple(questions),
        gaze_px=gaze_px,
        gaze_ns=gaze.newest.t_ns if gaze_px is not None and gaze.newest is not None else None,
        fixation_ns=gaze.start_ns if gaze_px is not None else None,
        user=inputs.user if wanted.user is not None else None,
        depth=heard.depth_of(inputs, view.frame),
        evidence=None
        if gaze_px is None or settings.level == "object"
        else _evidence(gaze_px, view, inputs, settings.default_depth_m, shown),
    )


def _evidence(gaze_px: Vec2, view: View, inputs: Inputs, default_depth_m: float, shown: Shown | None) -> Evidence:
    """Where gaze has rested lately, in the picture."""
    *earlier, now = inputs.rests or (None,)
    places = []
    for rest in earlier:
        px = None if rest is None else heard.centroid_px(inputs, view, rest.centroid, rest.depth_m or default_depth_m)
        if rest is not None and now is not None and px is not None:
            places.append(Place(px, rest.ms, (now.start_ns - rest.end_ns) * 1e-6))
    kept = None
    if shown is not None and shown.answer is not None and shown.answer.shape is not None:
        kept = shown.answer.shape.area_px if shown.request.fixation_ns == inputs.gaze.start_ns else None
    share = MOUSE_ERROR if inputs.gaze.source == "mouse" else GAZE_ERROR
    error_px = share * max(view.frame.width, view.frame.height)
    return Evidence((*places, Place(gaze_px, 0.0 if now is None else now.ms)), error_px, kept)


def _asked(view: View, inputs: Inputs) -> Question | None:
    if inputs.user is None or inputs.asked is None:
        return None
    return question_of(inputs.user, inputs.asked, view)
