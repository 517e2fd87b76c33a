"""Changes to ONNX graphs: other names and shapes for inputs and outputs, and only what the outputs need.

Only operators that mean the same in every opset from 11 on are put in, so that a graph keeps the opset that it has.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from gazeline.engines.onnx_files import external_files

MIN_OPSET = 11
ONE_FILE_BYTES = 1_500_000_000  # a protobuf ends at 2 GiB; larger weights go into a file beside it

Shape = tuple[int | str | None, ...]  # a name or None: free


def load(path: Path) -> Any:
    """The network of a file, with the weights that lie beside it.

    ValueError or OSError, in a sentence, if it is none, or if it reads weights from anywhere else.
    """
    folder = path.parent.resolve()
    for location in external_files(path):  # looked at before anything opens them
        beside = path.parent / location
        if Path(location).name != location or beside.is_symlink() or beside.resolve().parent != folder:
            raise ValueError(f"{path} reads its weights from {location!r}, which is not a file beside it")
        if not beside.is_file():
            raise FileNotFoundError(f"{path} needs the file {beside}, which is not there")
    try:
        model = onnx.load(str(path))
        onnx.checker.check_model(model if model.ByteSize() < ONE_FILE_BYTES else str(path))
    except (ValueError, TypeError, OSError, onnx.checker.ValidationError, ArithmeticError) as error:
        raise ValueError(f"{path} is no whole ONNX model: {_one_line(error)}") from error
    except Exception as error:  # protobuf's own errors share no other class
        if type(error).__module__.startswith("google.protobuf"):
            raise ValueError(f"{path} is no ONNX model, or it is cut off") from error
        raise
    opset = {entry.domain: entry.version for entry in model.opset_import}.get("", 0)
    if opset < MIN_OPSET:
        raise ValueError(f"{path} is of opset {opset}; export it with opset {MIN_OPSET} or later")
    return model


def save(model: Any, path: Path) -> None:
    """Write a network; its weights go into a file of their own beside it if they are too large for one."""
    for part in (model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.initializer):
        part.ClearField("metadata_props")  # paths and stack traces of the machine that exported it
        part.ClearField("doc_string")
    large = sum(len(tensor.raw_data) for tensor in model.graph.initializer) > ONE_FILE_BYTES
    onnx.save(model, str(path), save_as_external_data=large, location=f"{path.name}.data")


def inputs(model: Any) -> dict[str, Shape]:
    """The shapes of its inputs by name, without those that are constants."""
    constant = {tensor.name for tensor in model.graph.initializer}
    return {value.name: _shape(value) for value in model.graph.input if value.name not in constant}


def outputs(model: Any) -> dict[str, Shape]:
    """The shapes of its outputs by name."""
    return {value.name: _shape(value) for value in model.graph.output}


def keep_outputs(model: Any, names: dict[str, str]) -> None:
    """Keep only these outputs, under new names ({old: new}), and what they need, inputs included."""
    graph = model.graph
    for value in [value for value in graph.output if value.name not in names]:
        graph.output.remove(value)
    for old, new in names.items():
        rename(model, old, new)
    needed, kept = {value.name for value in graph.output}, []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            kept.append(node)
            needed.update(_reads(node))
    del graph.node[:]
    graph.node.extend(reversed(kept))
    for field in (graph.input, graph.initializer):
        for value in [value for value in field if value.name not in needed]:
            field.remove(value)
    del graph.value_info[:]  # shapes of tensors that may be gone


def rename(model: Any, old: str, new: str) -> None:
    """Call a tensor by another name everywhere."""
    if old == new:
        return
    graph = model.graph
    _make_free(model, new)
    for node in _nodes(graph):
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                if name == old:
                    names[i] = new
    for value in (*graph.input, *graph.output, *graph.initializer, *graph.value_info):
        if value.name == old:
            value.name = new


def reshape_input(model: Any, old: str, new: str, shape: Shape, steps: Sequence[tuple[str, Any]]) -> None:
    """Replace the input ``old`` by ``new`` of this shape, which ``steps`` turn into it.

    A step is an operator and its operand: ("Mul", array), ("Add", array), ("Sub", array), ("Reshape", shape) where 0
    keeps a length, ("Transpose", order), ("Where", (value, other)): this value replaced by the other.
    """
    graph = model.graph
    inner = f"{old}_as_the_file_has_it"
    rename(model, old, inner)
    (value,) = [value for value in graph.input if value.name == inner]
    graph.input.remove(value)
    _make_free(model, new)
    added = helper.make_tensor_value_info(new, value.type.tensor_type.elem_type, list(shape))
    nodes, name = [], new
    for i, (operator, operand) in enumerate(steps):
        result = inner if i == len(steps) - 1 else f"{new}_step_{i}"
        nodes += _step(graph, operator, operand, name, result)
        name = result
    graph.input.append(added)
    for i, node in enumerate(nodes):
        graph.node.insert(i, node)


def reshape_output(model: Any, name: str, shape: list[int], described: Shape) -> None:
    """Give the output ``name`` another shape; ``described`` is that shape with names for what is free."""
    inner = f"{name}_as_the_file_has_it"
    (value,) = [value for value in model.graph.output if value.name == name]
    kind = value.type.tensor_type.elem_type
    model.graph.output.remove(value)
    rename(model, name, inner)
    model.graph.node.extend(_step(model.graph, "Reshape", shape, inner, name))
    model.graph.output.append(helper.make_tensor_value_info(name, kind, list(described)))


def describe_output(model: Any, name: str, shape: Shape) -> None:
    """Say the shape of an output, which some exporters leave open."""
    (value,) = [value for value in model.graph.output if value.name == name]
    value.CopyFrom(helper.make_tensor_value_info(name, value.type.tensor_type.elem_type, list(shape)))


def set_constant(model: Any, name: str, value: NDArray[Any]) -> None:
    """Turn an input into a constant."""
    (found,) = [entry for entry in model.graph.input if entry.name == name]
    kind = helper.tensor_dtype_to_np_dtype(found.type.tensor_type.elem_type)
    model.graph.input.remove(found)
    model.graph.initializer.append(numpy_helper.from_array(value.astype(kind), name))


def fix_input(model: Any, name: str, shape: tuple[int | None, ...]) -> None:
    """Give an input with free lengths these; None leaves one as it is."""
    (value,) = [value for value in model.graph.input if value.name == name]
    for length, dimension in zip(shape, value.type.tensor_type.shape.dim, strict=True):
        if length is None:
            continue
        dimension.ClearField("dim_param")
        dimension.dim_value = length
    del model.graph.value_info[:]


def _step(graph: Any, operator: str, operand: Any, name: str, result: str) -> list[Any]:
    if operator == "Transpose":
        return [helper.make_node("Transpose", [name], [result], perm=list(operand))]
    if operator == "Where":
        value, other = (_constant(graph, f"{result}_{i}", np.float32(v)) for i, v in enumerate(operand))
        equal = helper.make_node("Equal", [name, value], [f"{result}_equal"])
        return [equal, helper.make_node("Where", [equal.output[0], other, name], [result])]
    array = np.asarray(operand, np.int64 if operator == "Reshape" else np.float32)
    return [helper.make_node(operator, [name, _constant(graph, f"{result}_operand", array)], [result])]


def _constant(graph: Any, name: str, value: Any) -> str:
    graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
    return name


def _make_free(model: Any, name: str) -> None:
    """Call what has this name already by another."""
    if any(name in (*node.input, *node.output) for node in _nodes(model.graph)):
        rename(model, name, f"{name}_of_the_file")


def _shape(value: Any) -> Shape:
    if value.type.WhichOneof("value") != "tensor_type" or value.type.tensor_type.elem_type == TensorProto.UNDEFINED:
        return ()
    dimensions = value.type.tensor_type.shape.dim
    return tuple(d.dim_value if d.WhichOneof("value") == "dim_value" and d.dim_value > 0 else None for d in dimensions)


def _nodes(graph: Any) -> Iterator[Any]:
    """All nodes, those of branches and loops too: they may read the tensors around them."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from _nodes(inner)


def _reads(node: Any) -> Iterator[str]:
    yield from node.input
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            yield from (value.name for value in graph.output)
            for inner in _nodes(graph):
                yield from inner.input


def _one_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
