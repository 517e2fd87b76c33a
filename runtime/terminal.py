"""``stats.runtime`` for people: a live view in a terminal, a line a second anywhere else."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gazeline.runtime.messages import Overlay, OverlayObject, Stats
from gazeline.runtime.stats import notices

REFRESH_S = 0.25
LINE_S = 1.0
GAZE_STYLES = {"fixation": "green", "user": "green", "saccade": "yellow", "blink": "yellow", "lost": "red"}
SLOW_MS = {"gaze_to_overlay": 50.0, "frame_to_overlay": 100.0}  # beyond this an outline is felt to lag

WHY_DROPPED = {
    "lost_frame": "pictures that never came in",
    "lost_depth": "depth pictures that never came in",
    "depth_other_view": "depth pictures of another view than the camera's",
    "stale_frame.world": "pictures that a newer one overtook",
    "unknown_topic": "messages on a topic that is not ours",
    "topic_mismatch": "messages whose topic contradicts itself",
    "bad_envelope": "messages with the wrong number of parts",
    "bad_map": "messages that do not decode",
    "bad_image": "broken pictures",
    "out_of_bounds": "values out of bounds",
    "not_finite": "NaN or infinity",
    "not_unit": "directions that are not of unit length",
    "no_time": "messages without a time",
    "too_large": "messages that are too large",
    "frame_superseded": "pictures that a newer one overtook at the encoder",
    "frame_out_of_order": "pictures older than the last one, or sent twice",
    "frame_not_colour": "pictures that are not in colour",
    "frame_bad_image": "broken pictures",
    "gaze_out_of_order": "gaze older than the last sample, or sent twice",
    "gaze_behind_mouse": "gaze of the eyes while the mouse leads",
    "gaze_other_eye": "gaze of one eye while both are seen",
    "gaze_no_rig": "gaze that no calibration places in the picture",
    "gaze_no_frame": "gaze in pixels before the first picture",
    "gaze_no_direction": "gaze that points nowhere",
    "clock_no_answer": "times that the clock to be asked did not answer",
    "survey_stale": "surveys that took too long",
    "prompt_unknown_frame": "prompts about a picture that is not known",
    "prompt_outside": "prompts outside of their picture",
    "pose_clock_set_back": "times that the head poses' clock was set back",
    "recentre_without_gaze": "wishes to recentre gaze while nothing was looked at",
    "rig_invalid": "calibrations that do not read",
    "decode_gaze_gone": "answers that came after gaze was gone",
}
WHY_UNTIMELY = {"late": "that came too late", "future": "from the future: a wrong clock", "no_time": "without a time"}

Show = Callable[[Stats, Overlay | None], None]


def view(stats: Stats, overlay: Overlay | None = None) -> RenderableType:
    """The live view: state, rates, latencies, what is looked at, memory and drops."""
    numbers = Table.grid(padding=(0, 4))
    numbers.add_row(_latencies(stats), _rates(stats))
    parts: list[RenderableType] = [_headline(stats), _gaze(overlay)]
    parts += [Text(notice, "yellow") for notice in notices(stats)]
    parts += [Text(), numbers]
    if any(clock.domain == "sender" or clock.trouble for clock in stats.clocks.values()):
        parts += [Text(), _clocks(stats)]
    if any(stats.dropped.values()):
        parts += [Text(), _drops(stats)]
    return Padding(Group(*parts), (1, 2))


def line(stats: Stats, overlay: Overlay | None = None) -> str:
    """The same in one line, without colour."""
    words = [f"{stats.uptime_s:7.1f} s", stats.model if stats.ready else f"{stats.model} (loading)"]
    words += [f"{name} {hz:.0f}/s" for name, hz in stats.rates_hz.items()]
    words += [f"{name} {s.p50_ms:.0f}/{s.p99_ms:.0f} ms" for name, s in stats.stages.items()]
    words.append(f"dropped {sum(stats.dropped.values())}")
    words += [f"{topic}: {clock.trouble}" for topic, clock in stats.clocks.items() if clock.trouble]
    words.append(f"{stats.rss_mb:.0f} MB")
    if overlay is not None:
        gazed = _gazed(overlay)
        words.append(overlay.gaze_state + ("" if gazed is None else f" on {_called(gazed)}"))
    words += notices(stats)
    return " | ".join(words)


@contextmanager
def live(console: Console) -> Iterator[Show]:
    """Yields ``show(stats, overlay)``, to be called as often as one likes.

    In a terminal it keeps a view up to date four times a second; elsewhere it prints one line per second.
    """
    if not console.is_terminal:
        yield _limited(LINE_S, lambda stats, overlay: console.print(line(stats, overlay), markup=False, soft_wrap=True))
        return
    with Live(console=console, auto_refresh=False, transient=True) as screen:
        yield _limited(REFRESH_S, lambda stats, overlay: screen.update(view(stats, overlay), refresh=True))


def _limited(every_s: float, show: Show) -> Show:
    next_s = 0.0

    def limited(stats: Stats, overlay: Overlay | None) -> None:
        nonlocal next_s
        if time.monotonic() >= next_s:
            next_s = time.monotonic() + every_s
            show(stats, overlay)

    return limited


def _headline(stats: Stats) -> Text:
    minutes, seconds = divmod(int(stats.uptime_s), 60)
    state = ("ready", "green") if stats.ready else ("loading the model …", "yellow")
    memory = f"{stats.rss_mb:.0f} MB (peak {stats.rss_peak_mb:.0f})"
    parts = ("Gazeline", "bold"), "  ", stats.model, "  ", state, "  ", f"{minutes}:{seconds:02d}  ", (memory, "dim")
    return Text.assemble(*parts)


def _gaze(overlay: Overlay | None) -> Text:
    if overlay is None:
        return Text("no overlay yet", "dim")
    text = Text.assemble(("gaze  ", "dim"), (overlay.gaze_state, GAZE_STYLES[overlay.gaze_state]))
    text.append(f" ({overlay.gaze_source})", "dim")
    gazed = _gazed(overlay)
    if gazed is not None:
        text.append("  on  ", "dim")
        text.append(_called(gazed), "bold cyan")
        if gazed.depth_m is not None:
            text.append(f"  {gazed.depth_m:.2f} m")
        text.append(f"  score {gazed.score:.2f}", "dim")
    return text


def _gazed(overlay: Overlay) -> OverlayObject | None:
    return next((thing for thing in overlay.objects if thing.gazed), None)


def _called(thing: OverlayObject) -> str:
    name = "".join(c for c in thing.name or "object" if c.isprintable())  # it came over the bus
    return f"{name} #{thing.id}"


def _latencies(stats: Stats) -> Table:
    table = _table("latency, ms", "p50", "p99", "runs")
    for name, stage in stats.stages.items():
        slow = "red" if stage.p99_ms > SLOW_MS.get(name, float("inf")) else ""
        table.add_row(escape(name), f"{stage.p50_ms:.1f}", Text(f"{stage.p99_ms:.1f}", slow), str(stage.count))
    return table


def _rates(stats: Stats) -> Table:
    table = _table("rate", "per second", "total")
    totals = {
        "camera": stats.frames.get("captured"),
        "encode": stats.frames.get("encoded"),
        "gaze": stats.gaze.get("samples"),
    }
    for name, hz in stats.rates_hz.items():
        total = totals.get(name)
        table.add_row(escape(name), f"{hz:.1f}", "" if total is None else str(total))
    return table


def _clocks(stats: Stats) -> Table:
    """Where more is to be said of a clock than that it is this machine's."""
    table = _table("clock", "offset, ms", "±", "delay", "drift, ppm", "")
    for topic, clock in stats.clocks.items():
        if clock.domain == "sender" or clock.trouble:
            drift = "" if clock.drift_ppm is None else f"{clock.drift_ppm:.1f}"
            numbers = (f"{clock.offset_ms:.1f}", f"{clock.uncertainty_ms:.1f}", f"{clock.delay_ms:.1f}", drift)
            table.add_row(escape(topic), *numbers, Text(clock.trouble, "red"))
    table.columns[5].justify = "left"
    return table


def _drops(stats: Stats) -> Table:
    table = _table("dropped", "count", "")
    for reason, count in sorted(stats.dropped.items(), key=lambda item: -item[1])[:8]:
        if count:
            table.add_row(escape(reason), str(count), Text(_why(reason), "dim"))
    table.columns[2].justify = "left"
    return table


def _why(reason: str) -> str:
    if reason in WHY_DROPPED:
        return WHY_DROPPED[reason]
    kind, _, topic = reason.partition("_")
    if topic in WHY_UNTIMELY:
        return f"{kind} {WHY_UNTIMELY[topic]}"
    return {"stale": f"{topic} that a newer one overtook", "full": f"{topic} that found no room"}.get(kind, "")


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table
