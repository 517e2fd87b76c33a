"""Charts: every line is drawn where its points are, and odd data break nothing."""

import numpy as np
import pytest

from gazeline.runtime.plot import COLOURS, Chart, draw


def chart(**changes: object) -> Chart:
    fields: dict[str, object] = {
        "title": "t", "x_label": "x", "y_label": "y", "limits": {"goal": 0.3},
        "lines": {"low": [(0.0, 0.1), (10.0, 0.1)], "high": [(0.0, 5.0), (10.0, 5.0)]}, **changes,
    }  # fmt: skip
    return Chart(**fields)  # type: ignore[arg-type]


def rows_of(image: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """Rows below the legend in which a colour is to be seen."""
    return 60 + np.flatnonzero((image[60:, 100:600] == colour).all(axis=-1).any(axis=1))


@pytest.mark.parametrize("log_y", [False, True])
def test_larger_values_stand_higher(log_y: bool) -> None:
    image = draw([chart(log_y=log_y)], columns=1)
    low, high = rows_of(image, COLOURS[0]), rows_of(image, COLOURS[1])
    assert len(low)
    assert len(high)
    assert high.max() < low.min()


def test_charts_stand_side_by_side_and_what_is_missing_is_white() -> None:
    one = draw([chart()], columns=1)
    three = draw([chart()] * 3, columns=2)
    assert three.shape[1] == 2 * one.shape[1]
    assert one.shape[0] < three.shape[0] < 2 * one.shape[0]  # one legend for all
    assert (three[-300:, one.shape[1] :] == 255).all()


@pytest.mark.parametrize("lines", [{}, {"a": [(1.0, 0.0)]}, {"a": [(1.0, 1e-9), (2.0, 1e6)]}])
@pytest.mark.parametrize("log_y", [False, True])
def test_odd_data_are_drawn(lines: dict[str, list[tuple[float, float]]], log_y: bool) -> None:
    assert draw([chart(lines=lines, log_y=log_y)], columns=1).shape[2] == 3


def test_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        draw([])
