"""A bundle's engines on a (fake) device: found, proven once, chosen by themselves, refused with a reason."""

import hashlib
import sys
from pathlib import Path

import msgspec
import pytest

from gazeline.engines import backends, cuda, engine_cache, tensorrt_pair
from gazeline.engines.bundle import DECODER, ENCODER, Bundle
from gazeline.engines.engine_cache import Identity, Record
from gazeline.engines.gate import Precision
from gazeline.engines.manifest import File
from gazeline.engines.segmenter import Segmenter
from tests.engines.fake_cuda import FakeCuda
from tests.engines.fake_tensorrt import module
from tests.engines.toy_models import write_own


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    """A machine with a device (sm_87) and TensorRT, as far as they are not ours."""
    monkeypatch.setenv("GAZELINE_ENGINES", str(tmp_path / "engines"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    fake = FakeCuda()
    trt = module(fake)
    trt.__name__ = "tensorrt"
    monkeypatch.setitem(sys.modules, "tensorrt_rtx", None)
    monkeypatch.setitem(sys.modules, "tensorrt", trt)
    monkeypatch.setattr(cuda, "load", lambda: fake)
    monkeypatch.setattr(tensorrt_pair, "_device", None)
    return fake


@pytest.fixture
def toy(tmp_path: Path) -> Bundle:
    (tmp_path / "toy").mkdir()
    return write_own(tmp_path / "toy")


def engines(
    toy: Bundle, networks: Bundle | None = None, capability: str = "sm_87", library: str = "tensorrt 1.0"
) -> Path:
    """What a build leaves behind; the fake's engines are the networks' paths."""
    given = networks or toy
    files = {"encoder.engine": str(given.encoder).encode(), "decoder.engine": str(given.decoder).encode()}
    precision: Precision = "fp16"
    identity = Identity(
        model=toy.name,
        precision=precision,
        library=library,
        capability=capability,
        source={name: file.sha256 for name, file in toy.manifest.files.items()},
        networks={},
        shapes={},
    )
    described = {name: File(len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()}
    return engine_cache.write(Record(identity, described, {}, 1.0), files)


def swapped(toy: Bundle, folder: Path) -> Bundle:
    """Networks that load and run, and give other masks."""
    from gazeline.engines import precision

    folder.mkdir()
    other = write_own(folder)
    model = precision.load(other.encoder)
    last = next(node for node in model.graph.node if node.op_type == "AveragePool")
    last.op_type = "MaxPool"
    precision.save(model, other.encoder)
    return other


def test_without_engines_or_a_device_the_processor_is_used(toy: Bundle, driver: FakeCuda) -> None:
    assert Segmenter.load(toy.folder).backend.startswith("onnxruntime cpu")
    said = backends.without_tensorrt(toy)
    assert said is not None
    assert "gazeline engines build toy" in said
    with pytest.raises(ValueError, match="no engines of toy have been built"):
        Segmenter.load(toy.folder, "tensorrt")


def test_a_machine_without_a_driver_is_told_so(toy: Bundle, driver: FakeCuda, monkeypatch: pytest.MonkeyPatch) -> None:
    engines(toy)

    def absent() -> None:
        raise cuda.CudaError("there is no NVIDIA driver on this machine")

    monkeypatch.setattr(cuda, "load", absent)
    assert Segmenter.load(toy.folder).backend.startswith("onnxruntime cpu")
    assert backends.without_tensorrt(toy) == "there is no NVIDIA driver on this machine"


def test_engines_are_proven_at_first_use_and_chosen_from_then_on(toy: Bundle, driver: FakeCuda) -> None:
    place = engines(toy)
    assert engine_cache.read(place).device_verdict is None
    segmenter = Segmenter.load(toy.folder)
    assert segmenter.backend == "tensorrt 1.0 on Fake Orin"
    verdict = engine_cache.read(place).device_verdict
    assert verdict is not None
    assert verdict.good
    assert verdict.backend == segmenter.backend
    segmenter.close()
    runs = driver.calls["cuEventSynchronize"]
    Segmenter.load(toy.folder).close()
    assert driver.calls["cuEventSynchronize"] - runs == 2  # each network once: nothing is compared again
    assert driver.leaks == ["the context"]


def test_engines_that_give_other_masks_are_refused_for_good(toy: Bundle, driver: FakeCuda, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="conversion needs the onnx package")
    place = engines(toy, swapped(toy, tmp_path / "other"))
    for _ in range(2):
        with pytest.raises(ValueError, match=r"mean mask IoU 0\.\d+ .*it is not used"):
            Segmenter.load(toy.folder, "tensorrt")
    assert driver.leaks == ["the context"]
    assert Segmenter.load(toy.folder).backend.startswith("onnxruntime cpu")
    verdict = engine_cache.read(place).device_verdict
    assert verdict is not None
    assert not verdict.good


def test_engines_for_another_device_library_or_model_are_told_apart(toy: Bundle, driver: FakeCuda) -> None:
    engines(toy, capability="sm_86")
    with pytest.raises(ValueError, match="the engines of toy are for sm_86; this device is Fake Orin, sm_87"):
        tensorrt_pair.find(toy)
    engines(toy, library="tensorrt 0.9")
    with pytest.raises(ValueError, match=r"were built by tensorrt 0\.9; installed is tensorrt 1\.0"):
        tensorrt_pair.find(toy)
    manifest = msgspec.structs.replace(toy.manifest, files=dict.fromkeys(toy.manifest.files, File(1, "0" * 64)))
    with pytest.raises(ValueError, match="no engines of toy"):
        tensorrt_pair.find(Bundle(toy.folder, manifest))


def test_files_that_are_not_engines_are_said(toy: Bundle, driver: FakeCuda, tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"nothing")
    place = engines(toy)
    record = engine_cache.read(place)
    data = str(broken).encode()
    (place / "decoder.engine").write_bytes(data)
    changed = record.engines | {"decoder.engine": File(len(data), hashlib.sha256(data).hexdigest())}
    engine_cache.update(place, msgspec.structs.replace(record, engines=changed))
    with pytest.raises(ValueError, match=r"does not load .*decoder\.engine .*build it again"):
        Segmenter.load(toy.folder, "tensorrt")
    assert driver.leaks == ["the context"]
    assert list(tensorrt_pair.ENGINES) == [ENCODER, DECODER]
