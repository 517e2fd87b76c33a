"""Sets of pictures whose objects have masks, in the layouts that there are: COCO, DAVIS, and rendered views.

They are what models are validated on while they are trained, and measured on afterwards (``gazeline eval``).
"""

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.engines import coco

Mask = NDArray[np.bool_]
Depth = NDArray[np.float32]
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Labelled:
    """One object of a set, its mask not yet read.

    ``group`` names the objects that resemble it because they share a photograph, a video or a rendered scene;
    ``read_mask`` gives (H, W) bool, ``read_depth`` (H, W) metres along the ray, 0 unknown; ``fov_deg``: the angle that
    the picture's longer side spans, where known; ``complete``: all objects of its picture are labelled.
    """

    name: str
    picture: Path
    group: str
    area_px: float
    read_mask: Callable[[], Mask]
    read_depth: Callable[[], Depth] | None = None
    fov_deg: float | None = None
    complete: bool = True


def read_set(folder: Path, *, min_area_px: float = 400, most: int | None = None) -> list[Labelled]:
    """The objects of a set that have at least so many pixels, in its order; at most ``most``, spread evenly over it.

    ``folder`` has ``instances.json`` and ``images/`` (COCO), ``JPEGImages/`` and ``Annotations/`` (DAVIS), or views
    NNNNNN.jpg with NNNNNN.npz (``object_ids``; at best ``depth_mm``, ``fov_deg`` and ``scene_seed``, too).
    ValueError or OSError: what is wrong.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder} with labelled pictures")
    if (folder / "instances.json").is_file():
        found = _read_coco(folder)
    elif (folder / "JPEGImages").is_dir():
        found = _read_davis(folder)
    elif views := sorted(path for path in folder.glob("*.npz") if not path.name.endswith(".part.npz")):
        found = _read_views(views)
    else:
        raise ValueError(
            f"{folder} is no set of labelled pictures: it has neither instances.json (COCO) nor JPEGImages (DAVIS) nor "
            "views (NNNNNN.jpg with NNNNNN.npz)"
        )
    large = [thing for thing in found if thing.area_px >= min_area_px]
    if not large:
        raise ValueError(f"{folder} has no labelled object of at least {min_area_px:g} pixels")
    return large if most is None else spread(large, most)


def spread(things: Sequence[T], most: int) -> list[T]:
    """At most so many of them, spread evenly."""
    picked = np.linspace(0, len(things) - 1, min(most, len(things)))
    return [things[i] for i in np.rint(picked).astype(int)]


def _read_coco(folder: Path) -> list[Labelled]:
    instances = coco.read_instances(folder)
    pictures = {picture.id: picture for picture in instances.images}
    return [
        Labelled(
            f"{pictures[annotation.image_id].file_name} {annotation.id}",
            folder / "images" / pictures[annotation.image_id].file_name,
            str(annotation.image_id),
            annotation.area,
            partial(coco.mask_of, annotation, pictures[annotation.image_id]),
            complete=pictures[annotation.image_id].complete,
        )
        for annotation in instances.annotations
        if not annotation.iscrowd
    ]


def _read_davis(folder: Path) -> list[Labelled]:
    sizes = [size for size in ("480p", "Full-Resolution", ".") if (folder / "JPEGImages" / size).is_dir()]
    pictures, annotations = folder / "JPEGImages" / sizes[0], folder / "Annotations" / sizes[0]
    found = []
    for path in sorted(annotations.glob("*/*.png")):
        values, counts = np.unique(_davis_ids(path), return_counts=True)
        sequence, frame = path.parent.name, path.stem
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            if value:
                name = f"{sequence} {frame}" if len(values) <= 2 else f"{sequence} {frame} {value}"
                picture = pictures / sequence / f"{frame}.jpg"
                found.append(Labelled(name, picture, sequence, count, partial(_davis_mask, path, value)))
    return found


def _davis_ids(path: Path) -> NDArray[np.int64]:
    """The objects' numbers (H, W); in a picture with a palette, their colours."""
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise ValueError(f"{path} is no picture that can be read, or it is damaged")
    planes = np.asarray(image, np.int64).reshape(*image.shape[:2], -1)[..., :3]
    return np.asarray(planes @ (256 ** np.arange(planes.shape[-1])), np.int64)


def _davis_mask(path: Path, value: int) -> Mask:
    return np.asarray(_davis_ids(path) == value, np.bool_)


def _read_views(views: list[Path]) -> list[Labelled]:
    found = []
    for path in views:
        arrays = _view(path)
        depth = partial(_view_depth, path) if "depth_mm" in arrays else None
        fov_deg = float(arrays["fov_deg"]) if "fov_deg" in arrays else None
        group = f"scene {int(arrays['scene_seed'])}" if "scene_seed" in arrays else path.stem
        values, counts = np.unique(arrays["object_ids"], return_counts=True)
        found += [
            Labelled(
                f"{path.stem} {value}",
                path.with_suffix(".jpg"),
                group,
                count,
                partial(_view_mask, path, value),
                depth,
                fov_deg,
            )
            for value, count in zip(values.tolist(), counts.tolist(), strict=True)
            if value
        ]
    return found


@lru_cache(maxsize=1)  # the objects of a view come one after the other
def _view(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        with np.load(path) as arrays:
            content = {name: arrays[name] for name in arrays.files if name != "part_ids"}
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is no rendered view that can be read, or it is damaged") from error
    if content.get("object_ids", np.zeros(0)).ndim != 2:
        raise ValueError(f"{path} is no rendered view: it lacks object_ids (H, W)")
    return content


def _view_mask(path: Path, value: int) -> Mask:
    return np.asarray(_view(path)["object_ids"] == value, np.bool_)


def _view_depth(path: Path) -> Depth:
    return _view(path)["depth_mm"].astype(np.float32) / np.float32(1000.0)
