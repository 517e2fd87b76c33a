"""Turns photographs with COCO masks into training scenes: ``python -m gazeline.engines.gazeline_s.photos --help``.

Only what is annotated is ever asked for, so sparsely labelled pictures are fine; what is part and what is whole is not
known of a photograph, so the object stands for both.
"""

from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from rich.progress import track

from gazeline.engines import coco as coco_
from gazeline.engines.gazeline_s.generate import write_scene
from gazeline.engines.gazeline_s.procedural import Scene


def main(
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    coco: Annotated[
        list[Path], typer.Option(help="Folder with images/ and instances.json; may be given several times.")
    ],
    first: Annotated[int, typer.Option(help="Number of the first scene.")] = 0,
) -> None:
    """Makes scenes of annotated photographs."""
    out.mkdir(parents=True, exist_ok=True)
    number = first
    for folder in coco:
        content = coco_.read_instances(folder)
        for picture in track(content.images, description=folder.name):
            bgr = cv2.imread(str(folder / "images" / picture.file_name), cv2.IMREAD_COLOR)
            if bgr is None:
                continue
            height, width = bgr.shape[:2]
            things = [a for a in content.annotations if a.image_id == picture.id and not a.iscrowd]
            ids = np.zeros((height, width), np.uint16)
            for index, thing in enumerate(sorted(things, key=lambda a: -a.area), 1):
                ids[coco_.mask_of(thing, picture)] = index
            scene = Scene(np.asarray(bgr[..., ::-1], np.uint8), ids, ids, np.zeros(len(things) + 1, np.uint16))
            write_scene(out, number, scene)
            number += 1


if __name__ == "__main__":
    typer.run(main)
