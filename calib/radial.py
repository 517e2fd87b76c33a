"""Lens distortion: one radial curve for all models and its inverse, and the solver for what is not radial.

Every model here bends a radius s (an angle from the optical axis for fisheyes, its tangent for the others) to
``g(s) = s N(s^2) / D(s^2)``. The curve is good up to where it stops growing: beyond that two directions share a pixel.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import NDArray

Array = NDArray[np.float64]

_TABLE = 4096
_SHY = 0.999  # how near to its turning point the curve is used: at the point itself it has no inverse


@dataclass(frozen=True, eq=False)
class RadialCurve:
    """``g(s)`` for s in [0, limit], where it grows. Coefficients are in s^2, lowest power first."""

    numerator: Array
    denominator: Array | None
    slope_numerator: Array  # of dg/ds times denominator^2, in s^2
    limit: float
    table_s: Array  # (_TABLE,) rising
    table_g: Array

    def factor(self, q: Array) -> Array:
        """``g(s) / s`` at q = s^2."""
        n = _horner(self.numerator, q)
        return n if self.denominator is None else n / _horner(self.denominator, q)

    def slope(self, q: Array) -> Array:
        """``dg/ds`` at q = s^2."""
        n = _horner(self.slope_numerator, q)
        return n if self.denominator is None else n / _horner(self.denominator, q) ** 2

    def invert(self, g: Array) -> tuple[Array, NDArray[np.bool_]]:
        """The s with ``g(s) = g``, and whether there is one; where there is none, s is the limit."""
        s = np.interp(g, self.table_g, self.table_s)
        for _ in range(2):  # the table leaves an error of about 1e-7 (1e-5 at the turning point), each step squares it
            q = s * s
            s = np.clip(s - (s * self.factor(q) - g) / self.slope(q), 0.0, self.limit)
        return s, g <= self.table_g[-1]


@lru_cache(maxsize=64)
def radial_curve(
    numerator: tuple[float, ...], denominator: tuple[float, ...], limit: float, *, angle: bool
) -> RadialCurve:
    """The curve with these coefficients after the leading 1, up to ``limit`` or its turning point, the nearer one.

    ``angle``: s is an angle in radians (the table is even in s); otherwise the tangent of one (even in the angle).
    """
    n, d = np.array((1.0, *numerator)), np.array((1.0, *denominator))
    odd = 1.0 + 2.0 * np.arange(len(n))  # d/ds (s N) has the coefficients n_i (2 i + 1) in s^2
    slope = polynomial.polysub(polynomial.polymul(n * odd, d), polynomial.polymul(n, d * (odd[: len(d)] - 1.0)))
    limit = _first_end(slope, d, _even(limit, angle))
    s = _even(limit, angle)
    bare = RadialCurve(n, d if len(d) > 1 else None, slope, limit, s, s)
    return RadialCurve(n, bare.denominator, slope, limit, s, s * bare.factor(s * s))


def from_angle(curve: RadialCurve, x: Array, y: Array, z: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Points to the distorted image plane of a fisheye, whose curve is over the angle from the axis; and validity."""
    across = np.sqrt(x * x + y * y)
    theta = np.arctan2(across, z)
    # Exactly on the axis the quotient is 0 / 0 and the point is the centre.
    scale = np.divide(theta * curve.factor(theta * theta), across, out=np.zeros_like(across), where=across > 0.0)
    return x * scale, y * scale, (theta <= curve.limit) & ((across > 0.0) | (z > 0.0))


def to_angle(curve: RadialCurve, u: Array, v: Array) -> tuple[Array, NDArray[np.bool_]]:
    """The inverse of ``from_angle``: unit directions (..., 3) and validity."""
    radius = np.sqrt(u * u + v * v)
    theta, ok = curve.invert(radius)
    scale = np.divide(np.sin(theta), radius, out=np.zeros_like(radius), where=radius > 0.0)
    return np.stack((u * scale, v * scale, np.cos(theta)), axis=-1), ok


def newton(
    distort: Callable[[Array, Array], tuple[Array, Array, Array, Array, Array, Array]],
    u: Array,
    v: Array,
    x: Array,
    y: Array,
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """The x, y that ``distort`` takes to u, v, sought from x, y on, and where it was found (to 1e-10).

    ``distort`` returns its u, v and its Jacobian: du/dx, du/dy, dv/dx, dv/dy. Where nothing was found, x and y come
    back as they were given.
    """
    x_start, y_start = x, y
    for _ in range(12):
        u_now, v_now, ux, uy, vx, vy = distort(x, y)
        du, dv = u_now - u, v_now - v
        found = np.abs(du) + np.abs(dv) < 1e-10
        if np.all(found):
            break
        scale = 1.0 / (ux * vy - uy * vx)
        x, y = x - (vy * du - uy * dv) * scale, y - (ux * dv - vx * du) * scale
    return np.where(found, x, x_start), np.where(found, y, y_start), found


def _horner(coefficients: Array, q: Array) -> Array:
    value = np.full_like(q, coefficients[-1])
    for c in coefficients[-2::-1]:
        value *= q
        value += c
    return value


def _even(limit: float, angle: bool) -> Array:
    """_TABLE values from 0 to limit, even in the angle."""
    return np.linspace(0.0, limit, _TABLE) if angle else np.tan(np.linspace(0.0, np.arctan(limit), _TABLE))


def _first_end(slope: Array, denominator: Array, s: Array) -> float:
    """Just short of where the slope or the denominator first is not positive on s; the last s if it always is.

    By looking along s and halving: the roots of the polynomials themselves are ill-conditioned for tiny coefficients.
    """

    def good(q: Array) -> NDArray[np.bool_]:
        return (_horner(slope, q) > 0.0) & (_horner(denominator, q) > 0.0)

    bad = np.flatnonzero(~good(s * s))
    if not bad.size:
        return float(s[-1])
    low, high = float(s[bad[0] - 1]), float(s[bad[0]])
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if good(np.array(middle * middle)) else (low, middle)
    return _SHY * low
