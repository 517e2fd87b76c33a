"""Whether the right size of thing is shown (`gazeline.runtime.gaze.granularity`), for wearers whose intention is known.

A wearer with the simulated eye tracker looks at still views of simulated scenes and means

- an object: one to three usual fixations on it;
- a part of one: a long look at it, or a look, one elsewhere, and a second look at it;
- a whole: a movable thing with all that lies in or on it, by looking around on it.

The level is right if what is shown last overlaps (IoU) with what was meant more than with the part, the object or the
whole there that were not meant; parts of more than 70 % of their object and wholes of less than 130 % count as the
object, and parts smaller than the tracker's error are not meant. The same requests are answered with the mask of the
highest expected IoU, for comparison. First with true masks as the decoder's, so that nothing but the choice is
measured, then with the model's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.calib.rig import RigCamera
from gazeline.calib.se3 import SE3
from gazeline.engines.mask_scores import iou
from gazeline.engines.segmenter import Embedding, Segmenter
from gazeline.runtime.centroid import GazeSample
from gazeline.runtime.config import OutlineSettings
from gazeline.runtime.decode import decode
from gazeline.runtime.events import Answer, Decode, Encode, Encoded
from gazeline.runtime.gaze.classify import GazeState, update
from gazeline.runtime.gaze.granularity import Level
from gazeline.runtime.gaze.rests import rested
from gazeline.runtime.inputs import Inputs
from gazeline.runtime.messages import Frame
from gazeline.runtime.prompt import View, calibration_of
from gazeline.runtime.state import Shown
from gazeline.runtime.wanted import Wanted, decode_of, wanted_in
from gazeline.sim.eyes import EyeSettings, fixation_s
from gazeline.sim.head import facing, yaw_pitch_deg
from gazeline.sim.render import Rendered, Renderer
from gazeline.sim.rig import CAMERA, simulated_rig
from gazeline.sim.scene import KINDS, Scene, build_scene
from gazeline.sim.score import rasterise
from gazeline.sim.tracker import Tracker, TrackerSettings
from gazeline.sim.true_masks import TrueMasks, wholes_of
from gazeline.sim.wearer import EyeState

Mask = NDArray[np.bool_]

LEAST_PX, LEAST_PART_PX = 600, 200
LEAST_RADIUS_PX = 8.5  # of the largest disc in a part: 1 deg, a little more than the tracker's error
PART_SHARE, WHOLE_SHARE = 0.7, 1.3
SAME_IOU = 0.7  # consecutive outlines of one fixation that overlap less are a switch
SAMPLE_NS = 8_333_333
SACCADE_NS = 40_000_000
ASK_NS = 50_000_000  # a picture every 50 ms
SETTINGS = OutlineSettings(level="auto")


@dataclass(frozen=True, eq=False)
class Episode:
    """What was meant, the masks (H, W) of the levels there, and the fixations: pixel and ms of each."""

    meant: Level
    masks: dict[Level, Mask]
    fixations: tuple[tuple[tuple[int, int], float], ...]


@dataclass
class Tally:
    """What came of the episodes of one kind, with the choice by evidence and with the best expected IoU."""

    right: tuple[list[bool], list[bool]] = field(default_factory=lambda: ([], []))
    ious: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    switches: list[int] = field(default_factory=lambda: [0, 0])
    seconds: float = 0.0


@dataclass(frozen=True)
class Row:
    """Shares of episodes and means over them; ``best_iou_…``: always the mask of the highest expected IoU."""

    masks: str
    meant: str
    episodes: int
    right: float
    best_iou_right: float
    iou: float
    best_iou_iou: float
    switches_per_s: float
    best_iou_switches_per_s: float


def measure(
    scenes: Sequence[str] = KINDS, seeds: Sequence[int] = (0,), model: str | None = None, most: int = 12
) -> list[Row]:
    """At most ``most`` episodes of each kind in each scene. OSError, ValueError."""
    tallies: dict[tuple[str, Level], Tally] = {}
    segmenter = Segmenter.load(model) if model is not None else None
    mount = simulated_rig().cameras[CAMERA]
    try:
        for kind, seed in ((kind, seed) for kind in scenes for seed in seeds):
            scene = build_scene(kind, seed)  # type: ignore[arg-type]  # it checks
            wholes = wholes_of(scene)
            count = dict.fromkeys(("part", "object", "whole"), 0)
            rng = np.random.default_rng([seed, 0x1E7E1])
            for T_world_head, seen in _views(scene, mount, rng):
                truth = TrueMasks(seen, wholes)
                for episode in _episodes(scene, seen, wholes, rng):
                    if count[episode.meant] >= most:
                        continue
                    count[episode.meant] += 1
                    for name, model_ in (("true", truth), ("model", segmenter)):
                        if model_ is not None:
                            wearer = _Wearer(T_world_head, seen, mount, 1000 * seed + sum(count.values()))
                            _judge(tallies.setdefault((name, episode.meant), Tally()), episode, wearer, model_)
    finally:
        if segmenter is not None:
            segmenter.close()
    order = sorted(tallies, key=lambda key: (key[0] == "model", ("object", "part", "whole").index(key[1])))
    rows = [_row(name, level, tallies[name, level]) for name, level in order]
    return rows + [
        _mean([row for row in rows if row.masks == name]) for name in dict.fromkeys(row.masks for row in rows)
    ]


def _views(scene: Scene, mount: RigCamera, rng: np.random.Generator) -> Iterator[tuple[SE3, Rendered]]:
    """The head's pose and what it sees, from where the wearer stands and from nearer."""
    renderer = Renderer(scene, mount.camera)
    target, eyes = np.array(scene.viewpoint.target), np.array(scene.viewpoint.head)
    for share in (0.35, 0.0):
        for aside in (-0.3, 0.0, 0.3):
            eye = eyes + share * (target - eyes)
            turned = facing(*yaw_pitch_deg(target + np.array((aside, 0.0, 0.0)) - eye), float(rng.normal(0.0, 5.0)))
            T_world_head = SE3(turned.quat_wxyz, eye)
            yield T_world_head, renderer.render(T_world_head @ mount.se3)
    renderer.close()


