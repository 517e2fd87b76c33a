"""The simulated headset: what it sends, message by message, for any instant of a session. No sockets, no clock.

Times are nanoseconds since the start of the session; the messages carry them in the host's clock, in which the session
began at ``epoch_ns``. Everything is a function of the settings and the seed.
"""

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypedDict

import numpy as np
from msgspec import structs

from gazeline.calib.rig import Rig, dumps
from gazeline.calib.se3 import SE3
from gazeline.runtime.messages import Frame, Gaze, HeadPose, RigDevice
from gazeline.runtime.sync import pose_of
from gazeline.runtime.topics import FRAME_DEPTH, FRAME_WORLD, GAZE_BINOCULAR, POSE_HEAD, RIG_DEVICE
from gazeline.sim.bus_wearer import BusWearer
from gazeline.sim.delivery import Delivery, Faults, Link
from gazeline.sim.depth_camera import DepthCamera, DepthSettings
from gazeline.sim.eyes import Array, EyeSettings
from gazeline.sim.head import HeadSettings, yaw_pitch_deg
from gazeline.sim.render import Rendered, Renderer
from gazeline.sim.rig import CAMERA
from gazeline.sim.rolling_shutter import rendered_by_rows
from gazeline.sim.scene import Scene, build_scene
from gazeline.sim.sensors import CameraEffects, CameraSettings
from gazeline.sim.survey import middle_of, survey
from gazeline.sim.tracker import GazeSample, Tracker, TrackerSettings
from gazeline.sim.truth import Truth, gaze_hit, truth_message
from gazeline.sim.wearer import EyeState, Wearer

SAMPLE_HZ = 120
RIG_EVERY_NS = 1_000_000_000


@dataclass(frozen=True)
class HeadsetSettings:
    """Everything about the headset and its wearer that can be set. ``depth``: None is a headset without depth camera.

    Latencies from capture to delivery are those of current headsets: a camera picture is exposed, read out and encoded,
    an eye picture is small, an IMU's pose is all but immediate. Jitter: mean of an exponential delay on top.
    """

    frame_hz: float = 20.0
    frame_latency_ms: float = 25.0
    frame_jitter_ms: float = 2.0
    gaze_latency_ms: float = 8.0
    gaze_jitter_ms: float = 1.0
    pose_latency_ms: float = 2.0
    pose_jitter_ms: float = 0.3
    camera: CameraSettings = field(default_factory=CameraSettings)
    depth: DepthSettings | None = None
    tracker: TrackerSettings = field(default_factory=TrackerSettings)
    eyes: EyeSettings = field(default_factory=EyeSettings)
    head: HeadSettings = field(default_factory=HeadSettings)
    faults: Faults = field(default_factory=Faults)


