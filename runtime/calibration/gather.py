"""Pictures to views of a board: what was found, and why the rest was left out."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gazeline.calib.board import Board
from gazeline.calib.camera_calibration import LeftOut
from gazeline.calib.detect import find_board, why_not
from gazeline.calib.intrinsics import View
from gazeline.runtime.calibration.shots import Shot

Image = NDArray[np.uint8]
_ASKED = 6  # pictures without a board that are asked for the reason


@dataclass(frozen=True, eq=False)
class Gathered:
    """The views of the board, all of one size of picture. ``capture_ns`` by the view's name, where there are times.

    ``sample``: the picture in which the board is largest, to show results on.
    """

    width: int
    height: int
    views: tuple[View, ...]
    left_out: tuple[LeftOut, ...]
    pictures: int
    sample: Image
    capture_ns: dict[str, int] = field(default_factory=dict)


def gather(shots: Iterable[Shot], board: Board, source: str, tell: Callable[[int, int], None]) -> Gathered:
    """Look for the board in every picture; ``tell`` hears how many were looked at, and in how many it was.

    Raises ValueError with one sentence where it is nowhere.
    """
    found: list[_Found] = []
    left_out: list[LeftOut] = []
    samples: dict[tuple[int, int], tuple[float, Image]] = {}  # by size: the largest board's area, and its picture
    hint: str | None = None
    count = 0
    for count, shot in enumerate(shots, start=1):
        detection = find_board(shot.image, board) if shot.image is not None else None
        if shot.image is None:
            left_out.append(LeftOut(shot.name, "it cannot be read as a picture, or is damaged"))
        elif detection is None:
            left_out.append(LeftOut(shot.name, "no board was found in it"))
            if not found and hint is None and count <= _ASKED:
                hint = why_not(shot.image, board)
        else:
            size = shot.image.shape[1], shot.image.shape[0]
            view = View(shot.name, board.points_m[detection.ids], detection.px, detection.rise_px)
            found.append(_Found(size, view, shot.capture_ns))
            area = float(np.prod(np.ptp(view.px, axis=0)))
            if size not in samples or area > samples[size][0]:
                samples[size] = area, shot.image
        tell(count, len(found))
    if count == 0:
        raise ValueError(f"{source} holds no pictures")
    if not found:
        because = f": {hint}" if hint else "; is that the board, is all of it in the picture, and is it sharp?"
        raise ValueError(f"no {board} was found in any of the {count} pictures of {source}{because}")
    (size, _), *others = Counter(each.size for each in found).most_common()
    for each in found:
        if each.size != size:
            said = f"it is {each.size[0]}x{each.size[1]} and most pictures are {size[0]}x{size[1]}"
            left_out.append(LeftOut(each.view.name, said))
    kept = [each for each in found if each.size == size]
    if others and len(kept) < len(found) / 2:
        raise ValueError(
            f"the pictures of {source} are of {len(others) + 1} sizes; calibrate one size (and one zoom) at a time"
        )
    times = {each.view.name: each.capture_ns for each in kept if each.capture_ns is not None}
    views = tuple(each.view for each in kept)
    return Gathered(*size, views, tuple(left_out), count, samples[size][1], times)


@dataclass(frozen=True, eq=False)
class _Found:
    size: tuple[int, int]
    view: View
    capture_ns: int | None
