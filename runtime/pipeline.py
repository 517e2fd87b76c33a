"""The pipeline as a pure function: ``step(state, event, now_ns) -> (state, effects)``.

Threads, sockets and the simulator's lockstep all drive this one function. It decides what is encoded, what is asked of
the decoder, and what is published:

- newest wins: at most one `Encode` and one `Decode` are in flight; a picture that comes meanwhile replaces the one that
  waits, and every drop is counted by its reason;
- in a fixation the decoder is asked when it begins, when a new picture was encoded, and when gaze leaves the mask; in
  a saccade not at all;
- the encoder's window is centred on gaze; where a new fixation lies outside of its fovea, the newest picture is encoded
  again at once, with a new window;
- things that are found are asked for their names, new ones at once, off the way from gaze to outline;
- now and then all that is in view is looked for, in a survey that nothing waits for;
- every overlay holds all that is known to be in its picture, carried on from where it was outlined last; without gaze,
  nothing of it is gazed at.
"""

from dataclasses import replace
from math import dist

from gazeline.runtime import inputs as heard
from gazeline.runtime.events import (
    Decoded,
    DepthArrived,
    Effect,
    Encode,
    Encoded,
    Event,
    Failed,
    Follow,
    Followed,
    FrameArrived,
    GazeArrived,
    Label,
    Labelled,
    PoseArrived,
    Publish,
    RigArrived,
    Survey,
    Surveyed,
    Taught,
    Teach,
    UserPromptArrived,
)
from gazeline.runtime.gaze.classify import expired
from gazeline.runtime.gaze.drift import Drift, watched
from gazeline.runtime.messages import OverlayObject, UserPrompt, Vec2
from gazeline.runtime.naming import step as named
from gazeline.runtime.overlay import carried, objects_of, overlay_of, ungazed_overlay
from gazeline.runtime.prompt import View
from gazeline.runtime.size import sized
from gazeline.runtime.state import Shown, State
from gazeline.runtime.surveying import is_stale, surveyed
from gazeline.runtime.tracking.looks import with_looks
from gazeline.runtime.wanted import Wanted, centre_in, decode_of, wanted_in

__all__ = ["State", "step"]

Objects = tuple[OverlayObject, ...]

HOLD_NS = 300_000_000  # for this long a saccade, or gaze outside of the picture, leaves what is drawn
PATIENCE_NS = 200_000_000  # for this long nothing is asked about what lies outside of the fovea
LEAVES_SHARE = 0.01  # of the frame's longer side: a smaller move never leaves a mask that gaze was not in
SAME_CENTRE_SHARE = 0.006  # a window this near to the one wanted is not made anew


