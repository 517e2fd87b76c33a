"""One click per object on real photographs with COCO masks: what training is watched by (never trained on)."""

import cv2
import numpy as np
import torch

from gazeline.engines.gazeline_s.looks import Look, disc, iou
from gazeline.engines.gazeline_s.network import MASK_PX, WINDOW_PX, GazelineS
from gazeline.engines.gazeline_s.samples import MEAN, STD
from gazeline.engines.window import Window


@torch.no_grad()
def validate(model: GazelineS, looks: list[Look]) -> dict[str, float]:
    """Mean IoU in the frame: of the chosen mask, of the object slot, of the best of three; and of a disc, for scale."""
    model.eval()
    scores = np.array([_score(model, look) for look in looks])
    return dict(zip(("chosen", "object_slot", "best", "disc"), scores.mean(0).tolist(), strict=True))


def _score(model: GazelineS, look: Look) -> tuple[float, float, float, float]:
    bgr = cv2.imread(str(look.picture), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError(f"{look.picture} cannot be read as a picture")
    height, width = bgr.shape[:2]
    window = Window.foveal(width, height, WINDOW_PX, look.click)
    seen = (window.sample(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), fill=MEAN) - MEAN) / STD
    image = torch.from_numpy(np.ascontiguousarray(np.moveaxis(seen, -1, 0)[None], dtype=np.float32))
    coords = torch.from_numpy(window.to_window(look.click).astype(np.float32)).reshape(1, 1, 1, 2)
    none = torch.zeros(1, 1, 1, MASK_PX, MASK_PX)
    masks, expected = model(image, coords, torch.ones(1, 1, 1), none, torch.zeros(1, 1))
    shown = window.unwarp(masks[0].float().numpy()) > 0
    ious = [iou(mask, look.mask) for mask in shown]
    return ious[int(expected[0].argmax())], ious[1], max(ious), iou(disc(look), look.mask)
