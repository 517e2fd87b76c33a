"""Random views of random simulated scenes, with exact masks and depth: training data, and a set to be measured on.

Each view becomes NNNNNN.jpg and NNNNNN.npz: ``object_ids`` and ``part_ids``, uint16 (H, W), 0 = walls and floor;
``depth_mm``, uint16 (H, W) along the ray, 0 = unknown; ``object_kinds``, what the object of each id is called ("" for
0); ``scene_seed``, whose objects have the same ids in all views; ``fov_deg``, the angle that the picture spans.
A view that is on disk is not rendered again, so a run that was stopped continues where it was.
"""

from pathlib import Path

import cv2
import numpy as np

from gazeline.calib.cameras import Camera, KannalaBrandt, Pinhole
from gazeline.calib.se3 import SE3
from gazeline.sim.render import Rendered, Renderer, forget, look_at
from gazeline.sim.scene import KINDS, Scene, SceneKind, build_scene

SHARES = {"kitchen": 0.4, "desk": 0.4, "room": 0.2}


def render_views(
    out: Path, count: int, seed0: int = 0, size: int = 384, views_per_scene: int = 12, people: bool = False
) -> None:
    """Write ``count`` square views into ``out``; the scenes have the seeds ``seed0`` and following.

    With ``people``, they look at the people in them, where there are any.
    """
    out.mkdir(parents=True, exist_ok=True)
    for number, first in enumerate(range(0, count, views_per_scene)):
        _render_scene(out, range(first, min(first + views_per_scene, count)), seed0 + number, size, people)


def random_camera(rng: np.random.Generator, size: int) -> Camera:
    """A pinhole of 40 to 110 degrees, or a fisheye of 110 to 150."""
    if rng.random() < 0.15:
        f = size / np.deg2rad(rng.uniform(110, 150))
        c = (size - 1) / 2
        return KannalaBrandt(size, size, f, f, c, c, float(rng.uniform(-0.03, 0.03)), 0.0, 0.0, 0.0)
    return Pinhole.from_horizontal_fov(size, size, np.deg2rad(rng.uniform(40, 110)))


def random_pose(rng: np.random.Generator, scene: Scene, people: bool = False) -> SE3:
    """From head height towards a thing (or somebody) 0.4 to 3 m away, a little beside it and a little rolled."""
    movable = [o for o in scene.objects if o.movable or o.moving]
    pool = movable if movable and rng.random() < 0.85 else list(scene.objects)
    if people:
        pool = [o for o in scene.objects if o.kind == "person"] or pool
    home = np.asarray(scene.viewpoint.head)
    eye, target = home, np.asarray(scene.viewpoint.target)
    for _ in range(40):
        aim = scene.position(pool[int(rng.integers(len(pool)))].id)
        eye = home + rng.normal(0, 1, 3) * [0.45, 0.15, 0.3]
        if rng.random() < 0.5:  # lean in
            eye += (aim - eye) * rng.uniform(0.1, 0.6)
        eye[1] = np.clip(eye[1], aim[1] + 0.08, 1.9)
        away = float(np.linalg.norm(aim - eye))
        if 0.4 <= away <= 3.0:
            target = aim + rng.normal(0, 0.12, 3) * away
            break
    level = look_at(eye, target)
    roll = np.deg2rad(rng.normal(0, 6))
    return level @ SE3(np.array([np.cos(roll / 2), 0.0, 0.0, np.sin(roll / 2)]), np.zeros(3))


def worth_keeping(picture: Rendered) -> bool:
    """Nothing right before the lens, a few things in view, not a single thing filling the picture."""
    ids, counts = np.unique(picture.object_ids, return_counts=True)
    seen = int(((ids > 0) & (counts > 60)).sum())
    return bool(np.quantile(picture.depth_m, 0.02) > 0.2 and seen >= 4 and counts.max() < 0.85 * counts.sum())


def fov_deg(camera: Camera) -> float:
    """The angle between the middles of the picture's left and right border."""
    y = (camera.height - 1) / 2
    (left, right), _ = camera.unproject(np.array([[-0.5, y], [camera.width - 0.5, y]]))
    return float(np.degrees(np.arccos(left[2]) + np.arccos(right[2])))


def _render_scene(out: Path, views: range, seed: int, size: int, people: bool) -> None:
    """All views of one scene that are not on disk yet."""
    pending = [i for i in views if not (out / f"{i:06d}.npz").exists()]
    if not pending:
        return
    rng = np.random.default_rng([2, seed])
    kinds: tuple[SceneKind, ...] = ("kitchen", "desk", "room")
    scene = build_scene(kinds[int(rng.choice(3, p=[SHARES[k] for k in KINDS]))], seed)
    for index in pending:
        view = np.random.default_rng([3, seed, index])
        for _ in range(8):
            scene.advance(int(view.uniform(0, 60e9)))
            camera = random_camera(view, size)
            renderer = Renderer(scene, camera)
            picture = renderer.render(random_pose(view, scene, people))
            renderer.close()
            if worth_keeping(picture):
                break
        _write(out, index, picture, scene, camera)
    forget(scene)


def _write(out: Path, index: int, picture: Rendered, scene: Scene, camera: Camera) -> None:
    bgr = cv2.cvtColor(picture.rgb, cv2.COLOR_RGB2BGR)
    if not cv2.imwrite(str(out / f"{index:06d}.jpg"), bgr, [cv2.IMWRITE_JPEG_QUALITY, 93]):
        raise OSError(f"{out} cannot be written to")
    part = out / f"{index:06d}.part.npz"
    np.savez_compressed(
        part,
        object_ids=picture.object_ids,
        part_ids=picture.part_ids,
        depth_mm=np.clip(np.nan_to_num(picture.depth_m, posinf=0.0) * 1000.0, 0, 65535).astype(np.uint16),
        object_kinds=np.array(["", *(item.kind for item in scene.objects)]),
        scene_seed=scene.seed,
        fov_deg=fov_deg(camera),
    )
    part.rename(out / f"{index:06d}.npz")  # last, so that its presence means that the view is whole
