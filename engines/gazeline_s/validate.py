"""One click per object on labelled pictures: what training is watched by (never trained on).

Clicks and scores are those of ``gazeline eval``, which measures the exported model; so are the steps around the
network: stretched brightness, and the mask cut to the piece under the click.
"""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from gazeline.engines.clicks import deepest
from gazeline.engines.exposure import stretched
from gazeline.engines.gazeline_s.appearance import FIELD_PX, MAX_GAIN, MEAN, STD
from gazeline.engines.gazeline_s.losses import OBJECT
from gazeline.engines.gazeline_s.network import GazelineS
from gazeline.engines.labelled_sets import Labelled
from gazeline.engines.mask_scores import iou
from gazeline.engines.pieces import clicked_pieces
from gazeline.engines.window import Window


@torch.no_grad()
def validate(model: GazelineS, things: list[Labelled], window_px: int) -> dict[str, float]:
    """Mean IoU in the frame: of the chosen mask, of the object slot, and of the best of three."""
    model.eval()
    scores = np.array([_score(model, thing, window_px) for thing in things])
    return dict(zip(("chosen", "object_slot", "best"), scores.mean(0).tolist(), strict=True))


def _score(model: GazelineS, thing: Labelled, window_px: int) -> tuple[float, float, float]:
    bgr = cv2.imread(str(thing.picture), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError(f"{thing.picture} cannot be read as a picture")
    height, width = bgr.shape[:2]
    wanted = thing.read_mask()
    click, _ = deepest(wanted)
    window = Window.foveal(width, height, window_px, click, middle_scale=FIELD_PX / window_px)
    seen = window.sample(np.ascontiguousarray(bgr[..., ::-1], np.uint8), fill=MEAN)
    image = _batch(np.moveaxis((stretched(seen, window, MAX_GAIN) - MEAN) / STD, -1, 0))
    coords = window.to_window(click)
    device, side = next(model.parameters()).device, window_px // 2
    none, zero = torch.zeros(1, 1, 1, side, side, device=device), torch.zeros(1, 1, device=device)
    depth = torch.zeros(1, 1, window_px, window_px, device=device)
    asked = _batch(coords).reshape(1, 1, 1, 2).to(device)
    masks, expected = model(image.to(device), depth, asked, torch.ones_like(zero)[None], none, zero)
    logits = clicked_pieces(masks[0].float().cpu().numpy(), (coords[None] + 0.5) / 2 - 0.5)
    ious = [iou(mask, wanted) for mask in window.unwarp(logits) > 0]
    return ious[int(expected[0].argmax())], ious[OBJECT], max(ious)


def _batch(array: NDArray[np.floating]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array[None], np.float32))
