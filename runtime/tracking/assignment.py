"""Who belongs to whom: the pairing of rows and columns with the greatest sum of scores."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def best_pairs(scores: Array) -> list[tuple[int, int]]:
    """Pairs (row, column) of ``scores`` (N, M), each row and column at most once, whose scores add up to the most.

    Only scores above 0 make a pair. The Hungarian method with potentials, O(n^2 m) (H. Kuhn, 1955; J. Munkres, 1957; in
    the form of shortest augmenting paths, R. Jonker and A. Volgenant, 1987).
    """
    if not scores.size:
        return []
    if scores.shape[0] > scores.shape[1]:
        return sorted((row, column) for column, row in best_pairs(scores.T))
    cost = -np.maximum(scores, 0.0)
    rows, columns = cost.shape
    u, v = np.zeros(rows + 1), np.zeros(columns + 1)
    row_of = np.zeros(columns + 1, int)  # counted from 1; 0 is none
    for row in range(1, rows + 1):
        row_of[0], column = row, 0
        least, before = np.full(columns + 1, np.inf), np.zeros(columns + 1, int)
        used = np.zeros(columns + 1, bool)
        while row_of[column]:
            used[column] = True
            at = row_of[column]
            reduced = cost[at - 1] - u[at] - v[1:]
            better = ~used[1:] & (reduced < least[1:])
            least[1:][better], before[1:][better] = reduced[better], column
            following = 1 + int(np.where(used[1:], np.inf, least[1:]).argmin())
            step = least[following]
            u[row_of[used]] += step
            v[used] -= step
            least[~used] -= step
            column = following
        while column:
            row_of[column] = row_of[before[column]]
            column = before[column]
    pairs = [(int(row_of[column]) - 1, column - 1) for column in range(1, columns + 1) if row_of[column]]
    return sorted((row, column) for row, column in pairs if scores[row, column] > 0.0)
