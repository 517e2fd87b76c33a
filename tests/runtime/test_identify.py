"""Ids through occlusion, absence, merging, splitting and the picture's border, by looks, size, distance and place."""

import tracemalloc
from math import radians

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gazeline.calib import so3
from gazeline.calib.cameras import Pinhole
from gazeline.calib.se3 import FORWARD_CAMERA, SE3
from gazeline.runtime.tracking.appearance import Appearance, alike, colours_of
from gazeline.runtime.tracking.identify import MOST_KEPT, assign
from gazeline.runtime.tracking.shape import Shape
from gazeline.runtime.tracking.track import Tracker

CAMERA = Pinhole(640, 480, 500.0, 500.0, 319.5, 239.5)
S = 1_000_000_000


def painted(rgb: tuple[int, int, int], seed: int = 0) -> Appearance:
    """A thing of one colour, as a camera with some noise sees it."""
    pixels = np.clip(np.random.default_rng(seed).normal(rgb, 4.0, (400, 3)), 0, 255)
    return Appearance(colours_of(pixels.astype(np.uint8)))


RED, BLUE, GREEN = painted((180, 40, 40)), painted((40, 60, 180)), painted((40, 160, 60))


def box(x0: float, y0: float, x1: float, y1: float) -> tuple[np.ndarray, ...]:
    return (np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64),)


def seen(
    rings: tuple[np.ndarray, ...], looks: Appearance | None, depth_m: float = 1.0, head: SE3 | None = None
) -> Shape:
    rays = tuple(CAMERA.unproject(ring)[0] for ring in rings)
    depths = tuple(np.full(len(ring), depth_m) for ring in rings)
    every = np.concatenate(rings)
    cut = bool((every < 2.0).any() or (every > np.array([637.0, 477.0])).any())
    return Shape(rings, rays, (head or SE3.identity()) @ FORWARD_CAMERA, depth_m, depths, 0.9, looks, cut)


def yawed(right_deg: float) -> SE3:
    return SE3(so3.exp((0.0, -radians(right_deg), 0.0)), np.zeros(3))


MUG = box(290, 210, 350, 270)


def test_looks_tell_colours_apart_and_bear_noise() -> None:
    assert (alike(RED, painted((180, 40, 40), seed=1)) or 0.0) > 0.9
    assert (alike(RED, painted((165, 36, 36), seed=2)) or 0.0) > 0.3  # a little darker
    assert (alike(RED, BLUE) or 0.0) < -0.9
    assert alike(RED, None) is None
    assert alike(RED, Appearance()) is None


def test_after_half_a_minute_away_the_same_thing_has_its_id_back_and_another_in_its_place_does_not() -> None:
    tracker, (mug,) = assign(Tracker(), [seen(MUG, RED)], CAMERA, 0)
    tracker, _ = assign(tracker, [seen(MUG, RED)], CAMERA, S)
    tracker, (elsewhere,) = assign(tracker, [seen(MUG, GREEN, head=yawed(80.0))], CAMERA, 15 * S)
    assert elsewhere != mug
    _, (back,) = assign(tracker, [seen(box(294, 212, 352, 268), painted((178, 42, 40), seed=5))], CAMERA, 32 * S)
    assert back == mug
    _, (other,) = assign(tracker, [seen(box(294, 212, 352, 268), BLUE)], CAMERA, 32 * S)
    assert other not in (mug, elsewhere)


def test_a_thing_that_was_moved_out_of_sight_is_known_by_its_looks_and_its_size() -> None:
    tracker = Tracker()
    for second in range(3):
        tracker, (mug, _) = assign(tracker, [seen(MUG, RED), seen(box(100, 200, 180, 260), BLUE)], CAMERA, second * S)
    _, (moved,) = assign(tracker, [seen(box(450, 330, 510, 390), RED)], CAMERA, 20 * S)
    assert moved == mug
    _, (large,) = assign(tracker, [seen(box(380, 200, 560, 380), RED)], CAMERA, 20 * S)  # red, but three times as large
    assert large != mug


