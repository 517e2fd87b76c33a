"""COCO run lengths against pycocotools."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as coco

from gazeline.engines import rle

MASKS = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40))


def _blobs(seed: int, h: int, w: int) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    rng = np.random.default_rng(seed)
    ys, xs = np.mgrid[:h, :w]
    mask = np.zeros((h, w), np.bool_)
    for _ in range(rng.integers(1, 8)):
        y, x, r = rng.integers(h), rng.integers(w), rng.integers(1, max(2, min(h, w) // 3))
        mask ^= np.hypot(ys - y, xs - x) < r
    return mask


@settings(deadline=None)
@given(MASKS)
def test_same_text_as_pycocotools_and_back(mask: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> None:
    ours = rle.encode(mask)
    theirs = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert ours["counts"] == theirs["counts"].decode()
    assert ours["size"] == list(theirs["size"])
    np.testing.assert_array_equal(rle.decode(ours), mask)


@pytest.mark.parametrize("shape", [(480, 640), (1408, 1408), (1, 1), (3, 2000)])
@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 1000))
def test_large_runs(shape: tuple[int, int], seed: int) -> None:
    mask = _blobs(seed, *shape)
    ours = rle.encode(mask)
    assert ours["counts"] == coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    np.testing.assert_array_equal(coco.decode(dict(ours)), mask)
    np.testing.assert_array_equal(rle.decode(ours), mask)


@pytest.mark.parametrize("full", [False, True])
def test_all_and_nothing(full: bool) -> None:
    mask = np.full((480, 640), full)
    assert rle.encode(mask)["counts"] == coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    np.testing.assert_array_equal(rle.decode(rle.encode(mask)), mask)


@pytest.mark.parametrize("counts", ["", "P", "zz!", "é", "o" * 20 + "0", "5", "51"])
def test_broken_run_lengths_are_refused(counts: str) -> None:
    with pytest.raises(ValueError, match="run lengths"):
        rle.decode({"size": [4, 4], "counts": counts})
