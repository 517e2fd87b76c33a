"""Registration of things that move: drawn where they were at capture, or moved on as their track predicts.

The head rests, so that nothing but the thing's own motion is measured. Outlines are those of the true masks, as in
`gazeline.sim.registration`; they go through the runtime's tracker, picture by picture, and each vertex's truth is the
point of the rigid body that was seen there; of a rolling ball the outline goes with its middle alone. Walking people
are left out: their limbs have truths of their own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from msgspec import structs

from gazeline.calib import so3
from gazeline.calib.rig import RigCamera
from gazeline.calib.se3 import SE3
from gazeline.runtime.reproject import reproject
from gazeline.runtime.tracking.identify import assign
from gazeline.runtime.tracking.shape import Shape
from gazeline.runtime.tracking.track import Tracker, velocity_of
from gazeline.sim.depth_camera import DepthCamera
from gazeline.sim.head import facing, yaw_pitch_deg
from gazeline.sim.registration import Array, Seen, Settings, Spread, seen_object, spread
from gazeline.sim.render import Renderer
from gazeline.sim.rig import CAMERA, simulated_rig
from gazeline.sim.scene import Scene, build_scene

FRAME_NS = 50_000_000
WORSE_DEG = 0.1  # a prediction that adds this much to an outline's error has made it worse


class Row(Spread):
    """The errors of one thing's outlines. ``speed_deg_s``: its median, as seen. ``predicted_share``: of the outlines
    that were moved on; ``worse_share``: of those that stand farther off for it, by a tenth of a degree."""

    scene: str
    name: str
    delay_ms: float
    predicted: bool
    speed_deg_s: float
    predicted_share: float
    worse_share: float


class _Errors(TypedDict):
    still: Array
    moved: Array
    given: bool
    speed_deg_s: float


@dataclass(frozen=True, eq=False)
class _Sighting:
    """A thing in one picture: when, how it goes on the wire, and its body's pose."""

    t_ns: int
    seen: Seen
    T_world_body: SE3


def measure(settings: Settings, seconds: float = 4.0) -> list[Row]:
    """All moving things of the scenes, at each delay, with and without prediction."""
    rows: list[Row] = []
    mount = simulated_rig().cameras[CAMERA]
    for kind in settings.scenes:
        scene = build_scene(kind, settings.seed)  # type: ignore[arg-type]  # it checks
        head = scene.viewpoint.head
        facing_deg = yaw_pitch_deg(np.subtract(scene.viewpoint.target, head))
        T_world_camera = SE3(facing(*facing_deg, 0.0).quat_wxyz, np.array(head)) @ mount.se3
        things = [item for item in scene.objects if item.moving and not item.name.startswith("person")]
        watched = _watched(scene, [item.id for item in things], T_world_camera, mount, settings, seconds)
        for item in things:
            if len(watched[item.id]) < 10:
                continue
            for delay_ms in settings.delays_ms:
                found = list(_errors(scene, item.id, watched[item.id], T_world_camera, delay_ms))
                given = [error for error in found if error["given"]]
                worse = [e for e in given if e["moved"].mean() > e["still"].mean() + WORSE_DEG]
                for predicted in (False, True):
                    errors = spread([error["moved" if predicted else "still"] for error in found])
                    row = Row(
                        scene=kind, name=item.name, delay_ms=delay_ms, predicted=predicted,
                        speed_deg_s=round(float(np.median([e["speed_deg_s"] for e in found])), 2),
                        predicted_share=round(len(given) / len(found), 3),
                        worse_share=round(len(worse) / len(found), 3), **errors,
                    )  # fmt: skip
                    rows.append(row)
    return rows


def _watched(
    scene: Scene, ids: list[int], T_world_camera: SE3, mount: RigCamera, settings: Settings, seconds: float
) -> dict[int, list[_Sighting]]:
    """Each thing in each picture, under the runtime's tracker, with the velocity that it gives."""
    renderer = Renderer(scene, mount.camera)
    depth = DepthCamera(settings.depth, mount.camera.width, mount.camera.height, settings.seed)
    trackers = dict.fromkeys(ids, Tracker())
    found: dict[int, list[_Sighting]] = {object_id: [] for object_id in ids}
    for index, t_ns in enumerate(range(0, round(1e9 * seconds), FRAME_NS)):
        scene.advance(t_ns)
        rendered = renderer.render(T_world_camera)
        plane = depth.plane(rendered.depth_m, index)
        for object_id in ids:
            seen = seen_object(rendered, object_id, mount, plane)
            if seen is None:
                continue
            rings = tuple(np.array(ring) for ring in seen.thing.outline)
            rays = tuple(np.array(ring) for ring in seen.thing.rays)
            shape = Shape(rings, rays, T_world_camera, seen.thing.depth_m)
            trackers[object_id], (track_id,) = assign(trackers[object_id], [shape], mount.camera, t_ns)
            velocity = velocity_of(trackers[object_id], track_id)
            if velocity is not None:
                x, y, z = velocity.tolist()
                seen = Seen(structs.replace(seen.thing, velocity_m_s=(x, y, z)), seen.p_camera, seen.distance_m)
            found[object_id].append(_Sighting(t_ns, seen, _body(scene, object_id)))
    renderer.close()
    return found


def _errors(
    scene: Scene, object_id: int, sightings: list[_Sighting], T_world_camera: SE3, delay_ms: float
) -> Iterator[_Errors]:
    for sighting in sightings:
        scene.advance(sighting.t_ns + round(1e6 * delay_ms))
        T_later_body = _body(scene, object_id)
        p_world = T_world_camera.apply(sighting.seen.p_camera)
        p_later = T_later_body.apply(sighting.T_world_body.inverse().apply(p_world))
        d_true = T_world_camera.inverse().apply(p_later)
        thing = sighting.seen.thing
        still = np.concatenate([np.asarray(ring) for ring in thing.rays])
        moved = np.concatenate(reproject(thing, T_world_camera, T_world_camera, after_s=delay_ms * 1e-3))
        still_deg = np.degrees(so3.angle_rad(still, d_true))
        yield _Errors(
            still=still_deg,
            moved=np.degrees(so3.angle_rad(moved, d_true)),
            given=thing.velocity_m_s is not None,
            speed_deg_s=float(still_deg.mean()) / (1e-3 * delay_ms),
        )


def _body(scene: Scene, object_id: int) -> SE3:
    """Where the body of an object is (T_world_body); of a ball its middle alone, however it rolls."""
    item = next(item for item in scene.objects if item.id == object_id)
    T = np.eye(4)
    if item.name.startswith("ball"):
        T[:3, 3] = np.mean(scene.bounds(object_id), axis=0)
    else:
        T[:3, :3], T[:3, 3] = scene.data.xmat[item.body].reshape(3, 3), scene.data.xpos[item.body]
    return SE3.from_matrix(T)
