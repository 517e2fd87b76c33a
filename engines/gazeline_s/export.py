"""Writes a trained gazeline-s as a bundle: ``python -m gazeline.engines.gazeline_s.export``. Needs the extra ``train``.

Weights are stored as fp16 and widened when the file is loaded (onnxruntime folds that once): half the size on disk,
arithmetic in fp32 as trained.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import onnx
import torch
import typer
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from torch import Tensor, nn

from gazeline.engines import bundle
from gazeline.engines.gazeline_s.appearance import FIELD_PX, MAX_GAIN, MEAN, STD
from gazeline.engines.gazeline_s.network import MASK_PX, WINDOW_PX, Encoder, GazelineS

OPSET = 18
HALF, TURNED = "_fp16", "_turned"  # what the names of weights end in that are stored so
PROMPT_INPUTS = ("point_coords", "point_labels", "mask_input", "has_mask_input")


def load_weights(path: Path) -> GazelineS:
    """The averaged weights of a checkpoint of `train`, or those of an exported bundle (its folder), ready to infer."""
    model = GazelineS()
    if path.is_dir():
        weights: dict[str, Tensor] = {}
        for part, file in (("encoder", bundle.ENCODER), ("decoder", bundle.DECODER)):
            for tensor in onnx.load(path / file).graph.initializer:
                name, array = tensor.name.removesuffix(HALF), numpy_helper.to_array(tensor).astype(np.float32)
                if name.endswith(TURNED):
                    name, array = name.removesuffix(TURNED), array.T
                weights[f"{part}.{name}"] = torch.from_numpy(np.ascontiguousarray(array))
    else:
        weights = torch.load(path, weights_only=True, map_location="cpu")["average"]
    # What is missing are counters, which nothing depends on; what is too much are constants of the graph.
    wanted = model.state_dict()
    known = {name: weights.get(name, value) for name, value in wanted.items()}
    if any(name not in weights and value.is_floating_point() for name, value in wanted.items()):
        raise ValueError(f"{path} has no weights of this network; it may be of an earlier version")
    model.load_state_dict(known)
    return model.eval()


def export(model: GazelineS, folder: Path) -> bundle.Bundle:
    """``encoder.onnx``, ``decoder.onnx`` and ``model.toml`` in ``folder``; for a describer see `train_describer`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / bundle.DESCRIBER).unlink(missing_ok=True)  # it fits the encoder alone that it was trained on
    seen = (torch.zeros(1, 3, WINDOW_PX, WINDOW_PX), torch.zeros(1, 1, WINDOW_PX, WINDOW_PX))
    write_network(model.encoder, seen, folder / bundle.ENCODER, ["image", "depth"], list(Encoder.outputs), {})
    with torch.no_grad():
        features = model.encoder(*seen)
    prompts, points = torch.export.Dim("prompts", min=1), torch.export.Dim("points", min=1)
    dynamic = {
        **dict.fromkeys(Encoder.outputs),
        "point_coords": {0: prompts, 1: points},
        "point_labels": {0: prompts, 1: points},
        "mask_input": {0: prompts},
        "has_mask_input": {0: prompts},
    }
    # Two of each, for an exporter takes a 1 for a constant.
    asked = (torch.ones(2, 3, 2), torch.ones(2, 3), torch.zeros(2, 1, MASK_PX, MASK_PX), torch.zeros(2))
    inputs = [*Encoder.outputs, *PROMPT_INPUTS]
    outputs = ["low_res_masks", "iou_predictions"]
    write_network(model.decoder, (*features, *asked), folder / bundle.DECODER, inputs, outputs, dynamic)
    manifest = bundle.Manifest(
        name="gazeline-s",
        family="gazeline",
        licence="Apache-2.0",
        description="The shipped model: small, for two CPU cores, foveal; trained on scenes made by this project and "
        "on photographs under free licences.",
        input=bundle.Input(WINDOW_PX, _three(MEAN), _three(STD), max_gain=MAX_GAIN),
        window=bundle.WindowPolicy("foveal", middle_scale=FIELD_PX / WINDOW_PX),
        limits=bundle.Limits(points=16, prompts=32),
        clicked_piece=True,
        files={},
    )
    return bundle.write(folder, manifest)


