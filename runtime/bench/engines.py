"""``gazeline bench engines``: gazeline-s and well-known networks side by side, each in a process of its own.

One process per network and backend loads it and waits; the parent asks one after the other, again and again, so that
all of them see the same machine, and each process's peak memory is that of one network.
"""

import multiprocessing
import platform
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gazeline.engines.backends import BACKENDS, open_sessions
from gazeline.engines.bundle import DEFAULT, find, load
from gazeline.engines.peers import peers
from gazeline.engines.segmenter import Prompt, Segmenter
from gazeline.engines.window import Window
from gazeline.runtime.files import write_bytes
from gazeline.runtime.models.catalogue import known_picture

WARM_UP = 3
SLOW_MS = 500.0  # above this, one warm-up run is enough


@dataclass(frozen=True)
class Subject:
    """What is measured: a bundle, what it sees of the picture, and on which backend."""

    label: str
    folder: Path
    whole: bool  # the whole frame, whatever the model wants
    backend: str
    threads: int


@dataclass(frozen=True)
class Row:
    """What was measured of one subject; times in ms from a 640x480 picture and for one click on it."""

    label: str
    backend: str
    runs: int
    encode_p50_ms: float
    encode_p99_ms: float
    decode_p50_ms: float
    decode_p99_ms: float
    peak_rss_mb: float
    encode_ratio: float  # to the first row of the same backend
    decode_ratio: float


def run(seconds: float, threads: int, only: Sequence[str], out: Path | None, console: Console | None = None) -> None:
    """Measure for about this long, print the table, and write it as JSON."""
    console = console or Console(highlight=False)
    subjects = _subjects(threads, only, console)
    rows = measure(subjects, seconds)
    _print(rows, console)
    console.print(
        f"{threads} threads; a 640x480 picture in, one click, interleaved. All but gazeline-s have random weights and "
        "SAM's decoder.\nSegment This Thing, foveated too, is not among them: it comes with no ONNX export.",
        style="dim",
    )
    if out is not None:
        machine = {"machine": platform.machine(), "processor": _processor(), "python": platform.python_version()}
        report = {"threads": threads, "seconds": seconds, **machine, "rows": [asdict(row) for row in rows]}
        write_bytes(out, msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")


def measure(subjects: Sequence[Subject], seconds: float) -> list[Row]:
    """All subjects in turn until each has had its share of the time, and at least two runs."""
    share_ms = 1000.0 * seconds / max(1, len(subjects))
    times: list[list[tuple[float, float]]] = [[] for _ in subjects]
    with _workers(subjects) as workers:
        while True:
            due = [i for i, t in enumerate(times) if len(t) < 2 or sum(map(sum, t)) < share_ms]
            if not due:
                break
            for i in due:
                workers[i].send("run")
                times[i].append(_answer(workers[i], subjects[i]))
        for worker in workers:
            worker.send("end")
        peaks = [_answer(worker, subject)[0] for worker, subject in zip(workers, subjects, strict=True)]
    first: dict[str, tuple[float, float]] = {}
    rows = []
    for subject, samples, peak in zip(subjects, times, peaks, strict=True):
        (encode50, decode50), (encode99, decode99) = np.percentile(np.array(samples), [50, 99], axis=0).tolist()
        base = first.setdefault(subject.backend, (encode50, decode50))
        ratios = (encode50 / base[0], decode50 / base[1])
        times_ms = (encode50, encode99, decode50, decode99)
        rows.append(Row(subject.label, subject.backend, len(samples), *times_ms, peak, *ratios))
    return rows


def _subjects(threads: int, only: Sequence[str], console: Console) -> list[Subject]:
    """gazeline-s and its peers on every backend that can run the first of them."""
    ours = find(DEFAULT)
    known = {f"{DEFAULT} foveal": (ours, False), f"{DEFAULT} whole": (ours, True)}
    try:
        made = peers(lambda text: console.print(text, style="dim"))
    except ValueError as error:
        console.print(f"gazeline-s alone: {escape(str(error))}", style="yellow")
    else:
        known |= {name: (bundle.folder, False) for name, bundle in made.items()}
    subjects = []
    for backend in BACKENDS[1:]:  # the first is "auto", which is one of the others
        if only and backend not in only:
            continue
        try:
            for session in open_sessions(load(ours), backend, threads):
                session.close()
        except (ValueError, OSError) as error:
            console.print(f"without {backend}: {escape(str(error))}", style="dim")
            continue
        subjects += [Subject(label, folder, whole, backend, threads) for label, (folder, whole) in known.items()]
    if not subjects:
        raise ValueError(f"none of these backends runs here: {', '.join(only) or ', '.join(BACKENDS[1:])}")
    return subjects


@contextmanager
def _workers(subjects: Sequence[Subject]) -> Iterator[list[Connection]]:
    """One process for each, ready to run."""
    context = multiprocessing.get_context("spawn")
    processes, ends = [], []
    try:
        for subject in subjects:
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, subject), daemon=True)
            process.start()
            theirs.close()
            processes.append(process)
            ends.append(ours)
        for end, subject in zip(ends, subjects, strict=True):
            _answer(end, subject)
        yield ends
    finally:
        for end in ends:
            end.close()
        for process in processes:
            process.join(5.0)
            if process.is_alive():
                process.terminate()