def _episodes(
    scene: Scene, seen: Rendered, wholes: dict[int, frozenset[int]], rng: np.random.Generator
) -> Iterator[Episode]:
    for item in scene.objects:
        mask = seen.object_ids == item.id
        cut = mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()
        if cut or np.count_nonzero(mask) < LEAST_PX:
            continue
        points = [_point(mask, rng) for _ in range(int(rng.integers(1, 4)))]
        looks = tuple((point, 1000.0 * float(np.clip(fixation_s(rng, EyeSettings()), 0.2, 0.8))) for point in points)
        yield Episode("object", _levels(seen, wholes, points[-1], item.id), looks)
        for part in item.parts:
            piece = seen.part_ids == part.id
            large = LEAST_PART_PX <= np.count_nonzero(piece) < PART_SHARE * np.count_nonzero(mask)
            if large and float(_depth(piece).max()) >= LEAST_RADIUS_PX:
                point = _point(piece, rng)
                aside = _point(~mask & (seen.object_ids > 0), rng)
                dwelling = ((point, float(rng.uniform(1600.0, 2400.0))),)
                again = ((point, 400.0), (aside, 300.0), (_point(piece, rng), 800.0))
                yield Episode("part", _levels(seen, wholes, point, item.id), dwelling if rng.random() < 0.5 else again)
        if len(wholes.get(item.id, ())) > 1:
            masks = _levels(seen, wholes, points[-1], item.id)
            members = [each for each in wholes[item.id] if np.count_nonzero(seen.object_ids == each) >= LEAST_PART_PX]
            if "whole" in masks and len(members) > 1:
                start = int(rng.integers(len(members)))
                turn = [members[(start + k) % len(members)] for k in range(6)]
                spots = [_point(seen.object_ids == each, rng) for each in turn]
                masks = {**_levels(seen, wholes, spots[-1], turn[-1]), "whole": masks["whole"]}
                yield Episode("whole", masks, tuple((spot, float(rng.uniform(200.0, 350.0))) for spot in spots))


def _levels(
    seen: Rendered, wholes: dict[int, frozenset[int]], point: tuple[int, int], object_id: int
) -> dict[Level, Mask]:
    """What there is at a point of an object: the object, and its part and whole where these are something else."""
    x, y = point
    found: dict[Level, Mask] = {"object": seen.object_ids == object_id}
    area = np.count_nonzero(found["object"])
    part = seen.part_ids == seen.part_ids[y, x]
    if np.count_nonzero(part) < PART_SHARE * area:
        found["part"] = part
    whole = np.isin(seen.object_ids, list(wholes.get(object_id, {object_id})))
    if np.count_nonzero(whole) > WHOLE_SHARE * area:
        found["whole"] = whole
    return found


def _point(mask: Mask, rng: np.random.Generator) -> tuple[int, int]:
    """Somewhere in the mask, rather deep inside."""
    rows, columns = np.nonzero(mask)
    chance = _depth(mask)[rows, columns].astype(np.float64) ** 2
    pick = int(rng.choice(len(rows), p=chance / chance.sum()))
    return int(columns[pick]), int(rows[pick])


def _depth(mask: Mask) -> NDArray[np.float32]:
    """How far inside of the mask each pixel is, px (H, W)."""
    return np.asarray(cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1], np.float32)


