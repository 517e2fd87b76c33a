"""A training scene in memory and on disk: a picture, the ids of what is in it, and perhaps its depth."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Ids = NDArray[np.uint16]


@dataclass(frozen=True)
class Scene:
    """image (H, W, 3) RGB; object and part ids (H, W), 0 is background; groups[object id] is its group, or 0.

    ``depth_mm`` (H, W) along the ray, 0 = unknown. ``levels``: whether parts and groups are known; of a photograph with
    plain instance masks they are not. ``kinds[object id]``: what each thing is called, "" where nobody said so;
    ``place``: two views of one place show the same things under the same ids; None: nobody knows.
    """

    image: Image
    object_ids: Ids
    part_ids: Ids
    groups: NDArray[np.uint16]
    depth_mm: Ids | None = None
    levels: bool = True
    kinds: tuple[str, ...] = ()
    place: int | None = None


def read_scene(picture: Path) -> Scene:
    """The scene of ``NNNNNN.jpg`` and ``NNNNNN.npz``; ValueError if it cannot be read."""
    try:
        bgr = cv2.imread(str(picture), cv2.IMREAD_COLOR)
        if bgr is None:
            raise ValueError("no picture")
        with np.load(picture.with_suffix(".npz")) as ids:
            objects, parts = ids["object_ids"], ids["part_ids"]
            groups = ids["groups"] if "groups" in ids else np.zeros(int(objects.max()) + 1, np.uint16)
            depth = ids.get("depth_mm", None)
            levels = bool(ids["levels"]) if "levels" in ids else True
            kinds = tuple(ids["object_kinds"].tolist()) if "object_kinds" in ids else ()
            place = int(ids["scene_seed"]) if "scene_seed" in ids else None
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{picture} and its .npz cannot be read ({error}); delete both and make them again") from error
    return Scene(np.asarray(bgr[..., ::-1], np.uint8), objects, parts, groups, depth, levels, kinds, place)


def write_scene(folder: Path, number: int, scene: Scene) -> None:
    """Writes the picture last: a scene counts as made when its picture is there."""
    arrays: dict[str, NDArray[Any]] = {"object_ids": scene.object_ids, "part_ids": scene.part_ids}
    arrays |= {"groups": scene.groups, "levels": np.array(scene.levels)}
    if scene.depth_mm is not None:
        arrays["depth_mm"] = scene.depth_mm
    if scene.kinds:
        arrays["object_kinds"] = np.array(scene.kinds)
    if scene.place is not None:
        arrays["scene_seed"] = np.array(scene.place)
    np.savez_compressed(folder / f"{number:06d}.npz", allow_pickle=False, **arrays)
    bgr = cv2.cvtColor(scene.image, cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(folder / f"{number:06d}.jpg"), bgr, [cv2.IMWRITE_JPEG_QUALITY, 93])
