"""All that is in view, in the runtime: when it is looked for, and how it gets ids and into the overlays."""

from dataclasses import replace

import msgspec
import numpy as np

from gazeline.engines.describe import Description, unit
from gazeline.engines.segmenter import Segmenter
from gazeline.engines.window import Window
from gazeline.runtime.config import OutlineSettings, Settings, SurveySettings
from gazeline.runtime.decode import answered
from gazeline.runtime.events import Effect, Event, Failed, Label, Labelled, Survey, Surveyed, UserPromptArrived
from gazeline.runtime.messages import Overlay, UserPrompt
from gazeline.runtime.naming.label import Named
from gazeline.runtime.prompt import Question
from gazeline.runtime.survey import SurveyStage
from tests.runtime.pipeline_drive import MS, PICTURE, T0, Disc, Drive, World, disc_under, pixel, towards

THINGS = (Disc(0.0, 40.0), Disc(10.0, 30.0), Disc(-12.0, 50.0))
EVERYTHING = UserPromptArrived(UserPrompt(topic="prompt.user", kind="everything"))


class Surveyor(Drive):
    """Answers surveys after a second, with the discs that are in the picture; the last of them is a surface."""

    def __init__(self, world: World, rate_hz: float = 0.0, takes_ms: float = 1000.0) -> None:
        super().__init__(world)
        settings = msgspec.structs.replace(Settings(), survey=SurveySettings(rate_hz=rate_hz))
        self.state = replace(self.state, settings=settings)
        self.takes_ms = takes_ms

    def feed(self, event: Event) -> list[Effect]:
        effects = super().feed(event)
        for effect in effects:
            if isinstance(effect, Survey):
                self._later(self.takes_ms, self.found_in(effect))
        return effects

    def found_in(self, request: Survey) -> Event:
        t_ms = ((request.view.frame.capture_ns or 0) - T0) / MS
        answers = []
        for thing in self.world.things:
            at = pixel(towards(thing.yaw_deg), self.world.head_pose(t_ms))
            masks = disc_under(at, self.world, t_ms, Window.foveal(640, 480, 192, at))
            look = Description(unit(np.array([thing.yaw_deg, thing.radius_px, 1.0], np.float32)))
            answer = answered(masks, Question((at,), (1,)), request.view, OutlineSettings())
            answers.append(replace(answer, description=look))
        surfaces = (*[False] * (len(answers) - 1), True)
        return Surveyed(request, PICTURE, tuple(answers), (None, 0, None), surfaces, {"survey": self.takes_ms})

    def surveys(self) -> list[float]:
        return [t for t, effect in self.effects if isinstance(effect, Survey)]

    def last(self) -> Overlay:
        return self.overlays()[-1][1]


def test_nothing_is_surveyed_unless_it_is_asked_for() -> None:
    drive = Surveyor(World(things=THINGS)).run(2000)
    assert not drive.surveys()
    assert len(drive.last().objects) == 1
    drive.feed(EVERYTHING)
    drive.run(3500)
    assert len(drive.surveys()) == 1


def test_all_that_is_in_view_is_shown_with_the_gazed_thing_first() -> None:
    drive = Surveyor(World(things=THINGS)).run(500)
    (gazed,) = drive.last().objects
    drive.feed(EVERYTHING)
    drive.run(2500)
    objects = drive.last().objects
    assert len(objects) == 3
    assert objects[0].gazed
    assert objects[0].id == gazed.id  # what was looked at before is no other thing now
    others = {round(thing.box[0]): thing for thing in objects[1:]}
    assert not any(thing.gazed for thing in others.values())
    left, right = (others[key] for key in sorted(others))
    assert right.whole_id == gazed.id
    assert left.surface
    assert left.whole_id is None
    assert drive.state.counts["surveyed"] == 1


def test_ids_last_from_survey_to_survey_while_the_head_turns() -> None:
    drive = Surveyor(World(things=THINGS, head=lambda t: 4.0 * np.sin(t / 400.0)), rate_hz=1.0)
    drive.run(1800)
    first = {thing.id for thing in drive.last().objects}
    assert len(first) == 3
    drive.run(5000)
    assert {thing.id for thing in drive.last().objects} == first
    gaps = np.diff(drive.surveys())
    assert len(gaps) >= 3
    assert (gaps >= 1000.0).all()


def test_without_gaze_what_was_found_is_shown_all_the_same() -> None:
    drive = Surveyor(World(things=THINGS, gaze=lambda t: None)).run(300)
    drive.feed(EVERYTHING)
    drive.run(2000)
    assert len(drive.last().objects) == 3
    assert not any(thing.gazed for thing in drive.last().objects)


def test_stale_and_failed_surveys_are_counted_and_the_next_one_is_made() -> None:
    drive = Surveyor(World(things=THINGS), takes_ms=4500.0).run(200)
    drive.feed(EVERYTHING)
    drive.run(5500)
    assert drive.state.dropped["survey_stale"] == 1
    assert len(drive.last().objects) == 1
    drive.feed(EVERYTHING)
    (request,) = [effect for _, effect in drive.effects if isinstance(effect, Survey)][1:]
    drive.feed(Failed(request, "ValueError"))
    assert drive.state.dropped["survey_ValueError"] == 1
    drive.feed(EVERYTHING)
    assert len(drive.surveys()) == 3


def test_a_survey_waits_for_the_one_before() -> None:
    drive = Surveyor(World(things=THINGS)).run(200)
    for _ in range(3):
        drive.feed(EVERYTHING)
    assert len(drive.surveys()) == 1
    drive.run(3500)
    assert len(drive.surveys()) == 2  # what was asked for meanwhile is one more


def test_the_stage_outlines_with_the_shipped_model() -> None:
    from gazeline.runtime.models.catalogue import known_picture

    image, disc, _ = known_picture()
    drive = Surveyor(World(things=THINGS)).run(200)
    drive.feed(EVERYTHING)
    request = next(effect for _, effect in drive.effects if isinstance(effect, Survey))
    segmenter = Segmenter.load()
    stage = SurveyStage(segmenter, OutlineSettings())
    done = stage.work(replace(request, picture=image))
    stage.close()
    assert len(done.answers) == len(done.wholes) == len(done.surfaces) >= 1
    box = np.array([np.flatnonzero(disc.any(axis=0))[[0, -1]], np.flatnonzero(disc.any(axis=1))[[0, -1]]]).T.ravel()
    boxes = [answer.shape.box for answer in done.answers if answer.shape is not None]
    assert min(np.abs(np.array(found) - box).max() for found in boxes) < 12
    assert segmenter.encode(image, segmenter.window_for(640, 480)).window.size == 160  # the runtime's own goes on


def test_what_a_survey_finds_is_named_and_can_be_taught() -> None:
    drive = Surveyor(World(things=THINGS, gaze=lambda t: None)).run(500)
    drive.feed(EVERYTHING)
    drive.run(2500)
    (asked,) = [effect for _, effect in drive.effects if isinstance(effect, Label)]
    ids = [track_id for track_id, _ in asked.things]
    assert len(ids) == len(THINGS) - 1, "what is a surface has no name"
    names = tuple((Named("mug", 0.9, "model"),) for _ in ids)
    drive.feed(Labelled(asked, names, {"label": 1.0}))
    drive.run(3000)
    assert {thing.name for thing in drive.last().objects if thing.id in ids} == {"mug"}
    assert set(ids) <= set(drive.state.naming.looks)
