"""The ways in which detectors say what they found, told by their outputs; `detections` reads them.

Of YOLOX and RT-DETR this was read in the code that writes them, of the others in their documentation and in use:

- "nms": ``num_dets``, ``det_boxes``, ``det_scores``, ``det_classes``, of TensorRT's EfficientNMS;
- "dets": ``dets`` (N, K, 5) and ``labels`` (N, K), of mmdeploy;
- "boxes": ``boxes``, ``scores``, ``labels``, of torchvision, and of RT-DETR and D-FINE, whose ``orig_target_sizes``
  becomes a constant;
- "rows6": (N, K, 6) x0, y0, x1, y1, score, class, of YOLOv10 and Ultralytics' NMS; "rows7": (K, 7) picture, x0, y0, x1,
  y1, class, score, of YOLOv7's NMS;
- "detr": ``logits`` (N, Q, C) and ``pred_boxes`` (N, Q, 4), of Hugging Face's RT-DETR, which RF-DETR calls ``labels``
  and ``dets``; with a class more than there are labels, "nothing", they are DETR's ("detr-softmax");
- without NMS, of every cell of three grids: "yolox-grid" (N, A, 5 + C) before and "yolox" after its boxes are decoded
  (--decode_in_inference), "yolov5" with three anchors to each cell, "yolov8" (N, 4 + C, A).

Several boxes of one thing do no harm here: the best one that fits a mask names it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gazeline.engines import onnx_graph as graphs
from gazeline.engines.labelers.bundle import Form, Picture
from gazeline.engines.labelers.detections import STRIDES
from gazeline.engines.labelers.sources import Said
from gazeline.engines.ort import OrtSession

IMAGENET = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
UNIT = (0.0, 0.0, 0.0), (255.0, 255.0, 255.0)
MOST_ROWS = 1000  # more than this of six numbers are cells of one class, not findings
# A form by the outputs that tell it, and what those are called from then on.
NAMED: list[tuple[Form, dict[str, str]]] = [
    ("nms", {"num_dets": "count", "det_boxes": "boxes", "det_scores": "scores", "det_classes": "classes"}),
    ("dets", {"dets": "dets", "labels": "classes"}),
    ("boxes", {"boxes": "boxes", "scores": "scores", "labels": "classes"}),
    ("boxes", {"boxes": "boxes", "scores": "scores", "classes": "classes"}),
    ("detr", {"logits": "logits", "pred_boxes": "boxes"}),
    ("detr", {"labels": "logits", "dets": "boxes"}),
]
SIZES = "orig_target_sizes"


@dataclass(frozen=True)
class Found:
    """The form of a network's outputs, as far as its graph tells, and their new names."""

    form: Form
    outputs: dict[str, str]


def form_of(model: Any) -> Found | None:
    """The form of a network's outputs; None if it is none of these, or if it takes no picture."""
    inputs, outputs = graphs.inputs(model), graphs.outputs(model)
    if not any(len(shape) == 4 for shape in inputs.values()):
        return None
    for form, names in NAMED:
        if names.keys() <= outputs.keys() and (form != "dets" or len(outputs["labels"]) < 3):
            return Found(form, names)
    (name, shape), *others = outputs.items()
    told = None if others else _form_of_rows(shape)
    return None if told is None else Found(told, {name: "rows"})


def _form_of_rows(shape: graphs.Shape) -> Form | None:
    """The form of a network with one output, by its shape."""
    if len(shape) == 2 and shape[1] == 7:
        return "rows7"
    if len(shape) != 3:
        return None
    rows, columns = shape[1:]
    if columns == 6 and not (isinstance(rows, int) and rows > MOST_ROWS):
        return "rows6"
    if not isinstance(rows, int) or not isinstance(columns, int) or min(rows, columns) < 5:
        return None
    return "yolov8" if rows < columns else "yolox"


def prepare(model: Any, found: Found, size: int | None) -> None:
    """Give the network its common names, and one size of picture; ``size`` where its own is free."""
    graphs.keep_outputs(model, found.outputs)
    inputs = graphs.inputs(model)
    name = next(name for name, shape in inputs.items() if len(shape) == 4)
    if size is not None and None in inputs[name][2:]:
        graphs.fix_input(model, name, (None, None, size, size))
    if SIZES in inputs:
        height, width = graphs.inputs(model)[name][2:]
        graphs.set_constant(model, SIZES, np.array([[width or 0, height or 0]]))


def side_of(model: Any, path: Path) -> tuple[int, int]:
    """Height and width of its picture. ValueError, in a sentence, if they are free or something else is wanted too."""
    inputs = graphs.inputs(model)
    name = next(name for name, shape in inputs.items() if len(shape) == 4)
    if extra := inputs.keys() - {name}:
        raise ValueError(f"{path} wants more than a picture: {', '.join(sorted(extra))}; export it without")
    channels, height, width = inputs[name][1:]
    if channels not in (3, None) or not isinstance(height, int) or not isinstance(width, int):
        raise ValueError(
            f"{path} takes pictures of {'any size; say --size PX' if channels in (3, None) else 'no colour'}"
        )
    return height, width


def settled(found: Found, path: Path, side: tuple[int, int], labels: list[str]) -> tuple[Form, list[str]]:
    """What the graph alone does not tell: which of its kind it is, by the number of classes and a first run.

    ValueError, in a sentence, if there are more or fewer labels than classes.
    """
    form = found.form
    if form not in ("detr", "yolox", "yolov8"):
        return form, labels
    session = OrtSession(path)
    (name, spec), *_ = session.inputs.items()
    outputs = session.run({name: np.zeros((1, 3, *side), spec.dtype)})
    session.close()
    if form == "detr":
        classes = outputs["logits"].shape[-1]
        form = "detr-softmax" if classes == len(labels) + 1 else form
        classes -= form == "detr-softmax"
    elif form == "yolov8":
        classes = outputs["rows"].shape[1] - 4
    else:
        rows = outputs["rows"][0]
        classes, cells = rows.shape[1] - 5, sum((side[0] // s) * (side[1] // s) for s in STRIDES)
        if len(rows) == 3 * cells:
            form = "yolov5"
        elif len(rows) != cells:
            raise ValueError(f"{path.name} gives {len(rows)} rows, which are not the {cells} cells of YOLOX")
        elif rows[:, 0].max() < side[1] / 4:  # decoded, the boxes of a grid reach across the picture
            form = "yolox-grid"
    if classes != len(labels):
        raise ValueError(
            f"the network has {classes} classes, but {len(labels)} are named; give the right --labels FILE"
        )
    return form, labels


def picture_of(form: Form, side: tuple[int, int], said: Said) -> Picture:
    """What a network of this form was trained to see, where no file says otherwise."""
    height, width = side
    mean, std = IMAGENET if form in ("dets", "detr-softmax") else UNIT
    if form in ("yolox", "yolox-grid"):
        mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    stretched = form in ("boxes", "detr", "detr-softmax")
    return Picture(
        width,
        height,
        said.mean or mean,
        said.std or std,
        bgr=form in ("yolox", "yolox-grid"),
        fit="stretch" if stretched else "pad",
    )
