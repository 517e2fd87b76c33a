"""A headset and a runtime for tests of displays: discs at known places of the world, a head that turns as told, and
outlines that are right by construction. Nothing here uses the code that moves outlines.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.calib import rig as rig_file
from gazeline.calib.cameras import Pinhole
from gazeline.calib.se3 import SE3
from gazeline.runtime import messages as m
from gazeline.runtime import topics
from gazeline.runtime.bus import BusAddress, Publisher, Subscriber

Array = NDArray[np.float64]
WIDTH, HEIGHT, FOCAL_PX = 640, 480, 500.0
CAMERA = Pinhole(WIDTH, HEIGHT, FOCAL_PX, FOCAL_PX, (WIDTH - 1) / 2, (HEIGHT - 1) / 2)
T_HEAD_CAMERA = SE3([0.0, 1.0, 0.0, 0.0], [0.0, 0.02, -0.03])  # type: ignore[arg-type]  # SE3 takes sequences
RIG = rig_file.Rig("test", {"world": rig_file.RigCamera(CAMERA, rig_file.Transform.of(T_HEAD_CAMERA))})
DEPTH_M = 1.0
RADIUS_RAD = 0.09
DISCS = {1: (-0.25, 0.05), 2: (0.02, -0.08), 3: (0.28, 0.1)}  # id: yaw and pitch in the world, rad
COLOURS = {1: (230, 80, 60), 2: (70, 180, 90), 3: (60, 100, 230)}
NAMES = {1: "apple", 2: "leaf", 3: None}


def head_at(yaw_rad: float) -> SE3:
    """T_world_head: turned to the right by ``yaw_rad``."""
    return SE3.exp([0.0, 0.0, 0.0, 0.0, -yaw_rad, 0.0])


def pose_of(transform: SE3) -> m.Pose:
    w, x, y, z = transform.quat_wxyz.tolist()
    px, py, pz = transform.xyz_m.tolist()
    return m.Pose(quat_wxyz=(w, x, y, z), xyz_m=(px, py, pz))


def disc_px(number: int, yaw_rad: float, vertices: int = 24) -> Array:
    """The disc's border (V, 2) in pixels for a head turned by ``yaw_rad``; its points are `DEPTH_M` from the camera of
    a head that looks straight ahead."""
    yaw, pitch = DISCS[number]
    angle = np.linspace(0.0, 2 * np.pi, vertices, endpoint=False)
    ys, ps = yaw + RADIUS_RAD * np.cos(angle), pitch + RADIUS_RAD * np.sin(angle)
    d = np.stack([np.sin(ys) * np.cos(ps), np.sin(ps), -np.cos(ys) * np.cos(ps)], axis=-1)
    p_world = T_HEAD_CAMERA.xyz_m + DEPTH_M * d
    px, _ = CAMERA.project((head_at(yaw_rad) @ T_HEAD_CAMERA).inverse().apply(p_world))
    return px


def picture(yaw_rad: float) -> NDArray[np.uint8]:
    """RGB."""
    image = np.full((HEIGHT, WIDTH, 3), (96, 92, 88), np.uint8)
    for number, colour in COLOURS.items():
        cv2.fillPoly(image, [np.rint(disc_px(number, yaw_rad)).astype(np.int32)], colour)
    return image


def jpeg_of(image: NDArray[np.uint8]) -> bytes:
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return data.tobytes()


def overlay_of(number: int | None, *, index: int, capture_ns: int, yaw_rad: float, source: str = "eye") -> m.Overlay:
    """All discs outlined, with ``number`` gazed."""
    T_world_camera = head_at(yaw_rad) @ T_HEAD_CAMERA
    objects = []
    for each, name in NAMES.items():
        px = disc_px(each, yaw_rad)
        rays, _ = CAMERA.unproject(px)
        (x0, y0), (x1, y1) = px.min(axis=0).tolist(), px.max(axis=0).tolist()
        objects.append(
            m.OverlayObject(
                id=each,
                score=0.9,
                gazed=each == number,
                outline=[[(x, y) for x, y in px.tolist()]],
                rays=[[(x, y, z) for x, y, z in rays.tolist()]],
                box=(x0, y0, x1, y1),
                area_px=float(cv2.contourArea(px.astype(np.float32))),
                name=name,
                depth_m=DEPTH_M,
            )
        )
    return m.Overlay(
        topic=topics.OVERLAY_OBJECTS,
        capture_ns=capture_ns,
        frame_index=index,
        width=WIDTH,
        height=HEIGHT,
        publish_ns=time.monotonic_ns(),
        rig_id=RIG.id,
        T_world_camera=pose_of(T_world_camera),
        gaze_state="fixation",
        gaze_source="mouse" if source == "mouse" else "eye",
        objects=objects,
        latency_ms={"encode": 12.0, "decode": 5.0},
    )


def frame_of(index: int, capture_ns: int, **changes: object) -> m.Frame:
    fields: dict[str, object] = {
        "topic": topics.FRAME_WORLD,
        "capture_ns": capture_ns,
        "width": WIDTH,
        "height": HEIGHT,
        "index": index,
        "format": "jpeg",
        "T_head_camera_id": RIG.id,
    }
    return m.Frame(**{**fields, **changes})  # type: ignore[arg-type]


def rig_message() -> m.RigDevice:
    return m.RigDevice(
        topic=topics.RIG_DEVICE, capture_ns=time.monotonic_ns(), rig_id=RIG.id, rig_json=rig_file.dumps(RIG)
    )


def pose_message(yaw_rad: float, capture_ns: int) -> m.HeadPose:
    return m.HeadPose(topic=topics.POSE_HEAD, capture_ns=capture_ns, T_world_head=pose_of(head_at(yaw_rad)))


def stats_message() -> m.Stats:
    return m.Stats(
        topic=topics.STATS_RUNTIME,
        capture_ns=time.monotonic_ns(),
        ready=True,
        model="test-model",
        uptime_s=1.0,
        frames={"captured": 1, "encoded": 1, "dropped": 3},
        gaze={"samples": 1, "prompts": 1, "fixations": 1},
        dropped={"stale": 3},
        stages={"encode": m.StageStats(count=1, p50_ms=12.0, p99_ms=15.0)},
        rates_hz={"frames": 20.0},
        rss_mb=100.0,
        rss_peak_mb=110.0,
    )


class Headset:
    """Publishes in a thread as a headset and a runtime would, the outlines two pictures late.

    The eyes rest on disc 1; a mouse goes before them for half a second after its last sample. ``turning_rad``: how far
    the head turns to each side. Without ``runtime``, outlines and statistics are left to a real one; ``told`` changes
    what the messages of outlines say. ``yaws`` knows the last pictures' yaw by index.
    """

    def __init__(
        self,
        bus: BusAddress,
        turning_rad: float = 0.0,
        *,
        runtime: bool = True,
        told: Callable[[m.Overlay], m.Overlay] = lambda overlay: overlay,
    ) -> None:
        self.turning_rad, self.told = turning_rad, told
        self.runtime = runtime
        self.yaws: dict[int, float] = {}
        self.mouse: deque[m.Gaze] = deque(maxlen=1000)
        self._bus = bus
        self._ending = threading.Event()
        self._start_ns = time.monotonic_ns()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()

    def yaw_at(self, t_ns: int) -> float:
        return self.turning_rad * math.sin((t_ns - self._start_ns) * 2e-9)

    def _run(self) -> None:
        sent: deque[tuple[int, int, float]] = deque(maxlen=3)
        still: bytes | None = None
        with Publisher(self._bus) as publisher, Subscriber(self._bus, [topics.GAZE_BINOCULAR]) as subscriber:
            for index in range(1_000_000):
                now_ns = time.monotonic_ns()
                yaw = self.yaw_at(now_ns)
                self.yaws[index] = yaw
                self.yaws.pop(index - 500, None)
                for earlier_ns in (10_000_000, 0):
                    publisher.send(pose_message(self.yaw_at(now_ns - earlier_ns), now_ns - earlier_ns))
                if index % 10 == 0:
                    publisher.send(rig_message())
                    if self.runtime:
                        publisher.send(stats_message())
                jpeg = still or jpeg_of(picture(yaw))
                still = None if self.turning_rad else jpeg
                publisher.send(frame_of(index, now_ns), jpeg)
                sent.append((index, now_ns, yaw))
                self.mouse.extend(
                    each.message
                    for each in subscriber.poll()
                    if isinstance(each.message, m.Gaze) and each.message.source == "mouse"
                )
                newest = self.mouse[-1] if self.mouse else None
                leads = newest is not None and now_ns - (newest.capture_ns or 0) < 500_000_000
                number = self._looked_at(newest) if newest is not None and leads else 1
                late_index, late_ns, late_yaw = sent[0]
                source = "mouse" if leads else "eye"
                overlay = overlay_of(number, index=late_index, capture_ns=late_ns, yaw_rad=late_yaw, source=source)
                if self.runtime:
                    publisher.send(self.told(overlay))
                if self._ending.wait(0.05):
                    return

    def _looked_at(self, gaze: m.Gaze) -> int | None:
        """The disc whose outline the gaze falls into, by the head's true pose at the gaze's time."""
        if gaze.d_head is None:  # from before the page had the rig
            return None
        assert gaze.capture_ns is not None
        yaw = self.yaw_at(gaze.capture_ns)
        p_camera = T_HEAD_CAMERA.inverse().apply(DEPTH_M * np.asarray(gaze.d_head))
        px, _ = CAMERA.project(p_camera)
        for number in DISCS:
            if cv2.pointPolygonTest(disc_px(number, yaw).astype(np.float32), px.tolist(), False) >= 0:
                return number
        return None
