"""How good an overlay is: its outline of the gazed object against the object that the eye really looks at.

An overlay is judged by the frame that it is about. It counts if, when that frame was captured,

- the eye really rested (fixation or pursuit, lids open) on an object of which at least 100 px were to be seen,
- and had done so for at least 200 ms, so that any tracker and classifier could know,
- and the same rest still went on at the instant of the gaze sample that the overlay was made from (of its publication,
  if it names none): an overlay that already follows a newer look cannot be held against an older one;

and unless the user pointed with mouse or prompt. Then

- IoU: pixels common to outline and object over pixels of either, in that frame; the outline is filled by the even-odd
  rule over all its rings, a pixel belongs to it if its centre does;
- hit: the pixel of the true gaze lies inside the outline.

An overlay without a gazed object, or with one of no outline, has IoU 0 and is no hit. Where an overlay does not count,
both are None.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.runtime.messages import Overlay, OverlayObject, TruthScore
from gazeline.runtime.topics import TRUTH_SCORE
from gazeline.sim.truth import Truth
from gazeline.sim.wearer import EyeState

Mask = NDArray[np.bool_]
Rings = Sequence[Sequence[tuple[float, float]]]

LEAST_VISIBLE_PX = 100
LEAST_REST_NS = 200_000_000
KEPT_NS = 2_000_000_000
FINER = 5  # odd, so that each pixel's centre is the centre of a finer pixel
SHIFT = 4  # vertices are rounded to 1/16 of a finer pixel


def rasterise(rings: Rings, width: int, height: int) -> Mask:
    """The pixels (height, width) whose centres are inside closed rings of (x, y) pixels, by the even-odd rule.

    OpenCV's fill takes in every pixel that the border touches; filling five times finer leaves a tenth of a pixel of
    that.
    """
    mask = np.zeros((height, width), dtype=np.bool_)
    vertices = [np.asarray(ring, dtype=np.float64).reshape(-1, 2) for ring in rings if len(ring) >= 3]
    if not vertices:
        return mask
    every = np.concatenate(vertices)
    x0, y0 = np.clip(np.floor(every.min(axis=0)).astype(int), 0, (width, height))
    x1, y1 = np.clip(np.ceil(every.max(axis=0)).astype(int) + 1, 0, (width, height))
    if x1 <= x0 or y1 <= y0:
        return mask
    finer = np.zeros(((y1 - y0) * FINER, (x1 - x0) * FINER), dtype=np.uint8)
    scale = FINER * 2**SHIFT
    moved = [np.rint((v - (x0, y0)) * scale + FINER // 2 * 2**SHIFT).astype(np.int32) for v in vertices]
    cv2.fillPoly(finer, moved, 1, shift=SHIFT)
    mask[y0:y1, x0:x1] = finer[FINER // 2 :: FINER, FINER // 2 :: FINER]
    return mask


def inside(rings: Rings, px: tuple[float, float]) -> bool:
    """Whether a point lies inside closed rings, by the even-odd rule."""
    around = 0
    for ring in rings:
        if len(ring) >= 3:
            around += cv2.pointPolygonTest(np.asarray(ring, dtype=np.float32).reshape(-1, 1, 2), px, False) >= 0
    return around % 2 == 1


def score(overlay: Overlay, truth: Truth, eye_at: Callable[[int], EyeState], epoch_ns: int = 0) -> TruthScore:
    """Judge one overlay by the truth of its frame, as said at the top of this file.

    ``eye_at`` gives the true state of the eye at any instant of the session, which began at ``epoch_ns`` in the clock
    of the overlay's times.
    """
    gazed = next((thing for thing in overlay.objects if thing.gazed), None)
    iou, hit = None, None
    if _counts(overlay, truth, eye_at, epoch_ns) and truth.hit is not None:
        iou, hit = _compare(gazed, truth, truth.hit.object_id, truth.hit.px)
    return TruthScore(
        topic=TRUTH_SCORE,
        capture_ns=overlay.capture_ns,
        frame_index=overlay.frame_index,
        gazed_id=truth.hit.object_id if truth.hit else None,
        iou=iou,
        hit=hit,
        overlay_id=gazed.id if gazed else None,
    )


def _counts(overlay: Overlay, truth: Truth, eye_at: Callable[[int], EyeState], epoch_ns: int) -> bool:
    if overlay.gaze_source == "mouse" or overlay.gaze_state == "user" or truth.hit is None:
        return False
    since_ns = truth.eye.since_ns
    if since_ns is None or truth.t_ns - since_ns < LEAST_REST_NS or truth.hit.object_id == 0:
        return False
    if np.count_nonzero(truth.object_ids == truth.hit.object_id) < LEAST_VISIBLE_PX:
        return False
    used_ns = overlay.gaze_capture_ns if overlay.gaze_capture_ns is not None else overlay.publish_ns
    return eye_at(max(used_ns - epoch_ns, 0)).since_ns == since_ns


def _compare(
    gazed: OverlayObject | None, truth: Truth, object_id: int, gaze_px: tuple[float, float]
) -> tuple[float, bool]:
    if gazed is None:
        return 0.0, False
    height, width = truth.object_ids.shape
    outlined, real = rasterise(gazed.outline, width, height), truth.object_ids == object_id
    common = np.count_nonzero(outlined & real)
    return float(common / np.count_nonzero(outlined | real)), inside(gazed.outline, gaze_px)


class Scorer:
    """Keeps the truth of the last two seconds and judges overlays by it. Not for several threads at once."""

    def __init__(self, eye_at: Callable[[int], EyeState], epoch_ns: int) -> None:
        self._eye_at, self._epoch_ns = eye_at, epoch_ns
        self._truths: OrderedDict[int, Truth] = OrderedDict()

    def add(self, truth: Truth) -> None:
        self._truths[truth.frame_index] = truth
        while truth.t_ns - next(iter(self._truths.values())).t_ns > KEPT_NS:
            self._truths.popitem(last=False)

    def score(self, overlay: Overlay) -> TruthScore | None:
        """None if the overlay's frame is older than two seconds, or none of ours."""
        truth = self._truths.get(overlay.frame_index)
        return None if truth is None else score(overlay, truth, self._eye_at, self._epoch_ns)
