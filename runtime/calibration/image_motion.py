"""How a camera turned, from its pictures alone: points are followed from one picture to the next, and the rotation is
the one that takes most of their rays along.

Points are those of J. Shi & C. Tomasi, "Good features to track" (CVPR 1994), followed by pyramidal Lucas-Kanade (J.-Y.
Bouguet, 2001) there and back; the rotation is Kabsch's (Acta Crystallographica A 32, 1976), refitted with the rays that
agree with it. What moves by itself, or by the head's own shift, is outvoted.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.calib import so3
from gazeline.calib.cameras import Camera

Array = NDArray[np.float64]

SIDE_PX = 480  # pictures are made smaller to this: faster, and points move by fewer pixels
POINTS = 300
FEWEST = 20  # points that must agree
BACK_PX = 0.5  # a point that does not come back to where it was, followed in reverse, was lost
AGREE_RAD = 0.004
ROUNDS = 8


@dataclass(frozen=True, eq=False)
class Turned:
    """From one picture to the next: a rotation vector (3,) in the camera's frame, and how many points agree on it.

    A point of the world at ``d`` in the first picture is at ``exp(-phi_rad) d`` in the second.
    """

    start_ns: int
    end_ns: int
    phi_rad: Array
    points: int


def turns(pictures: Iterable[tuple[int, NDArray[np.uint8]]], camera: Camera) -> Iterator[Turned]:
    """How the camera turned between each two pictures (time in ns, RGB) that enough can be followed in."""
    before: tuple[int, NDArray[np.uint8]] | None = None
    small = camera
    for t_ns, image in pictures:
        scale = min(1.0, SIDE_PX / max(image.shape[:2]))
        size = round(image.shape[1] * scale), round(image.shape[0] * scale)
        if (small.width, small.height) != size:
            small = camera.resized(*size)
        gray = np.asarray(
            cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA), np.uint8
        )
        if before is not None and before[1].shape == gray.shape:
            found = _turned(before[1], gray, small)
            if found is not None:
                yield Turned(before[0], t_ns, *found)
        before = (t_ns, gray)


def _turned(first: NDArray[np.uint8], second: NDArray[np.uint8], camera: Camera) -> tuple[Array, int] | None:
    points = cv2.goodFeaturesToTrack(first, POINTS, 0.01, 7)
    if points is None or len(points) < FEWEST:
        return None
    there, found, _ = cv2.calcOpticalFlowPyrLK(first, second, points, np.empty_like(points))
    back, found_back, _ = cv2.calcOpticalFlowPyrLK(second, first, there, np.empty_like(points))
    good = (found[:, 0] == 1) & (found_back[:, 0] == 1)
    good &= np.linalg.norm(back - points, axis=-1)[:, 0] < BACK_PX
    d_first, valid_first = camera.unproject(points[good, 0].astype(np.float64))
    d_second, valid_second = camera.unproject(there[good, 0].astype(np.float64))
    valid = valid_first & valid_second
    d_first, d_second = d_first[valid], d_second[valid]
    agree = np.ones(len(d_first), np.bool_)
    R = np.eye(3)
    for round_ in range(ROUNDS):
        if np.count_nonzero(agree) < FEWEST:
            return None
        u, _, vt = np.linalg.svd(d_first[agree].T @ d_second[agree])
        R = u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt  # d_first = R d_second
        off = np.linalg.norm(d_first - d_second @ R.T, axis=1)
        # the first guess is of all points, so it may be far off: what agrees is narrowed down
        agree = off <= max(AGREE_RAD, float(np.median(off[agree])) * (2.0 if round_ < ROUNDS // 2 else 1.5))
    return so3.log(so3.from_matrix(R)), int(np.count_nonzero(agree))
