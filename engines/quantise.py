"""A network in 8 bits: the inputs of its heavy operators through symmetric Q/DQ pairs, with scales from real pictures.

TensorRT takes no zero point but 0 and no quantised bias, which is not how ONNX Runtime's quantiser is set by itself.
The scales of int8 are the largest value seen / 127, of float8 (E4M3) / 448; weights have one scale for each output
channel. What is not quantised goes on as float16, as `gazeline.engines.precision` has it.
"""

import logging
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper, version_converter

from gazeline.engines import precision
from gazeline.engines.session import Array

OPSET = 19  # the first whose Q/DQ may have float8, and scales of float16
OPERATORS = {"int8": ["Conv", "MatMul", "Gemm"], "fp8": ["MatMul", "Gemm"]}  # 3 bits of float8 are few for convolutions
INT8_MAX, FLOAT8_MAX = 127.0, 448.0


def quantised(model: onnx.ModelProto, feeds: Iterable[Mapping[str, Array]], kind: Literal["int8", "fp8"]) -> Any:
    """``model`` (float32) in 8 bits; ``feeds`` are its inputs for pictures such as it will see. ValueError: none."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.rest: Iterator[Mapping[str, Array]] = iter(feeds)
            self.count = 0

        def get_next(self) -> dict[str, Array] | None:
            given = next(self.rest, None)
            self.count += given is not None
            return None if given is None else dict(given)

    reader = Reader()
    source = precision.constants_folded(model)
    if source.opset_import[0].version < OPSET:
        source = version_converter.convert_version(source, OPSET)
    with tempfile.TemporaryDirectory(prefix="gazeline-") as folder:
        before, after = Path(folder, "float.onnx"), Path(folder, "quantised.onnx")
        precision.save(source, before)
        with _without_advice():
            quantize_static(
                before,
                after,
                reader,
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=OPERATORS[kind],
                per_channel=True,
                activation_type=QuantType.QInt8,
                weight_type=QuantType.QInt8,
                use_external_data_format=source.ByteSize() > 2**30,
                extra_options={
                    "ActivationSymmetric": True,
                    "WeightSymmetric": True,
                    "QuantizeBias": False,
                    "AddQDQPairToWeight": True,  # weights stay float here, so that float8 is not made from int8
                },
            )
        if not reader.count:
            raise ValueError("there are no pictures to calibrate with")
        result = precision.load(after)
    _store_weights(result, kind)
    return precision.half(result)


def _store_weights(model: onnx.ModelProto, kind: Literal["int8", "fp8"]) -> None:
    """Weights as the 8 bits that they are, and for float8 its scales and zero points; in place."""
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    float8 = kind == "fp8"
    done: set[str] = set()
    kept = []
    for node in graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            scale, zero = (weights[name] for name in node.input[1:3])
            if float8 and scale.name not in done:
                array = numpy_helper.to_array(scale) * np.float32(INT8_MAX / FLOAT8_MAX)
                scale.CopyFrom(numpy_helper.from_array(array, scale.name))
                done.add(scale.name)
            if float8 and zero.name not in done:
                zero.CopyFrom(_float8(np.zeros(tuple(zero.dims), np.float32), zero.name))
                done.add(zero.name)
        if node.op_type == "QuantizeLinear" and node.input[0] in weights:
            array = numpy_helper.to_array(weights[node.input[0]])
            scales = numpy_helper.to_array(weights[node.input[1]])
            axis = next((a.i for a in node.attribute if a.name == "axis"), 1) % array.ndim
            shape = [-1 if i == axis else 1 for i in range(array.ndim)] if scales.ndim else ()
            scaled = array / scales.reshape(shape)
            if float8:
                tensor = _float8(np.clip(scaled, -FLOAT8_MAX, FLOAT8_MAX), node.output[0])
            else:
                tensor = numpy_helper.from_array(np.clip(np.rint(scaled), -127, 127).astype(np.int8), node.output[0])
            graph.initializer.append(tensor)
        else:
            kept.append(node)
    nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in kept]
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.value_info[:]


def _float8(array: np.ndarray[Any, np.dtype[np.float32]], name: str) -> TensorProto:
    values = array.astype(onnx.helper.tensor_dtype_to_np_dtype(TensorProto.FLOAT8E4M3FN))
    return TensorProto(
        name=name, data_type=TensorProto.FLOAT8E4M3FN, dims=array.shape, raw_data=values.view(np.uint8).tobytes()
    )


class _without_advice:  # noqa: N801
    """The quantiser advises on the root logger to prepare the model otherwise; nobody who reads that can."""

    def __enter__(self) -> None:
        self._before = logging.root.manager.disable
        logging.disable(logging.WARNING)

    def __exit__(self, *_: object) -> None:
        logging.disable(self._before)
