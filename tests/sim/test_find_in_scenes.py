"""Looking for things in simulator pictures, with their true outlines, names and distances: found, and pointed to."""

from dataclasses import dataclass
from math import acos, degrees, radians

import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.calib import so3
from gazeline.calib.cameras import Pinhole
from gazeline.calib.se3 import FORWARD_CAMERA, SE3
from gazeline.engines.segmenter import Embedding
from gazeline.engines.window import Window
from gazeline.runtime import demo
from gazeline.runtime.depth import distances
from gazeline.runtime.events import Answer, Decode, Decoded, Encode, Encoded
from gazeline.runtime.find.colour import colours_of, white_of
from gazeline.runtime.find.search import Search
from gazeline.runtime.gaze.classify import GazeState
from gazeline.runtime.messages import Frame, Overlay
from gazeline.runtime.naming.label import Traits
from gazeline.runtime.naming.step import Naming
from gazeline.runtime.outline import outline, rays_of
from gazeline.runtime.overlay import carried, objects_of, ungazed_overlay
from gazeline.runtime.prompt import Calibration, View
from gazeline.runtime.tracking.track import Tracker

pytestmark = pytest.mark.skipif(not demo.can_draw(), reason="the simulator needs an off-screen OpenGL")

WIDTH, HEIGHT, LEAST_PX = 640, 480, 250
CAMERA = Pinhole.from_horizontal_fov(WIDTH, HEIGHT, radians(80.0))


@dataclass
class Seen:
    """A scene as the runtime knows it after one look: tracks, names, colours; and the truth by track id."""

    tracker: Tracker
    naming: Naming
    view: View
    names: dict[int, str]
    middles: dict[int, NDArray[np.float64]]  # of what was seen of each, world
    home: SE3

    def overlay(
        self, text: str, turned_deg: float = 0.0, moved_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    ) -> Overlay:
        """What is published after the head turned to the right and moved, while ``text`` is looked for."""
        turn = SE3(so3.exp((0.0, -radians(turned_deg), 0.0)), np.zeros(3))
        pose = SE3(np.array([1.0, 0.0, 0.0, 0.0]), self.home.xyz_m + np.array(moved_m)) @ turn
        T_world_head = SE3(pose.quat_wxyz, pose.xyz_m) @ SE3(self.home.quat_wxyz, np.zeros(3))
        view = view_of(T_world_head, 3)
        overlay = ungazed_overlay(view, carried(self.tracker, view, 100), GazeState(), 0)
        return Search().asked(text).on(overlay, self.tracker, self.naming)

    def size_deg(self, track_id: int) -> float:
        track = self.tracker.of(track_id)
        assert track is not None
        return 2.0 * degrees(acos(min(1.0, track.shape.least_cosine)))

    def found(self, text: str) -> set[str]:
        return {self.names[thing.id] for thing in self.overlay(text).objects if thing.found}


def view_of(T_world_head: SE3, index: int) -> View:
    frame = Frame(
        topic="frame.world", capture_ns=1_000_000_000 * index, width=WIDTH, height=HEIGHT, index=index, format="rgb"
    )
    return View(frame, Calibration(CAMERA, FORWARD_CAMERA, np.zeros(3), measured=True), T_world_head)


def look(kind: str, seed: int) -> Seen:
    from gazeline.sim.render import Renderer, look_at
    from gazeline.sim.scene import build_scene

    scene = build_scene(kind, seed)  # type: ignore[arg-type]
    T_world_camera = look_at(scene.viewpoint.head, scene.viewpoint.target)
    picture = Renderer(scene, CAMERA).render(T_world_camera)
    home = T_world_camera @ FORWARD_CAMERA.inverse()
    view = view_of(home, 1)
    window = Window.full(WIDTH, HEIGHT, 64)
    plane = np.where(np.isfinite(picture.depth_m), picture.depth_m * 1000.0, 0.0).astype(np.uint16)
    answers, truths = [], []
    for item in scene.objects:
        mask = picture.object_ids == item.id
        if mask.sum() < LEAST_PX:
            continue
        shape = outline(np.where(mask, 1.0, -1.0).astype(np.float32), (0, 0), tolerance_px=0.5, min_area_px=24.0)
        if shape is None:
            continue
        logits = np.full((64, 64), -1.0, np.float32)
        found = distances(shape, plane, WIDTH, HEIGHT)
        answers.append(Answer(shape, rays_of(shape, CAMERA), logits, window, 0.95, found))
        ys, xs = np.nonzero(mask)
        rays, _ = CAMERA.unproject(np.stack([xs, ys], axis=-1))
        points = T_world_camera.apply(rays * picture.depth_m[mask][:, None])
        traits = Traits(colours_of(picture.rgb, mask, white_of(picture.rgb)))
        truths.append((item.name, points.mean(axis=0), traits))
    encoded = Encoded(Encode(view.frame, picture.rgb, None), picture.rgb, Embedding({}, window, "truth"), {})
    tracker = Tracker()
    for each in (view, view_of(home, 2)):  # seen twice, it is no chance
        decode = Decode(encoded, each, (), None, None, None, None)
        tracker, objects = objects_of(Decoded(decode, tuple(answers), {}), tracker, None, 100)
    by_box = {answer.shape.box: truth for answer, truth in zip(answers, truths, strict=True) if answer.shape}
    naming, names, middles = Naming(), {}, {}
    told = naming.names
    for thing in objects:
        name, middle, traits = by_box[thing.box]
        kind_name = name.rstrip("0123456789 ")
        told = told.told(thing.id, kind_name, 0)
        names[thing.id], middles[thing.id] = name, middle
        naming = Naming(told, traits={**naming.traits, thing.id: traits})
    return Seen(tracker, naming, view, names, middles, home)


