"""A simulated headset that is worn by somebody of whom others tell on the bus."""

import numpy as np
import pytest

from gazeline.calib.se3 import SE3
from gazeline.runtime.messages import Gaze, HeadPose
from gazeline.runtime.sync import pose_of
from gazeline.runtime.topics import GAZE_BINOCULAR, POSE_HEAD
from gazeline.sim.bus_wearer import BusWearer

EPOCH_NS = 5_000_000_000
MS = 1_000_000


def head(yaw_deg: float) -> SE3:
    return SE3.exp((0.0, 0.0, 0.0, 0.0, np.radians(yaw_deg), 0.0))


def gaze(t_ms: int, yaw_deg: float, confidence: float = 1.0) -> Gaze:
    d = head(yaw_deg).rotate((0.0, 0.0, -1.0))
    x, y, z = d.tolist()
    return Gaze(
        topic=GAZE_BINOCULAR, capture_ns=EPOCH_NS + t_ms * MS, confidence=confidence, d_head=(x, y, z), depth_m=1.5
    )


def pose(t_ms: int, yaw_deg: float) -> HeadPose:
    return HeadPose(topic=POSE_HEAD, capture_ns=EPOCH_NS + t_ms * MS, T_world_head=pose_of(head(yaw_deg)))


@pytest.fixture
def wearer() -> BusWearer:
    wearer = BusWearer()
    wearer.epoch_ns = EPOCH_NS
    return wearer


def test_nothing_is_known_before_a_pose_has_come(wearer: BusWearer) -> None:
    wearer.take(gaze(0, 0.0))
    assert not wearer.known
    with pytest.raises(ValueError, match="no head pose"):
        wearer.at(0)


def test_head_and_eyes_are_those_of_the_bus(wearer: BusWearer) -> None:
    for t_ms in range(0, 200, 10):
        wearer.take(pose(t_ms, 0.1 * t_ms))
        wearer.take(gaze(t_ms, -5.0))
    state = wearer.at(105 * MS)
    np.testing.assert_allclose(state.T_world_head.as_matrix(), head(10.5).as_matrix(), atol=1e-9)
    np.testing.assert_allclose(state.d_head, head(-5.0).rotate((0.0, 0.0, -1.0)), atol=1e-9)
    assert state.distance_m == 1.5
    later = wearer.at(10_000 * MS)  # where nothing is known any more, the head has stayed
    np.testing.assert_allclose(later.T_world_head.as_matrix(), head(19.0).as_matrix(), atol=1e-9)


def test_a_rest_begins_where_the_direction_in_the_world_changes(wearer: BusWearer) -> None:
    for t_ms in range(0, 1000, 10):
        wearer.take(pose(t_ms, 0.02 * t_ms))  # the head turns, and the eyes hold on to the world
        wearer.take(gaze(t_ms, (0.0 if t_ms < 500 else 8.0) - 0.02 * t_ms))
    assert wearer.at(400 * MS).since_ns == 0
    assert wearer.at(900 * MS).since_ns == 500 * MS
    wearer.take(gaze(1000, 40.0, confidence=0.1))  # a blink is no look elsewhere
    assert wearer.at(1000 * MS).since_ns == 500 * MS
