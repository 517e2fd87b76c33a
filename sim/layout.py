"""What the layouts share: the shell of a room, free places on a surface, groups of things that belong together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from gazeline.sim.build import Placed, background
from gazeline.sim.design import Design, Look, Maker, Piece, block, plastic, textured
from gazeline.sim.labels import landscape
from gazeline.sim.meshes import box, join, rot, sweep
from gazeline.sim.polygons import F64
from gazeline.sim.scene import Light
from gazeline.sim.textures import Rgb, Rng, fabric, plaster, shift, speckle, tiles, vivid, wallpaper, wood

Pose = tuple[F64, F64]
Path = Callable[[float], Pose]
WALLS: list[Rgb] = [
    (0.9, 0.88, 0.83),
    (0.82, 0.86, 0.85),
    (0.86, 0.8, 0.7),
    (0.72, 0.79, 0.82),
    (0.78, 0.82, 0.74),
    (0.87, 0.78, 0.75),
    (0.6, 0.66, 0.7),
]


@dataclass(eq=False)
class Room:
    """Placements and paths as they are collected."""

    placed: list[Placed] = field(default_factory=list)
    motions: dict[int, Path] = field(default_factory=dict)

    def stand(self, design: Design, x: float, y: float, z: float, yaw_deg: float = 0.0) -> None:
        """A thing that never moves."""
        self.placed.append(Placed(design, (x, y, z), rot("y", yaw_deg)))

    def drop(self, design: Design, x: float, y: float, z: float, yaw_deg: float = 0.0) -> None:
        """A thing that settles by physics."""
        self.placed.append(Placed(design, (x, y + 0.003, z), rot("y", yaw_deg), free=True))

    def drive(self, design: Design, path: Path, group: int | None = None) -> None:
        """A thing that follows a path."""
        xyz, turn = path(0.0)
        item = Placed(design, (float(xyz[0]), float(xyz[1]), float(xyz[2])), turn, driven=True, group=group)
        self.placed.append(item)
        self.motions[id(item)] = path

    def person(self, parts: tuple[list[Placed], list[Path]]) -> None:
        """Somebody (see ``person.person``)."""
        self.placed += parts[0]
        self.motions |= {id(item): path for item, path in zip(*parts, strict=True)}


def shell(
    room: Room, rng: Rng, low: tuple[float, float], high: tuple[float, float], height: float, tiled: bool
) -> None:
    """Floor, ceiling and four walls around (x, z) from ``low`` to ``high``, with a skirting board."""
    (x0, z0), (x1, z1) = low, high
    w, d, cx, cz = x1 - x0, z1 - z0, (x0 + x1) / 2, (z0 + z1) / 2
    pick = rng.random()
    if pick < 0.6:
        floor = textured(wood(rng, shift((0.6, 0.44, 0.29), rng, 0.08), 4), (w / 1.2, d / 0.8), 0.5)
    elif pick < 0.85:
        floor = textured(tiles(rng, shift((0.72, 0.69, 0.64), rng, 0.06), across=4, down=4), (w / 1.6, d / 1.6), 0.35)
    else:
        floor = textured(speckle(rng, (0.55, 0.52, 0.48), (0.42, 0.4, 0.38), 0.35), (w, d), 0.95)
    room.placed.append(background(box((w, 0.1, d)).moved((cx, -0.1, cz)), floor, block((w, 0.1, d), -0.1, cx, cz)))
    white = replace(
        textured(plaster(rng, (0.93, 0.92, 0.9)), (w / 2, d / 2), 0.95), emission=0.3
    )  # light from the floor
    room.placed.append(background(box((w, 0.1, d)).moved((cx, height, cz)), white))
    base = shift(WALLS[int(rng.integers(len(WALLS)))], rng, 0.04)
    for k, (size, at, run) in enumerate(
        (
            ((w, height, 0.1), (cx, 0, z0 - 0.05), w),
            ((w, height, 0.1), (cx, 0, z1 + 0.05), w),
            ((0.1, height, d), (x0 - 0.05, 0, cz), d),
            ((0.1, height, d), (x1 + 0.05, 0, cz), d),
        )
    ):
        if k == 0 and tiled:
            art, repeat, rough = (
                tiles(rng, shift((0.88, 0.88, 0.85), rng, 0.05), across=4, down=int(rng.choice([4, 8]))),
                (run / 0.7, height / 0.7),
                0.25,
            )
        elif k == 0 and rng.random() < 0.3:
            art, repeat, rough = wallpaper(rng, base, shift(base, rng, 0.08)), (run / 0.6, height / 0.6), 0.9
        else:
            art, repeat, rough = plaster(rng, base), (run / 2, height / 2), 0.95
        room.placed.append(background(box(size).moved(at), textured(art, repeat, rough)))
    board = plastic((0.9, 0.9, 0.88), 0.5)
    strips = [box((w, 0.09, 0.014)).moved((cx, 0, z)) for z in (z0 + 0.007, z1 - 0.007)]
    strips += [box((0.014, 0.09, d)).moved((x, 0, cz)) for x in (x0 + 0.007, x1 - 0.007)]
    room.placed.append(background(join(*strips), board))


def window(rng: Rng, width: float, height: float) -> Design:
    """A bright pane with frame, sill and perhaps curtains; its back is the wall (z = 0)."""
    bar = 0.05
    bars = [box((width, bar, 0.05)).moved((0, y, 0.02)) for y in (0, height - bar)] + [
        box((bar, height, 0.05)).moved((x, 0, 0.02)) for x in (-(width - bar) / 2, 0, (width - bar) / 2)
    ]
    sill = box((width + 0.12, 0.025, 0.14), 0.004).moved((0, -0.025, 0.06))
    pane = box((width - 0.02, height - 0.02, 0.004)).moved((0, 0.01, 0.004))
    sky = Look((0.95, 0.98, 1.0), landscape(rng), roughness=0.2, emission=1.3)
    pieces = [Piece("pane", pane, sky), Piece("frame", join(*bars, sill), plastic((0.93, 0.93, 0.92), 0.5))]
    if rng.random() < 0.6:
        x = np.linspace(0, 1, 25)
        folds = []
        for s in (-1, 1):
            path = np.stack([s * (width / 2 + 0.12 - 0.3 * x), 0 * x, 0.07 + 0.02 * np.sin(x * 38)], -1)
            section = np.array([(height + 0.2, 0.004), (height + 0.2, -0.004), (-0.25, -0.004), (-0.25, 0.004)])
            folds.append(sweep(path, 1.0, section=section[::-1], crease_deg=50))
        rod = sweep(
            [(-width / 2 - 0.22, height + 0.2, 0.07), (0, height + 0.2, 0.07), (width / 2 + 0.22, height + 0.2, 0.07)],
            0.011,
            8,
        )
        pieces += [
            Piece("curtains", join(*folds), textured(fabric(rng, vivid(rng, (0.1, 0.5), (0.5, 0.9))), (3, 4), 0.95)),
            Piece("rod", rod, plastic((0.25, 0.22, 0.2))),
        ]
    return Design("window", tuple(pieces), (), 5.0)


class Surface:
    """Free places on a rectangle, kept as a grid of 1 cm cells around its centre (x, y, z)."""

    CELL = 0.01

    def __init__(self, width: float, depth: float, centre: tuple[float, float, float]) -> None:
        self.width, self.depth, self.centre = width, depth, centre
        self.used = np.zeros((round(depth / self.CELL), round(width / self.CELL)), bool)
        z, x = np.mgrid[0 : self.used.shape[0], 0 : self.used.shape[1]]
        self.x = (x + 0.5) * self.CELL - width / 2
        self.z = (z + 0.5) * self.CELL - depth / 2

    def _cells(self, low: F64, high: F64, x: float, z: float, yaw_deg: float, gap: float) -> NDArray[np.bool_]:
        """Cells within a box's turned footprint."""
        a = np.deg2rad(yaw_deg)
        dx, dz = self.x - x, self.z - z
        u, v = np.cos(a) * dx - np.sin(a) * dz, np.sin(a) * dx + np.cos(a) * dz
        return np.asarray((u > low[0] - gap) & (u < high[0] + gap) & (v > low[2] - gap) & (v < high[2] + gap))

    def block(self, x: float, z: float, half_x: float, half_z: float) -> None:
        """Keep a rectangle free of things."""
        self.used |= (np.abs(self.x - x) < half_x) & (np.abs(self.z - z) < half_z)

    def find(
        self, rng: Rng, design: Design, yaw_deg: float | None, gap: float = 0.012, tries: int = 40
    ) -> tuple[float, float, float] | None:
        """A free (x, z, yaw) for a design, marked as used; None if there is none."""
        low, high = design.low, design.high
        for _ in range(tries):
            yaw = float(rng.uniform(0, 360)) if yaw_deg is None else yaw_deg + float(rng.normal(0, 4))
            turn = rot("y", yaw)
            corners = np.array([turn @ np.array([a, 0, b]) for a in (low[0], high[0]) for b in (low[2], high[2])])
            lo, hi = corners.min(0), corners.max(0)
            if hi[0] - lo[0] > self.width or hi[2] - lo[2] > self.depth:
                continue
            x = float(rng.uniform(-self.width / 2 - lo[0], self.width / 2 - hi[0]))
            z = float(rng.uniform(-self.depth / 2 - lo[2], self.depth / 2 - hi[2]))
            cells = self._cells(low, high, x, z, yaw, gap)
            if not (cells & self.used).any():
                self.used |= self._cells(low, high, x, z, yaw, 0.0)
                return x, z, yaw
        return None

    def scatter(
        self, room: Room, rng: Rng, designs: Sequence[Design], yaw_deg: float | None = None, gap: float = 0.012
    ) -> None:
        """Drop things where there is room, large ones first; what finds none is left out."""
        for design in sorted(designs, key=lambda d: -d.reach):
            spot = self.find(rng, design, yaw_deg, gap)
            if spot is not None:
                x, z, yaw = spot
                room.drop(design, self.centre[0] + x, self.centre[1], self.centre[2] + z, yaw)

    def pile(
        self,
        room: Room,
        rng: Rng,
        stack: Sequence[tuple[Design, tuple[float, float, float]]],
        yaw_deg: float | None = None,
    ) -> bool:
        """Drop a group, the first thing being the one that carries the others; offsets are in its frame."""
        spot = self.find(rng, stack[0][0], yaw_deg)
        if spot is None:
            return False
        x, z, yaw = spot
        origin = np.asarray(self.centre) + np.array([x, 0.0, z])
        for design, offset in stack:
            at = origin + rot("y", yaw) @ np.asarray(offset)
            room.drop(design, float(at[0]), float(at[1]), float(at[2]), yaw + float(rng.normal(0, 5)))
        return True


