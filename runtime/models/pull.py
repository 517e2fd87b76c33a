"""``gazeline models pull``: fetch a model from its makers, on their terms, and add it."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from gazeline.engines.add import Request
from gazeline.engines.downloads import Entry, fetch, read_table
from gazeline.runtime.models import add as models_add


def print_table(table: Path | None, console: Console | None = None) -> None:
    """What can be fetched, by whom it is, and on what terms."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("name", "by", "licence", "sha256"):
        shown.add_column(heading, overflow="fold")
    for name, entry in read_table(table).items():
        known = all(remote.sha256 for remote in entry.files)
        shown.add_row(name, escape(entry.by), escape(entry.licence), "known" if known else "not known")
    (console or Console()).print(shown)


def pull(
    name: str,
    table: Path | None,
    sha256: Sequence[str],
    *,
    accept_unverified: bool,
    accept_licence: bool,
    replace: bool,
    console: Console | None = None,
) -> None:
    """Fetch, verify and add the model ``name`` of the table; ValueError or OSError, in a sentence, if that fails."""
    console = console or Console(highlight=False)
    known = read_table(table)
    if name not in known:
        raise ValueError(f"there is no address of {name!r} (known: {', '.join(known)}); add files with: models add")
    entry = known[name]
    console.print(f"{escape(name)}, by {escape(entry.by)}. Licence: {escape(entry.licence)}")
    _agree(name, entry, accept_licence)
    sums = _sums(name, entry, sha256, accept_unverified)
    folder = _folder(name)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bars:
        for remote, wanted in zip(entry.files, sums, strict=True):
            bar = bars.add_task(remote.name, total=None)

            def show(_: str, done: int, total: int | None, bar: TaskID = bar) -> None:
                bars.update(bar, completed=done, total=total)

            path = fetch(remote, folder, wanted, show)
    given = path if len(entry.files) == 1 else folder
    models_add.add(Request(given, name, entry.licence, replace=replace), console)
    shutil.rmtree(folder, ignore_errors=True)


def _agree(name: str, entry: Entry, accept_licence: bool) -> None:
    """ValueError unless whoever asks for non-commercial weights agrees to that."""
    if entry.commercial or accept_licence:
        return
    if not sys.stdin.isatty():
        raise ValueError(f"{name} is not for commercial use ({entry.licence}); to agree to that, add --accept-licence")
    if not typer.confirm("Its weights are not for commercial use. Do you agree to that?"):
        raise ValueError(f"{name} was not fetched")


def _sums(name: str, entry: Entry, given: Sequence[str], accept_unverified: bool) -> list[str | None]:
    """The sha256 of each file: the table's, else the one given; None only where that was agreed to."""
    unknown = [remote.name for remote in entry.files if remote.sha256 is None]
    if given and len(given) != len(unknown):
        raise ValueError(f"{name} has {len(unknown)} files without a known sha256, and {len(given)} were given")
    if unknown and not given and not accept_unverified:
        raise ValueError(
            f"no sha256 of {', '.join(unknown)} is known that could be trusted: give --sha256 for each, in this order, "
            "or --accept-unverified"
        )
    rest = iter(value.lower() for value in given)
    return [remote.sha256 or next(rest, None) for remote in entry.files]


def _folder(name: str) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return cache / "gazeline" / "downloads" / name
