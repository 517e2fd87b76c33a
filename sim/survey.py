"""What there is to look at: for each object, points on its visible surface, found by looking around once.

People look at what they see, so the points come from rendered id pictures and not from the objects' shapes: never at
the empty middle of a ring, never at something that is wholly hidden.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.calib.rig import RigCamera
from gazeline.calib.se3 import SE3
from gazeline.sim.head import facing, yaw_pitch_deg
from gazeline.sim.render import Rendered, Renderer
from gazeline.sim.rig import CAMERA, simulated_rig
from gazeline.sim.scene import Scene
from gazeline.sim.wearer import GazePoints

Array = NDArray[np.float64]

MOST_VIEWS = 12
LEAST_PX = 120
POINTS = 80  # per object
CENTRAL_STD = 0.25  # of the object's size in the picture (Nuthmann & Henderson 2010)
BIG_M = 1.0  # furniture is looked at less than what stands on it
BIG_WEIGHT, MOVING_WEIGHT = 0.2, 2.0


def survey(scene: Scene) -> list[GazePoints]:
    """Points to look at, by object, from the scene's viewpoint at the scene's time 0; objects never seen are left out.

    It is always made with the usual camera, so that a seed's wearer does the same whatever headset is worn. Leaves the
    scene at time 0. All rendering of a process is for one thread.
    """
    scene.advance(0)
    camera = simulated_rig().cameras[CAMERA]
    renderer = Renderer(scene, camera.camera)
    eye = np.asarray(scene.viewpoint.head, dtype=np.float64)
    rng = np.random.default_rng([scene.seed, 0x5EE])
    best: dict[int, tuple[int, Array, Array]] = {}  # pixels, points (N, 3), weights (N,)
    poses: list[SE3] = []
    targets = [np.asarray(scene.viewpoint.target, dtype=np.float64)]
    targets += [scene.position(item.id) for item in scene.objects]
    for target in targets:
        if any(camera.camera.project(T.inverse().apply(target))[1] for T in poses):
            continue  # it was there to be seen already
        if len(poses) == MOST_VIEWS:
            break
        head = facing(*yaw_pitch_deg(target - eye), 0.0)
        poses.append(SE3(head.quat_wxyz, eye) @ camera.se3)
        rendered = renderer.render(poses[-1])
        counts = np.bincount(rendered.object_ids.ravel())
        for object_id in np.flatnonzero(counts >= LEAST_PX).tolist():
            if object_id > 0 and (object_id not in best or counts[object_id] > best[object_id][0]):
                points, central = _points(rendered, object_id, camera, poses[-1], rng)
                best[object_id] = int(counts[object_id]), points, central
    renderer.close()
    things = []
    for item in scene.objects:
        if item.id not in best:
            continue
        _, points, central = best[item.id]
        if item.moving:
            points = points - middle_of(scene, item.id)
        big = float(scene.size(item.id).max()) > BIG_M and not item.moving
        weight = BIG_WEIGHT if big else MOVING_WEIGHT if item.moving else 1.0
        things.append(GazePoints(item.id, points, central, item.moving, weight))
    return things


def middle_of(scene: Scene, object_id: int) -> Array:
    """What the points of a moving object are relative to, (3,) world: the middle of its box, which stays where it is
    when a ball rolls."""
    low, high = scene.bounds(object_id)
    return (low + high) / 2.0


def _points(
    rendered: Rendered, object_id: int, camera: RigCamera, T_world_camera: SE3, rng: np.random.Generator
) -> tuple[Array, Array]:
    """World points (N, 3) on what is seen of an object, not at its very border, and their weights as a middle (N,)."""
    mask = rendered.object_ids == object_id
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)
    rows, columns = np.nonzero(inside >= min(3.0, 0.6 * float(inside.max())))
    if len(rows) > POINTS:
        chosen = rng.choice(len(rows), POINTS, replace=False)
        rows, columns = rows[chosen], columns[chosen]
    all_rows, all_columns = np.nonzero(mask)
    size_px = max(float(np.hypot(np.ptp(all_rows), np.ptp(all_columns))) / np.sqrt(2.0), 1.0)
    away = np.hypot(rows - all_rows.mean(), columns - all_columns.mean()) / (CENTRAL_STD * size_px)
    central = np.exp(-0.5 * (away**2 - away.min() ** 2))  # of a ring, what is nearest to its middle
    d_camera, _ = camera.camera.unproject(np.stack([columns, rows], axis=-1))
    points = T_world_camera.apply(d_camera * rendered.depth_m[rows, columns, None])
    return points, central / central.sum()
