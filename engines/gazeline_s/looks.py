"""What to ask of annotated photographs: one click for each object, deepest inside its mask."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


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


def iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Intersection over union of two masks (H, W)."""
    return int(np.count_nonzero(a & b)) / max(1, int(np.count_nonzero(a | b)))


def disc(look: Look) -> NDArray[np.bool_]:
    """What knows nothing answers: a disc of a twentieth of the picture's width around the click, (H, W)."""
    height, width = look.mask.shape
    xs, ys = np.meshgrid(np.arange(width) - look.click[0], np.arange(height) - look.click[1])
    return np.asarray(np.hypot(xs, ys) < 0.05 * width)
