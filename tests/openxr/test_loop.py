"""The whole loop: the simulator renders for the wearer of an OpenXR headset, the runtime outlines, the HUD shows.

Head and gaze come from OpenXR; the truth is that of the simulator, at the poses from which each eye looks.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from gazeline.calib.cameras import Pinhole
from gazeline.calib.se3 import FORWARD_CAMERA, SE3
from gazeline.runtime.bus import BusAddress, Subscriber
from gazeline.runtime.hud.style import AMBER
from gazeline.runtime.messages import TruthScore
from gazeline.runtime.topics import TRUTH_SCORE
from tests.openxr.monado import TANGENTS, Head, HudProcess, Image, Monado, wait_for
from tests.openxr.seeing import Array, Mask, enclosed, iou, until

pytest.importorskip("mujoco")

SCENE: Literal["kitchen"] = "kitchen"
SEED = 4
LEAST_PX = 1500
SAME = 0.85  # what the display keeps of the outline's IoU; outlines differ from picture to picture
JUDGED = 6  # of so many overlays, the median
WIDTH, HEIGHT = 960, 1080
EYE = Pinhole(
    WIDTH,
    HEIGHT,
    WIDTH / (TANGENTS[0] + TANGENTS[1]),
    HEIGHT / (TANGENTS[2] + TANGENTS[3]),
    (WIDTH - 1) / 2,
    (HEIGHT - 1) / 2,
)


@contextmanager
def running(arguments: list[str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", *arguments], stdout=out, stderr=out)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=20.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def facing(from_m: Array, to_m: Array) -> SE3:
    """T_world_head of a level head there that faces a point."""
    back = (from_m - to_m) / np.linalg.norm(from_m - to_m)
    right = np.cross((0.0, 1.0, 0.0), back)
    right /= np.linalg.norm(right)
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = np.stack((right, np.cross(back, right), back), axis=1), from_m
    return SE3.from_matrix(T)


@pytest.fixture(scope="module")
def truth(testbed: None) -> tuple[Head, list[Mask]]:
    """A head that looks at a thing of the scene, and the thing's region in the picture of each eye."""
    from gazeline.sim.render import Renderer
    from gazeline.sim.scene import build_scene

    scene = build_scene(SCENE, SEED)
    renderer = Renderer(scene, EYE)
    from_m = np.array(scene.viewpoint.head)
    first = renderer.render(facing(from_m, np.array(scene.viewpoint.target)) @ FORWARD_CAMERA)
    T_first = facing(from_m, np.array(scene.viewpoint.target)) @ FORWARD_CAMERA
    candidates = []
    for item in scene.objects:
        mask = first.object_ids == item.id
        rows, columns = np.nonzero(mask)
        inside = (
            len(rows) and rows.min() > 0 and rows.max() < HEIGHT - 1 and columns.min() and columns.max() < WIDTH - 1
        )
        if item.moving or not inside or not LEAST_PX < len(rows) < 60 * LEAST_PX:
            continue
        middle = np.rint((rows.mean(), columns.mean())).astype(int)
        if first.object_ids[tuple(middle)] == item.id:  # one that is full in the middle
            depth_m = float(first.depth_m[tuple(middle)])
            d_camera, _ = EYE.unproject(middle[::-1].astype(float))
            candidates.append((len(rows), item.id, T_first.apply(depth_m * d_camera)))
    _, chosen, at_m = sorted(candidates, key=lambda each: each[0])[len(candidates) // 2]
    head = Head(facing(from_m, at_m))
    masks = [renderer.render(eye.T_world_eye @ FORWARD_CAMERA).object_ids == chosen for eye in head.views().eyes]
    renderer.close()
    return head, masks


def test_what_the_wearer_looks_at_is_outlined_on_the_display(
    monado: Monado, truth: tuple[Head, list[Mask]], tmp_path: Path
) -> None:
    head, masks = truth
    monado.turn(head)
    bus = BusAddress.parse(f"ipc://{tmp_path}/bus")
    simulator = [
        "gazeline.sim",
        "--bus",
        str(bus),
        "--scene",
        SCENE,
        "--seed",
        str(SEED),
        "--head",
        "bus",
        "--rate",
        "10",
    ]
    scores: list[float] = []
    with ExitStack() as stack:
        stack.enter_context(running(["gazeline.runtime.cli", "run", "--bus", str(bus)], tmp_path / "run.log"))
        arguments = ["--bus", str(bus), "--no-picture"]
        hud = stack.enter_context(HudProcess(arguments, monado.environment, tmp_path / "hud.log"))
        hud.until("session focused")
        stack.enter_context(running(simulator, tmp_path / "sim.log"))
        subscriber = stack.enter_context(Subscriber(bus, [TRUTH_SCORE]))

        def scored() -> bool:
            found = (received.message for received in subscriber.poll(200))
            scores.extend(each.iou for each in found if isinstance(each, TruthScore) and each.iou)  # 0: no outline yet
            return len(scores) >= 2 * JUDGED

        assert wait_for(scored, 180.0), [
            (tmp_path / f"{name}.log").read_text()[-800:] for name in ("run", "sim", "hud")
        ]

        def on_screen(shots: tuple[Image, Image]) -> list[float]:
            return [iou(enclosed(shot, AMBER), mask) for shot, mask in zip(shots, masks, strict=True)]

        outlined = float(np.median(scores[-JUDGED:]))  # the first ones are of a head that has just been put on
        seen: list[tuple[Image, Image]] = []

        def looks_right(*both: Image) -> bool:
            seen.append((both[0], both[1]))
            return min(on_screen(seen[-1])) > SAME * outlined

        until(monado, looks_right)
    best = max(seen, key=lambda shots: min(on_screen(shots)))  # a slow runtime's outlines fade between two overlays
    monado.keep(best, "loop")
    shown = on_screen(best)
    print(
        f"truth IoU of the runtime's outlines {outlined:.3f}; on the display {shown[0]:.3f} left, {shown[1]:.3f} right"
    )
    assert outlined > 0.3
    assert min(shown) > SAME * outlined
