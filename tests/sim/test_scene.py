"""Scenes: what is in them, that they are the same for the same seed, at rest, and moving where they should."""

import numpy as np
import pytest

from gazeline.sim.gl import mujoco
from gazeline.sim.scene import KINDS, Scene, SceneKind, build_scene

ALL: tuple[SceneKind, ...] = ("kitchen", "desk", "room")


def state(scene: Scene) -> tuple[list[tuple[int, str, str]], np.ndarray]:
    return [(o.id, o.name, o.kind) for o in scene.objects], np.array([scene.position(o.id) for o in scene.objects])


def test_kinds_are_the_three() -> None:
    assert KINDS == ALL


def test_an_unknown_kind_is_refused_in_one_sentence() -> None:
    with pytest.raises(ValueError, match="unknown scene 'garage': choose one of kitchen, desk, room"):
        build_scene("garage", 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ALL)
def test_same_seed_same_scene(kind: SceneKind) -> None:
    from gazeline.sim.scene import _built

    names, places = state(build_scene(kind, 4))
    _built.cache_clear()
    again, places_again = state(build_scene(kind, 4))
    assert names == again
    np.testing.assert_array_equal(places, places_again)
    assert state(build_scene(kind, 5))[0] != names


@pytest.mark.parametrize("kind", ALL)
def test_ids_count_from_one_and_names_are_unique(kind: SceneKind) -> None:
    scene = build_scene(kind, 4)
    assert [o.id for o in scene.objects] == list(range(1, len(scene.objects) + 1))
    assert len({o.name for o in scene.objects}) == len(scene.objects)
    parts = [p.id for o in scene.objects for p in o.parts]
    assert sorted(parts) == list(range(1, len(parts) + 1))
    assert all(o.parts for o in scene.objects)


@pytest.mark.parametrize("kind", ALL)
def test_settled_things_stay(kind: SceneKind) -> None:
    scene = build_scene(kind, 4)
    free = [o for o in scene.objects if o.movable]
    assert len(free) >= 10
    before = np.array([scene.position(o.id) for o in free])
    for _ in range(125):  # half a second more of physics
        mujoco.mj_step(scene.model, scene.data)
    mujoco.mj_kinematics(scene.model, scene.data)
    moved = np.linalg.norm(np.array([scene.position(o.id) for o in free]) - before, axis=1)
    assert np.median(moved) < 0.001
    assert np.quantile(moved, 0.9) < 0.01


@pytest.mark.parametrize("kind", ALL)
def test_moving_things_move_and_come_back_with_time(kind: SceneKind) -> None:
    scene = build_scene(kind, 4)
    start = {o.id: scene.position(o.id) for o in scene.objects}
    scene.advance(1_500_000_000)
    moved = {o.id for o in scene.objects if np.linalg.norm(scene.position(o.id) - start[o.id]) > 1e-6}
    assert moved
    assert moved <= {o.id for o in scene.objects if o.moving}
    scene.advance(0)
    for o in scene.objects:
        np.testing.assert_array_equal(scene.position(o.id), start[o.id])


def test_positions_lie_within_bounds() -> None:
    scene = build_scene("kitchen", 4)
    for o in scene.objects:
        low, high = scene.bounds(o.id)
        assert (scene.position(o.id) >= low - 1e-6).all()
        assert (scene.position(o.id) <= high + 1e-6).all()
        assert (scene.size(o.id) > 0).all()


def test_scenes_do_not_share_time() -> None:
    a, b = build_scene("kitchen", 4), build_scene("kitchen", 4)
    ball = next(o.id for o in a.objects if o.moving)
    before = b.position(ball)
    a.advance(2_000_000_000)
    np.testing.assert_array_equal(b.position(ball), before)


def test_every_kind_of_object_can_be_made() -> None:
    from gazeline.sim.catalogue import CATALOGUE

    assert len(CATALOGUE) >= 100
    for name, maker in CATALOGUE.items():
        design = maker(np.random.default_rng(1))
        assert design.pieces, name
        assert abs(float(design.low[1])) < 0.02 or name in ("pendant lamp", "window"), f"{name} does not stand on y = 0"
        for piece in design.pieces:
            length = np.linalg.norm(piece.mesh.normals, axis=1)
            np.testing.assert_allclose(length, 1.0, atol=1e-6, err_msg=name)
            assert np.isfinite(piece.mesh.vertices).all(), name


def test_forty_kinds_by_name_over_a_few_seeds() -> None:
    kinds = {o.kind for kind in ALL for seed in (4, 5) for o in build_scene(kind, seed).objects}
    assert len(kinds) >= 40
    assert {"person", "table", "desk", "window"} <= kinds
