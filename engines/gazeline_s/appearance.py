"""How a scene looks through a camera and a depth sensor: what training shows of it to the encoder."""

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.engines.exposure import stretched
from gazeline.engines.gazeline_s.camera_effects import camera_effects
from gazeline.engines.gazeline_s.scenes import Ids
from gazeline.engines.window import Window

MEAN = np.array([123.675, 116.28, 103.53], np.float32)
STD = np.array([58.395, 57.12, 57.375], np.float32)
MAX_GAIN = 3.0  # of the stretched brightness, see `gazeline.engines.exposure`
FIELD_PX = 192  # what a window shows of a 640 px frame does not depend on its own size: at 192, one to one


def look(rng: np.random.Generator, image: NDArray[np.uint8], window: Window) -> NDArray[np.float32]:
    """What the encoder sees through another camera, a headset's or any; then, as when the model is used, the brightness
    of a dull window stretched."""
    seen = np.ascontiguousarray(window.sample(_colours(rng, image), fill=MEAN))
    if rng.random() < 0.12:
        seen = seen * _image_circle(rng, window)
    effects = camera_effects if rng.random() < 0.5 else _any_camera
    return stretched(np.clip(effects(rng, seen), 0, 255), window, MAX_GAIN)


def _any_camera(rng: np.random.Generator, seen: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blur, a moving head, darkness, vignette and noise, stronger than one good headset has them."""
    side = len(seen)
    if rng.random() < 0.4:
        seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), rng.uniform(0.4, 1.2)), np.float32)
    if rng.random() < 0.1:
        reach, angle = int(rng.integers(3, 8)), rng.uniform(0, np.pi)
        streak = np.zeros((reach, reach), np.float32)
        middle, tip = (reach - 1) / 2, (reach - 1) / 2 * np.array([np.cos(angle), np.sin(angle)])
        ends = (np.array([[middle] * 2]) + np.array([[-1], [1]]) * tip).round().astype(int).tolist()
        cv2.line(streak, ends[0], ends[1], 1.0)
        seen = np.asarray(cv2.filter2D(seen, -1, streak / streak.sum()), np.float32)
    dim = rng.uniform(0.15, 0.6) if rng.random() < 0.25 else 1.0
    if rng.random() < 0.3:
        across = np.linspace(-1, 1, side, dtype=np.float32) ** 2
        corner = np.float32(rng.uniform(0, 0.25))
        seen = seen * (np.float32(1) - corner * (across[:, None] + across)[..., None])
    noise = np.float32(rng.uniform(0, 7) if rng.random() < 0.5 else 0.5)
    grain = rng.standard_normal((side, side), np.float32)[..., None] * noise
    speckle = np.asarray(rng.standard_normal(seen.shape, np.float32), np.float32) * noise
    return seen * np.float32(dim) + np.float32(0.7) * grain + np.float32(0.5) * speckle


def _image_circle(rng: np.random.Generator, window: Window) -> NDArray[np.float32]:
    """Which pixels (S, S, 1) a fisheye lens lights: not the corners of the frame."""
    pixels = np.arange(window.size)
    away = window.to_frame(np.stack([pixels, pixels], -1)) - np.array([window.frame_w, window.frame_h]) / 2
    radius = np.hypot(away[None, :, 0], away[:, None, 1]) / max(window.frame_w, window.frame_h)
    return np.clip((rng.uniform(0.5, 0.65) - radius) / 0.02 + 1, 0, 1)[..., None].astype(np.float32)


def _colours(rng: np.random.Generator, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Another exposure, contrast, white balance and saturation."""
    ramp = np.linspace(0, 1, 256)[:, None] ** rng.uniform(0.6, 1.5)
    gain = rng.uniform(0.6, 1.5) * rng.normal(1, 0.08, 3)
    lift = rng.uniform(-0.05, 0.08)
    table = np.clip(255 * (ramp * gain + lift), 0, 255).astype(np.uint8)
    out = np.asarray(cv2.LUT(np.ascontiguousarray(image), table[None]), np.uint8)
    if rng.random() < 0.4:  # towards grey, now and then all the way
        share = min(1.0, rng.uniform(0.1, 1.2))
        grey = cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        out = np.asarray(cv2.addWeighted(grey, share, out, 1 - share, 0), np.uint8)
    return out


def sensed_depth(rng: np.random.Generator, depth_mm: Ids | None, window: Window) -> NDArray[np.float32]:
    """What a depth sensor would say, (S, S) m, 0 = unknown: often nothing, else with noise, steps and holes."""
    size = (window.size, window.size)
    if depth_mm is None or rng.random() < 0.55:
        return np.zeros(size, np.float32)
    depth = window.sample_nearest(depth_mm).astype(np.float32) / 1000
    grain = rng.standard_normal(size, np.float32) * rng.uniform(0, 0.006)
    coarse = cv2.resize(rng.standard_normal((8, 8), np.float32), size, interpolation=cv2.INTER_CUBIC)
    depth = depth * (1 + grain + coarse * np.float32(rng.uniform(0, 0.01)))
    if rng.random() < 0.7:  # sensors do not see steep places: the borders of things
        step = np.abs(cv2.Laplacian(depth, cv2.CV_32F)) > rng.uniform(0.05, 0.4) * np.maximum(depth, 0.1)
        depth[step] = 0
    if rng.random() < 0.5:  # nor dark and shiny ones
        hidden = cv2.resize(rng.standard_normal((6, 6), np.float32), size, interpolation=cv2.INTER_CUBIC)
        depth[hidden > rng.uniform(0.8, 2.0)] = 0
    return np.asarray(depth, np.float32)
