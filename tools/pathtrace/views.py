"""Where the wearer looks from, and through which lens."""

import numpy as np

from gazeline.calib.cameras import Camera, KannalaBrandt, Pinhole
from gazeline.calib.se3 import SE3
from gazeline.sim.render import look_at
from gazeline.sim.scene import Scene
from gazeline.sim.textures import Rng
from tools.pathtrace.tracer import Tracer

VIEWS_PER_SCENE = 10
TRIES = 12


def random_view(rng: Rng, scene: Scene, tracer: Tracer, size: int) -> tuple[Camera, SE3]:
    """A camera and a pose that shows several things, none right before the lens and none filling the picture."""
    for _ in range(TRIES):
        camera, pose = random_camera(rng, size), random_pose(rng, scene)
        object_ids, _, depth_m = tracer.ids(camera.resized(size // 4, size // 4), pose)
        ids, counts = np.unique(object_ids, return_counts=True)
        seen = int(((ids > 0) & (counts > 4)).sum())
        hit = depth_m[depth_m > 0]
        if hit.size and np.quantile(hit, 0.02) > 0.15 and seen >= 5 and counts.max() < 0.8 * counts.sum():
            break
    return camera, pose


def random_camera(rng: Rng, size: int) -> Camera:
    """A pinhole of 55 to 110 degrees, or a fisheye of 100 to 150."""
    if rng.random() < 0.2:
        f = size / np.deg2rad(rng.uniform(100, 150))
        c = (size - 1) / 2
        return KannalaBrandt(size, size, f, f, c, c, float(rng.uniform(-0.03, 0.03)), 0.0, 0.0, 0.0)
    return Pinhole.from_horizontal_fov(size, size, np.deg2rad(rng.uniform(55, 110)))


def random_pose(rng: Rng, scene: Scene) -> SE3:
    """From head height towards a thing 0.3 to 4 m away, a little beside it and a little rolled."""
    movable = [o for o in scene.objects if o.movable or o.moving]
    pool = movable if movable and rng.random() < 0.8 else list(scene.objects)
    home = np.asarray(scene.viewpoint.head)
    eye, target = home, np.asarray(scene.viewpoint.target)
    calm = 0.3 if any(o.kind == "arm" for o in scene.objects) else 1.0  # the arms are where the wearer sits
    for _ in range(40):
        aim = scene.position(pool[int(rng.integers(len(pool)))].id)
        eye = home + rng.normal(0, 1, 3) * np.array([0.5, 0.2, 0.3]) * calm
        if rng.random() < 0.6 * calm:  # lean in
            eye += (aim - eye) * rng.uniform(0.1, 0.65)
        eye[1] = np.clip(eye[1], aim[1] + 0.12, 1.85)
        away = float(np.linalg.norm(aim - eye))
        if 0.3 <= away <= 4.0:
            target = aim + rng.normal(0, 0.12, 3) * away
            break
    roll = np.deg2rad(rng.normal(0, 7))
    return look_at(eye, target) @ SE3(np.array([np.cos(roll / 2), 0.0, 0.0, np.sin(roll / 2)]), np.zeros(3))