class Headset:
    """A headset in a scene; its shutter rolls if the rig says so (``line_time_ns``). ``frame`` must be called from the
    thread that made it (OpenGL), the rest from any one.

    With ``follows`` it is worn by somebody of whom others tell on the bus: then it sends neither gaze nor head pose.
    """

    def __init__(
        self,
        scene: Scene,
        rig: Rig,
        seed: int,
        settings: HeadsetSettings,
        epoch_ns: int = 0,
        follows: BusWearer | None = None,
    ) -> None:
        self.scene, self.rig, self.settings, self.epoch_ns = scene, rig, settings, epoch_ns
        self._camera = rig.cameras[CAMERA]
        self._renderer = Renderer(scene, self._camera.camera)
        width, height = self._camera.camera.width, self._camera.camera.height
        self._effects = CameraEffects(settings.camera, width, height, seed)
        self._depth = DepthCamera(settings.depth, width, height, seed) if settings.depth is not None else None
        self._tracker = Tracker(settings.tracker, seed)
        self._T_camera_head = self._camera.se3.inverse()
        self._rig_json = dumps(rig)
        head = scene.viewpoint.head
        self.follows = follows
        self.wearer = follows or Wearer(
            seed,
            survey(scene),
            viewpoint_m=head,
            facing_deg=yaw_pitch_deg(np.subtract(scene.viewpoint.target, head)),
            locate=_Locator(build_scene(scene.kind, scene.seed)),  # one of its own: it is asked by other threads
            eyes=settings.eyes,
            head=settings.head,
        )
        frame_ns, sample_ns = round(1e9 / settings.frame_hz), round(1e9 / SAMPLE_HZ)
        s, faults = settings, settings.faults
        self._frames = Link(s.frame_latency_ms, s.frame_jitter_ms, frame_ns, (seed, 0xF2), faults)
        depth_ms = settings.depth.latency_ms if settings.depth is not None else 0.0
        self._depths = Link(depth_ms, s.pose_jitter_ms, frame_ns, (seed, 0xDE), faults)
        self._gazes = Link(s.gaze_latency_ms, s.gaze_jitter_ms, sample_ns, (seed, 0x6A), faults)
        self._poses = Link(s.pose_latency_ms, s.pose_jitter_ms, sample_ns, (seed, 0x90), faults)

    def frame(self, index: int, t_ns: int) -> list[Delivery]:
        """The picture number ``index``, taken at ``t_ns``, its depth picture if there is such a camera, and its truth,
        which comes first and is never lost."""
        eye = self.wearer.at(t_ns)
        T_world_camera = self._look(t_ns)
        line_ns = self._camera.line_time_ns
        rendered = (
            rendered_by_rows(self._renderer, self._look, t_ns, line_ns)
            if line_ns
            else self._renderer.render(T_world_camera)
        )
        hit = gaze_hit(rendered, self._camera.camera, T_world_camera, eye)
        truth = Truth(index, t_ns, rendered.object_ids, eye, hit)
        message, raw = truth_message(truth, rendered, self.scene, T_world_camera, self.epoch_ns + t_ns)
        height, width = rendered.object_ids.shape
        frame = Frame(
            topic=FRAME_WORLD,
            **self._when(t_ns),
            width=width,
            height=height,
            index=index,
            format="jpeg",
            camera_id=CAMERA,
            T_head_camera_id=self.rig.id,
            exposure_ns=self.settings.camera.exposure_ns,
        )
        jpeg = self._effects.jpeg(self._effects.apply(rendered.rgb, index))
        deliveries = [Delivery(t_ns, message, raw, truth=truth)]
        if self._depth is not None:
            plane = self._depth.plane(rendered.depth_m, index)
            size = {"height": plane.shape[0], "width": plane.shape[1]}
            depth = structs.replace(frame, topic=FRAME_DEPTH, format="depth16", exposure_ns=0, **size)
            deliveries += self._depths.deliver(index, t_ns, depth, plane.tobytes())
        return [*deliveries, *self._frames.deliver(index, t_ns, frame, jpeg)]

    def render(self, T_world_head: SE3) -> Rendered:
        """What the camera would see from a head pose, the scene being as it was last; without noise."""
        return self._renderer.render(T_world_head @ self._camera.se3)

    def samples(self, index: int) -> list[Delivery]:
        """Gaze and head pose of sample number ``index``, taken at `sample_ns`."""
        if self.follows is not None:
            return []
        t_ns = sample_ns(index)
        eye = self.wearer.at(t_ns)
        gaze = self._gaze(self._tracker.sample(index, eye), t_ns)
        pose = HeadPose(topic=POSE_HEAD, **self._when(t_ns), T_world_head=pose_of(eye.T_world_head))
        return [*self._gazes.deliver(index, t_ns, gaze), *self._poses.deliver(index, t_ns, pose)]

    def calibration(self, t_ns: int) -> Delivery:
        """The rig, as it is sent about once a second."""
        message = RigDevice(topic=RIG_DEVICE, **self._when(t_ns), rig_id=self.rig.id, rig_json=self._rig_json)
        return Delivery(t_ns, message)

    def eye_at(self, t_ns: int) -> EyeState:
        """The true state of head and eyes."""
        return self.wearer.at(t_ns)

    def deliveries(self, seconds: float) -> Iterator[Delivery]:
        """All that is sent in a session of so many seconds, in the order in which it arrives."""
        waiting: list[tuple[int, int, Delivery]] = []
        made = 0
        for t_ns, kind, index in _captures(self.settings.frame_hz, seconds):
            while waiting and waiting[0][0] <= t_ns:  # nothing captured from here on arrives sooner
                yield heapq.heappop(waiting)[2]
            if kind == 0:
                new = [self.calibration(t_ns)]
            else:
                new = self.samples(index) if kind == 1 else self.frame(index, t_ns)
            for delivery in new:
                heapq.heappush(waiting, (delivery.deliver_ns, made, delivery))
                made += 1
        while waiting:
            yield heapq.heappop(waiting)[2]

    def _look(self, t_ns: int) -> SE3:
        """The scene at ``t_ns``, and T_world_camera then."""
        self.scene.advance(t_ns)
        return self.wearer.at(t_ns).T_world_head @ self._camera.se3

    def close(self) -> None:
        self._renderer.close()

    def _gaze(self, sample: GazeSample, t_ns: int) -> Gaze:
        """The message, with the fields that Pupil's clients read: all in the scene camera's frame, in mm."""
        x, y, z = sample.d_head.tolist()
        far_m = sample.depth_m or 10.0
        p_camera = self._T_camera_head.apply(far_m * sample.d_head)
        camera = self._camera.camera
        px, seen = camera.project(p_camera)
        gx, gy, gz = (1000.0 * p_camera).tolist()
        norm_pos = None
        if seen:
            norm_pos = float(px[0] + 0.5) / camera.width, 1.0 - float(px[1] + 0.5) / camera.height
        return Gaze(
            topic=GAZE_BINOCULAR,
            **self._when(t_ns),
            confidence=sample.confidence,
            norm_pos=norm_pos,
            gaze_point_3d=(gx, gy, gz) if sample.depth_m else None,
            d_head=(x, y, z),
            depth_m=sample.depth_m,
        )

    def _when(self, t_ns: int) -> "_When":
        capture_ns = self.epoch_ns + t_ns
        return {"capture_ns": capture_ns, "timestamp": capture_ns * 1e-9}


