"""One click per object on labelled pictures: what training is watched by (never trained on).

Clicks and scores are those of ``gazeline eval``, which measures the exported model.
"""

import cv2
import numpy as np
import torch

from gazeline.engines.clicks import deepest
from gazeline.engines.gazeline_s.network import MASK_PX, WINDOW_PX, GazelineS
from gazeline.engines.gazeline_s.samples import MEAN, STD
from gazeline.engines.labelled_sets import Labelled
from gazeline.engines.mask_scores import iou
from gazeline.engines.window import Window


@torch.no_grad()
def validate(model: GazelineS, things: list[Labelled]) -> dict[str, float]:
    """Mean IoU in the frame: of the chosen mask, of the object slot, and of the best of three."""
    model.eval()
    scores = np.array([_score(model, thing) for thing in things])
    return dict(zip(("chosen", "object_slot", "best"), scores.mean(0).tolist(), strict=True))


def _score(model: GazelineS, thing: Labelled) -> tuple[float, float, float]:
    bgr = cv2.imread(str(thing.picture), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError(f"{thing.picture} cannot be read as a picture")
    height, width = bgr.shape[:2]
    wanted = thing.read_mask()
    click, _ = deepest(wanted)
    window = Window.foveal(width, height, WINDOW_PX, click)
    seen = (window.sample(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), fill=MEAN) - MEAN) / STD
    image = torch.from_numpy(np.ascontiguousarray(np.moveaxis(seen, -1, 0)[None], dtype=np.float32))
    coords = torch.from_numpy(window.to_window(click).astype(np.float32)).reshape(1, 1, 1, 2)
    none = torch.zeros(1, 1, 1, MASK_PX, MASK_PX)
    masks, expected = model(image, coords, torch.ones(1, 1, 1), none, torch.zeros(1, 1))
    shown = window.unwarp(masks[0].float().numpy()) > 0
    ious = [iou(mask, wanted) for mask in shown]
    return ious[int(expected[0].argmax())], ious[1], max(ious)
