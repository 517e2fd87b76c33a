"""Dull pictures are stretched, others stay."""

import numpy as np
import pytest

from gazeline.engines.exposure import stretched
from gazeline.engines.window import Window

WINDOW = Window.foveal(640, 480, 64, (20, 240))


def _picture(low: float, high: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.uniform(low, high, (64, 64, 3)).astype(np.float32)


def test_a_dull_picture_spans_more_and_what_is_outside_of_the_frame_stays() -> None:
    dull = _picture(30, 60)
    out = stretched(dull, WINDOW, 3.0)
    frame_x = WINDOW.to_frame(np.stack([np.arange(64)] * 2, axis=-1))[:, 0]
    outside = frame_x < -1
    assert outside.sum() > 5
    assert (out[:, outside] == dull[:, outside]).all()
    inside = frame_x > 0
    assert np.ptp(out[16:48, inside]) == pytest.approx(3 * np.ptp(dull[16:48, inside]), rel=0.05)
    assert out.min() >= 0
    assert out.max() <= 255


def test_a_picture_that_spans_everything_stays_as_it_is() -> None:
    bright = _picture(0, 1)
    bright[:32] = 255.0
    assert stretched(bright, WINDOW, 3.0) is bright


def test_a_flat_picture_does_no_harm() -> None:
    flat = np.full((64, 64, 3), 80.0, np.float32)
    assert np.isfinite(stretched(flat, WINDOW, 3.0)).all()
