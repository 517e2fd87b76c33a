"""The truth of a rendered view in the place of a model: the masks that a perfect decoder would give."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazeline.engines.bundle import Bundle
from gazeline.engines.segmenter import Embedding, Masks, Prompt, Segmenter
from gazeline.engines.window import Window
from gazeline.sim.gl import mujoco
from gazeline.sim.render import Rendered
from gazeline.sim.scene import Scene

SIDE = 320  # px of its masks
EXPECTED_IOU = (0.85, 0.95, 0.85)  # of part, object and whole: it knows objects, and cannot tell what is meant


def wholes_of(scene: Scene) -> dict[int, frozenset[int]]:
    """By object: what lies in, on or under it, however indirectly, of the things that can be moved, itself included."""
    mujoco.mj_forward(scene.model, scene.data)
    bodies = {item.body: item.id for item in scene.objects if item.movable}
    wholes = {item.id: frozenset((item.id,)) for item in scene.objects}
    for contact in scene.data.contact[: scene.data.ncon]:
        pair = [bodies.get(int(scene.model.geom_bodyid[geom])) for geom in (contact.geom1, contact.geom2)]
        if pair[0] is not None and pair[1] is not None:
            joined = wholes[pair[0]] | wholes[pair[1]]
            wholes |= dict.fromkeys(joined, joined)
    return wholes


class TrueMasks(Segmenter):
    """Answers one point with part, object and whole there, and several with all the objects at them."""

    def __init__(self, seen: Rendered, wholes: dict[int, frozenset[int]]) -> None:
        self._seen, self._wholes = seen, wholes
        limits = SimpleNamespace(points=32, prompts=32)
        self.bundle = cast(Bundle, SimpleNamespace(name="truth", manifest=SimpleNamespace(limits=limits)))

    @property
    def describes(self) -> bool:
        return False

    def window_for(self, frame_w: int, frame_h: int, gaze_px: ArrayLike | None = None) -> Window:
        return Window.full(frame_w, frame_h, SIDE)

    def encode(self, image: NDArray[np.uint8], window: Window, depth_m: NDArray[np.float32] | None = None) -> Embedding:
        return Embedding({}, window, self.name)

    def decode(self, embedding: Embedding, prompts: Sequence[Prompt]) -> list[Masks]:
        return [self._answer(np.asarray(prompt.points), embedding.window) for prompt in prompts]

    def _answer(self, points: NDArray[np.float64], window: Window) -> Masks:
        seen = self._seen
        column, row = np.rint(points).astype(int).T
        objects = seen.object_ids[row, column]
        own = np.isin(seen.object_ids, objects)
        part, whole = own, own
        if len(points) == 1:
            part = (seen.part_ids == seen.part_ids[row[0], column[0]]) & own
            whole = np.isin(seen.object_ids, list(self._wholes.get(int(objects[0]), frozenset(objects.tolist()))))
        logits = [np.where(window.sample_nearest(mask), 1.0, -1.0) for mask in (part, own, whole)]
        return Masks(np.array(logits, np.float32), np.array(EXPECTED_IOU, np.float32), 1, window)

    def close(self) -> None:
        pass
