"""A wearer who is somewhere else: head and gaze come over the bus, from a HUD that an OpenXR runtime tells of them.

It stands in for `gazeline.sim.wearer.Wearer`, so that the simulator shows, and judges by, what that wearer looks at.
"""

import threading
from collections import deque

import numpy as np

from gazeline.calib.se3 import SE3
from gazeline.runtime.messages import Gaze, HeadPose, Message, Pose
from gazeline.runtime.sync import History, pose_at, se3_of
from gazeline.sim.eyes import STRAIGHT_ON, Array, angle_deg
from gazeline.sim.wearer import EyeState

REST_DEG = 1.5  # the eye rests for as long as it stays within this
RESTS_KEPT = 256
USABLE = 0.5  # confidence
FAR_M = 2.0  # where a sample does not say how far the eyes look


class BusWearer:
    """Fed by `take`, from any thread. ``epoch_ns``: the host time at which the session began, as in `at`'s times."""

    def __init__(self) -> None:
        self.epoch_ns = 0
        self._lock = threading.Lock()
        self._poses: History[Pose] = History(span_ns=5_000_000_000)
        self._gazes: History[Gaze] = History(span_ns=5_000_000_000)
        self._rests: deque[tuple[int, Array]] = deque(maxlen=RESTS_KEPT)  # since when (host time), and where to, world

    @property
    def known(self) -> bool:
        """Whether a head pose has come."""
        return self._poses.newest is not None

    def take(self, message: Message) -> None:
        """A head pose or a gaze sample; anything else is left alone."""
        if message.capture_ns is None:
            return
        with self._lock:
            if isinstance(message, HeadPose):
                self._poses = self._poses.added(message.capture_ns, message.T_world_head)
            elif isinstance(message, Gaze) and message.d_head is not None and message.confidence >= USABLE:
                self._gazes = self._gazes.added(message.capture_ns, message)
                if self._poses.newest is not None:
                    self._note(message.capture_ns, self._pose(message.capture_ns).rotate(message.d_head))

    def at(self, t_ns: int) -> EyeState:
        """Head and eyes at an instant of the session. Raises ValueError before a head pose has come."""
        host_ns = self.epoch_ns + t_ns
        with self._lock:
            T_world_head = self._pose(host_ns)
            gaze = self._gazes.nearest(host_ns, self._gazes.span_ns)
            since_ns = next((start_ns for start_ns, _ in reversed(self._rests) if start_ns <= host_ns), None)
        d_head, distance_m = STRAIGHT_ON, FAR_M
        if gaze is not None and gaze.d_head is not None:
            d = np.asarray(gaze.d_head)
            d_head, distance_m = d / np.linalg.norm(d), gaze.depth_m or FAR_M
        return EyeState(
            t_ns=t_ns,
            T_world_head=T_world_head,
            d_head=d_head,
            distance_m=distance_m,
            phase="saccade" if since_ns is None else "fixation",
            openness=1.0,
            since_ns=None if since_ns is None else max(since_ns - self.epoch_ns, 0),
            object_id=0,
        )

    def _pose(self, host_ns: int) -> SE3:
        found = pose_at(self._poses, host_ns)
        if found is not None:
            return found
        if self._poses.newest is None:
            raise ValueError("no head pose has come over the bus yet")
        return se3_of(self._poses.newest)

    def _note(self, host_ns: int, d_world: Array) -> None:
        if not self._rests or angle_deg(self._rests[-1][1], d_world) > REST_DEG:
            self._rests.append((host_ns, d_world))
