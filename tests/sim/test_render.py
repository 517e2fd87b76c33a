"""Pictures: the truth in them agrees with the scene's geometry, through every lens, and is the same everywhere."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from gazeline.calib.cameras import Camera, KannalaBrandt, Pinhole
from gazeline.calib.se3 import SE3
from gazeline.sim.build import Placed, background, build
from gazeline.sim.design import Look, block
from gazeline.sim.meshes import box, rot
from gazeline.sim.objects_crockery import mug
from gazeline.sim.scene import Light, Plan, Scene, Viewpoint, build_scene

CAMERA = Pinhole(320, 240, 230.0, 235.0, 163.0, 112.5)


@pytest.fixture(scope="module", autouse=True)
def _gl() -> None:
    from gazeline.sim.gl import make_current

    try:
        make_current()
    except OSError as error:
        pytest.skip(f"pictures need OpenGL: {error}")


@pytest.fixture(scope="module")
def kitchen() -> Scene:
    return build_scene("kitchen", 4)


def view(scene: Scene) -> SE3:
    from gazeline.sim.render import look_at

    return look_at(scene.viewpoint.head, scene.viewpoint.target)


def test_ids_and_range_agree_with_projection(kitchen: Scene) -> None:
    from gazeline.sim.render import Renderer

    T, camera = view(kitchen), Pinhole(640, 480, 460.0, 470.0, 326.0, 225.0)
    picture = Renderer(kitchen, camera).render(T)
    assert picture.rgb.shape == (480, 640, 3)
    assert picture.rgb.dtype == np.uint8
    assert picture.object_ids.dtype == picture.part_ids.dtype == np.uint16
    assert picture.depth_m.dtype == np.float32
    checked = 0
    for item in kitchen.objects:
        p_camera = T.inverse().apply(kitchen.position(item.id))
        px, valid = camera.project(p_camera)
        if not valid:
            continue
        x, y = (round(float(v)) for v in px)
        away = float(np.linalg.norm(p_camera))
        if abs(float(picture.depth_m[y, x]) - away) < 0.006:  # that very point is what is seen there
            assert picture.object_ids[y, x] == item.id, item.name
            checked += 1
        else:  # then something stands before it, never behind
            around = picture.depth_m[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
            assert around.min() < away + 0.03, item.name
    assert checked >= 8


def test_range_is_that_of_the_plane_under_the_pixel() -> None:
    from gazeline.sim.render import Renderer, look_at

    floor = background(box((8, 0.1, 8)).moved((0, -0.1, 0)), Look(), block((8, 0.1, 8), -0.1))
    placed = [floor]
    scene = Scene("room", 0, Plan(placed, Light(), Viewpoint((0, 1, 0), (0, 0, -1))), build(placed))
    T = look_at((0.2, 1.3, 0.4), (0.1, 0.0, -0.9))
    picture = Renderer(scene, CAMERA).render(T)
    y, x = np.mgrid[20:240:20, 10:320:30]
    d, _ = CAMERA.unproject(np.stack([x, y], -1))
    points = T.apply(d * picture.depth_m[y, x][..., None])
    np.testing.assert_allclose(points[..., 1], 0.0, atol=1e-4)
    assert (picture.object_ids == 0).all()


def test_parts_belong_to_their_object(kitchen: Scene) -> None:
    from gazeline.sim.render import Renderer

    picture = Renderer(kitchen, CAMERA).render(view(kitchen))
    owner = {p.id: o.id for o in kitchen.objects for p in o.parts} | {0: 0}
    pairs = np.unique(np.stack([picture.part_ids.ravel(), picture.object_ids.ravel()], -1), axis=0)
    assert len(pairs) > 20
    assert all(owner[int(part)] == int(whole) for part, whole in pairs)


def test_a_mugs_handle_has_a_hole() -> None:
    from gazeline.sim.render import Renderer, look_at

    floor = background(box((4, 0.1, 4)).moved((0, -0.1, 0)), Look((0.5, 0.4, 0.3)), block((4, 0.1, 4), -0.1))
    design = mug(np.random.default_rng(3))
    placed = [floor, Placed(design, (0.0, 0.002, 0.0), rot("y", 0), free=True)]
    scene = Scene("room", 0, Plan(placed, Light(), Viewpoint((0, 1, 0), (0, 0, -1))), build(placed))
    low, high = scene.bounds(1)
    T = look_at((0.0, 0.1, 0.45), (0.0, 0.05, 0.0))
    camera = Pinhole(400, 300, 600.0, 600.0, 199.5, 149.5)
    picture = Renderer(scene, camera).render(T)
    inside = np.array([high[0] - 0.016, (low[1] + high[1]) / 2, 0.0])  # between the handle and the body
    px, _ = camera.project(T.inverse().apply(inside))
    x, y = (round(float(v)) for v in px)
    row = picture.object_ids[y]
    assert row[x] == 0
    assert (row[x + 1 :] == 1).any()  # the handle's arc further out
    assert (row[:x] == 1).any()  # the body


@pytest.mark.parametrize(
    "camera",
    [
        KannalaBrandt(320, 320, 122.0, 122.0, 159.5, 159.5, 0.01, 0.0, 0.0, 0.0),  # 150 degrees across
        KannalaBrandt(320, 240, 200.0, 200.0, 160.0, 118.0, -0.02, 0.0, 0.0, 0.0),
    ],
)
def test_a_fisheye_sees_what_a_pinhole_sees(kitchen: Scene, camera: Camera) -> None:
    from gazeline.sim.render import Renderer

    T = view(kitchen)
    pinhole = Pinhole.from_horizontal_fov(900, 900, np.deg2rad(100))
    straight, bent = Renderer(kitchen, pinhole).render(T), Renderer(kitchen, camera).render(T)
    y, x = np.mgrid[0 : camera.height, 0 : camera.width]
    d, seen = camera.unproject(np.stack([x, y], -1).astype(float))
    px, both = pinhole.project(d)
    ok = seen & both
    assert ok.mean() > 0.2
    u, v = (np.round(px[ok]).astype(int)).T
    same = straight.object_ids[v, u] == bent.object_ids[ok]
    assert same.mean() > 0.965  # the rest are borders, where half a pixel decides
    error = np.abs(straight.depth_m[v, u] - bent.depth_m[ok])
    assert np.median(error) < 0.01
    colour = np.abs(straight.rgb[v, u].astype(int) - bent.rgb[ok]).mean(-1)
    assert np.median(colour) < 12
    assert np.isinf(bent.depth_m[~seen]).all()
    assert (bent.object_ids[~seen] == 0).all()


def test_the_picture_follows_time_and_comes_back(kitchen: Scene) -> None:
    from gazeline.sim.render import Renderer

    renderer, T = Renderer(kitchen, CAMERA), view(kitchen)
    kitchen.advance(0)
    first = renderer.render(T)
    kitchen.advance(1_700_000_000)
    later = renderer.render(T)
    kitchen.advance(0)
    again = renderer.render(T)
    assert (first.object_ids != later.object_ids).any()
    np.testing.assert_array_equal(first.object_ids, again.object_ids)
    np.testing.assert_array_equal(first.rgb, again.rgb)


def test_pictures_are_bright_and_varied() -> None:
    from gazeline.sim.render import Renderer, forget

    for kind in ("kitchen", "desk", "room"):
        scene = build_scene(kind, 4)
        rgb = Renderer(scene, CAMERA).render(view(scene)).rgb
        assert 60 < rgb.mean() < 210, kind
        assert rgb.std() > 20, kind
        assert (rgb.max(-1) == 0).mean() < 0.02, kind
        forget(scene)


def test_another_process_draws_the_same_ids() -> None:
    code = (
        "import hashlib, numpy as np\n"
        "from gazeline.calib.cameras import Pinhole\n"
        "from gazeline.sim.render import Renderer, look_at\n"
        "from gazeline.sim.scene import build_scene\n"
        "s = build_scene('desk', 4)\n"
        "s.advance(800_000_000)\n"
        "p = Renderer(s, Pinhole(320, 240, 230.0, 235.0, 163.0, 112.5))"
        ".render(look_at(s.viewpoint.head, s.viewpoint.target))\n"
        "print(hashlib.sha256(p.object_ids.tobytes() + p.part_ids.tobytes()).hexdigest())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    from gazeline.sim.render import Renderer

    scene = build_scene("desk", 4)
    scene.advance(800_000_000)
    picture = Renderer(scene, CAMERA).render(view(scene))
    here = hashlib.sha256(picture.object_ids.tobytes() + picture.part_ids.tobytes()).hexdigest()
    assert done.stdout.split()[-1] == here
