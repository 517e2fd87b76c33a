"""What a detector's outputs say, by the form that they have (see `detector_forms`): boxes with classes and scores."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gazeline.engines.labelers.bundle import Form
from gazeline.engines.session import Array

STRIDES = (8, 16, 32)
LEAST_SCORE = 0.05
MOST = 300


@dataclass(frozen=True, eq=False)
class Detections:
    """``boxes`` (K, 4) x0, y0, x1, y1 px, ``classes`` (K,) int, ``scores`` (K,) 0..1."""

    boxes: NDArray[np.float32]
    classes: NDArray[np.int64]
    scores: NDArray[np.float32]


def detections(form: Form, outputs: dict[str, Array], side: tuple[int, int]) -> Detections:
    """What a network said of one picture, in pixels of what it saw (height, width)."""
    match form:
        case "nms":
            count = int(np.ravel(outputs["count"])[0])
            boxes, scores = outputs["boxes"].reshape(-1, 4)[:count], outputs["scores"].ravel()[:count]
            classes = outputs["classes"].ravel()[:count]
        case "dets":
            dets = outputs["dets"].reshape(-1, 5)
            boxes, scores, classes = dets[:, :4], dets[:, 4], outputs["classes"].ravel()
        case "boxes":
            boxes, scores, classes = (
                outputs["boxes"].reshape(-1, 4),
                outputs["scores"].ravel(),
                outputs["classes"].ravel(),
            )
        case "rows6":
            rows = outputs["rows"].reshape(-1, 6)
            boxes, scores, classes = rows[:, :4], rows[:, 4], rows[:, 5]
        case "rows7":
            rows = outputs["rows"]
            boxes, classes, scores = rows[:, 1:5], rows[:, 5], rows[:, 6]
        case _:
            boxes, chances = _cells(form, outputs, side)
            classes = chances.argmax(axis=1)
            scores = chances[np.arange(len(chances)), classes]
    good = np.isfinite(boxes).all(axis=1) & (scores >= LEAST_SCORE)
    kept = np.flatnonzero(good)[np.argsort(-scores[good], kind="stable")[:MOST]]
    boxes = boxes[kept].astype(np.float32)
    if len(boxes) and boxes.max() <= 2.0:  # shares of the picture
        boxes = boxes * np.array([side[1], side[0], side[1], side[0]], np.float32)
    return Detections(boxes, classes[kept].astype(np.int64), np.clip(scores[kept], 0.0, 1.0).astype(np.float32))


def _cells(form: Form, outputs: dict[str, Array], side: tuple[int, int]) -> tuple[Array, Array]:
    """Boxes (A, 4) and the probability of each class (A, C), of networks that say something of every place."""
    if form in ("detr", "detr-softmax"):
        logits, middles = outputs["logits"][0].astype(np.float32), outputs["boxes"][0]
        if form == "detr":
            chances = 1.0 / (1.0 + np.exp(-np.clip(logits, -80.0, 80.0)))
        else:
            odds = np.exp(logits - logits.max(axis=1, keepdims=True))
            chances = (odds / odds.sum(axis=1, keepdims=True))[:, :-1]
        return _corners(middles * np.array([side[1], side[0]] * 2, np.float32)), chances
    rows = outputs["rows"][0].astype(np.float32)
    if form == "yolov8":
        return _corners(rows[:4].T), rows[4:].T
    middles = rows[:, :4]
    if form == "yolox-grid":
        places = [np.indices((side[0] // s, side[1] // s))[::-1].reshape(2, -1).T for s in STRIDES]  # (cells, 2) x, y
        strides = np.repeat(STRIDES, [len(place) for place in places])[:, None].astype(np.float32)
        middles = np.hstack([(middles[:, :2] + np.concatenate(places)) * strides, np.exp(middles[:, 2:]) * strides])
    return _corners(middles), rows[:, 4:5] * rows[:, 5:]


def _corners(middles: Array) -> Array:
    """(K, 4) middle, width and height to x0, y0, x1, y1."""
    half = 0.5 * middles[:, 2:]
    return np.hstack([middles[:, :2] - half, middles[:, :2] + half])
