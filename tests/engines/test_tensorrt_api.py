"""What our code uses of TensorRT exists in every release from 10.3 to 11.4, and in TensorRT-RTX."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from gazeline.engines import tensorrt_build
from tests.engines import tensorrt_bindings
from tests.engines.tensorrt_uses import Uses

FOLDER = Path(tensorrt_build.__file__).parent
FILES = sorted(p for p in FOLDER.glob("*.py") if "trt: ModuleType" in p.read_text(encoding="utf-8"))
RELEASES = tensorrt_bindings.releases()


def uses(api: dict[str, Any], *, rtx: bool = False) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for path in FILES:
        found |= Uses(api["classes"], rtx).read(path).found
    return found


def absent(api: dict[str, Any], used: set[tuple[str, str]]) -> list[str]:
    return sorted(f"{owner or 'the module'}.{name}" for owner, name in used if name not in api["classes"][owner])


@pytest.fixture(scope="module")
def rtx() -> dict[str, Any]:
    if importlib.util.find_spec("tensorrt_rtx") is None:
        pytest.skip("needs TensorRT-RTX: pip install 'gazeline[rtx]'")
    return tensorrt_bindings.dump("tensorrt_rtx")


@pytest.mark.skipif(
    not RELEASES, reason=f"needs gcc, nm and the bindings of TensorRT in {tensorrt_bindings.FOLDER}; see .ci/run"
)
@pytest.mark.parametrize("folder", RELEASES, ids=lambda folder: folder.name)
def test_each_release_has_what_we_use(folder: Path, tmp_path: Path) -> None:
    api = tensorrt_bindings.api(folder, tmp_path)
    assert api["version"] == folder.name.split("==")[1]
    used = uses(api)
    # what the analysis must find, or it proves nothing
    assert {
        ("", "Builder"),
        ("NetworkDefinitionCreationFlag", "STRONGLY_TYPED"),
        ("OnnxParser", "parse_from_file"),
        ("ParserError", "desc"),
        ("IBuilderConfig", "profiling_verbosity"),
        ("IBuilderConfig", "set_timing_cache"),
        ("ITimingCache", "serialize"),
        ("IOptimizationProfile", "set_shape"),
        ("ICudaEngine", "get_tensor_profile_shape"),
        ("IExecutionContext", "execute_async_v3"),
        ("IExecutionContext", "infer_shapes"),
        ("EngineInspector", "get_engine_information"),
        ("ILogger.Severity", "ERROR"),
    } <= used
    assert len(used) > 40
    assert absent(api, used) == []


def test_the_test_finds_what_11_has_no_more(tmp_path: Path) -> None:
    """A builder flag for float16, as older code has it, is found to be missing."""
    folder = next((f for f in RELEASES if "==11" in f.name), None)
    if folder is None:
        pytest.skip("needs the bindings of TensorRT 11; see .ci/run")
    old = tmp_path / "old.py"
    old.write_text(
        "def build(trt):\n    config = trt.Builder(log).create_builder_config()\n"
        "    config.set_flag(trt.BuilderFlag.FP16)\n    config.int8_calibrator = c\n"
    )
    stubs = tmp_path / "stubs"
    stubs.mkdir()
    api = tensorrt_bindings.api(folder, stubs)
    assert absent(api, Uses(api["classes"]).read(old).found) == [
        "BuilderFlag.FP16",
        "IBuilderConfig.int8_calibrator",
    ]


def test_tensorrt_rtx_has_what_we_use_of_it(rtx: dict[str, Any]) -> None:
    common, special = uses(rtx), uses(rtx, rtx=True)
    assert ("IBuilderConfig", "set_compute_capability") in special - common
    assert absent(rtx, special) == []
