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

from gazeline.engines.gazeline_s.procedural import load_materials, make_scene
from gazeline.engines.gazeline_s.scenes import write_scene


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
