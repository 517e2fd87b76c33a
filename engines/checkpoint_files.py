"""Which kind of checkpoint a file is, by its first bytes and without torch."""

from pathlib import Path
from typing import Literal

ZIP, PICKLES = b"PK\x03\x04", (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def kind_of(path: Path) -> Literal["zip", "pickle", "safetensors"] | None:
    """What torch writes, what it wrote before 1.6, tensors alone (eight bytes of length, then JSON), or neither."""
    with path.open("rb") as file:
        head = file.read(9)
    if head[:4] == ZIP:
        return "zip"
    if head[:2] in PICKLES:
        return "pickle"
    return "safetensors" if head[8:9] == b"{" else None
