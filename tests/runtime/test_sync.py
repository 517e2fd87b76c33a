"""Histories and the head pose at an instant."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gazeline.calib.se3 import SE3
from gazeline.calib.so3 import angle_rad
from gazeline.runtime.messages import Pose, Vec3
from gazeline.runtime.sync import STEP_SAMPLES, History, direction_at, pose_at, pose_of

MS = 1_000_000


def turned(degrees: float, x_m: float = 0.0) -> Pose:
    """A head turned about y (up), at x_m."""
    half = math.radians(degrees) / 2
    return Pose(quat_wxyz=(math.cos(half), 0.0, math.sin(half), 0.0), xyz_m=(x_m, 0.0, 0.0))


def yaw_deg(T: SE3 | None) -> float:
    assert T is not None
    x, _, z = T.rotate((0.0, 0.0, -1.0)).tolist()
    return math.degrees(math.atan2(-x, -z))


def poses(*samples: tuple[int, Pose]) -> History[Pose]:
    history: History[Pose] = History()
    for t_ms, pose in samples:
        history = history.added(t_ms * MS, pose)
    return history


def test_pose_between_two_samples() -> None:
    history = poses((0, turned(0, 0.0)), (10, turned(8, 0.1)))
    T = pose_at(history, 5 * MS)
    assert yaw_deg(T) == pytest.approx(4.0)
    assert T is not None
    assert T.xyz_m[0] == pytest.approx(0.05)
    assert yaw_deg(pose_at(history, 10 * MS)) == pytest.approx(8.0)


def test_pose_beyond_the_samples_carries_the_motion_on_for_50_ms_only() -> None:
    history = poses(*((t, turned(t * 0.1)) for t in range(0, 101, 5)))  # 100 deg/s
    assert yaw_deg(pose_at(history, 140 * MS)) == pytest.approx(14.0)
    assert yaw_deg(pose_at(history, -30 * MS)) == pytest.approx(-3.0)
    assert pose_at(history, 151 * MS) is None
    assert pose_at(history, -51 * MS) is None
    assert pose_at(history, 140 * MS, max_extrapolation_ns=30 * MS) is None


def test_extrapolation_does_not_blow_up_the_noise_of_two_close_samples() -> None:
    history = poses((0, turned(0)), (20, turned(0)), (39, turned(0)), (40, turned(0.05)))
    assert abs(yaw_deg(pose_at(history, 80 * MS))) < 0.2  # over the last 1 ms alone it would be 2 deg


def test_no_pose_no_answer_and_one_pose_holds() -> None:
    assert pose_at(History(), 5) is None
    assert yaw_deg(pose_at(poses((100, turned(7))), 120 * MS)) == pytest.approx(7.0)


def test_over_a_long_gap_the_pose_is_known_only_near_its_ends() -> None:
    history = poses((0, turned(0)), (1000, turned(90)))
    assert pose_at(history, 500 * MS) is None
    assert yaw_deg(pose_at(history, 20 * MS)) == pytest.approx(0.0, abs=1e-6)
    assert yaw_deg(pose_at(history, 980 * MS)) == pytest.approx(90.0)


@given(st.lists(st.floats(0.0, STEP_SAMPLES - 1.0), min_size=12, max_size=12), st.lists(st.integers(0, 11), max_size=9))
def test_order_and_repeats_do_not_matter(late: list[float], repeats: list[int]) -> None:
    """Samples come late by up to five others, and twice."""
    order = sorted(range(12), key=lambda i: i + late[i])
    history = poses(*((i * 10, turned(i)) for i in [*order, *repeats]))
    sorted_ones = poses(*((i * 10, turned(i)) for i in range(12)))
    assert (history.times_ns, history.values, history.steps) == (sorted_ones.times_ns, sorted_ones.values, 0)


@pytest.mark.parametrize("back_ms", [70, 500, 5_000, 10**7])
def test_a_clock_that_is_set_back_is_noticed_and_followed(back_ms: int) -> None:
    """Without it the pose would be wrong, or unknown, until the clock has come back to where it was."""
    history = poses(*((10**8 + i * 8, turned(0.0)) for i in range(100)))
    start = 10**8 + 100 * 8 - back_ms
    for i in range(STEP_SAMPLES):
        assert history.steps == 0
        history = history.added((start + i * 8) * MS, turned(40.0))
    assert history.steps == 1
    assert yaw_deg(pose_at(history, (start + 5 * 8 + 20) * MS)) == pytest.approx(40.0)
    assert pose_at(history, (10**8 + 99 * 8) * MS + MS) is None or back_ms == 70


def test_single_late_samples_are_no_step() -> None:
    history = poses((0, turned(0)))
    for i in range(1, 60):
        history = history.added(i * 10 * MS, turned(i))
        if i > 20:
            history = history.added((i * 10 - 155) * MS, turned(i - 15.5))
    assert history.steps == 0
    assert yaw_deg(pose_at(history, 297 * MS)) == pytest.approx(29.7)


units = (
    st.tuples(*[st.floats(-1.0, 1.0)] * 3)
    .filter(lambda v: math.hypot(*v) > 0.1)
    .map(lambda v: tuple(x / math.hypot(*v) for x in v))
)


@given(units, units, st.floats(0.0, 1.0))
def test_a_direction_between_two_goes_evenly_along_the_great_circle(
    a: tuple[float, float, float], b: tuple[float, float, float], share: float
) -> None:
    angle = float(angle_rad(a, b))
    assume(angle < 3.1)
    history = History[Vec3]().added(0, a).added(100 * MS, b)
    d = direction_at(history, round(share * 100 * MS))
    assert d is not None
    assert np.linalg.norm(d) == pytest.approx(1.0)
    assert float(angle_rad(a, d)) == pytest.approx(share * angle, abs=1e-6)
    assert float(angle_rad(d, b)) == pytest.approx((1.0 - share) * angle, abs=1e-6)


def test_a_direction_beyond_the_last_is_carried_on_a_little_and_then_unknown() -> None:
    history: History[Vec3] = History()
    for i in range(11):
        angle = 0.01 * i
        history = history.added(10 * i * MS, (math.sin(angle), 0.0, -math.cos(angle)))
    d = direction_at(history, 140 * MS)
    assert d is not None
    assert math.atan2(d[0], -d[2]) == pytest.approx(0.14)
    assert direction_at(history, 151 * MS) is None
    assert direction_at(history, 120 * MS, max_extrapolation_ns=10 * MS) is None


def test_a_sample_sent_again_replaces_the_first() -> None:
    assert yaw_deg(pose_at(poses((0, turned(0)), (10, turned(5)), (10, turned(6))), 10 * MS)) == pytest.approx(6.0)


def test_memory_is_bounded_by_time_and_by_count() -> None:
    history: History[int] = History(span_ns=100, limit=50)
    for t in range(1000):
        history = history.added(t, t)
        assert len(history.times_ns) <= 50
    assert history.times_ns == tuple(range(950, 1000)) == history.values
    late = history.added(5, 5)  # too old to be kept
    assert (late.times_ns, late.values) == (history.times_ns, history.values)
    for t in range(900, 0, -1):
        late = late.added(t, t)
    assert len(late.behind) <= STEP_SAMPLES
    far = history.added(10_000, 1)
    assert far.times_ns == (10_000,)


def test_lookup_of_samples() -> None:
    history: History[str] = History()
    for t, name in ((10, "a"), (20, "b"), (30, "c")):
        history = history.added(t, name)
    assert (history.newest, history.newest_ns) == ("c", 30)
    assert history.at(20) == "b"
    assert history.at(21) is None
    assert history.nearest(24, within_ns=5) == "b"
    assert history.nearest(26, within_ns=5) == "c"
    assert history.nearest(99, within_ns=5) is None
    empty: History[str] = History()
    assert (empty.newest, empty.newest_ns, empty.nearest(1, 1)) == (None, None, None)


def test_pose_survives_the_message() -> None:
    T = SE3(np.array([0.5, 0.5, 0.5, 0.5]), np.array([1.0, 2.0, 3.0]))
    back = pose_at(History[Pose]().added(7, pose_of(T)), 7)
    assert back is not None
    assert angle_rad(back.rotate((0, 0, -1)), T.rotate((0, 0, -1))) == pytest.approx(0.0)
    assert back.xyz_m.tolist() == [1.0, 2.0, 3.0]
