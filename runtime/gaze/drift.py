"""Whether gaze has drifted since it was calibrated, told from where fixations fall among the things that are known.

People look at things, and near their middles (A. Nuthmann & J. Henderson, "Object-based attentional selection in scene
viewing", J. Vision 10(8), 2010). When the headset slips, all fixations are displaced alike, and fall beside the things
that were outlined before. So the drift is the one shift that brings the fixations of the last seconds back onto things.
It is implicit calibration (Y. Sugano & A. Bulling, "Self-calibrating head-mounted eye trackers using egocentric visual
saliency", UIST 2015) with outlines in the place of saliency. What it finds is proposed and never applied unasked.

For each fixation, the chance of looking there is a mixture of the things around, each as wide as it is in each
direction, relative to the mean around. Three things keep chance from passing for a slip: fixations side by side are
one witness, since they err alike; what may be known only by the gaze that is in question is no witness; and a shift
must explain more than any as small as a good tracker's own error.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import hypot, radians

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.calib.gaze_mapping import angles_of
from gazeline.runtime.events import Decoded
from gazeline.runtime.gaze.classify import GazeState
from gazeline.runtime.messages import GazeDrift, OverlayObject
from gazeline.runtime.tracking.track import Tracker

Array = NDArray[np.float64]

KEPT_NS = 9_000_000_000  # a slip has to be seen soon, so what is older says nothing
KNOWN_NS = 2_000_000_000  # a thing that was first seen later than this before a look may be there because of it
AGAIN_NS = 250_000_000  # a fixation that goes on is judged anew so often
LEAST_LOOKS = 8
LARGEST_RAD = radians(8.0)  # of what is larger, in the root mean square, any place may be meant
NEAR_RAD = radians(11.0)  # things further from gaze explain nothing
SPREAD = 0.5  # variance of where one looks, as a share of that of the thing's area
NOISE_RAD = radians(0.6)  # of a fixation's direction, and of a thing's middle
ELSEWHERE = 0.2  # chance of looks at nothing, relative to the mean around
UNKNOWN = 4.0  # and at things around that are not known: as many as this
SIDE_BY_SIDE_RAD = radians(1.5)
SURE = 4.0  # log likelihood that a shift must bring
SMALL_RAD, MATTERS_RAD = radians(1.2), radians(1.5)  # a shift within the one is none, and beyond the other is one
STEPS_RAD = np.radians(np.linspace(-6.0, 6.0, 21))
SHIFTS_RAD = np.stack(np.meshgrid(STEPS_RAD, STEPS_RAD), axis=-1).reshape(-1, 2)  # (S, 2) right, up
SIZES_RAD = np.hypot(*SHIFTS_RAD.T)  # (S,)


@dataclass(frozen=True, eq=False)
class Look:
    """One fixation among known things: its direction in the world (3,), and the log of the chance of looking there
    (S,), had gaze been shifted by each of `SHIFTS_RAD`, relative to the mean around."""

    t_ns: int
    number: int
    d_world: Array
    log_chance: Array

    @classmethod
    def among(cls, t_ns: int, number: int, d_world: Array, offsets_rad: Array, covariances: Array) -> "Look":
        """From things around: where the middle of each is (K, 2), rad to the right and up from gaze, and the covariance
        (K, 2, 2) of its area."""
        spread = SPREAD * covariances + NOISE_RAD**2 * np.eye(2)  # (K, 2, 2)
        away = offsets_rad[None] - SHIFTS_RAD[:, None]  # (S, K, 2)
        squared = np.einsum("ski,kij,skj->sk", away, np.linalg.inv(spread), away)
        density = (np.exp(-0.5 * squared) / np.sqrt(np.linalg.det(spread))).sum(axis=1)
        relative = density / max(float(density.mean()), 1e-300)
        return cls(t_ns, number, d_world, np.log(relative + ELSEWHERE + UNKNOWN / len(offsets_rad)))


@dataclass(frozen=True, eq=False)
class Drift:
    """What the looks of the last seconds say together."""

    looks: tuple[Look, ...] = ()

    def added(self, look: Look) -> "Drift":
        """With one look more; a fixation counts once, as it was seen last, and what is old is left out."""
        kept = (each for each in self.looks if each.number != look.number and look.t_ns - each.t_ns <= KEPT_NS)
        return replace(self, looks=(*kept, look))

    @cached_property
    def message(self) -> GazeDrift | None:
        """As it goes into ``stats.runtime``; None before there are enough looks."""
        if len(self.looks) < LEAST_LOOKS:
            return None
        d_world = np.stack([look.d_world for look in self.looks])
        beside = d_world @ d_world.T > np.cos(SIDE_BY_SIDE_RAD)  # each is beside itself
        likelihood = (1.0 / beside.sum(axis=1)) @ np.stack([look.log_chance for look in self.looks])
        best = int(np.where(SIZES_RAD >= MATTERS_RAD, likelihood, -np.inf).argmax())
        gain = float(likelihood[best] - likelihood[SIZES_RAD <= SMALL_RAD].max())
        right, up = SHIFTS_RAD[best].tolist() if gain > 0.0 else (0.0, 0.0)
        return GazeDrift(right_rad=right, up_rad=up, gain=gain, looks=len(self.looks), noticed=gain >= SURE)


def watched(
    drift: Drift, decoded: Decoded, gaze: GazeState, tracker: Tracker, objects: Sequence[OverlayObject]
) -> Drift:
    """After an answer to gaze's question, with the look that it was among the ``objects`` of that picture's overlay; as
    before without calibration or head poses."""
    request, view = decoded.request, decoded.request.view
    T_world_camera, t_ns = view.T_world_camera, view.frame.capture_ns
    if request.gaze_px is None or gaze.source != "eye" or T_world_camera is None or t_ns is None:
        return drift
    if drift.looks and drift.looks[-1].number == gaze.fixations and t_ns - drift.looks[-1].t_ns < AGAIN_NS:
        return drift
    d_camera, seen = view.calibration.camera.unproject(request.gaze_px)
    if not seen:
        return drift
    head = view.calibration.T_head_camera
    at, around = angles_of(head.rotate(d_camera)), []
    for thing in objects:
        track = tracker.of(thing.id)
        if track is None or track.first_ns > t_ns - KNOWN_NS or not thing.rays:
            continue
        middle, covariance = _spread_of(head.rotate(np.asarray(thing.rays[0])))
        if hypot(*(middle - at)) <= NEAR_RAD and np.trace(covariance) <= LARGEST_RAD**2:
            around.append((middle - at, covariance))
    if not around:
        return drift
    offsets, covariances = (np.stack(column) for column in zip(*around, strict=True))
    return drift.added(Look.among(t_ns, gaze.fixations, T_world_camera.rotate(d_camera), offsets, covariances))


def _spread_of(ring: Array) -> tuple[Array, Array]:
    """Where the area in an outline (V, 3), unit rays in the head's axes, is: its middle (2,), rad to the right and up,
    and its covariance (2, 2)."""
    angles = angles_of(ring)
    origin = angles.mean(axis=0)
    m = cv2.moments((angles - origin).astype(np.float32))
    if m["m00"] <= 1e-9:
        return origin, np.cov(angles.T)
    middle = origin + np.array([m["m10"], m["m01"]]) / m["m00"]
    return middle, np.array([[m["mu20"], m["mu11"]], [m["mu11"], m["mu02"]]]) / m["m00"]
