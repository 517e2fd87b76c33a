"""Ids that last: through head turns and looking away, unique, never given twice."""

from math import radians

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazeline.calib import so3
from gazeline.calib.cameras import Pinhole
from gazeline.calib.se3 import FORWARD_CAMERA, SE3
from gazeline.runtime.tracking.associate import UNKNOWN_NS
from gazeline.runtime.tracking.identify import MOST_KEPT, assign
from gazeline.runtime.tracking.shape import Shape, iou_of
from gazeline.runtime.tracking.track import Tracker

CAMERA = Pinhole(640, 480, 500.0, 500.0, 319.5, 239.5)
S = 1_000_000_000


def square(x: float, y: float, side: float = 60.0) -> tuple[np.ndarray, ...]:
    h = side / 2
    return (np.array([(x - h, y - h), (x + h, y - h), (x + h, y + h), (x - h, y + h)]),)


def seen(rings: tuple[np.ndarray, ...], T_world_head: SE3 | None = None, depth_m: float | None = None) -> Shape:
    rays = tuple(CAMERA.unproject(ring)[0] for ring in rings)
    return Shape(rings, rays, (T_world_head or SE3.identity()) @ FORWARD_CAMERA, depth_m)


def yawed(degrees_right: float, x_m: float = 0.0) -> SE3:
    return SE3(so3.exp((0.0, -radians(degrees_right), 0.0)), np.array([x_m, 0.0, 0.0]))


def moved_shape(rings: tuple[np.ndarray, ...], T_world_head: SE3) -> Shape:
    """The thing that a head at rest sees at ``rings``, far away, as a turned head sees it."""
    d_world = FORWARD_CAMERA.rotate(np.concatenate([CAMERA.unproject(ring)[0] for ring in rings]))
    px, _ = CAMERA.project((T_world_head @ FORWARD_CAMERA).inverse().rotate(d_world))
    return seen((px,), T_world_head)


def test_the_same_thing_keeps_its_id_and_another_gets_its_own() -> None:
    tracker, first = assign(Tracker(), [seen(square(300, 200)), seen(square(500, 300))], CAMERA, 0)
    assert first == (1, 2)
    tracker, second = assign(
        tracker, [seen(square(505, 298)), seen(square(308, 204)), seen(square(100, 100))], CAMERA, S
    )
    assert second == (2, 1, 3)


def test_id_lasts_while_the_head_turns() -> None:
    tracker, (first,) = assign(Tracker(), [seen(square(320, 240))], CAMERA, 0)
    for step in range(1, 8):
        tracker, (now,) = assign(tracker, [moved_shape(square(320, 240), yawed(4.0 * step))], CAMERA, step * S // 10)
        assert now == first
    # 28 deg away in the picture; something else that now stands where it stood is not it
    tracker, (other,) = assign(tracker, [seen(square(320, 240), yawed(28.0))], CAMERA, S)
    assert other != first


def test_looking_back_within_seconds_gives_the_same_id_and_later_it_is_forgotten() -> None:
    tracker, (mug,) = assign(Tracker(), [seen(square(320, 240))], CAMERA, 0)
    for second in range(1, 6):
        tracker, (away,) = assign(tracker, [seen(square(300, 220), yawed(60.0))], CAMERA, second * S)
        assert away != mug
    tracker, (back,) = assign(tracker, [moved_shape(square(322, 238), yawed(5.0))], CAMERA, 6 * S)
    assert back == mug
    _, (late,) = assign(tracker, [seen(square(320, 240))], CAMERA, 6 * S + UNKNOWN_NS + 1)
    assert late not in (mug, away)


def test_a_known_distance_makes_walking_past_a_thing_harmless() -> None:
    tracker, (first,) = assign(Tracker(), [seen(square(320, 240), depth_m=1.0)], CAMERA, 0)
    stepped = seen(square(320 - 100, 240), yawed(0.0, x_m=0.2), depth_m=1.0)  # 20 cm to the right at 1 m: 100 px
    _, (now,) = assign(tracker, [stepped], CAMERA, S)
    assert now == first


def test_of_two_outlines_on_one_thing_only_the_better_gets_its_id() -> None:
    tracker, (first,) = assign(Tracker(), [seen(square(320, 240, 100))], CAMERA, 0)
    _, ids = assign(tracker, [seen(square(330, 250, 80)), seen(square(321, 240, 99))], CAMERA, 1)
    assert ids[1] == first
    assert ids[0] != first


def test_a_part_of_a_thing_is_not_the_thing() -> None:
    tracker, (whole,) = assign(Tracker(), [seen(square(320, 240, 200))], CAMERA, 0)
    _, (part,) = assign(tracker, [seen(square(350, 240, 40))], CAMERA, 1)
    assert part != whole


def test_without_calibration_pixels_are_compared() -> None:
    tracker, (first,) = assign(Tracker(), [Shape(square(320, 240))], None, 0)
    tracker, (again,) = assign(tracker, [Shape(square(330, 240))], None, 1)
    _, (other,) = assign(tracker, [Shape(square(100, 240))], None, 2)
    assert again == first
    assert other != first


def test_overlap_of_outlines_with_holes() -> None:
    ring = (*square(320, 240, 100), square(320, 240, 60)[0][::-1])
    assert iou_of(square(320, 240, 100), square(320, 240, 100)) == 1.0
    assert iou_of(ring, square(320, 240, 100)) == pytest.approx(0.64, abs=0.06)
    assert iou_of(square(100, 100), square(400, 400)) == 0.0


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.floats(40, 600), st.floats(40, 440), st.floats(4, 300)), max_size=4),
        min_size=1,
        max_size=12,
    ),
    st.integers(1, 4 * S),
)
def test_ids_are_unique_in_a_picture_count_up_and_are_never_given_to_a_new_thing(
    pictures: list[list[tuple[float, float, float]]], step_ns: int
) -> None:
    tracker = Tracker()
    known: set[int] = set()
    for i, picture in enumerate(pictures):
        remembered = {track.id for track in tracker.tracks}
        tracker, ids = assign(tracker, [seen(square(x, y, side)) for x, y, side in picture], CAMERA, i * step_ns)
        assert len(set(ids)) == len(ids) == len(picture)
        new = set(ids) - remembered
        assert not new & known
        assert all(each == 1 or each > max(known, default=0) for each in new)
        known |= set(ids)


def test_memory_is_bounded() -> None:
    tracker = Tracker()
    for i in range(300):
        tracker, _ = assign(tracker, [seen(square(40 + 37 * (i % 15), 40 + 23 * (i % 17), 5))], CAMERA, i)
        assert len(tracker.tracks) <= MOST_KEPT
