"""A rolling shutter before a turning head, in pixels: what it does to a picture, and that the runtime undoes it."""

import cv2
import msgspec
import numpy as np
import pytest

from gazeline.calib.rig import RigCamera
from gazeline.calib.se3 import SE3
from gazeline.runtime import demo
from gazeline.runtime.messages import Frame
from gazeline.runtime.prompt import Array, View, calibration_of
from gazeline.sim.head import facing
from gazeline.sim.headset import Headset, HeadsetSettings
from gazeline.sim.registration_session import off_silhouette_deg
from gazeline.sim.render import Rendered, Renderer
from gazeline.sim.rig import CAMERA, simulated_rig
from gazeline.sim.rolling_shutter import rendered_by_rows
from gazeline.sim.scene import build_scene

pytestmark = pytest.mark.skipif(not demo.can_draw(), reason="the simulator needs an off-screen OpenGL")

READOUT_NS = 20_000_000
DEG_S = 100.0
WIDTH, HEIGHT = 640, 480
AT_NS = 1_000_000_000


def rolling_rig() -> RigCamera:
    return msgspec.structs.replace(
        simulated_rig(WIDTH, HEIGHT).cameras[CAMERA], line_time_ns=READOUT_NS // (HEIGHT - 1)
    )


def outlines(rendered: Rendered) -> dict[int, Array]:
    """The rings (V, 2), px, of the things that are seen whole and not too small."""
    found = {}
    for object_id in np.unique(rendered.object_ids).tolist():
        mask = (rendered.object_ids == object_id).astype(np.uint8)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        ring = max(contours, key=len)[:, 0].astype(np.float64)
        inside = ring.min() > 2 and (ring.max(axis=0) < (WIDTH - 3, HEIGHT - 3)).all()
        if object_id and len(contours) == 1 and inside and mask.sum() > 600:
            found[object_id] = ring
    return found


def test_what_the_rows_did_to_an_outline_is_undone_in_pixels() -> None:
    """The head turns at 100 deg/s: the outline of each thing, against its silhouette at the middle row's instant."""
    scene, mount = build_scene("kitchen", 4), rolling_rig()
    head = np.array(scene.viewpoint.head)
    yaw_deg, pitch_deg = 0.0, -20.0

    def head_at(t_ns: int) -> SE3:
        turned_deg = yaw_deg + DEG_S * (t_ns - AT_NS) * 1e-9
        return SE3(facing(turned_deg, pitch_deg, 0.0).quat_wxyz, head)

    renderer = Renderer(scene, mount.camera)
    scene.advance(0)
    to_target = np.subtract(scene.viewpoint.target, head)
    yaw_deg = float(np.degrees(np.arctan2(to_target[0], -to_target[2])))
    rolled = rendered_by_rows(renderer, lambda t_ns: head_at(t_ns) @ mount.se3, AT_NS, mount.line_time_ns or 0)
    still = renderer.render(head_at(AT_NS) @ mount.se3)
    frame = Frame(topic="frame.world", capture_ns=AT_NS, width=WIDTH, height=HEIGHT, index=0, format="jpeg")
    rig = msgspec.structs.replace(simulated_rig(WIDTH, HEIGHT), cameras={CAMERA: mount})
    calibration = calibration_of(frame, rig)
    assert calibration is not None
    view = View(frame, calibration, head_at(AT_NS), head_at(AT_NS + READOUT_NS // 2))
    raw_deg, undone_deg = [], []
    for object_id, px in outlines(rolled).items():
        d_camera, _ = mount.camera.unproject(px)
        silhouette = still.object_ids == object_id
        raw = off_silhouette_deg([d_camera], silhouette, mount.camera)
        depth_m = rolled.depth_m[px[:, 1].astype(int), px[:, 0].astype(int)]
        undone = off_silhouette_deg([view.at_capture(d_camera, px, depth_m)], silhouette, mount.camera)
        if raw is not None and undone is not None:
            raw_deg.append(raw)
            undone_deg.append(undone)
    renderer.close()
    assert len(raw_deg) >= 5
    print(f"off by {np.mean(raw_deg):.2f} degrees on average, undone {np.mean(undone_deg):.2f}")
    assert max(raw_deg) > 0.3
    assert np.mean(undone_deg) < 0.1
    assert np.mean(raw_deg) > 3.0 * np.mean(undone_deg)


def test_the_headsets_shutter_rolls_if_its_rig_says_so() -> None:
    rig = msgspec.structs.replace(simulated_rig(WIDTH, HEIGHT), cameras={CAMERA: rolling_rig()})
    pictures = {}
    for name, each in (("rolling", rig), ("global", simulated_rig(WIDTH, HEIGHT))):
        headset = Headset(build_scene("desk", 5), each, 5, HeadsetSettings())
        turning_ns = max(
            range(0, 4_000_000_000, 50_000_000),
            key=lambda t: _turn_deg(headset, t),
        )
        truth = headset.frame(0, turning_ns)[0].truth
        assert truth is not None
        pictures[name] = truth.object_ids
        headset.close()
    middle = np.s_[HEIGHT // 2 - 4 : HEIGHT // 2 + 4]
    other = pictures["rolling"] != pictures["global"]
    assert other.mean() > 2.0 * other[middle].mean() + 0.001  # the middle row is at its instant, the others are not


def _turn_deg(headset: Headset, t_ns: int) -> float:
    """How far the head turns in the 20 ms from there."""
    before, after = (headset.eye_at(t).T_world_head for t in (t_ns, t_ns + READOUT_NS))
    return float(np.linalg.norm((before.inverse() @ after).log()[3:]))
