"""Which part of a frame an encoder sees, and at what resolution.

A window is a square picture of ``size`` pixels. Each axis has its own map from the window to the frame,

    x - centre = linear * u + cubic * u**3,     u = (2 * i + 1) / size - 1,  i: window pixel,

so that rows and columns can be resampled one after the other. With ``cubic`` = 0 the window shows the whole frame at
one scale, as SAM does; otherwise it is dense around the gaze and coarse outside, as the retina is. Pixels are (x, y),
with (0, 0) at the centre of the top-left pixel, in the frame as in the window.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32] | NDArray[np.float64]

OUTSIDE = -1e4  # the logit of what the window does not show
REFERENCE_PX = 640  # middle_scale is stated for a frame whose longest side is this
SINGLE_THREAD_PRODUCTS = 1 << 18  # OpenBLAS (interface/gemm.c) takes up to this many multiplications for one core
BAND = 16  # output lines resampled in one matrix product: enough for BLAS, few enough to stay sparse
BAND_LINES = 64  # ... and about this many lines of the frame


@dataclass(frozen=True)
class Axis:
    """The map of one axis: frame pixel = centre + linear * u + cubic * u**3 with u in -1..1 across the window."""

    centre: float
    linear: float
    cubic: float

    def to_frame(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Frame coordinate in pixels of the window coordinate ``u``."""
        return self.centre + (self.linear + self.cubic * u * u) * u

    def to_u(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """The inverse, by the one real root of the cubic (hyperbolic form: no cancellation, no branches)."""
        d = x - self.centre
        if self.cubic < 1e-9 * self.linear:
            return d / self.linear
        ratio = np.sqrt(3.0 * self.cubic / self.linear)
        u: NDArray[np.float64] = (2.0 / ratio) * np.sinh(np.arcsinh(1.5 * d / self.linear * ratio) / 3.0)
        return u


@dataclass(frozen=True)
class Window:
    """A square view of ``size`` pixels on a frame of ``frame_w`` x ``frame_h`` pixels. Equal windows compare equal."""

    frame_w: int
    frame_h: int
    size: int
    x: Axis
    y: Axis
    fovea: float = 0.35

    @classmethod
    def full(cls, frame_w: int, frame_h: int, size: int) -> "Window":
        """The whole frame: longest side scaled to ``size``, padded at the bottom or the right (as segment-anything)."""
        _check(frame_w, frame_h, size)
        scale = size / max(frame_w, frame_h)
        axes = []
        for side in (frame_w, frame_h):
            shown = max(1, int(side * scale + 0.5))  # SAM's rounding: each side gets whole pixels
            half = 0.5 * size * side / shown
            axes.append(Axis(half - 0.5, half, 0.0))
        return cls(frame_w, frame_h, size, axes[0], axes[1])

    @classmethod
    def stretched(cls, frame_w: int, frame_h: int, size: int) -> "Window":
        """The whole frame, each side scaled to ``size`` on its own (as SAM 2 and EfficientSAM)."""
        _check(frame_w, frame_h, size)
        axes = [Axis(0.5 * side - 0.5, 0.5 * side, 0.0) for side in (frame_w, frame_h)]
        return cls(frame_w, frame_h, size, axes[0], axes[1])

    @classmethod
    def foveal(
        cls,
        frame_w: int,
        frame_h: int,
        size: int,
        centre_px: ArrayLike,
        *,
        middle_scale: float = 1.0,
        fovea: float = 0.35,
    ) -> "Window":
        """A window around ``centre_px`` (x, y) that reaches half the frame's longest side to each side.

        In the middle one window pixel is ``middle_scale * longest / 640`` frame pixels. Where that alone would reach
        further than the frame (a large ``size``), the map is linear.
        """
        _check(frame_w, frame_h, size)
        longest = max(frame_w, frame_h)
        reach = 0.5 * longest
        linear = min(0.5 * size * middle_scale * longest / REFERENCE_PX, reach)
        cx, cy = np.asarray(centre_px, np.float64).tolist()
        if not (np.isfinite(cx) and np.isfinite(cy)):
            raise ValueError(f"the centre of a foveal window must be two finite pixel coordinates, not ({cx}, {cy})")
        return cls(
            frame_w, frame_h, size, Axis(cx, linear, reach - linear), Axis(cy, linear, reach - linear), fovea=fovea
        )

    @property
    def is_foveal(self) -> bool:
        """Whether the resolution varies across the window."""
        return self.x.cubic > 0.0

    def to_frame(self, px: ArrayLike) -> NDArray[np.float64]:
        """Window pixels (..., 2) to frame pixels (..., 2)."""
        u = (2.0 * np.asarray(px, np.float64) + 1.0) / self.size - 1.0
        return np.stack([self.x.to_frame(u[..., 0]), self.y.to_frame(u[..., 1])], axis=-1)

    def to_window(self, px: ArrayLike) -> NDArray[np.float64]:
        """Frame pixels (..., 2) to window pixels (..., 2); beyond -0.5..size-0.5 they lie outside the window."""
        return (self._u(px) + 1.0) * (0.5 * self.size) - 0.5

    def contains(self, px: ArrayLike) -> NDArray[np.bool_]:
        """Which frame pixels (..., 2) lie inside the frame and are shown: (...) bool."""
        p = np.asarray(px, np.float64)
        inside = (p >= -0.5) & (p <= np.array([self.frame_w, self.frame_h]) - 0.5)
        return np.asarray((inside & (np.abs(self._u(p)) <= 1.0)).all(axis=-1))

    def in_fovea(self, px: ArrayLike) -> NDArray[np.bool_]:
        """Which frame pixels (..., 2) are shown at good resolution: (...) bool; everything shown, if it is uniform."""
        seen = self.contains(px)
        if self.is_foveal:
            seen = np.asarray(seen & (np.abs(self._u(px)) <= self.fovea).all(axis=-1))
        return seen

    def sample(self, image: NDArray[Any], fill: ArrayLike = 0.0) -> NDArray[np.float32]:
        """What the encoder sees of ``image`` (H, W) or (H, W, C): (size, size[, C]) float32, in the image's units.

        Each window pixel is the mean over the area that it covers (at least one frame pixel: linear interpolation
        where the window is finer than the frame). What lies outside the frame is ``fill`` (a number or one per
        channel). For (H, W, C) the memory is channel-planar: ``np.moveaxis(result, -1, 0)`` is contiguous.
        """
        h, w = image.shape[:2]
        if (w, h) != (self.frame_w, self.frame_h):
            raise ValueError(f"this window is for a frame of {self.frame_w}x{self.frame_h} pixels, not of {w}x{h}")
        planes = 1 if image.ndim == 2 else image.shape[2]
        step = max(1, int(min(self.x.linear, self.y.linear) / self.size))  # half of the frame px per window px
        if step > 1 and min(h, w) >= step:  # a cheap first reduction; at most step - 1 edge lines are lost
            h, w = h // step, w // step
            image = cv2.resize(image[: h * step, : w * step], (w, h), interpolation=cv2.INTER_AREA)
        rows = _Resampler(self.y, self.size, h, step)
        columns = _Resampler(self.x, self.size, w, step)
        lines = np.ascontiguousarray(image[rows.first : rows.last, columns.first : columns.last])
        tall = rows.apply(lines.reshape(len(lines), -1))  # (size, shown_w * C)
        tall = tall.reshape(self.size, -1, planes).transpose(2, 0, 1)  # (C, size, shown_w)
        flat = columns.apply_right(np.ascontiguousarray(tall).reshape(planes * self.size, -1))
        out = flat.reshape(planes, self.size, self.size)
        missing = 1.0 - rows.coverage[:, None] * columns.coverage[None, :]  # (size, size)
        fills = np.broadcast_to(np.asarray(fill, np.float32), (planes,))
        if missing.any() and fills.any():
            out += fills[:, None, None] * missing
        return out[0] if image.ndim == 2 else np.moveaxis(out, 0, -1)

    def sample_nearest(self, labels: NDArray[Any]) -> NDArray[Any]:
        """The same for ids and depths, which cannot be averaged: ``labels`` (h, w) to (size, size), 0 outside.

        They may be at another resolution than the frame, but must show the same view.
        """
        h, w = labels.shape
        u = (2.0 * np.arange(self.size) + 1.0) / self.size - 1.0
        columns = np.floor((self.x.to_frame(u) + 0.5) * (w / self.frame_w)).astype(int)
        rows = np.floor((self.y.to_frame(u) + 0.5) * (h / self.frame_h)).astype(int)
        out: NDArray[Any] = labels[np.ix_(rows.clip(0, h - 1), columns.clip(0, w - 1))]
        out[(rows < 0) | (rows >= h)] = 0
        out[:, (columns < 0) | (columns >= w)] = 0
        return out

    def unwarp(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Maps in window coordinates (K, h, h), at any resolution, to the frame: (K, frame_h, frame_w) float32."""
        return self.unwarp_roi(values, (0, 0, self.frame_w, self.frame_h))

    def unwarp_roi(self, values: NDArray[np.float32], roi: tuple[int, int, int, int]) -> NDArray[np.float32]:
        """As `unwarp`, for the frame pixels x0 <= x < x1, y0 <= y < y1 only: (K, y1 - y0, x1 - x0) float32."""
        x0, y0, x1, y1 = roi
        return self.unwarp_grid(values, np.arange(x0, x1), np.arange(y0, y1))

    def unwarp_grid(self, values: NDArray[np.float32], x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float32]:
        """As `unwarp`, where the columns ``x`` (n,) and the rows ``y`` (m,) of the frame cross: (K, m, n) float32.

        Linear interpolation between the centres of the map's pixels; ``OUTSIDE`` where the window does not reach.
        """
        k, h, w = values.shape
        left, right, across, shown_x = _taps(self.x, x, w)
        above, below, down, shown_y = _taps(self.y, y, h)
        out = np.empty((k, len(y), len(x)), np.float32)
        for i in range(k):  # columns, then rows, always gathering whole lines
            turned = np.ascontiguousarray(values[i].T)
            wide = turned[left]
            wide += (turned[right] - wide) * across[:, None]
            lines = np.ascontiguousarray(wide.T)  # (h, n)
            np.take(lines, above, axis=0, out=out[i])
            out[i] += (lines[below] - out[i]) * down[:, None]
        out[:, ~shown_y] = OUTSIDE
        out[:, :, ~shown_x] = OUTSIDE
        return out

    def areas_px(self, side: int) -> NDArray[np.float32]:
        """How many pixels of the frame each pixel of a map of ``side`` x ``side`` stands for: (side, side) float32."""
        u = 2.0 * np.arange(side + 1) / side - 1.0
        spans = (
            np.diff(np.clip(axis.to_frame(u), -0.5, length - 0.5))
            for axis, length in ((self.y, self.frame_h), (self.x, self.frame_w))
        )
        return np.outer(*spans).astype(np.float32)

    def _u(self, px: ArrayLike) -> NDArray[np.float64]:
        p = np.asarray(px, np.float64)
        return np.stack([self.x.to_u(p[..., 0]), self.y.to_u(p[..., 1])], axis=-1)


class _Resampler:
    """The area weights of one axis as bands of a matrix (size, length), and the lines of the frame that they need."""

    def __init__(self, axis: Axis, size: int, length: int, step: int) -> None:
        edges = axis.to_frame(2.0 * np.arange(size + 1) / size - 1.0)
        edges = (edges + 0.5) / step  # line j covers j .. j + 1
        middle, half = 0.5 * (edges[1:] + edges[:-1]), np.maximum(0.5 * np.diff(edges), 0.5)
        self.low, self.high = middle - half, middle + half
        self.first = int(np.clip(np.floor(self.low[0]), 0, length - 1))
        self.last = int(np.clip(np.ceil(self.high[-1]), self.first + 1, length))
        shown = np.clip(self.high, 0.0, length) - np.clip(self.low, 0.0, length)
        self.coverage = (shown / (self.high - self.low)).astype(np.float32)  # (size,), 0..1
        self.size = size
        self.bands = []
        start = 0
        while start < size:
            stop = start + max(1, int(np.searchsorted(self.high[start : start + BAND], self.low[start] + BAND_LINES)))
            self.bands.append(self._band(slice(start, min(stop, size))))
            start = stop

    def _band(self, targets: slice) -> tuple[slice, slice, NDArray[np.float32]]:
        low, high = self.low[targets, None], self.high[targets, None]
        first = int(np.clip(np.floor(low[0, 0]), self.first, self.last - 1))
        last = int(np.clip(np.ceil(high[-1, 0]), first + 1, self.last))
        line = np.arange(first, last)
        weights = np.clip(np.minimum(high, line + 1) - np.maximum(low, line), 0.0, None) / (high - low)
        return targets, slice(first - self.first, last - self.first), weights.astype(np.float32)

    def apply(self, lines: NDArray[np.float32]) -> NDArray[np.float32]:
        """Weights times ``lines`` (last - first, N): (size, N)."""
        out = np.empty((self.size, lines.shape[1]), np.float32)
        for targets, sources, weights in self.bands:
            block = np.asarray(lines[sources], np.float32)  # converted here, it stays in the cache
            for part in _parts(lines.shape[1], weights.size):
                np.matmul(weights, block[:, part], out=out[targets, part])
        return out

    def apply_right(self, lines: NDArray[np.float32]) -> NDArray[np.float32]:
        """``lines`` (N, last - first) times the weights' transpose: (N, size)."""
        out = np.empty((len(lines), self.size), np.float32)
        for targets, sources, weights in self.bands:
            for part in _parts(len(lines), weights.size):
                np.matmul(lines[part, sources], weights.T, out=out[part, targets])
        return out


def _parts(length: int, weights: int) -> list[slice]:
    """Slices of ``length`` small enough that BLAS stays in this thread: on busy cores, waking others costs 10 ms."""
    step = max(1, SINGLE_THREAD_PRODUCTS // weights)
    return [slice(start, start + step) for start in range(0, length, step)]


def _taps(
    axis: Axis, pixels: NDArray[Any], length: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32], NDArray[np.bool_]]:
    """For the frame's ``pixels``: the two pixels of a map of ``length`` between which each lies, how far it is from the
    first to the second (0..1), and whether the window shows it."""
    u = axis.to_u(pixels.astype(np.float64))
    place = np.clip((u + 1.0) * (0.5 * length) - 0.5, 0.0, length - 1.0)
    first = place.astype(np.intp)
    return first, np.minimum(first + 1, length - 1), (place - first).astype(np.float32), np.abs(u) <= 1.0


def _check(frame_w: int, frame_h: int, size: int) -> None:
    if frame_w < 1 or frame_h < 1 or size < 1:
        raise ValueError(f"a window needs a frame and a size of at least 1 pixel, not {frame_w}x{frame_h} and {size}")
