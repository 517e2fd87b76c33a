"""What the HUD draws, without OpenGL or OpenXR: where outlines stand, how things fade, where labels go."""

from math import radians

import numpy as np
import pytest

from gazeline.calib.cameras import Pinhole
from gazeline.calib.se3 import SE3
from gazeline.calib.so3 import angle_rad
from gazeline.runtime.messages import OverlayObject
from gazeline.runtime.reproject import reproject
from tests.runtime.hud_things import CAMERA_AT, Array, disc, overlay, thing

pytest.importorskip("PIL")

from gazeline.runtime.hud.drawing import Drawing, Panel, Ring
from gazeline.runtime.hud.fade import FADE_NS, faded
from gazeline.runtime.hud.place import placed
from gazeline.runtime.hud.scene import HOLD_NS, Hud
from gazeline.runtime.hud.select import Dwell, prompt_of
from gazeline.runtime.hud.style import AMBER, ICE, style_for
from gazeline.runtime.hud.views import Eye, Views, stereo, symmetric

PIXEL_RAD = radians(0.06)
TANGENTS = (1.0, 1.0, 1.0, 1.0)
FRAME_NS = 14_000_000
HEAD = SE3.exp((0.1, 1.6, 0.2, 0.05, 0.3, -0.02))  # somewhere, looking somewhere
CAPTURE = HEAD @ CAMERA_AT


