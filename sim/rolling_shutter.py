"""A rolling shutter: each band of rows is rendered at its own instant, as the camera reads them out one by one."""

from collections.abc import Callable
from itertools import pairwise
from math import ceil

import numpy as np

from gazeline.calib.se3 import SE3
from gazeline.sim.render import Rendered, Renderer

BAND_NS = 500_000  # at 100 deg/s the head turns by 0.05 degrees in it, less than a pixel
Look = Callable[[int], SE3]  # moves the scene to a time in ns, and says where the camera is then (T_world_camera)


def rendered_by_rows(renderer: Renderer, look: Look, t_ns: int, line_time_ns: int) -> Rendered:
    """The picture whose middle row is exposed at ``t_ns``, and its truth, each row as it was at its own instant.

    It takes a rendering for each band, so it is slow. The scene is left at ``t_ns``.
    """
    height = renderer.camera.height
    readout_ns = line_time_ns * (height - 1)
    bands = min(max(ceil(readout_ns / BAND_NS), 1), height)
    bounds = np.linspace(0, height, bands + 1).round().astype(int).tolist()
    parts = []
    for first, end in pairwise(bounds):
        middle_ns = t_ns + round(line_time_ns * (0.5 * (first + end - 1) - 0.5 * (height - 1)))
        whole = renderer.render(look(max(middle_ns, 0)))
        rows = np.s_[first:end]
        parts.append(Rendered(whole.rgb[rows], whole.object_ids[rows], whole.part_ids[rows], whole.depth_m[rows]))
    look(t_ns)
    names = ("rgb", "object_ids", "part_ids", "depth_m")
    return Rendered(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
