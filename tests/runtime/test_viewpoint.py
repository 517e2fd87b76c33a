"""Moving what was seen between pictures, against a world whose true places are known."""

import math

import msgspec
import numpy as np
import pytest

from gazeline.runtime import messages as m
from gazeline.runtime.viewpoint import Viewpoint
from tests.runtime import scripted_headset as headset

BEFORE_NS, AFTER_NS = 1_000_000_000, 1_100_000_000
BEFORE, AFTER = -0.05, 0.12  # rad


@pytest.fixture
def viewpoint() -> Viewpoint:
    """The head turns from one yaw to the other between the two times."""
    viewpoint = Viewpoint(default_depth_m=headset.DEPTH_M)
    viewpoint.take(headset.rig_message())
    for share in np.linspace(0.0, 1.0, 11).tolist():
        t_ns = round(BEFORE_NS + share * (AFTER_NS - BEFORE_NS))
        viewpoint.take(headset.pose_message(BEFORE + share * (AFTER - BEFORE), t_ns))
    return viewpoint


def seen_before(**changes: object) -> m.Overlay:
    overlay = headset.overlay_of(2, index=1, capture_ns=BEFORE_NS, yaw_rad=BEFORE)
    return msgspec.structs.replace(overlay, **changes)


def centre_px(number: int, yaw_rad: float) -> tuple[float, float]:
    x, y = headset.disc_px(number, yaw_rad).mean(axis=0).tolist()
    return x, y


@pytest.mark.parametrize("with_rays", [True, False])
@pytest.mark.parametrize("scale", [1, 2])
def test_outlines_and_gaze_are_moved(viewpoint: Viewpoint, with_rays: bool, scale: int) -> None:
    overlay = seen_before(gaze_px=centre_px(2, BEFORE))
    if not with_rays:
        for thing in overlay.objects:
            thing.rays = []
    frame = headset.frame_of(2, AFTER_NS, width=headset.WIDTH * scale, height=headset.HEIGHT * scale)
    moved, how = viewpoint.moved(overlay, frame)
    assert how == "depth"
    assert (moved.width, moved.height) == (frame.width, frame.height)
    for thing in moved.objects:
        expected = (headset.disc_px(thing.id, AFTER) + 0.5) * scale - 0.5
        np.testing.assert_allclose(thing.outline[0], expected, atol=0.01)
    assert moved.gaze_px is not None
    np.testing.assert_allclose((np.array(moved.gaze_px) + 0.5) / scale - 0.5, centre_px(2, AFTER), atol=1.0)
    assert overlay.objects[0].outline == seen_before().objects[0].outline  # what came in is left as it was


def test_without_depth_things_are_taken_to_be_at_the_default_one(viewpoint: Viewpoint) -> None:
    overlay = seen_before()
    for thing in overlay.objects:
        thing.depth_m = None
    moved, how = viewpoint.moved(overlay, headset.frame_of(2, AFTER_NS))
    assert how == "default_depth"
    np.testing.assert_allclose(moved.objects[1].outline[0], headset.disc_px(2, AFTER), atol=0.01)
    elsewhere = Viewpoint(default_depth_m=100.0)
    elsewhere.take(headset.rig_message())
    for yaw_rad, t_ns in ((BEFORE, BEFORE_NS), (AFTER, AFTER_NS)):
        elsewhere.take(headset.pose_message(yaw_rad, t_ns))
    far, _ = elsewhere.moved(overlay, headset.frame_of(2, AFTER_NS))
    off_px = np.abs(np.array(far.objects[1].outline[0]) - headset.disc_px(2, AFTER)).max()
    assert 0.1 < off_px < 5.0  # the camera is 3 cm from the head's axis


