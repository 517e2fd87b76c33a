"""Drawing on pictures: in the right place, only there, and legible over anything."""

import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.runtime import messages as m
from gazeline.runtime.draw import AMBER, ICE, draw_masks, draw_overlay

RING = [(100.0, 60.0), (220.0, 60.0), (220.0, 180.0), (100.0, 180.0)]
HOLE = [(140.0, 100.0), (140.0, 140.0), (180.0, 140.0), (180.0, 100.0)]


def canvas(height: int = 240, width: int = 480, value: int = 120) -> NDArray[np.uint8]:
    return np.full((height, width, 3), value, np.uint8)


def overlay(outline: list[list[tuple[float, float]]] | None = None, **changes: object) -> m.Overlay:
    thing = m.OverlayObject(
        id=7,
        score=0.9,
        gazed=True,
        outline=[RING] if outline is None else outline,
        box=(100.0, 60.0, 220.0, 180.0),
        area_px=14400.0,
        name="mug",
    )
    fields: dict[str, object] = {
        "topic": "overlay.objects",
        "capture_ns": 1,
        "frame_index": 1,
        "width": 480,
        "height": 240,
        "publish_ns": 1,
        "objects": [thing],
        "gaze_state": "fixation",
    }
    return m.Overlay(**{**fields, **changes})  # type: ignore[arg-type]


def changed(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.bool_]:
    different: NDArray[np.bool_] = (before != after).any(axis=2)
    return different


def test_the_outline_is_bright_on_its_line_with_a_dark_halo_and_the_picture_is_left_alone() -> None:
    image = canvas()
    kept = image.copy()
    drawn = draw_overlay(image, overlay(), card=False)
    np.testing.assert_array_equal(image, kept)
    for x, y in ((100, 120), (220, 120), (160, 60), (160, 180)):
        np.testing.assert_allclose(drawn[y, x].astype(int), ICE, atol=40)
    assert drawn[120, 97].astype(int).sum() < 3 * 120  # just outside: the halo
    assert not changed(image, drawn)[:50].any()
    assert not changed(image, drawn)[:, 232:].any()


def test_an_outline_is_placed_to_a_fraction_of_a_pixel() -> None:
    """A picture of twice the size has the same outline in the same place; pixel (0, 0) is a centre in both."""
    small = draw_overlay(canvas(480, 960), overlay(width=960, height=480), card=False)
    large = draw_overlay(canvas(960, 1920), overlay(width=960, height=480), card=False)
    halved = large.reshape(480, 2, 960, 2, 3).mean(axis=(1, 3))
    for row in (100, 120, 150):
        bright = [
            float(np.average(np.arange(80, 120), weights=weight_of(each[row, 80:120]))) for each in (small, halved)
        ]
        assert bright[0] == pytest.approx(100.0, abs=0.3)
        assert bright[1] == pytest.approx(100.0, abs=0.3)


def weight_of(row: NDArray[np.floating | np.uint8]) -> NDArray[np.float64]:
    """How much of the accent's blue stands out."""
    blue = np.maximum(row[:, 2].astype(float) - row[:, 0].astype(float) - 60.0, 0.0)
    return np.asarray(blue)


def test_holes_are_left_open() -> None:
    image = canvas()
    drawn = draw_overlay(image, overlay([RING, HOLE], gaze_state="lost"), card=False)
    assert changed(image, drawn)[120, 120]  # in the ring: the glow
    assert not changed(image, drawn)[120, 160]  # in the hole: nothing


def test_others_are_dimmer_and_below() -> None:
    image = canvas()
    thing = overlay().objects[0]
    thing.gazed = False
    drawn = draw_overlay(image, overlay(objects=[thing]))
    strength = np.abs(drawn.astype(int) - 120).max()
    assert 20 < strength < np.abs(draw_overlay(image, overlay()).astype(int) - 120).max()


@pytest.mark.parametrize("state", ["fixation", "saccade", "blink", "user", "lost"])
def test_the_gaze_is_drawn_where_it_is_unless_it_is_lost(state: str) -> None:
    image = canvas()
    drawn = draw_overlay(image, overlay(objects=[], gaze_px=(300.0, 100.0), gaze_state=state))
    found = np.argwhere(changed(image, drawn))
    if state == "lost":
        assert not len(found)
    else:
        np.testing.assert_allclose(found.mean(axis=0), (100, 300), atol=1.0)


def test_the_mouse_has_a_colour_of_its_own() -> None:
    drawn = draw_overlay(canvas(), overlay(gaze_source="mouse"), card=False)
    np.testing.assert_allclose(drawn[120, 100].astype(int), AMBER, atol=40)


@pytest.mark.parametrize(
    "box",
    [(100.0, 60.0, 220.0, 180.0), (300.0, 60.0, 470.0, 200.0), (10.0, 120.0, 470.0, 235.0), (180.0, 5.0, 300.0, 235.0)],
)
def test_the_card_stays_off_its_object_where_there_is_room(box: tuple[float, float, float, float]) -> None:
    thing = overlay().objects[0]
    x0, y0, x1, y1 = thing.box = box
    thing.outline = [[(x0, y0), (x1, y0), (x1, y1), (x0, y1)]]
    image = canvas()
    without, with_card = (draw_overlay(image, overlay(objects=[thing]), card=card) for card in (False, True))
    card = np.argwhere(changed(without, with_card))
    assert len(card) > 500
    inside = (card[:, 1] >= x0) & (card[:, 1] <= x1) & (card[:, 0] >= y0) & (card[:, 0] <= y1)
    assert not inside.any()


def test_what_reaches_beyond_the_picture_does_no_harm() -> None:
    thing = overlay().objects[0]
    thing.outline = [[(-500.0, -500.0), (1e9, 60.0), (220.0, 1e9)], [(-90.0, -90.0), (-80.0, -90.0), (-80.0, -80.0)]]
    thing.box = (-500.0, -500.0, 1e9, 1e9)
    thing.name = "a very long name that is wider than any picture could ever be " * 3
    drawn = draw_overlay(canvas(), overlay(objects=[thing], gaze_px=(-50.0, 9999.0)))
    assert drawn.shape == (240, 480, 3)
    thing.outline = [[(5.0, 5.0)], []]
    draw_overlay(canvas(4, 3), overlay(objects=[thing]))


def test_masks_each_in_their_colour_with_their_prompts() -> None:
    image = canvas()
    masks = [np.zeros((240, 480), bool) for _ in range(3)]
    masks[0][40:120, 40:120] = True
    masks[1][40:120, 240:320] = True
    drawn = draw_masks(
        image,
        masks,
        labels=["left", "right", "nothing"],
        points=[(60.0, 60.0, 1), (300.0, 60.0, 0)],
        boxes=[(20, 20, 140, 140)],
    )
    difference = changed(image, drawn)
    assert difference[45:115, 45:115].all()
    assert not difference[150:].any()
    assert not difference[:, 150:230].any()
    assert difference[20, 60]  # the box
    assert np.abs(drawn[100, 60].astype(int) - drawn[100, 300].astype(int)).max() > 20
    assert np.abs(drawn[60, 60].astype(int) - drawn[60, 300].astype(int)).max() > 60  # "this" and "not this"


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="mask 0 is 3x2 but the picture is 480x240"):
        draw_masks(canvas(), [np.ones((2, 3), bool)])
    with pytest.raises(ValueError, match="uint8 of shape"):
        draw_masks(canvas()[..., 0], [])
