"""How far the outlined object is, from depth pictures with a background that must not leak in; and its way through."""

import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.runtime import messages as m
from gazeline.runtime.app import event_of
from gazeline.runtime.depth import distances, metres
from gazeline.runtime.events import DepthArrived, Event
from gazeline.runtime.outline import Outline, outline
from gazeline.runtime.topics import FRAME_DEPTH
from gazeline.runtime.wire import pack, unpack
from tests.runtime.pipeline_drive import Drive, World, pixel, towards

WIDTH, HEIGHT = 320, 240
YX = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)


def disc(x: float, y: float, radius: float) -> Outline:
    shape = outline((radius - np.hypot(YX[1] - x, YX[0] - y)).astype(np.float32))
    assert shape is not None
    return shape


def scene(near_mm: NDArray[np.float64] | float, radius: float = 40.0, far_mm: float = 3000.0) -> NDArray[np.uint16]:
    """A disc at (160, 120) in front of a wall."""
    inside = np.hypot(YX[1] - 160.0, YX[0] - 120.0) < radius
    return np.where(inside, near_mm, far_mm).astype(np.uint16)


@pytest.mark.parametrize("overshoot", [0.0, 3.0])
@pytest.mark.parametrize("every", [1, 2, 4])
def test_the_background_does_not_leak_in(overshoot: float, every: int) -> None:
    """Even where the mask reaches 3 px over the object's border, and the depth picture is coarse."""
    plane = np.ascontiguousarray(scene(800.0)[every // 2 :: every, every // 2 :: every])
    found = distances(disc(160.0, 120.0, 40.0 + overshoot), plane, WIDTH, HEIGHT)
    assert found is not None
    assert found.median_m == pytest.approx(0.8)
    np.testing.assert_allclose(found.rings[0], 0.8, atol=1e-6)


def test_each_vertex_has_the_distance_of_the_surface_beside_it() -> None:
    slope = 600.0 + 2.0 * YX[1]  # mm: the left side is nearer
    shape = disc(160.0, 120.0, 40.0)
    found = distances(shape, scene(slope), WIDTH, HEIGHT)
    assert found is not None
    np.testing.assert_allclose(found.rings[0], 0.6 + 0.002 * shape.rings[0][:, 0], atol=0.008)


def test_noise_is_averaged_and_holes_are_bridged() -> None:
    rng = np.random.default_rng(0)
    plane = scene(1000.0 + rng.normal(0.0, 20.0, (HEIGHT, WIDTH)))
    plane[rng.random(plane.shape) < 0.3] = 0
    plane[100:110] = 65535
    found = distances(disc(160.0, 120.0, 40.0), plane, WIDTH, HEIGHT)
    assert found is not None
    assert found.median_m == pytest.approx(1.0, abs=0.003)
    assert np.abs(found.rings[0] - 1.0).mean() < 0.012  # one sample alone is 16 mm off on average
    assert (found.rings[0] > 0.9).all()


def test_a_thing_in_front_is_not_asked() -> None:
    plane = scene(1000.0)
    plane[:, 150:156] = 300  # a pole before the disc
    found = distances(disc(160.0, 120.0, 40.0), plane, WIDTH, HEIGHT)
    assert found is not None
    assert found.median_m == pytest.approx(1.0)
    np.testing.assert_allclose(found.rings[0], 1.0, atol=1e-6)


def test_a_thin_thing_has_its_own_distance_and_an_unknown_one_has_none() -> None:
    thin = outline((1.0 - np.abs(YX[1] - 160.0)).astype(np.float32))
    assert thin is not None
    plane = np.full((HEIGHT, WIDTH), 3000, np.uint16)
    plane[:, 159:162] = 700
    found = distances(thin, plane, WIDTH, HEIGHT)
    assert found is not None
    assert found.median_m == pytest.approx(0.7)
    assert distances(disc(160.0, 120.0, 40.0), np.zeros((HEIGHT, WIDTH), np.uint16), WIDTH, HEIGHT) is None
    assert distances(disc(160.0, 120.0, 40.0), np.full((9, 12), 65535, np.uint16), WIDTH, HEIGHT) is None


def test_rings_have_as_many_distances_as_vertices_even_at_the_border_of_the_picture() -> None:
    ring = np.minimum(30.0 - np.hypot(YX[1] - 5.0, YX[0] - 5.0), np.hypot(YX[1] - 5.0, YX[0] - 5.0) - 12.0)
    shape = outline(ring.astype(np.float32))
    assert shape is not None
    found = distances(shape, np.full((60, 80), 1234, np.uint16), WIDTH, HEIGHT)
    assert found is not None
    assert [len(d) for d in found.rings] == [len(r) for r in shape.rings]
    np.testing.assert_allclose(np.concatenate(found.rings), 1.234, rtol=1e-6)


def test_depth_in_metres() -> None:
    depth_m = metres(np.array([[1000, 0], [65535, 2500]], np.uint16))
    assert depth_m.dtype == np.float32
    np.testing.assert_allclose(depth_m, [[1.0, 0.0], [0.0, 2.5]])


# ---- through the pipeline: discs at 0.7 m before a wall at 3 m


def depth_message(drive: Drive, t_ms: float, **changes: object) -> Event:
    """As it comes over the bus, of what the world shows at ``t_ms``."""
    x, y = pixel(towards(0.0), drive.world.head_pose(t_ms))
    step_px = np.mgrid[0:120, 0:160] * 4 + 1.5
    mm = np.where(np.hypot(step_px[1] - x, step_px[0] - y) < 40.0, 700, 3000).astype("<u2")
    fields: dict[str, object] = {"capture_ns": drive.ns(t_ms), "width": 160, "height": 120, "index": 0, **changes}
    frame = m.Frame(topic=FRAME_DEPTH, format="depth16", T_head_camera_id="headset", **fields)  # type: ignore[arg-type]
    event = event_of(unpack(pack(frame, mm.tobytes())))
    assert isinstance(event, DepthArrived)
    return event


class WithDepth(Drive):
    """Each picture's depth arrives just before it; ``changes`` to its messages."""

    def __init__(self, world: World, shift_ms: float = 0.0, **changes: object) -> None:
        self._shift_ms, self._changes = shift_ms, changes
        super().__init__(world)

    def frame(self, t_ms: float | None = None) -> m.Frame:
        made = super().frame(t_ms)
        if self.now_ms + self._shift_ms >= 0.0:
            self.feed(depth_message(self, self.now_ms + self._shift_ms, **self._changes))
        return made


@pytest.fixture
def seen() -> Drive:
    return WithDepth(World()).run(500)


def test_outlines_carry_their_distances(seen: Drive) -> None:
    shown = [o for _, o in seen.overlays() if o.objects]
    assert shown
    for overlay in shown:
        (thing,) = overlay.objects
        assert thing.depth_m == pytest.approx(0.7)
        assert [len(ring) for ring in thing.depths_m] == [len(ring) for ring in thing.outline]
        np.testing.assert_allclose(np.concatenate(thing.depths_m), 0.7, atol=1e-6)
        assert unpack(pack(overlay)).message == overlay
    assert all(e.depth is not None for _, e in seen.encodes()[1:])


def test_without_a_depth_picture_of_that_instant_gaze_says_how_far_it_is() -> None:
    for drive in (Drive(World()), WithDepth(World(), shift_ms=-16.0)):
        drive.run(500)
        (thing,) = drive.overlays()[-1][1].objects
        assert (thing.depth_m, thing.depths_m) == (None, [])
        assert all(e.depth is None for _, e in drive.encodes())
    near = WithDepth(World(), shift_ms=-8.0).run(500)
    assert near.overlays()[-1][1].objects[0].depths_m


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"width": 120, "height": 160}, "depth_other_view"),
        ({"camera_id": "left"}, "depth_other_view"),
        ({"capture_ns": 1}, "depth_late"),
        ({"capture_ns": 2**62}, "depth_future"),
    ],
)
def test_depth_that_belongs_to_no_picture_is_counted(changes: dict[str, object], reason: str) -> None:
    drive = WithDepth(World(), 0.0, **changes).run(300)
    assert drive.state.dropped[reason] >= 8
    assert not drive.overlays()[-1][1].objects[0].depths_m


def test_depth_pictures_do_not_pile_up(seen: Drive) -> None:
    for i in range(200):
        seen.feed(depth_message(seen, seen.now_ms + i * 0.01))
    assert len(seen.state.inputs.depths.times_ns) <= 16
