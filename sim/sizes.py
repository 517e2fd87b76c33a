"""How right the sizes of objects are (`gazeline.runtime.size`), against the truth of many views of simulated scenes.

The truth of an object is the extent, in the plane that faces the camera at the object's middle, of the corners of all
pixels that show it, each as far away as it really is. Objects cut off by the picture's border are left out: nobody
knows how large they are. The outlines are those of the true masks, so that nothing but the size is measured, and then
those of the model for a click; these only where they overlap with the object by half, since others are outlines of
other things.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gazeline.calib.rig import RigCamera
from gazeline.calib.se3 import SE3
from gazeline.engines.clicks import deepest
from gazeline.engines.mask_scores import iou
from gazeline.engines.segmenter import Prompt, Segmenter
from gazeline.runtime.config import OutlineSettings
from gazeline.runtime.depth import Plane, distances
from gazeline.runtime.messages import OverlayObject, Vec2
from gazeline.runtime.outline import outline, rays_of
from gazeline.runtime.size import extent_of, sized
from gazeline.sim.depth_camera import DepthCamera, DepthSettings
from gazeline.sim.head import facing, yaw_pitch_deg
from gazeline.sim.render import Rendered, Renderer
from gazeline.sim.rig import CAMERA, simulated_rig
from gazeline.sim.scene import KINDS, build_scene
from gazeline.sim.tracker import Tracker, TrackerSettings
from gazeline.sim.wearer import EyeState

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

LEAST_PX = 400
LEAST_IOU = 0.5
SAMPLES = 14  # of the tracker in the 120 ms whose median the runtime takes
DEFAULT_M = OutlineSettings().default_depth_m


@dataclass(frozen=True)
class Row:
    """One way to tell sizes: the error of width and height together, in percent, and how often one and two of the
    stated standard deviations cover it."""

    outline: str
    told_by: str
    objects: int
    median_percent: float
    p90_percent: float
    within_5_percent: float
    stated_percent: float  # the median of what is stated
    within_1: float
    within_2: float


def measure(scenes: Sequence[str] = KINDS, seeds: Sequence[int] = (0, 1), model: str | None = None) -> list[Row]:
    """Views of each scene from where the wearer stands and from half way to the things. OSError, ValueError."""
    found: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    segmenter = Segmenter.load(model) if model is not None else None
    try:
        for number, (kind, seed) in enumerate((kind, seed) for kind in scenes for seed in seeds):
            for made, name, true_m in _objects(kind, seed, number, segmenter):
                assert made.size_m is not None
                assert made.size_error_m is not None
                for size, error, true in zip(made.size_m, made.size_error_m, true_m, strict=True):
                    found.setdefault((name, str(made.size_source)), []).append((size, error, true))
    finally:
        if segmenter is not None:
            segmenter.close()
    return [_row(name, told_by, np.array(values)) for (name, told_by), values in sorted(found.items())]


def true_size(mask: Mask, depth_m: NDArray[np.float32], mount: RigCamera, T_world_camera: SE3) -> Vec2:
    """Width and height (m) of what a mask (H, W) shows, by the corners of its pixels."""
    rows, columns = np.nonzero(mask)
    corners = [
        mount.camera.unproject(np.stack((columns + x, rows + y), axis=-1))[0] * depth_m[rows, columns, None]
        for x in (-0.5, 0.5)
        for y in (-0.5, 0.5)
    ]
    return extent_of(np.concatenate(corners), T_world_camera.R[1])


def outlined(
    mask: NDArray[np.float32], mount: RigCamera, plane: Plane | None, verged_m: float | None, score: float
) -> OverlayObject | None:
    """A mask's logits (H, W) as the runtime puts a gazed object on the wire, as far as a depth picture or the eyes'
    vergence tell; None where it is empty."""
    shape = outline(mask)
    if shape is None:
        return None
    far = distances(shape, plane, mask.shape[1], mask.shape[0]) if plane is not None else None
    return OverlayObject(
        id=1, score=score, gazed=True, outline=[], rays=[ray.tolist() for ray in rays_of(shape, mount.camera)],
        box=shape.box, area_px=shape.area_px, depth_m=verged_m if far is None else far.median_m,
        depths_m=[] if far is None else [ring.tolist() for ring in far.rings],
    )  # fmt: skip


def _objects(
    kind: str, seed: int, number: int, segmenter: Segmenter | None
) -> Iterator[tuple[OverlayObject, str, Vec2]]:
    """Each object in each way, by which outline, and its true size."""
    mount = simulated_rig().cameras[CAMERA]
    height, width = mount.camera.height, mount.camera.width
    depth_camera, tracker = DepthCamera(DepthSettings(), width, height, seed), Tracker(TrackerSettings(), seed)
    scene = build_scene(kind, seed)  # type: ignore[arg-type]  # it checks
    renderer = Renderer(scene, mount.camera)
    target, eyes = np.array(scene.viewpoint.target), np.array(scene.viewpoint.head)
    rng = np.random.default_rng([seed, number, 0x512E])
    for view, (share, aside) in enumerate((share, aside) for share in (0.0, 0.4) for aside in (-0.35, 0.0, 0.35)):
        eye = eyes + share * (target - eyes)
        head = facing(*yaw_pitch_deg(target + np.array((aside, 0.0, 0.0)) - eye), float(rng.normal(0.0, 6.0)))
        T_world_head = SE3(head.quat_wxyz, eye)
        T_world_camera = T_world_head @ mount.se3
        seen = renderer.render(T_world_camera)
        plane = depth_camera.plane(seen.depth_m, 100 * number + view)
        for item in scene.objects:
            mask = seen.object_ids == item.id
            cut = mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()
            if cut or np.count_nonzero(mask) < LEAST_PX:
                continue
            true_m = true_size(mask, seen.depth_m, mount, T_world_camera)
            vergence_m = _vergence(tracker, seen, mask, T_world_head, T_world_camera, mount)
            for name, logits, score in _outlines(seen, mask, segmenter):
                for depth, verged_m, pose in (
                    (plane, None, T_world_camera),
                    (None, vergence_m, T_world_camera),
                    (None, None, T_world_camera),
                    (None, None, None),
                ):
                    thing = outlined(logits, mount, depth, verged_m, score)
                    if thing is not None:
                        yield sized([thing], pose, DEFAULT_M)[0], name, true_m
    renderer.close()


def _outlines(
    seen: Rendered, mask: Mask, segmenter: Segmenter | None
) -> Iterator[tuple[str, NDArray[np.float32], float]]:
    """The true mask as logits (H, W), and the model's; with the IoU that is expected of it."""
    yield "true", np.where(mask, 1.0, -1.0).astype(np.float32), 1.0
    if segmenter is None:
        return
    click, _ = deepest(mask)
    window = segmenter.window_for(mask.shape[1], mask.shape[0], click)
    (masks,) = segmenter.decode(segmenter.encode(seen.rgb, window), [Prompt([click])])
    if iou(masks.mask(), mask) < LEAST_IOU:
        return
    logits = np.full(mask.shape, -1.0, np.float32)
    crop, (x0, y0, x1, y1) = masks.crop()
    logits[y0:y1, x0:x1] = crop
    yield "model", logits, float(masks.iou[masks.best])


