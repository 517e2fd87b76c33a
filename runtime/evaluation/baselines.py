"""What a model should beat: a disc around the click, which knows nothing, and GrabCut, which learns nothing."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.engines.clicks import Mask, Point
from gazeline.engines.mask_scores import boundary_f, iou
from gazeline.runtime.evaluation.asking import Answer, Ask, Case, mean
from gazeline.runtime.image_files import Image

DISC = 0.05  # its radius, of the picture's width

# GrabCut's settings did best on photographs of COCO, among some twenty. Larger pictures are slower and not better.
GRABCUT_PX = 256  # longer side of the picture that it works on
GRABCUT_STEPS = 2
SURE, LIKELY, POSSIBLE = 0.015, 0.06, 0.25  # radii of its discs around the click, of the longer side


def disc_answers(case: Case, asks: Sequence[Ask]) -> dict[str, Answer]:
    """A disc's answers to clicks and gaze."""
    answers = {}
    if "click" in asks:
        answers["click"] = _judge(disc(case.wanted.shape, case.click), case.wanted)
    if "gaze" in asks:
        answers["gaze"] = mean([_judge(disc(case.wanted.shape, point), case.wanted) for point in case.gaze])
    return answers


def grabcut_answers(case: Case, asks: Sequence[Ask]) -> dict[str, Answer]:
    """GrabCut's answers to clicks, gaze and boxes."""
    answers = {}
    if "click" in asks:
        answers["click"] = _judge(grabcut_around(case.image, case.click), case.wanted)
    if "gaze" in asks:
        answers["gaze"] = mean([_judge(grabcut_around(case.image, point), case.wanted) for point in case.gaze])
    if "box" in asks:
        answers["box"] = _judge(grabcut_in_box(case.image, case.box), case.wanted)
    return answers


def disc(shape: tuple[int, ...], at: Point) -> Mask:
    """A disc around ``at`` (x, y) in a picture of this shape, (H, W)."""
    xs, ys = np.meshgrid(np.arange(shape[1]) - at[0], np.arange(shape[0]) - at[1])
    return np.asarray(np.hypot(xs, ys) < DISC * shape[1])


def grabcut_around(image: Image, at: Point) -> Mask:
    """What GrabCut takes for the object at ``at`` (x, y): (H, W) bool.

    The innermost of three discs is the object for sure, the next one likely, and what is outside of the largest is not.
    Rother, Kolmogorov and Blake, "GrabCut", 2004; as OpenCV has it.
    """
    small, scale = _shrunk(image)
    height, width = small.shape[:2]
    xs, ys = np.meshgrid(np.arange(width) - at[0] * scale, np.arange(height) - at[1] * scale)
    away = np.hypot(xs, ys) / max(height, width)
    seeds = np.full((height, width), cv2.GC_PR_BGD, np.uint8)
    seeds[away > POSSIBLE] = cv2.GC_BGD
    seeds[away < LIKELY] = cv2.GC_PR_FGD
    seeds[away <= max(SURE, away.min())] = cv2.GC_FGD
    return _grabcut(small, seeds, image.shape)


def grabcut_in_box(image: Image, box: NDArray[np.float64]) -> Mask:
    """What GrabCut takes for the object in ``box`` (x0, y0, x1, y1): (H, W) bool; of a box over all, all of it."""
    small, scale = _shrunk(image)
    x0, y0, x1, y1 = np.rint((box + 0.5) * scale).astype(int)
    seeds = np.full(small.shape[:2], cv2.GC_BGD, np.uint8)
    seeds[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)] = cv2.GC_PR_FGD
    if (seeds == cv2.GC_PR_FGD).all():
        return np.ones(image.shape[:2], np.bool_)
    return _grabcut(small, seeds, image.shape)


def _shrunk(image: Image) -> tuple[Image, float]:
    scale = min(1.0, GRABCUT_PX / max(image.shape[:2]))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8), scale


def _grabcut(small: Image, seeds: NDArray[np.uint8], shape: tuple[int, ...]) -> Mask:
    cv2.setRNGSeed(0)  # its colour models begin with k-means
    inner, outer = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(small, seeds, (0, 0, 0, 0), outer, inner, GRABCUT_STEPS, cv2.GC_INIT_WITH_MASK)
    inside = np.isin(seeds, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)
    return np.asarray(cv2.resize(inside, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR) > 0.5)


def _judge(mask: Mask, wanted: Mask) -> Answer:
    overlap = iou(mask, wanted)
    return Answer(overlap, overlap, boundary_f(mask, wanted))
