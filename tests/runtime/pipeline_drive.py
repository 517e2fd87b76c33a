"""Drives the pipeline's step in simulated time: streams of pictures, gaze and head poses, stages of fixed cost.

The world is discs at fixed directions; what the decoder would answer is the disc under the point, drawn exactly.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import radians
from typing import Self

import numpy as np
from numpy.typing import NDArray

from gazeline.calib import rig as rig_file
from gazeline.calib import so3
from gazeline.calib.cameras import Pinhole
from gazeline.calib.rig import Rig, RigCamera, Transform
from gazeline.calib.se3 import FORWARD_CAMERA, SE3
from gazeline.engines.segmenter import Embedding, Masks
from gazeline.engines.window import Window
from gazeline.runtime.decode import answered
from gazeline.runtime.events import (
    Decode,
    Decoded,
    Effect,
    Encode,
    Encoded,
    Event,
    Follow,
    FrameArrived,
    GazeArrived,
    PoseArrived,
    Publish,
    RigArrived,
    Tick,
)
from gazeline.runtime.messages import Frame, Gaze, HeadPose, Overlay, RigDevice
from gazeline.runtime.pipeline import State, step
from gazeline.runtime.sync import pose_of
from gazeline.runtime.tracking.follow import follow

MS = 1_000_000
T0 = 5_000_000_000
CAMERA = Pinhole(640, 480, 500.0, 500.0, 319.5, 239.5)
RIG = Rig("headset", {"world": RigCamera(CAMERA, Transform.of(FORWARD_CAMERA))})
RIG_TEXT = rig_file.dumps(RIG)
PICTURE = np.zeros((480, 640, 3), np.uint8)

Array = NDArray[np.float64]


def towards(yaw_deg: float, pitch_deg: float = 0.0) -> Array:
    """Unit direction, yaw to the right and pitch up of straight ahead."""
    yaw, pitch = radians(yaw_deg), radians(pitch_deg)
    return np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), -np.cos(yaw) * np.cos(pitch)])


def head_at(yaw_deg: float) -> SE3:
    return SE3(so3.exp((0.0, -radians(yaw_deg), 0.0)), np.zeros(3))


def pixel(d_world: Array, T_world_head: SE3) -> tuple[float, float]:
    px, _ = CAMERA.project((T_world_head @ FORWARD_CAMERA).inverse().rotate(d_world))
    x, y = px.tolist()
    return x, y


@dataclass(frozen=True)
class Disc:
    """A thing of the world: where, and its radius in px of the picture."""

    yaw_deg: float
    radius_px: float = 40.0


@dataclass
class World:
    """``head`` and ``gaze`` are yaw angles in degrees over time in ms since the start; None: nothing is sent then."""

    things: Sequence[Disc] = (Disc(0.0), Disc(10.0), Disc(-12.0))
    head: Callable[[float], float | None] = lambda t: 0.0
    gaze: Callable[[float], float | None] = lambda t: 0.0
    confidence: Callable[[float], float] = lambda t: 1.0
    with_rig: bool = True
    frame_ms: float = 33.0
    encode_ms: float = 20.0
    decode_ms: float = 6.0
    follow_ms: float = 3.0
    delay_ms: float = 10.0  # of pictures on their way

    def head_pose(self, t_ms: float) -> SE3:
        yaw = self.head(t_ms)
        return head_at(yaw if yaw is not None else 0.0)


class Drive:
    """Runs a world through the pipeline, event by event, and keeps what came out."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.state = State()
        self.now_ms = 0.0
        self.effects: list[tuple[float, Effect]] = []
        self._due: list[tuple[float, int, Event]] = []
        self._next = {"frame": 0.0, "gaze": 0.0, "pose": 0.0, "tick": 0.0}
        self._index = 0
        if world.with_rig:
            self.feed(RigArrived(RigDevice(topic="rig.device", capture_ns=T0, rig_id="headset", rig_json=RIG_TEXT)))

    def run(self, until_ms: float) -> Self:
        """Up to a time since the start."""
        while self.now_ms < until_ms:
            self._send()
            for due in sorted(d for d in self._due if d[0] <= self.now_ms):
                self._due.remove(due)
                self.feed(due[2])
            self.now_ms += 1.0
        return self

    def feed(self, event: Event) -> list[Effect]:
        """One event now."""
        self.state, effects = step(self.state, event, self.ns())
        for effect in effects:
            self.effects.append((self.now_ms, effect))
            if isinstance(effect, Encode):
                self._later(self.world.encode_ms, encoded(effect))
            elif isinstance(effect, Decode):
                self._later(self.world.decode_ms, self._answer(effect))
            elif isinstance(effect, Follow):
                self._later(self.world.follow_ms, follow(effect))
        return list(effects)

    def ns(self, t_ms: float | None = None) -> int:
        return T0 + round((self.now_ms if t_ms is None else t_ms) * MS)

    def encodes(self) -> list[tuple[float, Encode]]:
        return [(t, e) for t, e in self.effects if isinstance(e, Encode)]

    def decodes(self) -> list[tuple[float, Decode]]:
        return [(t, e) for t, e in self.effects if isinstance(e, Decode)]

    def overlays(self) -> list[tuple[float, Overlay]]:
        return [(t, e.message) for t, e in self.effects if isinstance(e, Publish)]

    def gaze(self, yaw_deg: float, source: str = "eye", **fields: object) -> Gaze:
        """A sample that looks at a direction of the world now."""
        d = self.world.head_pose(self.now_ms).R.T @ towards(yaw_deg)
        x, y, z = d.tolist()
        options = {"confidence": 1.0, "d_head": (x, y, z), **fields}
        return Gaze(topic="gaze.3d.01.", capture_ns=self.ns(), source=source, **options)  # type: ignore[arg-type]

    def frame(self, t_ms: float | None = None) -> Frame:
        self._index += 1
        return Frame(
            topic="frame.world", capture_ns=self.ns(t_ms), width=640, height=480, index=self._index, format="rgb",
            T_head_camera_id="headset" if self.world.with_rig else "",
        )  # fmt: skip

    def _send(self) -> None:
        if self._is_due("pose", 5.0) and (yaw := self.world.head(self.now_ms)) is not None:
            pose = pose_of(head_at(yaw))
            self.feed(PoseArrived(HeadPose(topic="pose.head", capture_ns=self.ns(), T_world_head=pose)))
        if self._is_due("gaze", 1000 / 120) and (yaw := self.world.gaze(self.now_ms)) is not None:
            self.feed(GazeArrived(self.gaze(yaw, confidence=self.world.confidence(self.now_ms))))
        if self._is_due("frame", self.world.frame_ms):
            self._later(self.world.delay_ms, FrameArrived(self.frame(), PICTURE))
        if self._is_due("tick", 50.0):
            self.feed(Tick())

    def _is_due(self, stream: str, every_ms: float) -> bool:
        if self.now_ms < self._next[stream]:
            return False
        self._next[stream] += every_ms
        return True

    def _later(self, ms: float, event: Event) -> None:
        self._due.append((self.now_ms + ms, len(self.effects) + self._index * 1000, event))

    def _answer(self, request: Decode) -> Decoded:
        frame = request.view.frame
        t_ms = ((frame.capture_ns or 0) - T0) / MS
        window = request.encoded.embedding.window
        answers = []
        for question in request.questions:
            masks = disc_under(question.centre, self.world, t_ms, window)
            outlines = self.state.settings.outline
            answers.append(answered(masks, question, request.view, outlines, request.depth))
        return Decoded(request, tuple(answers), {"decode": self.world.decode_ms, "outline": 1.0})


def encoded(request: Encode) -> Encoded:
    """What the encode stage answers, without a network."""
    centre = request.centre_px or (319.5, 239.5)
    embedding = Embedding({}, Window.foveal(640, 480, 192, centre), "none")
    return Encoded(request, PICTURE, embedding, {"encode": 20.0})


def disc_under(px: tuple[float, float], world: World, t_ms: float, window: Window, side: int = 96) -> Masks:
    """The mask of the thing under a pixel of the picture taken at ``t_ms``, exact; empty where there is none."""
    cells = np.arange(side) * window.size / side + 0.5 * window.size / side - 0.5
    grid = window.to_frame(np.stack(np.meshgrid(cells, cells), axis=-1))  # (side, side, 2)
    logits = np.full((side, side), -10.0)
    for thing in world.things:
        centre = pixel(towards(thing.yaw_deg), world.head_pose(t_ms))
        if np.hypot(px[0] - centre[0], px[1] - centre[1]) <= thing.radius_px:
            away = np.hypot(grid[..., 0] - centre[0], grid[..., 1] - centre[1])
            logits = np.clip(thing.radius_px - away, -10.0, 10.0)
    return Masks(logits[None].astype(np.float32), np.array([0.9], np.float32), 0, window)
