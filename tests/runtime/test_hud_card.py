"""What the headset's card says, how others are marked, and the arrows to what is out of view."""

from collections.abc import Sequence
from itertools import pairwise
from math import radians

import msgspec
import numpy as np
import pytest

from gazeline.calib.se3 import SE3
from gazeline.runtime.messages import OverlayObject, Pointer, Search
from tests.runtime.hud_things import CAMERA_AT, Array, disc, overlay, thing

pytest.importorskip("moderngl")
pytest.importorskip("PIL")

from gazeline.runtime.hud.drawing import Drawing
from gazeline.runtime.hud.fade import FADE_NS
from gazeline.runtime.hud.offscreen import Offscreen
from gazeline.runtime.hud.place import placed
from gazeline.runtime.hud.pointers import pointed
from gazeline.runtime.hud.scene import HOLD_NS, Hud
from gazeline.runtime.hud.style import FOUND, ICE, PALE, style_for
from gazeline.runtime.hud.views import Views, symmetric

SIZE = 800
FOV_DEG = 90.0
FRAME_NS = 14_000_000
HEAD = SE3.exp((0.0, 1.6, 0.0, 0.0, 0.2, 0.0))
CAPTURE = HEAD @ CAMERA_AT
BY = "\N{MULTIPLICATION SIGN}"


def at(x: float, y: float, z: float, radius_m: float = 0.08) -> Array:
    """A disc so far right, up and ahead of the head."""
    return HEAD.apply(disc((x, y, -z), radius_m))


def shown(
    hud: Hud, objects: Sequence[OverlayObject], search: Search | None = None, *, head: SE3 = HEAD, start_ns: int = 0
) -> Drawing:
    """The drawing once everything has faded."""
    seen = overlay(objects, CAPTURE)
    seen.search = search
    drawing = Drawing()
    for number in range(30):
        now_ns = start_ns + number * FRAME_NS
        hud.show(placed(seen, CAPTURE, default_depth_m=1.0), ICE, now_ns, pointed(seen, CAPTURE))
        drawing = hud.frame(views_of(head), now_ns)
    return drawing


def views_of(head: SE3) -> Views:
    return symmetric(head, SIZE, SIZE, FOV_DEG)


def new_hud() -> Hud:
    return Hud(style_for("alpha"), radians(FOV_DEG) / SIZE)


def looking_for(d_head: tuple[float, float, float]) -> Search:
    """A search with something in a direction of the head's frame at capture, 2 m away."""
    d = CAPTURE.R.T @ HEAD.R @ np.asarray(d_head)
    x, y, z = (d / np.linalg.norm(d)).tolist()
    return Search(text="mug", understood="a mug", pointers=[Pointer(id=9, d_camera=(x, y, z), name="mug", depth_m=2.0)])


def test_the_card_says_all_that_is_known_and_nothing_else() -> None:
    mug = thing(7, at(0.0, 0.0, 0.8), CAPTURE, gazed=True, name="mug")
    mug = msgspec.structs.replace(
        mug, name_score=0.93, size_m=(0.118, 0.092), size_error_m=(0.004, 0.003), size_source="depth",
        dwell_ms=2400.0, looks=3,
    )  # fmt: skip
    (card,) = shown(new_hud(), [mug]).panels
    assert card.label.text == ("mug", f"12 {BY} 9 ± 1 cm   0.75 m", "#7   95 %   2 s   3 looks")
    guessed = msgspec.structs.replace(mug, name=None, size_error_m=(0.05, 0.04), size_source="vergence", dwell_ms=0.0)
    (card,) = shown(new_hud(), [guessed]).panels
    assert card.label.text == ("Object 7", f"≈ 12 {BY} 9 ± 5 cm   0.75 m", "3 looks")
    unknown = thing(8, at(0.0, 0.0, 0.8), CAPTURE, gazed=True, depth=False)
    (card,) = shown(new_hud(), [unknown]).panels
    assert card.label.text == ("Object 8",)


def test_the_card_s_figures_do_not_waver() -> None:
    mug, hud, texts = thing(7, at(0.0, 0.0, 0.8), CAPTURE, gazed=True, name="mug"), new_hud(), set()
    for number in range(60):
        wave = 0.003 * (-1) ** number
        said = msgspec.structs.replace(mug, size_m=(0.118 + wave, 0.092 - wave), size_error_m=(0.01, 0.01))
        said.depth_m = 0.752 + 2 * wave
        hud.show(placed(overlay([said], CAPTURE), CAPTURE, default_depth_m=1.0), ICE, number * FRAME_NS)
        texts |= {panel.label.text for panel in hud.frame(views_of(HEAD), number * FRAME_NS).panels}
    assert len(texts) == 1


