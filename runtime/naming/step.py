"""When things are asked for their names, and what the wearer teaches: the part of the pipeline's step about names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from gazeline.engines.describe import Description, together
from gazeline.runtime.events import Answer, Decoded, Label, Labelled, Surveyed, Taught, Teach
from gazeline.runtime.messages import OverlayObject, UserPrompt
from gazeline.runtime.naming.gallery import checked
from gazeline.runtime.naming.label import Traits
from gazeline.runtime.naming.names import MOST_TRACKS, Names

Found = list[tuple[int, Answer]]  # by track


@dataclass(frozen=True, eq=False)
class Naming:
    """``names`` of all tracks; ``labelling``: what is being asked; ``asked_ns``: when there was last an answer.

    ``traits`` of each track, to find it by. What teaching needs: how each track looks, and which one was gazed at
    last.
    """

    names: Names = field(default_factory=Names)
    labelling: Label | None = None
    asked_ns: int = 0
    looks: Mapping[int, Description] = field(default_factory=dict)
    gazed: int | None = None
    traits: Mapping[int, Traits] = field(default_factory=dict)


def looked(
    naming: Naming,
    event: Decoded,
    objects: Sequence[OverlayObject],
    every_ms: float,
    now_ns: int,
    phrases: tuple[str, ...] = (),
) -> tuple[Naming, Label | None]:
    """After things were found under these ids: they are to be named, at once if one is new, else every so often.

    ``phrases``: what is looked for by its looks.
    """
    found = [(o.id, answer) for o in objects if (answer := _answer_of(o, event.answers)) is not None]
    gazed = next((thing.id for thing in objects if thing.gazed), naming.gazed)
    naming, found = _remembered(replace(naming, gazed=gazed), found)
    new = any(track_id not in naming.names.beliefs for track_id, _ in found)
    if not found or naming.labelling is not None or not (new or now_ns - naming.asked_ns >= every_ms * 1e6):
        return naming, None
    request = Label(event.request.encoded.image, tuple(found), phrases)
    return replace(naming, labelling=request), request


def surveyed(
    naming: Naming, event: Surveyed, ids: Mapping[int, int], phrases: tuple[str, ...] = ()
) -> tuple[Naming, Label | None]:
    """After a survey, whose answers went to these tracks, by the answer's index: what is no surface is to be named."""
    found = [(track_id, event.answers[i]) for i, track_id in ids.items() if not event.surfaces[i]]
    naming, found = _remembered(naming, found)
    if not found or naming.labelling is not None:  # the next survey comes
        return naming, None
    request = Label(event.image, tuple(found), phrases)
    return replace(naming, labelling=request), request


def labelled(naming: Naming, event: Labelled, now_ns: int) -> Naming:
    """After the names came."""
    names = naming.names
    for (track_id, _), named in zip(event.request.things, event.names, strict=True):
        names = names.heard(track_id, named, now_ns)
    ids = (track_id for track_id, _ in event.request.things)
    traits = {**naming.traits, **dict(zip(ids, event.traits, strict=False))}
    while len(traits) > MOST_TRACKS:
        del traits[next(iter(traits))]
    return replace(naming, names=names, traits=traits, labelling=None, asked_ns=now_ns)


def failed(naming: Naming, request: Label | Teach) -> Naming:
    """After it came to nothing: things are asked again, a lesson is lost."""
    return replace(naming, labelling=None) if isinstance(request, Label) else naming


def prompted(naming: Naming, prompt: UserPrompt) -> Teach | str:
    """What a prompt "teach" or "unteach" wants remembered, or the reason why it comes to nothing."""
    track_id = naming.gazed if prompt.object_id is None else prompt.object_id
    if track_id is None or track_id not in naming.looks:
        return f"{prompt.kind}_nothing_there"
    try:
        name = checked(prompt.text)
    except ValueError:
        return f"{prompt.kind}_no_name"
    return Teach(track_id, name, naming.looks[track_id], prompt.kind == "teach")


def taught(naming: Naming, event: Taught, now_ns: int) -> Naming:
    """After it is remembered: it holds at once."""
    lesson, names = event.request, naming.names
    if lesson.is_it:
        return replace(naming, names=names.told(lesson.track_id, lesson.name, now_ns))
    return replace(naming, names=names.refuse(lesson.track_id, lesson.name))


def _remembered(naming: Naming, found: Found) -> tuple[Naming, Found]:
    """How the tracks look by now, and the answers with that instead of their one look."""
    looks, out = dict(naming.looks), []
    for track_id, answer in found:
        if answer.description is not None:
            looks[track_id] = together(looks.pop(track_id, None), answer.description)
            answer = replace(answer, description=looks[track_id])  # noqa: PLW2901
        out.append((track_id, answer))
    while len(looks) > MOST_TRACKS:
        del looks[next(iter(looks))]
    return replace(naming, looks=looks), out


def _answer_of(thing: OverlayObject, answers: Sequence[Answer]) -> Answer | None:
    """What was found of an object in this picture; None where it was carried on from an earlier one."""
    if thing.carried:
        return None
    return next((a for a in answers if a.shape is not None and a.shape.box == thing.box), None)
