"""An overlay as a page draws it: its objects and pointers in the pixels of a picture."""

import numpy as np
from numpy.typing import NDArray

from gazeline.calib.se3 import SE3
from gazeline.runtime.messages import Frame, Overlay, OverlayObject
from gazeline.runtime.sync import se3_of
from gazeline.runtime.viewpoint import Viewpoint
from gazeline.runtime.web.protocol import DrawnObject, DrawnOverlay, DrawnPointer, DrawnSearch

Array = NDArray[np.float64]


def drawn_overlay(overlay: Overlay, frame: Frame, age_ms: float, viewpoint: Viewpoint) -> DrawnOverlay:
    """The overlay moved to a picture; ``age_ms``: how much older its own one is."""
    moved, how = viewpoint.moved(overlay, frame)
    scale = np.array([frame.width / moved.width, frame.height / moved.height])
    view = viewpoint.of(frame)
    return DrawnOverlay(
        frame_index=moved.frame_index,
        age_ms=age_ms,
        moved=how,
        state=moved.gaze_state,
        source=moved.gaze_source,
        latency_ms=moved.latency_ms,
        objects=[_drawn(thing, scale) for thing in moved.objects],
        search=_search(overlay, None if view is None else view.T_world_camera),
    )


def _drawn(thing: OverlayObject, scale: Array) -> DrawnObject:
    rings = [(np.asarray(ring) + 0.5) * scale - 0.5 for ring in thing.outline if len(ring) >= 3]
    x0, y0, x1, y1 = ((np.reshape(thing.box, (2, 2)) + 0.5) * scale - 0.5).ravel().round(2).tolist()
    return DrawnObject(
        id=thing.id,
        name=thing.name,
        name_score=thing.name_score,
        score=thing.score,
        gazed=thing.gazed,
        surface=thing.surface,
        found=thing.found,
        depth_m=thing.depth_m,
        size_m=thing.size_m,
        size_error_m=thing.size_error_m,
        size_source=thing.size_source,
        dwell_ms=thing.dwell_ms,
        looks=thing.looks,
        rings=[ring.round(2).ravel().tolist() for ring in rings],
        box=(x0, y0, x1, y1),
    )


def _search(overlay: Overlay, T_world_camera: SE3 | None) -> DrawnSearch | None:
    """What is looked for, and which way to turn for what is out of view, as the head is at the picture's capture."""
    search = overlay.search
    if search is None:
        return None
    turn = np.eye(3)
    if T_world_camera is not None and overlay.T_world_camera is not None:
        turn = T_world_camera.R.T @ se3_of(overlay.T_world_camera).R
    pointers = []
    for pointer in search.pointers:
        x, y, _ = (turn @ np.asarray(pointer.d_camera, np.float64)).tolist()
        length = float(np.hypot(x, y))
        right, down = (x / length, y / length) if length > 1e-6 else (1.0, 0.0)  # straight behind: either way
        pointers.append(DrawnPointer(pointer.id, pointer.name, round(right, 4), round(down, 4), pointer.depth_m))
    return DrawnSearch(search.text, search.understood, pointers)
