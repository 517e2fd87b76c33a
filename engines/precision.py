"""A network in mixed half precision: heavy arithmetic in float16, what float16 cannot hold in float32.

The precision of a strongly typed TensorRT engine is that of its ONNX file: TensorRT 11 has no other way to say it. So
it is written into the file here, with casts, as automatic mixed precision does in training: convolutions and products
of matrices take float16; normalisations, softmax, sums and what else overflows or cancels keep float32, and with them
the phase of sines (position encodings); the rest takes the widest type that reaches it. Inputs and outputs keep
their types.

ONNX Runtime has few float16 kernels for a processor: it computes in float32 and leaves the rounding out, so that an
overflow goes unseen. `rounded` makes the rounding explicit, for the comparison in `gazeline.engines.gate`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from gazeline.engines.staging import FULL

HEAVY = frozenset({"Conv", "ConvTranspose", "Einsum", "Gemm", "MatMul"})
NORMALISATIONS = {"LayerNormalization", "GroupNormalization", "InstanceNormalization", "RMSNormalization"}
REDUCTIONS = {f"Reduce{kind}" for kind in ("Mean", "Sum", "L1", "L2", "SumSquare", "Prod", "LogSum", "LogSumExp")}
CURVES = {"Softmax", "LogSoftmax", "Pow", "Exp", "Log", "Sqrt", "Reciprocal", "Sin", "Cos", "Tan"}
SINGLE = frozenset(NORMALISATIONS | REDUCTIONS | CURVES | {"LpNormalization", "CumSum", "GridSample"})
KEEP_TYPE = {"Resize": (1, 2), "Upsample": (1,), "Cast": (0,), "Shape": (0,), "Size": (0,)}  # inputs left as they are
HALF_MAX = 65504.0


def load(path: Path) -> onnx.ModelProto:
    """The network with its weights; ValueError if it cannot be read, or has branches or loops."""
    try:
        model = onnx.load(path)
    except Exception as error:  # the protobuf library's errors have no common class
        raise ValueError(f"{path} is not an ONNX model that can be read: {_line(error)}") from error
    for node in model.graph.node:
        if any(attribute.type in (attribute.GRAPH, attribute.GRAPHS) for attribute in node.attribute):
            raise ValueError(f"{path} has a branch or a loop ({node.op_type}), which cannot be given another precision")
    return model


def save(model: onnx.ModelProto, path: Path) -> None:
    """Write the network, with its weights beside it where they are too many for one file.

    OSError, in a sentence, if the disk is full; then nothing of it is left.
    """
    weights = path.with_suffix(".weights")
    try:
        if model.ByteSize() < 2**31 - 2**24:
            onnx.save(model, path)
        else:
            onnx.save(model, path, save_as_external_data=True, location=weights.name)
    except OSError as error:
        path.unlink(missing_ok=True)
        weights.unlink(missing_ok=True)
        if error.errno in FULL:
            raise OSError(
                f"{path.parent} has no room for the converted network; free some, or set TMPDIR to another folder"
            ) from error
        raise


def half(model: onnx.ModelProto, single: frozenset[str] = SINGLE) -> onnx.ModelProto:
    """``model`` (float32) in mixed float16; ``single`` are the operators that keep float32."""
    model = constants_folded(model)
    graph = model.graph
    types = element_types(model)
    weights = {tensor.name: tensor for tensor in graph.initializer}
    phases = _phases(graph)
    fixed = set(weights)  # what follows from weights alone takes whatever type it is used in
    is_half: set[str] = set()  # tensors that have become float16
    nodes: list[onnx.NodeProto] = []
    casts: dict[tuple[str, int], str] = {}

    def as_type(name: str, to: int) -> str:
        """The name of ``name``'s value in type ``to``, cast at first use."""
        if (name, to) not in casts:
            casts[name, to] = f"{name}__{'half' if to == TensorProto.FLOAT16 else 'single'}"
            if name in weights and to == TensorProto.FLOAT16:
                array = np.clip(numpy_helper.to_array(weights[name]), -HALF_MAX, HALF_MAX).astype(np.float16)
                graph.initializer.append(numpy_helper.from_array(array, casts[name, to]))
            else:
                nodes.append(helper.make_node("Cast", [name], [casts[name, to]], to=to, name=casts[name, to]))
        return casts[name, to]

    for node in list(graph.node):
        floats = [
            i
            for i, name in enumerate(node.input)
            if types.get(name) == TensorProto.FLOAT and i not in KEEP_TYPE.get(node.op_type, ())
        ]
        if node.input and all(name in fixed for name in node.input if name):
            fixed.update(node.output)
        flowing = [node.input[i] for i in floats if node.input[i] not in fixed]
        wants_half = bool(flowing) and node.op_type not in single and node.name not in phases
        if wants_half and node.op_type not in HEAVY:
            wants_half = all(name in is_half for name in flowing)
        wants_half |= node.op_type == "DequantizeLinear"  # its result goes into the heavy ones, with no cast between
        for i in floats:
            name = node.input[i]
            if wants_half and name not in is_half:
                node.input[i] = as_type(name, TensorProto.FLOAT16)
            elif not wants_half and name in is_half:
                node.input[i] = as_type(name, TensorProto.FLOAT)
        if wants_half:
            is_half.update(name for name in node.output if types.get(name) == TensorProto.FLOAT)
        nodes.append(node)

    for output in graph.output:
        if output.name in is_half:  # the name belongs to the float32 value
            inner = f"{output.name}__inner"
            _rename(nodes, output.name, inner)
            nodes.append(helper.make_node("Cast", [inner], [output.name], to=TensorProto.FLOAT, name=f"{inner}__cast"))
    return _with_nodes(model, nodes)


