"""Parallax: gaze lands on the surface that is looked at, however far it is, and on the nearer one at an edge."""

from math import radians

import numpy as np
import pytest

from gazeline.runtime.gaze.parallax import pixel_on_surface
from gazeline.runtime.messages import Frame
from gazeline.runtime.prompt import View, calibration_of, pixel_of
from gazeline.sim.rig import simulated_rig
from tools.bench_parallax import wall

WIDTH, HEIGHT = 640, 480
STRAIGHT_ON = np.array([0.0, 0.0, -1.0])


@pytest.fixture
def view() -> View:
    rig = simulated_rig(WIDTH, HEIGHT)
    frame = Frame(
        topic="frame.world", capture_ns=1, width=WIDTH, height=HEIGHT, index=0, format="rgb", T_head_camera_id=rig.id
    )
    calibration = calibration_of(frame, rig)
    assert calibration is not None
    return View(frame, calibration, None)


@pytest.mark.parametrize("away_m", [0.3, 0.4, 0.6, 1.0, 2.0, 5.0])
def test_gaze_lands_on_the_wall_at_every_distance(view: View, away_m: float) -> None:
    d = np.array([np.sin(radians(8.0)), np.sin(radians(-12.0)), -1.0])
    d /= np.linalg.norm(d)
    true_px = pixel_of(d, view, depth_m=away_m / -float(d[2]))
    found = pixel_on_surface(d, view, wall(view, away_m), start_m=1.0)
    assert true_px is not None
    assert found == pytest.approx(true_px, abs=1.0)


def test_taking_all_to_be_a_metre_away_is_wrong_for_near_things(view: View) -> None:
    near, assumed = (pixel_of(STRAIGHT_ON, view, depth_m=away_m) for away_m in (0.35, 1.0))
    assert near is not None
    assert assumed is not None
    assert np.hypot(*np.subtract(near, assumed)) > 20.0, "there is a parallax to correct"


def test_without_a_known_distance_it_is_where_it_would_be_anyway(view: View) -> None:
    nothing = np.zeros((HEIGHT // 2, WIDTH // 2), np.uint16)
    assert pixel_on_surface(STRAIGHT_ON, view, nothing, start_m=1.0) == pixel_of(STRAIGHT_ON, view, depth_m=1.0)


def test_at_an_edge_that_it_cannot_settle_on_the_nearer_surface_is_taken(view: View) -> None:
    near, far = (pixel_of(STRAIGHT_ON, view, depth_m=away_m) for away_m in (0.4, 4.0))
    assert near is not None
    assert far is not None
    plane = wall(view, 4.0)
    upper, lower = sorted((near[1], far[1]))
    edge = round(0.5 * (upper + lower) / 2.0)
    # What is seen where the near point would be is far, and the other way round: no distance agrees with itself.
    rows = slice(edge, None) if far[1] > near[1] else slice(None, edge)
    plane[rows] = wall(view, 0.4)[rows]
    found = pixel_on_surface(STRAIGHT_ON, view, plane, start_m=1.0)
    assert found is not None
    assert min(np.hypot(*np.subtract(found, each)) for each in (near, far)) < 2.0
