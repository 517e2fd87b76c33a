"""The living room: sofa, low table, shelves, television; somebody stands, walks or sits; things roll on the floor."""

import numpy as np

from gazeline.sim import furnishings, furniture, furniture_storage
from gazeline.sim.design import Maker
from gazeline.sim.layout import Room, Surface, choose, circling, light, rolling, shell, window
from gazeline.sim.layout_desk import book_row, book_stack
from gazeline.sim.layout_kitchen import fruit_bowl, served_tray
from gazeline.sim.objects_computers import COMPUTERS
from gazeline.sim.objects_crockery import CROCKERY, mug
from gazeline.sim.objects_electronics import ELECTRONICS
from gazeline.sim.objects_food import FOOD
from gazeline.sim.objects_fruit import FRUIT
from gazeline.sim.objects_household import HOUSEHOLD, plant_of
from gazeline.sim.objects_paper import PAPER
from gazeline.sim.objects_personal import PERSONAL
from gazeline.sim.objects_stationery import STATIONERY
from gazeline.sim.objects_tools import TOOLS
from gazeline.sim.objects_toys import TOYS, ball_of, toy_car
from gazeline.sim.person import person
from gazeline.sim.person_moves import held, sipping, sitting, standing, walking, waving
from gazeline.sim.scene import Plan, Viewpoint
from gazeline.sim.textures import Rng


def shelves(rng: Rng, room: Room, x: float, z: float) -> None:
    """A book case with books, toys and vessels."""
    width, height, levels = float(rng.uniform(0.85, 1.1)), float(rng.uniform(1.6, 2.0)), 5
    room.stand(furniture_storage.shelf(rng, width, height, levels), x, 0.0, z + 0.14)
    pool: dict[str, Maker] = {**TOYS, **HOUSEHOLD, **CROCKERY, **PERSONAL}
    for y in furniture_storage.shelf_boards(height, levels):
        half = width * float(rng.choice([0.0, 0.4, 0.8], p=[0.35, 0.35, 0.3]))
        if half:
            book_row(rng, room, x - width / 2 + 0.03, y, z + 0.15, half)
        if width - half > 0.25:
            free = Surface(width - half - 0.1, 0.2, (x + half / 2, y, z + 0.16))
            low = [d for d in choose(rng, pool, 5) if d.high[1] < height / levels - 0.06]
            free.scatter(room, rng, low, None, 0.02)


def low_table(rng: Rng, room: Room, x: float, z: float) -> None:
    """The table in front of the sofa, with the things of an evening."""
    room.stand(furniture.table(rng, 1.1, 0.6, 0.45), x, 0.0, z)
    surface = Surface(1.04, 0.54, (x, 0.45, z))
    groups = [fruit_bowl, served_tray, book_stack]
    surface.pile(room, rng, groups[int(rng.integers(3))](rng))
    both = {**ELECTRONICS, **COMPUTERS}
    small = {k: both[k] for k in ("phone", "tablet", "game controller", "camera", "headphones", "radio")}
    things = (
        choose(rng, CROCKERY, 2)
        + choose(rng, small, 2)
        + choose(rng, {**PAPER, **STATIONERY}, 2)
        + choose(rng, {**TOYS, **FOOD, **FRUIT}, 2)
    )
    surface.scatter(room, rng, things)


def on_the_floor(rng: Rng, room: Room, y: float) -> None:
    """Toys, tools, and what moves among them: a ball and a toy car."""
    floor = Surface(2.4, 0.9, (0.0, y, -0.95))
    r = float(rng.uniform(0.06, 0.11))
    room.drive(
        ball_of(rng, "ball", r),
        rolling((-1.0, y, -0.72), (1.0, y, -0.78), r, float(rng.uniform(5, 8)), float(rng.random())),
    )
    floor.block(0.0, 0.19, 1.2, r + 0.08)
    car = circling((0.45, y, -1.14), 0.35, 0.16, float(rng.uniform(5, 8)), float(rng.random()))
    room.drive(toy_car(rng), car)
    floor.block(0.45, -0.19, 0.45, 0.25)
    floor.scatter(room, rng, choose(rng, {**TOYS, **TOOLS}, int(rng.integers(3, 7))), None, 0.03)


