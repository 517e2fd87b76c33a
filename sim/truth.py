"""The truth of one frame: what is where in the picture, and what the eye really looks at."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gazeline.calib.cameras import Camera
from gazeline.calib.se3 import SE3
from gazeline.runtime.messages import TruthFrame, TruthObject
from gazeline.runtime.sync import pose_of
from gazeline.runtime.topics import TRUTH_FRAME
from gazeline.sim.render import Rendered
from gazeline.sim.scene import Scene
from gazeline.sim.wearer import EyeState

Ids = NDArray[np.uint16]

NEAREST_M, FARTHEST_M = 0.05, 30.0
STEPS = 400  # along the gaze ray: 1.6 % of the distance each


@dataclass(frozen=True, eq=False)
class GazeHit:
    """Where the gaze ray meets the scene: the pixel (x, y), the object there (0: background), metres from the eye."""

    px: tuple[float, float]
    object_id: int
    distance_m: float


@dataclass(frozen=True, eq=False)
class Truth:
    """What scoring needs of one frame. ``hit`` is None where the gaze leaves the picture. Times are the session's."""

    frame_index: int
    t_ns: int
    object_ids: Ids  # (H, W)
    eye: EyeState
    hit: GazeHit | None


def gaze_hit(rendered: Rendered, camera: Camera, T_world_camera: SE3, eye: EyeState) -> GazeHit | None:
    """Where the eye's ray first meets what the camera sees.

    The eye is not where the camera is, so the ray is followed outwards through the picture until it is behind the
    surface that the picture shows there. None if that does not happen inside the picture.
    """
    T_camera_head = T_world_camera.inverse() @ eye.T_world_head
    d_camera = T_camera_head.rotate(eye.d_head)
    distance_m = np.geomspace(NEAREST_M, FARTHEST_M, STEPS)
    for _ in range(2):  # the second round is within the step that the first one found
        points = T_camera_head.xyz_m + distance_m[:, None] * d_camera  # (STEPS, 3)
        px, seen = camera.project(points)
        nearest_px = np.rint(np.where(seen[:, None], px, 0.0)).astype(np.int64)
        column, row = np.clip(nearest_px, 0, (camera.width - 1, camera.height - 1)).T
        behind = seen & (np.linalg.norm(points, axis=-1) >= rendered.depth_m[row, column])
        if not behind.any():
            return None
        first = int(behind.argmax())
        if first > 0 and not seen[first - 1]:
            return None  # it entered the picture from behind: what it met before is not to be seen
        x, y = px[first].tolist()
        hit = GazeHit((x, y), int(rendered.object_ids[row[first], column[first]]), float(distance_m[first]))
        distance_m = np.linspace(distance_m[max(first - 1, 0)], distance_m[first], 50)
    return hit


def truth_message(
    truth: Truth, rendered: Rendered, scene: Scene, T_world_camera: SE3, capture_ns: int
) -> tuple[TruthFrame, tuple[bytes, ...]]:
    """``truth.frame`` and its raw pictures: object ids, part ids, range in mm (65535: nothing there)."""
    height, width = truth.object_ids.shape
    depth_mm = np.minimum(rendered.depth_m * np.float32(1000.0), 65535.0).astype(np.uint16)
    age_ns = truth.t_ns - truth.eye.since_ns if truth.eye.since_ns is not None else 0
    message = TruthFrame(
        topic=TRUTH_FRAME,
        capture_ns=capture_ns,
        frame_index=truth.frame_index,
        width=width,
        height=height,
        images=["id16", "part16", "depth16"],
        objects=_visible(truth.object_ids, rendered, scene),
        gazed_id=truth.hit.object_id if truth.hit else None,
        gaze_px=truth.hit.px if truth.hit else None,
        eye=truth.eye.phase,
        fixation_ns=age_ns,
        T_world_camera=pose_of(T_world_camera),
    )
    return message, (truth.object_ids.tobytes(), rendered.part_ids.tobytes(), depth_mm.tobytes())


def _visible(ids: Ids, rendered: Rendered, scene: Scene) -> list[TruthObject]:
    """The objects in the picture. Boxes are x0, y0, x1, y1: the outer edges of the pixels."""
    height, width = ids.shape
    # runs of one id along the rows: a hundredth as many as pixels
    starts = np.ones((height, width), dtype=np.bool_)
    np.not_equal(ids[:, 1:], ids[:, :-1], out=starts[:, 1:])
    first = np.flatnonzero(starts)
    run_ids = ids.ravel()[first].astype(np.int64)
    lengths = np.diff(first, append=ids.size)
    rows, columns = np.divmod(first, width)
    count = 1 + max((item.id for item in scene.objects), default=0)
    pixels = np.bincount(run_ids, lengths, count)
    low, high = np.full((count, 2), max(ids.shape)), np.full((count, 2), -1)  # x, y
    for axis, smallest, largest in ((0, columns, columns + lengths - 1), (1, rows, rows)):
        np.minimum.at(low[:, axis], run_ids, smallest)
        np.maximum.at(high[:, axis], run_ids, largest)
    some_ids, some_m = ids[::2, ::2].ravel(), rendered.depth_m[::2, ::2].ravel()
    metres = np.bincount(some_ids, np.where(np.isfinite(some_m), some_m, 0.0), count)
    some_pixels = np.bincount(some_ids, minlength=count)
    found = []
    for item in scene.objects:
        if not pixels[item.id]:
            continue
        (x0, y0), (x1, y1) = low[item.id].tolist(), high[item.id].tolist()
        if some_pixels[item.id]:
            depth_m = float(metres[item.id] / some_pixels[item.id])
        else:  # a line or two of pixels
            depth_m = float(rendered.depth_m[ids == item.id].mean())
        found.append(
            TruthObject(
                id=item.id,
                name=item.name,
                visible_px=int(pixels[item.id]),
                box=(x0 - 0.5, y0 - 0.5, x1 + 0.5, y1 + 0.5),
                depth_m=round(depth_m, 4),
                parts={part.name: part.id for part in item.parts},
            )
        )
    return found
