"""Registration with the real model, from the camera's picture to the display: what its masks add.

A session in simulated time (`gazeline.sim.lockstep`), with a wearer who looks about. Each overlay is drawn some time
after it was published, and compared with the silhouette of the gazed object, rendered at that instant from where the
camera then is. The distance of an outline is that from each of its points to the nearest point of the silhouette. The
same distance at capture, where nothing has moved yet, is the mask's own error.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.calib import so3
from gazeline.calib.cameras import Camera
from gazeline.calib.se3 import SE3
from gazeline.runtime.messages import Overlay, OverlayObject, Pose
from gazeline.runtime.reproject import reproject
from gazeline.runtime.sync import History, pose_at, pose_of, se3_of
from gazeline.sim.depth_camera import DepthSettings
from gazeline.sim.head import HeadSettings
from gazeline.sim.headset import SAMPLE_HZ, Headset, HeadsetSettings, sample_ns
from gazeline.sim.lockstep import EPOCH_NS, run
from gazeline.sim.registration import Array, Settings, Spread, spread
from gazeline.sim.render import Renderer
from gazeline.sim.rig import CAMERA, simulated_rig
from gazeline.sim.scene import build_scene
from gazeline.sim.score import rasterise

SAME_IOU = 0.5  # at capture; below, the outline is of something else, and no distance says anything
SPACING_PX = 4.0  # of the points along an outline
FASTEST_DEG_S = 20.0  # slower heads tell nothing of reprojection


class Row(Spread):
    """One way of drawing. ``delay_ms``: the mean from capture to display; ``what``: the mask alone, or drawn how."""

    what: str
    delay_ms: float


@dataclass
class _Watcher:
    """Judges each overlay; ``errors`` by way of drawing, each outline's mean distance in degrees."""

    headset: Headset
    settings: Settings
    errors: dict[str, list[float]] = field(default_factory=dict)
    delays_ms: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        mount = self.headset.rig.cameras[CAMERA]
        self._camera, self._mount = mount.camera, mount.se3
        self._renderer = Renderer(self.headset.scene, self._camera)

    def __call__(self, overlay: Overlay, now_ns: int) -> None:
        thing = next((thing for thing in overlay.objects if thing.gazed and thing.rays), None)
        if thing is None or overlay.T_world_camera is None or overlay.capture_ns is None:
            return
        captured_ns = overlay.capture_ns - EPOCH_NS
        shown_ns = now_ns - EPOCH_NS + round(1e6 * self.settings.draw_ahead_ms)
        head, later = self.headset.eye_at(captured_ns), self.headset.eye_at(shown_ns)
        turn = so3.log(so3.multiply(so3.inverse(head.T_world_head.quat_wxyz), later.T_world_head.quat_wxyz))
        turned_deg = float(np.degrees(np.linalg.norm(turn)))
        if turned_deg < FASTEST_DEG_S * 1e-9 * (shown_ns - captured_ns):
            return
        at_capture = self._mask(captured_ns, head.T_world_head, thing, overlay)
        if at_capture is None:
            return
        object_id, mask = at_capture
        then = self._renderer_at(shown_ns, later.T_world_head) == object_id
        if _cut(then) or np.count_nonzero(then) < 200:
            return
        display = self._predicted(shown_ns)
        if display is None:
            return
        self.delays_ms.append(1e-6 * (shown_ns - captured_ns))
        capture, after_s = se3_of(overlay.T_world_camera), 1e-9 * (shown_ns - captured_ns)
        default_m = self.settings.default_depth_m
        rays = [np.asarray(ring) for ring in thing.rays]
        moved = reproject(thing, capture, display @ self._mount, default_depth_m=default_m, after_s=after_s)
        self._add("mask alone, at capture", rays, mask)
        self._add("drawn as it is", rays, then)
        self._add("reprojected", moved, then)

    def _mask(
        self, t_ns: int, T_world_head: SE3, thing: OverlayObject, overlay: Overlay
    ) -> tuple[int, NDArray[np.bool_]] | None:
        """The object that was outlined, and its true mask at capture."""
        ids = self._renderer_at(t_ns, T_world_head)
        drawn = rasterise(thing.outline, overlay.width, overlay.height)
        if not drawn.any():
            return None
        object_id = int(np.bincount(ids[drawn]).argmax())
        mask = ids == object_id
        iou = np.count_nonzero(mask & drawn) / np.count_nonzero(mask | drawn)
        return None if object_id == 0 or iou < SAME_IOU or _cut(mask) else (object_id, mask)

    def _renderer_at(self, t_ns: int, T_world_head: SE3) -> NDArray[np.uint16]:
        self.headset.scene.advance(t_ns)
        return self._renderer.render(T_world_head @ self._mount).object_ids

    def _predicted(self, shown_ns: int) -> SE3 | None:
        """The head's pose at display, from the tracked ones that have arrived when it is drawn."""
        drawn_ns = shown_ns - round(1e6 * (self.settings.draw_ahead_ms + self.settings.pose_latency_ms))
        newest = drawn_ns * SAMPLE_HZ // 1_000_000_000
        poses: History[Pose] = History()
        for index in range(max(newest - 8, 0), newest + 1):
            t_ns = sample_ns(index)
            rng = np.random.default_rng([self.settings.seed, 0x9E, index])
            true = self.headset.eye_at(t_ns).T_world_head
            wobble = so3.exp(np.radians(rng.normal(0.0, self.settings.pose_noise_deg, 3)))
            noise_m = rng.normal(0.0, self.settings.pose_noise_m, 3)
            poses = poses.added(t_ns, pose_of(SE3(so3.multiply(true.quat_wxyz, wobble), true.xyz_m + noise_m)))
        return pose_at(poses, shown_ns)

    def _add(self, what: str, rings: list[Array], mask: NDArray[np.bool_]) -> None:
        off_deg = off_silhouette_deg(rings, mask, self._camera)
        if off_deg is not None:
            self.errors.setdefault(what, []).append(off_deg)


