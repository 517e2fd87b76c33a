"""Writes procedural training scenes to a folder: ``python -m gazeline.engines.gazeline_s.generate --help``.

A scene is ``NNNNNN.jpg`` and ``NNNNNN.npz`` (object_ids, part_ids, groups), a function of its number alone; what is
there already is not made again, so an interrupted run goes on where it was.
"""

from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from rich.progress import track

from gazeline.engines.gazeline_s.procedural import Scene, load_materials, make_scene


def write_scene(folder: Path, number: int, scene: Scene) -> None:
    """Writes the picture last: a scene counts as made when its picture is there."""
    ids = folder / f"{number:06d}.npz"
    np.savez_compressed(ids, object_ids=scene.object_ids, part_ids=scene.part_ids, groups=scene.groups)
    bgr = cv2.cvtColor(scene.image, cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(folder / f"{number:06d}.jpg"), bgr, [cv2.IMWRITE_JPEG_QUALITY, 93])


def main(
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    count: Annotated[int, typer.Option(help="Number of scenes.")] = 10_000,
    first: Annotated[int, typer.Option(help="Number of the first scene; also its seed.")] = 0,
    materials: Annotated[
        Path | None, typer.Option(help="Folder of material pictures (CC0) to use as surfaces.")
    ] = None,
) -> None:
    """Makes procedural training scenes."""
    out.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    surfaces = load_materials(materials)
    for number in track(range(first, first + count), description="scenes"):
        if not (out / f"{number:06d}.jpg").exists():
            write_scene(out, number, make_scene(np.random.default_rng(number), surfaces))


if __name__ == "__main__":
    typer.run(main)
