"""What the HUD's drawing looks like: read back from off-screen OpenGL, and from the snapshot's file."""

import subprocess
import sys
import time
from collections.abc import Iterator
from math import radians
from pathlib import Path

import cv2
import numpy as np
import pytest

from gazeline.calib.cameras import KannalaBrandt, Pinhole
from gazeline.calib.se3 import FORWARD_CAMERA, SE3
from gazeline.runtime.bus import BusAddress, Hub, Publisher
from tests.runtime import scripted_headset as headset
from tests.runtime.hud_things import CAMERA_AT, disc, overlay, thing

pytest.importorskip("moderngl")
pytest.importorskip("PIL")

from gazeline.runtime.hud import bench, text
from gazeline.runtime.hud.drawing import Cross, Drawing, Stroke
from gazeline.runtime.hud.offscreen import Offscreen, over
from gazeline.runtime.hud.picture import Picture, window
from gazeline.runtime.hud.place import placed
from gazeline.runtime.hud.scene import Hud
from gazeline.runtime.hud.style import ICE, Line, style_for
from gazeline.runtime.hud.text import Labels
from gazeline.runtime.hud.views import stereo, symmetric

SIZE = 800
FOV_DEG = 90.0
HEAD = SE3.exp((0.0, 1.6, 0.0, 0.0, 0.2, 0.0))


@pytest.fixture(scope="module")
def screen() -> Iterator[Offscreen]:
    try:
        offscreen = Offscreen(SIZE, SIZE)
    except OSError as error:
        pytest.skip(str(error))
    with offscreen:
        yield offscreen


def faded_in(blend: str, name: str = "mug") -> Drawing:
    capture = HEAD @ CAMERA_AT
    mug = thing(4, HEAD.apply(disc((0.1, 0.05, -1.0), 0.15)), capture, gazed=True, name=name)
    hud = Hud(style_for(blend), radians(FOV_DEG) / SIZE)  # type: ignore[arg-type]
    for number in range(20):
        hud.show(placed(overlay([mug], capture), capture, default_depth_m=1.0), ICE, number * 20_000_000)
        drawing = hud.frame(symmetric(HEAD, SIZE, SIZE, FOV_DEG), number * 20_000_000)
    return drawing


def test_the_outline_encloses_the_object(screen: Offscreen) -> None:
    views = symmetric(HEAD, SIZE, SIZE, FOV_DEG)
    screen.draw(views, Drawing(faded_in("alpha").strokes[1:]))  # without the line to the card
    bright = (screen.layer()[..., :3].max(axis=-1) > 150).astype(np.uint8)
    contours, _ = cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.erode(cv2.drawContours(np.zeros_like(bright), contours, -1, 1, cv2.FILLED), np.ones((3, 3))) > 0
    ring_m = HEAD.apply(disc((0.1, 0.05, -1.0), 0.15))
    true_px = views.eyes[0].project(ring_m) * SIZE - 0.5
    true = cv2.fillPoly(np.zeros_like(bright), [np.rint(true_px).astype(np.int32)], 1) > 0
    assert np.count_nonzero(filled & true) / np.count_nonzero(filled | true) > 0.97


