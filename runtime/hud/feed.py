"""The HUD's side of the bus: what is to be drawn comes in, the head's pose and the gaze go out. It never waits."""

import contextlib
import time
from collections import deque
from types import TracebackType
from typing import Self

from gazeline.calib.cameras import Camera
from gazeline.calib.se3 import SE3
from gazeline.runtime.bus import BusAddress, Publisher, Subscriber
from gazeline.runtime.hud.picture import Picture
from gazeline.runtime.images import image_of
from gazeline.runtime.messages import CalibrationTarget, Frame, Gaze, HeadPose, Overlay, RigDevice, UserPrompt, Vec3
from gazeline.runtime.sync import pose_of, se3_of
from gazeline.runtime.topics import (
    CALIBRATE_TARGET,
    FRAME_WORLD,
    GAZE_BINOCULAR,
    OVERLAY_OBJECTS,
    POSE_HEAD,
    RIG_DEVICE,
)
from gazeline.runtime.viewpoint import Viewpoint
from gazeline.runtime.wire import Received, WireError

HEAD_CONFIDENCE = 0.7  # the head's direction as gaze: enough to be used, less than eyes have
HEADS_KEPT = 1000
TARGET_GONE_NS = 500_000_000
PICTURE_MAX_AGE_NS = 500_000_000  # what the camera shows no more is worse than the dark


class Feed:
    """What has been heard. ``overlay`` and ``picture`` are the newest ones; ``changed`` says that the overlay is new.

    ``pictures``: whether the camera's pictures are wanted. ``own_head``: head poses on the bus are those that are sent
    from here, and so in the display's world; where another sends them, an overlay is placed by the pose that the
    display itself had at its capture.
    """

    def __init__(self, address: BusAddress, *, pictures: bool, own_head: bool = True) -> None:
        self._pictures, self._own_head = pictures, own_head
        topics = [OVERLAY_OBJECTS, RIG_DEVICE, CALIBRATE_TARGET, *([FRAME_WORLD] if pictures else [])]
        self._stack = contextlib.ExitStack()
        self._publisher = self._stack.enter_context(Publisher(address))
        self._subscriber = self._stack.enter_context(Subscriber(address, topics))
        self._viewpoint = Viewpoint()
        self._heads: deque[HeadPose] = deque(maxlen=HEADS_KEPT)  # from the thread that senses
        self._frame: Received | None = None
        self._target: Received | None = None
        self.overlay: Overlay | None = None
        self.picture: Picture | None = None
        self.changed = False
        self.broken_pictures = 0

    def want_pictures(self, wanted: bool) -> None:
        """Whether the camera's pictures are decoded."""
        self._pictures = wanted

    def poll(self) -> None:
        """Take what has come; no waiting."""
        self.changed = False
        while self._heads:
            self._viewpoint.take(self._heads.popleft())
        for received in self._subscriber.poll(0):
            message = received.message
            if isinstance(message, Overlay):
                self.overlay, self.changed = message, True
            elif isinstance(message, Frame):
                self._frame = received
            elif isinstance(message, RigDevice):
                self._viewpoint.take(message)
            elif isinstance(message, CalibrationTarget):
                self._target = received
        if self._pictures:
            self._decode()
        if self.picture is not None and time.monotonic_ns() - self.picture.capture_ns > PICTURE_MAX_AGE_NS:
            self.picture = None

    @property
    def target(self) -> CalibrationTarget | None:
        """What is to be looked at while gaze is calibrated; None when nobody says so any more."""
        received = self._target
        if received is None or time.monotonic_ns() - received.receive_ns > TARGET_GONE_NS:
            return None
        return received.message if isinstance(received.message, CalibrationTarget) else None

    def placed(self, overlay: Overlay) -> tuple[SE3, Camera | None] | None:
        """T_world_camera at the overlay's capture, and its camera if that is known; None where the pose is not."""
        frame = Frame(
            topic=FRAME_WORLD,
            capture_ns=overlay.capture_ns,
            width=overlay.width,
            height=overlay.height,
            index=0,
            format="jpeg",
            camera_id=overlay.camera_id,
            T_head_camera_id=overlay.rig_id,
        )
        view = self._viewpoint.of(frame)
        camera = None if view is None else view.calibration.camera
        if overlay.T_world_camera is not None and self._own_head:
            return se3_of(overlay.T_world_camera), camera
        if view is None or view.T_world_camera is None:
            return None
        return view.T_world_camera, camera

    def head(self, T_world_head: SE3, capture_ns: int) -> None:
        """Send the head's pose, and keep it. May be called from another thread, and so may `gaze` and `head_gaze`."""
        message = HeadPose(topic=POSE_HEAD, capture_ns=capture_ns, T_world_head=pose_of(T_world_head))
        self._heads.append(message)
        if self._own_head:
            self._publisher.send(message)

    def gaze(self, d_head: Vec3, capture_ns: int) -> None:
        """Send where the eyes point."""
        self._publisher.send(Gaze(topic=GAZE_BINOCULAR, capture_ns=capture_ns, confidence=1.0, d_head=d_head))

    def head_gaze(self, capture_ns: int) -> None:
        """Send where the head points, for a headset that does not see the eyes."""
        self._publisher.send(
            Gaze(
                topic=GAZE_BINOCULAR,
                capture_ns=capture_ns,
                confidence=HEAD_CONFIDENCE,
                d_head=(0.0, 0.0, -1.0),
                source="head",
            )
        )

    def prompt(self, prompt: UserPrompt) -> None:
        """Send what the wearer asks for."""
        self._publisher.send(prompt)

    def _decode(self) -> None:
        """The newest picture, if its camera and pose are known."""
        received, self._frame = self._frame, None
        if received is None or not isinstance(received.message, Frame) or received.message.capture_ns is None:
            return
        frame = received.message
        view = self._viewpoint.of(frame)
        if view is None or view.T_world_camera is None:
            return
        try:
            pixels = image_of(received)
        except WireError:
            self.broken_pictures += 1
            return
        self.picture = Picture(pixels, view.calibration.camera, view.T_world_camera, frame.capture_ns or 0)

    def close(self) -> None:
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
