"""The card, teaching, finding and everything else a person does to things on the page, in a real Chromium."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect

from gazeline.runtime.bus import BusAddress, Subscriber
from gazeline.runtime.messages import Overlay, Pointer, Search, UserPrompt
from gazeline.runtime.topics import PROMPT_USER
from tests.runtime import scripted_headset as headset
from tests.runtime.test_web_page import (
    CARD_IS_APART,
    CHROMIUM,
    WAIT_MS,
    browser,
    bus,
    client_px,
    opened,
    page,
    serving,
    wait,
    wait_for_state,
)

__all__ = ["browser", "bus", "page"]  # fixtures
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium; install it with: apt-get install chromium")

BY = "\N{MULTIPLICATION SIGN}"
SEARCH = Search(
    text="a red mug",
    understood="a mug that is red",
    pointers=[Pointer(id=9, d_camera=(1.0, 0.0, 0.1), name="mug", depth_m=2.4)],
)


def told(overlay: Overlay, search: Search | None = None) -> Overlay:
    """The overlay with what is known of its objects: 1 is a taught mug, 2 a leaf that is found, 3 unknown."""
    facts: dict[int, dict[str, Any]] = {
        1: {"name": "mug", "name_score": 0.93, "name_source": "taught", "size_m": (0.118, 0.092),
            "size_error_m": (0.004, 0.003), "size_source": "depth", "dwell_ms": 2400.0, "looks": 3},
        2: {"found": search is not None},
        3: {"size_m": (0.4, 0.3), "size_error_m": (0.12, 0.09), "size_source": "vergence", "looks": 1},
    }  # fmt: skip
    overlay.objects = [msgspec.structs.replace(thing, **facts.get(thing.id, {})) for thing in overlay.objects]
    overlay.search = search
    return overlay


@contextmanager
def hearing(bus: BusAddress) -> Iterator[Callable[[], UserPrompt]]:
    """Gives a function that waits for the next ``prompt.user``."""
    with Subscriber(bus, [PROMPT_USER]) as prompts:
        waiting: list[UserPrompt] = []

        def heard() -> UserPrompt:
            until_s = time.monotonic() + WAIT_MS / 1000
            while not waiting and time.monotonic() < until_s:
                waiting.extend(each.message for each in prompts.poll(100) if isinstance(each.message, UserPrompt))
            assert waiting, "nothing was asked for"
            return waiting.pop(0)

        yield heard


def middle_of(number: int) -> tuple[float, float]:
    x, y = headset.disc_px(number, 0.0).mean(axis=0).tolist()
    return x, y


def test_the_card_says_what_is_known_and_marks_estimates(page: Page, bus: BusAddress) -> None:
    with headset.Headset(bus, told=told):
        wait_for_state(page, "live")
        card = page.get_by_test_id("card")
        expect(card.get_by_role("heading")).to_have_text("mug")
        for fact in ("95 %", "#1", "1.00 m", f"12 {BY} 9 ± 1 cm", "2 s", "3 looks"):  # 93 %, in steps of five
            expect(card).to_contain_text(fact)
        page.mouse.move(*client_px(page, *middle_of(3)))
        expect(card.get_by_role("heading")).to_have_text("Unknown")
        expect(card).to_contain_text(f"≈ 40 {BY} 30 ± 12 cm")
        expect(card).not_to_contain_text("looks")
        expect(card.get_by_role("button", name="Not that")).to_be_hidden()


def test_a_thing_is_taught_in_three_steps(page: Page, bus: BusAddress) -> None:
    with headset.Headset(bus, told=told), hearing(bus) as heard:
        wait_for_state(page, "live")
        page.mouse.click(*client_px(page, *middle_of(3)))  # 1
        name = page.get_by_label("Its name")
        expect(name).to_be_focused()
        page.keyboard.type("moon can")  # 2: keys that do other things elsewhere are letters here
        page.mouse.move(*client_px(page, *middle_of(1)))  # gaze goes elsewhere, and the card stays with what is named
        page.wait_for_timeout(300)
        expect(page.get_by_test_id("card")).to_contain_text("#3")
        wait(page, "() => document.body.dataset.state === 'live'")  # the space has not paused it
        page.keyboard.press("Enter")  # 3
        asked = heard()
        assert (asked.kind, asked.object_id, asked.text) == ("teach", 3, "moon can")
        expect(page.get_by_test_id("taught")).to_contain_text("moon can")
        expect(name).to_be_hidden()
        expect(page.get_by_test_id("card")).to_contain_text("#1")  # and then it goes on


def test_the_card_s_buttons_name_and_take_a_name_back(page: Page, bus: BusAddress) -> None:
    with headset.Headset(bus, told=told), hearing(bus) as heard:
        wait_for_state(page, "live")
        card = page.get_by_test_id("card")
        expect(card.get_by_role("heading")).to_have_text("mug")
        card.get_by_role("button", name="Not that").click()
        asked = heard()
        assert (asked.kind, asked.object_id, asked.text) == ("unteach", 1, "mug")
        card.get_by_role("button", name="Name").click()
        page.keyboard.type("cup")
        page.keyboard.press("Escape")
        expect(page.get_by_label("Its name")).to_be_hidden()
        page.mouse.move(2, 2)
        expect(card.get_by_role("heading")).to_have_text("mug")
        page.keyboard.press("n")
        page.keyboard.type("cup")
        page.keyboard.press("Enter")
        asked = heard()
        assert (asked.kind, asked.object_id, asked.text) == ("teach", 1, "cup")  # what was escaped was not sent


def test_finding_marks_what_is_there_and_points_to_what_is_not(page: Page, bus: BusAddress) -> None:
    with headset.Headset(bus, told=lambda overlay: told(overlay, SEARCH)), hearing(bus) as heard:
        wait_for_state(page, "live")
        page.keyboard.press("/")
        page.keyboard.type("a red mug")
        page.keyboard.press("Enter")
        asked = heard()
        assert (asked.kind, asked.text) == ("find", "a red mug")
        expect(page.get_by_test_id("understood")).to_have_text("a mug that is red: 1 in view, 1 out of view")
        expect(page.locator(".object.found")).to_have_attribute("data-id", "2")
        pointer = page.get_by_test_id("pointer")
        expect(pointer).to_contain_text("mug  2.4 m")
        arrow, view = pointer.locator("svg").bounding_box(), page.get_by_test_id("view").bounding_box()
        assert arrow is not None
        assert view is not None
        assert abs(arrow["x"] + arrow["width"] / 2 - (view["x"] + view["width"] - 26)) < 3  # to the right, at the edge
        assert abs(arrow["y"] + arrow["height"] / 2 - (view["y"] + view["height"] / 2)) < 3
        page.keyboard.press("/")
        page.keyboard.press("Escape")
        assert (heard().text) == ""


def test_everything_is_one_button(page: Page, bus: BusAddress) -> None:
    with headset.Headset(bus), hearing(bus) as heard:
        wait_for_state(page, "live")
        page.get_by_role("button", name="Everything").click()
        assert heard().kind == "everything"
        page.keyboard.press("e")
        assert heard().kind == "everything"


def test_others_carry_their_names_or_numbers(page: Page, bus: BusAddress) -> None:
    with headset.Headset(bus, told=told):
        wait_for_state(page, "live")
        labels = page.get_by_test_id("labels").locator("span")
        expect(labels).to_have_text(["leaf", "3"])


def test_nothing_of_it_flickers(page: Page, bus: BusAddress) -> None:
    """Sizes and dwell that waver from picture to picture: the card's text stays, and so do labels."""
    count = iter(range(1_000_000))

    def wavering(overlay: Overlay) -> Overlay:
        overlay = told(overlay)
        wave = 0.003 * (next(count) % 2)
        first = msgspec.structs.replace(overlay.objects[0], size_m=(0.118 + wave, 0.092 - wave), depth_m=1.0 + wave)
        overlay.objects = [first, *overlay.objects[1:]]
        return overlay

    with headset.Headset(bus, told=wavering):
        wait_for_state(page, "live")
        expect(page.get_by_test_id("card").get_by_role("heading")).to_have_text("mug")
        page.wait_for_timeout(500)
        changes = page.evaluate(
            """() => new Promise((done) => {
                let count = 0;
                const watcher = new MutationObserver((list) => (count += list.length));
                const texts = { childList: true, characterData: true, subtree: true };
                for (const id of ["card-name", "card-facts", "card-looks", "labels"]) {
                    watcher.observe(document.getElementById(id), texts);
                }
                setTimeout(() => { watcher.disconnect(); done(count); }, 1500);
            })"""
        )
        assert changes == 0


def test_the_card_stays_off_its_object_while_a_name_is_typed(browser: Browser, bus: BusAddress) -> None:
    for width, height in ((1000, 700), (390, 800), (700, 340)):
        options = {"viewport": {"width": width, "height": height}}
        with serving(bus) as server, opened(browser, server, **options) as page, headset.Headset(bus, told=told):
            wait_for_state(page, "live")
            page.mouse.move(*client_px(page, *middle_of(1)))
            wait(page, "() => document.querySelector('.object.gazed')?.dataset.id === '1'")
            page.mouse.click(*client_px(page, *middle_of(1)))
            expect(page.get_by_label("Its name")).to_be_visible()
            wait(page, CARD_IS_APART)
