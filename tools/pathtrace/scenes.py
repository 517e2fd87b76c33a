"""Household scenes for training: a place to sit or stand at, full of things, in a furnished room.

They are laid out with the simulator's rooms, surfaces and physics, and hold more and other things than its scenarios:
scans and models from disk, units with doors and drawers, heaps, rows, cloth, and the wearer's own arms.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from gazeline.sim import furnishings, furniture, furniture_storage
from gazeline.sim.build import build
from gazeline.sim.catalogue import CATALOGUE
from gazeline.sim.design import Design, Maker
from gazeline.sim.layout import Room, Surface, light, shell, window
from gazeline.sim.layout_desk import book_row, book_stack, work_place
from gazeline.sim.layout_kitchen import filled_basket, fruit_bowl, place_setting, plate_stack, served_tray
from gazeline.sim.objects_household import plant_of
from gazeline.sim.person import person
from gazeline.sim.person_moves import sitting, standing, waving
from gazeline.sim.scene import Plan, Scene, Viewpoint
from gazeline.sim.textures import Rng
from tools.pathtrace import assets, cabinets, soft

Stack = list[tuple[Design, tuple[float, float, float]]]
HEAPS: list[Callable[[Rng], Stack]] = [fruit_bowl, filled_basket, plate_stack, served_tray, book_stack]


class Things:
    """Small things to choose from: the simulator's kinds, models from ``folder`` and cloth."""

    def __init__(self, folder: Path | None) -> None:
        self.made: list[Maker] = [*CATALOGUE.values(), soft.crumpled, soft.crumpled, soft.folded, cabinets.drawer_box]
        found = assets.makers(folder, lambda a: not a.large)
        self.found = list(found.values())
        weights = np.array([assets.weight(name) for name in found])
        self.chances = weights / weights.sum() if len(weights) else weights

    def pick(self, rng: Rng, count: int, tallest_m: float = 0.45, widest_m: float = 0.45) -> list[Design]:
        """So many things that are not larger than this."""
        out: list[Design] = []
        for _ in range(count * 4):
            if self.found and rng.random() < 0.55:
                make = self.found[int(rng.choice(len(self.found), p=self.chances))]
            else:
                make = self.made[int(rng.integers(len(self.made)))]
            thing = make(rng)
            size = thing.high - thing.low
            if size[1] <= tallest_m and max(size[0], size[2]) <= widest_m:
                out.append(thing)
            if len(out) == count:
                break
        return out


def clutter(rng: Rng, room: Room, surface: Surface, things: Things, share: float, tallest_m: float = 0.45) -> None:
    """Heaps and single things until about ``share`` of the surface is taken; small ones go between the large."""
    for _ in range(int(rng.integers(0, 3))):
        if surface.width > 0.5 and surface.depth > 0.35 and tallest_m > 0.3:
            surface.pile(room, rng, HEAPS[int(rng.integers(len(HEAPS)))](rng))
    for _ in range(9):
        if surface.used.mean() > share:
            break
        surface.scatter(room, rng, things.pick(rng, 3, tallest_m, 0.9 * min(surface.width, 0.5)), None, 0.004)
    if rng.random() < 0.4:
        _tidy(rng, room, surface, things, tallest_m)


def _tidy(rng: Rng, room: Room, surface: Surface, things: Things, tallest_m: float) -> None:
    """Several of one kind side by side, as in a cupboard."""
    thing = things.pick(rng, 1, tallest_m, 0.2)
    for _ in range(int(rng.integers(2, 5))):
        surface.scatter(room, rng, thing, float(rng.uniform(-10, 10)), 0.003)


