"""A clothed person of ten limbs, each a driven body, and where the limbs are for given joint angles.

Each limb's own origin is the joint it hangs from; it points along -y, and the person faces +z.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gazeline.sim.build import Placed
from gazeline.sim.design import Design, Look, Piece, plastic, textured
from gazeline.sim.meshes import Mesh, join, lathe, rot, superellipsoid, sweep
from gazeline.sim.polygons import F64, curve
from gazeline.sim.textures import Rgb, Rng, checks, fabric, shift, stripes, vivid

Pose = tuple[F64, F64]  # position (3,), rotation (3, 3)
HIP_M, THIGH_M, SHIN_M, SPINE_M, UPPER_ARM_M, FOREARM_M = 0.92, 0.42, 0.43, 0.5, 0.28, 0.25
SHOULDER_M, HIP_HALF_M = 0.185, 0.095  # position (3,), rotation (3, 3)


SKIN: list[Rgb] = [(0.92, 0.72, 0.6), (0.82, 0.6, 0.45), (0.62, 0.42, 0.3), (0.42, 0.27, 0.19), (0.96, 0.8, 0.7)]


HAIR: list[Rgb] = [
    (0.08, 0.06, 0.05),
    (0.25, 0.15, 0.08),
    (0.5, 0.33, 0.15),
    (0.78, 0.62, 0.35),
    (0.55, 0.2, 0.1),
    (0.6, 0.6, 0.6),
]


@dataclass(frozen=True)
class Angles:
    """Joint angles in degrees; positive swings a limb forward, lifts an arm sideways, bends a knee or an elbow."""

    left_shoulder: tuple[float, float] = (0.0, 8.0)  # forward, sideways
    right_shoulder: tuple[float, float] = (0.0, 8.0)
    right_twist: float = 0.0  # about the upper arm: 90 turns a forward elbow upwards on a raised arm
    left_elbow: float = 12.0
    right_elbow: float = 12.0
    left_hip: float = 0.0
    right_hip: float = 0.0
    left_knee: float = 0.0
    right_knee: float = 0.0
    lean: float = 0.0
    head_turn: float = 0.0
    head_nod: float = 0.0


def _clothes(rng: Rng) -> Look:
    base = vivid(rng, (0.2, 0.8), (0.3, 0.9))
    pick = rng.random()
    if pick < 0.4:
        return textured(fabric(rng, base), (4, 4), 0.95)
    if pick < 0.75:
        return textured(
            stripes(rng, [base, (0.92, 0.9, 0.86)], int(rng.choice([16, 24])), vertical=False), (1, 1), 0.95
        )
    return textured(checks(rng, base, (0.9, 0.88, 0.85), 8, soft=True), (4, 3), 0.95)


def _tube(points: list[tuple[float, float]], sides: int = 12) -> Mesh:
    """A limb along -y from (distance, radius) pairs."""
    p = curve(np.array(points), 12)
    return sweep(np.stack([0 * p[:, 0], -p[:, 0], 0 * p[:, 0]], -1), p[:, 1], sides, crease_deg=75)


def _head(rng: Rng, skin: Look, hair: Look) -> list[Piece]:
    skull = superellipsoid((0.076, 0.112, 0.096), n=24).moved((0, 0.135, 0.012))
    neck = sweep([(0, -0.03, -0.005), (0, 0.03, 0.0), (0, 0.08, 0.004)], 0.052, 14)
    nose = superellipsoid((0.012, 0.02, 0.018), n=10).moved((0, 0.125, 0.108))
    ears = [superellipsoid((0.01, 0.026, 0.018), n=10).moved((s * 0.077, 0.13, 0.005)) for s in (-1, 1)]
    whites = [superellipsoid((0.0135, 0.008, 0.008), n=12).moved((s * 0.03, 0.15, 0.0985)) for s in (-1, 1)]
    pupils = [superellipsoid((0.0058, 0.0062, 0.004), n=10).moved((s * 0.03, 0.15, 0.1055)) for s in (-1, 1)]
    brows = [
        superellipsoid((0.018, 0.0035, 0.006), n=10).moved((s * 0.03, 0.169, 0.1), rot("z", -s * 6)) for s in (-1, 1)
    ]
    lips = superellipsoid((0.024, 0.0065, 0.008), n=12).moved((0, 0.083, 0.1))
    cap = superellipsoid((0.085, 0.098, 0.1), n=22).moved((0, 0.172, -0.016))
    locks = [cap]
    if rng.random() < 0.5:  # long hair
        locks.append(superellipsoid((0.085, 0.14, 0.06), 0.8, 0.8, 18).moved((0, 0.09, -0.045)))
    return [
        Piece("head", join(skull, neck, nose, *ears), skin),
        Piece("hair", join(*locks, *brows), hair),
        Piece("eyes", join(*whites), plastic((0.95, 0.95, 0.95), 0.15)),
        Piece("pupils", join(*pupils), plastic((0.12, 0.08, 0.06), 0.1)),
        Piece("lips", lips, Look((0.72, 0.35, 0.33), roughness=0.5)),
    ]


def _hand(skin: Look, side: float) -> Piece:
    palm = superellipsoid((0.014, 0.042, 0.036), 0.7, 0.8, 14).moved((0, -0.04, 0))
    fingers = [
        sweep(
            curve(
                [(0, -0.07, z), (-side * 0.004, -0.1, z * 1.05), (-side * 0.022, -0.128 + abs(z) * 0.3, z * 1.05)], 6
            ),
            0.0085,
            7,
        )
        for z in (-0.026, -0.009, 0.009, 0.026)
    ]
    thumb = sweep(
        curve([(0, -0.02, 0.028), (-side * 0.012, -0.045, 0.052), (-side * 0.022, -0.07, 0.052)], 6), 0.0095, 7
    )
    return Piece("hands", join(palm, *fingers, thumb).moved((0, -FOREARM_M, 0)), skin)


def limbs(rng: Rng) -> dict[str, Design]:
    """The ten limbs of somebody."""
    skin = Look(shift(SKIN[int(rng.integers(len(SKIN)))], rng, 0.02), roughness=0.6)
    hair = Look(HAIR[int(rng.integers(len(HAIR)))], roughness=0.7)
    shirt, sleeves_long = _clothes(rng), rng.random() < 0.6
    trousers = textured(fabric(rng, vivid(rng, (0.1, 0.5), (0.2, 0.5)), 0.2), (5, 5), 0.95)
    shoe = Look(vivid(rng, (0.0, 0.5), (0.1, 0.9)), roughness=0.6)
    chest = lathe(
        np.vstack(
            [
                [(0.02, -0.02)],
                curve([(0.155, -0.02), (0.15, 0.12), (0.178, 0.34), (0.19, 0.43), (0.12, 0.49), (0.055, 0.515)], 16),
            ]
        ),
        26,
    ).scaled((1.0, 1.0, 0.62))
    hips = lathe(np.vstack([[(0, -0.13)], curve([(0.12, -0.12), (0.165, -0.03), (0.158, 0.03)], 8)]), 24).scaled(
        (1, 1, 0.66)
    )
    belt = lathe([(0.159, 0.0), (0.162, 0.03)], 24).scaled((1, 1, 0.66))
    out: dict[str, list[Piece]] = {
        "torso": [
            Piece("torso", chest, shirt),
            Piece("trousers", hips, trousers),
            Piece("belt", belt, Look((0.15, 0.1, 0.07))),
        ],
        "head": _head(rng, skin, hair),
    }
    for name, s in (("left", 1.0), ("right", -1.0)):  # the person's left is +x as it faces +z
        cap = superellipsoid((0.06, 0.06, 0.06), n=14)
        out[f"{name} upper arm"] = [
            Piece("sleeves", join(cap, _tube([(0.0, 0.056), (0.12, 0.05), (UPPER_ARM_M, 0.041)])), shirt)
        ]
        lower = _tube([(-0.01, 0.04), (0.1, 0.038), (FOREARM_M, 0.026)])
        out[f"{name} forearm"] = [
            Piece("sleeves" if sleeves_long else "arms", lower, shirt if sleeves_long else skin),
            _hand(skin, s),
        ]
        out[f"{name} thigh"] = [
            Piece(
                "trousers",
                join(
                    superellipsoid((0.085, 0.085, 0.085), n=14), _tube([(0.0, 0.088), (0.2, 0.078), (THIGH_M, 0.058)])
                ),
                trousers,
            )
        ]
        foot = superellipsoid((0.047, 0.04, 0.13), 0.7, 0.8, 18).moved((0, -SHIN_M - 0.03, 0.055))
        foot.vertices[:, 1] = np.maximum(foot.vertices[:, 1], -SHIN_M - 0.065)
        out[f"{name} shin"] = [
            Piece(
                "trousers",
                join(
                    superellipsoid((0.057, 0.057, 0.057), n=12), _tube([(0.0, 0.057), (0.15, 0.056), (SHIN_M, 0.046)])
                ),
                trousers,
            ),
            Piece("shoes", foot, shoe),
        ]
    return {name: Design("person", tuple(pieces), ()) for name, pieces in out.items()}


def place(root: F64, yaw_deg: float, a: Angles) -> dict[str, Pose]:
    """Where the limbs are: ``root`` is the middle of the hips."""
    hips = rot("y", yaw_deg)
    trunk = hips @ rot("x", a.lean)
    neck = root + trunk @ np.array([0, SPINE_M, 0])
    out: dict[str, Pose] = {
        "torso": (root, trunk),
        "head": (neck, trunk @ rot("y", a.head_turn) @ rot("x", a.head_nod - 0.7 * a.lean)),
    }
    for name, s, (forward, side), twist, elbow, hip, knee in (
        ("left", 1.0, a.left_shoulder, 0.0, a.left_elbow, a.left_hip, a.left_knee),
        ("right", -1.0, a.right_shoulder, a.right_twist, a.right_elbow, a.right_hip, a.right_knee),
    ):
        shoulder = root + trunk @ np.array([s * SHOULDER_M, SPINE_M - 0.085, 0])
        upper = trunk @ rot("x", -forward) @ rot("z", s * side) @ rot("y", s * twist)
        joint = shoulder + upper @ np.array([0, -UPPER_ARM_M, 0])
        out[f"{name} upper arm"] = (shoulder, upper)
        out[f"{name} forearm"] = (joint, upper @ rot("x", -elbow))
        socket = root + hips @ np.array([s * HIP_HALF_M, -0.03, 0])
        thigh = hips @ rot("x", -hip)
        out[f"{name} thigh"] = (socket, thigh)
        out[f"{name} shin"] = (socket + thigh @ np.array([0, -THIGH_M, 0]), thigh @ rot("x", knee))
    return out


PoseAt = Callable[[float], dict[str, Pose]]


def _path(pose: PoseAt, limb: str) -> Callable[[float], Pose]:
    return lambda t: pose(t)[limb]


def person(rng: Rng, pose: PoseAt, group: int) -> tuple[list[Placed], list[Callable[[float], Pose]]]:
    """The placements of a person's limbs (torso first) and the path of each."""
    bodies = limbs(rng)
    start = pose(0.0)
    placed, paths = [], []
    for name, design in bodies.items():
        xyz, turn = start[name]
        placed.append(Placed(design, (float(xyz[0]), float(xyz[1]), float(xyz[2])), turn, driven=True, group=group))
        paths.append(_path(pose, name))
    return placed, paths
