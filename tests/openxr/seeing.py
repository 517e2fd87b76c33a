"""What is to be seen on the compositor's screen: the region that an outline encloses, and where it should be."""

from collections.abc import Callable
from math import atan, degrees

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.runtime.hud.style import ICE, Colour
from gazeline.runtime.hud.views import Eye, Views
from tests.openxr.monado import TANGENTS, Image, Monado, wait_for

Mask = NDArray[np.bool_]
Array = NDArray[np.float64]


def accented(image: Image, accent: Colour) -> Mask:
    """The pixels of an accent's colour: bright, and blue or, for amber, red. Text is white, other outlines are pale."""
    red, blue = image[..., 0].astype(int), image[..., 2].astype(int)
    most, least = (blue, red) if accent == ICE else (red, blue)
    mask: Mask = (most > 100) & (least < 0.85 * most)
    return mask


def enclosed(image: Image, accent: Colour = ICE) -> Mask:
    """The region that the accent's outline encloses, to the middle of its line; the line to the card is not of it."""
    mask = accented(image, accent).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return np.zeros(mask.shape, np.bool_)
    largest = max(contours, key=cv2.contourArea)
    filled = cv2.drawContours(np.zeros_like(mask), [largest], -1, 1, cv2.FILLED)
    opened = cv2.morphologyEx(filled, cv2.MORPH_OPEN, np.ones((9, 9), np.uint8))
    return np.asarray(cv2.erode(opened, np.ones((3, 3), np.uint8)), np.uint8) > 0


def projected(ring_m: Array, eye: Eye, image: Image) -> Mask:
    """The region of the picture in which an eye sees what a ring of the world (N, 3) encloses."""
    height, width = image.shape[:2]
    px = eye.project(ring_m) * (width, height) - 0.5
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [np.rint(px * 16).astype(np.int32)], 1, shift=4)
    return mask > 0


def iou(a: Mask, b: Mask) -> float:
    union = np.count_nonzero(a | b)
    return float(np.count_nonzero(a & b) / union) if union else 0.0


def middle(mask: Mask) -> Array | None:
    """The middle (x, y) of a region, px; None if there is none."""
    where = np.argwhere(mask)
    return where.mean(axis=0)[::-1] if len(where) else None


def apart_deg(a: Mask, b: Mask) -> float:
    """The angle between the middles of two regions of an eye's picture; infinite if one of them is empty."""
    ends = [middle(a), middle(b)]
    if ends[0] is None or ends[1] is None:
        return float("inf")
    height, width = a.shape
    left, right, up, down = TANGENTS
    rays = [
        np.array(((x + 0.5) / width * (left + right) - left, up - (y + 0.5) / height * (up + down), -1.0))
        for x, y in (end.tolist() for end in ends if end is not None)
    ]
    cross = float(np.linalg.norm(np.cross(rays[0], rays[1])))
    return degrees(atan(cross / float(rays[0] @ rays[1])))


def until(monado: Monado, seen: Callable[[Image, Image], bool]) -> tuple[Image, Image]:
    """The pictures of both eyes, once what is seen in them is as wanted or patience ends."""
    shots: list[tuple[Image, Image]] = []

    def look() -> bool:
        shots[:] = [monado.screenshot()]
        return seen(*shots[0])

    wait_for(look)
    return shots[0]


def until_dark(monado: Monado) -> None:
    """Until nothing is shown any more."""
    shots = until(monado, lambda left, right: int(left.max()) < 30 and int(right.max()) < 30)
    assert max(int(shot.max()) for shot in shots) < 30


def fits(ring_m: Array, views: Views, shots: tuple[Image, Image]) -> list[float]:
    """IoU of the outlined region with the true one, for each eye."""
    return [iou(enclosed(shot), projected(ring_m, eye, shot)) for eye, shot in zip(views.eyes, shots, strict=True)]
