"""The kitchen: a laid table in the middle, a row of units with a window behind it, sometimes somebody."""

import numpy as np

from gazeline.sim import furnishings, furniture, furniture_storage
from gazeline.sim.design import Design, Maker
from gazeline.sim.layout import Room, Surface, choose, circling, light, rolling, shell, window
from gazeline.sim.objects_cooking import COOKING, basket, tray
from gazeline.sim.objects_crockery import CROCKERY, bowl_of, glaze, mug, plate, tumbler, wine_glass
from gazeline.sim.objects_cutlery import CUTLERY, fork, knife, spoon
from gazeline.sim.objects_food import FOOD, croissant
from gazeline.sim.objects_fruit import FRUIT, apple, lemon, orange, pear, tomato
from gazeline.sim.objects_household import HOUSEHOLD
from gazeline.sim.objects_pots import POTS
from gazeline.sim.objects_toys import ball_of, toy_car
from gazeline.sim.person import person
from gazeline.sim.person_moves import held, sipping, standing, waving
from gazeline.sim.scene import Plan, Viewpoint
from gazeline.sim.textures import Rng

ROUND_FRUIT: list[Maker] = [apple, orange, pear, lemon, tomato]


def fruit_bowl(rng: Rng) -> list[tuple[Design, tuple[float, float, float]]]:
    """A wide bowl with fruit piled in it."""
    r = float(rng.uniform(0.12, 0.14))
    stack = [(bowl_of("fruit bowl", rng, r, 0.08), (0.0, 0.0, 0.0))]
    for k in range(int(rng.integers(3, 6))):
        a = 2 * np.pi * k / 4
        reach = 0.055 if k < 4 else 0.0
        fruit = ROUND_FRUIT[int(rng.integers(5))](rng)
        stack.append((fruit, (reach * float(np.cos(a)), 0.03 + (0.075 if k == 4 else 0.0), reach * float(np.sin(a)))))
    return stack


def filled_basket(rng: Rng) -> list[tuple[Design, tuple[float, float, float]]]:
    """A basket with baking or fruit."""
    makers: list[Maker] = [croissant, croissant, apple, orange]
    stack = [(basket(rng), (0.0, 0.0, 0.0))]
    for k, (x, z) in enumerate(((0.0, -0.045), (0.0, 0.045))):
        stack.append((makers[int(rng.integers(4))](rng), (x, 0.015 + 0.002 * k, z)))
    return stack


def plate_stack(rng: Rng) -> list[tuple[Design, tuple[float, float, float]]]:
    """Plates on plates, perhaps a bowl on top."""
    look, radius = glaze(rng), float(rng.uniform(0.1, 0.125))
    count = int(rng.integers(2, 5))
    stack = [(plate(rng, radius, look), (0.0, 0.024 * k, 0.0)) for k in range(count)]
    if rng.random() < 0.5:
        stack.append((bowl_of("bowl", rng, 0.07, 0.055), (0.0, 0.024 * count + 0.004, 0.0)))
    return stack


def served_tray(rng: Rng) -> list[tuple[Design, tuple[float, float, float]]]:
    """A tray with cups and something to eat."""
    stack = [(tray(rng), (0.0, 0.0, 0.0))]
    makers: list[Maker] = [mug, tumbler, apple, croissant]
    for x, z in ((-0.12, -0.06), (0.02, 0.05), (0.12, -0.06)):
        stack.append((makers[int(rng.integers(4))](rng), (x, 0.009, z)))
    return stack


def place_setting(rng: Rng, room: Room, surface: Surface, x: float, z: float, facing: float) -> None:
    """Plate, cutlery, glass and cloth in front of a chair; ``facing`` 1: seen from +z."""
    cx, cy, cz = surface.centre
    dish = plate(rng)
    items: list[tuple[Design, float, float, float]] = [
        (dish, 0.0, 0.0, 0.0),
        (fork(rng), -0.165, 0.0, 90.0),
        (knife(rng), 0.17, 0.0, 90.0),
        (spoon(rng), 0.215, 0.0, 90.0),
        ((wine_glass if rng.random() < 0.4 else tumbler)(rng), 0.1, -0.2, 0.0),
    ]
    for design, dx, dz, yaw in items:
        room.drop(design, cx + x + facing * dx, cy, cz + z + facing * dz, yaw + (0 if facing > 0 else 180))
    surface.block(x, z - facing * 0.03, 0.26, 0.2)
    if rng.random() < 0.5:
        food: list[Maker] = [apple, croissant, tomato]
        room.drop(food[int(rng.integers(3))](rng), cx + x, cy + 0.014, cz + z, 40)


