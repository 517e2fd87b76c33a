"""Registration: how far a drawn outline stands from its object when it is displayed, while the head turns.

The measure is free of the model's mask error: outlines are those of the true masks, and the truth for each vertex is
the point of the object's surface that was seen there, wherever that stands at display. What remains is what late
reprojection can do and cannot: the distances that are known, and the head poses, which are tracked with noise and at
display must be predicted. The same outlines are also drawn with the true display pose, to tell the two apart.

The head turns about the neck with a minimum-jerk course (see `gazeline.sim.head`) whose peak speed is the one named;
pictures are captured around the peak.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import degrees
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from gazeline.calib import so3
from gazeline.calib.rig import RigCamera
from gazeline.calib.se3 import SE3
from gazeline.runtime.config import OutlineSettings
from gazeline.runtime.depth import distances
from gazeline.runtime.messages import OverlayObject, Pose
from gazeline.runtime.outline import Outline, outline, rays_of
from gazeline.runtime.reproject import reproject
from gazeline.runtime.sync import History, pose_at, pose_of
from gazeline.sim.depth_camera import DepthCamera, DepthSettings
from gazeline.sim.head import MIN_JERK_PEAK, NECK_TO_EYES_M, facing, min_jerk, yaw_pitch_deg
from gazeline.sim.headset import sample_ns
from gazeline.sim.render import Rendered, Renderer
from gazeline.sim.rig import CAMERA, simulated_rig
from gazeline.sim.scene import KINDS, Scene, build_scene

Array = NDArray[np.float64]

LEAST_PX = 200  # smaller things have no outline worth measuring
AMPLITUDE_DEG = 60.0
START_NS = 2_000_000_000


class Spread(TypedDict):
    """How errors are spread, in degrees."""

    count: int
    mean_deg: float
    p95_deg: float
    p99_deg: float


class Row(Spread):
    """The errors of one way of drawing. ``display_pose``: known exactly, or predicted as a display must."""

    speed_deg_s: float
    delay_ms: float
    distance_m: str
    method: str
    display_pose: str


@dataclass(frozen=True)
class Settings:
    """What is measured. ``distances_m``: borders of the classes; ``views_m``: distances to the scene's middle.

    ``pose_noise``: of each tracked pose, per axis. ``draw_ahead_ms``: so long before display the outline is drawn, with
    the newest pose that has arrived by then.
    """

    speeds_deg_s: tuple[float, ...] = (30.0, 60.0, 100.0, 150.0)
    delays_ms: tuple[float, ...] = (20.0, 35.0, 50.0, 75.0, 100.0)
    distances_m: tuple[float, ...] = (0.4, 0.7, 1.0, 2.0, 5.0)
    views_m: tuple[float, ...] = (0.5, 0.8, 1.2, 2.0, 3.0)
    phases: tuple[float, ...] = (-0.1, 0.0, 0.1)  # of the capture from the turn's middle, in turns
    scenes: tuple[str, ...] = KINDS
    seed: int = 0
    pose_noise_deg: float = 0.02
    pose_noise_m: float = 0.0002
    pose_latency_ms: float = 2.0
    draw_ahead_ms: float = 15.0
    default_depth_m: float = OutlineSettings().default_depth_m
    depth: DepthSettings = field(default_factory=DepthSettings)


@dataclass(frozen=True, eq=False)
class Seen:
    """One object in one picture: how it goes on the wire, and the true point (V, 3) of each vertex, camera frame."""

    thing: OverlayObject
    p_camera: Array
    distance_m: float


@dataclass(frozen=True)
class Turn:
    """A turn of the head to the left about the neck, at its fastest at ``middle_ns``, then facing ``yaw_deg``."""

    speed_deg_s: float
    middle_ns: int
    neck_m: tuple[float, float, float]
    yaw_deg: float
    pitch_deg: float

    def pose(self, t_ns: int) -> SE3:
        """T_world_head."""
        duration_ns = 1e9 * MIN_JERK_PEAK * AMPLITUDE_DEG / self.speed_deg_s
        share = min_jerk((t_ns - self.middle_ns) / duration_ns + 0.5)
        R = facing(self.yaw_deg + (share - 0.5) * AMPLITUDE_DEG, self.pitch_deg, 0.0)
        return SE3(R.quat_wxyz, np.array(self.neck_m) + R.rotate(NECK_TO_EYES_M))


def measure(settings: Settings) -> dict[str, object]:
    """Everything about turning heads: ``turning`` (rows) and ``prediction`` (the error of predicted poses alone)."""
    errors: dict[tuple[float, float, str, str, str], list[Array]] = {}
    prediction: dict[tuple[float, float], list[float]] = {}
    rng = np.random.default_rng([settings.seed, 0x4E6])
    for T_world_head, mount, objects in _pictures(settings):
        for speed in settings.speeds_deg_s:
            for phase in settings.phases:
                turn = _turn_through(T_world_head, speed, phase)
                for delay_ms in settings.delays_ms:
                    shown_ns = START_NS + round(1e6 * delay_ms)
                    poses = _tracked(turn, settings, shown_ns, rng)
                    capture, predicted = (
                        pose_at(poses, START_NS),
                        pose_at(_arrived(poses, settings, shown_ns), shown_ns),
                    )
                    assert capture is not None
                    assert predicted is not None
                    true = turn.pose(shown_ns)
                    turned = so3.angle_rad(predicted.rotate((0, 0, -1)), true.rotate((0, 0, -1)))
                    prediction.setdefault((speed, delay_ms), []).append(degrees(float(turned)))
                    for kind, display in (("known", true), ("predicted", predicted)):
                        ways = (turn.pose(START_NS) @ mount, true @ mount, capture @ mount, display @ mount)
                        for where, method, error_deg in _errors(objects, ways, settings):
                            errors.setdefault((speed, delay_ms, where, method, kind), []).append(error_deg)
    rows = [
        Row(speed_deg_s=speed, delay_ms=delay, distance_m=where, method=method, display_pose=kind, **spread(found))
        for (speed, delay, where, method, kind), found in errors.items()
    ]
    alone = [
        {"speed_deg_s": speed, "delay_ms": delay, **spread([np.array(found)])}
        for (speed, delay), found in prediction.items()
    ]
    return {"turning": rows, "prediction": alone}


def spread(errors_deg: Sequence[Array]) -> Spread:
    """Mean and percentiles of all of them."""
    every = np.concatenate(errors_deg) if errors_deg else np.zeros(0)
    if not every.size:
        return Spread(count=0, mean_deg=0.0, p95_deg=0.0, p99_deg=0.0)
    p95, p99 = np.percentile(every, (95, 99))
    return Spread(
        count=int(every.size), mean_deg=round(float(every.mean()), 4), p95_deg=round(float(p95), 4),
        p99_deg=round(float(p99), 4),
    )  # fmt: skip


def seen_object(rendered: Rendered, object_id: int, mount: RigCamera, plane: NDArray[np.uint16]) -> Seen | None:
    """An object outlined by its true mask; None if it is too small, or cut off by the picture's border."""
    mask = rendered.object_ids == object_id
    if np.count_nonzero(mask) < LEAST_PX or mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any():
        return None
    shape = outline(np.where(mask, 1.0, -1.0).astype(np.float32))
    if shape is None:
        return None
    height, width = mask.shape
    rays = rays_of(shape, mount.camera)
    far = distances(shape, plane, width, height)
    true_m = _true_distances(shape, mask, rendered.depth_m)
    thing = OverlayObject(
        id=object_id, score=1.0, gazed=True, outline=[ring.tolist() for ring in shape.rings],
        rays=[ring.tolist() for ring in rays], box=shape.box, area_px=shape.area_px,
        depth_m=None if far is None else far.median_m,
        depths_m=[] if far is None else [ring.tolist() for ring in far.rings],
    )  # fmt: skip
    return Seen(thing, np.concatenate(rays) * true_m[:, None], float(np.median(rendered.depth_m[mask])))


