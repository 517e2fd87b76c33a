"""The set "simulator": views of simulated scenes that no model was trained on, rendered once and kept."""

import os
import sys
import time
from importlib.metadata import version
from pathlib import Path

from rich.progress import Progress

from gazeline.runtime.processes import Family, Program

NAME = "simulator"
UNSEEN = 100_000  # scenes are trained on up to this seed, and measured on from it
SCENES, VIEWS_PER_SCENE, VIEW_PX = 40, 3, 480
POLL_S = 0.2


def simulated_views(progress: Progress, scenes: int = SCENES, views_per_scene: int = VIEWS_PER_SCENE) -> Path:
    """The folder of the views, rendered first where they are missing. ValueError: why that is impossible."""
    many = "" if views_per_scene == VIEWS_PER_SCENE else f"-{views_per_scene}"
    folder = cache_folder() / f"views-{version('gazeline')}-{UNSEEN}{many}"
    count = scenes * views_per_scene
    if _there(folder) >= count:
        return folder
    task = progress.add_task(f"rendering to {folder}", total=count, completed=_there(folder))
    options = {"--out": folder, "--count": count, "--seed0": UNSEEN, "--size": VIEW_PX}
    words = [str(word) for option in options.items() for word in option]
    command = (sys.executable, "-m", "gazeline.sim", "views", *words, "--views-per-scene", str(views_per_scene))
    with Family() as family:
        family.start(Program("the simulator", command))
        while not (ended := family.ended()):
            progress.update(task, completed=_there(folder))
            time.sleep(POLL_S)
    if ended[0].code != 0:
        raise ValueError(f"the simulator's views cannot be rendered: {ended[0].reason}")
    progress.remove_task(task)
    return folder


def cache_folder() -> Path:
    """Where files lie that can be made again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "gazeline"


def _there(folder: Path) -> int:
    return sum(1 for path in folder.glob("*.npz") if not path.name.endswith(".part.npz"))