def moving_things(rng: Rng, room: Room, surface: Surface, y: float) -> None:
    """A toy car driving round or a ball rolling, on the far half of the table: the near one may be laid."""
    cx, _, cz = surface.centre
    if rng.random() < 0.5:
        rx, rz = 0.2, 0.11
        x, z = float(rng.uniform(-0.35, 0.35)), float(rng.uniform(-0.22, -0.15))
        room.drive(toy_car(rng), circling((cx + x, y, cz + z), rx, rz, float(rng.uniform(5, 8)), float(rng.random())))
        surface.block(x, z, rx + 0.07, rz + 0.07)
    else:
        r, z = 0.034, float(rng.uniform(-0.2, -0.06))
        ends = (cx - 0.42, y, cz + z), (cx + 0.42, y, cz + z + float(rng.uniform(-0.03, 0.03)))
        room.drive(ball_of(rng, "ball", r), rolling(*ends, r, float(rng.uniform(4, 7)), float(rng.random())))
        surface.block(0.0, z, 0.48, r + 0.045)


def units(rng: Rng, room: Room, z_wall: float) -> None:
    """Cupboards with a worktop along the back wall, things on it, boards and a window above."""
    z = z_wall + 0.3
    for k in range(3):
        room.stand(
            furniture_storage.cupboard(rng, 0.8, 0.88, 0.55) if k == 0 else room.placed[-1].design,
            -0.8 + 0.8 * k,
            0.0,
            z,
        )
    top = furniture.table(rng, 2.46, 0.62, 0.9)
    room.stand(Design("worktop", top.pieces[:1], top.solids, 20.0), 0.0, 0.022, z)
    counter = Surface(2.3, 0.4, (0.0, 0.922, z - 0.03))
    counter.scatter(
        room, rng, choose(rng, {**COOKING, **POTS, **CROCKERY, **HOUSEHOLD}, int(rng.integers(5, 9))), None, 0.03
    )
    room.stand(furniture_storage.fridge(rng), 1.62 if rng.random() < 0.5 else -1.62, 0.0, z_wall + 0.33)
    x = float(rng.uniform(-0.5, 0.5))
    room.stand(window(rng, 1.0, 0.9), x, 1.2, z_wall)
    for side in (-1, 1):
        at = x + side * 1.12
        if abs(at) < 1.9:
            if rng.random() < 0.55:
                room.stand(furniture_storage.wall_board(rng, 0.75), at, 1.38, z_wall + 0.1)
                Surface(0.7, 0.15, (at, 1.52, z_wall + 0.1)).scatter(
                    room, rng, choose(rng, {**CROCKERY, **HOUSEHOLD}, 4), None, 0.02
                )
            else:
                room.stand(furniture_storage.cupboard(rng, 0.7, 0.6, 0.3), at, 1.45, z_wall + 0.15)


def plan(rng: Rng) -> Plan:
    """One kitchen."""
    room = Room()
    z_wall, height, width, depth = -2.75, float(rng.uniform(0.72, 0.78)), float(rng.uniform(1.35, 1.65)), 0.9
    shell(room, rng, (-2.1, z_wall), (2.1, 1.6), 2.55, tiled=True)
    units(rng, room, z_wall)
    cz = -0.72
    room.stand(furniture.table(rng, width, depth, height), 0.0, 0.0, cz)
    seat = furniture.chair(rng)
    for x in (-0.38, 0.38):
        if rng.random() < 0.75:
            room.stand(
                seat,
                x + float(rng.normal(0, 0.05)),
                0.0,
                cz - 0.55 - float(rng.uniform(0, 0.2)),
                float(rng.normal(0, 10)),
            )
    table = Surface(width - 0.06, depth - 0.06, (0.0, height, cz))
    moving_things(rng, room, table, height)
    if rng.random() < 0.45:
        place_setting(rng, room, table, float(rng.uniform(-0.3, 0.3)), 0.27, 1.0)
    groups = [fruit_bowl, filled_basket, plate_stack, served_tray]
    for k in rng.permutation(4)[: int(rng.integers(1, 3))]:
        table.pile(room, rng, groups[k](rng))
    count = int(rng.integers(10, 16))
    things = (
        choose(rng, CROCKERY, 3)
        + choose(rng, {**FOOD, **FRUIT}, 4)
        + choose(rng, {**COOKING, **POTS}, 3)
        + choose(rng, CUTLERY, 2)
    )
    table.scatter(room, rng, (things + choose(rng, {**CROCKERY, **HOUSEHOLD, **FRUIT}, 4))[:count])
    if rng.random() < 0.5:
        room.stand(furnishings.pendant_lamp(rng, 0.75), 0.0, 2.55, cz)
    who = rng.random()
    x, phase = float(rng.choice([-1.25, 1.2])), float(rng.uniform(0, 6))
    yaw = float(np.rad2deg(np.arctan2(-x, 1.4)))
    if who < 0.4:
        pose = sipping(x, -1.5, yaw, phase)
        room.person(person(rng, pose, 1))
        room.drive(mug(rng), held(pose))
    elif who < 0.75:
        room.person(person(rng, (waving if who < 0.55 else standing)(x, -1.5, yaw, phase), 1))
    view = Viewpoint((0.0, float(rng.uniform(1.2, 1.6)), 0.05), (0.0, height + 0.05, cz))
    return Plan(room.placed, light(rng, (0.0, 0.8, -1.1), 2.4), view, room.motions)
