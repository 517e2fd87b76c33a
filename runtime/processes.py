"""Child processes that are watched, started again when they die, and never left behind."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Self

from gazeline.runtime import tether

LINES_KEPT = 30
RESTARTS_MAX = 3  # of one program within RESTARTS_WITHIN_S: one that cannot run is not started for ever
RESTARTS_WITHIN_S = 60.0
STOP_WAIT_S = 5.0
QUIET_BLAS = {"OPENBLAS_NUM_THREADS": "1"}  # its threads wake for small products and then fight over busy cores


@dataclass(frozen=True)
class Program:
    """One program to run: what a person calls it, and its command line."""

    name: str
    argv: tuple[str, ...]


@dataclass(frozen=True)
class Ended:
    """A program that ended without being asked to: its exit code (negative: the signal) and its last lines."""

    program: Program
    code: int
    last_lines: tuple[str, ...]

    @property
    def reason(self) -> str:
        """Why, in one line: its own ``error:`` sentence, the signal, or the last thing that it said."""
        for line in self.last_lines:
            if line.startswith("error: "):
                return line.removeprefix("error: ")
        if self.code < 0:
            return f"it was killed by {signal.Signals(-self.code).name}"
        said = next((line for line in reversed(self.last_lines) if line.strip()), "it said nothing")
        return f"exit code {self.code}: {said.strip()}"


class _Running:
    """A started program, and a thread that keeps its last lines so that its pipe never fills."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process = subprocess.Popen(
            tether.command(program.argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env=QUIET_BLAS | os.environ,
            process_group=0,  # Ctrl-C in the terminal reaches the supervisor alone, which ends the others in order
        )
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)
        assert self.process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self._reader.start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self.lines.append(line.rstrip("\n"))

    def ended(self) -> Ended | None:
        code = self.process.poll()
        if code is None:
            return None
        self._kill_group()
        self._reader.join(timeout=1.0)
        return Ended(self.program, code, tuple(self.lines))

    def ask_to_stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()

    def stop(self, deadline_s: float) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=max(0.0, deadline_s - time.monotonic()))
        self._kill_group()
        self.process.wait()
        self._reader.join(timeout=1.0)

    def _kill_group(self) -> None:
        """What the program itself may have started goes with it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)


class Family:
    """The running programs of one supervisor; leaving the ``with`` block ends them all.

    Use it from the main thread: on Linux a child is tied to the thread that started it.
    """

    def __init__(self) -> None:
        self._running: dict[str, _Running] = {}
        self._restarts: dict[str, deque[float]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pids(self) -> dict[str, int]:
        """Process id by program name, of those that run."""
        return {name: running.process.pid for name, running in self._running.items()}

    def start(self, program: Program) -> None:
        """Start ``program``. Raises OSError when that is impossible."""
        self._running[program.name] = _Running(program)

    def restart(self, program: Program) -> bool:
        """Start a program that ended again, unless it did so too often of late (then False)."""
        now_s = time.monotonic()
        times = self._restarts.setdefault(program.name, deque(maxlen=RESTARTS_MAX))
        if len(times) == RESTARTS_MAX and now_s - times[0] < RESTARTS_WITHIN_S:
            return False
        times.append(now_s)
        self.start(program)
        return True

    def ended(self) -> list[Ended]:
        """The programs that ended since the last call, without being asked to."""
        found = [ended for running in self._running.values() if (ended := running.ended())]
        for ended in found:
            del self._running[ended.program.name]
        return found

    def stop(self, names: Sequence[str] | None = None) -> None:
        """Ask these programs (all of them by default) to end, last started first; kill what does not within 5 s."""
        leaving = [self._running.pop(name) for name in reversed(names or list(self._running)) if name in self._running]
        for running in leaving:
            running.ask_to_stop()
        deadline_s = time.monotonic() + STOP_WAIT_S
        for running in leaving:
            running.stop(deadline_s)