def choose(rng: Rng, makers: dict[str, Maker], count: int) -> list[Design]:
    """``count`` designs of different kinds (all of them, if there are fewer kinds)."""
    names = list(makers)
    picks = rng.permutation(len(names))[:count]
    return [makers[names[i]](rng) for i in picks]


def _triple(v: F64) -> tuple[float, float, float]:
    return float(v[0]), float(v[1]), float(v[2])


def light(rng: Rng, centre: tuple[float, float, float], reach_m: float) -> Light:
    """Daylight from a side or warm lamp light from above, at some exposure."""
    a, up = rng.uniform(0, 2 * np.pi), rng.uniform(0.75, 1.6)
    towards = (float(np.cos(a)), float(up), float(0.35 + 0.65 * np.sin(a)))
    warm = rng.uniform(0.0, 1.0)
    key = np.array([1.0, 1.0 - 0.2 * warm, 1.0 - 0.42 * warm]) * rng.uniform(1.5, 2.3)
    fill = rng.uniform(0.55, 0.9)
    above = np.array([0.78 + 0.1 * warm, 0.8, 0.9 - 0.15 * warm]) * fill
    below = np.array([0.5, 0.43, 0.36]) * fill
    return Light(towards, _triple(key), _triple(above), _triple(below), float(rng.uniform(0.85, 1.2)), centre, reach_m)


