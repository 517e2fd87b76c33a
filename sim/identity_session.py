"""Identity with the real model, through the whole pipeline: a wearer looks about, in simulated time.

An object counts from the picture in which it is first found, since nobody outlines what was never looked at. An outline
that is of two things, of a part, or of nothing costs as it would in use.
"""

from dataclasses import dataclass, field

from gazeline.runtime.messages import Overlay
from gazeline.runtime.sync import se3_of
from gazeline.sim.depth_camera import DepthSettings
from gazeline.sim.headset import Headset, HeadsetSettings
from gazeline.sim.identity_scores import Score, Tally, score
from gazeline.sim.lockstep import EPOCH_NS, run
from gazeline.sim.render import Renderer
from gazeline.sim.rig import CAMERA, simulated_rig
from gazeline.sim.scene import KINDS, build_scene


@dataclass
class _Watcher:
    """Judges the last overlay of each picture."""

    headset: Headset
    tally: Tally
    waiting: Overlay | None = None
    renderer: Renderer = field(init=False)

    def __post_init__(self) -> None:
        self.renderer = Renderer(self.headset.scene, self.headset.rig.cameras[CAMERA].camera)

    def __call__(self, overlay: Overlay, now_ns: int) -> None:
        before, self.waiting = self.waiting, overlay
        if before is not None and before.frame_index != overlay.frame_index:
            self.judge(before)

    def judge(self, overlay: Overlay) -> None:
        if overlay.capture_ns is None or overlay.T_world_camera is None:
            return
        self.headset.scene.advance(overlay.capture_ns - EPOCH_NS)
        rendered = self.renderer.render(se3_of(overlay.T_world_camera))
        self.tally.add(overlay.objects, rendered.object_ids)


def measure(seconds: float, seed: int, scenes: tuple[str, ...] = KINDS, model: str | None = None) -> list[Score]:
    """A session in each scene, with a depth camera and without."""
    rows = []
    for depth in (True, False):
        tallies = []
        for kind in scenes:
            settings = HeadsetSettings(depth=DepthSettings() if depth else None)
            headset = Headset(build_scene(kind, seed), simulated_rig(), seed, settings)  # type: ignore[arg-type]
            watcher = _Watcher(headset, Tally(1.0 / settings.frame_hz, known_only=True))
            run(headset, seconds, model=model, watch=watcher)
            if watcher.waiting is not None:
                watcher.judge(watcher.waiting)
            headset.close()
            tallies.append(watcher.tally)
        rows.append(score("the model's", "looking about" if depth else "looking about, no depth", tallies))
    return rows
