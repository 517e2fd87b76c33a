"""What the terminal says: the numbers that came over the bus, and nothing that a name could smuggle in."""

import io

from rich.console import Console

from gazeline.runtime import terminal
from gazeline.runtime.messages import Overlay, OverlayObject, StageStats, Stats


def stats(ready: bool = True) -> Stats:
    return Stats(
        topic="stats.runtime",
        capture_ns=1,
        ready=ready,
        model="gazeline-s",
        uptime_s=83.0,
        frames={"captured": 1234, "encoded": 800, "dropped": 434},
        gaze={"samples": 9876, "prompts": 50, "fixations": 12},
        dropped={"stale_frame.world": 434, "bad_map": 3, "full_gaze.3d.01.": 2},
        stages={"encode": StageStats(count=800, p50_ms=21.4, p99_ms=35.2)},
        rates_hz={"camera": 29.9, "gaze": 119.7},
        rss_mb=312.0,
        rss_peak_mb=350.0,
    )


def overlay(name: str | None = "mug") -> Overlay:
    thing = OverlayObject(
        id=7, score=0.91, gazed=True, outline=[], box=(0.0, 0.0, 1.0, 1.0), area_px=1.0, name=name, depth_m=0.62
    )
    return Overlay(
        topic="overlay.objects",
        frame_index=1,
        width=640,
        height=480,
        publish_ns=1,
        gaze_state="fixation",
        objects=[thing],
    )


def shown(view: object, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(view)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert isinstance(text, str)
    return text


def test_the_view_says_what_matters() -> None:
    text = shown(terminal.view(stats(), overlay()))
    for said in (
        "gazeline-s", "ready", "1:23", "312 MB (peak 350)", "fixation", "mug #7", "0.62 m", "encode", "21.4", "35.2",
        "29.9", "119.7", "1234", "9876", "stale_frame.world", "434", "pictures that a newer one overtook",
        "gaze.3d.01. that found no room",
    ):  # fmt: skip
        assert said in text, said


def test_the_view_before_anything_happened() -> None:
    text = shown(terminal.view(stats(ready=False)))
    assert "loading the model" in text
    assert "no overlay yet" in text


def test_the_line_is_one_line() -> None:
    text = terminal.line(stats(), overlay())
    assert "\n" not in text
    for said in ("83.0 s", "camera 30/s", "encode 21/35 ms", "dropped 439", "312 MB", "fixation on mug #7"):
        assert said in text, said


def test_names_from_the_bus_are_text_and_nothing_else() -> None:
    thing = overlay("[red]\x1b[2Jmug\n")
    for text in (shown(terminal.view(stats(), thing)), terminal.line(stats(), thing)):
        assert "[red][2Jmug #7" in text
        assert "\x1b" not in text


def test_without_a_terminal_lines_are_printed() -> None:
    file = io.StringIO()
    with terminal.live(Console(file=file, width=40)) as show:
        for _ in range(100):
            show(stats(), overlay())
    assert file.getvalue() == terminal.line(stats(), overlay()) + "\n"  # one a second, however often it is called


def test_in_a_terminal_the_view_is_live() -> None:
    file = io.StringIO()
    with terminal.live(Console(file=file, width=100, force_terminal=True)) as show:
        show(stats(), overlay())
    assert "mug #7" in file.getvalue()
