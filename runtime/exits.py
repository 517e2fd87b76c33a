"""How a command ends: on a signal, in order; on an error, with one sentence on stderr, ``error: …``, and exit code 2.

With GAZELINE_TRACEBACK=1 the traceback comes as well.
"""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

import typer

# typer carries click inside itself in some versions and depends on it in others; its own exports lead to either.
UsageError: type[Exception] = typer.BadParameter.__mro__[2]


def run(app: typer.Typer, name: str, arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command line and exit. Only ValueError and OSError become sentences: anything else is a mistake of ours."""
    try:
        code = app(args=arguments, prog_name=name, standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output went away, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except (UsageError, ValueError, OSError) as error:
        if os.environ.get("GAZELINE_TRACEBACK"):
            traceback.print_exc()
        print(f"error: {sentence(error)}", file=sys.stderr)
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)


def sentence(error: Exception) -> str:
    """What an error says, in one line."""
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename is not None else error.strerror
    else:
        text = getattr(error, "format_message", error.__str__)()
    return " ".join(text.split())


@contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set, in place of what they do otherwise; for the main thread."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
