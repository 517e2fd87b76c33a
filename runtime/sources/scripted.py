"""A gaze of no one: a slow tour of points over the picture, for recordings that have no gaze."""

import itertools
from collections.abc import Iterator

import numpy as np

from gazeline.calib.rig import RigCamera
from gazeline.runtime.sources.source import Sample, gaze_sample

_HZ = 60
_STAY_S = 1.2
_MOVE_S = 0.05
_SPREAD = 0.6  # of the picture's width and height, around its middle
_STEP = (0.7548776662466927, 0.5698402909980532)  # the R2 sequence: each new point far from those before it


def scripted_gaze(world: RigCamera, start_ns: int) -> Iterator[Sample]:
    """Gaze without end from ``start_ns`` on, the same every time: 1.2 s at a point, 50 ms on the way to the next.

    The points are M. Roberts' R2 sequence (http://extremelearning.com.au/unreasonable-effectiveness-of-quasirandom-sequences).
    """
    camera = world.camera
    size = np.array([camera.width, camera.height])
    period_s = _STAY_S + _MOVE_S
    for i in itertools.count():
        seconds = i / _HZ
        step, within_s = divmod(seconds, period_s)
        t = max(0.0, within_s - _STAY_S) / _MOVE_S
        share = t * t * (3.0 - 2.0 * t)
        here, there = (_point(int(step) + k) for k in (0, 1))
        norm = (1.0 - share) * here + share * there  # (2,), 0..1, y down
        d_camera, _ = camera.unproject(norm * size - 0.5)
        yield gaze_sample(
            start_ns + round(seconds * 1e9),
            world.se3.rotate(d_camera),
            norm_pos=(float(norm[0]), 1.0 - float(norm[1])),
        )


def _point(i: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """The i-th point of the tour, 0..1; the first is the middle of the picture."""
    return 0.5 + _SPREAD * ((0.5 + i * np.array(_STEP)) % 1.0 - 0.5)
