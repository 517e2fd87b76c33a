"""Real engines, built by TensorRT-RTX without a device."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from gazeline.engines import bundle, engine_build, engine_cache
from gazeline.engines.engine_build import LostPrecisionError, Request
from gazeline.engines.gate import Precision
from gazeline.engines.tensorrt_build import Target, build, library
from tests.engines.toy_models import write_own, write_sam

trt = pytest.importorskip("tensorrt_rtx", reason="needs TensorRT-RTX: pip install 'gazeline[rtx]'")
onnx = pytest.importorskip("onnx", reason="conversion needs the onnx package")

from tests.engines.test_gate import with_normalisation  # noqa: E402 - needs the onnx package, too


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAZELINE_ENGINES", str(tmp_path / "engines"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def pictures() -> Sequence[np.ndarray]:
    from gazeline.engines import gate

    return [gate.picture(seed)[0] for seed in (10, 11)]


def request(model: Path | str, precision: Precision, target: str, steps: list[str] | None = None) -> Request:
    kept: list[str] = [] if steps is None else steps
    return Request(bundle.load(model), precision, Target.parse(target), pictures(), on_step=kept.append)


@pytest.mark.parametrize(
    ("precision", "target"),
    [("fp32", "sm_86"), ("fp16", "sm_86"), ("fp16", "sm_89"), ("int8", "sm_86"), ("int8", "sm_89"), ("fp8", "sm_89")],
)
def test_our_own_model_becomes_engines(precision: Precision, target: str) -> None:
    place, record = engine_build.make(trt, request(bundle.DEFAULT, precision, target))
    assert record == engine_cache.read(place)
    assert set(record.engines) == {"encoder.engine", "decoder.engine"}
    assert record.identity.library == f"tensorrt_rtx {trt.__version__}"
    assert record.identity.capability == target
    assert (record.networks_verdict is None) == (precision == "fp32")
    assert record.networks_verdict is None or record.networks_verdict.good
    assert record.device_verdict is None  # no device has run it
    halves = record.operators["encoder.engine"].get("float16", 0)
    assert (halves > 20) == (precision != "fp32")


def test_a_second_build_finds_the_first_and_a_damaged_one_is_built_anew(tmp_path: Path) -> None:
    write_own(folder(tmp_path / "model"))
    steps: list[str] = []
    place, record = engine_build.make(trt, request(tmp_path / "model", "fp16", "sm_86", steps))
    assert sum(step.startswith("building") for step in steps) == 2
    steps.clear()
    assert engine_build.make(trt, request(tmp_path / "model", "fp16", "sm_86", steps)) == (place, record)
    assert not any(step.startswith("building") for step in steps)
    (place / "decoder.engine").write_bytes(b"garbage")
    again, fresh = engine_build.make(trt, request(tmp_path / "model", "fp16", "sm_86", steps))
    assert again == place
    assert any("is not the engine that was built" in step for step in steps)
    assert fresh.engines["decoder.engine"].bytes > 1000


def test_the_same_network_gives_the_same_bytes(tmp_path: Path) -> None:
    made = write_own(tmp_path)
    first, second = (build(trt, made.encoder, Target((8, 6)), {}).engine for _ in range(2))
    assert first == second


def test_what_cannot_be_built_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    write_own(folder(tmp_path / "model"))
    with pytest.raises(ValueError, match=r"cannot build for sm_87; it can for sm_75"):
        engine_build.make(trt, request(tmp_path / "model", "fp32", "sm_87"))
    with pytest.raises(ValueError, match=r"cannot build .*for sm_86: .*fp8"):
        engine_build.make(trt, request(bundle.DEFAULT, "fp8", "sm_86"))
    assert engine_cache.places() == []
    write_sam(folder(tmp_path / "sam"))
    with pytest.raises(ValueError, match=r"takes orig_im_size, which TensorRT cannot read"):
        engine_build.make(trt, request(tmp_path / "sam", "fp32", "sm_86"))
    (tmp_path / "broken.onnx").write_bytes(b"\x08\x08nothing")
    with pytest.raises(ValueError, match=r"cannot read .*broken\.onnx"):
        build(trt, tmp_path / "broken.onnx", Target((8, 6)), {})


def test_a_native_build_without_a_device_says_so(tmp_path: Path) -> None:
    from gazeline.engines import cuda

    try:
        cuda.load()
    except OSError:
        write_own(folder(tmp_path / "model"))
        with pytest.raises(OSError, match="no NVIDIA driver"):
            engine_build.make(trt, request(tmp_path / "model", "fp32", "native"))
    else:
        pytest.skip("there is a device here")


def test_a_network_that_loses_too_much_is_not_built(tmp_path: Path) -> None:
    """8 bits calibrated with a picture of one grey know nothing of the values to come."""
    grey = [np.full((480, 640, 3), 128, np.uint8)]
    loaded = with_normalisation(folder(tmp_path / "model"))
    with pytest.raises(LostPrecisionError, match=r"int8 .*mean mask IoU .*--accept-loss") as caught:
        engine_build.make(trt, Request(loaded, "int8", Target((8, 6)), grey))
    assert caught.value.picture.shape == (480, 1280, 3)
    assert engine_cache.places() == []
    _, record = engine_build.make(trt, Request(loaded, "int8", Target((8, 6)), grey, accept_loss=True))
    assert record.networks_verdict is not None
    assert record.networks_verdict.loss_accepted


def test_the_library_is_found_by_itself() -> None:
    assert library("tensorrt_rtx") is trt
    with pytest.raises(ValueError, match="neither native nor a compute capability"):
        Target.parse("rtx4090")
