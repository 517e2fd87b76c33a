"""``gazeline find TEXT live`` on a runtime: what it says, and that nothing is looked for any more when it ends."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gazeline.runtime.bus import BusAddress
from gazeline.runtime.find import live
from gazeline.runtime.messages import Overlay, OverlayObject, Pointer, Search, UserPrompt
from tests.runtime.test_app import LEFT, RIGHT, Bench, model, outlines

__all__ = ["model"]  # a fixture


@pytest.fixture
def bench(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    made = Bench(tmp_path, model)
    yield made
    made.close()


def ask(bench: Bench, text: str) -> None:
    now_ns = time.monotonic_ns()
    bench.headset.publisher.send(UserPrompt(topic="prompt.user", capture_ns=now_ns, kind="find", text=text))


def test_a_thing_is_found_by_the_colour_that_the_camera_saw(bench: Bench) -> None:
    for look in (LEFT, RIGHT, LEFT, RIGHT):  # a blue and a red square, nobody has named them
        bench.headset.look = look
        bench.until(Overlay, outlines(look))
    ask(bench, "something red")
    overlay = bench.until(Overlay, lambda o: any(thing.found for thing in o.objects))
    (found,) = (thing for thing in overlay.objects if thing.found)
    assert abs(0.5 * (found.box[0] + found.box[2]) - RIGHT[0]) < 5.0
    assert overlay.search is not None
    assert overlay.search.understood == "a thing that is red"
    ask(bench, "a mug")
    overlay = bench.until(Overlay, lambda o: o.search is not None and o.search.text == "a mug")
    assert not any(thing.found for thing in overlay.objects)
    ask(bench, "")
    bench.until(Overlay, lambda o: o.search is None)


def test_the_command_says_what_it_found_and_ends_the_search(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.headset.look = RIGHT
    bench.until(Overlay, outlines(RIGHT))
    live.watch(bench.address, "red thing", 3.0, threading.Event())
    out = capsys.readouterr().out
    assert "looking for a thing that is red" in out
    assert "in view" in out
    bench.until(Overlay, lambda o: o.search is None)
    live.watch(bench.address, "red thing", 1.5, threading.Event(), as_json=True)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[-1]["understood"] == "a thing that is red"
    assert len(lines[-1]["found"]) == 1


def test_without_a_runtime_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "ANSWER_S", 0.5)
    with pytest.raises(ValueError, match="no runtime answers on this bus; start one with: gazeline run"):
        live.watch(BusAddress.parse(f"ipc://{tmp_path}/bus"), "mug", None, threading.Event())


def test_ways_are_said_in_words() -> None:
    outline = [[(0.0, 0.0), (9.0, 0.0), (9.0, 9.0)]]
    thing = OverlayObject(
        id=3, score=1.0, gazed=False, outline=outline, box=(0, 0, 9, 9), area_px=40.0, name="mug", found=True
    )
    pointers = [
        Pointer(id=4, d_camera=(-0.64, 0.0, 0.77), name="cup", depth_m=1.25),
        Pointer(id=5, d_camera=(0.0, -0.17, -0.98)),
        Pointer(id=6, d_camera=(0.0, 0.0, 1.0)),
    ]
    search = Search(text="mug", understood="a mug", pointers=pointers)
    overlay = Overlay(
        topic="overlay.objects", frame_index=0, width=9, height=9, publish_ns=0, objects=[thing], search=search
    )
    assert live.lines_of(overlay).splitlines() == [
        "looking for a mug",
        "  #3 mug: in view",
        "  #4 cup: 40° to the left, 1.2 m away",
        "  #5: behind and 10° up",
        "  #6: straight ahead, hidden",
    ]
