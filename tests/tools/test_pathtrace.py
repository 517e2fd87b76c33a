"""The path tracer's scenes and pictures: ids and range agree with the geometry, hierarchies are whole, runs resume."""

import json
from pathlib import Path

import numpy as np
import pytest

from gazeline.calib.cameras import KannalaBrandt, Pinhole
from gazeline.calib.se3 import SE3
from gazeline.sim.design import Look
from gazeline.sim.meshes import box
from tools.pathtrace import assets, cabinets, soft
from tools.pathtrace.denoise import denoise
from tools.pathtrace.groups import groups
from tools.pathtrace.scenes import make_scene
from tools.pathtrace.tracer import Lamp, Surface, Tracer, mitsuba
from tools.pathtrace.write import Job, render_scene

try:
    mitsuba()
    MISSING = ""
except OSError as error:
    MISSING = str(error)

needs_mitsuba = pytest.mark.skipif(bool(MISSING), reason=MISSING)
FRONT = SE3(np.array([1.0, 0, 0, 0]), np.zeros(3))  # camera axes are world axes: it looks along +z


def two_boxes() -> Tracer:
    near = Surface(box((0.4, 0.4, 0.4), centre=(0, 0, 2)), Look((0.8, 0.1, 0.1)), 1, 7)
    wall = Surface(box((8, 8, 0.2), centre=(0, 0, 4)), Look((0.5, 0.5, 0.5)), 0, 0)
    ahead = np.eye(4)
    ahead[2, 3] = -1.0
    return Tracer([near, wall], [Lamp(ahead, (20.0, 20.0, 20.0))], None)


@needs_mitsuba
def test_ids_and_range_are_those_of_the_geometry() -> None:
    camera = Pinhole.from_horizontal_fov(65, 65, np.deg2rad(60))
    object_ids, part_ids, depth_m = two_boxes().ids(camera, FRONT)
    d, _ = camera.unproject(np.array([[32, 32], [2, 2]]))
    assert depth_m[32, 32] == pytest.approx(1.8, abs=1e-3)  # the near face of the box
    assert depth_m[2, 2] == pytest.approx(3.9 / d[1, 2], rel=1e-3)  # along the ray, not along the axis
    assert set(np.unique(part_ids)) == {0, 7}
    columns = np.flatnonzero(object_ids[32])
    edge_px, _ = camera.project(np.array([[0.2, 0.0, 1.8]]))
    assert columns[-1] == pytest.approx(edge_px[0, 0], abs=1)


@needs_mitsuba
def test_a_fisheye_has_nothing_outside_its_circle_and_range_along_its_rays() -> None:
    f = 64 / np.deg2rad(170)
    camera = KannalaBrandt(64, 64, f, f, 31.5, 31.5, 0.0, 0.0, 0.0, 0.0)
    object_ids, _, depth_m = two_boxes().ids(camera, FRONT)
    rows, columns = np.nonzero(object_ids)
    d, seen = camera.unproject(np.stack([columns, rows], -1))
    points = d * depth_m[rows, columns, None]
    assert seen.all()
    assert np.abs(points[:, 0]).max() <= 0.201
    assert points[:, 2].min() == pytest.approx(1.8, abs=1e-2)


@needs_mitsuba
def test_colours_come_out_and_filtering_keeps_borders() -> None:
    camera = Pinhole.from_horizontal_fov(48, 48, np.deg2rad(50))
    traced = two_boxes().render(camera, FRONT, 8, 1)
    rgb = denoise(traced.rgb, traced.albedo, traced.normal, traced.depth_m, traced.part_ids)
    red = rgb[24, 24]
    assert red[0] > 3 * red[1]
    inside, beside = rgb[20:28, 20:28], rgb[4:44, 2:6]
    assert inside.std(axis=(0, 1)).max() < traced.rgb[20:28, 20:28].std(axis=(0, 1)).max()
    assert abs(beside[..., 0].mean() / beside[..., 1].mean() - 1) < 0.4  # the grey wall did not turn red