class _When(TypedDict):
    capture_ns: int
    timestamp: float


class _Locator:
    """Where a scene's moving objects are at any time, by straight lines between instants 40 ms apart.

    To pose a walking person takes a millisecond, too much for each of 120 samples a second; at 1 m/s^2 the line is off
    by 0.2 mm. It moves the scene, which must be its own.
    """

    STEP_NS = 40_000_000

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._moving = [item.id for item in scene.objects if item.moving]
        self._positions = lru_cache(maxsize=256)(self._positions_at)

    def __call__(self, object_id: int, t_ns: int) -> Array:
        step, after_ns = divmod(t_ns, self.STEP_NS)
        before, after = self._positions(step)[object_id], self._positions(step + 1)[object_id]
        return before + (after_ns / self.STEP_NS) * (after - before)

    def _positions_at(self, step: int) -> dict[int, Array]:
        self._scene.advance(step * self.STEP_NS)
        return {object_id: middle_of(self._scene, object_id) for object_id in self._moving}


def sample_ns(index: int) -> int:
    """When sample number ``index`` is taken."""
    return index * 1_000_000_000 // SAMPLE_HZ


def frame_ns(index: int, frame_hz: float) -> int:
    """When picture number ``index`` is taken, if none is skipped."""
    return round(index * 1e9 / frame_hz)


def _captures(frame_hz: float, seconds: float) -> Iterator[tuple[int, int, int]]:
    """What is captured when, in order: (t_ns, 0 calibration / 1 sample / 2 frame, number)."""
    end_ns = round(1e9 * seconds)
    every = (
        ((t_ns, 0, i) for i, t_ns in enumerate(range(0, end_ns, RIG_EVERY_NS))),
        ((sample_ns(i), 1, i) for i in range(math.ceil(seconds * SAMPLE_HZ))),
        ((frame_ns(i, frame_hz), 2, i) for i in range(math.ceil(seconds * frame_hz))),
    )
    for t_ns, kind, index in heapq.merge(*every):
        if t_ns < end_ns:
            yield t_ns, kind, index
