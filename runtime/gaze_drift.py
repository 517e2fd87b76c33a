"""Whether gaze has drifted since it was calibrated, told from where fixations fall among the things that are known.

People look near the middles of things (A. Nuthmann & J. Henderson, "Object-based attentional selection in scene
viewing", J. Vision 10(8), 2010: with a spread of about a quarter of the size). When the headset slips, all fixations
are displaced alike, and fall beside the things that were outlined before. So the drift is the one shift that brings the
fixations of the last seconds back to middles: the most likely of a grid of shifts, each fixation being explained by the
thing that fits it best, or by none. It is implicit calibration (Y. Sugano & A. Bulling, "Self-calibrating head-mounted
eye trackers using egocentric visual saliency", UIST 2015) with outlines in the place of saliency. What it finds is
proposed and never applied unasked.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from math import acos, hypot, pi, radians

import numpy as np
from numpy.typing import NDArray

from gazeline.calib.gaze_mapping import angles_of
from gazeline.runtime.events import Decoded
from gazeline.runtime.gaze import GazeState
from gazeline.runtime.gaze_correction import directions_to
from gazeline.runtime.messages import GazeDrift
from gazeline.runtime.prompt import View
from gazeline.runtime.shape import Shape
from gazeline.runtime.track import Tracker

Array = NDArray[np.float64]

KEPT_NS = 8_000_000_000  # a slip has to be seen soon, so what is older says nothing
LEAST_LOOKS = 6
LARGEST_RAD = radians(8.0)  # of what is larger, any place may be meant
NEAR_RAD = radians(9.0)  # things further from gaze explain nothing
SPREAD = 0.5  # standard deviation of where one looks, as a share of the thing's radius
NOISE_RAD = radians(0.4)  # of a fixation's direction
ELSEWHERE = 0.02 / (2.0 * pi * radians(1.0) ** 2)  # density of looks at what is not known
SURE = 5.0  # log likelihood that a shift must bring
MATTERS_RAD = radians(1.0)  # a smaller drift is within what trackers promise
STEPS_RAD = np.radians(np.linspace(-6.0, 6.0, 21))
SHIFTS_RAD = np.stack(np.meshgrid(STEPS_RAD, STEPS_RAD), axis=-1).reshape(-1, 2)  # (S, 2) right, up


@dataclass(frozen=True, eq=False)
class Look:
    """One fixation among known things: ``offsets_rad`` (K, 2), right and up, from gaze to the middle of each, in the
    head frame, and the angular radius of each (K,)."""

    t_ns: int
    number: int
    offsets_rad: Array
    radii_rad: Array


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
        likelihood = sum((_log_likelihood(look) for look in self.looks), np.zeros(len(SHIFTS_RAD)))
        best = int(likelihood.argmax())
        right, up = SHIFTS_RAD[best].tolist()
        gain = float(likelihood[best] - likelihood[len(SHIFTS_RAD) // 2])
        noticed = gain >= SURE and hypot(right, up) >= MATTERS_RAD
        return GazeDrift(right_rad=right, up_rad=up, gain=gain, looks=len(self.looks), noticed=noticed)


def watched(drift: Drift, decoded: Decoded, gaze: GazeState, tracker: Tracker, default_depth_m: float) -> Drift:
    """After an answer to gaze's question, with the look that it was; as before without calibration or head poses."""
    request, view = decoded.request, decoded.request.view
    T_world_head, t_ns = view.T_world_head, view.frame.capture_ns
    if request.gaze_px is None or gaze.source != "eye" or T_world_head is None or t_ns is None:
        return drift
    if not view.calibration.measured:
        return drift
    found = directions_to(view, [request.gaze_px], gaze.depth_m or default_depth_m)
    if found is None:
        return drift
    at = angles_of(found[0])
    known = [(_middle_of(track.shape, view), _radius_rad(track.shape)) for track in tracker.tracks if track.shape.rays]
    near = [
        (middle - at, radius) for middle, radius in known if radius <= LARGEST_RAD and hypot(*(middle - at)) <= NEAR_RAD
    ]
    if not near:
        return drift
    offsets, radii = (np.array(column) for column in zip(*near, strict=True))
    return drift.added(Look(t_ns, gaze.fixations, offsets, radii))


def _log_likelihood(look: Look) -> Array:
    """Of every shift (S,), given one look."""
    variance = NOISE_RAD**2 + (SPREAD * look.radii_rad) ** 2  # (K,)
    apart = ((look.offsets_rad[None] - SHIFTS_RAD[:, None]) ** 2).sum(axis=-1)  # (S, K)
    density = np.exp(-apart / (2.0 * variance)) / (2.0 * pi * variance)
    return np.asarray(np.log(density.max(axis=1) + ELSEWHERE))


def _middle_of(shape: Shape, view: View) -> Array:
    """Where a thing's middle lies (2,), rad to the right and up, from between the eyes at the picture's capture."""
    T_world_head, there = view.T_world_head, shape.T_world_camera
    assert T_world_head is not None
    assert there is not None
    d_head = T_world_head.R.T @ shape.d_world
    if shape.depth_m is not None:
        p_world = there.xyz_m + shape.depth_m * shape.d_world
        d_head = T_world_head.inverse().apply(p_world) - view.calibration.eyes_m
    return angles_of(d_head)


def _radius_rad(shape: Shape) -> float:
    return acos(min(max(shape.least_cosine, -1.0), 1.0))