def wall_of_units(rng: Rng, room: Room, things: Things, x: float, z_wall: float, width: float) -> None:
    """Base units with worktops and things on them; above, units or boards."""
    at, depth, height = x, float(rng.uniform(0.5, 0.62)), float(rng.uniform(0.82, 0.92))
    style = cabinets.random_style(rng)
    z = z_wall + depth / 2 + 0.02
    while at < x + width - 0.4:
        wide = float(min(rng.choice([0.4, 0.6, 0.8, 1.0]), x + width - at))
        room.stand(cabinets.unit(rng, style, wide, height, depth, top=True), at + wide / 2, 0.0, z)
        clutter(
            rng,
            room,
            Surface(wide - 0.04, depth - 0.08, (at + wide / 2, height + 0.036, z)),
            things,
            rng.uniform(0.1, 0.6),
        )
        if rng.random() < 0.6:
            low = float(rng.uniform(1.35, 1.5))
            above = cabinets.unit(rng, style, wide, float(rng.uniform(0.4, 0.75)), 0.32)
            room.stand(above, at + wide / 2, low, z_wall + 0.18)
        elif rng.random() < 0.7:
            room.stand(furniture_storage.wall_board(rng, wide - 0.04), at + wide / 2, 1.3, z_wall + 0.12)
            clutter(rng, room, Surface(wide - 0.08, 0.16, (at + wide / 2, 1.441, z_wall + 0.12)), things, 0.5, 0.35)
        at += wide


def shelf_with_things(rng: Rng, room: Room, things: Things, x: float, z: float) -> None:
    """A case of shelves, each with books, heaps or single things."""
    width, levels = float(rng.uniform(0.6, 1.2)), int(rng.integers(3, 6))
    height = levels * float(rng.uniform(0.3, 0.4))
    room.stand(furniture_storage.shelf(rng, width, height, levels, 0.32), x, 0.0, z + 0.17)
    for y in furniture_storage.shelf_boards(height, levels):
        free = height / levels - 0.07
        half = width * float(rng.choice([0.0, 0.35, 0.7], p=[0.55, 0.3, 0.15]))
        if half and free > 0.26:
            book_row(rng, room, x - width / 2 + 0.03, y, z + 0.17, half)
        else:
            half = 0.0
        rest = Surface(width - half - 0.08, 0.26, (x + half / 2, y + 0.002, z + 0.17))
        clutter(rng, room, rest, things, float(rng.uniform(0.3, 0.75)), free)


def furnish(
    rng: Rng, room: Room, things: Things, large: list[Maker], low: tuple[float, float], high: tuple[float, float]
) -> None:
    """What stands along the far and side walls."""
    (x0, z0), (x1, _) = low, high
    pick = rng.random()
    if pick < 0.45:
        wall_of_units(rng, room, things, x0 + rng.uniform(0.0, 0.5), z0, float(rng.uniform(1.4, x1 - x0 - 0.5)))
    elif pick < 0.75:
        for x in np.arange(x0 + 0.7, x1 - 0.5, 1.3):
            shelf_with_things(rng, room, things, float(x), z0)
    else:
        room.stand(furniture.sofa(rng), float(rng.uniform(-0.4, 0.4)), 0.0, z0 + 0.6)
    if pick >= 0.75 or rng.random() < 0.3:
        room.stand(window(rng, 1.1, 1.0), float(rng.uniform(-0.5, 0.5)), 1.5, z0)
    for side, x in ((1.0, x0), (-1.0, x1)):
        if rng.random() < 0.4:
            room.stand(cabinets.room_door(rng), x, 0.0, float(rng.uniform(z0 + 0.6, 0.0)), side * 90)
        elif rng.random() < 0.7:
            pool: list[Maker] = [furniture.armchair, furniture.office_chair, furniture_storage.fridge, furniture.stool]
            pool = large if large and rng.random() < 0.6 else pool
            thing = pool[int(rng.integers(len(pool)))](rng)
            deep = float(thing.high[2] - thing.low[2]) / 2 + 0.05
            room.stand(thing, x + side * deep, 0.0, float(rng.uniform(z0 + 0.9, -0.6)), side * 90)
    if rng.random() < 0.4:
        room.stand(plant_of(rng, 0.14, float(rng.uniform(0.5, 0.9))), x1 - 0.5, 0.0, z0 + 0.5)
    for _ in range(int(rng.integers(0, 3))):
        make = furnishings.wall_picture if rng.random() < 0.75 else furnishings.wall_clock
        room.stand(make(rng), float(rng.uniform(x0 + 0.3, x1 - 0.3)), float(rng.uniform(1.5, 1.75)), z0 + 0.02)
    floor = Surface(x1 - x0 - 1.0, 1.0, ((x0 + x1) / 2, 0.002, float(rng.uniform(z0 + 1.2, -0.3))))
    floor.scatter(room, rng, things.pick(rng, int(rng.integers(0, 5)), 0.5, 0.5), None, 0.05)


