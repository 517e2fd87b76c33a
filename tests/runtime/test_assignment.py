"""The best pairing is the best of all pairings."""

from itertools import permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gazeline.runtime.tracking.assignment import best_pairs


def best_sum(scores: np.ndarray) -> float:
    """By trying all."""
    if scores.shape[0] > scores.shape[1]:
        scores = scores.T
    rows = range(scores.shape[0])
    ways = permutations(range(scores.shape[1]), scores.shape[0])
    return max(sum(max(float(scores[row, column]), 0.0) for row, column in zip(rows, way, strict=True)) for way in ways)


@settings(max_examples=150, deadline=None)
@given(
    st.tuples(st.integers(1, 5), st.integers(1, 5)).flatmap(
        lambda shape: arrays(np.float64, shape, elements=st.sampled_from([-1.0, 0.0, 0.25, 0.5, 0.7, 1.0]))
    )
)
def test_no_other_pairing_has_a_greater_sum(scores: np.ndarray) -> None:
    pairs = best_pairs(scores)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert all(scores[pair] > 0.0 for pair in pairs)
    assert abs(sum(scores[pair] for pair in pairs) - best_sum(scores)) < 1e-9


def test_of_nothing_there_are_no_pairs() -> None:
    assert best_pairs(np.zeros((0, 3))) == []
    assert best_pairs(np.zeros((2, 3))) == []
