"""Scanned and modelled things from disk as designs of the simulator, at the size they have in life.

The folders are those of ``assets3d``; each has its own licence (docs/training-data.md).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.sim.design import Design, Look, Maker, Piece, block
from gazeline.sim.meshes import rot, shade
from gazeline.sim.textures import Rng

FURNITURE = {"Bed", "ChairA", "ChairD", "CoffeeTable", "KitchenTable", "NightStand", "ReadingDesk", "Refrigerator"}
FURNITURE |= {"ShoeRack", "SofaB", "SofaC", "TVCabinet", "Wardrobe", "FitnessEquipment", "Trash", "BalconyTable"}
SMALL = {"Tableware", "KitchenUtensils", "Vase", "Tablet", "CookingBench"}  # of aws_house, what stands on tables
MARKET = {"food"}  # its categories that belong on tables; the others are vehicles, figures, houses
NOT_AT_HOME = {"barrel", "styrofoam", "styrofoam-dinner"}
KAYKIT_FOOD = ("bowl", "crate", "food_", "jar_", "ketchup", "lid_", "mustard", "pan_", "plate", "pot_", "stew_")
KAYKIT_OTHER = (
    "cuttingboard",
    "dishrack",
    "papertowel",
    "knife",
    "menu",
    "book_",
    "pictureframe_standing",
    "cactus_small",
)
KAYKIT_SMALL = (*KAYKIT_FOOD, *KAYKIT_OTHER)
KAYKIT_LARGE = ("armchair", "cabinet_", "chair_", "couch", "shelf_", "fridge", "oven", "lamp_standing", "bed_")


@dataclass(frozen=True)
class Asset:
    """One model: its file, name, metres per unit, whether its z points up, and whether it stands on the floor."""

    path: Path
    name: str
    scale: float
    z_up: bool
    large: bool


def _name(stem: str) -> str:
    words = [w for w in stem.replace("-", " ").replace("_", " ").split() if not w.isdigit() and len(w) > 1]
    return " ".join(words).lower()


@lru_cache(maxsize=4)
def find_assets(folder: Path | None) -> tuple[Asset, ...]:
    """All models under ``assets3d`` that belong into a home; none where there is no such folder."""
    if folder is None or not folder.is_dir():
        return ()
    out = []
    index = folder / "market_cc0" / "index.json"
    market = {entry[0] for entry in json.loads(index.read_text()) if entry[1] in MARKET} if index.is_file() else set()
    for path in sorted(folder.glob("*/*/model.obj")):
        source, name = path.parts[-3], path.parts[-2]
        stem = name.split("_")[0]
        if source == "aws_house" and stem in FURNITURE | SMALL:
            out.append(Asset(path, _name(name), 0.01, True, stem in FURNITURE))
        elif source == "market_cc0" and name in market - NOT_AT_HOME:
            out.append(Asset(path, _name(name), 0.33, False, False))
        elif source in ("ycb", "pybullet_household", "libero_gso"):
            out.append(Asset(path, _name(name), 1.0, True, False))
    for path in sorted(folder.glob("kaykit_restaurant_cc0/*.gltf")) + sorted(
        folder.glob("kaykit_furniture_cc0/*.gltf")
    ):
        scale = 0.25 if "restaurant" in path.parts[-2] else 0.45
        if path.stem.startswith(KAYKIT_SMALL):
            out.append(Asset(path, _name(path.stem), scale * (1.0 if scale < 0.3 else 0.6), False, False))
        elif path.stem.startswith(KAYKIT_LARGE):
            out.append(Asset(path, _name(path.stem), 0.45, False, True))
    return tuple(out)


@lru_cache(maxsize=64)
def _pieces(asset: Asset) -> tuple[Piece, ...]:
    """The meshes of a model by material, y up, standing on y = 0. Raises ValueError where it cannot be read."""
    import trimesh

    try:
        loaded = trimesh.load_scene(asset.path, process=False)
        dumped = [g for g in loaded.dump() if isinstance(g, trimesh.Trimesh) and len(g.faces)]
    except Exception as error:
        raise ValueError(f"{asset.path} is no model that can be read ({error}); fetch it again or delete it") from error
    turn = rot("x", -90.0) if asset.z_up else np.eye(3)
    points = [np.asarray(g.vertices, float) * asset.scale @ turn.T for g in dumped]
    low = np.min([p.min(0) for p in points], axis=0)
    high = np.max([p.max(0) for p in points], axis=0)
    middle = (low + high) / 2
    pieces = []
    for k, (geometry, vertices) in enumerate(zip(dumped, points, strict=True)):
        uv = getattr(geometry.visual, "uv", None)
        uv = np.zeros((len(vertices), 2)) if uv is None else np.nan_to_num(np.asarray(uv, float))
        uv = np.stack([uv[:, 0], 1 - uv[:, 1]], -1)
        base = uv.mean(0) // 1.0  # whole turns of the texture make no difference
        mesh = shade(vertices - [middle[0], low[1], middle[2]], uv - base, np.asarray(geometry.faces, np.int64), 50.0)
        pieces.append(Piece("whole" if len(dumped) == 1 else f"piece {k + 1}", mesh, _look(geometry.visual)))
    return tuple(pieces)


def _look(visual: Any) -> Look:
    """Colour or texture of trimesh's OBJ and glTF materials."""
    material = getattr(visual, "material", None)
    picture = getattr(material, "image", None)
    picture = getattr(material, "baseColorTexture", None) if picture is None else picture
    if picture is not None:
        return Look((1.0, 1.0, 1.0), _small(np.asarray(picture.convert("RGB"), np.uint8)), roughness=0.55)
    colour = getattr(material, "main_color", None)
    rgb = (200, 200, 200) if colour is None else tuple(int(c) for c in np.asarray(colour)[:3])
    return Look((rgb[0] / 255, rgb[1] / 255, rgb[2] / 255), roughness=0.45)


def _small(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    shrink = 512 / max(picture.shape[:2])
    return (
        picture
        if shrink >= 1
        else np.asarray(cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA))
    )


def design(asset: Asset) -> Design:
    """The model with one box as its physics shape."""
    pieces = _pieces(asset)
    low = np.min([p.mesh.vertices.min(0) for p in pieces], axis=0)
    high = np.max([p.mesh.vertices.max(0) for p in pieces], axis=0)
    w, h, d = np.maximum(high - low, 0.004)
    mass = float(np.clip(w * h * d * 300, 0.03, 40))
    return Design(asset.name, pieces, (block((float(w), float(h), float(d))),), mass)


def maker(asset: Asset) -> Maker:
    """The model at a size of its own: real things of one kind differ."""

    def make(rng: Rng) -> Design:
        return design(asset)

    return make


def makers(folder: Path | None, keep: Callable[[Asset], bool]) -> dict[str, Maker]:
    """Makers of all models that ``keep`` accepts, by the path under their folder."""
    return {str(a.path): maker(a) for a in find_assets(folder) if keep(a)}


@cache
def weight(path: str) -> float:
    """How often a model is picked: scans are worth more than flat low-poly models."""
    return {"ycb": 3.0, "pybullet_household": 4.0, "libero_gso": 4.0, "aws_house": 2.0}.get(Path(path).parts[-3], 0.35)