def _vergence(
    tracker: Tracker, seen: Rendered, mask: Mask, T_world_head: SE3, T_world_camera: SE3, mount: RigCamera
) -> float | None:
    """What the tracker tells of the distance of the object's middle: the median of a fixation's samples."""
    (x, y), _ = deepest(mask)
    ray, _ = mount.camera.unproject((x, y))
    p_head = T_world_head.inverse().apply(T_world_camera.apply(ray * float(seen.depth_m[int(y), int(x)])))
    distance_m = float(np.linalg.norm(p_head))
    state = EyeState(0, T_world_head, p_head / distance_m, distance_m, "fixation", 1.0, 0, 0)
    first = int(np.count_nonzero(mask)) * SAMPLES  # other samples for another object
    told = [sample.depth_m for k in range(SAMPLES) if (sample := tracker.sample(first + k, state)).depth_m is not None]
    return float(np.median(told)) if told else None


def _row(outline_name: str, told_by: str, values: Array) -> Row:
    size, stated, true = values.T
    off = np.abs(size - true)
    percent = 100.0 * off / true
    return Row(
        outline=outline_name,
        told_by=told_by,
        objects=len(values) // 2,
        median_percent=round(float(np.median(percent)), 2),
        p90_percent=round(float(np.percentile(percent, 90)), 2),
        within_5_percent=round(float((percent <= 5.0).mean()), 3),
        stated_percent=round(float(np.median(100.0 * stated / size)), 2),
        within_1=round(float((off <= stated).mean()), 3),
        within_2=round(float((off <= 2.0 * stated).mean()), 3),
    )