def _three(values: NDArray[np.float32]) -> tuple[float, float, float]:
    red, green, blue = (round(float(value), 3) for value in values)
    return red, green, blue


def write_network(
    module: nn.Module,
    example: tuple[Tensor, ...],
    path: Path,
    inputs: list[str],
    outputs: list[str],
    dynamic: dict[str, dict[int, torch.export.Dim] | None],
) -> None:
    """A module as ONNX, as small and as easy on every backend as it can be."""
    program = torch.onnx.export(
        module,
        example,
        dynamo=True,
        input_names=inputs,
        output_names=outputs,
        dynamic_shapes=tuple(dynamic[name] for name in inputs) if dynamic else None,
        opset_version=OPSET,
        external_data=False,
        optimize=False,  # so that weights keep their names; onnxruntime does the same when it loads the file
    )
    if program is None:
        raise RuntimeError("torch's exporter returned no program")
    model = program.model_proto
    _fold_constants(model)
    _drop_zero_biases(model)
    _turn_weights(model)
    _narrow(model)
    _forget_origin(model)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))


def _fold_constants(model: onnx.ModelProto) -> None:
    """Axes and shapes that the exporter computes from constants, as constants: TensorRT takes no others for axes."""
    known: dict[str, NDArray[np.generic]] = {}
    for node in model.graph.node:
        if all(name in known for name in node.input):  # a constant has none
            (value,) = ReferenceEvaluator(node).run(None, {name: known[name] for name in node.input})
            known[node.output[0]] = np.asarray(value)
            tensor = numpy_helper.from_array(known[node.output[0]])
            node.CopyFrom(helper.make_node("Constant", [], [node.output[0]], value=tensor))


def _drop_zero_biases(model: onnx.ModelProto) -> None:
    """Biases that the exporter made up for convolutions without one: they keep onnxruntime from merging BatchNorms."""
    weights = {tensor.name for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Conv" and len(node.input) == 3 and node.input[2] not in weights:
            del node.input[2]
    used = {output.name for output in model.graph.output}
    for node in reversed(list(model.graph.node)):  # what made them is needed no more
        if used.isdisjoint(node.output):
            model.graph.node.remove(node)
        else:
            used.update(node.input)


def _turn_weights(model: onnx.ModelProto) -> None:
    """Stores the weights of linear layers as products take them, instead of turning them in the graph."""
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in [n for n in model.graph.node if n.op_type == "Transpose" and n.input[0] in weights]:
        tensor = weights[node.input[0]]
        (perm,) = (list(attribute.ints) for attribute in node.attribute if attribute.name == "perm")
        turned = numpy_helper.to_array(tensor).transpose(perm)
        tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(turned), tensor.name + TURNED))
        for other in model.graph.node:
            for index, name in enumerate(other.input):
                if name == node.output[0]:
                    other.input[index] = tensor.name
        model.graph.node.remove(node)


def _narrow(model: onnx.ModelProto) -> None:
    """Stores the larger fp32 weights as fp16, each followed by a cast back."""
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < 64:
            continue
        name = tensor.name
        half = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), name + HALF)
        tensor.CopyFrom(half)
        casts.append(helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT))
    for index, cast in enumerate(casts):
        model.graph.node.insert(index, cast)


def _forget_origin(model: onnx.ModelProto) -> None:
    """Drops the stack traces and paths of the exporting machine."""
    for part in (model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    for value in (*model.graph.input, *model.graph.output):
        value.ClearField("metadata_props")


def main(
    checkpoint: Annotated[Path, typer.Argument(help="checkpoint.pt of a training run.")],
    out: Annotated[Path, typer.Option(help="Folder of the bundle.")] = Path(__file__).parent / "bundle",
) -> None:
    """Exports a checkpoint as a bundle that needs no torch."""
    try:
        written = export(load_weights(checkpoint), out)
    except (OSError, ValueError) as error:
        raise SystemExit(f"error: {error}") from error
    print(f"{written.folder}: {written.bytes / 1e6:.1f} MB")


if __name__ == "__main__":
    typer.run(main)
