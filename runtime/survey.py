"""The survey stage: all that is in a picture, outlined, off the way from gaze to outline.

It looks through a model of its own, in one thread of the lowest priority, so that gaze never waits for it. A model with
one window on a frame is large, and is shared instead.
"""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gazeline.engines.everything import described, everything, workers_of
from gazeline.engines.segmenter import Segmenter
from gazeline.runtime.config import OutlineSettings
from gazeline.runtime.decode import answered
from gazeline.runtime.depth import metres
from gazeline.runtime.events import Survey, Surveyed
from gazeline.runtime.images import image_of
from gazeline.runtime.prompt import Question
from gazeline.runtime.tracking.appearance import colours_under


class SurveyStage:
    """Answers surveys, with a copy of the model that is loaded at the first one."""

    def __init__(
        self, segmenter: Segmenter, settings: OutlineSettings, clock_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._shared, self._settings, self._clock_ns = segmenter, settings, clock_ns
        self._own: Segmenter | None = None

    def work(self, request: Survey) -> Surveyed:
        """Answer a `Survey`. Raises ValueError (a `WireError` for a broken picture)."""
        return survey(self._segmenter(), request, self._settings, self._clock_ns)

    def close(self) -> None:
        """Free the copy."""
        if self._own is not None:
            self._own.close()

    def _segmenter(self) -> Segmenter:
        folder = self._shared.bundle.folder
        if self._own is None and workers_of(folder) > 1:
            self._own = Segmenter.load(folder, "onnxruntime", threads=1)
        return self._own or self._shared


def survey(
    segmenter: Segmenter, request: Survey, settings: OutlineSettings, clock_ns: Callable[[], int] = time.monotonic_ns
) -> Surveyed:
    """Everything in the picture of ``request``, the largest first."""
    started_ns = clock_ns()
    image = request.picture if isinstance(request.picture, np.ndarray) else image_of(request.picture)
    depth_m = None if request.depth is None else metres(request.depth)
    found = everything(segmenter, image, depth_m)
    looks = described(segmenter, image, found, depth_m) if segmenter.describes else [None] * len(found)
    answers = []
    for thing, look in zip(found, looks, strict=True):
        x, y = thing.point.tolist()
        answer = answered(thing.masks, Question(((x, y),), (1,)), request.view, settings, request.depth)
        colours = colours_under(image, answer.logits, answer.window)
        answers.append(replace(answer, score=thing.score, description=look, colours=colours))
    took_ms = {"survey": (clock_ns() - started_ns) * 1e-6}
    return Surveyed(
        request,
        image,
        tuple(answers),
        tuple(thing.whole for thing in found),
        tuple(thing.surface for thing in found),
        took_ms,
    )