def measure(settings: Settings, seconds: float, model: str | None = None) -> list[Row]:
    """A session in each scene; the rows say how far outlines are from their objects, mean over each outline."""
    errors: dict[str, list[float]] = {}
    delays_ms: list[float] = []
    for kind in settings.scenes:
        head = HeadSettings(max_speed_deg_s=max(settings.speeds_deg_s), eye_only_deg=5.0)
        made = HeadsetSettings(depth=DepthSettings(), head=head)
        headset = Headset(build_scene(kind, settings.seed), simulated_rig(), settings.seed, made)  # type: ignore[arg-type]
        watcher = _Watcher(headset, settings)
        run(headset, seconds, model=model, watch=watcher)
        delays_ms += watcher.delays_ms
        for what, found in watcher.errors.items():
            errors.setdefault(what, []).extend(found)
    delay_ms = round(float(np.mean(delays_ms)), 1) if delays_ms else 0.0
    return [Row(what=what, delay_ms=delay_ms, **spread([np.array(found)])) for what, found in errors.items()]


def off_silhouette_deg(rings: list[Array], mask: NDArray[np.bool_], camera: Camera) -> float | None:
    """The mean distance of an outline's points from the border of a mask (H, W), in degrees; None if none is seen."""
    border = np.zeros(mask.shape, np.uint8)
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(border, contours, -1, 1)
    away_px = cv2.distanceTransform(1 - border, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    distances = []
    for ring in rings:
        px, _ = camera.project(ring)
        px = px[np.isfinite(px).all(axis=1)]
        if len(px) < 3:
            continue
        points = _along(px)
        inside = camera.contains(points)
        x, y = np.rint(points[inside]).astype(int).T
        distances.append(away_px[np.clip(y, 0, mask.shape[0] - 1), np.clip(x, 0, mask.shape[1] - 1)])
    if not distances or not sum(map(len, distances)):
        return None
    middle = np.array([camera.width / 2, camera.height / 2])
    (a, b), _ = camera.unproject(np.stack([middle, middle + np.array([1.0, 0.0])]))
    return float(np.concatenate(distances).mean() * np.degrees(so3.angle_rad(a, b)))


def _along(ring: Array) -> Array:
    """Points every few pixels along a closed ring (V, 2)."""
    following = np.roll(ring, -1, axis=0)
    pieces = []
    for a, b in zip(ring, following, strict=True):
        count = max(int(np.linalg.norm(b - a) / SPACING_PX), 1)
        pieces.append(a + (b - a) * (np.arange(count)[:, None] / count))
    return np.concatenate(pieces)


def _cut(mask: NDArray[np.bool_]) -> bool:
    """Whether a mask reaches the picture's border."""
    return bool(mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any())
