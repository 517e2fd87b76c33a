"""COCO's annotations are read as pycocotools reads them."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as pycoco

from gazeline.engines import coco
from gazeline.engines.coco import Annotation, Picture, RunLengths

HEIGHT, WIDTH = 37, 53
PICTURE = Picture(1, "a.jpg", WIDTH, HEIGHT)
NUMBER = st.floats(-5, 60, allow_nan=False).map(lambda x: round(x, 2))
RING = st.integers(3, 9).flatmap(lambda n: st.lists(NUMBER, min_size=2 * n, max_size=2 * n))


@settings(deadline=None, max_examples=300)
@given(st.lists(RING, min_size=1, max_size=3))
def test_polygons_are_those_of_pycocotools(rings: list[list[float]]) -> None:
    theirs = pycoco.decode(pycoco.merge(pycoco.frPyObjects(rings, HEIGHT, WIDTH)))
    np.testing.assert_array_equal(coco.polygons(rings, HEIGHT, WIDTH), theirs.astype(bool))


def test_run_lengths_in_both_forms() -> None:
    mask = np.random.default_rng(0).random((HEIGHT, WIDTH)) < 0.5
    mask[0, 0] = True
    packed = pycoco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    flat = mask.T.ravel()
    changes = np.flatnonzero(np.diff(flat)) + 1
    plain = np.diff(np.concatenate([[0, 0], changes, [flat.size]])).tolist()
    for counts in (packed, plain):
        annotation = Annotation(1, RunLengths((HEIGHT, WIDTH), counts))
        np.testing.assert_array_equal(coco.mask_of(annotation, PICTURE), mask)


@pytest.mark.parametrize(
    ("segmentation", "sentence"),
    [
        ([[1.0, 2.0, 3.0, 4.0]], r"annotation 7 \(a\.jpg\).*three points"),
        ([[1.0, 2.0, 3.0, 4.0, 5.0]], r"annotation 7 \(a\.jpg\).*three points"),
        (RunLengths((HEIGHT, WIDTH), "zz!"), r"annotation 7 \(a\.jpg\).*run lengths"),
        (RunLengths((HEIGHT, WIDTH), [5, 5]), r"annotation 7 \(a\.jpg\).*do not fill"),
        (RunLengths((WIDTH, HEIGHT), [WIDTH * HEIGHT]), r"annotation 7 \(a\.jpg\).*37x53, its picture 53x37"),
    ],
)
def test_broken_masks_are_refused_by_name(segmentation: list[list[float]] | RunLengths, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        coco.mask_of(Annotation(1, segmentation, id=7), PICTURE)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", r"instances\.json is not in COCO's format"),
        ('{"images": []}', r"instances\.json is not in COCO's format.*annotations"),
        (
            json.dumps({"images": [], "annotations": [{"image_id": 3, "segmentation": [], "id": 9}]}),
            "annotation 9 is of the image 3, which is not listed",
        ),
    ],
)
def test_broken_files_are_refused_by_name(tmp_path: Path, content: str, sentence: str) -> None:
    (tmp_path / "instances.json").write_text(content)
    with pytest.raises(ValueError, match=sentence):
        coco.read_instances(tmp_path)