@pytest.mark.parametrize("seed", [0, 1])
def test_every_part_belongs_to_one_object_and_groups_have_members(seed: int) -> None:
    scene = make_scene(seed, None)
    parts = [p.id for o in scene.objects for p in o.parts]
    assert len(parts) == len(set(parts))
    owner = {p.id: o.id for o in scene.objects for p in o.parts}
    for visual in scene.visuals:
        assert (visual.object_id == 0) == (visual.part_id == 0)
        assert visual.object_id == 0 or owner[visual.part_id] == visual.object_id
    together = groups(scene)
    assert len(together) == max(o.id for o in scene.objects) + 1
    assert together[0] == 0
    assert all((together == g).sum() >= 2 for g in np.unique(together[together > 0]))


def test_doors_drawers_and_their_handles_are_parts_of_their_own() -> None:
    rng = np.random.default_rng(3)
    design = cabinets.unit(rng, cabinets.random_style(rng), 1.2, 0.9, 0.6, top=True, openness=0.5)
    names = [p.part for p in design.pieces]
    fronts = [n for n in names if n.split()[0] in ("door", "drawer")]
    handles = [n for n in names if n.startswith("handle")]
    assert len(fronts) == len(handles) == len(set(fronts)) >= 2
    hand = soft.arms(rng, np.array([0.0, 1.1, 0.1]), np.array([0.0, 0.75, -0.5]))[0]
    assert {"hand", "forearm"} <= {p.part for p in hand.pieces}


@needs_mitsuba
def test_views_are_whole_repeatable_and_not_rendered_twice(tmp_path: Path) -> None:
    job = Job(tmp_path / "a", None, 64, 1)
    job.out.mkdir()
    render_scene(job, 5, range(2))
    first = {p.name: p.read_bytes() for p in job.out.iterdir()}
    assert sorted(first) == ["000000.jpg", "000000.npz", "000001.jpg", "000001.npz"]
    with np.load(job.out / "000000.npz") as view:
        objects, parts, depth_mm, together = (view[k] for k in ("object_ids", "part_ids", "depth_mm", "groups"))
        names = json.loads(str(view["names"]))
    assert objects.shape == parts.shape == depth_mm.shape == (64, 64)
    assert objects.dtype == parts.dtype == depth_mm.dtype == together.dtype == np.uint16
    assert objects.max() < len(together)
    assert {str(i) for i in np.unique(objects[objects > 0])} <= set(names["objects"])
    assert {str(i) for i in np.unique(parts[parts > 0])} <= set(names["parts"])
    assert ((objects > 0) == (parts > 0)).all()

    (job.out / "000001.npz").unlink()  # as if it had been stopped
    (job.out / "000000.jpg").write_bytes(b"left alone")
    render_scene(job, 5, range(2))
    assert (job.out / "000000.jpg").read_bytes() == b"left alone"
    with np.load(job.out / "000001.npz") as again:
        (tmp_path / "before.npz").write_bytes(first["000001.npz"])
        with np.load(tmp_path / "before.npz") as before:
            assert all(np.array_equal(again[k], before[k]) for k in before.files)


def test_models_load_at_the_size_of_real_things(shared_data: Path) -> None:
    pytest.importorskip("trimesh", reason="models are read with trimesh: pip install 'gazeline[generate]'")
    found = assets.find_assets(shared_data / "assets3d")
    assert len(found) > 250
    for asset in found[:: max(len(found) // 60, 1)]:
        design = assets.design(asset)
        size = design.high - design.low
        assert np.isfinite(size).all()
        assert 0.01 < size.max() < (3.5 if asset.large else 0.6), asset.path
        assert design.low[1] == pytest.approx(0, abs=1e-6)


def test_a_broken_model_is_named(tmp_path: Path) -> None:
    pytest.importorskip("trimesh", reason="models are read with trimesh: pip install 'gazeline[generate]'")
    path = tmp_path / "ycb" / "001_thing" / "model.obj"
    path.parent.mkdir(parents=True)
    path.write_text("v 1 2\nf 1 2 3\n")
    (asset,) = assets.find_assets(tmp_path)
    with pytest.raises(ValueError, match=r"001_thing.*is no model"):
        assets.design(asset)
