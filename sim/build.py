"""From placed designs to a MuJoCo model with settled physics, and to the list of meshes to draw."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gazeline.sim.design import Design, Look, Piece, Solid
from gazeline.sim.gl import mujoco
from gazeline.sim.meshes import Mesh, rot
from gazeline.sim.polygons import F64

TIMESTEP_S = 0.004
SETTLE_S = 2.0
FALL_M = 0.3  # an object that ends this far below its place has fallen off the furniture and is left out


@dataclass(frozen=True, eq=False)
class Placed:
    """A design in the world. ``free`` things fall and settle; ``driven`` ones are moved along paths; others stand."""

    design: Design
    xyz: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rotation: F64 | None = None
    free: bool = False
    driven: bool = False
    background: bool = False
    group: int | None = None  # placements with the same group are one object (the limbs of a person)


@dataclass(frozen=True, eq=False)
class Visual:
    """A mesh to draw: it moves with the body. Ids are 0 for walls, floor and ceiling."""

    mesh: Mesh
    look: Look
    body: int
    object_id: int
    part_id: int


@dataclass(frozen=True)
class Part:
    """A named piece of an object; ids are unique in the scene."""

    id: int
    name: str


@dataclass(frozen=True)
class SceneObject:
    """A thing with a name. ``body`` is its MuJoCo body (the root one, if it has several)."""

    id: int
    name: str
    kind: str
    body: int
    parts: tuple[Part, ...]
    movable: bool
    moving: bool


@dataclass(frozen=True, eq=False)
class Built:
    """A compiled, settled scene; ``bodies[i]`` is the body of the i-th placement that was kept."""

    model: mujoco.MjModel
    data: mujoco.MjData
    objects: tuple[SceneObject, ...]
    visuals: tuple[Visual, ...]
    placed: tuple[Placed, ...]
    bodies: tuple[int, ...]


def quat(rotation: F64) -> F64:
    """Rotation matrix to wxyz."""
    out = np.zeros(4)
    mujoco.mju_mat2Quat(out, np.ascontiguousarray(rotation, float).reshape(9))
    return out


def _add_solid(body: "mujoco.MjsBody", solid: Solid, mass_kg: float) -> None:
    turn = solid.turn
    if solid.shape in ("cylinder", "capsule"):
        turn = turn @ rot("x", -90.0)  # MuJoCo's stand along z
    kinds = {
        "box": (mujoco.mjtGeom.mjGEOM_BOX, [s / 2 for s in solid.size]),
        "cylinder": (mujoco.mjtGeom.mjGEOM_CYLINDER, [solid.size[0], solid.size[-1] / 2, 0.0]),
        "capsule": (mujoco.mjtGeom.mjGEOM_CAPSULE, [solid.size[0], max(solid.size[-1] / 2 - solid.size[0], 1e-3), 0.0]),
        "sphere": (mujoco.mjtGeom.mjGEOM_SPHERE, [solid.size[0], 0.0, 0.0]),
    }
    kind, size = kinds[solid.shape]
    body.add_geom(
        type=kind,
        size=size,
        pos=list(solid.centre),
        quat=quat(turn).tolist(),
        mass=mass_kg,
        friction=[0.9, 0.01, 0.004],
        condim=6,
        solref=[0.01, 1.0],
    )


def _compile(placed: tuple[Placed, ...]) -> tuple[mujoco.MjModel, tuple[int, ...]]:
    spec = mujoco.MjSpec()
    spec.option.gravity = [0.0, -9.81, 0.0]
    spec.option.timestep = TIMESTEP_S
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    for i, item in enumerate(placed):
        rotation = np.eye(3) if item.rotation is None else item.rotation
        body = spec.worldbody.add_body(
            name=f"b{i}", pos=list(item.xyz), quat=quat(rotation).tolist(), mocap=item.driven
        )
        if item.free:
            joint = body.add_freejoint()
            joint.damping = [0.002, 0.0, 0.0]
        if not item.driven:  # driven things pass where the layout keeps the way free
            for solid in item.design.solids:
                _add_solid(body, solid, item.design.mass_kg / len(item.design.solids))
    model = spec.compile()
    return model, tuple(model.body(f"b{i}").id for i in range(len(placed)))


def _settle(model: mujoco.MjModel, data: mujoco.MjData) -> None:
    steps = int(SETTLE_S / TIMESTEP_S)
    for step in range(steps):
        mujoco.mj_step(model, data)
        if step > steps // 3:
            data.qvel *= 0.985  # the last of the wobble dies out
    data.qvel[:] = 0.0
    mujoco.mj_forward(model, data)


def build(placed: list[Placed]) -> Built:
    """Compile, let everything fall into place, drop what fell off, and number objects and parts from 1."""
    kept = tuple(placed)
    for _ in range(4):
        model, bodies = _compile(kept)
        data = mujoco.MjData(model)
        mujoco.mj_forward(model, data)
        _settle(model, data)
        gone = {
            i
            for i, item in enumerate(kept)
            if item.free
            and (
                data.xpos[bodies[i]][1] < item.xyz[1] - FALL_M
                or np.hypot(*(data.xpos[bodies[i]] - item.xyz)[[0, 2]]) > 0.35
            )
        }
        if not gone:
            break
        kept = tuple(item for i, item in enumerate(kept) if i not in gone)
    objects: list[SceneObject] = []
    visuals: list[Visual] = []
    groups: dict[int, int] = {}
    counts: dict[str, int] = {}
    part_id = 0
    for item, body in zip(kept, bodies, strict=True):
        object_id = 0
        if not item.background:
            if item.group is not None and item.group in groups:
                object_id = groups[item.group]
            else:
                object_id = len(objects) + 1
                label = item.design.name or item.design.kind
                counts[label] = counts.get(label, 0) + 1
                name = label if counts[label] == 1 else f"{label} {counts[label]}"
                objects.append(SceneObject(object_id, name, item.design.kind, body, (), item.free, item.driven))
                if item.group is not None:
                    groups[item.group] = object_id
        names: dict[str, int] = {}
        for piece in item.design.pieces:
            if object_id and piece.part not in names:
                known = {p.name: p.id for p in objects[object_id - 1].parts}
                if piece.part not in known:
                    part_id += 1
                    known[piece.part] = part_id
                    target = objects[object_id - 1]
                    objects[object_id - 1] = replace(target, parts=(*target.parts, Part(part_id, piece.part)))
                names[piece.part] = known[piece.part]
            visuals.append(Visual(piece.mesh, piece.look, body, object_id, names.get(piece.part, 0)))
    return Built(model, data, tuple(objects), tuple(visuals), kept, bodies)


def background(mesh: Mesh, look: Look, *solids: Solid) -> Placed:
    """A wall, floor or ceiling."""
    return Placed(Design("background", (Piece("background", mesh, look),), solids), background=True)


def corners(mesh: Mesh) -> NDArray[np.float64]:
    """The eight corners (8, 3) of a mesh's bounding box."""
    low, high = mesh.vertices.min(0), mesh.vertices.max(0)
    pick = np.array([[i & 1, i >> 1 & 1, i >> 2 & 1] for i in range(8)], bool)
    return np.asarray(np.where(pick, high, low))
