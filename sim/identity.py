"""Identity with exact outlines: how well ids last when the model makes no mistake.

The outlines of all objects are those of their true masks, given twice a second, as a background survey finds them, some
left out at random as a survey misses some. Everything else is the runtime's own: ids are assigned, tracks followed from
picture to picture, and each picture's overlay is compared with its truth (`gazeline.sim.identity_scores`).

Scenarios: a wearer looks about (head motion); the head is swung from side to side, so that everything leaves the
picture and comes back; the wearer looks away for half a minute; and walks along the scene, so that things pass in front
of each other. In rooms people walk about in front of what there is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import pi, sin

import numpy as np

from gazeline.calib.se3 import SE3
from gazeline.runtime.depth import Plane, distances
from gazeline.runtime.events import Follow, Grey
from gazeline.runtime.messages import Frame, OverlayObject
from gazeline.runtime.outline import outline, rays_of
from gazeline.runtime.overlay import carried, is_cut
from gazeline.runtime.prompt import View, calibration_of
from gazeline.runtime.tracking.appearance import Appearance, colours_of
from gazeline.runtime.tracking.follow import follow
from gazeline.runtime.tracking.identify import assign
from gazeline.runtime.tracking.shape import Shape
from gazeline.runtime.tracking.track import Tracker
from gazeline.sim.depth_camera import DepthCamera, DepthSettings
from gazeline.sim.head import NECK_TO_EYES_M, facing, yaw_pitch_deg
from gazeline.sim.headset import Headset, HeadsetSettings
from gazeline.sim.identity_scores import LEAST_PX, Score, Tally, score
from gazeline.sim.render import Rendered
from gazeline.sim.rig import CAMERA, simulated_rig
from gazeline.sim.scene import KINDS, build_scene

PICTURES_HZ = 10
SURVEY_EVERY = 5  # pictures
MISSED = 0.15  # share of the objects that a survey misses
MOST = 100  # outlines in a picture
KEPT_GREYS = 2
START_NS = 1_000_000_000

HeadAt = Callable[[Headset, float], SE3]  # at a time in seconds


@dataclass(frozen=True)
class Scenario:
    """``head``: where the head is; ``blank_s``: from when to when it looks at nothing, which is not rendered."""

    name: str
    head: HeadAt
    blank_s: tuple[float, float] = (0.0, 0.0)


def looking_about(headset: Headset, t_s: float) -> SE3:
    """As the simulated wearer's eyes lead it."""
    return headset.eye_at(round(1e9 * t_s)).T_world_head


def swinging(headset: Headset, t_s: float) -> SE3:
    """From side to side, 70 degrees each way within five seconds: all that was seen leaves the picture."""
    return _facing(headset, 70.0 * sin(2.0 * pi * t_s / 10.0), 0.0)


def walking_by(headset: Headset, t_s: float) -> SE3:
    """Along the scene and back, half a metre each way, still facing its middle: what is near passes what is far."""
    return _facing(headset, 0.0, 0.5 * sin(2.0 * pi * t_s / 8.0))


SCENARIOS = (
    Scenario("looking about", looking_about),
    Scenario("swinging the head", swinging),
    Scenario("walking by", walking_by),
    Scenario("away for 30 s", looking_about, blank_s=(6.0, 36.0)),
)


def measure(
    seconds: float, seed: int, scenes: tuple[str, ...] = KINDS, scenarios: tuple[Scenario, ...] = SCENARIOS
) -> list[Score]:
    """Every scenario in all scenes, with a depth camera and without. The same seed gives the same rows."""
    rows = []
    for scenario in scenarios:
        for depth in (True, False):
            tallies = [session(kind, seed, seconds, scenario, depth=depth) for kind in scenes]
            rows.append(score("exact", scenario.name if depth else f"{scenario.name}, no depth", tallies))
    return rows