def _answer(worker: Connection, subject: Subject) -> tuple[float, float]:
    try:
        answer: tuple[float, float] | str = worker.recv()
    except EOFError as error:
        raise OSError(f"the process that measures {subject.label} ended; is there enough memory?") from error
    if isinstance(answer, str):
        raise ValueError(f"{subject.label} on {subject.backend}: {answer}")
    return answer


def _serve(parent: Connection, subject: Subject) -> None:
    """In a process of its own: load, warm up, and run whenever asked to."""
    try:
        bundle = load(subject.folder)
        segmenter = Segmenter(bundle, *open_sessions(bundle, subject.backend, subject.threads))
        picture, _, middle = known_picture()
        height, width = picture.shape[:2]
        window = segmenter.window_for(width, height, middle)
        if subject.whole:
            window = Window.full(width, height, bundle.manifest.input.size)
        prompts = [Prompt([middle])]

        def once() -> tuple[float, float]:
            start = time.monotonic_ns()
            embedding = segmenter.encode(picture, window)
            encoded = time.monotonic_ns()
            segmenter.decode(embedding, prompts)
            return (encoded - start) / 1e6, (time.monotonic_ns() - encoded) / 1e6

        if once()[0] < SLOW_MS:
            for _ in range(WARM_UP - 1):
                once()
        parent.send((0.0, 0.0))
        while parent.recv() == "run":
            parent.send(once())
        unit = 1e6 if sys.platform == "darwin" else 1e3  # bytes there, kilobytes elsewhere
        parent.send((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 0.0))
    except (ValueError, OSError) as error:
        parent.send(str(error))
    except EOFError:  # the parent has ended
        return


def _print(rows: Sequence[Row], console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("network", no_wrap=True)
    table.add_column("backend", no_wrap=True)
    for heading in ("encode p50", "p99 ms", "ratio", "decode p50", "p99 ms", "ratio", "peak MB", "n"):
        table.add_column(heading, justify="right", overflow="fold")
    for row in rows:
        encode = (f"{row.encode_p50_ms:.1f}", f"{row.encode_p99_ms:.1f}", f"{row.encode_ratio:.3g}x")
        decode = (f"{row.decode_p50_ms:.1f}", f"{row.decode_p99_ms:.1f}", f"{row.decode_ratio:.3g}x")
        table.add_row(row.label, row.backend, *encode, *decode, f"{row.peak_rss_mb:.0f}", str(row.runs))
    console.print(table)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
