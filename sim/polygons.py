"""Loops and curves of points: what meshes are made from."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

F64 = NDArray[np.float64]


def area(p: F64) -> float:
    """Signed area of a polygon (N, 2)."""
    x, z = p[:, 0], p[:, 1]
    return float(np.sum(x * np.roll(z, -1) - np.roll(x, -1) * z)) / 2


def triangulate(polygon: F64) -> NDArray[np.int64]:
    """Ear clipping of a simple polygon with negative shoelace area (N, 2) -> (N - 2, 3)."""
    left = list(range(len(polygon)))
    faces = []

    def turn(a: F64, b: F64, c: F64) -> float:
        return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))

    while len(left) > 3:
        for k in range(len(left)):
            i, j, m = left[k - 1], left[k], left[(k + 1) % len(left)]
            a, b, c = polygon[i], polygon[j], polygon[m]
            if turn(a, b, c) >= 0:
                continue
            others = polygon[[x for x in left if x not in (i, j, m)]]
            inside = np.ones(len(others), bool)
            for s, e in ((a, b), (b, c), (c, a)):
                inside &= (e[0] - s[0]) * (others[:, 1] - s[1]) - (e[1] - s[1]) * (others[:, 0] - s[0]) <= 0
            if not inside.any():
                break
        else:
            k = 0  # numerically flat remainder: any ear does
            i, j, m = left[k - 1], left[k], left[k + 1]
        faces.append((i, j, m))
        left.remove(j)
    faces.append((left[0], left[1], left[2]))
    return np.array(faces, np.int64)


def circle(radius: float, n: int = 24, centre: Sequence[float] = (0.0, 0.0)) -> F64:
    """Loop of n points (n, 2)."""
    a = np.arange(n) * 2 * np.pi / n
    return np.stack([centre[0] + radius * np.cos(a), centre[1] + radius * np.sin(a)], -1)


def curve(points: ArrayLike, n: int = 16) -> F64:
    """A Catmull-Rom curve through the points (K, D), n samples: smooth handles and profiles from few numbers."""
    p = np.asarray(points, float)
    ext = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = np.linspace(0, len(p) - 1 - 1e-9, n)
    k = t.astype(int)
    f = (t - k)[:, None]
    a, b, c, d = ext[k], ext[k + 1], ext[k + 2], ext[k + 3]
    return np.asarray(0.5 * (2 * b + (c - a) * f + (2 * a - 5 * b + 4 * c - d) * f**2 + (3 * b - a - 3 * c + d) * f**3))