def turned(T: SE3, yaw_deg: float, xyz_m: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> SE3:
    return T @ SE3.exp((*xyz_m, 0.0, radians(yaw_deg), 0.0))


def ahead(x: float, y: float, z: float, radius_m: float = 0.1) -> Array:
    """A disc in the head's frame at capture, as points of the world."""
    return HEAD.apply(disc((x, y, -z), radius_m))


def shown(hud: Hud, objects: list[OverlayObject], views: Views, frames: int = 30, start_ns: int = 0) -> Drawing:
    """The drawing once everything has faded in."""
    drawing = Drawing()
    for number in range(frames):
        now_ns = start_ns + number * FRAME_NS
        hud.show(placed(overlay(objects, CAPTURE), CAPTURE, default_depth_m=1.0), ICE, now_ns)
        drawing = hud.frame(views, now_ns)
    return drawing


def names_of(drawing: Drawing) -> list[str]:
    return [panel.label.text[0] for panel in drawing.panels]


def corners(panel: Panel, views: Views) -> Array:
    """((left, down), (right, up)) in tangents."""
    signs = np.array(((-1, -1), (1, 1)))
    return views.tangents(panel.middle_m + signs[:, :1] * panel.right_m + signs[:, 1:] * panel.up_m)


# ------------------------------------------------------------------------------------------------ where things stand
@pytest.mark.parametrize(("yaw_deg", "step_m"), [(10.0, (0.0, 0.0, 0.0)), (-25.0, (0.2, -0.1, 0.15))])
def test_each_eye_sees_an_outline_where_reproject_says(yaw_deg: float, step_m: tuple[float, float, float]) -> None:
    views = stereo(turned(HEAD, yaw_deg, step_m), [TANGENTS] * 2, PIXEL_RAD)
    for depth in (True, False):
        known = thing(1, ahead(0.2, -0.1, 0.8), CAPTURE, depth=depth)
        (found,) = placed(overlay([known], CAPTURE), CAPTURE, default_depth_m=1.4)
        for eye in views.eyes:
            (expected,) = reproject(known, CAPTURE, eye.T_world_eye, default_depth_m=1.4)
            seen = eye.T_eye_world.apply(found.rings_m[0])
            assert angle_rad(seen, expected).max() < 1e-6


def test_the_distance_is_the_vertices_then_the_objects_then_an_assumed_one() -> None:
    ring = ahead(0.0, 0.0, 0.8)
    distance = float(np.linalg.norm(CAPTURE.inverse().apply(ring), axis=-1).mean())
    everything = thing(1, ring, CAPTURE, gazed=True)
    flat = thing(1, ring, CAPTURE, gazed=True)
    flat.depths_m = []
    nothing = thing(1, ring, CAPTURE, gazed=True, depth=False)

    def drawn_at(each: OverlayObject) -> float:
        (found,) = placed(overlay([each], CAPTURE), CAPTURE, default_depth_m=3.0)
        return float(np.linalg.norm(CAPTURE.inverse().apply(found.rings_m[0]), axis=-1).mean())

    assert drawn_at(everything) == pytest.approx(distance, abs=1e-6)
    assert drawn_at(flat) == pytest.approx(distance, abs=0.01)
    assert drawn_at(nothing) == pytest.approx(3.0)


def test_outlines_without_rays_go_through_the_camera_or_are_left_out() -> None:
    camera = Pinhole(640, 480, 400.0, 400.0, 320.0, 320.0)
    with_rays = thing(1, ahead(0.1, 0.0, 1.0), CAPTURE)
    without = thing(1, ahead(0.1, 0.0, 1.0), CAPTURE)
    without.rays = []
    (a,) = placed(overlay([with_rays], CAPTURE), CAPTURE, default_depth_m=1.0)
    (b,) = placed(overlay([without], CAPTURE), CAPTURE, camera, default_depth_m=1.0)
    np.testing.assert_allclose(a.rings_m[0], b.rings_m[0], atol=1e-9)
    assert placed(overlay([without], CAPTURE), CAPTURE, default_depth_m=1.0) == ()


def test_what_moves_is_drawn_where_it_will_be() -> None:
    moving = thing(1, ahead(0.0, 0.0, 1.0), CAPTURE)
    moving.velocity_m_s = (0.5, 0.0, 0.0)
    (found,) = placed(overlay([moving], CAPTURE, capture_ns=1_000), CAPTURE, default_depth_m=1.0)
    np.testing.assert_allclose(found.at(100_001_000).centre_m - found.centre_m, (0.05, 0.0, 0.0), atol=1e-9)
    np.testing.assert_allclose(found.at(9_000_001_000).centre_m - found.centre_m, (0.1, 0.0, 0.0), atol=1e-9)


# ------------------------------------------------------------------------------------------------------------- fades
def test_a_fade_takes_its_time_both_ways() -> None:
    shares = faded({}, ["a"], FADE_NS // 4)
    assert shares == {"a": pytest.approx(0.25)}
    assert faded(shares, ["a"], FADE_NS) == {"a": 1.0}
    assert faded({"a": 1.0}, [], FADE_NS // 2) == {"a": pytest.approx(0.5)}
    assert faded({"a": 1.0}, [], FADE_NS) == {}
    assert 100_000_000 <= FADE_NS <= 150_000_000


def test_when_no_overlay_comes_everything_is_gone_within_300_ms_and_nothing_pops() -> None:
    views = symmetric(HEAD, 1000, 1000, 80.0)
    hud = Hud(style_for("alpha"), PIXEL_RAD)
    objects = [thing(1, ahead(0.0, 0.0, 0.8), CAPTURE, gazed=True), thing(2, ahead(0.5, 0.0, 1.2), CAPTURE, name="cup")]
    last_ns = 0
    for number in range(40):  # twenty overlays a second
        last_ns = number * 50_000_000
        hud.show(placed(overlay(objects, CAPTURE), CAPTURE, default_depth_m=1.0), ICE, last_ns)
        drawing = hud.frame(views, last_ns)
    assert len(drawing.panels) == 2
    alphas = []
    for passed_ns in range(0, 400_000_000, 10_000_000):
        drawing = hud.frame(views, last_ns + passed_ns)
        alphas.append(max((stroke.alpha for stroke in drawing.strokes), default=0.0))
        if passed_ns >= 300_000_000:
            assert not drawing.strokes
            assert not drawing.panels
        elif passed_ns < HOLD_NS:
            assert alphas[-1] == 1.0
    assert max(-np.diff(alphas)) < 0.25


def test_a_slow_runtime_is_waited_for() -> None:
    views = symmetric(HEAD, 1000, 1000, 80.0)
    hud = Hud(style_for("alpha"), PIXEL_RAD)
    things = placed(overlay([thing(1, ahead(0.0, 0.0, 0.8), CAPTURE)], CAPTURE), CAPTURE, default_depth_m=1.0)
    for number in range(10):  # four overlays a second
        for part in range(25):
            now_ns = number * 250_000_000 + part * 10_000_000
            if part == 0:
                hud.show(things, ICE, now_ns)
            drawing = hud.frame(views, now_ns)
            assert number < 3 or drawing.strokes


def test_emphasis_goes_from_one_object_to_the_other_without_a_jump() -> None:
    views = symmetric(HEAD, 1000, 1000, 80.0)
    hud = Hud(style_for("alpha"), PIXEL_RAD)

    def pair(gazed: int) -> list[OverlayObject]:
        at = {1: ahead(-0.4, 0.0, 1.0), 2: ahead(0.4, 0.0, 1.0)}
        return [thing(each, ring, CAPTURE, gazed=each == gazed, name=f"cup {each}") for each, ring in at.items()]

    first = shown(hud, pair(1), views)
    assert [panel.label.text[0] for panel in first.panels if len(panel.label.text) > 1] == ["cup 1"]
    widths = []
    start_ns = 30 * FRAME_NS
    for number in range(20):
        now_ns = start_ns + number * FRAME_NS
        hud.show(placed(overlay(pair(2), CAPTURE), CAPTURE, default_depth_m=1.0), ICE, now_ns)
        drawing = hud.frame(views, now_ns)
        widths.append(max(stroke.line.half_rad for stroke in drawing.strokes))
    assert [panel.label.text[0] for panel in drawing.panels if len(panel.label.text) > 1] == ["cup 2"]
    assert max(abs(np.diff(widths))) < 0.3 * max(widths)


# ------------------------------------------------------------------------------------------------------------ labels
def many(count: int, gazed: int, rng: np.random.Generator) -> list[OverlayObject]:
    places = rng.uniform((-0.7, -0.5, 0.7), (0.7, 0.5, 1.6), (count, 3))
    return [
        thing(i, ahead(x, y, z, 0.03 + 0.08 * rng.random()), CAPTURE, gazed=i == gazed, name=f"thing {i}")
        for i, (x, y, z) in enumerate(places.tolist())
    ]


@pytest.mark.parametrize("seed", range(6))
def test_labels_never_overlap_and_never_cover_what_is_looked_at(seed: int) -> None:
    rng = np.random.default_rng(seed)
    objects = many(14, gazed=3, rng=rng)
    views = symmetric(HEAD, 1400, 1400, 90.0)
    drawing = shown(Hud(style_for("alpha"), PIXEL_RAD), objects, views)
    boxes = [corners(panel, views) for panel in drawing.panels]
    assert "thing 3" in names_of(drawing)
    assert len(boxes) > 7
    for i, (low, high) in enumerate(boxes):
        for other_low, other_high in boxes[:i]:
            assert (low > other_high).any() or (high < other_low).any()
    gazed = placed(overlay([objects[3]], CAPTURE), CAPTURE, default_depth_m=1.0)[0]
    outline = views.tangents(gazed.rings_m[0])
    for low, high in boxes:
        assert not ((outline > low) & (outline < high)).all(axis=-1).any()
        assert not ((low > outline.min(axis=0)) & (high < outline.max(axis=0))).all()


def test_labels_stand_still_in_the_world_while_outlines_tremble_and_the_head_turns() -> None:
    rng = np.random.default_rng(1)
    rings = {i: ahead(-0.6 + 0.3 * i, 0.1 * (i % 2), 1.0, 0.08) for i in range(5)}
    hud = Hud(style_for("alpha"), PIXEL_RAD)
    tracks: dict[str, list[Array]] = {}
    sides = []
    for number in range(120):
        trembling = [
            thing(i, ring + rng.normal(0.0, 0.001, ring.shape), CAPTURE, gazed=i == 2, name=f"thing {i}")
            for i, ring in rings.items()
        ]
        now_ns = number * FRAME_NS
        if number % 4 == 0:
            hud.show(placed(overlay(trembling, CAPTURE), CAPTURE, default_depth_m=1.0), ICE, now_ns)
        views = symmetric(turned(HEAD, 4.0 * np.sin(number / 20)), 1400, 1400, 90.0)
        drawing = hud.frame(views, now_ns)
        if number > 20:
            sides.append(sorted(names_of(drawing)))
            for panel in drawing.panels:
                tracks.setdefault(panel.label.text[0], []).append(panel.middle_m)
    assert all(names == sides[0] for names in sides)
    for track in tracks.values():
        moved_rad = np.linalg.norm(np.diff(track, axis=0), axis=-1)  # about a metre away
        assert moved_rad.max() < radians(0.12)


def test_a_label_keeps_its_side_until_it_cannot() -> None:
    views = symmetric(HEAD, 1400, 1400, 90.0)
    hud = Hud(style_for("alpha"), PIXEL_RAD)
    alone = [thing(1, ahead(0.0, 0.0, 1.0), CAPTURE, gazed=True, name="jug")]
    before = shown(hud, alone, views).panels[0].middle_m
    beside = [*alone, thing(2, ahead(0.45, 0.0, 1.0), CAPTURE, name="box")]
    panels = shown(hud, beside, views, start_ns=30 * FRAME_NS).panels
    (after,) = [panel.middle_m for panel in panels if panel.label.text[0] == "jug"]
    np.testing.assert_allclose(after, before, atol=1e-6)


# --------------------------------------------------------------------------------------------------------- selection
def test_dwelling_selects_once_and_shows_how_far_it_is() -> None:
    dwell, dwell_ns = Dwell(), 1_000_000_000
    selected = []
    for ms in range(0, 3000, 50):
        dwell, chosen = dwell.at(5, ms * 1_000_000, dwell_ns)
        if chosen:
            selected.append(ms)
    assert selected == [1000]
    dwell, _ = Dwell().at(5, 0, dwell_ns)
    assert dwell.progress(100_000_000, dwell_ns) is None  # a mere look
    assert dwell.progress(625_000_000, dwell_ns) == pytest.approx(0.5)
    dwell, chosen = dwell.at(6, 990_000_000, dwell_ns)
    assert not chosen
    assert dwell.at(None, 5_000_000_000, dwell_ns)[0].progress(9_000_000_000, dwell_ns) is None


def test_selecting_points_at_what_is_looked_at_and_lets_it_go() -> None:
    looked_at = overlay([thing(1, ahead(0.0, 0.0, 1.0), CAPTURE, gazed=True)], CAPTURE, capture_ns=77)
    prompt = prompt_of(looked_at, selected_before=False)
    assert prompt is not None
    assert (prompt.kind, prompt.capture_ns, prompt.points) == ("point", 77, [(320.0, 240.0, 1)])
    nothing = overlay([], CAPTURE)
    assert prompt_of(nothing, selected_before=False) is None
    clear = prompt_of(nothing, selected_before=True)
    assert clear is not None
    assert clear.kind == "clear"
    assert prompt_of(None, selected_before=True) is None


def test_the_ring_fills_up_around_the_object() -> None:
    views = symmetric(HEAD, 1000, 1000, 80.0)
    hud = Hud(style_for("alpha"), PIXEL_RAD)
    lengths = []
    for progress in (0.1, 0.5, 1.0):
        dim, bright = hud.frame(views, 0, Ring(np.zeros(2), 1.0, progress)).strokes
        assert dim.closed
        lengths.append(len(bright.points_m))
        np.testing.assert_allclose(np.linalg.norm(views.tangents(dim.points_m), axis=-1), radians(1.1), rtol=0.01)
    assert lengths[0] < lengths[1] < lengths[2]


def test_while_gaze_is_calibrated_the_target_stands_alone() -> None:
    views = symmetric(HEAD, 1000, 1000, 80.0)
    hud = Hud(style_for("alpha"), PIXEL_RAD)
    shown(hud, [thing(1, ahead(0.0, 0.0, 1.0), CAPTURE, gazed=True)], views)
    things = placed(overlay([thing(1, ahead(0.0, 0.0, 1.0), CAPTURE)], CAPTURE), CAPTURE, default_depth_m=1.0)
    target = Ring(np.array((0.2, 0.1)), 1.5, 0.5, dot_rad=0.02, alone=True)
    for number in range(30, 60):
        hud.show(things, ICE, number * FRAME_NS)
        drawing = hud.frame(views, number * FRAME_NS, target)
    assert not drawing.panels
    _, _, dot = drawing.strokes
    np.testing.assert_allclose(views.tangents(dot.points_m[0]), (0.2, 0.1), atol=1e-9)
    assert dot.line.half_rad == pytest.approx(0.01)


# ------------------------------------------------------------------------------------------------------------- style
def luminance(colour: tuple[int, int, int]) -> float:
    linear = [(v / 255 / 12.92) if v <= 10 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in colour]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def test_a_display_that_adds_light_is_given_no_dark() -> None:
    style = style_for("additive")
    for line in (style.gazed, style.other, style.leader):
        assert line.halo_alpha == 0.0
    assert style.card_alpha == 0.0
    assert style.gazed.half_rad > style_for("alpha").gazed.half_rad
    assert style_for("opaque") == style_for("alpha")


def test_text_is_large_enough_and_accents_keep_apart_without_red_and_green() -> None:
    assert np.degrees(style_for("alpha").cap_height_rad) >= 0.5
    # what is left without red and green cones' difference (Viénot, Brettel and Mollon 1999, simplified): yellow, blue
    for_dichromats = [((r + g) / 2, b) for r, g, b in (ICE, AMBER)]
    assert np.linalg.norm(np.diff(for_dichromats, axis=0)) > 80
    assert min(luminance(ICE), luminance(AMBER)) > 0.5


def test_the_view_is_mirrored_in_nothing() -> None:
    eye = Eye(HEAD, (1.0, 1.0, 1.0, 1.0))
    x, y = eye.project(HEAD.apply((0.5, 0.25, -1.0))).tolist()
    assert (x, y) == (pytest.approx(0.75), pytest.approx(0.375))  # right of the middle, above it
    assert np.isnan(eye.project(HEAD.apply((0.0, 0.0, 1.0)))).all()
