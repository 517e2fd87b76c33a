"""The desk: a work place against a wall, seen from its chair, or facing into a room where somebody walks."""

from gazeline.sim import furnishings, furniture, furniture_storage
from gazeline.sim.design import Design, Maker
from gazeline.sim.layout import Room, Surface, choose, circling, light, rolling, shell, window
from gazeline.sim.meshes import rot
from gazeline.sim.objects_computers import COMPUTERS, keyboard, laptop, monitor, mouse
from gazeline.sim.objects_crockery import bottle, mug, tumbler
from gazeline.sim.objects_electronics import ELECTRONICS, desk_lamp, speaker
from gazeline.sim.objects_food import FOOD
from gazeline.sim.objects_household import HOUSEHOLD
from gazeline.sim.objects_paper import PAPER, binding, book_of
from gazeline.sim.objects_personal import PERSONAL
from gazeline.sim.objects_stationery import STATIONERY
from gazeline.sim.objects_tools import TOOLS
from gazeline.sim.objects_toys import TOYS, ball_of, toy_car
from gazeline.sim.person import person
from gazeline.sim.person_moves import held, sipping, walking, waving
from gazeline.sim.scene import Plan, Viewpoint
from gazeline.sim.textures import Rng


def book_stack(rng: Rng) -> list[tuple[Design, tuple[float, float, float]]]:
    """Books lying on each other, the largest below."""
    stack: list[tuple[Design, tuple[float, float, float]]] = []
    w, h, y = 0.2, 0.28, 0.0
    for _ in range(int(rng.integers(2, 5))):
        t = float(rng.uniform(0.018, 0.04))
        stack.append((book_of(binding(rng), w, t, h), (0.0, y, 0.0)))
        y += t + 0.003
        w, h = w * float(rng.uniform(0.85, 0.97)), h * float(rng.uniform(0.85, 0.97))
    return stack


def book_row(rng: Rng, room: Room, x: float, y: float, z: float, width: float) -> None:
    """Books standing side by side, spines to +z; they are fixed, so that the row does not fall over."""
    at, arts = 0.0, [binding(rng) for _ in range(6)]
    while at < width - 0.05:
        t, h = float(rng.uniform(0.025, 0.055)), float(rng.uniform(0.18, 0.25))
        lying = book_of(arts[int(rng.integers(6))], float(rng.uniform(0.12, 0.16)), t, h, 0.0)
        turned = lying.turned(rot("y", 90)).turned(rot("z", 90))  # spine to the viewer, then up on its edge
        wide = float(turned.high[0] - turned.low[0])
        room.stand(turned, x + at - float(turned.low[0]), y, z)
        at += wide + 0.001


def work_place(rng: Rng, room: Room, surface: Surface) -> None:
    """Laptop, or monitor with keyboard and mouse, in their usual places."""
    cx, cy, cz = surface.centre
    if rng.random() < 0.5:
        x = float(rng.uniform(-0.15, 0.15))
        room.drop(laptop(rng), cx + x, cy, cz + 0.02, float(rng.normal(0, 6)))
        surface.block(x, 0.0, 0.2, 0.2)
        room.drop(mouse(rng), cx + x + 0.27, cy, cz + 0.08, float(rng.normal(0, 8)))
        surface.block(x + 0.27, 0.08, 0.05, 0.07)
    else:
        room.drop(monitor(rng), cx, cy, cz - 0.17, float(rng.normal(0, 5)))
        surface.block(0.0, -0.2, 0.33, 0.15)
        room.drop(keyboard(rng), cx - 0.03, cy, cz + 0.15, float(rng.normal(0, 3)))
        surface.block(-0.03, 0.15, 0.24, 0.09)
        room.drop(mouse(rng), cx + 0.27, cy, cz + 0.16, float(rng.normal(0, 8)))
        surface.block(0.27, 0.16, 0.05, 0.07)


def moving_things(rng: Rng, room: Room, surface: Surface) -> None:
    """A toy car on a small round, or a ball rolling along the near edge."""
    cx, cy, cz = surface.centre
    if rng.random() < 0.5:
        side = -0.5  # the mouse lies on the right
        room.drive(
            toy_car(rng),
            circling((cx + side, cy, cz + 0.06), 0.13, 0.12, float(rng.uniform(4, 7)), float(rng.random())),
        )
        surface.block(side, 0.06, 0.2, 0.19)
    else:
        r, z = 0.03, surface.depth / 2 - 0.05
        room.drive(
            ball_of(rng, "ball", r),
            rolling((cx - 0.5, cy, cz + z), (cx + 0.5, cy, cz + z), r, float(rng.uniform(4, 7)), float(rng.random())),
        )
        surface.block(0.0, z, 0.55, r + 0.012)