def rounded(model: onnx.ModelProto) -> onnx.ModelProto:
    """A mixed network as one of float32 in which every float16 value is rounded, and overflows, in plain sight."""
    types = element_types(model)
    twin = onnx.ModelProto()
    twin.CopyFrom(model)
    for tensor in twin.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT16:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float32), tensor.name))
    nodes: list[onnx.NodeProto] = []
    for node in twin.graph.node:
        nodes.append(node)
        for i, name in enumerate(node.output):
            if types.get(name) != TensorProto.FLOAT16:
                continue
            exact, narrow = f"{name}__exact", f"{name}__rounded"
            if node.op_type == "Cast":
                node.output[i] = narrow
            else:
                node.output[i] = exact
                nodes.append(helper.make_node("Cast", [exact], [narrow], to=TensorProto.FLOAT16, name=narrow))
            nodes.append(helper.make_node("Cast", [narrow], [name], to=TensorProto.FLOAT, name=f"{name}__widened"))
    return _with_nodes(twin, nodes)


def element_types(model: onnx.ModelProto) -> dict[str, int]:
    """The element type of every tensor, by inference; weights are left out of it, since they may be gigabytes."""
    light = onnx.ModelProto()
    light.CopyFrom(model)
    large = [tensor for tensor in light.graph.initializer if len(tensor.raw_data) > 4096]
    known = {value.name for value in light.graph.input}
    for tensor in large:
        if tensor.name not in known:
            light.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims)))
    kept = [tensor for tensor in light.graph.initializer if len(tensor.raw_data) <= 4096]
    del light.graph.initializer[:]
    light.graph.initializer.extend(kept)
    graph = onnx.shape_inference.infer_shapes(light).graph
    values = (*graph.input, *graph.value_info, *graph.output)
    types = {value.name: value.type.tensor_type.elem_type for value in values}
    return types | {tensor.name: tensor.data_type for tensor in graph.initializer}


def constants_folded(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy with constant nodes, and casts of constants, as weights: files may store float16 and widen it."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    graph = copy.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    nodes = []
    for node in graph.node:
        array = _constant(node, weights)
        if array is None:
            nodes.append(node)
        else:
            weights[node.output[0]] = numpy_helper.from_array(array, node.output[0])
    del graph.initializer[:]
    graph.initializer.extend(weights.values())
    return _with_nodes(copy, nodes)


def _constant(node: onnx.NodeProto, weights: dict[str, TensorProto]) -> Any:
    """The array that a node gives whatever the input, or None."""
    if node.op_type == "Constant" and node.attribute[0].name == "value":
        return numpy_helper.to_array(node.attribute[0].t)
    if node.op_type == "Cast" and node.input[0] in weights:
        to = helper.get_node_attr_value(node, "to")
        return numpy_helper.to_array(weights[node.input[0]]).astype(helper.tensor_dtype_to_np_dtype(to))
    return None


def _phases(graph: onnx.GraphProto) -> set[str]:
    """The nodes, by name, between a sine and the nearest product of matrices before it, that included."""
    makers = {name: node for node in graph.node for name in node.output}
    found: set[str] = set()

    def walk(node: onnx.NodeProto) -> Iterator[str]:
        for name in node.input:
            maker = makers.get(name)
            if maker is not None and maker.name not in found:
                yield maker.name
                found.add(maker.name)
                if maker.op_type not in HEAVY:
                    yield from walk(maker)

    for node in graph.node:
        if node.op_type in ("Sin", "Cos"):
            found.update(walk(node))
    return found


def _rename(nodes: list[onnx.NodeProto], old: str, new: str) -> None:
    for node in nodes:
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                if name == old:
                    names[i] = new


def _with_nodes(model: onnx.ModelProto, nodes: list[onnx.NodeProto]) -> onnx.ModelProto:
    """``model`` with these nodes, each of a name of its own, the weights that they use, and no inferred types."""
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    for i, node in enumerate(kept):
        node.name = node.name or f"{node.op_type}_{i}"
    del model.graph.node[:]
    model.graph.node.extend(kept)
    del model.graph.value_info[:]
    used = {name for node in kept for name in node.input} | {output.name for output in model.graph.output}
    weights = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(weights)
    return model


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
