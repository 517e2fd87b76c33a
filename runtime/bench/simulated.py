"""Measurements that need the simulator: it is run as a process, and what it found is printed as a table."""

import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from gazeline.runtime.files import write_bytes

WIDTH = 140

Options = Mapping[str, str | int | float | Sequence[str | int] | None]


def run(measurement: str, options: Options, title: str, out: Path | None) -> None:
    """``python -m gazeline.sim MEASUREMENT``, whose rows become a table; to ``out`` as JSON. Options that are None or
    empty are left to the measurement. Raises OSError or ValueError with one sentence."""
    for name in ("mujoco", "OpenGL"):
        if importlib.util.find_spec(name) is None:
            raise ValueError("the simulator is not installed; install it with: pip install 'gazeline[sim]'")
    if out is not None and (out.is_dir() or not out.absolute().parent.is_dir()):
        raise OSError(f"{out} cannot be written: {'it is' if out.is_dir() else 'its parent is not'} a folder")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "rows.json")
        command = [sys.executable, "-m", "gazeline.sim", measurement, "--out", str(file), *_words(options)]
        ended = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)
        if ended.returncode != 0:
            last = ended.stderr.strip().splitlines()[-1:] or ["it says nothing"]
            raise ValueError(last[0].removeprefix("error: "))
        data = file.read_bytes()
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)  # a file has no width of its own
    console.print(table(msgspec.json.decode(data), title))
    if out is not None:
        write_bytes(out, data)
        console.print(f"figures: {out}")


def table(rows: Sequence[Mapping[str, Any]], title: str) -> Table:
    """Rows of plain values, their keys as headings; shares and percentages as they are."""
    found = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for key, value in rows[0].items() if rows else ():
        found.add_column(key.replace("_", " "), justify="left" if isinstance(value, str) else "right")
    for row in rows:
        found.add_row(*("-" if value is None else str(value) for value in row.values()))
    return found


def _words(options: Options) -> list[str]:
    words = []
    for name, value in options.items():
        several = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        words += [word for each in several if each is not None for word in (f"--{name}", str(each))]
    return words
