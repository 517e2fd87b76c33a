"""Annotations in the format of COCO (https://cocodataset.org/#format-data): ``images/`` and ``instances.json``."""

from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from gazeline.engines import rle

Mask = NDArray[np.bool_]

FINER = 5


class Picture(Struct, frozen=True):
    """An entry of ``images``."""

    id: int | str
    file_name: str
    width: int
    height: int
    annotation_completeness: str = ""  # "all_instances", or what else is labelled
    dense: bool = True  # all its objects are labelled

    @property
    def complete(self) -> bool:
        """Whether all its objects are labelled, as far as the file says (two words that some sets add to COCO's)."""
        return self.dense and self.annotation_completeness in ("", "all_instances")


class RunLengths(Struct, frozen=True):
    """A mask as run lengths: ``size`` is [height, width]; ``counts`` are compressed or plain numbers."""

    size: tuple[int, int]
    counts: str | list[int]


class Annotation(Struct, frozen=True):
    """An entry of ``annotations``; ``segmentation`` is polygons [x0, y0, x1, y1, …] or run lengths."""

    image_id: int | str
    segmentation: list[list[float]] | RunLengths
    id: int | str = 0
    area: float = 0.0
    iscrowd: int = 0


class Instances(Struct, frozen=True):
    """``instances.json``; what else it holds is not looked at."""

    images: list[Picture]
    annotations: list[Annotation]


def read_instances(folder: Path) -> Instances:
    """``instances.json`` of ``folder``. ValueError or OSError: what is wrong with it."""
    path = folder / "instances.json"
    try:
        instances = msgspec.json.decode(path.read_bytes(), type=Instances)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not in COCO's format: {error}") from error
    known = {picture.id for picture in instances.images}
    for annotation in instances.annotations:
        if annotation.image_id not in known:
            raise ValueError(
                f"{path}: annotation {annotation.id} is of the image {annotation.image_id}, which is not listed"
            )
    return instances


def mask_of(annotation: Annotation, picture: Picture) -> Mask:
    """The mask (H, W) of an annotation. ValueError where it is broken or of another size than its picture."""
    segmentation, shape = annotation.segmentation, (picture.height, picture.width)
    try:
        if not isinstance(segmentation, RunLengths):
            return polygons(segmentation, *shape)
        if segmentation.size != shape:
            raise ValueError(f"it is {segmentation.size[1]}x{segmentation.size[0]}, its picture {shape[1]}x{shape[0]}")
        if isinstance(segmentation.counts, str):
            return rle.decode({"size": list(shape), "counts": segmentation.counts})
        return rle.decode_counts(np.array(segmentation.counts, np.int64), *shape)
    except ValueError as error:
        raise ValueError(f"the mask of annotation {annotation.id} ({picture.file_name}) is broken: {error}") from error


def polygons(rings: list[list[float]], height: int, width: int) -> Mask:
    """The pixels (height, width) inside any of the ``rings``; COCO's first pixel reaches from 0 to 1.

    Pixel for pixel those of pycocotools (cocoapi, maskApi.c, ``rleFrPoly``): along the border, five times finer, each
    column's crossings are found; between them the mask goes on and off.
    """
    mask = np.zeros((height, width), np.bool_)
    for ring in rings:
        if len(ring) < 6 or len(ring) % 2 or not np.isfinite(ring).all():
            raise ValueError("a polygon must be three points or more, x and y of each, in finite numbers")
        u, v = _border(np.reshape(ring, (-1, 2)))
        step = np.flatnonzero(u[1:] != u[:-1])
        x = (np.minimum(u[step], u[step + 1]) + 0.5) / FINER - 0.5
        y = (np.minimum(v[step], v[step + 1]) + 0.5) / FINER - 0.5
        counted = (np.floor(x) == x) & (x >= 0) & (x <= width - 1)
        crossings = x[counted].astype(int) * height + np.ceil(np.clip(y[counted], 0, height)).astype(int)
        toggles = np.bincount(crossings, minlength=height * width + 1)[: height * width]
        mask |= (np.cumsum(toggles) % 2 == 1).reshape(width, height).T
    return mask


def _border(vertices: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The points x, y (n,) along a closed polygon, five times finer than its pixels."""
    ends = np.trunc(FINER * vertices + 0.5)
    points = []
    for start, end in zip(ends, np.roll(ends, -1, axis=0), strict=True):
        length = np.abs(end - start).max()
        leading = int(abs(end - start)[1] > abs(end - start)[0])  # the axis along which it is the longer
        low = min(start, end, key=lambda p: p[leading])  # the same points both ways
        slope = (end - start) * np.sign((end - start)[leading]) / max(length, 1)
        along = np.trunc(low + slope * np.arange(length + 1)[:, None] + 0.5)
        points.append(along if low is start else along[::-1])
    x, y = np.concatenate(points).T
    return x, y
