"""The follow stage: outlines are carried from picture to picture by what the pixels inside of them do.

A few points inside of each outline are sought in the new picture, near where the head's motion puts them, and back
again (J.-Y. Bouguet, "Pyramidal implementation of the Lucas Kanade feature tracker", 2001; Z. Kalal, K. Mikolajczyk and
J. Matas, "Forward-backward error", ICPR 2010). What most of them do together, a shift or with many points a similarity,
the outline does. Where they stay put, the head's motion alone carries it, and nothing adds up. An outline whose inside
no longer looks as it did when it was seen, or is at another distance, is covered or gone.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.runtime.depth import UNKNOWN, Plane
from gazeline.runtime.events import Follow, Followed, Grey
from gazeline.runtime.images import grey_of
from gazeline.runtime.prompt import View
from gazeline.runtime.tracking.carry import Standing, standings
from gazeline.runtime.tracking.shape import Array
from gazeline.runtime.tracking.track import Track, Trail

Bools = NDArray[np.bool_]

WIDTH = 320  # px of the picture in which points are sought
WINDOW = 13  # px around a point that are compared
LEVELS = 3
POINTS = 16  # per outline
RETURN_PX = 0.7  # a point that comes back farther from where it began was not found
TOGETHER_PX = 1.0  # points that stray farther from the others are not of the same motion
FEWEST, MOST_OF = 3, 0.4  # so many points, and this share of them, must move together
SIMILAR = 8  # with so many the outline turns and grows, too
STILL_PX = 0.6  # with a known head pose, a smaller motion is noise
LIGHTER = 20.0  # grey values by which all may change with the light
CHANGED, NOISE = 0.5, 8.0  # a texture that differs by more than this share of its own contrast and this is another
NEARER, FARTHER = 0.8, 1.25  # of the distance that it should be at: covered, or gone
MOST_OFF = 0.6  # by this share of what is known


def follow(request: Follow, clock_ns: Callable[[], int] = time.monotonic_ns) -> Followed:
    """Answer a `Follow`. Raises ValueError (a `WireError` for a broken picture)."""
    started_ns = clock_ns()
    picture, scale = grey_of(request.picture, WIDTH)
    view = request.view
    grey = Grey(view, picture, scale)
    camera = view.calibration.camera if view.calibration.measured else None
    now = standings(request.tracks, camera, view.T_world_camera)
    t_ns = view.frame.capture_ns or 0
    warps = {track.id: track.trail.warp for track in request.tracks}
    for before in request.before:
        group = [
            (track, where)
            for track, where in zip(request.tracks, now, strict=True)
            if where is not None and track.trail.at_ns == before.view.frame.capture_ns
        ]
        if group:
            warps |= _moved(group, before, grey)
    moved = [
        replace(track, trail=replace(track.trail, at_ns=t_ns, warp=warps[track.id]))
        for track, where in zip(request.tracks, now, strict=True)
        if where is not None
    ]
    trails = tuple(
        (track, _checked(track, track.trail, where, request, grey))
        for track, where in zip(moved, standings(moved, camera, view.T_world_camera), strict=True)
    )
    return Followed(request, grey, trails, {"follow": (clock_ns() - started_ns) * 1e-6})


def _moved(group: Sequence[tuple[Track, Standing]], before: Grey, grey: Grey) -> dict[int, Array]:
    """The new warps, by track, of those whose points were found again, from one earlier picture to this one."""
    camera = before.view.calibration.camera if before.view.calibration.measured else None
    there = standings([track for track, _ in group], camera, before.view.T_world_camera)
    with_pose = camera is not None and before.view.T_world_camera is not None and grey.view.T_world_camera is not None
    sought = []
    for (track, here), where in zip(group, there, strict=True):
        if where is None or (to_there := _to(track, where)) is None or (to_here := _to(track, here)) is None:
            continue
        points = track.shape.inner[:: -(-len(track.shape.inner) // POINTS)]
        sought.append((track, applied(to_there, points), applied(to_here, points)))
    if not sought:
        return {}
    starts, guesses = (np.concatenate([each[k] for each in sought]) for k in (1, 2))
    ends, found = _flow(before, grey, starts, guesses)
    warps, first = {}, 0
    for track, points, _ in sought:
        mine = slice(first, first + len(points))
        first += len(points)
        step = _together(guesses[mine], ends[mine], found[mine], still_px=STILL_PX if with_pose else 0.0)
        if step is not None:
            warps[track.id] = composed(step, track.trail.warp)
    return warps


def _flow(before: Grey, grey: Grey, starts: Array, guesses: Array) -> tuple[Array, Bools]:
    """Where points (N, 2) px of an earlier picture are in this one, and which were found. ``guesses``: near there."""
    from_px, guess_px = before.small(starts), grey.small(guesses)
    there, ok = _sought(before.picture, grey.picture, from_px, guess_px)
    back, ok_back = _sought(grey.picture, before.picture, there, from_px)
    returned = np.linalg.norm(back - from_px, axis=1) < RETURN_PX
    return grey.large(there), np.asarray(ok & ok_back & returned, np.bool_)


def _sought(
    a: NDArray[np.uint8], b: NDArray[np.uint8], points: NDArray[np.float32], guesses: NDArray[np.float32]
) -> tuple[NDArray[np.float32], Bools]:
    """Where points (N, 2) of one small picture are in another, and which were found."""
    found, ok, _ = cv2.calcOpticalFlowPyrLK(
        a,
        b,
        points,
        guesses.copy(),
        winSize=(WINDOW, WINDOW),
        maxLevel=LEVELS,
        criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 10, 0.03),
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    return np.asarray(found, np.float32), np.asarray(ok).ravel() > 0


def _together(guesses: Array, ends: Array, found: Bools, still_px: float) -> Array | None:
    """What most of the points did beyond what was expected, (2, 3) px; None if it is nothing, or they disagree."""
    if found.sum() < FEWEST:
        return None
    off = ends - guesses
    middle = np.median(off[found], axis=0)
    near = found & (np.linalg.norm(off - middle, axis=1) < 2.0 * TOGETHER_PX)
    if near.sum() < max(FEWEST, MOST_OF * len(found)):
        return None
    if float(np.linalg.norm(middle)) < still_px:
        return None
    if near.sum() >= SIMILAR:
        return similarity(guesses[near], ends[near])
    shift = off[near].mean(axis=0)
    return np.array([[1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]]])


def _checked(track: Track, trail: Trail, where: Standing | None, request: Follow, grey: Grey) -> Trail:
    """The trail, knowing whether its thing is to be seen there."""
    t_ns = trail.at_ns
    texture = trail.texture
    if texture is None:
        seen = next((g for g in (*request.before, grey) if g.view.frame.capture_ns == track.seen_ns), None)
        texture = None if seen is None else _values(seen, track.shape.inner)
    to_here = None if where is None else _to(track, where)
    if where is None or to_here is None:
        return replace(trail, texture=texture)
    points = applied(to_here, track.shape.inner)
    off = (texture is not None and _changed(texture, _values(grey, points))) or (
        request.depth is not None and bool(where.depths) and _elsewhere(points, where, request.depth, request.view)
    )
    lost_ns = None if not off else t_ns if trail.lost_ns is None else trail.lost_ns
    return Trail(t_ns, trail.warp, texture, lost_ns)


def _values(grey: Grey, px: Array) -> NDArray[np.float32]:
    """The grey values at pixels (N, 2) of the frame; NaN outside of it."""
    x, y = grey.small(px).T
    values = cv2.remap(grey.picture.astype(np.float32), x, y, cv2.INTER_LINEAR, borderValue=float("nan")).ravel()
    return np.asarray(values, np.float32)


def _changed(before: NDArray[np.float32], now: NDArray[np.float32]) -> bool:
    """Whether grey values (N,), NaN where unknown, are not those of the same surface."""
    known = np.isfinite(before) & np.isfinite(now)
    if known.sum() < FEWEST:
        return False
    a, b = before[known], now[known]
    light = float(np.median(b - a))
    return abs(light) > LIGHTER or float(np.abs(b - a - light).mean()) > CHANGED * float(a.std()) + NOISE


def _elsewhere(points: Array, where: Standing, plane: Plane, view: View) -> bool:
    """Whether what a depth picture shows at points (N, 2) px is nearer or farther than the outline."""
    far_m = np.concatenate(where.depths)
    scale = np.array([plane.shape[1] / view.frame.width, plane.shape[0] / view.frame.height])
    column, row = np.rint((points + 0.5) * scale - 0.5).astype(int).T
    inside = (column >= 0) & (row >= 0) & (column < plane.shape[1]) & (row < plane.shape[0])
    seen = plane[row[inside], column[inside]]
    seen_m = 1e-3 * seen[(seen != UNKNOWN[0]) & (seen != UNKNOWN[1])]
    if len(seen_m) < FEWEST:
        return False
    return bool(((seen_m < NEARER * far_m.min()) | (seen_m > FARTHER * far_m.max())).mean() > MOST_OFF)


def _to(track: Track, where: Standing) -> Array | None:
    """How the outline as it was seen became the one of a picture, (2, 3) px; None where parts of it are missing."""
    seen, now = np.concatenate(track.shape.rings), np.concatenate(where.rings)
    return similarity(seen, now) if len(seen) == len(now) else None


def similarity(a: Array, b: Array) -> Array:
    """The turn, growth and shift (2, 3) that takes points (N, 2) nearest to others, by least squares."""
    z, w = (points[:, 0] + 1j * points[:, 1] for points in (a, b))
    from_z, to_w = z.mean(), w.mean()
    spread = float((np.abs(z - from_z) ** 2).sum())
    turn = np.vdot(z - from_z, w - to_w) / spread if spread > 1e-9 else 1.0 + 0.0j
    shift = to_w - turn * from_z
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def composed(after: Array, before: Array) -> Array:
    """One warp (2, 3) after another."""
    return np.hstack((after[:, :2] @ before[:, :2], (after[:, :2] @ before[:, 2] + after[:, 2])[:, None]))


def applied(warp: Array, points: Array) -> Array:
    """Points (N, 2) after a warp (2, 3)."""
    return np.asarray(points @ warp[:, :2].T + warp[:, 2])