def somebody(rng: Rng, room: Room, sofa_x: float, sofa_z: float) -> None:
    """One person, doing something."""
    phase, pick = float(rng.uniform(0, 6)), rng.random()
    if pick < 0.25:
        room.person(person(rng, sitting(sofa_x + 0.45, sofa_z + 0.1, 0.46, float(rng.normal(0, 8)), phase), 1))
    elif pick < 0.5:
        way = ((-1.75, -1.0), (-1.7, 0.3)) if rng.random() < 0.3 else ((-1.75, -1.58), (1.75, -1.58))
        room.person(person(rng, walking(*way, phase), 1))
    elif pick < 0.75:
        x = float(rng.choice([-1.6, 1.6]))
        act = waving if rng.random() < 0.5 else standing
        room.person(person(rng, act(x, -1.5, float(np.rad2deg(np.arctan2(-x, 1.8))), phase), 1))
    else:
        x = float(rng.choice([-1.6, 1.6]))
        pose = sipping(x, -1.4, float(np.rad2deg(np.arctan2(-x, 1.8))), phase)
        room.person(person(rng, pose, 1))
        room.drive(mug(rng), held(pose))


def plan(rng: Rng) -> Plan:
    """One living room."""
    room = Room()
    z_wall = -3.6
    shell(room, rng, (-2.4, z_wall), (2.4, 1.4), 2.6, tiled=False)
    y = 0.0
    if rng.random() < 0.75:
        room.stand(furnishings.rug(rng, 2.7, 1.5), 0.0, 0.0, -1.1)
        y = 0.012
    sofa_z = z_wall + 0.6
    if rng.random() < 0.6:
        room.stand(furniture.sofa(rng), 0.0, 0.0, sofa_z)
        for x in (-0.55, -0.15):
            room.drop(furniture.cushion(rng), x, 0.48, sofa_z + 0.14, float(rng.uniform(0, 90)))
        low_table(rng, room, float(rng.normal(0, 0.1)), sofa_z + 0.95)
        room.stand(window(rng, 1.2, 1.0), float(rng.uniform(-0.4, 0.4)), 1.15, z_wall)
        somebody(rng, room, 0.0, sofa_z)
    else:
        room.stand(furniture_storage.sideboard(rng, 1.6, 0.5), 0.0, 0.0, z_wall + 0.24)
        room.stand(furniture_storage.television(rng), 0.0, 0.5, z_wall + 0.2)
        room.stand(furniture.armchair(rng), -1.1, 0.0, -2.2, 35)
        room.stand(furniture.armchair(rng), 1.2, 0.0, -2.3, -30)
        low_table(rng, room, 0.0, -2.35)
        room.person(
            person(rng, sitting(-1.1, -2.12, 0.46, 35.0, float(rng.uniform(0, 6))), 1)
            if rng.random() < 0.5
            else person(rng, standing(1.75, -1.3, -45.0, float(rng.uniform(0, 6))), 1)
        )
        room.stand(furnishings.wall_clock(rng), 1.1, 1.6, z_wall + 0.022)
        room.stand(furnishings.wall_picture(rng), -1.1, 1.4, z_wall + 0.014)
    shelves(rng, room, -1.78, z_wall)
    if rng.random() < 0.5:
        shelves(rng, room, 1.8, z_wall)
    else:
        room.stand(furnishings.floor_lamp(rng), 1.45, 0.0, z_wall + 0.35)
        room.stand(plant_of(rng, 0.14, float(rng.uniform(0.6, 0.9))), 2.0, 0.0, z_wall + 0.45)
    on_the_floor(rng, room, y)
    view = Viewpoint((0.0, float(rng.uniform(1.45, 1.7)), 0.75), (0.0, 0.55, -1.9))
    return Plan(room.placed, light(rng, (0.0, 0.6, -1.6), 2.9), view, room.motions)