@pytest.fixture(scope="module")
def desk() -> Seen:
    return look("desk", 5)


@pytest.fixture(scope="module")
def kitchen() -> Seen:
    return look("kitchen", 3)


ON_THE_DESK = {
    "mug": {"mug"},
    "cup": {"mug"},
    "red thing": {"mug", "ball"},
    "red and white ball": {"ball"},
    "blue ball": set(),
    "green thing": {"monitor", "ball", "pliers", "tape measure"},  # the monitor shows a meadow
    "black camera": {"camera"},
    "thing left of the keyboard": {"ball", "notebook", "pliers", "mug", "tape measure", "camera"},
    "camera to the right of the ball": set(),
    "keyboard in front of the monitor": {"keyboard"},
    "mouse behind the monitor": set(),
    "the nearest thing": {"ball"},
    "tool": {"pliers", "tape measure"},
    "pliers near the notebook": {"pliers"},
    "the rightmost thing": {"alarm clock"},
}
ON_THE_TABLE = {
    "green apple": {"apple", "apple 2"},
    "fruit": {"apple", "apple 2", "orange", "orange 2"},
    "fruit in the fruit bowl": {"apple 2", "orange"},
    "apple on the plate": {"apple"},
    "the leftmost apple": {"apple"},
    "the second orange from the left": {"orange"},
    "an orange behind the glass": {"orange 2"},
    "knife right of the plate": {"kitchen knife"},
    "spoon left of the knife": set(),
    "plate between the fork and the knife": {"plate 2"},
    "mug": set(),
    "milk": {"milk carton"},
}


@pytest.mark.parametrize("text", ON_THE_DESK)
def test_what_is_on_the_desk_is_found(text: str, desk: Seen) -> None:
    assert desk.found(text) == ON_THE_DESK[text]


@pytest.mark.parametrize("text", ON_THE_TABLE)
def test_what_is_on_the_table_is_found(text: str, kitchen: Seen) -> None:
    assert kitchen.found(text) == ON_THE_TABLE[text]


@pytest.mark.parametrize("turned_deg", [75.0, 130.0, 180.0, -100.0])
def test_the_pointer_to_what_is_out_of_view_is_exact(turned_deg: float, kitchen: Seen, desk: Seen) -> None:
    """Within a degree, also where the wearer has taken a step."""
    judged = 0
    for seen in (kitchen, desk):
        overlay = seen.overlay(
            "fruit or ball or camera or cup or glass or mouse", turned_deg, moved_m=(0.3, -0.05, 0.2)
        )
        assert overlay.search is not None
        T = overlay.T_world_camera
        assert T is not None
        here = SE3(np.array(T.quat_wxyz), np.array(T.xyz_m))
        for pointer in overlay.search.pointers:
            towards = here.inverse().apply(seen.middles[pointer.id])
            away_m = float(np.linalg.norm(towards))
            off = acos(min(1.0, float(np.array(pointer.d_camera) @ towards) / away_m))
            if seen.size_deg(pointer.id) < 12.0:  # the middle of a table is a matter of taste
                judged += 1
                assert degrees(off) < 1.0, seen.names[pointer.id]
                assert pointer.depth_m == pytest.approx(away_m, abs=0.05)
    assert judged >= 6


def test_left_and_right_are_those_of_the_wearer_also_out_of_view(desk: Seen) -> None:
    """With the head turned to the wall, the mug is still left of the keyboard."""
    overlay = desk.overlay("mug left of the keyboard", turned_deg=100.0)
    assert overlay.search is not None
    assert not overlay.objects or not any(thing.found for thing in overlay.objects)
    (pointer,) = overlay.search.pointers
    assert desk.names[pointer.id] == pointer.name == "mug"
    assert pointer.d_camera[0] < -0.5, "to the left of where the head looks now"


def test_nothing_is_said_while_nothing_is_looked_for(desk: Seen) -> None:
    assert desk.overlay("").search is None
    unknown = desk.overlay("frobnitz").search
    assert unknown is not None
    assert unknown.understood == 'nothing was understood; not understood: "frobnitz" (nothing is called so)'
    assert unknown.pointers == []
