"""``gazeline bench registration``: runs the simulator's measurement, prints its tables and draws its plot."""

import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from gazeline.runtime import plot
from gazeline.runtime.files import write_bytes
from gazeline.runtime.image_files import write_image

METHODS = ("as drawn", "turn only", "default depth", "object depth", "vertex depth")
GOAL_SPEED, GOAL_DELAY = 100.0, 50.0
GOAL_KNOWN_DEG, GOAL_DEFAULT_DEG = 0.3, 0.6
WIDTH = 150

Row = dict[str, Any]


@dataclass(frozen=True)
class Options:
    """The command's options; empty ones are left to the measurement."""

    out: Path | None = None
    plot: Path | None = None
    speeds: tuple[float, ...] = ()
    delays_ms: tuple[float, ...] = ()
    scenes: tuple[str, ...] = ()
    seed: int = 0
    seconds: float = 10.0
    model: str | None = None


def bench(options: Options) -> None:
    """Measure, print, write. Raises OSError or ValueError with one sentence."""
    for name in ("mujoco", "OpenGL"):
        if importlib.util.find_spec(name) is None:
            raise ValueError("the simulator is not installed; install it with: pip install 'gazeline[sim]'")
    for path in (options.out, options.plot):
        if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
            raise OSError(f"{path} cannot be written: {'it is' if path.is_dir() else 'its parent is not'} a folder")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "registration.json")
        command = [sys.executable, "-m", "gazeline.sim", "registration", "--out", str(file)]
        for option, values in (
            ("--speed", options.speeds), ("--delay-ms", options.delays_ms), ("--scene", options.scenes),
        ):  # fmt: skip
            command += [word for value in values for word in (option, str(value))]
        command += ["--seed", str(options.seed), "--seconds", str(options.seconds)]
        command += [*(("--model", options.model) if options.model else ())]
        ended = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)
        if ended.returncode != 0:
            last = ended.stderr.strip().splitlines()[-1:] or ["it says nothing"]
            raise ValueError(last[0].removeprefix("error: "))
        data = file.read_bytes()
    result = msgspec.json.decode(data)
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)  # a file has no width of its own
    for table in tables(result):
        console.print(table)
    if options.out is not None:
        write_bytes(options.out, data)
        console.print(f"figures: {options.out}")
    if options.plot is not None:
        write_image(options.plot, picture(result))
        console.print(f"plot: {options.plot}")


def tables(result: dict[str, Any]) -> Iterable[Table]:
    """The result for people."""
    yield _turning(result["turning"])
    yield _goals(result["turning"])
    if result["moving"]:
        yield _moving(result["moving"])
    if result["session"]:
        yield _session(result["session"])


def _turning(rows: list[Row]) -> Table:
    """At the predicted display pose: the 95th percentile for each speed and delay, of the worst class of distance."""
    title = "A turning head: 95th percentile in degrees, worst class of distance, display pose predicted"
    table = _table(title, "speed deg/s", "delay ms", *METHODS, "vertex, true pose")
    for speed in sorted({row["speed_deg_s"] for row in rows}):
        for delay in sorted({row["delay_ms"] for row in rows}):
            cells = [worst(rows, speed, delay, method, "predicted") for method in METHODS]
            cells.append(worst(rows, speed, delay, "vertex depth", "known"))
            table.add_row(f"{speed:g}", f"{delay:g}", *(f"{cell:.2f}" for cell in cells))
    return table


def worst(
    rows: list[Row], speed: float, delay: float, method: str, pose: str, classes: Iterable[str] | None = None
) -> float:
    """The largest 95th percentile over the classes of distance; NaN where nothing was measured."""
    found = [
        float(row["p95_deg"])
        for row in rows
        if (row["speed_deg_s"], row["delay_ms"], row["method"], row["display_pose"]) == (speed, delay, method, pose)
        and (classes is None or row["distance_m"] in classes)
    ]
    return max(found, default=float("nan"))


