"""The encode stage: a picture, decoded from JPEG if need be, to its embedding."""

import time
from collections.abc import Callable
from typing import Literal

import numpy as np

from gazeline.engines.segmenter import Segmenter
from gazeline.engines.window import Window
from gazeline.runtime.depth import metres
from gazeline.runtime.events import Encode, Encoded
from gazeline.runtime.images import image_of
from gazeline.runtime.messages import Vec2

WindowKind = Literal["auto", "foveal", "full"]


def encode(
    segmenter: Segmenter,
    request: Encode,
    window: WindowKind = "auto",
    clock_ns: Callable[[], int] = time.monotonic_ns,
) -> Encoded:
    """Answer an `Encode`. Raises ValueError (a `WireError` for a broken picture)."""
    started_ns = clock_ns()
    image = request.picture if isinstance(request.picture, np.ndarray) else image_of(request.picture)
    ready_ns = clock_ns()
    seen = window_of(segmenter, image.shape[1], image.shape[0], request.centre_px, window)
    depth_m = metres(request.depth) if request.depth is not None and segmenter.takes_depth else None
    embedding = segmenter.encode(image, seen, depth_m)
    ended_ns = clock_ns()
    took_ms = {"picture": (ready_ns - started_ns) * 1e-6, "encode": (ended_ns - ready_ns) * 1e-6}
    return Encoded(request, image, embedding, took_ms)


def window_of(
    segmenter: Segmenter, frame_w: int, frame_h: int, centre_px: Vec2 | None, kind: WindowKind = "auto"
) -> Window:
    """The window on a picture: as the model wants it, or as the settings insist."""
    size = segmenter.bundle.manifest.input.size
    match kind:
        case "full":
            return Window.full(frame_w, frame_h, size)
        case "foveal" if segmenter.bundle.manifest.window.kind != "foveal":
            last = np.array([frame_w - 1, frame_h - 1])
            return Window.foveal(frame_w, frame_h, size, last / 2 if centre_px is None else np.clip(centre_px, 0, last))
        case _:
            return segmenter.window_for(frame_w, frame_h, centre_px)