def test_a_line_has_the_same_angular_width_everywhere(screen: Offscreen) -> None:
    half_rad = radians(0.5)
    line = Line(half_rad, 0.0, 0.0, 1.0, 0.0, 0.0)
    views = symmetric(SE3.identity(), SIZE, SIZE, FOV_DEG)
    for x in (0.0, 0.8):  # in the middle and 39 degrees to the right
        up = np.array([(x, -0.2, -1.0), (x, 0.2, -1.0)])
        screen.draw(views, Drawing((Stroke(up, False, (255, 255, 255), line, 1.0),)))
        alpha = screen.layer()[SIZE // 2, :, 3] / 255.0
        columns = np.flatnonzero(alpha > 0.0)
        left, right = (2.0 * (columns[[0, -1]] + (1.0 - alpha[columns[0]], alpha[columns[-1]])) / SIZE - 1.0).tolist()
        assert np.arctan(right) - np.arctan(left) == pytest.approx(2 * half_rad, rel=0.05)


def test_what_is_behind_the_eye_is_not_drawn_and_what_passes_it_is_cut(screen: Offscreen) -> None:
    views = symmetric(SE3.identity(), SIZE, SIZE, FOV_DEG)
    line = Line(radians(0.3), 0.0, 0.0, 1.0, 0.0, 0.0)
    behind = Stroke(np.array([(-1.0, 0.0, 1.0), (1.0, 0.0, 1.0)]), False, ICE, line, 1.0)
    screen.draw(views, Drawing((behind,)))
    assert not screen.layer().any()
    passing = Stroke(np.array([(0.2, 0.0, -2.0), (0.2, 0.0, 3.0)]), False, ICE, line, 1.0)
    screen.draw(views, Drawing((passing,)))
    columns = np.flatnonzero(screen.layer()[..., 3].any(axis=0))
    assert columns[0] == pytest.approx(SIZE / 2 * 1.1, abs=4)  # where it is 2 m away, and from there to the right
    assert columns[-1] == SIZE - 1


def test_a_see_through_display_gets_a_halo_and_one_that_adds_light_gets_light_alone(screen: Offscreen) -> None:
    views = symmetric(HEAD, SIZE, SIZE, FOV_DEG)
    white = np.full((SIZE, SIZE, 3), 235, np.uint8)
    screen.draw(views, faded_in("alpha"))
    assert over(screen.layer(), white).min() < 150  # legible on white: something is darker
    screen.draw(views, faded_in("additive"))
    grey = np.full_like(white, 120)
    shown = over(screen.layer(), grey, additive=True)
    assert shown.min() >= 120
    assert shown.max() > 200


def test_both_eyes_see_near_things_apart(screen: Offscreen) -> None:
    line = Line(radians(0.3), 0.0, 0.0, 1.0, 0.0, 0.0)
    views = stereo(SE3.identity(), [(1.0,) * 4] * 2, 2.0 / SIZE, between_eyes_m=0.064)
    with Offscreen(SIZE, SIZE, eyes=2) as pair:
        for distance_m in (0.5, 5.0):
            cross = np.array([(0.0, -0.05, -1.0), (0.0, 0.05, -1.0)]) * distance_m
            pair.draw(views, Drawing((Stroke(cross, False, ICE, line, 1.0),)))
            alpha = pair.layer()[..., 3].sum(axis=0).astype(np.float64)
            at = [np.average(np.arange(SIZE), weights=part) for part in (alpha[:SIZE], alpha[SIZE:])]
            assert at[0] - at[1] == pytest.approx(0.064 / distance_m * SIZE / 2, abs=0.3)


def test_the_cross_of_a_calibration_stands_at_its_place_of_the_left_eyes_view() -> None:
    tangents = (0.35, -0.2)
    for T_world_head in (HEAD, HEAD @ SE3.exp((0.5, 0.1, 0.2, 0.3, -0.4, 0.2))):  # it goes with the head
        views = stereo(T_world_head, [(1.0, 0.8, 0.9, 0.9), (0.8, 1.0, 0.9, 0.9)], 1.8 / SIZE)
        with Offscreen(SIZE, SIZE, eyes=2) as pair:
            hud = Hud(style_for("alpha"), 1.8 / SIZE)
            pair.draw(views, hud.frame(views, 0, Cross(tangents)))
            left = pair.layer()[:, :SIZE, 3] > 200
        rows, columns = np.nonzero(left)
        middle = np.array((columns.min() + columns.max(), rows.min() + rows.max())) / 2.0
        expected = np.array(((tangents[0] + 1.0) / 1.8, (0.9 - tangents[1]) / 1.8)) * SIZE - 0.5
        np.testing.assert_allclose(middle, expected, atol=1.5)
        assert not left[round(expected[1]), round(expected[0])]  # open, so that the corner behind it is seen


@pytest.mark.parametrize("lens", ["pinhole", "fisheye"])
def test_the_picture_hangs_where_its_camera_looked(screen: Offscreen, lens: str) -> None:
    fisheye = KannalaBrandt(640, 480, 300.0, 300.0, 319.5, 239.5, 0.01, -0.003, 0.0, 0.0)
    camera = Pinhole(640, 480, 400.0, 400.0, 319.5, 239.5) if lens == "pinhole" else fisheye
    pixels = np.zeros((480, 640, 3), np.uint8)
    cv2.circle(pixels, (420, 180), 12, (255, 255, 255), -1)
    T_world_camera = HEAD @ FORWARD_CAMERA
    screen.draw_picture(symmetric(HEAD, SIZE, SIZE, 100.0), Picture(pixels, camera, T_world_camera, 1), 2.0)
    bright = screen.layer()[..., 0] > 128
    row, column = np.argwhere(bright).mean(axis=0)
    d_camera, _ = camera.unproject((420.0, 180.0))
    x, y = symmetric(HEAD, SIZE, SIZE, 100.0).eyes[0].project(T_world_camera.apply(2.0 * d_camera)).tolist()
    assert (column, row) == (pytest.approx(x * SIZE - 0.5, abs=1.0), pytest.approx(y * SIZE - 0.5, abs=1.0))
    assert max(window(camera)) <= 1.6


# -------------------------------------------------------------------------------------------------------------- text
LABELS = Labels(style_for("alpha"), radians(0.05))


def test_text_has_its_height_and_is_drawn_once() -> None:
    label = LABELS.tag("HH")
    ink = label.pixels[..., :3].max(axis=-1) * (label.pixels[..., 3] > 128) > 128
    rows = np.flatnonzero(ink.any(axis=1))
    high_deg = (rows[-1] - rows[0] + 1) * 0.05
    assert high_deg >= 0.5
    assert LABELS.tag("HH") is label
    assert LABELS.card(("mug", "10 cm"), ICE) is LABELS.card(("mug", "10 cm"), ICE)


@pytest.mark.parametrize("word", ["žluťoučký", "кружка", "κούπα", "كوب", "गिलास", "杯子", "コップ", "컵"])
def test_any_script_that_a_font_has_is_drawn(word: str) -> None:
    fonts = text._fonts(100)
    if not all(any(text._has(font, char) for font in fonts.fonts) or text._asked_for(char, 10.0) for char in word):
        pytest.skip(f"no font here has {word}")
    drawn, other = LABELS.tag(word).pixels, LABELS.tag("\U0010fffe" * len(word)).pixels
    assert drawn.shape != other.shape or not np.array_equal(drawn, other)  # not boxes in place of letters
    assert (drawn[..., 3] > 128).any()


# ---------------------------------------------------------------------------------------------------------- snapshot
def test_a_snapshot_shows_the_picture_with_its_outline(tmp_path: Path, screen: Offscreen) -> None:
    address = BusAddress.parse(f"ipc://{tmp_path}/bus")
    out = tmp_path / "now.png"
    command = [sys.executable, "-m", "gazeline.runtime.cli", "hud", "--bus", str(address), "--snapshot", str(out)]
    with Hub(address), Publisher(address) as publisher:
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        jpeg = headset.jpeg_of(headset.picture(0.0))
        for index in range(1200):
            now_ns = time.monotonic_ns()
            publisher.send(headset.rig_message())
            publisher.send(headset.frame_of(index, now_ns), jpeg)
            publisher.send(headset.overlay_of(1, index=index, capture_ns=now_ns, yaw_rad=0.0))
            if process.poll() is not None:
                break
            time.sleep(0.05)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said
    shown = cv2.imread(str(out))
    assert shown is not None
    assert shown.shape[1] == 1280
    accent = np.abs(shown[..., ::-1].astype(int) - ICE).max(axis=-1) < 30
    assert np.count_nonzero(accent) > 200


def test_a_snapshot_of_nothing_is_one_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gazeline.runtime.cli", "hud", "--snapshot"]
    for wrong, word in (("out.jpg", "PNG"), ("no/such/folder/out.png", "folder")):
        done = subprocess.run(
            [*command, str(tmp_path / wrong)], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 2
        (sentence,) = done.stderr.strip().splitlines()
        assert word in sentence


def test_the_bench_measures_what_it_says(screen: Offscreen) -> None:
    measured = bench.measure(objects=3, frames=10, width=200, height=200)
    assert len(measured.total_ms) == 10
    assert all(
        t >= s + d - 1e-6 for t, s, d in zip(measured.total_ms, measured.scene_ms, measured.draw_ms, strict=True)
    )
    assert measured.renderer
