"""What there is to ask about a picture: where gaze rests in it, and what the user points at."""

from dataclasses import dataclass

from gazeline.runtime import inputs as heard
from gazeline.runtime.inputs import Inputs
from gazeline.runtime.messages import Vec2
from gazeline.runtime.prompt import Question, View, question_of


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


def _asked(view: View, inputs: Inputs) -> Question | None:
    if inputs.user is None or inputs.asked is None:
        return None
    return question_of(inputs.user, inputs.asked, view)
