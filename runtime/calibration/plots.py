"""Pictures for calibration reports: residuals, coverage, and the camera's picture with its lines made straight."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.calib.cameras import Camera, Pinhole
from gazeline.calib.coverage import heat_map
from gazeline.calib.intrinsics import Solution, View

Array = NDArray[np.float64]
Image = NDArray[np.uint8]  # (H, W, 3) RGB

WIDEST_DEG = 120.0  # of a picture with straight lines: beyond it the borders are all that there is
_GROUND, _LINE, _INK = (14, 18, 24), (52, 62, 74), (226, 236, 242)
_ICE, _AMBER = (127, 228, 255), (255, 184, 84)
_FINE = 2  # drawn larger by this and averaged down
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_CELLS = (18, 24)


def coverage_picture(sample: Image, views: Sequence[View]) -> Image:
    """Where the corners of all views lie, over a dimmed picture: the warmer, the more of them."""
    height, width = sample.shape[:2]
    heat = heat_map(views, width, height)
    share = np.clip(heat / max(float(np.quantile(heat, 0.95)), 1.0), 0.0, 1.0)
    smooth = np.clip(cv2.resize(share, (width, height), interpolation=cv2.INTER_CUBIC), 0.0, 1.0)[..., None]
    grey = np.repeat(cv2.cvtColor(sample, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2) * 0.35 + np.array(_GROUND) * 0.4
    warm = np.array(_ICE) * (1.0 - smooth) + np.array(_AMBER) * smooth
    alpha = 0.55 * np.sqrt(smooth)
    out = np.ascontiguousarray(np.clip(grey * (1.0 - alpha) + warm * alpha, 0, 255).astype(np.uint8))
    for view in views:
        _dots(out, view.px, (255, 255, 255), max(1.0, width / 900))
    return out


def residual_picture(solution: Solution, width: int, height: int) -> Image:
    """Left: the mean residual in each part of the picture, much enlarged. Right: every single residual.

    A good calibration has short arrows in no order on the left, and a round cloud on the right.
    """
    side = 480
    wide = round(side * width / height)
    out = np.empty((_FINE * side, _FINE * (wide + side), 3), np.uint8)
    out[:] = _GROUND
    px = np.concatenate([view.px for view in solution.views])
    residuals = np.concatenate(solution.residuals_px)
    _arrows(out[:, : _FINE * wide], px / [width, height], residuals)
    _cloud(out[:, _FINE * wide :], residuals)
    cv2.line(out, (_FINE * wide, 0), (_FINE * wide, _FINE * side), _LINE, 2)
    return np.asarray(cv2.resize(out, (wide + side, side), interpolation=cv2.INTER_AREA), np.uint8)


def straight_picture(sample: Image, camera: Camera) -> Image:
    """The picture as the camera gives it, and beside it as a pinhole would see it: with straight lines."""
    height, width = sample.shape[:2]
    pinhole = matching_pinhole(camera)
    x, y = np.meshgrid(np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64))
    rays, _ = pinhole.unproject(np.stack((x, y), axis=-1))
    px, valid = camera.project(rays)
    at = np.where(valid[..., None], px, -1e4).astype(np.float32)
    straight = cv2.remap(sample, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    gap = np.full((height, max(4, width // 100), 3), 255, np.uint8)
    return np.concatenate((_ruled(sample), gap, _ruled(np.asarray(straight, np.uint8))), axis=1)


def matching_pinhole(camera: Camera) -> Pinhole:
    """The pinhole that sees about as much, up to 120 degrees from side to side."""
    middle = (camera.height - 1) / 2
    borders, _ = camera.unproject(np.array([[0.0, middle], [camera.width - 1.0, middle]]))
    left, right = (math.atan2(abs(float(d[0])), float(d[2])) for d in borders)
    return Pinhole.from_horizontal_fov(camera.width, camera.height, min(left + right, math.radians(WIDEST_DEG)))


def _ruled(picture: Image) -> Image:
    out = picture.copy()
    height, width = out.shape[:2]
    for i in range(1, 8):
        cv2.line(out, (0, i * height // 8), (width, i * height // 8), _ICE, max(1, width // 900), cv2.LINE_AA)
    return out


def _arrows(panel: Image, at: Array, residuals: Array) -> None:
    """``at``: (N, 2) in shares of the picture."""
    high, wide = panel.shape[:2]
    rows, columns = _CELLS
    cell = np.clip((at * [columns, rows]).astype(int), 0, [columns - 1, rows - 1])
    index = cell[:, 1] * columns + cell[:, 0]
    count = np.bincount(index, minlength=rows * columns)
    sums = np.stack([np.bincount(index, residuals[:, k], rows * columns) for k in (0, 1)], axis=-1)
    mean = sums / np.maximum(count, 1)[:, None]
    length = np.linalg.norm(mean, axis=1)[count > 2]
    typical = float(np.quantile(length, 0.9)) if length.size else 1.0
    enlarged = 0.9 * (wide / columns) / max(typical, 1e-3)
    for i in np.flatnonzero(count > 2).tolist():
        row, column = divmod(i, columns)
        start = np.array([(column + 0.5) * wide / columns, (row + 0.5) * high / rows])
        cv2.arrowedLine(panel, _at(start), _at(start + enlarged * mean[i]), _ICE, 2, cv2.LINE_AA, tipLength=0.3)
    unit = _round(2.0 * typical)
    start = np.array([28.0, high - 30.0])
    cv2.arrowedLine(
        panel, _at(start), _at(start + np.array([enlarged * unit, 0.0])), _AMBER, 4, cv2.LINE_AA, tipLength=0.2
    )
    _say(panel, f"{unit:g} px", start + np.array([0.0, -16.0]))


def _cloud(panel: Image, residuals: Array) -> None:
    high, wide = panel.shape[:2]
    middle = np.array([wide / 2, high / 2])
    reach = max(float(np.quantile(np.abs(residuals), 0.998)) * 1.15, 1e-3)
    scale = 0.5 * wide / reach
    unit = _round(0.5 * reach)
    for i in range(1, math.ceil(reach / unit) + 1):
        cv2.circle(panel, _at(middle), round(i * unit * scale), _LINE, 2, cv2.LINE_AA)
        if i * unit < reach:
            _say(panel, f"{i * unit:g} px", middle + np.array([6.0, -i * unit * scale - 8.0]))
    cv2.line(panel, (0, high // 2), (wide, high // 2), _LINE, 2)
    cv2.line(panel, (wide // 2, 0), (wide // 2, high), _LINE, 2)
    _dots(panel, middle + residuals * scale, _ICE, 4.0)


def _dots(panel: Image, at: Array, colour: tuple[int, int, int], radius: float) -> None:
    for x, y in at.tolist():
        cv2.circle(panel, (round(16 * x), round(16 * y)), round(16 * radius), colour, -1, cv2.LINE_AA, 4)


def _round(value: float) -> float:
    """The largest of 1, 2 or 5 times a power of ten that is not above the value."""
    power = 10.0 ** math.floor(math.log10(max(value, 1e-6)))
    return next(step * power for step in (5.0, 2.0, 1.0) if step * power <= value or step == 1.0)


def _at(point: Array) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))


def _say(panel: Image, text: str, at: Array) -> None:
    cv2.putText(panel, text, _at(at), _FONT, 0.42 * _FINE, _INK, _FINE, cv2.LINE_AA)
