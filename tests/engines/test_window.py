"""The window's maps, its anti-aliased sampling, and the way back."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazeline.engines.window import OUTSIDE, Window

SIDES = st.integers(16, 3000)
FOVEA = 0.3  # marks a foveal window, whose map may be linear


@st.composite
def windows(draw: st.DrawFn) -> Window:
    w, h, size = draw(SIDES), draw(SIDES), draw(st.sampled_from([64, 192, 256, 1024]))
    if draw(st.booleans()):
        return Window.full(w, h, size)
    centre = draw(st.floats(-0.5, w - 0.5)), draw(st.floats(-0.5, h - 0.5))
    return Window.foveal(w, h, size, centre, middle_scale=draw(st.floats(0.3, 3.0)), fovea=FOVEA)


@settings(deadline=None)
@given(windows(), st.floats(-0.5, 1.0), st.floats(-0.5, 1.0))
def test_frame_and_window_pixels_are_inverse(window: Window, across: float, down: float) -> None:
    px = np.array([across * window.size, down * window.size])
    there = window.to_frame(px)
    np.testing.assert_allclose(window.to_window(there), px, atol=1e-6 * window.size)
    np.testing.assert_allclose(window.to_frame(window.to_window(there)), there, atol=1e-6 * window.frame_w)


@settings(deadline=None)
@given(windows())
def test_map_is_monotonic_and_reaches_what_it_promises(window: Window) -> None:
    line = np.linspace(-0.5, window.size - 0.5, 200)
    frame = window.to_frame(np.stack([line, line], axis=-1))
    assert (np.diff(frame, axis=0) > 0).all()
    sides = np.array([window.frame_w, window.frame_h])
    reach = frame[-1] - frame[0]
    if window.is_foveal or window.fovea == FOVEA:
        np.testing.assert_allclose(reach, sides.max())
    else:  # a short side is shown by whole pixels: by one at the least
        np.testing.assert_allclose(reach[sides.argmax()], sides.max())
        assert (reach >= sides - 1e-6).all()


def test_foveal_window_is_native_in_the_middle_and_reaches_half_the_frame() -> None:
    window = Window.foveal(640, 480, 192, (200.0, 100.0))
    middle = window.to_window((200.0, 100.0))
    np.testing.assert_allclose(middle, (95.5, 95.5))
    step = window.to_frame(middle + 0.5) - window.to_frame(middle - 0.5)
    np.testing.assert_allclose(step, 1.0, atol=1e-3)
    np.testing.assert_allclose(window.to_frame((191.5, 191.5)), (200 + 320, 100 + 320))
    assert window.is_foveal


def test_foveal_window_of_a_large_size_is_linear() -> None:
    window = Window.foveal(640, 480, 1024, (320.0, 240.0))
    assert not window.is_foveal
    np.testing.assert_allclose(window.to_frame((1023.5, 1023.5)), (640.0, 560.0))


def test_full_window_pads_at_the_bottom() -> None:
    window = Window.full(640, 480, 64)
    image = np.full((480, 640, 3), 200, np.uint8)
    seen = window.sample(image, fill=(10, 20, 30))
    assert seen.shape == (64, 64, 3)
    np.testing.assert_allclose(seen[:48], 200, atol=1e-3)
    np.testing.assert_allclose(seen[48:], np.broadcast_to((10, 20, 30), (16, 64, 3)), atol=1e-3)
    assert window.contains((639, 479))
    assert not window.contains((639, 481))


def test_full_window_agrees_with_an_area_resize() -> None:
    image = np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8)
    seen = Window.full(640, 480, 192).sample(image)
    expected = cv2.resize(image.astype(np.float32), (192, 144), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(seen[:144], expected, atol=0.01)


@pytest.mark.parametrize("shape", [(480, 640), (1408, 1408), (240, 320), (97, 1301)])
def test_every_window_pixel_is_the_mean_of_what_it_covers(shape: tuple[int, int]) -> None:
    """A ramp's mean over an area is its value in the middle of the area: exact wherever the frame covers the pixel."""
    h, w = shape
    image = np.tile(np.arange(w, dtype=np.float32), (h, 1))
    window = Window.foveal(w, h, 192, (w * 0.4, h * 0.5))
    seen = window.sample(image)
    edges = window.to_frame(np.stack([np.arange(193) - 0.5, np.full(193, 95.5)], axis=-1))[:, 0]
    middles = 0.5 * (edges[1:] + edges[:-1])
    inside = (edges[:-1] > 1.5 * w / 640) & (edges[1:] < w - 3.5 * w / 640 - 1)
    assert inside.sum() > 100
    np.testing.assert_allclose(seen[96, inside], middles[inside], atol=0.3 * max(1.0, w / 640))


