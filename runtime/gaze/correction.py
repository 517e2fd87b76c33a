"""What is done to the eye tracker's directions: the wearer's profile, and a turn on top where gaze was recentred."""

from collections.abc import Container
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazeline.calib.gaze_mapping import GazeMapping, turn_between
from gazeline.runtime.gaze.profile import GazeProfile
from gazeline.runtime.messages import Vec2
from gazeline.runtime.prompt import View

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Correction:
    """``user`` and ``device`` of the profile it came from, empty without one."""

    user: str = ""
    device: str = ""
    mapping: GazeMapping = field(default_factory=GazeMapping)

    @classmethod
    def of(cls, profile: GazeProfile) -> "Correction":
        """That of a stored profile."""
        return cls(profile.user, profile.device, profile.mapping)

    def fits(self, rigs: Container[str]) -> bool:
        """False for a profile that was made with a headset which is none of these (by their ids)."""
        return not self.device or self.device in rigs

    def applied(self, d_head: ArrayLike, rigs: Container[str]) -> Array:
        """A corrected direction (3,); as it was where the profile is another device's."""
        return self.mapping.apply(d_head) if self.fits(rigs) else np.asarray(d_head, np.float64)

    def recentred(
        self, view: View, gaze_px: Vec2, target_px: Vec2, depth_m: float, rigs: Container[str]
    ) -> "Correction":
        """With the turn that takes gaze, which falls on ``gaze_px`` of a picture, to what is looked at in truth.

        Another device's profile, which is not applied, gives way to that turn alone.
        """
        found = directions_to(view, (gaze_px, target_px), depth_m)
        if found is None:
            return self
        used = self if self.fits(rigs) else Correction()
        return replace(used, mapping=used.mapping.then(turn_between(*found)))


def directions_to(view: View, px: ArrayLike, depth_m: float) -> Array | None:
    """From between the eyes to points ``depth_m`` behind pixels (N, 2): unit directions (N, 3) in the head frame.

    None where a pixel has no ray.
    """
    calibration = view.calibration
    d_camera, valid = calibration.camera.unproject(px)
    if not np.all(valid):
        return None
    p_head = calibration.T_head_camera.apply(depth_m * d_camera) - calibration.eyes_m
    directions: Array = p_head / np.linalg.norm(p_head, axis=-1, keepdims=True)
    return directions