def _true_distances(shape: Outline, mask: NDArray[np.bool_], depth_m: NDArray[np.float32]) -> Array:
    """The distance (V,) of the object's own pixel nearest to each vertex, searched one by one and exactly."""
    rows, columns = np.nonzero(mask)
    found = []
    for x, y in np.concatenate(shape.rings):
        nearest = int(np.argmin((columns - x) ** 2 + (rows - y) ** 2))
        found.append(float(depth_m[rows[nearest], columns[nearest]]))
    return np.array(found)


def _pictures(settings: Settings) -> Iterator[tuple[SE3, SE3, list[Seen]]]:
    """Head pose, T_head_camera and the objects of each view of each scene."""
    mount = simulated_rig().cameras[CAMERA]
    camera = DepthCamera(settings.depth, mount.camera.width, mount.camera.height, settings.seed)
    for number, (kind, view_m) in enumerate((kind, view_m) for kind in settings.scenes for view_m in settings.views_m):
        scene = build_scene(kind, settings.seed)  # type: ignore[arg-type]  # it checks
        renderer = Renderer(scene, mount.camera)
        T_world_head = _looking(scene, view_m)
        rendered = renderer.render(T_world_head @ mount.se3)
        renderer.close()
        plane = camera.plane(rendered.depth_m, number)
        found = [seen_object(rendered, item.id, mount, plane) for item in scene.objects]
        yield T_world_head, mount.se3, [seen for seen in found if seen is not None]