def session(kind: str, seed: int, seconds: float, scenario: Scenario, *, depth: bool) -> Tally:
    """One scenario in one scene; ``seconds`` without the time that it looks away."""
    headset = Headset(build_scene(kind, seed), simulated_rig(), seed, HeadsetSettings())  # type: ignore[arg-type]
    camera = headset.rig.cameras[CAMERA].camera
    plane_of = DepthCamera(DepthSettings(), camera.width, camera.height, seed).plane if depth else None
    tally, tracker, greys = Tally(1.0 / PICTURES_HZ), Tracker(), tuple[Grey, ...]()
    away_from, away_to = scenario.blank_s
    away = round((away_to - away_from) * PICTURES_HZ)
    for index in range(round(seconds * PICTURES_HZ) + away):
        t_s = index / PICTURES_HZ
        if away_from <= t_s < away_to:
            continue
        T_world_head = scenario.head(headset, t_s)
        t_ns = START_NS + round(1e9 * t_s)
        headset.scene.advance(t_ns - START_NS)
        rendered = headset.render(T_world_head)
        view = _view(headset, T_world_head, index, t_ns)
        plane = None if plane_of is None else plane_of(rendered.depth_m, index)
        followed = follow(Follow(view, rendered.rgb, tracker.tracks, greys, plane))
        tracker = tracker.followed(followed.trails)
        greys = (*greys, followed.grey)[-KEPT_GREYS:]
        found: tuple[OverlayObject, ...] = ()
        seen = {}
        if index % SURVEY_EVERY == 0:
            shapes = exact_shapes(rendered, view, plane, np.random.default_rng([seed, index]))
            tracker, ids = assign(tracker, shapes, camera, t_ns)
            seen = {track_id: shape.rings for track_id, shape in zip(ids, shapes, strict=True)}
            found = tuple(_object(track_id, shape) for track_id, shape in zip(ids, shapes, strict=True))
        tally.add((*found, *carried(tracker, view, MOST, seen)), rendered.object_ids)
    headset.close()
    return tally


def exact_shapes(rendered: Rendered, view: View, plane: Plane | None, rng: np.random.Generator) -> list[Shape]:
    """The true outlines of what a picture shows, some left out."""
    found = []
    ids, pixels = np.unique(rendered.object_ids, return_counts=True)
    for object_id, count in zip(ids.tolist(), pixels.tolist(), strict=True):
        if not object_id or count < LEAST_PX or rng.random() < MISSED:
            continue
        mask = rendered.object_ids == object_id
        shape = outline(np.where(mask, 1.0, -1.0).astype(np.float32), (0, 0), tolerance_px=0.5, min_area_px=24.0)
        if shape is None:
            continue
        far = None if plane is None else distances(shape, plane, view.frame.width, view.frame.height)
        found.append(
            Shape(
                shape.rings,
                rays_of(shape, view.calibration.camera),
                view.T_world_camera,
                None if far is None else far.median_m,
                () if far is None else far.rings,
                1.0,
                Appearance(colours_of(rendered.rgb[mask])),
                is_cut(shape.rings, view),
            )
        )
    return found


def _object(track_id: int, shape: Shape) -> OverlayObject:
    every = np.concatenate(shape.rings)
    low, high = every.min(axis=0).tolist(), every.max(axis=0).tolist()
    return OverlayObject(
        id=track_id,
        score=1.0,
        gazed=False,
        outline=[[(x, y) for x, y in ring.tolist()] for ring in shape.rings],
        box=(low[0], low[1], high[0], high[1]),
        area_px=0.0,
    )


def _view(headset: Headset, T_world_head: SE3, index: int, t_ns: int) -> View:
    camera = headset.rig.cameras[CAMERA].camera
    frame = Frame(
        topic="frame.world",
        capture_ns=t_ns,
        width=camera.width,
        height=camera.height,
        index=index,
        format="rgb",
        camera_id=CAMERA,
        T_head_camera_id=headset.rig.id,
    )
    calibration = calibration_of(frame, headset.rig)
    assert calibration is not None
    return View(frame, calibration, T_world_head)


def _facing(headset: Headset, right_deg: float, right_m: float) -> SE3:
    """The head at the scene's usual place, turned and moved to the right."""
    viewpoint = headset.scene.viewpoint
    head, target = np.asarray(viewpoint.head), np.asarray(viewpoint.target)
    yaw, pitch = yaw_pitch_deg(target - head)
    head = head + right_m * facing(yaw, 0.0, 0.0).rotate(np.array([1.0, 0.0, 0.0]))
    if right_m:
        yaw, pitch = yaw_pitch_deg(target - head)
    neck_m = head - facing(yaw, pitch, 0.0).rotate(NECK_TO_EYES_M)
    R = facing(yaw - right_deg, pitch, 0.0)
    return SE3(R.quat_wxyz, neck_m + R.rotate(NECK_TO_EYES_M))
