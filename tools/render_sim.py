"""Render random views of random simulated scenes to disk, as training data with exact masks.

Each view becomes NNNNNN.jpg and NNNNNN.npz (``object_ids`` and ``part_ids``, uint16 (H, W), 0 = walls and floor;
``depth_mm`` uint16 (H, W) along the ray, 0 = unknown).
A view that is on disk is not rendered again, so a run that was stopped continues where it was.

    python tools/render_sim.py --out DIR --count 6000 --seed0 0 --size 384
"""

import argparse
import time
from pathlib import Path

import cv2
import numpy as np

from gazeline.calib.cameras import Camera, KannalaBrandt, Pinhole
from gazeline.calib.se3 import SE3
from gazeline.sim.render import Rendered, Renderer, forget, look_at
from gazeline.sim.scene import KINDS, Scene, SceneKind, build_scene

VIEWS_PER_SCENE = 12
SHARES = {"kitchen": 0.4, "desk": 0.4, "room": 0.2}


def random_camera(rng: np.random.Generator, size: int) -> Camera:
    """A pinhole of 40 to 110 degrees, or a fisheye of 110 to 150."""
    if rng.random() < 0.15:
        f = size / np.deg2rad(rng.uniform(110, 150))
        c = (size - 1) / 2
        return KannalaBrandt(size, size, f, f, c, c, float(rng.uniform(-0.03, 0.03)), 0.0, 0.0, 0.0)
    return Pinhole.from_horizontal_fov(size, size, np.deg2rad(rng.uniform(40, 110)))


def random_pose(rng: np.random.Generator, scene: Scene) -> SE3:
    """From head height towards a thing 0.4 to 3 m away, a little beside it and a little rolled."""
    movable = [o for o in scene.objects if o.movable or o.moving]
    pool = movable if movable and rng.random() < 0.85 else list(scene.objects)
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


def render_scene(out: Path, first: int, count: int, seed: int, size: int) -> None:
    """All views of one scene that are not on disk yet."""
    pending = [i for i in range(first, first + count) if not (out / f"{i:06d}.npz").exists()]
    if not pending:
        return
    rng = np.random.default_rng([2, seed])
    kinds: tuple[SceneKind, ...] = ("kitchen", "desk", "room")
    scene = build_scene(kinds[int(rng.choice(3, p=[SHARES[k] for k in KINDS]))], seed)
    for index in pending:
        view = np.random.default_rng([3, seed, index])
        for _ in range(8):
            scene.advance(int(view.uniform(0, 60e9)))
            renderer = Renderer(scene, random_camera(view, size))
            picture = renderer.render(random_pose(view, scene))
            renderer.close()
            if worth_keeping(picture):
                break
        bgr = cv2.cvtColor(picture.rgb, cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(out / f"{index:06d}.jpg"), bgr, [cv2.IMWRITE_JPEG_QUALITY, 93])
        part = out / f"{index:06d}.part.npz"
        depth_mm = np.clip(np.nan_to_num(picture.depth_m, posinf=0.0) * 1000.0, 0, 65535).astype(np.uint16)
        np.savez_compressed(part, object_ids=picture.object_ids, part_ids=picture.part_ids, depth_mm=depth_mm)
        part.rename(out / f"{index:06d}.npz")  # last, so that its presence means that the view is whole
    forget(scene)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures, made if missing")
    parser.add_argument("--count", type=int, default=1200, help="number of views")
    parser.add_argument("--seed0", type=int, default=0, help="seed of the first scene; a scene gives 12 views")
    parser.add_argument("--size", type=int, default=384, help="edge of the square pictures, pixels")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    start = time.monotonic_ns()
    for number, first in enumerate(range(0, args.count, VIEWS_PER_SCENE)):
        render_scene(args.out, first, min(VIEWS_PER_SCENE, args.count - first), args.seed0 + number, args.size)
        done = min(first + VIEWS_PER_SCENE, args.count)
        print(f"{done} of {args.count} views, {(time.monotonic_ns() - start) / 1e9:.0f} s", flush=True)


if __name__ == "__main__":
    main()
