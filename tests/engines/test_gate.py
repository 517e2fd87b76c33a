"""The gate: what it lets through, what it refuses, and why."""

from pathlib import Path

import numpy as np
import pytest

from gazeline.engines import gate
from gazeline.engines.bundle import Bundle
from gazeline.engines.gate import Precision
from gazeline.engines.ort import OrtSession
from gazeline.engines.segmenter import Segmenter

onnx = pytest.importorskip("onnx", reason="conversion needs the onnx package")

from gazeline.engines import bundle, precision  # noqa: E402
from tests.engines.toy_models import write_own  # noqa: E402


def with_normalisation(folder: Path, scale: float = 400.0) -> Bundle:
    """The toy model with a layer normalisation before opset 17 in its encoder, over channels that differ by ``scale``.

    Its inputs pass through two convolutions (by 1 and by ``scale``) as the outlier channels of a transformer would.
    """
    made = write_own(folder)
    model = precision.load(made.encoder)
    (output,) = model.graph.output
    pooled = f"{output.name}__pooled"
    next(node for node in model.graph.node if output.name in node.output).output[0] = pooled
    eye = np.eye(3, dtype=np.float32)[:, :, None, None]
    for name, array in (
        ("spread", eye * np.float32(scale)),
        ("gather", eye),
        ("channels", np.array([1], np.int64)),
        ("two", np.array([2], np.float32)),
        ("eps", np.array([1e-5], np.float32)),
    ):
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    make = onnx.helper.make_node
    model.graph.node.extend(
        [
            make("Conv", [pooled, "spread"], ["h"], name="spread"),
            make("ReduceMean", ["h", "channels"], ["mean"], name="mean"),
            make("Sub", ["h", "mean"], ["d"], name="d"),
            make("Pow", ["d", "two"], ["squares"], name="squares"),
            make("ReduceMean", ["squares", "channels"], ["variance"], name="variance"),
            make("Add", ["variance", "eps"], ["safe"], name="safe"),
            make("Sqrt", ["safe"], ["std"], name="std"),
            make("Div", ["d", "std"], ["n"], name="n"),
            make("Conv", ["n", "gather"], [output.name], name="gather"),
        ]
    )
    onnx.checker.check_model(model)
    precision.save(model, made.encoder)
    return bundle.write(folder, made.manifest)


def converted(made: Bundle, folder: Path, single: frozenset[str] = precision.SINGLE) -> Segmenter:
    """The bundle's networks in float16, with the rounding that a device does."""
    sessions = []
    for path in (made.encoder, made.decoder):
        precision.save(precision.rounded(precision.half(precision.load(path), single)), folder / path.name)
        sessions.append(OrtSession(folder / path.name, threads=1))
    return Segmenter(made, *sessions)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return with_normalisation(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def known(made: Bundle) -> list[gate.Golden]:
    return gate.golden(Segmenter.load(made.folder, "onnxruntime", threads=1))


def test_float16_with_normalisation_in_float32_passes(made: Bundle, known: list[gate.Golden], tmp_path: Path) -> None:
    verdict = gate.compare(known, converted(made, tmp_path), "fp16")
    assert verdict.good
    assert verdict.mean_iou > 0.99
    assert verdict.cosine > 0.999
    assert verdict.prompts == sum(len(each.prompts) for each in known) == 24


def test_float16_whose_normalisation_overflows_is_refused(
    made: Bundle, known: list[gate.Golden], tmp_path: Path
) -> None:
    broken = converted(made, tmp_path, single=frozenset())
    verdict = gate.compare(known, broken, "fp16")
    assert not verdict.good
    assert not verdict.usable
    assert "fp16 on" in str(verdict)
    picture = gate.worst_picture(known, broken, verdict)
    assert picture.shape == (480, 1280, 3)


@pytest.mark.parametrize(("kind", "least"), [("fp32", 0.99), ("fp16", 0.99), ("int8", 0.97), ("fp8", 0.97)])
def test_the_bar_is_the_precision_s(made: Bundle, known: list[gate.Golden], kind: Precision, least: float) -> None:
    verdict = gate.compare(known, Segmenter.load(made.folder, threads=1), kind)
    assert verdict.min_iou == least
    assert verdict.mean_iou == verdict.worst_iou == 1.0


def test_masks_of_nothing_or_all_are_told_apart_by_their_logits() -> None:
    """As with random weights: every mask is full, and yet a wrong one is not let through."""
    rng = np.random.default_rng(0)
    full = 5.0 + rng.uniform(0, 1, (3, 32, 32)).astype(np.float32)
    assert gate.mean_iou(full, full) == 1.0
    assert gate.mean_iou(full, full[:, ::-1]) < 0.6
    assert gate.mean_iou(full, np.full_like(full, np.nan)) == 0.0


def test_pictures_and_prompts_are_always_the_same() -> None:
    (a, near, first), (b, far, second) = gate.picture(3), gate.picture(3)
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(near, far)
    assert [np.ravel(p.points).tolist() for p in first] == [np.ravel(p.points).tolist() for p in second]
    assert not np.array_equal(a, gate.picture(4)[0])
