"""A mask carried through a video: from one picture to the next by optical flow, colours and the model together.

Flow says where the mask went; it knows nothing of objects, and its errors add up. The colours inside and outside of the
mask so far, the first one's above all, tell the object from what is around it. The model, asked in the new picture with
the mask's deepest point and its box, knows where things end, but not which is meant. Each pixel near the border of the
carried mask is decided by the sum of what the three say; far from it, by flow alone, so that a wrong answer does little
harm.

Flow: T. Kroeger et al., "Fast optical flow using dense inverse search", ECCV 2016, as OpenCV has it.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.engines.clicks import deepest
from gazeline.engines.mask_scores import iou
from gazeline.engines.segmenter import Prompt, Segmenter

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]

FLOW_PX = 427  # the longer side of the pictures between which flow is found
BAND = 0.12  # how far from its border a carried mask may be wrong, of the square root of its area,
LEAST_BAND_PX = 4.0
LEAST_PX = 20  # a smaller mask is lost, and stays where it was last
TRUSTED_IOU = 0.4  # with the carried mask: an answer of the model that agrees with it less is of something else
MOST_LOGIT = 4.0  # of what anyone says of a pixel; their weights:
BY_FLOW, BY_COLOUR, BY_MODEL = 1.0, 1.0, 0.25
LEVELS = 16  # of each of the three axes of a colour
RARE = 1e-4  # share of a colour that was never seen
LEARN_INSIDE, LEARN_OUTSIDE = 0.05, 0.2  # of each new picture's colours
AROUND = 0.5  # what counts as outside of a mask, of the square root of its area,
LEAST_AROUND_PX = 10
LEAST_PIECE = 0.05  # of the largest piece; smaller ones are specks


@dataclass(frozen=True, eq=False)
class Carried:
    """A mask (H, W) in a picture, that picture small and grey, and how colours are spread inside of the mask and around
    it (K,), each with the sum 1."""

    mask: Mask
    grey: Image
    inside: Floats
    outside: Floats


def begun(image: Image, mask: Mask) -> Carried:
    """With the first mask (H, W) in its picture (H, W, 3) RGB."""
    return Carried(mask, _small_grey(image), *_spread(_cells(image), mask))


def propagated(before: Carried, image: Image, segmenter: Segmenter | None, *, colours: bool = True) -> Carried:
    """The mask in the next picture (H, W, 3) RGB; without a model and without colours by flow alone."""
    grey = _small_grey(image)
    warped = _warped(before, grey)
    count = np.count_nonzero(warped)
    if count < LEAST_PX:
        return Carried(before.mask, grey, before.inside, before.outside)
    cells = _cells(image)
    away = _from_border(warped, max(BAND * float(np.sqrt(count)), LEAST_BAND_PX))  # (H, W)
    logits = BY_FLOW * MOST_LOGIT * away
    if colours:
        ratio = np.log((before.inside + RARE) / (before.outside + RARE)).astype(np.float32)
        around = cv2.boxFilter(ratio[cells], -1, (5, 5))
        logits = logits + BY_COLOUR * np.clip(around, -MOST_LOGIT, MOST_LOGIT)
    answer = None if segmenter is None else _answer(segmenter, image, warped)
    if answer is not None:
        logits = logits + BY_MODEL * answer
    mask = without_specks(np.where(np.abs(away) >= 1.0, warped, logits > 0.0))
    inside, outside = _spread(cells, mask)
    return Carried(
        mask,
        grey,
        (1.0 - LEARN_INSIDE) * before.inside + LEARN_INSIDE * inside,
        (1.0 - LEARN_OUTSIDE) * before.outside + LEARN_OUTSIDE * outside,
    )


def _answer(segmenter: Segmenter, image: Image, mask: Mask) -> Floats | None:
    """What the model says of the thing under a mask: logits (H, W), cut off; None if it means something else."""
    height, width = mask.shape
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = np.array([columns[0] - 0.5, rows[0] - 0.5, columns[-1] + 0.5, rows[-1] + 0.5])
    window = segmenter.window_for(width, height, 0.5 * (box[:2] + box[2:]))
    point, _ = deepest(mask)
    (masks,) = segmenter.decode(segmenter.encode(image, window), [Prompt([point], box=box)])
    agreement = [iou(masks.mask(k), mask) for k in range(len(masks.logits))]
    best = int(np.argmax(agreement))
    if agreement[best] < TRUSTED_IOU:
        return None
    logits, (x0, y0, x1, y1) = masks.crop(best)
    whole = np.full(mask.shape, -MOST_LOGIT, np.float32)
    whole[y0:y1, x0:x1] = np.clip(logits, -MOST_LOGIT, MOST_LOGIT)
    return whole


def _warped(before: Carried, grey: Image) -> Mask:
    """The mask in a new picture (h, w), each pixel of which flow has found in the one before."""
    found = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(grey, before.grey, None)  # type: ignore[call-overload]
    height, width = before.mask.shape
    flow = cv2.resize(found, (width, height)) * np.float32(width / grey.shape[1])
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    mask = cv2.remap(before.mask.astype(np.float32), x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR)
    return np.asarray(mask > 0.5)


def _from_border(mask: Mask, reach_px: float) -> Floats:
    """How far inside (up to 1) or outside (down to -1) of a mask each pixel (H, W) lies."""
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    return np.clip(np.where(mask, inside - 0.5, 0.5 - outside) / reach_px, -1.0, 1.0).astype(np.float32)


def _cells(image: Image) -> NDArray[np.int32]:
    """The number (H, W) of each pixel's colour, of lightness and the middle half of both other axes."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.int32)
    level = np.clip((lab - (0, 64, 64)) // (16, 8, 8), 0, LEVELS - 1)
    return np.asarray(level @ (LEVELS**2, LEVELS, 1), np.int32)


def _spread(cells: NDArray[np.int32], mask: Mask) -> tuple[Floats, Floats]:
    """How colours are spread inside of a mask and around it, each (K,) with the sum 1."""
    reach = 2 * max(LEAST_AROUND_PX, int(AROUND * np.sqrt(np.count_nonzero(mask)))) + 1
    near = cv2.dilate(mask.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    counts = (np.bincount(cells[where], minlength=LEVELS**3) for where in (mask, near & ~mask))
    inside, outside = (np.asarray(count / max(int(count.sum()), 1), np.float32) for count in counts)
    return inside, outside


def without_specks(mask: Mask) -> Mask:
    """The mask's largest piece, and those that are not much smaller."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    area = stats[:, cv2.CC_STAT_AREA].copy()
    area[0] = 0
    return np.asarray((area >= LEAST_PIECE * max(int(area.max()), 1))[labels] & mask)


def _small_grey(image: Image) -> Image:
    scale = min(1.0, FLOW_PX / max(image.shape[:2]))
    size = max(16, round(image.shape[1] * scale)), max(16, round(image.shape[0] * scale))
    return np.asarray(cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA), np.uint8)
