"""The pipeline's step in simulated time: what is encoded, asked and published, and what is not."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from gazeline.runtime.events import (
    Decode,
    Encode,
    Failed,
    Follow,
    FrameArrived,
    GazeArrived,
    PoseArrived,
    Publish,
    RigArrived,
    Tick,
    UserPromptArrived,
)
from gazeline.runtime.messages import Frame, Gaze, HeadPose, Overlay, Pose, RigDevice, UserPrompt
from gazeline.runtime.pipeline import State, step
from gazeline.runtime.sync import se3_of
from tests.runtime.pipeline_drive import (
    CAMERA,
    MS,
    PICTURE,
    RIG_TEXT,
    Disc,
    Drive,
    World,
    encoded,
    head_at,
    pixel,
    towards,
)


def centre(overlay: Overlay) -> tuple[float, float]:
    thing = overlay.objects[0]
    x0, y0, x1, y1 = thing.box
    return 0.5 * (x0 + x1), 0.5 * (y0 + y1)


def gazed(overlay: Overlay) -> bool:
    return any(thing.gazed for thing in overlay.objects)


def look(*path: tuple[float, float | None]):  # type: ignore[no-untyped-def]
    """A gaze that jumps: (from this many ms on, yaw in degrees)."""
    return lambda t: next(yaw for start, yaw in reversed(path) if t >= start)


def test_a_fixation_is_outlined_and_followed_picture_by_picture() -> None:
    drive = Drive(World()).run(500)
    first, _ = drive.decodes()[0]
    assert 80 <= first <= 130
    shown = [o for _, o in drive.overlays() if o.objects]
    assert len({o.frame_index for o in shown}) == len(shown) >= 9  # one for each picture, no more
    last = shown[-1]
    assert (last.gaze_state, last.gaze_source) == ("fixation", "eye")
    assert centre(last) == pytest.approx((319.5, 239.5), abs=1.0)
    assert last.gaze_px == pytest.approx((319.5, 239.5))
    (thing,) = last.objects
    assert thing.gazed
    assert thing.score == 0.9
    assert thing.area_px == pytest.approx(np.pi * 1600, rel=0.02)
    assert thing.rays
    assert np.allclose(np.linalg.norm(thing.rays[0], axis=1), 1.0)
    assert {o.objects[0].id for o in shown} == {1}
    assert last.T_world_camera is not None
    assert last.rig_id == "headset"
    assert drive.state.counts["captured"] == 15
    assert drive.state.counts["encoded"] >= 14
    assert drive.state.inputs.gaze.fixations == 1


def test_latencies_are_those_of_the_stages_and_of_the_samples_used() -> None:
    drive = Drive(World(delay_ms=10.0, encode_ms=20.0, decode_ms=6.0)).run(400)
    at, overlay = drive.overlays()[-1]
    assert overlay.publish_ns == drive.ns(at)
    assert overlay.capture_ns is not None
    assert overlay.gaze_capture_ns is not None
    assert overlay.latency_ms["encode"] == 20.0
    assert overlay.latency_ms["decode"] == 6.0
    assert overlay.latency_ms["outline"] == 1.0
    assert overlay.latency_ms["frame_to_overlay"] == pytest.approx((overlay.publish_ns - overlay.capture_ns) / MS)
    assert overlay.latency_ms["frame_to_overlay"] == pytest.approx(36.0, abs=3.0)
    assert overlay.latency_ms["gaze_to_overlay"] == pytest.approx((overlay.publish_ns - overlay.gaze_capture_ns) / MS)
    assert 6.0 <= overlay.latency_ms["gaze_to_overlay"] < 17.0


def test_a_saccade_asks_nothing_and_the_next_fixation_asks_once_per_picture() -> None:
    drive = Drive(World(gaze=lambda t: 0.0 if t < 300 else min((t - 300) * 0.3, 10.0))).run(800)  # 300 deg/s
    asked = [t for t, _ in drive.decodes()]
    assert not [t for t in asked if 325 < t < 400]
    after = [d for t, d in drive.decodes() if t >= 400]
    assert after
    assert all(abs(d.gaze_px[0] - pixel(towards(10.0), head_at(0.0))[0]) < 5 for d in after if d.gaze_px)
    assert len({d.encoded for d in after}) == len(after)
    ids = [o.objects[0].id for _, o in drive.overlays() if o.objects]
    assert (ids[0], ids[-1]) == (1, 2)
    assert all(o.objects for _, o in drive.overlays()[-5:])


def test_in_a_fixation_the_mask_is_asked_for_again_only_when_gaze_leaves_it() -> None:
    slow = World(things=(Disc(0.0, 20.0), Disc(5.0, 20.0)), frame_ms=10_000.0)  # one picture, 44 px apart
    drive = Drive(replace_gaze(slow, look((0, 0.0), (300, 1.0), (600, 4.6)))).run(1200)
    asked = drive.decodes()
    assert len(asked) <= 4
    within = [t for t, _ in asked if 120 < t < 600]
    assert not within  # 1 deg is 9 px: still on the disc, still the same fixation
    assert drive.overlays()[-1][1].objects[0].id == 2
    assert drive.state.counts["encoded"] == 1


def replace_gaze(world: World, gaze) -> World:  # type: ignore[no-untyped-def]
    return replace(world, gaze=gaze)


def test_newest_wins_and_drops_are_counted() -> None:
    drive = Drive(World(encode_ms=100.0)).run(1000)
    state = drive.state
    encodes = drive.encodes()
    assert 9 <= len(encodes) <= 11
    for t, request in encodes[1:]:
        age_ms = t - ((request.frame.capture_ns or 0) - drive.ns(0)) / MS
        assert age_ms <= 10 + 33 + 1  # never one that has waited while a newer one was there
    captured, done = state.counts["captured"], state.counts["encoded"]
    assert state.dropped["frame_superseded"] == captured - done - (state.encoding is not None) - state.inputs.waiting
    assert not [1 for a, b in itertools.pairwise(encodes) if b[0] - a[0] < 100.0]  # one at a time


def test_between_two_encoded_pictures_outlines_are_carried_on_with_the_head() -> None:
    world = World(head=lambda t: 0.03 * t, encode_ms=150.0)  # 30 deg/s, and every fifth picture is encoded
    drive = Drive(world).run(900)
    between = [o for t, o in drive.overlays() if t > 400 and "follow" in o.latency_ms]
    assert len(between) >= 8
    for overlay in between:
        captured_ms = ((overlay.capture_ns or 0) - drive.ns(0)) / MS
        expected = pixel(towards(0.0), world.head_pose(captured_ms))
        assert [(thing.id, thing.gazed, thing.carried) for thing in overlay.objects] == [(1, True, True)]
        assert centre(overlay) == pytest.approx(expected, abs=1.5)
        assert overlay.gaze_px == pytest.approx(expected, abs=3.0)
        rays, px = overlay.objects[0].rays[0], overlay.objects[0].outline[0]
        assert np.allclose(CAMERA.project(np.array(rays))[0], px, atol=1e-6)


def test_what_was_looked_at_before_stays_outlined_and_what_was_a_glance_does_not() -> None:
    drive = Drive(World(gaze=look((0, 0.0), (400, 10.0)))).run(900)
    (now, before) = drive.overlays()[-1][1].objects
    assert (now.id, now.gazed, now.carried) == (2, True, False)
    assert (before.id, before.gazed, before.carried) == (1, False, True)
    x0, _, x1, _ = before.box
    assert 0.5 * (x0 + x1) == pytest.approx(319.5, abs=1.5)
    glance = Drive(World(gaze=look((0, 0.0), (400, 10.0)), frame_ms=600.0)).run(900)  # one picture of the first
    assert [thing.id for thing in glance.overlays()[-1][1].objects] == [2]


def test_only_one_question_is_in_flight() -> None:
    drive = Drive(World(decode_ms=90.0)).run(900)
    times = [t for t, _ in drive.decodes()]
    assert all(b - a >= 90.0 for a, b in itertools.pairwise(times))
    assert len(times) >= 7


def test_the_prompt_is_right_though_the_head_turned_since_the_picture() -> None:
    """100 deg/s, pictures 100 ms old when they are encoded: 10 degrees, which are 88 px."""
    world = World(
        things=(Disc(0.0, 30.0),), head=lambda t: 0.1 * (t - 350), gaze=lambda t: 0.0, delay_ms=60.0, encode_ms=40.0
    )
    drive = Drive(world).run(550)
    shown = [(t, o) for t, o in drive.overlays() if "decode" in o.latency_ms]
    assert len(shown) >= 8
    for t, overlay in shown:
        captured_ms = ((overlay.capture_ns or 0) - drive.ns(0)) / MS
        expected = pixel(towards(0.0), world.head_pose(captured_ms))
        moved = abs(pixel(towards(0.0), world.head_pose(t))[0] - expected[0])
        assert moved > 70  # so much the prompt would be off without the poses
        assert overlay.gaze_px == pytest.approx(expected, abs=1.5)
        if overlay.objects[0].box[2] < 639.0:  # all of it is in the picture
            assert centre(overlay) == pytest.approx(expected, abs=2.0)
    assert {o.objects[0].id for _, o in shown} == {1}
    assert drive.state.inputs.gaze.fixations == 1


def test_the_window_is_centred_on_gaze() -> None:
    drive = Drive(World(gaze=lambda t: 10.0)).run(400)
    for _, request in drive.encodes()[4:]:
        assert request.centre_px == pytest.approx(pixel(towards(10.0), head_at(0.0)), abs=1.0)


def test_a_fixation_outside_of_the_fovea_has_the_newest_picture_encoded_again_at_once() -> None:
    drive = Drive(World(gaze=look((0, 0.0), (120, 10.0)), frame_ms=10_000.0)).run(400)
    encodes = drive.encodes()
    assert len(encodes) == 2
    again, request = encodes[1]
    assert request.frame is encodes[0][1].frame
    assert request.picture is PICTURE  # decoded the first time
    assert 200 <= again <= 225
    assert request.centre_px == pytest.approx(pixel(towards(10.0), head_at(0.0)), abs=1.0)
    asked = [t for t, _ in drive.decodes()]
    assert not [t for t in asked if 130 < t < again + 20]  # nothing is asked of the coarse surroundings
    assert drive.overlays()[-1][1].objects[0].id == 2
    assert (drive.state.counts["encoded"], drive.state.counts["encoded_again"]) == (1, 1)


def test_in_a_blink_nothing_is_gazed_at_and_the_outline_is_so_again_under_its_id() -> None:
    drive = Drive(World(confidence=lambda t: 0.1 if 400 <= t < 550 else 1.0)).run(900)
    blinked = [(t, o) for t, o in drive.overlays() if o.gaze_state == "blink"]
    assert 430 <= blinked[0][0] <= 450
    assert not [o for _, o in blinked if gazed(o)]
    assert not [o for t, o in drive.overlays() if 450 < t < 600 and gazed(o)]
    assert all([(thing.id, thing.carried) for thing in o.objects] == [(1, True)] for _, o in blinked)
    assert gazed(drive.overlays()[-1][1])
    assert drive.overlays()[-1][1].objects[0].id == 1
    assert drive.state.inputs.gaze.fixations == 2


def test_gaze_that_falls_silent_is_lost_and_the_overlay_says_so() -> None:
    drive = Drive(World(gaze=lambda t: 0.0 if t < 400 else None)).run(1200)
    lost = [(t, o) for t, o in drive.overlays() if o.gaze_state == "lost" and t > 200]
    assert 890 <= lost[0][0] <= 960
    assert not [o for t, o in drive.overlays() if t > 960 and gazed(o)]
    assert len(lost) > 3  # the pictures go on


def test_without_poses_the_rig_alone_is_used() -> None:
    drive = Drive(World(head=lambda t: None)).run(400)
    overlay = drive.overlays()[-1][1]
    assert overlay.T_world_camera is None
    assert overlay.objects[0].rays
    assert centre(overlay) == pytest.approx((319.5, 239.5), abs=1.0)


def test_poses_that_stop_do_not_stop_the_outline() -> None:
    drive = Drive(World(head=lambda t: 0.0 if t < 400 else None)).run(1000)
    assert all(o.objects for t, o in drive.overlays() if t > 200)
    assert drive.overlays()[-1][1].T_world_camera is None
    assert drive.state.inputs.gaze.fixations == 1


def test_without_a_rig_gaze_cannot_be_placed_and_is_counted() -> None:
    drive = Drive(World(with_rig=False)).run(400)
    assert not drive.decodes()
    assert drive.state.dropped["gaze_no_rig"] > 30
    assert drive.state.counts["encoded"] > 5


def test_a_rig_that_comes_late_is_used_from_then_on() -> None:
    drive = Drive(World(with_rig=False, frame_ms=10_000.0)).run(100)
    drive.feed(RigArrived(RigDevice(topic="rig.device", capture_ns=drive.ns(), rig_id="headset", rig_json=RIG_TEXT)))
    drive.run(300)
    assert drive.state.counts["captured"] == 1
    assert centre(drive.overlays()[-1][1]) == pytest.approx((319.5, 239.5), abs=1.0)


def test_pupil_samples_in_pixels_need_no_rig() -> None:
    drive = Drive(World(with_rig=False, gaze=lambda t: None))
    for _ in range(60):
        drive.run(drive.now_ms + 8)
        sample = Gaze(topic="gaze.3d.01.", capture_ns=drive.ns(), confidence=0.9, norm_pos=(0.51, 0.49))
        drive.feed(GazeArrived(sample))
    overlay = drive.overlays()[-1][1]
    assert overlay.gaze_px == pytest.approx((0.51 * 640 - 0.5, 0.51 * 480 - 0.5))
    assert overlay.objects
    assert not overlay.objects[0].rays  # the camera is not known
    assert overlay.T_world_camera is None


def test_gaze_beside_the_picture_lets_the_outline_go_after_a_while() -> None:
    drive = Drive(World(gaze=look((0, 0.0), (300, 50.0)))).run(1000)
    left = [t for t, o in drive.overlays() if t > 300 and not gazed(o)]
    assert 560 <= left[0] <= 700
    assert not [t for t, o in drive.overlays() if t > 700 and gazed(o)]


def test_the_mouse_leads_and_is_answered_at_once() -> None:
    drive = Drive(World()).run(300)
    drive.feed(GazeArrived(drive.gaze(10.0, source="mouse")))
    start = drive.now_ms
    for _ in range(6):
        drive.run(drive.now_ms + 30)
        drive.feed(GazeArrived(drive.gaze(10.0, source="mouse")))
    led = [(t, o) for t, o in drive.overlays() if t > start and o.gaze_source == "mouse" and o.objects]
    assert led[0][0] - start < 60  # an encoding in flight, one with its own window, one question
    assert led[-1][1].objects[0].id == 2
    assert drive.state.dropped["gaze_behind_mouse"] > 10
    end = drive.now_ms
    drive.run(end + 1000)
    assert next(t for t, o in drive.overlays() if o.gaze_source == "eye" and o.objects and t > end) - end > 500
    assert drive.overlays()[-1][1].objects[0].id == 1


def test_a_mouse_that_moves_on_one_thing_asks_nothing_new() -> None:
    drive = Drive(World(gaze=lambda t: None, frame_ms=10_000.0)).run(30)
    for i in range(20):
        drive.feed(GazeArrived(drive.gaze(i * 0.2, source="mouse")))  # 35 px of the disc's 40
        drive.run(drive.now_ms + 20)
    assert len(drive.decodes()) == 1
    drive.feed(GazeArrived(drive.gaze(10.0, source="mouse")))
    drive.run(drive.now_ms + 60)
    assert len(drive.decodes()) == 2


def asked(drive: Drive, capture_ns: int | None = None, **fields: object) -> UserPrompt:
    when = drive.state.inputs.views.newest_ns if capture_ns is None else capture_ns
    return UserPrompt(topic="prompt.user", capture_ns=when, **fields)  # type: ignore[arg-type]


def test_a_users_point_is_outlined_beside_the_gazed_thing_until_it_is_cleared() -> None:
    drive = Drive(World()).run(300)
    x, y = pixel(towards(-12.0), head_at(0.0))
    drive.feed(UserPromptArrived(asked(drive, kind="point", points=[(x, y, 1)])))
    drive.run(500)
    overlay = drive.overlays()[-1][1]
    assert [thing.gazed for thing in overlay.objects] == [True, False]
    assert [thing.id for thing in overlay.objects] == [1, 2]
    assert overlay.gaze_state == "fixation"
    drive.feed(UserPromptArrived(asked(drive, kind="clear")))
    drive.run(700)
    assert [thing.carried for thing in drive.overlays()[-1][1].objects] == [False, True]  # known, but asked no more


def test_a_users_point_needs_no_gaze_and_one_on_the_gazed_thing_is_not_drawn_twice() -> None:
    drive = Drive(World(gaze=lambda t: None)).run(300)
    drive.feed(UserPromptArrived(asked(drive, kind="point", points=[(*pixel(towards(10.0), head_at(0.0)), 1)])))
    drive.run(500)
    overlay = drive.overlays()[-1][1]
    assert overlay.gaze_state == "user"
    assert [thing.gazed for thing in overlay.objects] == [False]
    both = Drive(World()).run(300)
    both.feed(UserPromptArrived(asked(both, kind="point", points=[(330.0, 240.0, 1)])))
    both.run(500)
    assert [thing.gazed for thing in both.overlays()[-1][1].objects] == [True]


def test_a_users_box_moves_with_the_head() -> None:
    drive = Drive(World(gaze=lambda t: None, head=lambda t: 0.02 * t)).run(300)
    seen = drive.state.inputs.views.newest
    assert seen is not None
    assert seen.T_world_head is not None
    x, y = pixel(towards(10.0), seen.T_world_head)
    drive.feed(UserPromptArrived(asked(drive, kind="box", box=(x - 30, y - 30, x + 30, y + 30))))
    drive.run(700)
    overlay = drive.overlays()[-1][1]
    captured_ms = ((overlay.capture_ns or 0) - drive.ns(0)) / MS
    assert centre(overlay) == pytest.approx(pixel(towards(10.0), drive.world.head_pose(captured_ms)), abs=3.0)


def test_prompts_that_cannot_be_answered_are_counted() -> None:
    drive = Drive(World()).run(300)
    for prompt in (
        asked(drive, capture_ns=1, kind="point", points=[(3.0, 3.0, 1)]),
        asked(drive, kind="point", points=[(900.0, 3.0, 1)]),
    ):
        drive.feed(UserPromptArrived(prompt))
    dropped = drive.state.dropped
    assert (dropped["prompt_unknown_frame"], dropped["prompt_outside"]) == (1, 1)
    assert drive.state.inputs.user is None


def test_messages_out_of_time_are_dropped_and_do_no_harm() -> None:
    drive = Drive(World()).run(300)
    before = drive.state.inputs
    far = 2**62
    for t_ns, reason in ((far, "future"), (drive.ns() - 3_000 * MS, "late"), (None, "no_time")):
        frame = Frame(topic="frame.world", capture_ns=t_ns, width=640, height=480, index=1, format="rgb")
        drive.feed(FrameArrived(frame, PICTURE))
        drive.feed(GazeArrived(Gaze(topic="gaze.3d.01.", capture_ns=t_ns, confidence=1.0, d_head=(0.0, 0.0, -1.0))))
        pose = Pose(quat_wxyz=(1.0, 0.0, 0.0, 0.0), xyz_m=(0.0, 0.0, 0.0))
        drive.feed(PoseArrived(HeadPose(topic="pose.head", capture_ns=t_ns, T_world_head=pose)))
        for stream in ("frame", "gaze", "pose"):
            assert drive.state.dropped[f"{stream}_{reason}"] == 1
    assert drive.state.inputs.poses == before.poses
    drive.run(600)
    assert drive.overlays()[-1][1].objects


def test_repeated_and_disordered_messages() -> None:
    drive = Drive(World()).run(300)
    newest = drive.state.inputs.newest
    assert newest is not None
    drive.feed(newest)
    old = drive.frame(drive.now_ms - 200)
    drive.feed(FrameArrived(old, PICTURE))
    assert drive.state.dropped["frame_out_of_order"] == 2
    newest_gaze = drive.gaze(0.0)
    drive.feed(GazeArrived(newest_gaze))
    drive.feed(GazeArrived(newest_gaze))
    assert drive.state.dropped["gaze_out_of_order"] == 1


def test_garbage_in_a_rig_keeps_the_one_that_works() -> None:
    drive = Drive(World()).run(200)
    for text in ("", "{", "[]", '{"id": "headset", "cameras": {}}', '{"id": 5}'):
        drive.feed(RigArrived(RigDevice(topic="rig.device", capture_ns=drive.ns(), rig_id="headset", rig_json=text)))
    assert drive.state.dropped["rig_invalid"] == 5
    assert drive.run(400).overlays()[-1][1].objects
    for i in range(50):
        drive.feed(RigArrived(RigDevice(topic="rig.device", capture_ns=drive.ns(), rig_id=f"r{i}", rig_json="{")))
    assert len(drive.state.inputs.rigs) == 1


def test_one_eye_is_used_only_while_both_are_silent() -> None:
    drive = Drive(World(gaze=look((0, 0.0), (300, None)))).run(300)
    right = replace_topic(drive.gaze(20.0), "gaze.3d.0.")
    drive.feed(GazeArrived(right))
    assert drive.state.dropped["gaze_other_eye"] == 1
    drive.run(520)
    for _ in range(20):
        drive.run(drive.now_ms + 8)
        drive.feed(GazeArrived(replace_topic(drive.gaze(10.0), "gaze.3d.0.")))
        drive.feed(GazeArrived(replace_topic(drive.gaze(13.0), "gaze.3d.1.")))
    assert drive.state.dropped["gaze_other_eye"] == 1 + 20
    drive.run(drive.now_ms + 60)
    assert centre(drive.overlays()[-1][1])[0] == pytest.approx(pixel(towards(10.0), head_at(0.0))[0], abs=2.0)


def replace_topic(gaze: Gaze, topic: str) -> Gaze:
    gaze.topic = topic
    return gaze


def test_a_broken_picture_and_a_failing_model_are_counted_and_the_next_picture_is_tried() -> None:
    drive = Drive(World(encode_ms=10_000.0)).run(150)
    request = drive.state.encoding
    assert request is not None
    state, effects = step(drive.state, Failed(request, "bad_image"), drive.ns())
    assert state.dropped["frame_bad_image"] == 1
    assert [type(e) for e in effects] == [Encode]  # the one that waited
    waiting = effects[0]
    assert isinstance(waiting, Encode)
    state, effects = step(state, Failed(waiting, "bad_image"), drive.ns())
    assert not effects  # the same picture is not tried for ever
    state, effects = step(state, FrameArrived(drive.frame(drive.now_ms + 1), PICTURE), drive.ns())
    assert [type(e) for e in effects if not isinstance(e, Follow)] == [Encode]


def test_a_decoder_that_fails_empties_the_overlay_and_is_asked_again_with_the_next_picture() -> None:
    drive = Drive(World(decode_ms=10_000.0)).run(300)
    request = drive.state.decoding
    assert request is not None
    drive.state = replace(drive.state, blank=False)
    state, effects = step(drive.state, Failed(request, "RuntimeError"), drive.ns())
    assert state.dropped["decode_RuntimeError"] == 1
    assert [type(e) for e in effects] == [Publish, Decode]  # newer pictures have been encoded meanwhile
    again = effects[1]
    assert isinstance(again, Decode)
    state, effects = step(state, Failed(again, "RuntimeError"), drive.ns())
    assert not effects
    frame = drive.frame(drive.now_ms)
    state, _ = step(state, FrameArrived(frame, PICTURE), drive.ns())
    pending = state.encoding
    assert pending is not None
    state, effects = step(state, encoded(pending), drive.ns())
    assert Decode in [type(e) for e in effects]


def test_nothing_grows() -> None:
    drive = Drive(World(gaze=lambda t: 10.0 * ((t // 400) % 2), frame_ms=20.0, encode_ms=10.0))
    sizes = []
    for end in (2500, 5000):
        drive.run(end)
        inputs = drive.state.inputs
        sizes.append((len(inputs.poses.times_ns), len(inputs.gaze.window), len(inputs.gaze.raw)))
        assert len(drive.state.dropped) < 10
        assert len(drive.state.tracker.tracks) < 10
    assert abs(sizes[1][0] - sizes[0][0]) <= 2
    assert max(sizes[1][1:]) < 30


def test_a_step_changes_nothing_that_it_was_given() -> None:
    drive = Drive(World()).run(300)
    before = drive.state
    copy = replace(before)
    step(before, GazeArrived(drive.gaze(20.0)), drive.ns())
    step(before, Tick(), drive.ns() + 10_000 * MS)
    assert all(getattr(before, name) is getattr(copy, name) for name in before.__dataclass_fields__)
    assert step(State(), Tick(), 0)[1] == ()


def test_what_is_looked_for_is_marked_and_pointed_to_until_it_is_no_more() -> None:
    gaze = {True: 0.0, False: 10.0}
    drive = Drive(
        World(gaze=lambda t: gaze[t % 800 < 400], head=lambda t: 0.0 if t < 2000 else min(120.0, (t - 2000) / 5))
    )
    drive.run(1600)
    drive.feed(UserPromptArrived(asked(drive, kind="find", text="the leftmost thing")))
    drive.run(1990)
    overlay = drive.overlays()[-1][1]
    assert overlay.search is not None
    assert (overlay.search.text, overlay.search.understood) == ("the leftmost thing", "the leftmost thing")
    found = [thing for thing in overlay.objects if thing.found]
    assert [thing.box[0] for thing in found] == [min(thing.box[0] for thing in overlay.objects)]
    assert overlay.search.pointers == []
    drive.run(2700)  # the head has turned away to the right
    overlay = drive.overlays()[-1][1]
    assert overlay.search is not None
    (pointer,) = overlay.search.pointers
    assert pointer.id == found[0].id
    assert overlay.T_world_camera is not None
    towards_it = se3_of(overlay.T_world_camera).inverse().rotate(towards(0.0))
    assert float(np.dot(pointer.d_camera, towards_it)) > np.cos(np.radians(1.0))
    assert pointer.d_camera[0] < 0.0
    drive.feed(UserPromptArrived(asked(drive, kind="find", text="")))
    drive.run(2900)
    assert drive.overlays()[-1][1].search is None