def test_sampling_does_not_alias() -> None:
    """Stripes one pixel wide are grey where the window is coarse, and still stripes in the middle."""
    image = np.zeros((480, 640, 3), np.uint8)
    image[:, ::2] = 255
    seen = Window.foveal(640, 480, 192, (319.5, 240.0)).sample(image)[96, :, 0]
    assert np.abs(seen[:20] - 127.5).max() < 30
    assert np.abs(seen[92:100] - 127.5).min() > 90


def test_outside_of_the_frame_is_fill() -> None:
    window = Window.foveal(640, 480, 192, (0.0, 0.0))
    seen = window.sample(np.full((480, 640, 3), 255, np.uint8), fill=(100, 110, 120))
    np.testing.assert_allclose(seen[10, 10], (100, 110, 120), atol=1e-3)
    np.testing.assert_allclose(seen[150, 150], 255, atol=1e-2)
    ids = window.sample_nearest(np.full((480, 640), 7, np.uint16))
    assert ids[10, 10] == 0
    assert ids[150, 150] == 7


@pytest.mark.parametrize("size", [96, 192, 256])
def test_a_disc_comes_back_where_it_was(size: int) -> None:
    """Sampled into the window, thresholded there, unwarped again: the same disc, to better than a pixel of edge."""
    ys, xs = np.mgrid[:480, :640]
    disc = np.hypot(xs - 250.3, ys - 180.8) < 60
    window = Window.foveal(640, 480, size, (270.0, 170.0))
    logits = window.sample(disc.astype(np.float32)) - 0.5
    back = window.unwarp(logits[None])[0] > 0
    assert back.shape == disc.shape
    assert (back & disc).sum() / (back | disc).sum() > 0.97


def test_roi_is_a_part_of_the_whole_and_the_unseen_is_outside() -> None:
    window = Window.foveal(640, 480, 192, (600.0, 50.0))
    values = np.random.default_rng(0).normal(size=(3, 96, 96)).astype(np.float32)
    whole = window.unwarp(values)
    assert whole.shape == (3, 480, 640)
    np.testing.assert_allclose(window.unwarp_roi(values, (300, 20, 500, 90)), whole[:, 20:90, 300:500], atol=1e-5)
    assert (whole[:, :, :280] == OUTSIDE).all()
    ys, xs = np.mgrid[:480, :640]
    np.testing.assert_array_equal(whole[0] > OUTSIDE, window.contains(np.stack([xs, ys], axis=-1)))


def test_fovea_is_in_the_middle_only() -> None:
    window = Window.foveal(640, 480, 192, (320.0, 240.0))
    assert window.in_fovea((330, 240))
    assert not window.in_fovea((600, 240))
    assert Window.full(640, 480, 192).in_fovea((600, 240))
    assert not window.contains((-5, 10))


def test_wrong_frames_are_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match="frame of 640x480 pixels, not of 320x240"):
        Window.full(640, 480, 192).sample(np.zeros((240, 320, 3), np.uint8))
    with pytest.raises(ValueError, match="finite"):
        Window.foveal(640, 480, 192, (float("nan"), 3.0))
    with pytest.raises(ValueError, match="at least 1 pixel"):
        Window.full(0, 480, 192)


def test_windows_compare_and_hash_by_value() -> None:
    assert Window.foveal(640, 480, 192, (1, 2)) == Window.foveal(640, 480, 192, np.array([1.0, 2.0]))
    assert len({Window.full(640, 480, 192), Window.full(640, 480, 192)}) == 1


def test_a_stretched_window_shows_the_whole_frame_and_nothing_else() -> None:
    window = Window.stretched(640, 480, 256)
    corners = np.array([[-0.5, -0.5], [639.5, 479.5]])
    assert np.allclose(window.to_window(corners), [[-0.5, -0.5], [255.5, 255.5]])
    picture = np.full((480, 640, 3), 200, np.uint8)
    assert np.allclose(window.sample(picture, fill=0.0), 200.0)
