"""ONNX Runtime as a `Session`."""

import os
from pathlib import Path
from typing import Any

import onnxruntime
import pytest

from gazeline.engines.ort import PROVIDERS, OrtSession
from gazeline.engines.session import Session, usable_cores
from tests.engines.session_conformance import SessionConformance
from tests.engines.toy_models import write_own, write_sam

REAL = onnxruntime.InferenceSession


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


class Build:
    """A build of ONNX Runtime with these providers, as far as the choice among them goes; it can start some of them.

    The networks run on the processor all the same: only what is asked of the library is looked at.
    """

    def __init__(self, offered: list[str], starts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._starts = starts
        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: offered)
        monkeypatch.setattr(onnxruntime, "InferenceSession", self._open)

    def _open(self, path: str, options: onnxruntime.SessionOptions, providers: list[tuple[str, dict[str, str]]]) -> Any:
        self.asked = providers
        session = REAL(path, options, providers=["CPUExecutionProvider"])
        names = [name for name, _ in providers if name in (*self._starts, "CPUExecutionProvider")]
        session.get_providers = lambda: names
        return session


@pytest.mark.parametrize("backend", [name for name in PROVIDERS if name != "onnxruntime"])
def test_a_provider_is_asked_for_by_name_with_the_processor_behind_it(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, provider = write_own(tmp_path, size=64, m=32).encoder, PROVIDERS[backend]
    build = Build([provider, "CPUExecutionProvider"], [provider], monkeypatch)
    session = OrtSession(path, threads=2, provider=backend)
    assert [name for name, _ in build.asked] == [provider, "CPUExecutionProvider"]
    assert session.backend == f"onnxruntime {backend.removeprefix('onnxruntime-')} x2"
    if backend == "onnxruntime-openvino":
        assert build.asked[0][1] == {"num_of_threads": "2", "device_type": "CPU"}


@pytest.mark.parametrize("backend", [name for name in PROVIDERS if name != "onnxruntime"])
def test_a_provider_that_is_missing_or_does_not_start_is_one_sentence_and_never_the_processor(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, provider = write_own(tmp_path, size=64, m=32).encoder, PROVIDERS[backend]
    Build(["CPUExecutionProvider"], [], monkeypatch)
    with pytest.raises(ValueError, match=rf"has no {provider}; install one that has, instead of it: pip install \w"):
        OrtSession(path, threads=1, provider=backend)
    Build([provider, "CPUExecutionProvider"], [], monkeypatch)
    with pytest.raises(ValueError, match=f"offers {provider}, but cannot start it"):
        OrtSession(path, threads=1, provider=backend)
