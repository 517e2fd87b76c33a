"""Outlines followed from picture to picture: what moves, what stays, what is covered, and pictures that are broken."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.calib.cameras import Pinhole
from gazeline.calib.se3 import FORWARD_CAMERA, SE3
from gazeline.runtime.events import Follow, Followed
from gazeline.runtime.images import grey_of
from gazeline.runtime.messages import Frame
from gazeline.runtime.prompt import Calibration, View, nominal
from gazeline.runtime.tracking.carry import standings
from gazeline.runtime.tracking.follow import follow
from gazeline.runtime.tracking.shape import Shape
from gazeline.runtime.tracking.track import Track, Trail
from gazeline.runtime.wire import Received, WireError, pack, unpack

CAMERA = Pinhole(640, 480, 500.0, 500.0, 319.5, 239.5)
CALIBRATION = Calibration(CAMERA, FORWARD_CAMERA, np.zeros(3), measured=True)
MS = 1_000_000
HALF = 40
Image = NDArray[np.uint8]


def noise(seed: int, height: int, width: int) -> Image:
    """A texture such as things have."""
    rough = np.random.default_rng(seed).integers(0, 255, (height // 8, width // 8, 3), np.uint8)
    return np.asarray(cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


BACKGROUND, THING, COVER = noise(1, 480, 640), noise(2, 2 * HALF, 2 * HALF), noise(3, 120, 120)


def picture(x: int, y: int, *, covered: bool = False) -> Image:
    """The thing with its middle at (x, y)."""
    image = BACKGROUND.copy()
    image[y - HALF : y + HALF, x - HALF : x + HALF] = THING
    if covered:
        image[y - 60 : y + 60, x - 60 : x + 60] = COVER
    return image


def view(t_ms: int, *, calibrated: bool = True) -> View:
    frame = Frame(topic="frame.world", capture_ns=t_ms * MS, width=640, height=480, index=t_ms, format="rgb")
    return View(frame, CALIBRATION, SE3.identity()) if calibrated else View(frame, nominal(frame), None)


def outlined(x: float, y: float, *, calibrated: bool = True) -> Track:
    """As it was seen at 0 ms."""
    h = HALF - 0.5
    ring = np.array([(x - h, y - h), (x + h, y - h), (x + h, y + h), (x - h, y + h)])
    rays = (CAMERA.unproject(ring)[0],) if calibrated else ()
    return Track(1, Shape((ring,), rays, FORWARD_CAMERA if calibrated else None), 0, Trail(0))


def through(track: Track, places: list[tuple[int, int]], *, calibrated: bool = True, covered: bool = False) -> Track:
    """Followed through pictures 33 ms apart, the first of which it was outlined in."""
    before: tuple[Followed, ...] = ()
    for i, (x, y) in enumerate(places):
        image = picture(x, y, covered=covered and i > 0)
        request = Follow(view(33 * i, calibrated=calibrated), image, (track,), tuple(f.grey for f in before))
        before = (*before, follow(request))[-2:]
        ((_, trail),) = before[-1].trails
        track = replace(track, trail=trail)
    return track


def middle(track: Track, *, calibrated: bool = True) -> NDArray[np.float64]:
    (where,) = standings([track], CAMERA if calibrated else None, FORWARD_CAMERA if calibrated else None)
    assert where is not None
    return np.asarray(where.rings[0].mean(axis=0))


@pytest.mark.parametrize("calibrated", [True, False])
def test_what_moves_is_followed(calibrated: bool) -> None:
    path = [(200 + 9 * i, 200 + 4 * i) for i in range(12)]
    track = through(outlined(199.5, 199.5, calibrated=calibrated), path, calibrated=calibrated)
    assert middle(track, calibrated=calibrated) == pytest.approx(np.array(path[-1]) - 0.5, abs=4.0)
    assert track.trail.lost_ns is None


def test_what_stays_put_does_not_drift() -> None:
    track = through(outlined(199.5, 199.5), [(200, 200)] * 30)
    assert middle(track) == pytest.approx([199.5, 199.5], abs=1e-9)
    assert track.trail.lost_ns is None


def test_what_is_covered_is_lost_and_stays_where_it_was() -> None:
    track = through(outlined(199.5, 199.5), [(200, 200)] * 4, covered=True)
    assert track.trail.lost_ns == 33 * MS
    assert middle(track) == pytest.approx([199.5, 199.5], abs=25.0)


def test_what_comes_back_into_view_is_found_again() -> None:
    track = through(outlined(199.5, 199.5), [(200, 200)] * 3, covered=True)
    request = Follow(view(200), picture(200, 200), (replace(track, trail=replace(track.trail, at_ns=1)),), ())
    ((_, trail),) = follow(request).trails
    assert trail.lost_ns is None


def test_another_distance_is_another_surface() -> None:
    track = outlined(199.5, 199.5)
    shape = replace(track.shape, depth_m=2.0, depths=(np.full(4, 2.0),))
    for depth_mm, lost in ((2000, False), (1000, True), (3500, True), (0, False)):
        plane = np.full((240, 320), depth_mm, np.uint16)
        request = Follow(view(0), picture(200, 200), (replace(track, shape=shape),), (), plane)
        ((_, trail),) = follow(request).trails
        assert (trail.lost_ns is not None) == lost, depth_mm


def jpeg(image: Image, cut: int = 0) -> Received:
    ok, data = cv2.imencode(".jpg", image[..., ::-1])
    assert ok
    frame = Frame(topic="frame.world", capture_ns=1, width=640, height=480, index=1, format="jpeg")
    raw = data.tobytes()
    return unpack(pack(frame, raw[: len(raw) - cut]), 1)


def test_a_jpeg_is_made_small_and_grey_and_a_broken_one_is_refused() -> None:
    grey, scale = grey_of(jpeg(picture(200, 200)), 320)
    assert (grey.shape, scale) == ((240, 320), 0.5)
    same, _ = grey_of(picture(200, 200), 320)
    assert np.abs(grey.astype(int) - same.astype(int)).mean() < 3.0
    with pytest.raises(WireError, match="cut off"):
        grey_of(jpeg(picture(200, 200), cut=500), 320)
