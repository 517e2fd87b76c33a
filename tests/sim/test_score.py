"""Scoring: outlines against hand-made masks, and which overlays are judged at all."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.calib.se3 import SE3
from gazeline.runtime.messages import Overlay, OverlayObject
from gazeline.sim.score import Scorer, inside, rasterise, score
from gazeline.sim.truth import GazeHit, Truth
from gazeline.sim.wearer import EyeState

MS = 1_000_000
EPOCH_NS = 5_000 * MS
Ring = list[tuple[float, float]]


def rectangle(x0: float, y0: float, x1: float, y1: float) -> Ring:
    """By the outer edges of its pixels, as outlines of masks are."""
    return [(x0 - 0.5, y0 - 0.5), (x1 - 0.5, y0 - 0.5), (x1 - 0.5, y1 - 0.5), (x0 - 0.5, y1 - 0.5)]


def filled(x0: int, y0: int, x1: int, y1: int) -> NDArray[np.bool_]:
    mask = np.zeros((48, 64), dtype=np.bool_)
    mask[y0:y1, x0:x1] = True
    return mask


def eye(t_ms: int = 0, since_ms: int | None = 0) -> EyeState:
    since_ns = None if since_ms is None else since_ms * MS
    return EyeState(t_ms * MS, SE3.identity(), np.array([0.0, 0.0, -1.0]), 1.0, "fixation", 1.0, since_ns, 1)


def truth(mask: NDArray[np.bool_], t_ms: int = 300, since_ms: int | None = 0, **hit: Any) -> Truth:
    """Object 3 where ``mask`` says, gazed at in its middle, by an eye that has rested since ``since_ms``."""
    rows, columns = np.nonzero(mask)
    px = hit.get("px", (float(columns.mean()), float(rows.mean())))
    gaze = None if hit.get("outside") else GazeHit(px, hit.get("object_id", 3), 1.0)
    return Truth(7, t_ms * MS, mask.astype(np.uint16) * 3, eye(t_ms, since_ms), gaze)


def overlay(*rings: Ring, gaze_ms: int | None = 290, **fields: Any) -> Overlay:
    objects = [
        OverlayObject(id=40, score=0.9, gazed=True, outline=list(rings), box=(0.0, 0.0, 1.0, 1.0), area_px=1.0),
        OverlayObject(id=41, score=0.9, gazed=False, outline=[rectangle(0, 0, 64, 48)], box=(0, 0, 1, 1), area_px=1.0),
    ]
    return Overlay(
        topic="overlay.objects",
        capture_ns=EPOCH_NS + 300 * MS,
        frame_index=7,
        width=64,
        height=48,
        publish_ns=EPOCH_NS + 340 * MS,
        gaze_capture_ns=None if gaze_ms is None else EPOCH_NS + gaze_ms * MS,
        objects=objects if rings else objects[1:],
        **fields,
    )


def resting(since_ms: int | None = 0) -> Callable[[int], EyeState]:
    return lambda t_ns: eye(t_ns // MS, since_ms)


@pytest.mark.parametrize("box", [(10, 5, 30, 25), (0, 0, 64, 48), (63, 47, 64, 48), (20, 30, 21, 47)])
def test_the_outline_of_a_mask_fills_to_that_mask(box: tuple[int, int, int, int]) -> None:
    assert (rasterise([rectangle(*box)], 64, 48) == filled(*box)).all()


def test_holes_are_left_out_whichever_way_round_they_go() -> None:
    expected = filled(10, 5, 40, 40) & ~filled(20, 15, 30, 25)
    hole = rectangle(20, 15, 30, 25)
    for rings in ([rectangle(10, 5, 40, 40), hole], [hole[::-1], rectangle(10, 5, 40, 40)]):
        assert (rasterise(rings, 64, 48) == expected).all()
    assert inside([rectangle(10, 5, 40, 40), hole], (12.0, 30.0))
    assert not inside([rectangle(10, 5, 40, 40), hole], (25.0, 20.0))


def test_borders_between_pixels_count_by_the_centres() -> None:
    assert (rasterise([rectangle(10.3, 5.3, 30.3, 25.3)], 64, 48) == filled(10, 5, 30, 25)).all()
    assert (rasterise([rectangle(10.7, 5.7, 30.7, 25.7)], 64, 48) == filled(11, 6, 31, 26)).all()


def test_outlines_that_leave_the_picture_or_are_none() -> None:
    assert (rasterise([rectangle(-100, -100, 10, 5)], 64, 48) == filled(0, 0, 10, 5)).all()
    assert not rasterise([rectangle(70, 5, 90, 20)], 64, 48).any()
    assert not rasterise([], 64, 48).any()
    assert not rasterise([[(1.0, 1.0), (5.0, 5.0)]], 64, 48).any()


def test_a_disc_has_its_area() -> None:
    angles = np.linspace(0.0, 2.0 * np.pi, 200, endpoint=False)
    ring = [(float(31.2 + 17.0 * np.cos(a)), float(24.7 + 17.0 * np.sin(a))) for a in angles]
    assert rasterise([ring], 64, 48).sum() == pytest.approx(np.pi * 17.0**2, rel=0.02)


def test_the_iou_is_that_of_the_pixels() -> None:
    real = truth(filled(20, 5, 40, 25), px=(33.0, 9.0))
    result = score(overlay(rectangle(10, 5, 30, 25)), real, resting(), EPOCH_NS)
    assert result.iou == pytest.approx(200 / 600)
    assert (result.hit, result.gazed_id, result.overlay_id, result.frame_index) == (False, 3, 40, 7)
    perfect = score(overlay(rectangle(20, 5, 40, 25)), truth(filled(20, 5, 40, 25)), resting(), EPOCH_NS)
    assert (perfect.iou, perfect.hit) == (1.0, True)


def test_only_the_gazed_object_is_judged_and_none_is_a_miss() -> None:
    for nothing in (overlay(), overlay([])):
        result = score(nothing, truth(filled(20, 5, 40, 25)), resting(), EPOCH_NS)
        assert (result.iou, result.hit) == (0.0, False)


@pytest.mark.parametrize(
    "not_judged",
    [
        truth(filled(20, 5, 40, 25), since_ms=101),  # rested for 199 ms
        truth(filled(20, 5, 40, 25), since_ms=None),  # saccade or blink
        truth(filled(20, 5, 31, 14)),  # 99 px to be seen
        truth(filled(20, 5, 40, 25), object_id=0),  # on the wall
        truth(filled(20, 5, 40, 25), outside=True),  # beside the picture
    ],
)
def test_frames_of_which_nothing_can_be_expected_are_not_judged(not_judged: Truth) -> None:
    since_ms = None if not_judged.eye.since_ns is None else not_judged.eye.since_ns // MS
    result = score(overlay(rectangle(20, 5, 40, 25)), not_judged, resting(since_ms), EPOCH_NS)
    assert (result.iou, result.hit) == (None, None)


def test_the_same_frame_is_judged_at_200_ms_and_100_px() -> None:
    enough = truth(filled(20, 5, 30, 15), since_ms=100)
    assert score(overlay(rectangle(20, 5, 30, 15)), enough, resting(100), EPOCH_NS).iou == 1.0


def test_an_overlay_made_from_a_newer_look_is_not_held_against_the_older_one() -> None:
    def moved_on(t_ns: int) -> EyeState:
        return eye(t_ns // MS, 0 if t_ns < 320 * MS else None)

    right, real = rectangle(20, 5, 40, 25), truth(filled(20, 5, 40, 25))
    assert score(overlay(right, gaze_ms=310), real, moved_on, EPOCH_NS).iou == 1.0
    assert score(overlay(right, gaze_ms=330), real, moved_on, EPOCH_NS).iou is None
    # without a sample of its own it is judged by when it was published, at 340 ms
    assert score(overlay(gaze_ms=None), real, moved_on, EPOCH_NS).iou is None
    assert score(overlay(gaze_ms=None), real, resting(), EPOCH_NS).iou == 0.0


@pytest.mark.parametrize("fields", [{"gaze_source": "mouse"}, {"gaze_state": "user"}])
def test_who_points_with_something_else_is_not_judged_by_the_eye(fields: dict[str, Any]) -> None:
    result = score(overlay(rectangle(1, 1, 9, 9), **fields), truth(filled(20, 5, 40, 25)), resting(), EPOCH_NS)
    assert result.iou is None


def test_the_scorer_keeps_two_seconds() -> None:
    scorer = Scorer(resting(), EPOCH_NS)
    assert scorer.score(overlay()) is None
    real = truth(filled(20, 5, 40, 25))
    scorer.add(real)
    result = scorer.score(overlay(rectangle(20, 5, 40, 25)))
    assert result is not None
    assert result.iou == 1.0
    scorer.add(Truth(8, real.t_ns + 1_999 * MS, real.object_ids, real.eye, real.hit))
    assert scorer.score(overlay()) is not None
    scorer.add(Truth(9, real.t_ns + 2_001 * MS, real.object_ids, real.eye, real.hit))
    assert scorer.score(overlay()) is None