def test_each_vertex_moves_by_its_own_distance_and_a_thing_by_its_own_motion(viewpoint: Viewpoint) -> None:
    overlay = seen_before()
    thing = overlay.objects[1]
    assert thing.depth_m is not None
    thing.depths_m = [[thing.depth_m] * len(thing.outline[0])]
    thing.depth_m = 0.1  # the median of an object says little of its vertices
    moved, how = viewpoint.moved(overlay, headset.frame_of(2, AFTER_NS))
    assert how == "depth"
    np.testing.assert_allclose(moved.objects[1].outline[0], headset.disc_px(2, AFTER), atol=0.01)
    thing.velocity_m_s = (0.0, 1.0, 0.0)  # upwards, for 100 ms
    risen, _ = viewpoint.moved(overlay, headset.frame_of(2, AFTER_NS))
    up_px = np.mean(moved.objects[1].outline[0], axis=0)[1] - np.mean(risen.objects[1].outline[0], axis=0)[1]
    assert up_px == pytest.approx(0.1 / headset.DEPTH_M * headset.CAMERA.fy, rel=0.1)


def test_what_is_behind_the_camera_is_left_out(viewpoint: Viewpoint) -> None:
    viewpoint.take(headset.pose_message(math.pi, AFTER_NS + 1_000_000_000))
    moved, _ = viewpoint.moved(seen_before(gaze_px=(320.0, 240.0)), headset.frame_of(3, AFTER_NS + 1_000_000_000))
    assert moved.objects == []
    assert moved.gaze_px is None


def test_without_pose_rig_or_need_nothing_is_moved(viewpoint: Viewpoint) -> None:
    overlay = seen_before()
    for frame in (
        headset.frame_of(1, BEFORE_NS),
        headset.frame_of(2, AFTER_NS + 10_000_000_000),
        headset.frame_of(2, AFTER_NS, T_head_camera_id="another rig"),
        headset.frame_of(2, AFTER_NS, camera_id="another camera"),
    ):
        assert viewpoint.moved(overlay, frame) == (overlay, "none")
    assert viewpoint.moved(seen_before(T_world_camera=None), headset.frame_of(2, AFTER_NS))[1] == "none"


def test_a_gaze_sample_stands_on_its_object_in_an_older_picture(viewpoint: Viewpoint) -> None:
    x, y = centre_px(3, AFTER)
    d_camera, _ = headset.CAMERA.unproject((x, y))
    d = headset.T_HEAD_CAMERA.apply(headset.DEPTH_M * d_camera)
    depth_m = float(np.linalg.norm(d))
    gaze = m.Gaze(topic="gaze.3d.01.", capture_ns=AFTER_NS, confidence=1.0, d_head=tuple(d / depth_m), depth_m=depth_m)
    found = viewpoint.gaze_px(gaze, headset.frame_of(1, BEFORE_NS))
    assert found is not None
    np.testing.assert_allclose(found, centre_px(3, BEFORE), atol=1.0)


def test_a_pointer_is_the_gaze_that_stands_under_it(viewpoint: Viewpoint) -> None:
    frame = headset.frame_of(1, BEFORE_NS)
    for at_px in ((10.0, 20.0), (320.0, 240.0), (600.0, 470.0)):
        gaze = viewpoint.pointer(at_px, frame, BEFORE_NS, AFTER_NS)
        assert gaze is not None
        found = viewpoint.gaze_px(gaze, frame)
        assert found is not None
        # The head has moved a little too: "some distance" of a point is not quite the same from there.
        np.testing.assert_allclose(found, at_px, atol=0.5)
    assert viewpoint.pointer((700.0, 20.0), frame, BEFORE_NS, AFTER_NS) is None


def test_a_rig_that_cannot_be_read_changes_nothing(viewpoint: Viewpoint) -> None:
    for number in range(20):
        viewpoint.take(m.RigDevice(topic="rig.device", capture_ns=1, rig_id=f"broken {number}", rig_json="{"))
    assert viewpoint.of(headset.frame_of(2, AFTER_NS)) is not None
    viewpoint.take(m.RigDevice(topic="rig.device", capture_ns=1, rig_id=headset.RIG.id, rig_json="{"))
    assert viewpoint.of(headset.frame_of(2, AFTER_NS)) is not None
