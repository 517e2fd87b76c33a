"""What the headset's runtime senses of its wearer: the eyes, and whether they select, by pinch or by trigger."""

from ctypes import byref, pointer
from dataclasses import dataclass

import xr
from xr.exception import ErrorResult

from gazeline.runtime.hud.convert import known, se3_of
from gazeline.runtime.hud.display import Display
from gazeline.runtime.hud.instance import EYE_GAZE, HANDS, has_eye_gaze

HAND = ("/user/hand/left", "/user/hand/right")
SELECTS = {  # by interaction profile, what on each hand means "this one"
    "/interaction_profiles/khr/simple_controller": "input/select/click",
    "/interaction_profiles/oculus/touch_controller": "input/trigger/value",
    "/interaction_profiles/valve/index_controller": "input/trigger/click",
    "/interaction_profiles/microsoft/motion_controller": "input/trigger/value",
    "/interaction_profiles/htc/vive_controller": "input/trigger/click",
}
PINCHES = {"/interaction_profiles/ext/hand_interaction_ext": "input/pinch_ext/value"}
EYES = "/interaction_profiles/ext/eye_gaze_interaction_ext"


@dataclass(frozen=True)
class Look:
    """Where the eyes point at ``sample_time`` (XrTime; 0 if the runtime does not say): a unit direction, head frame."""

    d_head: tuple[float, float, float]
    sample_time: int


class Input:
    """The actions of one session. For the display's thread."""

    def __init__(self, display: Display) -> None:
        self._display = display
        instance = display.instance
        self._set = xr.create_action_set(instance, xr.ActionSetCreateInfo("gazeline", "Gazeline", 0))
        self._select = self._action("select", xr.ActionType.BOOLEAN_INPUT, "Select what I look at")
        self._bind(SELECTS, self._select)
        if HANDS in display.enabled:
            self._bind(PINCHES, self._select)
        self._gaze_space: xr.Space | None = None
        self.has_eyes = EYE_GAZE in display.enabled and has_eye_gaze(instance, display.system)
        if self.has_eyes:
            gaze = self._action("gaze", xr.ActionType.POSE_INPUT, "Where I look")
            self._bind_one(EYES, [(gaze, "/user/eyes_ext/input/gaze_ext/pose")])
        sets = xr.SessionActionSetsAttachInfo(action_sets=[self._set])
        xr.attach_session_action_sets(display.session, sets)
        if self.has_eyes:
            self._gaze_space = xr.create_action_space(
                display.session, xr.ActionSpaceCreateInfo(gaze, pose_in_action_space=upright())
            )

    def sync(self) -> bool:
        """Read the actions; True when the wearer has just selected."""
        xr.sync_actions(
            self._display.session, xr.ActionsSyncInfo(active_action_sets=[xr.ActiveActionSet(self._set, 0)])
        )
        state = xr.get_action_state_boolean(self._display.session, xr.ActionStateGetInfo(self._select))
        return bool(state.is_active and state.changed_since_last_sync and state.current_state)

    def look(self, at: int) -> Look | None:
        """Where the eyes point at an XrTime; None while they are not tracked."""
        if self._gaze_space is None:
            return None
        sampled = xr.EyeGazeSampleTimeEXT()
        location = xr.SpaceLocation(next=pointer(sampled))
        result = xr.raw_functions.xrLocateSpace(self._gaze_space, self._display.head, at, byref(location))
        found = xr.check_result(xr.Result(result))
        if found.is_exception():
            raise found
        if not known(location):
            return None
        x, y, z = (-se3_of(location.pose).R[:, 2]).tolist()
        return Look((x, y, z), int(sampled.time))

    def _action(self, name: str, kind: xr.ActionType, title: str) -> xr.Action:
        return xr.create_action(self._set, xr.ActionCreateInfo(name, kind, localized_action_name=title))

    def _bind(self, inputs: dict[str, str], action: xr.Action) -> None:
        for profile, path in inputs.items():
            self._bind_one(profile, [(action, f"{hand}/{path}") for hand in HAND])

    def _bind_one(self, profile: str, bindings: list[tuple[xr.Action, str]]) -> None:
        instance = self._display.instance
        suggested = [xr.ActionSuggestedBinding(action, xr.string_to_path(instance, path)) for action, path in bindings]
        info = xr.InteractionProfileSuggestedBinding(xr.string_to_path(instance, profile), suggested_bindings=suggested)
        try:
            xr.suggest_interaction_profile_bindings(instance, info)
        except ErrorResult:  # a profile that this runtime does not know: there are others
            return


def upright() -> xr.Posef:
    """The pose that turns and moves nothing."""
    return xr.Posef(xr.Quaternionf(0.0, 0.0, 0.0, 1.0), xr.Vector3f())
