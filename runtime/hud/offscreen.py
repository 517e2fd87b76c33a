"""Draws the HUD without a display, into an array: for pictures, tests and measurements."""

from types import TracebackType
from typing import Self

import moderngl
import numpy as np
from numpy.typing import NDArray

from gazeline.runtime.hud.atlas import SRGB8_ALPHA8
from gazeline.runtime.hud.drawing import Drawing
from gazeline.runtime.hud.gl import Painter, new_context
from gazeline.runtime.hud.picture import Picture, PicturePainter
from gazeline.runtime.hud.views import Views


class Offscreen:
    """An OpenGL context of its own with a picture of ``width`` x ``height`` px for each of ``eyes``, side by side."""

    def __init__(self, width: int, height: int, eyes: int = 1) -> None:
        """Raises OSError where there is no off-screen OpenGL."""
        self.width, self.height = width, height
        self._context = offscreen_context()
        size = (eyes * width, height)
        self._target = self._context.framebuffer([self._context.texture(size, 4, internal_format=SRGB8_ALPHA8)])
        self._painter, self._picture = Painter(self._context), PicturePainter(self._context)

    def draw(self, views: Views, drawing: Drawing) -> None:
        """Draw the layer that goes before the world, but leave it where it is."""
        self._target.use()
        self._target.clear(0.0, 0.0, 0.0, 0.0)
        self._painter.take(drawing)
        for number, eye in enumerate(views.eyes):
            self._painter.draw(eye, (number * self.width, 0, self.width, self.height))

    def draw_picture(self, views: Views, picture: Picture, distance_m: float) -> None:
        """Draw the camera's picture alone, on a plane so far ahead of its camera."""
        self._target.use()
        self._target.clear(0.0, 0.0, 0.0, 0.0)
        self._picture.take(picture)
        for number, eye in enumerate(views.eyes):
            self._picture.draw(eye, (number * self.width, 0, self.width, self.height), distance_m)

    @property
    def renderer(self) -> str:
        """What OpenGL draws with."""
        return str(self._context.info["GL_RENDERER"])

    def finish(self) -> None:
        """Wait until all is drawn."""
        self._context.finish()

    def layer(self) -> NDArray[np.uint8]:
        """What was drawn: (H, W, 4) sRGB, with alpha multiplied into the light."""
        data = np.frombuffer(self._target.read(components=4, alignment=1), np.uint8)
        rows: NDArray[np.uint8] = data.reshape(self._target.height, self._target.width, 4)[::-1]  # OpenGL's are upwards
        return rows

    def close(self) -> None:
        self._context.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def offscreen_context() -> moderngl.Context:
    """An OpenGL 3.3 context without a window: EGL, else what the platform has. Raises OSError with what to install."""
    for backend in ({"backend": "egl"}, {}):
        try:
            return new_context(**backend)
        except Exception:  # noqa: BLE001 - glcontext raises bare ones
            continue
    raise OSError(
        "no off-screen OpenGL 3.3 here; on Debian or Ubuntu: apt-get install libegl1 libegl-mesa0 libgl1-mesa-dri"
    )


def over(layer: NDArray[np.uint8], ground: NDArray[np.uint8], *, additive: bool = False) -> NDArray[np.uint8]:
    """A layer (H, W, 4) as a display shows it before the world, (H, W, 3) RGB: laid over, or its light added."""
    light = _light(layer[..., :3])
    behind = _light(ground)
    if not additive:
        behind = behind * (1.0 - layer[..., 3:] / 255.0)
    total = np.clip(light + behind, 0.0, 1.0)
    srgb = np.where(total <= 0.0031308, 12.92 * total, 1.055 * np.maximum(total, 1e-9) ** (1 / 2.4) - 0.055)
    shown: NDArray[np.uint8] = np.rint(255.0 * srgb).astype(np.uint8)
    return shown


def _light(srgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    value = srgb / 255.0
    light: NDArray[np.float64] = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return light