class _Wearer:
    """Somebody whose head rests, with the eye tracker before the eyes; gives the requests that the pipeline makes."""

    def __init__(self, T_world_head: SE3, seen: Rendered, mount: RigCamera, seed: int) -> None:
        self._T_world_head, self.seen, self._mount = T_world_head, seen, mount
        self._tracker = Tracker(TrackerSettings(), seed)
        height, width = seen.object_ids.shape
        frame = Frame(topic="frame.world", capture_ns=0, width=width, height=height, index=0, format="rgb")
        calibration = calibration_of(frame, simulated_rig(width, height))
        assert calibration is not None
        self.view = View(frame, calibration, T_world_head)
        self.inputs = Inputs()
        self._t_ns = 1_000_000_000

    def looks(self, px: tuple[int, int], ms: float) -> Iterator[Wanted]:
        """A fixation; what is wanted every 50 ms of it, as soon as it is known for one."""
        x, y = px
        ray, _ = self._mount.camera.unproject(np.array((x, y), np.float64))
        p_head = self._mount.se3.apply(ray * float(np.minimum(self.seen.depth_m[y, x], 20.0)))
        distance_m = float(np.linalg.norm(p_head))
        self._t_ns += SACCADE_NS
        start_ns, asked_ns = self._t_ns, 0
        while self._t_ns < start_ns + ms * 1e6:
            state = EyeState(
                self._t_ns, self._T_world_head, p_head / distance_m, distance_m, "fixation", 1.0, start_ns, 0
            )
            told = self._tracker.sample(self._t_ns // SAMPLE_NS, state)
            sample = GazeSample(
                self._t_ns, told.d_head, told.confidence, depth_m=told.depth_m, T_world_head=self._T_world_head
            )
            gaze: GazeState = update(self.inputs.gaze, sample)
            self.inputs = replace(self.inputs, gaze=gaze, rests=rested(self.inputs.rests, gaze))
            wanted = wanted_in(self.view, self.inputs, SETTINGS.default_depth_m)
            if wanted.gaze_px is not None and self._t_ns - asked_ns >= ASK_NS:
                asked_ns = self._t_ns
                yield wanted
            self._t_ns += SAMPLE_NS


def _judge(tally: Tally, episode: Episode, wearer: _Wearer, segmenter: Segmenter) -> None:
    shown: list[Shown | None] = [None, None]
    height, width = wearer.seen.object_ids.shape
    encoded: Encoded | None = None
    for px, ms in episode.fixations:
        for wanted in wearer.looks(px, ms):
            assert wanted.gaze_px is not None
            if encoded is None or not bool(encoded.embedding.window.in_fovea(wanted.gaze_px)):
                encoded = _encoded(segmenter, wearer, wanted.gaze_px)
            request = decode_of(wanted, encoded, wearer.view, wearer.inputs, SETTINGS, shown[0])
            if request is None:
                continue
            for way, asked in enumerate((request, replace(request, evidence=None))):
                answer = decode(segmenter, asked, SETTINGS).answers[0]
                tally.switches[way] += _switched(shown[way], asked, answer)
                shown[way] = Shown(asked, answer)
        tally.seconds += ms * 1e-3
    for way, last in enumerate(shown):
        answer_ = None if last is None else last.answer
        rings = () if answer_ is None or answer_.shape is None else answer_.shape.rings
        mask = rasterise([ring.tolist() for ring in rings], width, height)
        fits = {level: iou(mask, true) for level, true in episode.masks.items()}
        tally.right[way].append(fits[episode.meant] > 0.0 and fits[episode.meant] >= max(fits.values()))
        tally.ious[way].append(fits[episode.meant])


def _encoded(segmenter: Segmenter, wearer: _Wearer, gaze_px: tuple[float, float]) -> Encoded:
    frame = wearer.view.frame
    window = segmenter.window_for(frame.width, frame.height, gaze_px)
    embedding: Embedding = segmenter.encode(wearer.seen.rgb, window)
    return Encoded(Encode(frame, wearer.seen.rgb, gaze_px), wearer.seen.rgb, embedding, {})


def _switched(before: Shown | None, asked: Decode, answer: Answer) -> bool:
    """Whether another thing is shown than just before, in one fixation and one window."""
    if before is None or before.answer is None or before.request.fixation_ns != asked.fixation_ns:
        return False
    if before.answer.window != answer.window:
        return False
    return iou(before.answer.logits > 0.0, answer.logits > 0.0) < SAME_IOU


def _row(name: str, level: str, tally: Tally) -> Row:
    means = [round(float(np.mean(values)), 3) for values in (*tally.right, *tally.ious)]
    rates = [round(count / max(tally.seconds, 1e-9), 3) for count in tally.switches]
    return Row(name, level, len(tally.right[0]), *means, *rates)


def _mean(rows: Sequence[Row]) -> Row:
    """Of the kinds of episodes, each counting alike."""
    keys = ("right", "best_iou_right", "iou", "best_iou_iou", "switches_per_s", "best_iou_switches_per_s")
    values = [round(float(np.mean([getattr(row, key) for row in rows])), 3) for key in keys]
    return Row(rows[0].masks, "each alike", sum(row.episodes for row in rows), *values)
