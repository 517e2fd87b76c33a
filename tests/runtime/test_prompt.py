"""From a gaze direction to the pixel of the encoded frame."""

from math import degrees, radians, tan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gazeline.calib import so3
from gazeline.calib.cameras import Fisheye624, Pinhole
from gazeline.calib.rig import Eyes, Rig, RigCamera, Transform
from gazeline.calib.se3 import FORWARD_CAMERA, SE3
from gazeline.runtime.messages import Frame, Gaze, UserPrompt
from gazeline.runtime.prompt import Calibration, View, calibration_of, direction_of, nominal, pixel_of, question_of

AHEAD = np.array([0.0, 0.0, -1.0])


def frame(width: int = 640, height: int = 480, rig: str = "", camera: str = "world") -> Frame:
    return Frame(
        topic="frame.world", capture_ns=0, width=width, height=height, index=0, format="rgb",
        camera_id=camera, T_head_camera_id=rig,
    )  # fmt: skip


def rig(*, eyes: bool = True, offset_m: tuple[float, float, float] = (0.0, 0.05, -0.02)) -> Rig:
    T = SE3(FORWARD_CAMERA.quat_wxyz, np.array(offset_m))
    camera = RigCamera(Pinhole(640, 480, 500.0, 500.0, 319.5, 239.5), Transform.of(T))
    return Rig("r", {"world": camera}, Eyes((-0.03, 0.0, 0.0), (0.03, 0.0, 0.0)) if eyes else None)


def calibration(**options: object) -> Calibration:
    found = calibration_of(frame(), rig(**options))  # type: ignore[arg-type]
    assert found is not None
    return found


def view(T_world_head: SE3 | None = None, **options: object) -> View:
    return View(frame(), calibration(**options), T_world_head)


