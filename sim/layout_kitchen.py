"""The kitchen: a table with crockery, a wall with a window."""

import numpy as np

from gazeline.sim.build import Placed, background
from gazeline.sim.design import Design, Maker, Piece, block, textured
from gazeline.sim.meshes import box, join, rot
from gazeline.sim.objects_kitchen import TABLEWARE
from gazeline.sim.scene import Light, Plan, Viewpoint
from gazeline.sim.textures import Rng, plaster, tiles, vivid, wood

TABLE_Y = 0.75


def table(rng: Rng, width: float, depth: float, height: float) -> Design:
    grain = textured(wood(rng, (0.62, 0.43, 0.26), 3), (2.0, 2.0), 0.45)
    legs = [
        box((0.06, height - 0.04, 0.06)).moved((sx * (width / 2 - 0.06), 0, sz * (depth / 2 - 0.06)))
        for sx in (-1, 1)
        for sz in (-1, 1)
    ]
    top = box((width, 0.04, depth), 0.006).moved((0, height - 0.04, 0))
    return Design(
        "table",
        (Piece("top", top, grain), Piece("legs", join(*legs), grain)),
        (block((width, 0.04, depth), height - 0.04),),
        20.0,
    )


def scatter(
    rng: Rng, designs: list[Design], half_x: float, half_z: float, y: float, gap: float = 0.012
) -> list[Placed]:
    """Places without overlap of bounding circles; what finds none is left out."""
    taken: list[tuple[float, float, float]] = []
    out = []
    for design in sorted(designs, key=lambda d: -d.reach):
        for _ in range(60):
            r = design.reach
            x, z = rng.uniform(-half_x + r, half_x - r), rng.uniform(-half_z + r, half_z - r)
            if all(np.hypot(x - a, z - b) > r + c + gap for a, b, c in taken):
                taken.append((x, z, r))
                out.append(Placed(design, (x, y + 0.003, z), rot("y", rng.uniform(0, 360)), free=True))
                break
    return out


def plan(rng: Rng) -> Plan:
    """One kitchen."""
    w, d, h = 5.0, 5.0, 2.6
    floor = background(
        box((w, 0.1, d)).moved((0, -0.1, 0)), textured(wood(rng, planks=4), (4, 4)), block((w, 0.1, d), -0.1)
    )
    paint = textured(plaster(rng, vivid(rng, (0.05, 0.2), (0.75, 0.95))), (2, 1), 0.9)
    back = background(box((w, h, 0.1)).moved((0, 0, -d / 2)), textured(tiles(rng, (0.85, 0.86, 0.83)), (3, 2), 0.3))
    walls = [background(box((0.1, h, d)).moved((s * w / 2, 0, 0)), paint) for s in (-1, 1)]
    front = background(box((w, h, 0.1)).moved((0, 0, d / 2)), paint)
    ceiling = background(box((w, 0.1, d)).moved((0, h, 0)), textured(plaster(rng, (0.95, 0.95, 0.93)), (2, 2)))
    board = Placed(table(rng, 1.5, 0.9, TABLE_Y))
    makers: list[Maker] = list(TABLEWARE.values())
    designs = [makers[i](rng) for i in rng.permutation(np.repeat(np.arange(len(makers)), 2))]
    things = scatter(rng, designs, 0.72, 0.42, TABLE_Y)
    return Plan(
        [floor, back, *walls, front, ceiling, board, *things],
        Light(centre=(0.0, TABLE_Y, 0.0), reach_m=1.4),
        Viewpoint((0.0, 1.5, 0.85), (0.0, TABLE_Y, 0.0)),
    )
