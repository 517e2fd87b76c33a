"""Sizes: what "as seen from here" means, what is stated, and what it is known by."""

from math import radians

import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.calib import so3
from gazeline.calib.cameras import Pinhole
from gazeline.calib.se3 import FORWARD_CAMERA, SE3
from gazeline.runtime.messages import OverlayObject
from gazeline.runtime.size import distance_of, sized

CAMERA = Pinhole(640, 480, 500.0, 500.0, 319.5, 239.5)


def standing(height_m: float = 1.4, down_deg: float = 25.0, roll_deg: float = 0.0) -> SE3:
    """T_world_camera of a head at this height that looks down, its head tilted to a side."""
    down, roll = so3.exp((-radians(down_deg), 0.0, 0.0)), so3.exp((0.0, 0.0, radians(roll_deg)))
    return SE3(so3.multiply(down, roll), np.array([0.3, height_m, -0.2])) @ FORWARD_CAMERA


def seen(
    corners_m: NDArray[np.float64], T_world_camera: SE3 | None, *, verged_m: float | None = None, plain: bool = False
) -> OverlayObject:
    """A thing outlined by world points (N, 3), or camera points where there is no pose."""
    points = corners_m if T_world_camera is None else T_world_camera.inverse().apply(corners_m)
    distance = np.linalg.norm(points, axis=1)
    px, ok = CAMERA.project(points)
    assert ok.all()
    (x0, y0), (x1, y1) = px.min(axis=0).tolist(), px.max(axis=0).tolist()
    return OverlayObject(
        id=1, score=1.0, gazed=True, outline=[], box=(x0, y0, x1, y1), area_px=100.0,
        rays=[(points / distance[:, None]).tolist()],
        depth_m=verged_m or (None if plain else float(np.median(distance))),
        depths_m=[] if verged_m or plain else [distance.tolist()],
    )  # fmt: skip


def upright(T_world_camera: SE3, width: float, height: float, away_m: float) -> NDArray[np.float64]:
    """The corners of a board that faces the camera, level in the world, at the middle of its view."""
    ahead = T_world_camera.R[:, 2]
    right = np.cross(ahead, (0.0, 1.0, 0.0))
    right /= np.linalg.norm(right)
    up = np.cross(right, ahead)
    middle = T_world_camera.xyz_m + away_m * ahead
    return np.array(
        [middle + x * width / 2 * right + y * height / 2 * up for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    )


@pytest.mark.parametrize("roll_deg", [0.0, 20.0])
def test_with_depth_a_board_has_the_size_it_has_however_the_head_is_tilted(roll_deg: float) -> None:
    pose = standing(roll_deg=roll_deg)
    (made,) = sized([seen(upright(pose, 0.30, 0.12, 0.9), pose)], pose, 1.3)
    assert made.size_m == pytest.approx((0.30, 0.12), rel=0.01)
    assert made.size_source == "depth"
    assert made.size_error_m is not None
    assert 0.0 < made.size_error_m[0] < 0.02 * 0.30


def test_a_plate_seen_from_the_side_is_flat() -> None:
    turn = np.linspace(0.0, 2.0 * np.pi, 60, endpoint=False)
    plate = np.stack((0.3 + 0.13 * np.cos(turn), np.full(60, 0.75), -1.6 + 0.13 * np.sin(turn)), axis=-1)
    pose = standing()
    (made,) = sized([seen(plate, pose)], pose, 1.3)
    assert made.size_m is not None
    assert made.size_m[0] == pytest.approx(0.26, rel=0.02)
    slant = np.arctan2(1.4 - 0.75, 1.4)  # of the line of sight against the table
    assert made.size_m[1] == pytest.approx(0.26 * np.sin(slant), rel=0.05)


def test_without_depth_vergence_tells_and_says_so() -> None:
    pose = standing()
    board = upright(pose, 0.2, 0.2, 0.8)
    (made,) = sized([seen(board, pose, verged_m=0.8)], pose, 1.3)
    assert made.size_source == "vergence"
    assert made.size_m == pytest.approx((0.2, 0.2), rel=0.15)
    assert made.size_error_m is not None
    assert 0.03 < made.size_error_m[0] / 0.2 < 0.2
    (far,) = sized([seen(upright(pose, 0.2, 0.2, 3.0), pose, verged_m=3.0)], pose, 1.3)
    assert far.size_error_m is not None
    assert far.size_error_m[0] > 1.4 * made.size_error_m[0]  # an error of the eyes weighs more, the farther they look


def test_what_stands_on_a_table_is_told_by_the_table() -> None:
    pose = standing(1.4, 30.0)
    lowest = np.array([0.0, 0.1, 1.0]) / np.linalg.norm([0.0, 0.1, 1.0])
    slope = -float(pose.R[1] @ lowest)
    told = distance_of(lowest, pose, None, 1.3)
    unknown = distance_of(lowest, None, None, 1.3)
    assert told.source == "plane"
    assert unknown.source == "default"
    table_m = (1.4 - 0.75) / slope
    assert abs(told.m - table_m) < 1.5 * told.share * told.m
    assert told.share < unknown.share


def test_a_world_whose_floor_is_not_known_tells_no_plane() -> None:
    assert distance_of(np.array([0.0, 0.3, 0.95]), standing(0.0), None, 1.3).source == "default"


def test_without_head_pose_the_picture_is_upright() -> None:
    board = np.array([[-0.1, -0.05, 1.0], [0.1, -0.05, 1.0], [0.1, 0.05, 1.0], [-0.1, 0.05, 1.0]])
    (made,) = sized([seen(board, None)], None, 1.3)
    assert made.size_m == pytest.approx((0.2, 0.1), rel=0.01)


def test_a_poorer_outline_has_a_larger_error_and_one_without_rays_has_no_size() -> None:
    pose = standing()
    good = seen(upright(pose, 0.3, 0.12, 0.9), pose)
    poor = OverlayObject(**{f: getattr(good, f) for f in good.__struct_fields__} | {"score": 0.5})
    bare = OverlayObject(**{f: getattr(good, f) for f in good.__struct_fields__} | {"rays": []})
    a, b, c = sized([good, poor, bare], pose, 1.3)
    assert a.size_error_m is not None
    assert b.size_error_m is not None
    assert b.size_error_m[0] > 3 * a.size_error_m[0]
    assert c.size_m is None
