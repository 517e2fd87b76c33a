"""A camera calibration from a live bus, with the page that says what to show, in a real Chromium."""

import threading
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from gazeline.calib.board import parse_board
from gazeline.calib.cameras import Pinhole
from gazeline.calib.rig import Rig
from gazeline.runtime.bus import BusAddress, Publisher
from gazeline.runtime.calibration.gather import Gathered
from gazeline.runtime.calibration.live import watch
from gazeline.runtime.messages import Frame
from gazeline.sim.board_view import BoardView
from tests.calib.board_poses import held
from tests.runtime.test_web_page import CHROMIUM, browser, bus, opened, serving

__all__ = ["browser", "bus"]  # fixtures

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium; install it with: apt-get install chromium")

BOARD = parse_board("chessboard:8x5:30mm")
CAMERA = Pinhole(640, 480, 500.0, 501.0, 318.0, 242.0)


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    """Six views of the board, as JPEG files."""
    rng, view = np.random.default_rng(3), BoardView(CAMERA)
    drawn = [view.draw(BOARD, held(BOARD, CAMERA, rng, near_m=0.4)) for _ in range(6)]
    return [cv2.imencode(".jpg", picture[..., ::-1])[1].tobytes() for picture in drawn]


@pytest.fixture
def headset(bus: BusAddress, pictures: list[bytes]) -> Iterator[None]:
    """Shows one view after the other, each for a while, over and over."""
    over = threading.Event()

    def send() -> None:
        with Publisher(bus) as publisher:
            index = 0
            while not over.wait(0.2):
                jpeg = pictures[index // 10 % len(pictures)]
                frame = Frame(
                    topic="frame.world", capture_ns=index + 1, width=640, height=480, index=index, format="jpeg"
                )
                publisher.send(frame, jpeg)
                index += 1

    thread = threading.Thread(target=send)
    thread.start()
    yield
    over.set()
    thread.join()


def test_the_page_shows_what_was_covered_and_what_is_missing(browser: Browser, bus: BusAddress, headset: None) -> None:
    made: list[tuple[Gathered, Rig | None]] = []
    stop = threading.Event()
    calibration = threading.Thread(target=lambda: made.append(watch(bus, BOARD, stop, lambda _count, _found: None)))
    with serving(bus) as server, opened(browser, server) as page:
        expect(page.get_by_test_id("board")).to_be_hidden()
        calibration.start()
        try:
            panel = page.get_by_test_id("board")
            expect(panel).to_be_visible(timeout=60_000)
            expect(panel).to_contain_text("4 of 20 views", timeout=120_000)
            expect(panel).to_contain_text("sharp")
            expect(page.locator("#board-advice")).not_to_be_empty()
            expect(page.get_by_test_id("board-corners").locator("circle")).to_have_count(len(BOARD.points_m))
            assert page.locator("#board .heat rect").count() > 10
        finally:
            stop.set()
            calibration.join(60)
        expect(panel).to_be_hidden(timeout=60_000)  # it is over
    ((gathered, rig),) = made
    assert rig is None  # this headset did not tell it
    assert len(gathered.views) >= 4
    assert (gathered.width, gathered.height) == (640, 480)


def test_a_bus_without_a_board_is_one_sentence(bus: BusAddress) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(ValueError, match=r"no chessboard:8x5:30mm was seen on ipc://.*; is that the board"):
        watch(bus, BOARD, stop, lambda _count, _found: None)