def _looking(scene: Scene, distance_m: float) -> SE3:
    """The head in front of the scene's middle."""
    target = np.array(scene.viewpoint.target)
    towards = target - np.array(scene.viewpoint.head)
    towards /= np.linalg.norm(towards)
    return SE3(facing(*yaw_pitch_deg(towards), 0.0).quat_wxyz, target - distance_m * towards)


def _turn_through(T_world_head: SE3, speed_deg_s: float, phase: float) -> Turn:
    """The turn that passes through a head pose at ``START_NS``, ``phase`` of a turn after its middle."""
    x, y, z = (T_world_head.xyz_m - T_world_head.rotate(NECK_TO_EYES_M)).tolist()
    yaw, pitch = yaw_pitch_deg(T_world_head.rotate((0.0, 0.0, -1.0)))
    duration_ns = 1e9 * MIN_JERK_PEAK * AMPLITUDE_DEG / speed_deg_s
    turned = (min_jerk(0.5 + phase) - 0.5) * AMPLITUDE_DEG
    return Turn(speed_deg_s, START_NS - round(phase * duration_ns), (x, y, z), yaw - turned, pitch)


def _tracked(turn: Turn, settings: Settings, shown_ns: int, rng: np.random.Generator) -> History[Pose]:
    """The head poses as they are tracked, from well before capture to display."""
    history: History[Pose] = History()
    first = (START_NS - 100_000_000) * 120 // 1_000_000_000
    for index in range(first, first + 200):
        t_ns = sample_ns(index)
        if t_ns > shown_ns + 20_000_000:
            break
        true = turn.pose(t_ns)
        wobble = so3.exp(np.radians(rng.normal(0.0, settings.pose_noise_deg, 3)))
        noisy = SE3(so3.multiply(true.quat_wxyz, wobble), true.xyz_m + rng.normal(0.0, settings.pose_noise_m, 3))
        history = history.added(t_ns, pose_of(noisy))
    return history


def _arrived(poses: History[Pose], settings: Settings, shown_ns: int) -> History[Pose]:
    """What has arrived when the outline is drawn for ``shown_ns``."""
    drawn_ns = shown_ns - round(1e6 * (settings.draw_ahead_ms + settings.pose_latency_ms))
    arrived: History[Pose] = History()
    for t_ns, pose in zip(poses.times_ns, poses.values, strict=True):
        if t_ns <= drawn_ns:
            arrived = arrived.added(t_ns, pose)
    return arrived


def _errors(
    objects: Sequence[Seen], ways: tuple[SE3, SE3, SE3, SE3], settings: Settings
) -> Iterator[tuple[str, str, Array]]:
    """Class of distance, method and error (V,) in degrees of each object.

    ``ways``: T_world_camera at capture and at display as they truly are, and as they are believed to be.
    """
    true_capture, true_display, capture, display = ways
    for seen in objects:
        where = class_of(seen.distance_m, settings.distances_m)
        if where is None:
            continue
        d_true = true_display.inverse().apply(true_capture.apply(seen.p_camera))
        for method, drawn in drawings(seen.thing, capture, display, settings.default_depth_m).items():
            yield where, method, np.degrees(so3.angle_rad(drawn, d_true))


def drawings(thing: OverlayObject, capture: SE3, display: SE3, default_depth_m: float) -> Mapping[str, Array]:
    """The outline's directions (V, 3) at display by each method."""
    fields = {name: getattr(thing, name) for name in ("id", "score", "gazed", "outline", "rays", "box", "area_px")}
    plain = OverlayObject(**fields)
    whole = OverlayObject(**fields, depth_m=thing.depth_m)
    found = {
        "as drawn": [np.asarray(ring) for ring in thing.rays],
        "turn only": reproject(plain, capture, display),
        "default depth": reproject(plain, capture, display, default_depth_m=default_depth_m),
        "object depth": reproject(whole, capture, display, default_depth_m=default_depth_m),
        "vertex depth": reproject(thing, capture, display, default_depth_m=default_depth_m),
    }
    return {method: np.concatenate(rings) for method, rings in found.items()}


def class_of(distance_m: float, borders_m: Sequence[float]) -> str | None:
    """The class of a distance, as "0.7-1"; None beyond all of them."""
    for low, high in pairwise(borders_m):
        if low <= distance_m < high:
            return f"{low:g}-{high:g}"
    return None
