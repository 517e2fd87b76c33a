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
from torch import Tensor, nn

from gazeline.engines import bundle
from gazeline.engines.gazeline_s.network import MASK_PX, WINDOW_PX, Encoder, GazelineS
from gazeline.engines.gazeline_s.samples import MEAN, STD

OPSET = 18
PROMPT_INPUTS = ("point_coords", "point_labels", "mask_input", "has_mask_input")


def load_weights(checkpoint: Path) -> GazelineS:
    """The averaged weights of a checkpoint of `train`, ready to infer."""
    model = GazelineS()
    model.load_state_dict(torch.load(checkpoint, weights_only=True, map_location="cpu")["average"])
    return model.eval()


def export(model: GazelineS, folder: Path) -> bundle.Bundle:
    """``encoder.onnx``, ``decoder.onnx`` and ``model.toml`` in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    image = torch.zeros(1, 3, WINDOW_PX, WINDOW_PX)
    _write(model.encoder, (image,), folder / bundle.ENCODER, ["image"], list(Encoder.outputs), {})
    with torch.no_grad():
        features = model.encoder(image)
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
    _write(model.decoder, (*features, *asked), folder / bundle.DECODER, inputs, outputs, dynamic)
    manifest = bundle.Manifest(
        name="gazeline-s",
        family="gazeline",
        licence="Apache-2.0",
        description="The shipped model: small, for two CPU cores, foveal; trained on scenes made by this project.",
        input=bundle.Input(WINDOW_PX, _three(MEAN), _three(STD), max_gain=3.0),
        window=bundle.WindowPolicy("foveal"),
        limits=bundle.Limits(points=16, prompts=32),
        clicked_piece=True,
        files={},
    )
    return bundle.write(folder, manifest)


def _three(values: NDArray[np.float32]) -> tuple[float, float, float]:
    red, green, blue = (round(float(value), 3) for value in values)
    return red, green, blue


def _write(
    module: nn.Module,
    example: tuple[Tensor, ...],
    path: Path,
    inputs: list[str],
    outputs: list[str],
    dynamic: dict[str, dict[int, torch.export.Dim] | None],
) -> None:
    program = torch.onnx.export(
        module,
        example,
        dynamo=True,
        input_names=inputs,
        output_names=outputs,
        dynamic_shapes=tuple(dynamic[name] for name in inputs) if dynamic else None,
        opset_version=OPSET,
        external_data=False,
    )
    if program is None:
        raise RuntimeError("torch's exporter returned no program")
    model = program.model_proto
    _narrow(model)
    _forget_origin(model)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))


def _narrow(model: onnx.ModelProto) -> None:
    """Stores the larger fp32 weights as fp16, each followed by a cast back."""
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < 64:
            continue
        name = tensor.name
        half = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}_fp16")
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
    written = export(load_weights(checkpoint), out)
    print(f"{written.folder}: {written.bytes / 1e6:.1f} MB")


if __name__ == "__main__":
    typer.run(main)
