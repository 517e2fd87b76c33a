"""Clicks go where a person would put them."""

import numpy as np

from gazeline.engines.clicks import corrective_click, deepest


def square(x0: int, y0: int, x1: int, y1: int) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    mask = np.zeros((60, 80), np.bool_)
    mask[y0:y1, x0:x1] = True
    return mask


ANYWHERE = np.ones((60, 80), np.bool_)


def test_the_deepest_point_is_the_middle_and_the_picture_has_an_edge() -> None:
    point, depth = deepest(square(20, 10, 41, 31))
    np.testing.assert_array_equal(point, [30, 20])
    assert depth > 9
    point, _ = deepest(square(0, 0, 21, 60))  # not at the left edge, where it is farthest from the other border
    assert point[0] == 10


def test_nothing_has_no_depth() -> None:
    assert deepest(square(5, 5, 5, 5))[1] == 0.0


def test_the_next_click_goes_to_the_deeper_error() -> None:
    wanted = square(10, 10, 50, 40)
    missing = corrective_click(square(10, 10, 20, 40), wanted, ANYWHERE)
    assert missing is not None
    assert missing[1] == 1
    assert 20 <= missing[0][0] < 50
    surplus = corrective_click(square(10, 10, 78, 40), wanted, ANYWHERE)
    assert surplus is not None
    assert surplus[1] == 0
    assert surplus[0][0] >= 50


def test_a_perfect_answer_and_hidden_errors_need_no_click() -> None:
    wanted = square(10, 10, 50, 40)
    assert corrective_click(wanted, wanted, ANYWHERE) is None
    assert corrective_click(square(10, 10, 20, 40), wanted, square(0, 0, 20, 60)) is None