def back_wall(rng: Rng, room: Room, z_wall: float) -> None:
    """Shelf boards with books and things, a picture, a clock, a window."""
    x = float(rng.uniform(-0.3, 0.3))
    if rng.random() < 0.5:
        room.stand(window(rng, 1.1, 1.0), x, 1.15, z_wall)
        sides = [(x - 1.05, 0.7), (x + 1.05, 0.7)]
    else:
        sides = [(x, 1.1)]
        room.stand(furnishings.wall_picture(rng), x + 1.0, 1.3, z_wall + 0.014)
        room.stand(furnishings.wall_clock(rng), x - 0.95, 1.45, z_wall + 0.022)
    for at, width in sides:
        room.stand(furniture_storage.wall_board(rng, width), at, 1.2, z_wall + 0.1)
        half = width * float(rng.uniform(0.3, 0.6))
        book_row(rng, room, at - width / 2 + 0.02, 1.34, z_wall + 0.1, half)
        rest = Surface(width - half - 0.06, 0.16, (at + half / 2, 1.34, z_wall + 0.1))
        rest.scatter(room, rng, choose(rng, {**TOYS, **HOUSEHOLD, **PERSONAL}, 4), None, 0.02)


def plan(rng: Rng) -> Plan:
    """One desk."""
    room = Room()
    width, depth, height = float(rng.uniform(1.4, 1.65)), float(rng.uniform(0.7, 0.8)), 0.74
    cz = -0.62
    open_room = rng.random() < 0.4
    z_wall = -3.4 if open_room else cz - depth / 2 - 0.02
    shell(room, rng, (-2.2, z_wall), (2.2, 1.6), 2.5, tiled=False)
    room.stand(furniture.desk(rng, width, depth, height), 0.0, 0.0, cz)
    surface = Surface(width - 0.06, depth - 0.06, (0.0, height, cz))
    work_place(rng, room, surface)
    moving_things(rng, room, surface)
    if rng.random() < 0.65:
        surface.scatter(room, rng, [desk_lamp(rng)])
    if rng.random() < 0.6:
        surface.pile(room, rng, book_stack(rng))
    drinks: list[Maker] = [mug, tumbler, bottle]
    things = [drinks[int(rng.integers(3))](rng), *choose(rng, STATIONERY, 5), *choose(rng, PERSONAL, 2)]
    things += choose(rng, PAPER, 2) + choose(rng, TOOLS, int(rng.integers(0, 3)))
    small = {
        k: v
        for k, v in {**ELECTRONICS, **COMPUTERS}.items()
        if k not in ("laptop", "monitor", "keyboard", "mouse", "desk lamp")
    }
    things += choose(rng, small, 2) + choose(rng, {**HOUSEHOLD, **TOYS, **FOOD}, int(rng.integers(1, 4)))
    surface.scatter(room, rng, things)
    if open_room:
        phase = float(rng.uniform(0, 6))
        room.stand(furniture_storage.shelf(rng, 1.0, 1.9, 5), -1.5, 0.0, z_wall + 0.15)
        for y in furniture_storage.shelf_boards(1.9, 5)[1:]:
            if rng.random() < 0.5:
                book_row(rng, room, -1.96, y, z_wall + 0.15, float(rng.uniform(0.3, 0.8)))
            else:
                Surface(0.9, 0.2, (-1.5, y, z_wall + 0.15)).scatter(
                    room, rng, choose(rng, {**TOYS, **HOUSEHOLD, "speaker": speaker}, 4), None, 0.03
                )
        room.stand(furnishings.wall_picture(rng), 0.3, 1.4, z_wall + 0.014)
        room.stand(furniture.armchair(rng), 1.4, 0.0, z_wall + 0.7, -25)
        pick = rng.random()
        if pick < 0.4:
            room.person(person(rng, walking((-1.2, -2.1), (0.6, -1.85), phase), 1))
        elif pick < 0.7:
            room.person(person(rng, waving(float(rng.uniform(-0.5, 0.4)), -1.9, 0.0, phase), 1))
        else:
            pose = sipping(float(rng.uniform(-0.5, 0.4)), -1.85, float(rng.normal(0, 15)), phase)
            room.person(person(rng, pose, 1))
            room.drive(mug(rng), held(pose))
    else:
        back_wall(rng, room, z_wall)
    view = Viewpoint((0.0, float(rng.uniform(1.15, 1.3)), 0.05), (0.0, height + 0.08, cz))
    return Plan(room.placed, light(rng, (0.0, 0.8, -0.7), 1.8), view, room.motions)