def _somebody(rng: Rng, room: Room, z_wall: float) -> None:
    x = float(rng.choice([-1.0, 1.0]) * rng.uniform(0.9, 1.5))
    z = float(rng.uniform(max(z_wall + 0.8, -2.2), -1.25))
    yaw = float(np.rad2deg(np.arctan2(-x, 1.4)) + rng.normal(0, 25))
    pick, phase = rng.random(), float(rng.uniform(0, 6))
    pose = sitting(x, z, 0.46, yaw, phase) if pick < 0.3 else (waving if pick < 0.5 else standing)(x, z, yaw, phase)
    room.person(person(rng, pose, 1))


def _at_the_table(rng: Rng, room: Room, things: Things) -> Viewpoint:
    """A table, desk or worktop before the wearer."""
    pick = rng.random()
    height = 0.45 if pick < 0.15 else 0.9 if pick < 0.35 else float(rng.uniform(0.68, 0.78))
    width, depth = float(rng.uniform(0.7, 1.7)), float(rng.uniform(0.5, 0.95))
    cz = -0.25 - depth / 2
    if 0.15 <= pick < 0.35:
        below = height - cabinets.WORKTOP_M
        room.stand(cabinets.unit(rng, cabinets.random_style(rng), width, below, depth, top=True), 0.0, 0.0, cz, 180.0)
    else:
        room.stand((furniture.desk if pick > 0.8 else furniture.table)(rng, width, depth, height), 0.0, 0.0, cz)
    surface = Surface(width - 0.05, depth - 0.05, (0.0, height + 0.001, cz))
    if pick > 0.8 and width > 1.1 and depth > 0.6:
        work_place(rng, room, surface)
    elif rng.random() < 0.25 and width > 1.0 and depth > 0.6:
        place_setting(rng, room, surface, float(rng.uniform(-0.2, 0.2)), depth / 2 - 0.22, 1.0)
    clutter(rng, room, surface, things, float(rng.uniform(0.15, 0.6)))
    if rng.random() < 0.5:
        for x in rng.uniform(-width / 2, width / 2, int(rng.integers(1, 3))):
            room.stand(
                furniture.chair(rng),
                float(x),
                0.0,
                cz - depth / 2 - float(rng.uniform(0.0, 0.3)),
                float(rng.normal(0, 25)),
            )
    eye = height + float(rng.uniform(0.42, 0.8))
    target = np.array([rng.uniform(-0.25, 0.25), height, cz + rng.uniform(-0.1, 0.15)])
    if rng.random() < 0.45:
        for arm in soft.arms(rng, np.array([0.0, eye - 0.22, 0.08]), target):
            room.stand(arm, 0.0, 0.0, 0.0)
    return Viewpoint((0.0, eye, 0.05), (float(target[0]), float(target[1]), float(target[2])))


def make_scene(seed: int, data: Path | None) -> Scene:
    """A settled scene, a function of ``seed`` and of the models under ``data``/assets3d."""
    rng = np.random.default_rng([13, seed])
    folder = data / "assets3d" if data else None
    things, large = Things(folder), list(assets.makers(folder, lambda a: a.large).values())
    room = Room()
    z_wall = float(rng.uniform(-3.6, -1.5))
    low, high = (-float(rng.uniform(1.6, 2.4)), z_wall), (float(rng.uniform(1.6, 2.4)), 1.4)
    shell(room, rng, low, high, 2.5, tiled=bool(rng.random() < 0.4))
    if rng.random() < 0.75:
        viewpoint = _at_the_table(rng, room, things)
    else:  # standing before the far wall
        viewpoint = Viewpoint((0.0, float(rng.uniform(1.35, 1.75)), z_wall + 1.1), (0.0, 0.95, z_wall + 0.2))
    furnish(rng, room, things, large, low, high)
    if rng.random() < 0.3:
        _somebody(rng, room, z_wall)
    plan = Plan(room.placed, light(rng, (0.0, 0.8, -0.7), 1.8), viewpoint, room.motions)
    return Scene("room", seed, plan, build(plan.placed))
