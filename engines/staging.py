"""A folder appears whole or not at all."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MARK = ".unfinished-"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def staged(folder: Path, *, replace: bool = False) -> Iterator[Path]:
    """A new, empty folder that takes the place of ``folder`` when the block ends, and is removed if it fails.

    It lies beside ``folder``, so that the move is one step. FileExistsError if ``folder`` is there and not to be
    replaced; OSError, in a sentence, if the disk is full.
    """
    if folder.exists() and not replace:
        raise FileExistsError(f"{folder} is there already")
    folder.parent.mkdir(parents=True, exist_ok=True)
    remove_unfinished(folder.parent)
    work = Path(tempfile.mkdtemp(prefix=f"{MARK}{os.getpid()}-", dir=folder.parent))
    try:
        yield work
        _to_disk(work)
        work.chmod(0o755)
        if folder.exists():  # the old one goes aside first: a folder can only take the place of an empty one
            aside = Path(tempfile.mkdtemp(prefix=f"{MARK}{os.getpid()}-", dir=folder.parent))
            folder.rename(aside / folder.name)
            work.rename(folder)
            shutil.rmtree(aside, ignore_errors=True)
        else:
            work.rename(folder)
    except OSError as error:
        if error.errno in FULL:
            raise OSError(f"{folder.parent} has no room for the model; free some, or set GAZELINE_MODELS") from error
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def remove_unfinished(parent: Path) -> None:
    """Remove what processes that were killed left behind in ``parent``."""
    for left in parent.glob(f"{MARK}*"):
        pid = left.name.removeprefix(MARK).partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and Path("/proc").exists():
            shutil.rmtree(left, ignore_errors=True)


def _to_disk(folder: Path) -> None:
    for path in [*folder.iterdir(), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
