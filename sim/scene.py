"""A scene: named objects with settled physics, light, a viewpoint, and things that move as a function of time.

World axes as everywhere: x right, y up, -z forward, metres; the floor is y = 0.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, get_args

import numpy as np

from gazeline.sim.build import Built, Placed, SceneObject, Visual, build, corners
from gazeline.sim.gl import mujoco
from gazeline.sim.polygons import F64

SceneKind = Literal["kitchen", "desk", "room"]
KINDS: tuple[str, ...] = get_args(SceneKind)

# index of the placement -> (position (3,), rotation (3, 3)) at a time in seconds
Motion = Callable[[float], dict[int, tuple[F64, F64]]]


@dataclass(frozen=True)
class Light:
    """One distant key light with shadows and a soft surrounding; linear RGB, directions point towards the light."""

    towards: tuple[float, float, float] = (0.35, 0.85, 0.4)
    key: tuple[float, float, float] = (1.5, 1.4, 1.25)
    above: tuple[float, float, float] = (0.75, 0.78, 0.85)
    below: tuple[float, float, float] = (0.35, 0.3, 0.26)
    exposure: float = 1.0
    centre: tuple[float, float, float] = (0.0, 0.8, 0.0)  # of the region that casts shadows
    reach_m: float = 2.0  # its radius


@dataclass(frozen=True)
class Viewpoint:
    """Where the wearer's head is by default, and the point that it faces."""

    head: tuple[float, float, float]
    target: tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Plan:
    """What a layout decides before physics: placements, light, viewpoint and the paths of driven placements."""

    placed: list[Placed]
    light: Light
    viewpoint: Viewpoint
    motions: dict[int, Callable[[float], tuple[F64, F64]]] = field(default_factory=dict)  # by id() of the placement


class Scene:
    """A built scene. ``advance`` is the only thing that changes it."""

    def __init__(self, kind: SceneKind, seed: int, plan: Plan, built: Built) -> None:
        self.kind, self.seed = kind, seed
        self.light, self.viewpoint = plan.light, plan.viewpoint
        self.model: mujoco.MjModel = built.model
        self.data: mujoco.MjData = mujoco.MjData(built.model)
        mujoco.mj_copyData(self.data, built.model, built.data)
        self.objects: tuple[SceneObject, ...] = built.objects
        self.visuals: tuple[Visual, ...] = built.visuals
        self._motions = [
            (int(built.model.body_mocapid[body]), plan.motions[id(item)])
            for item, body in zip(built.placed, built.bodies, strict=True)
            if id(item) in plan.motions
        ]
        self._corners: dict[int, list[tuple[int, F64]]] = {}
        self._anchor: dict[int, tuple[int, F64]] = {}
        for item in self.objects:
            pieces = [v for v in self.visuals if v.object_id == item.id]
            self._corners[item.id] = [(v.body, corners(v.mesh)) for v in pieces]
            main = [v for v in pieces if v.body == item.body]
            self._anchor[item.id] = (item.body, _anchor(main))
        self.advance(0)

    def advance(self, t_ns: int) -> None:
        """Put the moving things where they are at absolute scene time ``t_ns``; the same time gives the same scene."""
        for slot, path in self._motions:
            xyz, rotation = path(t_ns * 1e-9)
            self.data.mocap_pos[slot] = xyz
            mujoco.mju_mat2Quat(self.data.mocap_quat[slot], np.ascontiguousarray(rotation).reshape(9))
        mujoco.mj_kinematics(self.model, self.data)

    def _world(self, body: int, points: F64) -> F64:
        return np.asarray(points @ self.data.xmat[body].reshape(3, 3).T + self.data.xpos[body])

    def position(self, object_id: int) -> F64:
        """A point (3,) on the object's surface near its middle, in the world: something to look at."""
        body, point = self._anchor[object_id]
        return self._world(body, point)

    def bounds(self, object_id: int) -> tuple[F64, F64]:
        """Low and high corner (3,) of a world box that holds the object."""
        points = np.concatenate([self._world(body, c) for body, c in self._corners[object_id]])
        return points.min(0), points.max(0)

    def size(self, object_id: int) -> F64:
        """Edges (3,) of that box, metres."""
        low, high = self.bounds(object_id)
        return np.asarray(high - low)


def _anchor(visuals: list[Visual]) -> F64:
    """Of all triangle centres, the one nearest to the surface's centre of area, in the body's frame."""
    triangles = np.concatenate([v.mesh.vertices[v.mesh.faces] for v in visuals])  # (F, 3 corners, 3)
    centres = triangles.mean(1)
    cross = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    area = np.linalg.norm(cross, axis=1)
    middle = (centres * area[:, None]).sum(0) / area.sum()
    away = np.linalg.norm(centres - middle, axis=1)
    away[cross[:, 1] < -0.5 * area] += 1e3  # people do not look at the underside of things
    return np.asarray(centres[np.argmin(away)])


@lru_cache(maxsize=4)
def _built(kind: SceneKind, seed: int) -> tuple[Plan, Built]:
    # imported here: the layouts describe their plans with this module's types
    from gazeline.sim import layout_desk, layout_kitchen, layout_room

    layouts = {"kitchen": layout_kitchen.plan, "desk": layout_desk.plan, "room": layout_room.plan}
    plan = layouts[kind](np.random.default_rng([KINDS.index(kind), seed]))
    return plan, build(plan.placed)


def build_scene(kind: SceneKind, seed: int) -> Scene:
    """Build a scene and let it settle (about a second; kept per process for the last few scenes).

    Raises ValueError for an unknown kind.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown scene {kind!r}: choose one of {', '.join(KINDS)}")
    plan, built = _built(kind, int(seed))
    return Scene(kind, int(seed), plan, built)
