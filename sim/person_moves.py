"""What people do, as poses at a time: stand, wave, walk, sit, drink. Angles and speeds are everyday ones."""

from collections.abc import Callable

import numpy as np

from gazeline.sim.meshes import rot
from gazeline.sim.person import FOREARM_M, HIP_M, Angles, Pose, PoseAt, place


def standing(x: float, z: float, yaw_deg: float, phase: float) -> PoseAt:
    """Shifts weight, looks about."""

    def at(t: float) -> dict[str, Pose]:
        sway = np.sin(0.9 * t + phase)
        root = np.array([x + 0.012 * sway, HIP_M, z])
        return place(
            root,
            yaw_deg + 3 * sway,
            Angles(
                (6 + 3 * sway, 9),
                (4 - 3 * sway, 9),
                left_elbow=18,
                right_elbow=22,
                head_turn=25 * np.sin(0.35 * t + phase),
            ),
        )

    return at


def waving(x: float, z: float, yaw_deg: float, phase: float) -> PoseAt:
    """Waves with the right arm."""

    def at(t: float) -> dict[str, Pose]:
        swing = np.sin(5.0 * t + phase)
        sway = np.sin(0.8 * t + phase)
        root = np.array([x + 0.01 * sway, HIP_M, z])
        return place(
            root,
            yaw_deg,
            Angles(
                (5, 9),
                (10, 72 + 3 * swing),
                right_twist=85,
                left_elbow=15,
                right_elbow=95 + 24 * swing,
                head_turn=6 * sway,
                head_nod=3 * sway,
            ),
        )

    return at


def walking(start: tuple[float, float], end: tuple[float, float], phase: float, speed: float = 0.8) -> PoseAt:
    """To and fro between two places (x, z): gait of about 1.4 m a cycle, arms against the legs, turning at the ends."""
    a, b = np.asarray(start), np.asarray(end)
    length = float(np.linalg.norm(b - a))
    turn_s, leg_s = 1.2, length / speed
    there = float(np.rad2deg(np.arctan2(*(b - a))))

    def at(t: float) -> dict[str, Pose]:
        u = (t + phase) % (2 * (leg_s + turn_s))
        back = u >= leg_s + turn_s
        u -= (leg_s + turn_s) * back
        go = min(u / leg_s, 1.0)
        turning = float(np.clip((u - leg_s) / turn_s, 0, 1))
        ease = turning * turning * (3 - 2 * turning)
        p = b + (a - b) * go if back else a + (b - a) * go
        yaw = there + 180.0 * (back + ease)
        gait = 2 * np.pi * (go * length) / 1.4 if go < 1 else 0.0
        big = min(1.0, 6 * go, 6 * (1 - go)) if go < 1 else 0.0
        s, c = np.sin(gait) * big, np.cos(gait) * big
        root = np.array([p[0], HIP_M - 0.02 * big + 0.015 * big * np.cos(2 * gait), p[1]])
        knees = (8 * big + 38 * max(0.0, c)) * big, (8 * big + 38 * max(0.0, -c)) * big
        elbow = 18 + 10 * big
        legs = {"left_hip": 26 * s, "right_hip": -26 * s, "left_knee": knees[0], "right_knee": knees[1]}
        arms = {"left_elbow": elbow, "right_elbow": elbow}
        return place(root, yaw, Angles((-22 * s, 7), (22 * s, 7), **arms, **legs))

    return at


def sitting(x: float, z: float, seat_y: float, yaw_deg: float, phase: float) -> PoseAt:
    """On a seat, hands in the lap, looking about."""

    def at(t: float) -> dict[str, Pose]:
        nod = np.sin(0.6 * t + phase)
        root = np.array([x, seat_y + 0.11, z])
        legs = {"left_hip": 84.0, "right_hip": 84.0, "left_knee": 84.0, "right_knee": 84.0}
        look = {"head_turn": 22 * nod, "head_nod": 8 + 4 * np.sin(0.43 * t)}
        return place(root, yaw_deg, Angles((26, 4), (26, 4), left_elbow=58, right_elbow=58, lean=-4, **legs, **look))

    return at


def sipping(x: float, z: float, yaw_deg: float, phase: float) -> PoseAt:
    """Stands and lifts the right hand with a cup to the mouth now and then."""

    def at(t: float) -> dict[str, Pose]:
        up = (0.5 - 0.5 * np.cos(2 * np.pi * ((t + phase) % 6.0) / 6.0)) ** 2
        root = np.array([x + 0.008 * np.sin(0.7 * t), HIP_M, z])
        arms = {"left_elbow": 16.0, "right_elbow": 74 + 50 * up}
        look = {"head_turn": 8 * np.sin(0.3 * t), "head_nod": -4 * up}
        return place(root, yaw_deg, Angles((8, 9), (24 + 20 * up, 6 - 16 * up), **arms, **look))

    return at


def held(pose: PoseAt, drop_m: float = 0.04) -> Callable[[float], Pose]:
    """The upright pose of a cup in the right hand; ``drop_m``: from the palm's middle down to the cup's base."""

    def at(t: float) -> Pose:
        joint, turn = pose(t)["right forearm"]
        palm = joint + turn @ np.array([0.0, -FOREARM_M - 0.075, 0.0])
        along = turn @ np.array([0.0, -1.0, 0.0])
        yaw = rot("y", float(np.rad2deg(np.arctan2(along[0], along[2]))))
        return palm + yaw @ np.array([0.055, -drop_m, 0.0]), yaw

    return at