def test_what_passes_in_front_does_not_take_the_id() -> None:
    tracker, (shelf,) = assign(Tracker(), [seen(MUG, RED, 3.0)], CAMERA, 0)
    tracker, (person,) = assign(tracker, [seen(box(280, 200, 360, 280), RED, 1.0)], CAMERA, S // 2)
    assert person != shelf
    _, (again,) = assign(tracker, [seen(MUG, RED, 3.0)], CAMERA, S)
    assert again == shelf


def test_an_outline_over_two_things_is_neither_and_both_keep_their_ids() -> None:
    left, right = box(200, 200, 300, 300), box(302, 200, 382, 300)
    tracker = Tracker()
    for i in range(2):
        tracker, ids = assign(tracker, [seen(left, RED), seen(right, BLUE)], CAMERA, i * S // 10)
    both = Appearance(colours_of(np.repeat(np.array([[180, 40, 40], [40, 60, 180]], np.uint8), 200, axis=0)))
    tracker, (merged,) = assign(tracker, [seen(box(200, 200, 382, 300), both)], CAMERA, 2 * S // 10)
    assert merged not in ids
    _, again = assign(tracker, [seen(right, BLUE), seen(left, RED)], CAMERA, 3 * S // 10)
    assert again == (ids[1], ids[0])


def test_of_the_pieces_of_a_thing_the_larger_keeps_the_id() -> None:
    tracker, (book,) = assign(Tracker(), [seen(box(200, 200, 400, 260), RED)], CAMERA, 0)
    _, (small, large) = assign(
        tracker, [seen(box(200, 200, 262, 260), RED), seen(box(268, 200, 400, 260), RED)], CAMERA, S // 10
    )
    assert large == book
    assert small != book
    four = [seen(box(x, 200, x + 48 + 6 * (x == 250), 260), RED) for x in (200, 250, 308, 356)]  # none overlaps by 0.3
    _, ids = assign(tracker, four, CAMERA, S // 10)
    assert ids[1] == book


def test_a_thing_that_the_border_cuts_off_is_the_same_once_it_is_all_in_the_picture() -> None:
    tracker, (keyboard,) = assign(Tracker(), [seen(box(0, 300, 60, 360), GREEN)], CAMERA, 0)
    head = yawed(-25.0)  # the head turns to the left, and all of it comes into view
    T_here_there = (head @ FORWARD_CAMERA).inverse() @ FORWARD_CAMERA
    corners, _ = CAMERA.project(T_here_there.rotate(CAMERA.unproject(np.array([(0.0, 300.0), (60.0, 360.0)]))[0]))
    (x1, y0), (x2, y1) = corners.tolist()
    whole = box(x1 - 160.0, y0, x2, y1)
    _, (same,) = assign(tracker, [seen(whole, GREEN, head=head)], CAMERA, S // 2)
    assert same == keyboard


def passing(second: int) -> list[Shape]:
    """What is seen in a second of five minutes in which things pass: each is there for three seconds, then gone."""
    shapes = []
    for first in range(max(second - 2, 0), second + 1):
        rng = np.random.default_rng(first)
        for _ in range(3):
            x, y, side = rng.uniform(40, 560), rng.uniform(40, 400), rng.uniform(12, 60)
            looks, depth_m = painted(tuple(rng.integers(0, 255, 3).tolist())), rng.uniform(0.5, 4.0)
            x += 4 * (second - first)
            shapes.append(seen(box(x, y, x + side, y + side), looks, depth_m, yawed(0.6 * first)))
    return shapes


def test_five_minutes_of_things_passing_take_no_more_memory_than_one() -> None:
    tracker, held = Tracker(), []
    tracemalloc.start()
    for second in range(300):
        tracker, ids = assign(tracker, passing(second), CAMERA, second * S)
        assert len(set(ids)) == len(ids)
        assert len(tracker.tracks) <= MOST_KEPT
        if second in (59, 299):
            held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert tracker.next_id > 600
    assert held[1] < 1.3 * held[0] + 100_000  # each of the things that are remembered holds about 10 kB


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.floats(0, 560), st.floats(0, 400), st.sampled_from([RED, BLUE, None])), max_size=4),
        min_size=1,
        max_size=10,
    )
)
def test_ids_are_never_given_again_and_the_same_pictures_give_the_same_ids(
    pictures: list[list[tuple[float, float, Appearance | None]]],
) -> None:
    runs = []
    for _ in range(2):
        tracker, given_ids, new = Tracker(), [], []
        for i, picture in enumerate(pictures):
            before = tracker.next_id
            tracker, ids = assign(tracker, [seen(box(x, y, x + 50, y + 50), a) for x, y, a in picture], CAMERA, i * S)
            assert len(set(ids)) == len(ids)
            new += [track_id for track_id in ids if track_id >= before]
            given_ids.append(ids)
        assert len(set(new)) == len(new) == tracker.next_id - 1
        runs.append(given_ids)
    assert runs[0] == runs[1]
