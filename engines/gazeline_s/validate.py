"""One click per object on real photographs with COCO masks: what training is watched by (never trained on)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from gazeline.engines.gazeline_s.network import GazelineS
from gazeline.engines.gazeline_s.samples import MEAN, STD, WINDOW_PX
from gazeline.engines.window import Window


@dataclass(frozen=True)
class Look:
    """One object to be asked for: its picture, its mask (H, W) and the click (x, y) px deepest inside it."""

    picture: Path
    mask: NDArray[np.bool_]
    click: NDArray[np.float64]


def read_looks(folder: Path, *, min_area_px: int = 400, most: int = 300) -> list[Look]:
    """Objects of a COCO-style folder (``images/``, ``instances.json``), spread evenly over it. Needs pycocotools."""
    content = json.loads((folder / "instances.json").read_text())
    pictures = {picture["id"]: picture for picture in content["images"]}
    wanted = [a for a in content["annotations"] if not a.get("iscrowd") and a["area"] >= min_area_px]
    wanted = wanted[:: max(1, len(wanted) // most)][:most]
    looks = []
    for annotation in wanted:
        picture = pictures[annotation["image_id"]]
        mask = read_mask(annotation["segmentation"], picture["height"], picture["width"])
        depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
        y, x = np.unravel_index(depth.argmax(), depth.shape)
        looks.append(Look(folder / "images" / picture["file_name"], mask, np.array([x, y], float)))
    return looks


def read_mask(segmentation: Any, height: int, width: int) -> NDArray[np.bool_]:
    """A COCO segmentation (polygons or run lengths) as (H, W) bool. Needs pycocotools."""
    from pycocotools import mask as coco_mask

    if isinstance(segmentation, list):
        segmentation = coco_mask.merge(coco_mask.frPyObjects(segmentation, height, width))
    elif isinstance(segmentation["counts"], list):
        segmentation = coco_mask.frPyObjects(segmentation, height, width)
    mask: NDArray[np.bool_] = coco_mask.decode(segmentation).astype(bool)
    return mask


@torch.no_grad()
def validate(model: GazelineS, looks: list[Look]) -> dict[str, float]:
    """Mean IoU in the frame: of the chosen mask, of the object slot, of the best of three; and of a disc, for scale."""
    model.eval()
    scores = np.array([_score(model, look) for look in looks])
    chosen, slot, best, disc = scores.mean(0)
    return {"chosen": float(chosen), "object_slot": float(slot), "best": float(best), "disc": float(disc)}


def _score(model: GazelineS, look: Look) -> tuple[float, float, float, float]:
    bgr = cv2.imread(str(look.picture), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError(f"{look.picture} cannot be read as a picture")
    height, width = bgr.shape[:2]
    window = Window.foveal(width, height, WINDOW_PX, look.click)
    seen = (window.sample(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), fill=MEAN) - MEAN) / STD
    image = torch.from_numpy(np.ascontiguousarray(np.moveaxis(seen, -1, 0)[None], dtype=np.float32))
    coords = torch.from_numpy(window.to_window(look.click).astype(np.float32)).reshape(1, 1, 1, 2)
    none = torch.zeros(1, 1, 1, WINDOW_PX // 2, WINDOW_PX // 2)
    masks, iou = model(image, coords, torch.ones(1, 1, 1), none, torch.zeros(1, 1))
    shown = window.unwarp(masks[0].float().numpy()) > 0
    ious = [_iou(mask, look.mask) for mask in shown]
    disc = np.hypot(*np.meshgrid(np.arange(width) - look.click[0], np.arange(height) - look.click[1])) < 0.05 * width
    return ious[int(iou[0].argmax())], ious[1], max(ious), _iou(disc, look.mask)


def _iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return int(np.count_nonzero(a & b)) / max(1, int(np.count_nonzero(a | b)))
