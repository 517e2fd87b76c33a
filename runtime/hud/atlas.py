"""All labels in one texture, so that they are drawn at once."""

from collections.abc import Iterable

import moderngl
import numpy as np

from gazeline.runtime.hud.text import Label

SRGB8_ALPHA8 = 0x8C43
SIZE_PX = 1024
APART_PX = 1  # transparent, so that no label shines into its neighbour

Place = tuple[float, float, float, float]  # u and v of the left top and the right bottom corner, 0 to 1


class Atlas:
    """Labels on shelves, as they come. When they do not fit any more, those that are needed are put up anew."""

    def __init__(self, context: moderngl.Context) -> None:
        self._texture = context.texture((SIZE_PX, SIZE_PX), 4, internal_format=SRGB8_ALPHA8)
        self._texture.filter = moderngl.LINEAR, moderngl.LINEAR  # labels are drawn at their own size
        self._clear()

    def places(self, labels: Iterable[Label]) -> list[Place]:
        """Where these labels are in the texture, which is bound then."""
        labels = list(labels)
        self._texture.use(0)
        if not all(self._put(label) for label in labels):
            self._clear()
            for label in labels:  # what does not even fit then is drawn as nothing
                self._put(label)
        return [self._places.get(label, (0.0, 0.0, 0.0, 0.0)) for label in labels]

    def _clear(self) -> None:
        self._places: dict[Label, Place] = {}
        self._x, self._y, self._shelf = APART_PX, APART_PX, 0
        self._texture.write(bytes(4 * SIZE_PX * SIZE_PX))

    def _put(self, label: Label) -> bool:
        if label in self._places:
            return True
        height, width = label.pixels.shape[:2]
        if self._x + width > SIZE_PX:
            self._x, self._y, self._shelf = APART_PX, self._y + self._shelf + APART_PX, 0
        if self._x + width > SIZE_PX or self._y + height > SIZE_PX:
            return False
        x, y = self._x, self._y
        self._texture.write(np.ascontiguousarray(label.pixels), viewport=(x, y, width, height))
        self._places[label] = (x / SIZE_PX, y / SIZE_PX, (x + width) / SIZE_PX, (y + height) / SIZE_PX)
        self._x, self._shelf = x + width + APART_PX, max(self._shelf, height)
        return True