def _goals(rows: list[Row]) -> Table:
    """Each class of distance at the speed and delay of the goals, or at those nearest to them."""
    speed = min({row["speed_deg_s"] for row in rows}, key=lambda value: abs(value - GOAL_SPEED))
    delay = min({row["delay_ms"] for row in rows}, key=lambda value: abs(value - GOAL_DELAY))
    title = (
        f"{speed:g} deg/s, {delay:g} ms, display pose predicted: mean / 95th / 99th percentile in degrees "
        f"(goals for the 95th: {GOAL_KNOWN_DEG:g} with known depth, {GOAL_DEFAULT_DEG:g} with the default beyond 1 m)"
    )
    table = _table(title, "distance m", *METHODS)
    here = [row for row in rows if (row["speed_deg_s"], row["delay_ms"]) == (speed, delay)]
    classes = sorted({row["distance_m"] for row in here}, key=lambda name: float(name.split("-")[0]))
    for where in classes:
        found = {r["method"]: r for r in here if (r["distance_m"], r["display_pose"]) == (where, "predicted")}
        chosen = [found[method] for method in METHODS]
        cells = [f"{r['mean_deg']:.2f} / {r['p95_deg']:.2f} / {r['p99_deg']:.2f}" for r in chosen]
        table.add_row(where, *cells)
    return table


def _moving(rows: list[Row]) -> Table:
    title = "Things that move, the head at rest: mean / 95th percentile in degrees"
    table = _table(title, "thing", "deg/s", "delay ms", "not predicted", "predicted", "of outlines", "made worse")
    still = [row for row in rows if not row["predicted"]]
    for row in still:
        same = ("scene", "name", "delay_ms")
        moved = next(r for r in rows if r["predicted"] and all(r[key] == row[key] for key in same))
        table.add_row(
            f"{row['name']} ({row['scene']})", f"{row['speed_deg_s']:.1f}", f"{row['delay_ms']:g}",
            f"{row['mean_deg']:.2f} / {row['p95_deg']:.2f}", f"{moved['mean_deg']:.2f} / {moved['p95_deg']:.2f}",
            f"{100 * moved['predicted_share']:.0f} %", f"{100 * moved['worse_share']:.0f} %",
        )  # fmt: skip
    return table


def _session(rows: list[Row]) -> Table:
    title = f"A session with the real model, {rows[0]['delay_ms']:g} ms from capture to display, while the head turns"
    table = _table(title, "outline against silhouette", "outlines", "mean deg", "95th", "99th")
    for row in rows:
        figures = (f"{row[key]:.2f}" for key in ("mean_deg", "p95_deg", "p99_deg"))
        table.add_row(row["what"], str(row["count"]), *figures)
    return table


def picture(result: dict[str, Any]) -> plot.Image:
    """Error against delay, one chart for each speed of the head."""
    rows = result["turning"]
    charts = []
    for speed in sorted({row["speed_deg_s"] for row in rows}):
        delays = sorted({row["delay_ms"] for row in rows})
        lines = {
            method: [(delay, worst(rows, speed, delay, method, "predicted")) for delay in delays] for method in METHODS
        }
        lines["vertex depth, true display pose"] = [
            (delay, worst(rows, speed, delay, "vertex depth", "known")) for delay in delays
        ]
        chart = plot.Chart(
            title=f"Head at {speed:g} deg/s", x_label="capture to display, ms",
            y_label="95th percentile of the error, deg; worst class of distance", lines=lines,
            limits={f"{GOAL_KNOWN_DEG:g} deg": GOAL_KNOWN_DEG}, log_y=True,
        )  # fmt: skip
        charts.append(chart)
    return plot.draw(charts, columns=min(2, len(charts)))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim")
    table.add_column(columns[0])
    for name in columns[1:]:
        table.add_column(name, justify="right")
    return table
