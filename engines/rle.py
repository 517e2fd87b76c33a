"""COCO's compressed run lengths of a mask, byte for byte those of pycocotools (cocoapi, maskApi.c), in numpy.

Runs go down the columns and start with zeros. Each run length after the third is written as the difference to the one
two before, then as groups of five bits, lowest first: character = 48 + bits, + 32 where another group follows.
"""

from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

MAX_GROUPS = 13  # five bits each, of a 64-bit number


class Rle(TypedDict):
    """A mask as COCO's JSON has it: ``size`` is [height, width]."""

    size: list[int]
    counts: str


def encode(mask: NDArray[Any]) -> Rle:
    """The run lengths of ``mask`` (H, W), non-zero inside."""
    h, w = mask.shape
    flat = np.ascontiguousarray(mask.T, np.bool_).ravel()  # (W * H,), column after column
    starts = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    first = [0, 0] if flat.size and flat[0] else [0]  # the first run is of zeros, if need be of none
    counts = np.diff(np.concatenate([first, starts, [flat.size]]))
    return {"size": [h, w], "counts": _write(counts)}


def decode(rle: Rle) -> NDArray[np.bool_]:
    """The mask (H, W) of ``rle``; ValueError where the runs do not fill it."""
    h, w = rle["size"]
    return decode_counts(_read(rle["counts"]), h, w)


def decode_counts(counts: NDArray[np.int64], h: int, w: int) -> NDArray[np.bool_]:
    """The mask (h, w) of plain run lengths, zeros first; ValueError where they do not fill it."""
    if (counts < 0).any() or counts.sum() != h * w:
        raise ValueError(f"these run lengths do not fill a mask of {w}x{h} pixels")
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape(w, h).T


def _write(counts: NDArray[np.int64]) -> str:
    numbers = counts.copy()
    numbers[3:] -= counts[1:-2]
    groups = np.empty((len(numbers), MAX_GROUPS), np.uint8)
    used = np.zeros(groups.shape, np.bool_)
    more = np.ones(len(numbers), np.bool_)
    for k in range(MAX_GROUPS):
        used[:, k] = more
        bits = numbers & 31
        numbers = numbers >> 5
        more = more & np.where(bits & 16, numbers != -1, numbers != 0)
        groups[:, k] = 48 + bits + 32 * more
        if not more.any():
            break
    return groups[used].tobytes().decode("ascii")


def _read(text: str) -> NDArray[np.int64]:
    codes = np.frombuffer(text.encode("ascii", "replace"), np.uint8).astype(np.int64) - 48
    if not len(codes) or (codes < 0).any() or (codes > 63).any() or codes[-1] & 32:
        raise ValueError("these are not COCO run lengths: a character is out of range or the last one is cut off")
    starts = np.concatenate([[0], np.flatnonzero(~codes & 32)[:-1] + 1])
    lengths = np.diff(np.append(starts, len(codes)))
    if lengths.max() > MAX_GROUPS - 1:
        raise ValueError("these are not COCO run lengths: one of them is larger than any picture")
    shift = 5 * (np.arange(len(codes)) - np.repeat(starts, lengths))
    numbers = np.add.reduceat((codes & 31) << shift, starts)
    ends = starts + lengths
    negative = (codes[ends - 1] & 16) != 0
    numbers = np.where(negative, numbers - (np.int64(1) << (5 * lengths)), numbers)
    for start in (1, 2):  # runs of ones, and of zeros after the first: differences to the one two before
        numbers[start::2] = np.cumsum(numbers[start::2])
    return numbers
