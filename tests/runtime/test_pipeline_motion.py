"""The pipeline where things are not at rest: a rolling shutter before a turning head, and a thing that moves."""

from math import degrees

import msgspec
import numpy as np
import pytest

from gazeline.calib import rig as rig_file
from gazeline.calib.rig import Rig, RigCamera, Transform
from gazeline.calib.se3 import FORWARD_CAMERA
from gazeline.calib.so3 import angle_rad
from gazeline.engines.segmenter import Masks
from gazeline.runtime.decode import answered
from gazeline.runtime.events import Decode, Decoded, RigArrived
from gazeline.runtime.messages import Overlay, RigDevice
from gazeline.runtime.reproject import reproject
from gazeline.runtime.sync import se3_of
from gazeline.runtime.tracking.shape import Shape, middle_of
from tests.runtime.pipeline_drive import CAMERA, MS, T0, Array, Drive, World, pixel, towards

READOUT_MS = 20.0
RADIUS_PX = 30.0
PITCH_DEG = 14.0  # high in the picture, where a rolling shutter is half-way from the first row to the middle one
DEPTH = np.full((120, 160), 2000, np.uint16)


class Watched(Drive):
    """One disc, at a yaw over time and at `PITCH_DEG`, looked at all the time, seen through a shutter."""

    def __init__(self, world: World, readout_ms: float = 0.0, told: bool = True) -> None:
        super().__init__(world)
        self._readout_ms = readout_ms
        line_ns = round(readout_ms * MS / (CAMERA.height - 1)) if told else None
        rig = Rig("headset", {"world": RigCamera(CAMERA, Transform.of(FORWARD_CAMERA), line_time_ns=line_ns)})
        message = RigDevice(topic="rig.device", capture_ns=T0, rig_id="headset", rig_json=rig_file.dumps(rig))
        self.feed(RigArrived(message))

    def disc(self, t_ms: float) -> Array:
        """Its direction in the world: where the gaze goes."""
        return towards(self.world.gaze(t_ms) or 0.0, PITCH_DEG)

    def gaze(self, yaw_deg: float, source: str = "eye", **fields: object):  # type: ignore[no-untyped-def]
        d = self.world.head_pose(self.now_ms).R.T @ self.disc(self.now_ms)
        return super().gaze(yaw_deg, source, d_head=tuple(d.tolist()), **fields)

    def _answer(self, request: Decode) -> Decoded:
        """The disc as row by row it is seen: each cell of the mask at the instant of its own row."""
        t_ms = ((request.view.frame.capture_ns or 0) - T0) / MS
        window = request.encoded.embedding.window
        cells = (np.arange(96) + 0.5) * window.size / 96 - 0.5
        grid = window.to_frame(np.stack(np.meshgrid(cells, cells), axis=-1))  # (96, 96, 2)
        rows_ms = t_ms + self._readout_ms * (grid[:, 0, 1] / (CAMERA.height - 1) - 0.5)
        centres = np.array([pixel(self.disc(t), self.world.head_pose(t)) for t in rows_ms])
        away = np.hypot(grid[..., 0] - centres[:, None, 0], grid[..., 1] - centres[:, None, 1])
        logits = np.clip(RADIUS_PX - away, -10.0, 10.0).astype(np.float32)
        masks = Masks(logits[None], np.array([0.9], np.float32), 0, window)
        answer = answered(masks, request.questions[0], request.view, self.state.settings.outline, DEPTH)
        return Decoded(request, (answer,), {"decode": self.world.decode_ms, "outline": 1.0})


def off_deg(overlay: Overlay, d_world: Array) -> float:
    """From a direction in the world to the middle of the outline's rays."""
    (thing,) = overlay.objects
    assert overlay.T_world_camera is not None
    shape = Shape(tuple(np.array(ring) for ring in thing.outline), tuple(np.array(ring) for ring in thing.rays))
    return degrees(float(angle_rad(se3_of(overlay.T_world_camera).rotate(middle_of(shape)), d_world)))


@pytest.mark.parametrize("told", [True, False])
def test_the_rows_of_a_rolling_shutter_are_brought_to_one_instant(told: bool) -> None:
    world = World(things=(), head=lambda t: 0.1 * (t - 300), delay_ms=30.0)  # 100 deg/s
    drive = Watched(world, READOUT_MS, told).run(450)
    errors = [off_deg(o, towards(0.0, PITCH_DEG)) for t, o in drive.overlays() if o.objects and t > 250]
    assert len(errors) >= 4
    if told:
        assert max(errors) < 0.06
    else:
        assert min(errors) > 0.4  # 5 ms of 100 deg/s


def at_display_deg(drive: Watched, after_ms: float, predicted: bool) -> Array:
    """How far the outlines are from the disc when they are drawn, ``after_ms`` after their capture."""
    errors = []
    for t, overlay in drive.overlays():
        if t < 500 or not overlay.objects or overlay.T_world_camera is None:
            continue
        (thing,) = overlay.objects
        if not predicted:
            thing = msgspec.structs.replace(thing, velocity_m_s=None)
        t_ms = ((overlay.capture_ns or 0) - T0) / MS + after_ms
        T_world_display = drive.world.head_pose(t_ms) @ FORWARD_CAMERA
        rays = reproject(thing, se3_of(overlay.T_world_camera), T_world_display, after_s=after_ms * 1e-3)
        shape = Shape(tuple(np.array(ring) for ring in thing.outline), tuple(rays))
        errors.append(degrees(float(angle_rad(T_world_display.rotate(middle_of(shape)), drive.disc(t_ms)))))
    return np.array(errors)


@pytest.mark.parametrize("head_deg_s", [0.0, -10.0])
def test_a_moving_thing_is_drawn_where_it_is_at_display(head_deg_s: float) -> None:
    """It goes to the right at 12 deg/s; the head turns meanwhile, which is no motion of the thing."""
    world = World(things=(), gaze=lambda t: 0.012 * t - 5.0, head=lambda t: 1e-3 * head_deg_s * (t - 600))
    drive = Watched(world)
    drive.run(1100)
    without = at_display_deg(drive, 70.0, predicted=False)
    assert len(without) > 8
    assert np.median(without) == pytest.approx(0.84 * np.cos(np.radians(PITCH_DEG)), abs=0.1)
    assert np.median(at_display_deg(drive, 70.0, predicted=True)) < 0.15


def test_a_thing_at_rest_has_no_velocity_while_the_head_turns() -> None:
    drive = Watched(World(things=(), head=lambda t: 0.03 * (t - 500))).run(900)
    shown = [thing for _, o in drive.overlays() for thing in o.objects]
    assert len(shown) > 10
    assert all(thing.velocity_m_s is None for thing in shown)


def test_without_poses_no_motion_is_guessed() -> None:
    world = World(things=(), gaze=lambda t: 0.012 * t - 5.0, head=lambda t: None)
    shown = [thing for _, o in Watched(world).run(700).overlays() for thing in o.objects]
    assert shown
    assert all(thing.velocity_m_s is None and thing.depth_m for thing in shown)
