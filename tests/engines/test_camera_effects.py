"""The camera's effects: repeatable, within range, and as strong as those of the real recording."""

import numpy as np

from gazeline.engines.gazeline_s.camera_effects import camera_effects

FLAT = np.full((96, 96, 3), 90, np.float32)


def pictures(count: int, sensor_px: float, image: np.ndarray = FLAT) -> list[np.ndarray]:
    return [camera_effects(np.random.default_rng(k), image, sensor_px) for k in range(count)]


def test_a_generator_in_the_same_state_gives_the_same_picture() -> None:
    first, again = (camera_effects(np.random.default_rng(5), FLAT) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, camera_effects(np.random.default_rng(6), FLAT))


def test_levels_stay_within_8_bit_and_the_input_is_left_alone() -> None:
    image = np.random.default_rng(0).uniform(0, 255, (64, 48, 3)).astype(np.float32)
    before = image.copy()
    for out in pictures(40, 1.0, image):
        assert out.shape == image.shape
        assert out.dtype == np.float32
        assert out.min() >= 0
        assert out.max() <= 255
    assert np.array_equal(image, before)


def test_noise_is_that_of_the_recording_and_less_where_pixels_are_averaged() -> None:
    def grain(sensor_px: float) -> float:
        steps = [np.diff(p @ [0.299, 0.587, 0.114], axis=1).std() for p in pictures(60, sensor_px)]
        return float(np.median(steps))

    # neighbours in the recording differ by 1.2 * sqrt(2 * (1 - 0.53)) = 1.2 levels in luma
    assert 0.5 < grain(1.0) < 3.0
    assert grain(8.0) < 0.6 * grain(1.0)


def test_edges_get_softer_but_stay_where_they_are() -> None:
    image = FLAT.copy()
    image[:, 48:] = 200
    for out in pictures(30, 1.0, image):
        rise = np.abs(np.diff(out.mean((0, 2))))
        assert abs(int(rise.argmax()) - 47) <= 6  # a turning head smears by a few pixels
        assert out[:, 60:90].mean() > out[:, 6:36].mean() + 5