def step(state: State, event: Event, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
    """The state after ``event`` at ``now_ns``, and what is to be done now, in this order."""
    if (known := _known(state, event, now_ns)) is not None:
        return known, ()
    effects: list[Effect] = []
    match event:
        case FrameArrived():
            state = _count(_take(state, heard.with_frame(state.inputs, event, state.settings, now_ns)), "captured")
        case GazeArrived(gaze):
            state = _count(_take(state, heard.with_gaze(state.inputs, gaze, state.settings, now_ns)), "samples")
        case UserPromptArrived(prompt):
            state = _prompted(state, prompt, effects)
        case _:
            state = _done(state, event, now_ns, effects)
    state = _decide(state, now_ns, effects)
    if isinstance(event, Encoded | Surveyed) and state.blank and state.decoding is None and state.view is not None:
        effects.append(_ungazed(state, state.view, now_ns))  # nothing is looked at
    return state, tuple(_searched(state, effect) for effect in effects)


def _searched(state: State, effect: Effect) -> Effect:
    """What is published says what was found of what is looked for."""
    if not isinstance(effect, Publish):
        return effect
    return Publish(state.search.on(effect.message, state.tracker, state.naming))


def _known(state: State, event: Event, now_ns: int) -> State | None:
    """After an event that only tells something, and asks for nothing to be done; None: it is none of these."""
    match event:
        case PoseArrived(pose):
            return _take(state, heard.with_pose(state.inputs, pose, now_ns))
        case DepthArrived():
            return _take(state, heard.with_depth(state.inputs, event, now_ns))
        case RigArrived(rig):
            known = state.inputs.rigs
            state = _take(state, heard.with_rig(state.inputs, rig, state.settings))
            if state.view is not None and state.inputs.rigs is not known:
                state = replace(state, view=heard.view_of(state.inputs, state.view.frame, state.settings))
            return state
        case Labelled():
            return replace(state, naming=named.labelled(state.naming, event, now_ns))
        case Taught():
            return replace(state, naming=named.taught(state.naming, event, now_ns))
        case _:
            return None


def _done(state: State, event: Event, now_ns: int, effects: list[Effect]) -> State:
    """A stage has ended."""
    match event:
        case Encoded():
            return _encoded(state, event)
        case Decoded():
            return _decoded(state, event, now_ns, effects)
        case Followed():
            return _followed(state, event, now_ns, effects)
        case Surveyed():
            return _surveyed(state, event, now_ns, effects)
        case Failed():
            return _failed(state, event, now_ns, effects)
        case _:
            return state  # a Tick: time alone


def _decide(state: State, now_ns: int, effects: list[Effect]) -> State:
    """Start what can be started."""
    state = replace(state, inputs=replace(state.inputs, gaze=expired(state.inputs.gaze, now_ns)))
    state = state.settling()
    wanted = wanted_in(state.view, state.inputs, state.settings.outline.default_depth_m)
    state = _blank_without_gaze(state, wanted, now_ns, effects)
    state = _start_encode(state, wanted, effects)
    state = _start_behind(state, now_ns, effects)
    return _start_decode(state, wanted, now_ns, effects)


def _start_encode(state: State, wanted: Wanted, effects: list[Effect]) -> State:
    """The newest picture if it waits; or again, if gaze lies outside of the fovea of the last window."""
    inputs = state.inputs
    if state.encoding is not None or inputs.newest is None:
        return state
    if not inputs.waiting and (wanted.px is None or _in_fovea(state, wanted.px)):
        return state
    frame = inputs.newest.frame
    view = inputs.views.newest
    centre = None if view is None else centre_in(view, inputs, state.settings.outline.default_depth_m)
    if not inputs.waiting:
        same = state.encoded is not None and state.encoded.request.frame is frame
        last = state.encoded.request.centre_px if state.encoded is not None else None
        longest = max(frame.width, frame.height)
        if same and (centre is None or (last is not None and dist(last, centre) < SAME_CENTRE_SHARE * longest)):
            return state
        state = _count(state, "encoded_again")
    request = Encode(frame, inputs.newest.picture, centre, heard.depth_of(inputs, frame))
    effects.append(request)
    return replace(state, encoding=request, inputs=replace(inputs, waiting=False))


def _start_decode(state: State, wanted: Wanted, now_ns: int, effects: list[Effect]) -> State:
    if state.decoding is not None or state.encoded is None or state.view is None or wanted.px is None:
        return state
    if not _must_ask(state, wanted):
        return state if state.patient_since_ns is None else replace(state, patient_since_ns=None)
    if not _in_fovea(state, wanted.px) and state.encoding is not None:  # a picture with a better window is on its way
        if state.patient_since_ns is None:
            return replace(state, patient_since_ns=now_ns)
        if now_ns - state.patient_since_ns < PATIENCE_NS:
            return state
    request = decode_of(wanted, state.encoded, state.view, state.inputs, state.settings.outline, state.shown)
    if request is None:
        return state
    effects.append(request)
    return _count(replace(state, decoding=request, patient_since_ns=None), "prompts", len(request.questions))


def _start_behind(state: State, now_ns: int, effects: list[Effect]) -> State:
    """What gaze does not wait for: outlines are followed, and all that is in view is looked for."""
    if (follow := state.following.next(state.tracker, state.inputs, state.settings)) is not None:
        effects.append(follow)
        state = replace(state, following=state.following.started(follow))
    if (survey := state.surveying.next(state.inputs, state.settings, now_ns)) is not None:
        effects.append(survey)
        state = replace(state, surveying=state.surveying.started(survey, now_ns))
    return state


def _must_ask(state: State, wanted: Wanted) -> bool:
    """Whether what was asked last does not answer what is wanted now."""
    if state.shown is None or state.view is None:
        return True
    last, answer, gaze = state.shown.request, state.shown.answer, state.inputs.gaze
    if last.encoded is not state.encoded or (wanted.user is not None and last.user is not state.inputs.user):
        return True
    if wanted.gaze_px is None or last.gaze_px is None:
        return wanted.gaze_px is not None
    if last.fixation_ns != gaze.start_ns and gaze.source != "mouse":
        return True
    if answer is None or not answer.covers(last.gaze_px):
        return dist(wanted.gaze_px, last.gaze_px) > LEAVES_SHARE * max(state.view.frame.width, state.view.frame.height)
    return not answer.covers(wanted.gaze_px)


def _blank_without_gaze(state: State, wanted: Wanted, now_ns: int, effects: list[Effect]) -> State:
    if wanted.px is not None:
        return replace(state, wanted_ns=now_ns)
    gone = state.inputs.gaze.kind in ("blink", "lost") or now_ns - state.wanted_ns > HOLD_NS
    if state.blank or not gone or state.view is None:
        return state
    effects.append(_ungazed(state, state.view, now_ns))
    return replace(state, blank=True, shown=None)


def _encoded(state: State, event: Encoded) -> State:
    again = state.encoded is not None and state.encoded.request.frame is event.request.frame
    inputs = state.inputs
    if inputs.newest is not None and inputs.newest.frame is event.request.frame:
        inputs = replace(inputs, newest=FrameArrived(event.request.frame, event.image))  # never decoded twice
    state = replace(
        state,
        inputs=inputs,
        encoding=None,
        encoded=event,
        view=heard.view_of(inputs, event.request.frame, state.settings),
        settled=False,
    )
    return state if again else _count(state, "encoded")


def _decoded(state: State, event: Decoded, now_ns: int, effects: list[Effect]) -> State:
    request = event.request
    state = replace(state, decoding=None)
    if request.user is None and state.inputs.gaze.kind in ("blink", "lost"):
        return _drop(state, "decode_gaze_gone")
    depth_m = state.inputs.gaze.depth_m
    tracker, objects = objects_of(event, state.tracker, depth_m, state.settings.outline.max_objects)
    state, told = _told(state, objects, request.view, request.fixation_ns, request.gaze_ns)
    effects.append(Publish(overlay_of(event, told, state.inputs.gaze, now_ns)))
    naming, asked = named.looked(state.naming, event, objects, state.settings.label.every_ms, now_ns, state.phrases)
    effects += [asked] if asked is not None else []
    answer = event.answers[0] if request.gaze_px is not None else None
    drift = watched(state.drift, event, state.inputs.gaze, tracker, objects)
    gazed_id = next((thing.id for thing in objects if thing.gazed), None)
    shown = Shown(request, answer, gazed_id)
    return replace(state, tracker=tracker, naming=naming, drift=drift, shown=shown, blank=False)


def _followed(state: State, event: Followed, now_ns: int, effects: list[Effect]) -> State:
    """Tracks are where they were followed to; between two encoded pictures that is published at once."""
    view, shown = event.request.view, state.shown
    state = replace(state, following=state.following.ended(event), tracker=state.tracker.followed(event.trails))
    newest = state.inputs.newest
    if newest is None or newest.frame is not view.frame or not state.inputs.waiting or state.blank or shown is None:
        return state
    objects = carried(state.tracker, view, state.settings.outline.max_objects, gazed_id=shown.gazed_id)
    state, told = _told(state, objects, view)
    overlay = ungazed_overlay(view, told, state.inputs.gaze, now_ns)
    overlay.gaze_px = heard.gaze_px(state.inputs, view, state.settings.outline.default_depth_m)
    overlay.latency_ms = dict(event.took_ms)
    effects.append(Publish(overlay))
    return state


def _surveyed(state: State, event: Surveyed, now_ns: int, effects: list[Effect]) -> State:
    """All that is in view has its tracks, and the next overlay shows it."""
    state = replace(state, surveying=state.surveying.ended(event))
    if is_stale(event, now_ns):
        return _drop(state, "survey_stale")
    tracker, ids = surveyed(state.tracker, event)
    naming, asked = named.surveyed(state.naming, event, ids, state.phrases)
    effects += [asked] if asked is not None else []
    return _count(replace(state, tracker=tracker, naming=naming), "surveyed")


def _ungazed(state: State, view: View, now_ns: int) -> Publish:
    objects = carried(state.tracker, view, state.settings.outline.max_objects)
    _, told = _told(state, objects, view)
    return Publish(ungazed_overlay(view, told, state.inputs.gaze, now_ns))


def _told(
    state: State, objects: Objects, view: View, start_ns: int | None = None, t_ns: int | None = None
) -> tuple[State, Objects]:
    """The objects with what is known of them: name, size and looks, up to gaze's sample of ``t_ns`` if there is one."""
    objects = sized(state.names.on(objects), view.T_world_camera, state.settings.outline.default_depth_m)
    looks, objects = with_looks(state.looks, objects, view.frame.capture_ns or 0, start_ns, t_ns)
    return replace(state, looks=looks), objects


def _failed(state: State, event: Failed, now_ns: int, effects: list[Effect]) -> State:
    if isinstance(event.request, Follow):
        return _drop(replace(state, following=state.following.ended(event)), f"follow_{event.reason}")
    if isinstance(event.request, Survey):
        return _drop(replace(state, surveying=state.surveying.ended(event)), f"survey_{event.reason}")
    if isinstance(event.request, Label | Teach):
        state = replace(state, naming=named.failed(state.naming, event.request))
        return _drop(state, f"{type(event.request).__name__.lower()}_{event.reason}")
    if isinstance(event.request, Encode):
        state = _drop(replace(state, encoding=None), f"frame_{event.reason}")
        newest = state.inputs.newest
        if newest is not None and newest.frame is event.request.frame:  # once is enough
            state = replace(state, inputs=replace(state.inputs, newest=None, waiting=False))
        return state
    state = _drop(replace(state, decoding=None), f"decode_{event.reason}")
    if not state.blank:
        effects.append(_ungazed(state, event.request.view, now_ns))
    return replace(state, blank=True, shown=Shown(event.request, None))


def _prompted(state: State, prompt: UserPrompt, effects: list[Effect]) -> State:
    if prompt.kind in ("teach", "unteach"):
        if isinstance(lesson := named.prompted(state.naming, prompt), str):
            return _drop(state, lesson)
        effects.append(lesson)
        return state
    if prompt.kind == "everything":
        return replace(state, surveying=replace(state.surveying, asked=True))
    if prompt.kind == "find":
        return replace(state, search=state.search.asked(prompt.text))
    if prompt.kind != "recentre":
        return _take(state, heard.with_prompt(state.inputs, prompt))
    shown = None
    if state.shown is not None and state.shown.answer is not None and state.shown.answer.shape is not None:
        shown = state.shown.request.view, state.shown.answer.shape.box
    recentred = _take(state, heard.with_recentre(state.inputs, prompt, shown, state.settings.outline.default_depth_m))
    return recentred if recentred.inputs is state.inputs else replace(recentred, drift=Drift())


def _in_fovea(state: State, px: Vec2) -> bool:
    return state.encoded is not None and bool(state.encoded.embedding.window.in_fovea(px))


def _take(state: State, result: heard.Heard) -> State:
    inputs, reason = result
    if inputs is not state.inputs:
        state = replace(state, inputs=inputs)
    return state if reason is None else _drop(state, reason)


def _count(state: State, what: str, by: int = 1) -> State:
    return replace(state, counts={**state.counts, what: state.counts.get(what, 0) + by})


def _drop(state: State, reason: str) -> State:
    return replace(state, dropped={**state.dropped, reason: state.dropped.get(reason, 0) + 1})
