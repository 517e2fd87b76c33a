"""How well a set of views covers what a camera can see, which views to add, and which to take of many alike.

The four measures of a view (where, how large, how tilted) are those of ROS's camera_calibration, with the tilt in two
directions.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from gazeline.calib.board import Array
from gazeline.calib.intrinsics import View

ENOUGH_VIEWS = 20
GRID = (12, 16)  # rows, columns of the heat map
_ZONES = (
    "upper left",
    "upper middle",
    "upper right",
    "left",
    "middle",
    "right",
    "lower left",
    "lower middle",
    "lower right",
)
_ZONE_SHARE = 0.02  # of all corners, below which a zone counts as empty
_TILTED = 0.25  # about 20 degrees before a camera of 60 degrees
_LARGE = 0.45  # of the picture's longer side


def signature(view: View, width: int, height: int) -> Array:
    """A view in five numbers of about 1: its middle x and y, its size, its tilt about the vertical and the horizontal.

    Tilt: how much larger one side of the board appears than the other, as a share; it is what shows the focal length.
    """
    middle = view.px.mean(axis=0)
    low, high = view.px.min(axis=0), view.px.max(axis=0)
    size = float((high - low).max()) / max(width, height)
    p = view.p_m[:, :2] - view.p_m[:, :2].mean(axis=0)
    reach = float(np.abs(p).max())
    H, _ = cv2.findHomography(p / reach, (view.px - middle) / max(width, height))
    tilt = 2.0 * H[2, :2] / H[2, 2] if H is not None and abs(H[2, 2]) > 1e-9 else np.zeros(2)
    return np.array([middle[0] / width, middle[1] / height, size, *np.clip(tilt, -2.0, 2.0)])


def spread(views: Sequence[View], width: int, height: int, most: int) -> list[View]:
    """At most so many of the views, as different as can be, in their order; sharp ones are preferred."""
    if len(views) <= most:
        return list(views)
    places = np.stack([signature(view, width, height) for view in views])  # (V, 5)
    rise = np.nan_to_num(np.array([view.rise_px for view in views]), nan=2.0)
    worth = 1.0 / np.maximum(rise, 1.0)
    chosen = [int(np.argmax(worth * places[:, 2]))]
    away = np.full(len(views), np.inf)
    while len(chosen) < most:
        away = np.minimum(away, np.linalg.norm(places - places[chosen[-1]], axis=1))
        chosen.append(int(np.argmax(away * worth)))
    return [views[i] for i in sorted(set(chosen))]


def heat_map(views: Sequence[View], width: int, height: int) -> Array:
    """How many corners lie in each part of the picture, (12, 16)."""
    rows, columns = GRID
    px = np.concatenate([view.px for view in views]) if views else np.zeros((0, 2))
    edges_y, edges_x = (np.linspace(-0.5, side - 0.5, n + 1) for side, n in ((height, rows), (width, columns)))
    return np.asarray(np.histogram2d(px[:, 1], px[:, 0], bins=(edges_y, edges_x))[0], np.float64)


def advice(views: Sequence[View], width: int, height: int) -> list[str]:
    """What to show the camera next, most important first; empty when there is enough of everything."""
    if not views:
        return ["Show the whole board to the camera."]
    places = np.stack([signature(view, width, height) for view in views])
    px = np.concatenate([view.px for view in views])
    column, row = np.clip(px * 3 // np.array([width, height]), 0, 2).astype(int).T
    zones = np.bincount(3 * row + column, minlength=9)
    said = [
        f"Move the board to the {zone} of the picture, up to its border."
        for zone, count in zip(_ZONES, zones, strict=True)
        if count < _ZONE_SHARE * len(px)
    ]
    if np.ptp(places[:, 3]) < 2 * _TILTED:
        said.append("Tilt the board to the left and to the right, by 30 degrees or more.")
    if np.ptp(places[:, 4]) < 2 * _TILTED:
        said.append("Tilt the board forwards and backwards, by 30 degrees or more.")
    if places[:, 2].max() < _LARGE:
        said.append("Bring the board closer, so that it fills half of the picture.")
    if len(views) < ENOUGH_VIEWS:
        said.append(f"Take {ENOUGH_VIEWS - len(views)} more views, each one different.")
    return said