def yawed(degrees_right: float, xyz_m: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> SE3:
    return SE3(so3.exp((0.0, -radians(degrees_right), 0.0)), np.array(xyz_m))


def gaze(**fields: object) -> Gaze:
    return Gaze(topic="gaze.3d.01.", capture_ns=0, confidence=1.0, **fields)  # type: ignore[arg-type]


def at(px: tuple[float, float] | None) -> tuple[float, float]:
    assert px is not None
    return px


def test_straight_ahead_is_below_the_middle_of_a_camera_that_sits_above_the_eyes() -> None:
    x, y = at(pixel_of(AHEAD, view(), depth_m=1.0))
    assert x == pytest.approx(319.5)
    assert y == pytest.approx(239.5 + 500.0 * 0.05 / 0.98)  # 5 cm below it, 98 cm in front of it
    far = at(pixel_of(AHEAD, view(), depth_m=1000.0))
    assert far[1] == pytest.approx(239.5, abs=0.1)


def test_the_head_turned_between_capture_and_gaze() -> None:
    """10 deg to the right of a thing: eyes that still look at it point 10 deg to the left in the head."""
    then, now = yawed(0.0), yawed(10.0)
    d_head = now.R.T @ AHEAD
    assert d_head[0] == pytest.approx(-np.sin(radians(10.0)))
    still = view(then, offset_m=(0.0, 0.0, 0.0))
    assert at(pixel_of(d_head, still, depth_m=1.0, T_world_head=now)) == pytest.approx((319.5, 239.5))
    assert at(pixel_of(AHEAD, still, depth_m=1.0, in_world=True, T_world_head=now)) == pytest.approx((319.5, 239.5))
    wrong = at(pixel_of(d_head, still, depth_m=1.0))  # had the pose not been used
    assert wrong[0] == pytest.approx(319.5 - 500.0 * tan(radians(10.0)))


@given(
    st.tuples(*[st.floats(-0.3, 0.3)] * 3), st.tuples(*[st.floats(-0.2, 0.2)] * 3),
    st.tuples(st.floats(-0.3, 0.3), st.floats(-0.2, 0.2)), st.floats(0.4, 20.0),
)  # fmt: skip
def test_any_motion_leads_to_where_the_point_really_is(
    turn: tuple[float, float, float], move: tuple[float, float, float], look: tuple[float, float], depth_m: float
) -> None:
    then, now = SE3(so3.exp(turn), np.zeros(3)), SE3(so3.exp((0.1, 0.2, 0.0)), np.array(move))
    d_head = np.array([look[0], look[1], -1.0])
    d_head /= np.linalg.norm(d_head)
    seen = view(then)
    p_world = now.apply(seen.calibration.eyes_m + depth_m * d_head)
    T_world_camera = seen.T_world_camera
    assert T_world_camera is not None
    px, valid = seen.calibration.camera.project(T_world_camera.inverse().apply(p_world))
    found = pixel_of(d_head, seen, depth_m=depth_m, T_world_head=now)
    assert (found is not None) == bool(valid)
    if found is not None:
        assert found == pytest.approx(tuple(px))
        assert pixel_of(now.rotate(d_head), seen, depth_m=depth_m, in_world=True, T_world_head=now) == pytest.approx(
            found
        )


def test_without_a_pose_on_either_side_the_rig_alone_is_used() -> None:
    d = so3.to_matrix(so3.exp((0.0, -0.1, 0.0))) @ AHEAD
    alone = at(pixel_of(d, view(), depth_m=1.0))
    assert at(pixel_of(d, view(), depth_m=1.0, T_world_head=yawed(40.0))) == pytest.approx(alone)
    assert at(pixel_of(d, view(yawed(40.0)), depth_m=1.0)) == pytest.approx(alone)
    in_world = yawed(40.0).rotate(d)  # gaze was put into the world, then the frame turns out to have no pose
    assert at(pixel_of(in_world, view(), depth_m=1.0, in_world=True, T_world_head=yawed(40.0))) == pytest.approx(alone)


def test_gaze_outside_of_the_picture_has_no_pixel() -> None:
    assert pixel_of(np.array([1.0, 0.0, 0.0]), view(), depth_m=1.0) is None
    assert pixel_of(-AHEAD, view(), depth_m=1.0) is None


def test_a_fisheye_sees_where_a_pinhole_cannot() -> None:
    lens = Fisheye624(1408, 1408, 610.0, 703.5, 703.5, (0.0,) * 6, (0.0, 0.0), (0.0,) * 4)
    wide = Rig("aria", {"world": RigCamera(lens, Transform.of(FORWARD_CAMERA))})
    known = calibration_of(frame(1408, 1408), wide)
    assert known is not None
    d = yawed(50.0).rotate(AHEAD)
    x, y = at(pixel_of(d, View(frame(1408, 1408), known, None), depth_m=2.0))
    assert degrees((x - 703.5) / 610.0) == pytest.approx(50.0)
    assert y == pytest.approx(703.5)


def directed(sample: Gaze, known: Calibration) -> tuple[NDArray[np.float64], float | None]:
    found = direction_of(sample, known, 1.0)
    assert found is not None
    return found


def test_directions_of_pupil_samples_lead_back_to_the_pixel_that_they_name() -> None:
    known = calibration()
    shown = View(frame(), known, None)
    d, depth_m = directed(gaze(norm_pos=(0.25, 0.75)), known)
    assert np.linalg.norm(d) == pytest.approx(1.0)
    assert depth_m is not None
    assert at(pixel_of(d, shown, depth_m=depth_m)) == pytest.approx((0.25 * 640 - 0.5, 0.25 * 480 - 0.5))
    d, depth_m = directed(gaze(gaze_point_3d=(100.0, -50.0, 800.0), norm_pos=(0.9, 0.9)), known)
    assert depth_m is not None
    expected = (319.5 + 500.0 * 0.125, 239.5 - 500.0 * 0.0625)
    assert at(pixel_of(d, shown, depth_m=depth_m)) == pytest.approx(expected)
    d, depth_m = directed(gaze(d_head=(0.0, 0.0, -1.0), depth_m=0.7, gaze_point_3d=(1.0, 1.0, 1.0)), known)
    assert d.tolist() == [0.0, 0.0, -1.0]
    assert depth_m == 0.7


def test_samples_that_lead_nowhere() -> None:
    known = calibration()
    assert direction_of(gaze(), known, 1.0) is None
    assert direction_of(gaze(d_head=(0.0, 0.0, 0.0)), known, 1.0) is None
    assert direction_of(gaze(gaze_point_3d=(0.0, 0.0, -10.0)), known, 1.0) is None  # behind the camera
    assert direction_of(gaze(norm_pos=(1.7, 0.5)), known, 1.0) is None


def test_without_a_rig_the_pixel_that_the_tracker_names_is_taken_as_it_is() -> None:
    assumed = nominal(frame())
    d, depth_m = directed(gaze(norm_pos=(0.6, 0.3), d_head=(1.0, 0.0, 0.0)), assumed)
    assert depth_m is not None
    px = at(pixel_of(d, View(frame(), assumed, yawed(30.0)), depth_m=depth_m, T_world_head=yawed(0.0)))
    assert px == pytest.approx((0.6 * 640 - 0.5, 0.7 * 480 - 0.5))
    assert direction_of(gaze(d_head=(0.0, 0.0, -1.0)), assumed, 1.0) is None
    assert View(frame(), assumed, yawed(30.0)).T_world_camera is None


def test_which_calibration_belongs_to_a_picture() -> None:
    assert calibration_of(frame(), None) is None
    assert calibration_of(frame(rig="another"), rig()) is None
    assert calibration_of(frame(camera="left"), rig()) is None
    assert calibration_of(frame(640, 640), rig()) is None
    half = calibration_of(frame(320, 240, rig="r"), rig())
    assert half is not None
    assert isinstance(half.camera, Pinhole)
    assert (half.camera.fx, half.camera.cx) == (250.0, 159.5)
    assert half.eyes_m.tolist() == [0.0, 0.0, 0.0]


def test_a_users_points_and_box_turn_with_the_head() -> None:
    asked, now = view(yawed(0.0)), View(
        Frame(topic="frame.world", capture_ns=9, width=640, height=480, index=1, format="rgb"),
        calibration(), yawed(10.0),
    )  # fmt: skip
    shift = 500.0 * tan(radians(10.0))
    prompt = UserPrompt(topic="prompt.user", capture_ns=0, kind="point", points=[(319.5, 239.5, 1), (10.0, 10.0, 0)])
    question = question_of(prompt, asked, now)
    assert question is not None
    assert question.labels == (1,)  # the other one has left the picture
    assert question.points[0] == pytest.approx((319.5 - shift, 239.5))
    assert question.centre == question.points[0]
    same = question_of(prompt, asked, asked)
    assert same is not None
    assert same.points == ((319.5, 239.5), (10.0, 10.0))
    box = UserPrompt(topic="prompt.user", capture_ns=0, kind="box", box=(300.0, 200.0, 340.0, 260.0))
    moved = question_of(box, asked, now)
    assert moved is not None
    assert moved.box is not None
    assert moved.centre[0] == pytest.approx(319.5 - shift, abs=3.0)
    assert question_of(prompt, asked, View(now.frame, now.calibration, yawed(120.0))) is None
    assert question_of(box, asked, View(now.frame, now.calibration, yawed(120.0))) is None


def test_a_users_prompt_outside_of_the_picture_is_none() -> None:
    for bad in (
        UserPrompt(topic="prompt.user", kind="point", points=[(-20.0, 10.0, 1)]),
        UserPrompt(topic="prompt.user", kind="point", points=[(5.0, 5.0, 0)]),
        UserPrompt(topic="prompt.user", kind="box", box=(700.0, 10.0, 800.0, 20.0)),
        UserPrompt(topic="prompt.user", kind="find", text="mug"),
    ):
        assert question_of(bad, view(), view()) is None
