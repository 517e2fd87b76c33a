"""The page in a real Chromium: what a person sees, points at and presses."""

import re
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from gazeline.runtime import app
from gazeline.runtime.bus import BusAddress, Hub, Publisher, Subscriber
from gazeline.runtime.config import ModelSettings, Settings
from gazeline.runtime.messages import CalibrationTarget, GazeDrift, UserPrompt
from gazeline.runtime.topics import CALIBRATE_TARGET, PROMPT_USER
from gazeline.runtime.web.server import WebServer
from tests.engines.toy_models import write_own
from tests.runtime import scripted_headset as headset

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 20_000  # a busy machine is no failure

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium; install it with: apt-get install chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def bus() -> Iterator[BusAddress]:
    with tempfile.TemporaryDirectory(prefix="gz") as short:  # the path of a socket has 107 bytes
        address = BusAddress.parse(f"ipc://{short}/bus")
        with Hub(address):
            yield address


@contextmanager
def serving(bus: BusAddress, port: int = 0) -> Iterator[WebServer]:
    server = WebServer(bus, port)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(10)


@contextmanager
def opened(browser: Browser, server: WebServer, **options: Any) -> Iterator[Page]:
    """The page, which must not complain: neither of a script's error nor of what its own policy forbids."""
    complaints: list[str] = []
    context = browser.new_context(**{"viewport": {"width": 1000, "height": 700}, **options})
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(server.url)
    yield page
    context.close()
    unexpected = [each for each in complaints if "WebSocket" not in each]  # a server that is away is no fault of ours
    assert not unexpected


@pytest.fixture
def page(browser: Browser, bus: BusAddress) -> Iterator[Page]:
    with serving(bus) as server, opened(browser, server) as page:
        yield page


def wait(page: Page, condition: str, argument: object = None) -> None:
    page.wait_for_function(condition, arg=argument, timeout=WAIT_MS)


def wait_for_state(page: Page, state: str) -> None:
    wait(page, "state => document.body.dataset.state === state", state)


