"""What an object is before it stands anywhere: named parts with looks, simple solids for the physics, a mass."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gazeline.sim.meshes import Mesh
from gazeline.sim.polygons import F64
from gazeline.sim.textures import Image, Rgb, Rng


@dataclass(frozen=True, eq=False)
class Look:
    """Surface: sRGB colour (times the texture), roughness and metallic in [0, 1], alpha < 1 for glass."""

    rgb: Rgb = (0.8, 0.8, 0.8)
    texture: Image | None = None
    repeat: tuple[float, float] = (1.0, 1.0)
    roughness: float = 0.6
    metallic: float = 0.0
    emission: float = 0.0
    alpha: float = 1.0


def textured(texture: Image, repeat: tuple[float, float] = (1.0, 1.0), roughness: float = 0.6) -> Look:
    """A look that is all texture."""
    return Look((1.0, 1.0, 1.0), texture, repeat, roughness)


def plastic(rgb: Rgb, roughness: float = 0.35) -> Look:
    """A plain smooth colour."""
    return Look(rgb, roughness=roughness)


def metal(rgb: Rgb = (0.78, 0.78, 0.8), roughness: float = 0.28) -> Look:
    """Steel unless told otherwise."""
    return Look(rgb, roughness=roughness, metallic=1.0)


def glass(rgb: Rgb = (0.85, 0.93, 0.95), alpha: float = 0.22) -> Look:
    """See-through; highlights stay opaque."""
    return Look(rgb, roughness=0.06, alpha=alpha)


@dataclass(frozen=True, eq=False)
class Piece:
    """One mesh of a part with its look."""

    part: str
    mesh: Mesh
    look: Look


@dataclass(frozen=True)
class Solid:
    """A physics shape in the object's frame. Cylinders and capsules stand along y before ``turn``.

    size: box full edges (x, y, z); cylinder and capsule (radius, height); sphere (radius,).
    """

    shape: Literal["box", "cylinder", "capsule", "sphere"]
    size: tuple[float, ...]
    centre: tuple[float, float, float]
    turn: NDArray[np.float64] = field(default_factory=lambda: np.eye(3))


@dataclass(frozen=True, eq=False)
class Design:
    """An object around its own origin: y up, standing on y = 0."""

    kind: str
    pieces: tuple[Piece, ...]
    solids: tuple[Solid, ...]
    mass_kg: float = 0.3
    name: str = ""

    @property
    def low(self) -> F64:
        """Lower corner (3,) of the bounding box."""
        return np.asarray(np.min([p.mesh.vertices.min(0) for p in self.pieces], axis=0))

    @property
    def high(self) -> F64:
        """Upper corner (3,) of the bounding box."""
        return np.asarray(np.max([p.mesh.vertices.max(0) for p in self.pieces], axis=0))

    @property
    def reach(self) -> float:
        """Radius about the y axis that holds the whole object."""
        return float(max(np.linalg.norm(p.mesh.vertices[:, [0, 2]], axis=1).max() for p in self.pieces))

    def turned(self, rotation: F64, centre: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> "Design":
        """The design laid another way (a pen on its side), standing on y = 0 again."""
        pieces = [replace(p, mesh=p.mesh.moved(rotation=rotation)) for p in self.pieces]
        lift = -min(float(p.mesh.vertices[:, 1].min()) for p in pieces)
        offset = np.asarray(centre) + np.array([0.0, lift, 0.0])
        solids = []
        for s in self.solids:
            x, y, z = rotation @ np.asarray(s.centre) + offset
            solids.append(replace(s, centre=(float(x), float(y), float(z)), turn=rotation @ s.turn))
        moved = tuple(replace(p, mesh=p.mesh.moved(offset)) for p in pieces)
        return replace(self, pieces=moved, solids=tuple(solids))


Maker = Callable[[Rng], Design]


def cylinder(radius: float, height: float, base: float = 0.0) -> Solid:
    """Upright, from ``base`` up."""
    return Solid("cylinder", (radius, height), (0.0, base + height / 2, 0.0))


def block(size: tuple[float, float, float], base: float = 0.0, x: float = 0.0, z: float = 0.0) -> Solid:
    """Axis-aligned box from ``base`` up."""
    return Solid("box", size, (x, base + size[1] / 2, z))


def wall_ring(radius: float, height: float, base: float = 0.0, thickness: float = 0.01, n: int = 10) -> list[Solid]:
    """Boxes in a ring: the side of a container that things lie in. ``radius`` is the inner one."""
    from gazeline.sim.meshes import rot

    solids = []
    width = 2 * (radius + thickness) * float(np.tan(np.pi / n))
    for k in range(n):
        turn = rot("y", 360.0 * k / n)
        x, y, z = turn @ np.array([0.0, base + height / 2, radius + thickness / 2])
        solids.append(Solid("box", (width, height, thickness), (float(x), float(y), float(z)), turn))
    return solids
