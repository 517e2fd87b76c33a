"""The decode stage: questions about an embedding to outlined answers."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gazeline.engines.segmenter import Embedding, Masks, Prompt, Segmenter
from gazeline.runtime.config import OutlineSettings
from gazeline.runtime.depth import Distances, Plane, distances
from gazeline.runtime.events import Answer, Decode, Decoded
from gazeline.runtime.gaze.granularity import Evidence, around, candidates_of, chosen, together
from gazeline.runtime.outline import Outline, outline, rays_of
from gazeline.runtime.prompt import Question, View
from gazeline.runtime.tracking.appearance import colours_under


def decode(
    segmenter: Segmenter,
    request: Decode,
    settings: OutlineSettings,
    clock_ns: Callable[[], int] = time.monotonic_ns,
) -> Decoded:
    """Answer a `Decode`: all questions in one run of the decoder, and another where gaze looks around. ValueError."""
    started_ns = clock_ns()
    prompts = [Prompt(asked.points, asked.labels, asked.box) for asked in request.questions]
    masks = segmenter.decode(request.encoded.embedding, prompts)
    if request.gaze_px is not None and request.evidence is not None:
        masks[0] = meant(segmenter, request.encoded.embedding, masks[0], request.evidence)
    logits = [found.logits[found.best] for found in masks]
    described = segmenter.describe(request.encoded.embedding, logits) if segmenter.describes else [None] * len(masks)
    decoded_ns = clock_ns()
    image = request.encoded.image
    answers = tuple(
        replace(
            answered(found, asked, request.view, settings, request.depth),
            description=description,
            colours=colours_under(image, found.logits[found.best], found.window),
        )
        for found, asked, description in zip(masks, request.questions, described, strict=True)
    )
    ended_ns = clock_ns()
    took_ms = {"decode": (decoded_ns - started_ns) * 1e-6, "outline": (ended_ns - decoded_ns) * 1e-6}
    return Decoded(request, answers, took_ms)


def meant(segmenter: Segmenter, embedding: Embedding, one: Masks, evidence: Evidence) -> Masks:
    """Of the masks of gaze's point the one of the right size, alone; or a larger one, which holds other places where
    gaze has rested as well. See `gazeline.runtime.gaze.granularity`."""
    if not (one.logits[one.best] > 0.0).any():
        return one
    points = (*around(one, evidence), evidence.places[-1].px)
    wholes = []
    if len(points) > 1:
        prompts = [Prompt([point]) for point in points[:-1]]
        if len(points) <= segmenter.bundle.manifest.limits.points:
            prompts.append(Prompt(points))
        found = segmenter.decode(embedding, prompts)
        wholes = [(masks.logits[masks.best], float(masks.iou[masks.best])) for masks in found[len(points) - 1 :]]
        whole = together([one, *found[: len(points) - 1]])
        wholes += [whole] if whole is not None else []
    candidates = candidates_of(one, wholes)
    best = candidates[chosen(candidates, evidence, one.window)]
    return Masks(best.logits[None], np.array([best.iou], np.float32), 0, one.window)


def answered(
    masks: Masks, asked: Question, view: View, settings: OutlineSettings, depth: Plane | None = None
) -> Answer:
    """The best mask of one question, outlined. ValueError where the network's answer is not finite."""
    logits = masks.logits[masks.best]
    if not np.isfinite(logits).all():
        raise ValueError("the network's answer holds numbers that are not finite")
    crop, (x0, y0, _, _) = masks.crop()
    shape = outline(
        crop,
        (x0, y0),
        tolerance_px=settings.tolerance_px,
        min_area_px=settings.min_area_px,
        gaze_px=asked.centre,
    )
    window = masks.window
    far = distances(shape, depth, window.frame_w, window.frame_h) if shape is not None and depth is not None else None
    rays = _rays(shape, view, far) if shape is not None and view.calibration.measured else ()
    score = float(np.clip(masks.iou[masks.best], 0.0, 1.0))
    return Answer(shape, rays, logits, window, score, far)


def _rays(shape: Outline, view: View, far: Distances | None) -> tuple[NDArray[np.float64], ...]:
    """The outline's rays at the picture's capture, each row's own instant undone; far away where nothing tells."""
    depths = [None] * len(shape.rings) if far is None else far.rings
    rays = zip(shape.rings, rays_of(shape, view.calibration.camera), depths, strict=True)
    return tuple(view.at_capture(ring_rays, ring, depth_m) for ring, ring_rays, depth_m in rays)