def client_px(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a pixel of the picture is in the window."""
    cx, cy = page.evaluate(
        """([x, y]) => {
            const { left, top } = document.getElementById("stage").getBoundingClientRect();
            const [sx, sy] = gazeline.scene.toStage(x, y);
            return [left + sx, top + sy];
        }""",
        [x, y],
    )
    return cx, cy


def point_at(page: Page, number: int, yaw_rad: float = 0.0) -> tuple[float, float]:
    """Move the mouse onto a disc; where it is, in pixels of the picture."""
    x, y = headset.disc_px(number, yaw_rad).mean(axis=0).tolist()
    page.mouse.move(*client_px(page, x, y))
    return x, y


GAZED_AND_AROUND = """([id, x, y]) => {
    const group = document.querySelector('.object.gazed');
    if (!group || group.dataset.id !== String(id)) return false;
    const line = group.querySelector('[data-testid=outline]');
    const at = Object.assign(line.ownerSVGElement.createSVGPoint(), { x, y });
    return line.isPointInFill(at);
}"""


OUTLINE_AROUND_POINTER = """() => {
    const line = document.querySelector('.object.gazed:not(.leaving) [data-testid=outline]');
    const gaze = gazeline.scene.gaze;
    if (!line || gaze?.state !== 'user') return false;
    const at = Object.assign(line.ownerSVGElement.createSVGPoint(), { x: gaze.x, y: gaze.y });
    const box = line.getBBox();
    return line.isPointInFill(at) && Math.abs(box.width - 90) < 14 && Math.abs(box.height - 90) < 14;
}"""

CARD_IS_APART = """() => {
    const box = (element) => element.getBoundingClientRect();
    const card = box(document.querySelector('#card:not(.hidden)') ?? document.createElement('p'));
    const gazed = document.querySelector('.object.gazed [data-testid=outline]');
    if (!gazed) return false;
    const line = box(gazed);
    const beside = card.left >= line.right || card.right <= line.left;
    const apart = beside || card.top >= line.bottom || card.bottom <= line.top;
    const inside = card.left >= 0 && card.top >= 0 && card.right <= innerWidth && card.bottom <= innerHeight;
    return card.width && apart && inside;
}"""


def test_the_runtime_outlines_what_the_mouse_points_at(browser: Browser, bus: BusAddress, tmp_path: Path) -> None:
    """End to end: page, server, bus and the real runtime with a small network, while the head turns."""
    write_own(tmp_path)
    stop = threading.Event()
    settings = Settings(model=ModelSettings(name=str(tmp_path)))
    runtime = threading.Thread(target=app.run, args=(settings,), kwargs={"bus": str(bus), "join": True, "stop": stop})
    runtime.start()
    try:
        worn = headset.Headset(bus, turning_rad=0.03, runtime=False)
        with serving(bus) as server, opened(browser, server) as page, worn:
            wait_for_state(page, "live")
            expect(page.locator("#f-model")).not_to_have_text("no runtime")
            for number in (2, 3, 1):
                point_at(page, number)
                wait(page, OUTLINE_AROUND_POINTER)
                wait(page, "() => document.body.dataset.source === 'mouse'")
            page.mouse.move(1, 1)
            wait(page, "() => !document.querySelector('.object.gazed:not(.leaving)')")
    finally:
        stop.set()
        runtime.join(20)


def test_a_calibration_target_stands_where_it_is_and_goes_when_it_is_over(page: Page, bus: BusAddress) -> None:
    with headset.Headset(bus), Publisher(bus) as publisher:
        wait_for_state(page, "live")

        def show(d_head: tuple[float, float, float] | None) -> None:
            publisher.send(
                CalibrationTarget(
                    topic=CALIBRATE_TARGET, capture_ns=time.monotonic_ns(), d_head=d_head, size_rad=0.04, progress=0.5
                )
            )
            page.wait_for_timeout(30)

        target = page.get_by_test_id("target")
        until_s = time.monotonic() + WAIT_MS / 1000
        shown = None
        while (shown is None or not target.is_visible()) and time.monotonic() < until_s:
            show((0.0, 0.0, -1.0))
            shown = page.evaluate("() => gazeline.page.frame.target") or shown
        assert shown is not None
        assert shown["progress"] == 0.5
        assert 0.0 < shown["radius"] < 40.0
        while target.is_visible() and time.monotonic() < until_s:
            show(None)
        expect(target).to_be_hidden()


def test_what_needs_attention_is_said_and_c_recentres_gaze(page: Page, bus: BusAddress) -> None:
    with headset.Headset(bus, runtime=False), Publisher(bus) as publisher, Subscriber(bus, [PROMPT_USER]) as prompts:
        wait_for_state(page, "live")
        stats = headset.stats_message()
        stats.gaze_drift = GazeDrift(right_rad=0.0, up_rad=0.05, gain=9.0, looks=12, noticed=True)
        until_s = time.monotonic() + WAIT_MS / 1000
        notice = page.get_by_test_id("notice")
        while not notice.is_visible() and time.monotonic() < until_s:
            publisher.send(stats)
            page.wait_for_timeout(100)
        expect(notice).to_contain_text("off by 2.9 deg")
        page.keyboard.press("c")
        heard: list[str] = []
        while not heard and time.monotonic() < until_s:
            heard = [r.message.kind for r in prompts.poll(100) if isinstance(r.message, UserPrompt)]
        assert heard == ["recentre"]


def test_it_waits_for_a_headset_and_then_shows_it(page: Page, bus: BusAddress) -> None:
    wait_for_state(page, "waiting")
    expect(page.get_by_text("Waiting for a headset")).to_be_visible()
    with headset.Headset(bus):
        wait_for_state(page, "live")
        expect(page.get_by_text("Waiting for a headset")).to_be_hidden()
        expect(page.get_by_test_id("outline")).to_have_count(3)
        expect(page.locator("#f-model")).to_have_text("test-model")
        expect(page.locator("#f-encode")).to_have_text("12ms")
        pixel = page.evaluate(
            "[...document.getElementById('picture').getContext('2d').getImageData(318, 279, 1, 1).data]"
        )
        np.testing.assert_allclose(pixel[:3], headset.picture(0.0)[279, 318], atol=12)
    wait_for_state(page, "stalled")


def test_the_mouse_is_the_gaze_while_it_is_over_the_picture(page: Page, bus: BusAddress) -> None:
    with headset.Headset(bus) as worn:
        wait_for_state(page, "live")
        wait(page, "() => document.querySelector('.object.gazed')?.dataset.id === '1'")  # the eyes
        for number in (2, 3):
            at = point_at(page, number)
            wait(page, GAZED_AND_AROUND, [number, *at])
            card = page.get_by_test_id("card")
            expect(card).to_contain_text("leaf" if number == 2 else "#3")
            expect(card).to_contain_text("1.00 m")
        count = len(worn.mouse)
        wait(page, "() => document.body.dataset.source === 'mouse'")
        until(lambda: len(worn.mouse) > count + 3)  # it rests, and goes on saying so
        page.mouse.move(2, 2)
        wait(page, "() => document.querySelector('.object.gazed')?.dataset.id === '1'")
        wait(page, "() => document.body.dataset.source === 'eye'")


def test_the_card_stays_off_its_object_and_in_the_window(page: Page, bus: BusAddress) -> None:
    with headset.Headset(bus):
        wait_for_state(page, "live")
        for number in (1, 2, 3):
            for width, height in ((1000, 700), (390, 800), (700, 340)):
                page.set_viewport_size({"width": width, "height": height})
                wait(page, "width => gazeline.scene.rect.width <= width", width)
                page.mouse.move(1, 1)
                wait(page, GAZED_AND_AROUND, [number, *point_at(page, number)])
                name = headset.NAMES[number] or f"#{number}"
                expect(page.get_by_test_id("card")).to_contain_text(name)
                wait(page, CARD_IS_APART)


def test_outlines_stay_on_their_objects_while_the_head_turns(page: Page, bus: BusAddress) -> None:
    with headset.Headset(bus, turning_rad=0.15) as worn:
        wait_for_state(page, "live")
        wait(page, "() => gazeline.page.overlay?.moved === 'depth'")
        seen = set()
        worst_px = worst_unmoved_px = 0.0
        for _ in range(12):
            index, paths = page.evaluate(
                """() => new Promise((done) => requestAnimationFrame(() => done([
                    gazeline.page.frame.index,
                    [...document.querySelectorAll('.object')].map((group) =>
                        [Number(group.dataset.id), group.querySelector('[data-testid=outline]').getAttribute('d')]),
                ])))"""
            )
            for number, data in paths:
                drawn = np.array([float(each) for each in re.findall(r"-?[\d.]+", data)]).reshape(-1, 2)
                true_px = headset.disc_px(number, worn.yaws[index])
                worst_px = max(worst_px, float(np.abs(drawn - true_px).max()))
                late_px = headset.disc_px(number, worn.yaws.get(index - 2, 0.0))
                worst_unmoved_px = max(worst_unmoved_px, float(np.abs(late_px - true_px).max()))
            seen.add(index)
            page.wait_for_timeout(80)
        assert len(seen) > 3
        assert worst_px < 0.5
        assert worst_unmoved_px > 3.0  # the test would notice outlines that stay behind


def test_keys_and_buttons(page: Page, bus: BusAddress) -> None:
    with headset.Headset(bus):
        wait_for_state(page, "live")
        page.keyboard.press("Space")
        wait_for_state(page, "paused")
        expect(page.get_by_role("button", name="Pause")).to_have_attribute("aria-pressed", "true")
        page.wait_for_timeout(200)
        index = page.evaluate("gazeline.page.frame.index")
        page.wait_for_timeout(400)
        assert page.evaluate("gazeline.page.frame.index") == index
        expect(page.get_by_test_id("outline").first).to_be_visible()
        page.get_by_role("button", name="Pause").click()
        wait_for_state(page, "live")
        wait(page, "index => gazeline.page.frame.index > index", index)

        page.keyboard.press("o")
        expect(page.get_by_test_id("outline").first).to_be_hidden()
        page.keyboard.press("o")
        expect(page.get_by_test_id("outline").first).to_be_visible()

        page.keyboard.press("d")
        expect(page.get_by_test_id("details")).to_contain_text("head pose and depth")
        page.get_by_role("button", name="Details").click()
        expect(page.get_by_test_id("details")).to_be_hidden()


def test_with_the_mouse_off_the_eyes_stay_the_gaze(page: Page, bus: BusAddress) -> None:
    with headset.Headset(bus) as worn:
        wait_for_state(page, "live")
        page.keyboard.press("m")
        point_at(page, 2)
        page.wait_for_timeout(400)
        assert not worn.mouse
        page.keyboard.press("m")
        until(lambda: len(worn.mouse) > 0)


def test_a_touch_is_the_gaze(browser: Browser, bus: BusAddress) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
    with serving(bus) as server, opened(browser, server, **phone) as page, headset.Headset(bus) as worn:
        wait_for_state(page, "live")
        wait(page, "() => gazeline.page.overlay?.moved === 'depth'")  # rig and pose have come
        page.touchscreen.tap(*client_px(page, *headset.disc_px(3, 0.0).mean(axis=0).tolist()))
        until(lambda: len(worn.mouse) > 0)
        wait(page, "() => document.querySelector('.object.gazed')?.dataset.id === '3'")
        wait(page, "() => document.querySelector('.object.gazed')?.dataset.id === '1'")  # let go: the eyes again


def test_it_finds_its_server_again(browser: Browser, bus: BusAddress) -> None:
    with headset.Headset(bus), serving(bus) as first:
        port = int(first.url.rsplit(":", 1)[1].rstrip("/"))
        with opened(browser, first) as page:
            wait_for_state(page, "live")
            first.stop()
            wait_for_state(page, "lost")
            expect(page.get_by_text("Connection lost")).to_be_visible()
            with serving_again(bus, port):
                wait_for_state(page, "live")
                wait(page, "() => document.querySelectorAll('.object').length === 3")


def test_two_pages_see_the_same(browser: Browser, bus: BusAddress) -> None:
    with serving(bus) as server, opened(browser, server) as one, opened(browser, server) as other, headset.Headset(bus):
        wait_for_state(one, "live")
        wait_for_state(other, "live")
        at = point_at(one, 2)
        wait(one, GAZED_AND_AROUND, [2, *at])
        wait(other, GAZED_AND_AROUND, [2, *at])


@contextmanager
def serving_again(bus: BusAddress, port: int) -> Iterator[WebServer]:
    """On the port that another server is just leaving."""
    end = time.monotonic() + 10
    while True:
        try:
            with serving(bus, port) as server:
                yield server
                return
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.05)


def until(done: Any, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)
