"""Whole files, read and written with errors that people understand."""

from pathlib import Path


def read_bytes(path: Path, what: str, limit: int) -> bytes:
    """The content of ``path``; ``what`` it is and its ``limit`` in bytes are for the error."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path} for {what}")
    if path.stat().st_size > limit:
        raise ValueError(f"{path} is too large for {what}: at most {limit >> 20} MiB")
    try:
        return path.read_bytes()
    except OSError as error:
        raise OSError(f"{path} cannot be read: {error.strerror}") from error


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``path``, replacing what was there."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise OSError(f"{path} cannot be written: {error.strerror}") from error
