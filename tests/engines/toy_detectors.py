"""Tiny ONNX detectors with the outputs of well-known exporters, which really find the one red thing in a picture."""

import math
from pathlib import Path

from tests.engines.toy_pairs import save

SIDE = 64
CELLS = sum((SIDE // stride) ** 2 for stride in (8, 16, 32))
LABELS = ["blue thing", "red thing", "green thing"]
SCORE = 0.875

# The box of what is red, x0 y0 x1 y1 in pixels of the network's picture, as (1, 1) floats each; r and g are (S, S).
FIND = """
    rows0 = Constant<value_ints=[0]>() rows1 = Constant<value_ints=[1]>() axis = Constant<value_ints=[1]>()
    rows2 = Constant<value_ints=[2]>() rows3 = Constant<value_ints=[3]>()
    red4 = Slice({picture}, {red0}, {red1}, axis) green4 = Slice({picture}, rows1, rows2, axis)
    plane = Constant<value_ints=[{S}, {S}]>() r = Reshape(red4, plane) g = Reshape(green4, plane)
    high = Constant<value_float={high}>() low = Constant<value_float={low}>()
    is_red = Greater(r, high) no_green = Less(g, low) both = And(is_red, no_green) m = Cast<to=1>(both)
    steps = Constant<value_floats=[{steps}]>() across = Constant<value_ints=[1, {S}]>()
    down = Constant<value_ints=[{S}, 1]>() one = Constant<value_float=1.0>() side = Constant<value_float={S}.0>()
    xs = Reshape(steps, across) ys = Reshape(steps, down) one2 = Constant<value_ints=[1, 1]>()
    xs1 = Add(xs, one) ys1 = Add(ys, one) left = Sub(side, xs) top = Sub(side, ys)
    a0 = Mul(m, left) b0 = Mul(m, top) c0 = Mul(m, xs1) d0 = Mul(m, ys1)
    a1 = ReduceMax<keepdims=0>(a0) b1 = ReduceMax<keepdims=0>(b0)
    c1 = ReduceMax<keepdims=0>(c0) d1 = ReduceMax<keepdims=0>(d0)
    a2 = Sub(side, a1) b2 = Sub(side, b1)
    x0 = Reshape(a2, one2) y0 = Reshape(b2, one2) x1 = Reshape(c1, one2) y1 = Reshape(d1, one2)
    half = Constant<value_float=0.5>() xsum = Add(x0, x1) ysum = Add(y0, y1)
    cx = Mul(xsum, half) cy = Mul(ysum, half) w = Sub(x1, x0) h = Sub(y1, y0)
    score0 = Constant<value_float={score}>() score = Reshape(score0, one2)
    none0 = Constant<value_float=0.0>() none = Reshape(none0, one2) full = Reshape(one, one2)
    class0 = Constant<value_float=1.0>() class = Reshape(class0, one2)
"""


def find(picture: str, *, unit: bool, bgr: bool = False) -> str:
    """The graph's first part: on a picture 0..1 or 0..255, RGB or BGR."""
    high, low = (0.7, 0.3) if unit else (180.0, 80.0)
    red = ("rows2", "rows3") if bgr else ("rows0", "rows1")
    steps = ", ".join(f"{i}.0" for i in range(SIDE))
    return FIND.format(picture=picture, S=SIDE, high=high, low=low, score=SCORE, steps=steps, red0=red[0], red1=red[1])


def write(path: Path, form: str) -> None:
    """A detector of this form; see `gazeline.engines.labelers.detector_forms`."""
    image = f"float[1,3,{SIDE},{SIDE}] images"
    grid = form in ("yolox", "yolox-grid")
    parts = {
        "nms": (
            "int32[1,1] num_dets, float[1,2,4] det_boxes, float[1,2] det_scores, int32[1,2] det_classes",
            "b1x4 = Concat<axis=1>(x0, y0, x1, y1) bb = Concat<axis=0>(b1x4, b1x4) det_boxes = Unsqueeze(bb, rows0)\n"
            "det_scores = Concat<axis=1>(score, score) cc = Concat<axis=1>(class, none)\n"
            "det_classes = Cast<to=6>(cc) num_dets = Cast<to=6>(full)",
        ),
        "dets": (
            "float[1,1,5] dets, int64[1,1] labels",
            "row = Concat<axis=1>(x0, y0, x1, y1, score) dets = Unsqueeze(row, rows0) labels = Cast<to=7>(class)",
        ),
        "boxes": (
            "int64[1,1] labels, float[1,1,4] boxes, float[1,1] scores",
            "row = Concat<axis=1>(x0, y0, x1, y1) row3 = Unsqueeze(row, rows0) given = Cast<to=1>(orig_target_sizes)\n"
            "twice = Concat<axis=1>(given, given) share = Div(twice, side) boxes = Mul(row3, share)\n"
            "scores = Identity(score) labels = Cast<to=7>(class)",
        ),
        "rows6": (
            "float[1,1,6] output0",
            "row = Concat<axis=1>(x0, y0, x1, y1, score, class) output0 = Unsqueeze(row, rows0)",
        ),
        "rows7": ("float[K,7] output", "output = Concat<axis=1>(none, x0, y0, x1, y1, class, score)"),
        "detr": _detr(f"{_logit(0.01)}, {_logit(SCORE)}, {_logit(0.01)}", 3),
        "detr-softmax": _detr(f"{math.log(0.05)}, {math.log(SCORE)}, {math.log(0.025)}, {math.log(0.05)}", 4),
        "yolox": _cells("cx, cy, w, h, full, none, score, none", CELLS, "Identity"),
        "yolox-grid": _cells("gx, gy, gw, gh, full, none, score, none", CELLS, "Identity"),
        "yolov5": _cells("cx, cy, w, h, full, none, score, none", 3 * CELLS, "Identity"),
        "yolov8": _cells("cx, cy, w, h, none, score, none", CELLS, "Transpose<perm=[0, 2, 1]>"),
    }
    outputs, text = parts[form]
    if form == "yolox-grid":
        text = (
            "stride = Constant<value_float=8.0>() gx = Div(cx, stride) gy = Div(cy, stride)\n"
            "w8 = Div(w, stride) h8 = Div(h, stride) gw = Log(w8) gh = Log(h8)\n" + text
        )
    more = ", int64[1,2] orig_target_sizes" if form == "boxes" else ""
    first = find("images", unit=not grid, bgr=grid)
    if form in ("dets", "detr-softmax"):  # given normalised as for ImageNet
        mean, std = "[0.485, 0.456, 0.406]", "[0.229, 0.224, 0.225]"
        first = (
            f"channels = Constant<value_ints=[1, 3, 1, 1]>() mean0 = Constant<value_floats={mean}>()\n"
            f"std0 = Constant<value_floats={std}>() mean = Reshape(mean0, channels) std = Reshape(std0, channels)\n"
            "scaled = Mul(images, std) seen = Add(scaled, mean)\n" + find("seen", unit=True)
        )
    save(path, f"detector ({image}{more}) => ({outputs})", first + text)


def _logit(chance: float) -> float:
    return math.log(chance / (1 - chance))


def _detr(logits: str, classes: int) -> tuple[str, str]:
    return (
        f"float[1,1,{classes}] logits, float[1,1,4] pred_boxes",
        f"l0 = Constant<value_floats=[{logits}]>() ls = Constant<value_ints=[1, 1, {classes}]>()\n"
        "logits = Reshape(l0, ls)\n"
        "row = Concat<axis=1>(cx, cy, w, h) shares = Div(row, side) pred_boxes = Unsqueeze(shares, rows0)",
    )


def _cells(row: str, cells: int, last: str, fill: float = 0.0) -> tuple[str, str]:
    """One finding in the first cell, and ``fill`` in the others."""
    columns = len(row.split(","))
    shape = f"{columns},{cells}" if last.startswith("Transpose") else f"{cells},{columns}"
    return (
        f"float[1,{shape}] output0",
        f"row = Concat<axis=1>({row}) row3 = Unsqueeze(row, rows0)\n"
        f"pads = Constant<value_ints=[0, 0, 0, 0, {cells - 1}, 0]>()\n"
        f"fill = Constant<value_float={fill}>() padded = Pad(row3, pads, fill)\noutput0 = {last}(padded)",
    )
