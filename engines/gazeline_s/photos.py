"""Turns photographs with COCO masks into training scenes: ``python -m gazeline.engines.gazeline_s.photos --help``.

Only what is annotated is ever asked for, so sparsely labelled pictures are fine. Parts and groups are not known of a
photograph. Pictures without masks serve as grounds that things are laid on (see `composites`).
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray
from rich.progress import track

from gazeline.engines.coco import mask_of, read_instances
from gazeline.engines.gazeline_s.scenes import Scene, write_scene

EVERY = 5  # every fifth photograph, by name, is for validation and never for training, unless said otherwise
PICTURES = {".jpg", ".jpeg", ".png", ".hdr"}
GROUND_PX = 640


def main(
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    coco: Annotated[
        list[Path] | None, typer.Option(help="Folder with images/ and instances.json; may be given several times.")
    ] = None,
    grounds: Annotated[
        list[Path] | None, typer.Option(help="Folder of any pictures: grounds to lay things on, asked for nothing.")
    ] = None,
    held_out: Annotated[bool, typer.Option("--held-out", help="The pictures for validation instead.")] = False,
    every: Annotated[int, typer.Option(min=2, help="One picture in so many, by name, is for validation.")] = EVERY,
) -> None:
    """Makes scenes of photographs: of those to train on, or of those held out."""
    out.mkdir(parents=True, exist_ok=True)
    number = 0
    for folder in coco or ():
        content = read_instances(folder)
        by_name = {picture.file_name: picture for picture in content.images}
        for name in track(chosen(by_name, held_out, every), description=folder.name):
            image = read_photo(folder / "images" / name)
            ids = np.zeros(image.shape[:2], np.uint16)
            things = [a for a in content.annotations if a.image_id == by_name[name].id and not a.iscrowd]
            for index, thing in enumerate(sorted(things, key=lambda a: -a.area), 1):
                ids[mask_of(thing, by_name[name])] = index
            write_scene(out, number, Scene(image, ids, ids, np.zeros(len(things) + 1, np.uint16), levels=False))
            number += 1
    for folder in grounds or ():
        paths = {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.suffix.lower() in PICTURES}
        for name in track(chosen(paths, held_out, every), description=folder.name):
            image = _shrunk(read_photo(paths[name]))
            ids = np.zeros(image.shape[:2], np.uint16)
            write_scene(out, number, Scene(image, ids, ids, np.zeros(1, np.uint16)))
            number += 1


def chosen(names: Iterable[str], held_out: bool, every: int = EVERY) -> list[str]:
    """Those that are held out, one in ``every``, or those that may be trained on."""
    return [name for index, name in enumerate(sorted(names)) if (index % every == 0) == held_out]


def read_photo(path: Path) -> NDArray[np.uint8]:
    """A picture (H, W, 3) RGB; what is brighter than a screen shows is clipped. ValueError if it cannot be read."""
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    if bgr is None:
        raise ValueError(f"{path} cannot be read as a picture")
    if bgr.dtype != np.uint8:  # linear light
        bgr = 255 * np.clip(bgr / np.percentile(bgr, 90), 0, 1) ** (1 / 2.2)
    return np.ascontiguousarray(bgr[..., ::-1], np.uint8)


def _shrunk(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """At most GROUND_PX on its longer side: larger ones cost time and show no more in a window."""
    shrink = GROUND_PX / max(image.shape[:2])
    if shrink >= 1:
        return image
    return np.asarray(cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8)


if __name__ == "__main__":
    typer.run(main)