def circling(centre: tuple[float, float, float], rx: float, rz: float, period_s: float, phase: float) -> Path:
    """A toy car driving round an ellipse, nose first (its nose is +x)."""

    def at(t: float) -> Pose:
        a = 2 * np.pi * (t / period_s + phase)
        xyz = np.asarray(centre) + np.array([rx * np.cos(a), 0.0, rz * np.sin(a)])
        heading = np.rad2deg(np.arctan2(-rz * np.cos(a), -rx * np.sin(a)))
        return xyz, rot("y", float(heading))

    return at


def rolling(
    a: tuple[float, float, float], b: tuple[float, float, float], radius: float, period_s: float, phase: float
) -> Path:
    """A ball rolling to and fro between two places on the ground, without slipping."""
    start, end = np.asarray(a), np.asarray(b)
    length = float(np.linalg.norm(end - start))
    axis = np.cross([0.0, 1.0, 0.0], (end - start) / length)
    yaw = float(np.rad2deg(np.arctan2(-axis[2], axis[0])))

    def at(t: float) -> Pose:
        s = 0.5 - 0.5 * np.cos(2 * np.pi * (t / period_s + phase))
        roll = float(np.rad2deg(s * length / radius))
        turn = rot("y", yaw) @ rot("x", roll) @ rot("y", -yaw)
        middle = start + (end - start) * s + np.array([0.0, radius, 0.0])
        return middle - turn @ np.array([0.0, radius, 0.0]), turn

    return at
