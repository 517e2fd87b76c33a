"""Networks in mixed float16, and the rounding made visible."""

import resource
import signal
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from gazeline.engines import bundle
from gazeline.engines.session import Array

onnx = pytest.importorskip("onnx", reason="conversion needs the onnx package")
from onnx import parser  # noqa: E402

from gazeline.engines import precision  # noqa: E402

FLOAT16, FLOAT = onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT

# A layer normalisation as it was exported before opset 17, between two products of matrices
NORMALISED = """<ir_version: 8, opset_import: ["": 17]>
g (float[1,4,8] x) => (float[1,4,8] y)
{
    h = MatMul(x, w)
    mean = ReduceMean<keepdims=1, axes=[-1]>(h)
    d = Sub(h, mean)
    sq = Pow(d, two)
    var = ReduceMean<keepdims=1, axes=[-1]>(sq)
    safe = Add(var, eps)
    std = Sqrt(safe)
    n = Div(d, std)
    y = MatMul(n, v)
}"""


def normalised() -> Any:
    model = parser.parse_model(NORMALISED)
    rng = np.random.default_rng(0)
    weights = {"w": rng.normal(size=(8, 8)), "v": rng.normal(size=(8, 8)), "two": 2.0, "eps": 1e-5}
    for name, value in weights.items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(value, np.float32), name))
    onnx.checker.check_model(model)
    return model


def run(model: Any, feeds: dict[str, Array]) -> list[Array]:
    results: list[Array] = onnxruntime.InferenceSession(model.SerializeToString()).run(None, feeds)
    return results


def outlier() -> dict[str, Array]:
    """What a channel of a vision transformer may hold: values whose squares are beyond float16."""
    return {"x": (400.0 * np.random.default_rng(1).normal(size=(1, 4, 8))).astype(np.float32)}


def test_products_are_half_and_normalisation_stays_single() -> None:
    model = precision.half(normalised())
    onnx.checker.check_model(model)
    types = precision.element_types(model)
    by_kind = {node.op_type: types[node.output[0]] for node in model.graph.node if node.op_type != "Cast"}
    assert by_kind["MatMul"] == FLOAT16
    assert {by_kind[kind] for kind in ("ReduceMean", "Sub", "Pow", "Add", "Sqrt", "Div")} == {FLOAT}
    assert [(v.name, v.type.tensor_type.elem_type) for v in model.graph.output] == [("y", FLOAT)]


def test_the_good_one_holds_where_a_broken_one_overflows() -> None:
    """`rounded` shows it; ONNX Runtime alone, which computes float16 in float32 on a processor, does not."""
    model, feeds = normalised(), outlier()
    (expected,) = run(model, feeds)
    (good,) = run(precision.rounded(precision.half(model)), feeds)
    np.testing.assert_allclose(good, expected, rtol=2e-2, atol=2e-2)
    broken = precision.half(model, single=frozenset())
    (shown,) = run(precision.rounded(broken), feeds)
    assert np.abs(shown - expected).max() > 0.5 or not np.isfinite(shown).all()


def test_rounding_is_that_of_float16() -> None:
    model = parser.parse_model(
        '<ir_version: 8, opset_import: ["": 18]> g (float[3] x) => (float[3] y) '
        "{ h = Cast<to=10>(x) s = Mul(h, h) y = Cast<to=1>(s) }".replace(") ", ")\n")
    )
    x = np.array([1.0004, 300.0, 7.0], np.float32)
    with np.errstate(over="ignore"):
        expected = (x.astype(np.float16) * x.astype(np.float16)).astype(np.float32)
    np.testing.assert_array_equal(run(precision.rounded(model), {"x": x})[0], expected)


@pytest.mark.parametrize("name", [bundle.ENCODER, bundle.DECODER])
def test_our_own_networks_keep_their_signature_and_their_answers(name: str) -> None:
    model = precision.load(bundle.find(bundle.DEFAULT) / name)
    mixed = precision.half(model)
    onnx.checker.check_model(mixed)
    assert mixed.ByteSize() < 0.7 * sum(  # most of the weights are half as large
        4 * int(np.prod(tensor.dims)) for tensor in precision.constants_folded(model).graph.initializer
    )
    rng = np.random.default_rng(3)
    feeds = {}
    for value in model.graph.input:
        shape = [d.dim_value or 2 for d in value.type.tensor_type.shape.dim]
        array = np.ones(shape) if "label" in value.name else rng.uniform(0, 1, shape)
        feeds[value.name] = array.astype(np.float32)
    for before, after in zip(run(model, feeds), run(precision.rounded(mixed), feeds), strict=True):
        scale = np.abs(before).max()
        np.testing.assert_allclose(after, before, atol=0.03 * float(scale))


def test_what_cannot_be_read_or_converted_is_said(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"\x08\x08not a network")
    with pytest.raises(ValueError, match=r"broken\.onnx is not an ONNX model"):
        precision.load(path)


def test_a_full_disk_is_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    """A limit on the size of files stands for a disk that is full: the write fails in the same place."""
    model = onnx.helper.make_model(
        onnx.helper.make_graph([], "g", [], [], [onnx.numpy_helper.from_array(np.zeros(100_000, np.float32), "w")])
    )
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(OSError, match=r"has no room for the converted network; free some, or set TMPDIR"):
            precision.save(model, tmp_path / "encoder.onnx")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []
