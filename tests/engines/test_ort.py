"""ONNX Runtime as a `Session`."""

import os
from pathlib import Path

import pytest

from gazeline.engines.ort import OrtSession
from gazeline.engines.session import Session, usable_cores
from tests.engines.session_conformance import SessionConformance
from tests.engines.toy_models import write_own, write_sam


class TestOrtSession(SessionConformance):
    def open(self, path: Path) -> Session:
        return OrtSession(path, threads=1)


def test_threads_follow_the_processors_that_we_may_use(tmp_path: Path) -> None:
    path = write_own(tmp_path, size=64, m=32).encoder
    assert OrtSession(path).backend == f"onnxruntime cpu x{min(4, usable_cores())}"
    assert OrtSession(path, threads=1).backend == "onnxruntime cpu x1"
    with pytest.raises(ValueError, match="at least 1"):
        OrtSession(path, threads=0)
    if hasattr(os, "sched_setaffinity"):
        before = os.sched_getaffinity(0)
        try:
            os.sched_setaffinity(0, {min(before)})
            assert OrtSession(path).backend == "onnxruntime cpu x1"
        finally:
            os.sched_setaffinity(0, before)


def test_warm_up_suits_the_exporter_s_shape_input(tmp_path: Path) -> None:
    """``orig_im_size`` is a size, not data: zeros there would fail."""
    session = OrtSession(write_sam(tmp_path).decoder, threads=1)
    assert session.inputs["orig_im_size"].shape == (2,)
    assert session.outputs["masks"].shape == (1, 4, None, None)