def test_others_carry_their_numbers_dimmed_and_surfaces_none() -> None:
    gazed = thing(1, at(0.0, 0.0, 0.8), CAPTURE, gazed=True, name="mug")
    other, named = thing(2, at(0.35, 0.1, 1.0), CAPTURE), thing(3, at(-0.35, 0.1, 1.0), CAPTURE, name="pen")
    table = msgspec.structs.replace(thing(4, at(0.0, -0.4, 1.0), CAPTURE), surface=True)
    drawing = shown(new_hud(), [gazed, other, named, table])
    alphas = {panel.label.text[0]: panel.alpha for panel in drawing.panels}
    assert set(alphas) == {"mug", "2", "pen"}
    assert alphas["2"] == alphas["pen"] < alphas["mug"]


def test_what_was_asked_for_is_marked() -> None:
    found = msgspec.structs.replace(thing(2, at(0.3, 0.0, 1.0), CAPTURE, name="mug"), found=True)
    other = thing(3, at(-0.3, 0.0, 1.0), CAPTURE, name="pen")
    drawing = shown(new_hud(), [found, other])
    rings = {stroke.colour: stroke.line.half_rad for stroke in drawing.strokes if stroke.closed}
    assert set(rings) == {FOUND, PALE}
    assert rings[FOUND] > rings[PALE]


@pytest.mark.parametrize(
    ("d_head", "side"), [((1.0, 0.0, -0.2), (1, 0)), ((-1.0, 0.0, 0.3), (-1, 0)), ((0.0, -1.0, 0.0), (0, -1))]
)
def test_an_arrow_at_the_edge_points_to_what_is_out_of_view(
    d_head: tuple[float, float, float], side: tuple[int, int]
) -> None:
    hud = new_hud()
    drawing = shown(hud, [], looking_for(d_head))
    (arrow,), (label,) = drawing.strokes, drawing.panels
    views = views_of(HEAD)
    tip = views.tangents(arrow.points_m[1])
    ends = views.tangents(arrow.points_m[[0, 2]])
    along = np.array(side, float)
    assert tip @ along > 0.5
    assert abs(tip @ np.array((-along[1], along[0]))) < 0.08  # the camera is not where the head is
    assert (ends @ along < tip @ along).all()
    _, high = views.bounds()
    assert (np.abs(views.tangents(label.middle_m)) < high).all()
    assert label.label.text == ("mug   2.0 m",)
    turned = HEAD @ SE3.exp((0.0, 0.0, 0.0, radians(90.0) * side[1], -radians(80.0) * side[0], 0.0))
    assert shown(hud, [], looking_for(d_head), head=turned, start_ns=10**9).strokes == ()  # now it is in view


def test_arrows_fade_with_everything_else() -> None:
    hud = new_hud()
    assert shown(hud, [], looking_for((1.0, 0.0, 0.0))).strokes
    last_ns = 29 * FRAME_NS
    alphas = []
    for number in range(1, 60):
        drawing = hud.frame(views_of(HEAD), last_ns + number * FRAME_NS)
        alphas.append(max((stroke.alpha for stroke in drawing.strokes), default=0.0))
    assert alphas[0] == 1.0
    assert alphas[(HOLD_NS + FADE_NS) // FRAME_NS + 2] == 0.0
    assert max(a - b for a, b in pairwise(alphas)) < 0.3  # never a hard pop


def test_an_arrow_fades_when_its_thing_comes_into_view() -> None:
    hud, search = new_hud(), looking_for((1.0, 0.0, -0.2))
    shown(hud, [], search)
    seen = overlay([], CAPTURE)
    seen.search = search
    alphas = []
    for number in range(60):
        now_ns = (30 + number) * FRAME_NS
        head = HEAD @ SE3.exp((0.0, 0.0, 0.0, 0.0, -radians(min(3.0 * number, 80.0)), 0.0))  # 200 deg/s
        hud.show((), ICE, now_ns, pointed(seen, CAPTURE))
        drawing = hud.frame(views_of(head), now_ns)
        alphas.append(max((stroke.alpha for stroke in drawing.strokes), default=0.0))
    assert alphas[0] == 1.0
    assert alphas[-1] == 0.0
    assert max(abs(a - b) for a, b in pairwise(alphas)) < 0.3


def test_the_arrow_is_on_the_screen() -> None:
    try:
        screen = Offscreen(SIZE, SIZE)
    except OSError as error:
        pytest.skip(str(error))
    with screen:
        screen.draw(views_of(HEAD), shown(new_hud(), [], looking_for((1.0, 0.0, -0.2))))
        layer = screen.layer()
    rows, columns = np.nonzero(layer[..., 3] > 128)
    assert len(rows) > 100
    assert columns.max() > 0.75 * SIZE
    assert columns.min() > SIZE / 2
    assert abs(rows.mean() - SIZE / 2) < 0.1 * SIZE
