"""Which other files an ONNX file reads its weights from.

A model may name any path as "external data". This walks the protobuf (onnx.proto) without loading a tensor, so that a
bundle can be checked before a runtime opens it, and without the onnx package.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path

# message -> {field: message of the field}; what is not listed is skipped
FIELDS: dict[str, dict[int, str]] = {
    "Model": {7: "Graph", 20: "Training", 25: "Function"},
    "Training": {1: "Graph", 2: "Graph"},
    "Graph": {1: "Node", 5: "Tensor", 15: "SparseTensor"},
    "Function": {7: "Node", 11: "Attribute"},
    "Node": {5: "Attribute"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "SparseTensor", 23: "SparseTensor"},
    "SparseTensor": {1: "Tensor", 2: "Tensor"},
    "Tensor": {13: "Entry"},
}
MAX_DEPTH = 64


def external_files(path: Path) -> set[str]:
    """The locations, as written in the file, of all external data; ValueError if it is no readable protobuf."""
    if path.stat().st_size == 0:
        raise ValueError(f"{path} is empty, not an ONNX model")
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return set(_walk(data, 0, len(data), "Model", 0))
    except (IndexError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not an ONNX model, or it is cut off") from error


def _walk(data: mmap.mmap, position: int, end: int, message: str, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        raise IndexError
    children = FIELDS[message]
    for field, start, stop in _fields(data, position, end):
        child = children.get(field)
        if child == "Entry":
            entry = {f: data[a:b].decode() for f, a, b in _fields(data, start, stop)}
            if entry.get(1) == "location":
                yield entry.get(2, "")
        elif child:
            yield from _walk(data, start, stop, child, depth + 1)


def _fields(data: mmap.mmap, position: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The length-delimited fields of one message: (number, start, stop); IndexError where they leave the message."""
    while position < end:
        tag, position = _varint(data, position, end)
        field, wire = tag >> 3, tag & 7
        if wire == 0:
            _, position = _varint(data, position, end)
        elif wire == 1:
            position += 8
        elif wire == 5:
            position += 4
        elif wire == 2:
            length, position = _varint(data, position, end)
            if position + length > end:
                raise IndexError
            yield field, position, position + length
            position += length
        else:
            raise IndexError
    if position != end:
        raise IndexError


def _varint(data: mmap.mmap, position: int, end: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= end:
            raise IndexError
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
    raise IndexError
