"""Real surfaces in place of the simulator's plain ones: photographed materials by what a thing is made of."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.sim.build import Visual
from gazeline.sim.design import Look
from gazeline.sim.textures import Rng

HARD = ("Wood", "Wood", "Wood", "Planks", "WoodFloor", "Bamboo", "Chipboard", "Paint", "Plastic", "Cork")
SOFT = ("Fabric", "Fabric", "Fabric", "Carpet", "Wallpaper")
STONE = ("Marble", "Granite", "Terrazzo", "Onyx", "Travertine", "Concrete", "Tiles", "Porcelain")
FLOORS = (
    "WoodFloor",
    "WoodFloor",
    "WoodFloor",
    "Tiles",
    "Carpet",
    "Marble",
    "Terrazzo",
    "Concrete",
    "Planks",
    "Tatami",
)
WALLS = ("Plaster", "Plaster", "Paint", "Wallpaper", "Wallpaper", "Tiles", "Bricks", "Concrete", "Wood", "Planks")
SHINY = {
    "Tiles": 0.25,
    "Marble": 0.2,
    "Granite": 0.25,
    "Porcelain": 0.15,
    "Terrazzo": 0.3,
    "Onyx": 0.15,
    "Plastic": 0.3,
}
SOFT_KINDS = {"sofa", "armchair", "cushion", "rug", "cloth"}
CLOTHES = {"torso", "sleeve", "sleeves", "trousers", "curtains"}
HARD_KINDS = {"table", "desk", "chair", "shelf", "cupboard", "sideboard", "stool", "unit", "worktop", "door", "chest"}
STRONG = {"Paint", "Plastic", "Fabric", "Carpet", "Wallpaper", "Plaster"}  # their pictures are of strong colours
AS_BUILT = {"handle", "handles", "knobs", "feet", "screen", "whole", "piece"}  # the last two: models from disk


@cache
def _pictures(folder: Path | None, name: str) -> tuple[Path, ...]:
    return tuple(sorted((folder / name).glob("*.jpg"))) if folder is not None else ()


@cache
def _read(path: Path) -> NDArray[np.uint8]:
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError(f"{path} is no picture that can be read; delete it or fetch the materials again")
    return np.ascontiguousarray(bgr[..., ::-1])


def _calmer(texture: NDArray[np.uint8], saturation: float) -> NDArray[np.uint8]:
    """The picture with that share of its saturation."""
    grey = texture.mean(-1, keepdims=True)
    return np.asarray(np.clip(grey + saturation * (texture - grey), 0, 255), np.uint8)


def material(rng: Rng, folder: Path | None, names: tuple[str, ...], plain: Look, size_m: tuple[float, float]) -> Look:
    """A photographed material of one of these classes over ``size_m``; ``plain``, recoloured, where there is none."""
    name = names[int(rng.integers(len(names)))]
    pictures = _pictures(folder, name)
    rough = float(np.clip(SHINY.get(name, 0.6) + rng.normal(0, 0.12), 0.08, 1.0))
    if not pictures:
        return replace(plain, roughness=rough)
    texture = _read(pictures[int(rng.integers(len(pictures)))])
    edge = float(rng.uniform(0.35, 1.2))  # what the picture stands for, metres
    repeat = (max(size_m[0] / edge, 0.3), max(size_m[1] / edge, 0.3))
    if name in STRONG:
        texture = _calmer(texture, float(rng.uniform(0.15, 1.0)))
    tint = np.clip(rng.uniform(0.65, 1.0) * (1 + rng.normal(0, 0.05, 3)), 0, 1)
    if name in ("Paint", "Plaster", "Fabric", "Plastic", "Carpet") and rng.random() < 0.6:  # these come in any colour
        mean = texture.mean((0, 1)) / 255
        hue = 1 + rng.normal(0, 0.06 if rng.random() < 0.65 else 0.25, 3)  # most of it is grey, beige or white
        tint = np.clip(rng.uniform(0.25, 0.95) * hue / np.maximum(mean, 0.2), 0.05, 1.3)
    rgb = (float(tint[0]), float(tint[1]), float(tint[2]))
    return Look(rgb, texture, repeat, rough, 1.0 if name == "Metal" and rng.random() < 0.6 else 0.0)


def restyle(
    rng: Rng, folder: Path | None, visuals: tuple[Visual, ...], kinds: dict[int, str], parts: dict[int, str]
) -> list[Look]:
    """A look for each visual: floor, walls and furniture of real materials, small things a little other than built."""
    chosen: dict[tuple[bool, int], Look] = {}
    out = []
    for visual in visuals:
        look = visual.look
        key = (visual.object_id > 0, id(look))  # what was built of one look stays of one material
        if key not in chosen:
            size = np.sort(np.ptp(visual.mesh.vertices, axis=0))[::-1]
            size_m = float(size[0]), float(size[1])
            if visual.object_id == 0:
                chosen[key] = _background(rng, folder, visual, size_m)
            else:
                kind, part = kinds[visual.object_id], parts[visual.part_id]
                chosen[key] = _thing(rng, folder, look, kind, part, size_m)
        out.append(chosen[key])
    return out


def _background(rng: Rng, folder: Path | None, visual: Visual, size_m: tuple[float, float]) -> Look:
    """Walls, floor, ceiling, skirting boards: told apart by their shape."""
    extent, look = np.ptp(visual.mesh.vertices, axis=0), replace(visual.look, emission=0.0)
    if size_m[1] < 0.12:  # skirting boards
        return look
    if extent[1] > 0.5:
        return _plain_wall(rng) if rng.random() < 0.4 else material(rng, folder, WALLS, look, size_m)
    if visual.mesh.vertices[:, 1].max() < 1:
        return material(rng, folder, FLOORS, look, size_m)
    return look


def _thing(rng: Rng, folder: Path | None, look: Look, kind: str, part: str, size_m: tuple[float, float]) -> Look:
    """What kind and part are made of in life; small things stay as they are, a little recoloured."""
    if look.emission > 0.5 or look.alpha < 1:
        return look
    kinds, parts = set(kind.split()), set(part.split())
    soft = kinds & SOFT_KINDS or parts & CLOTHES
    classes = SOFT if soft else STONE if parts & {"top", "worktop"} and rng.random() < 0.35 else HARD
    if (soft or kinds & HARD_KINDS) and not parts & AS_BUILT and rng.random() < 0.75:
        return material(rng, folder, classes, look, size_m)
    gain = np.clip(np.asarray(look.rgb) * rng.uniform(0.75, 1.1) * (1 + rng.normal(0, 0.04, 3)), 0, 1)
    rough = float(np.clip(look.roughness + rng.normal(0, 0.15), 0.06, 1.0))
    return replace(look, rgb=(float(gain[0]), float(gain[1]), float(gain[2])), roughness=rough)


def _plain_wall(rng: Rng) -> Look:
    """Painted: mostly off-white or grey, at times a colour."""
    grey = rng.uniform(0.45, 0.95) * (1 + rng.normal(0, 0.05 if rng.random() < 0.75 else 0.25, 3))
    r, g, b = (float(v) for v in np.clip(grey, 0.1, 0.95))
    return Look((r, g, b), roughness=float(rng.uniform(0.6, 1.0)))
