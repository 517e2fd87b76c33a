"""Tiny networks with the real signatures, which really segment: "what has the colour of the clicked pixel".

Written in ONNX's text form. The embedding is the picture, averaged down to the masks' size; the decoder compares every
pixel with those under the positive points (a box stands for the point in its middle, and bounds the mask), takes away
what is like the negative ones, and adds an earlier mask. Its masks differ in how unlike a colour may be.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import onnx
from onnx import parser

from gazeline.engines import bundle
from gazeline.engines.bundle import Bundle, Input, Limits, Manifest, WindowPolicy

BODY = """
    one = Constant<value_float=1.0>() two = Constant<value_float=2.0>() three = Constant<value_float=3.0>()
    zero = Constant<value_float=0.0>() half = Constant<value_float=0.5>() far = Constant<value_float=1000000.0>()
    first = Constant<value_ints=[1]>() last = Constant<value_ints=[2]>() third = Constant<value_ints=[3]>()
    is2b = Equal(point_labels, two) is2 = Cast<to=1>(is2b)
    is3b = Equal(point_labels, three) is3 = Cast<to=1>(is3b)
    is2u = Unsqueeze(is2, last) is3u = Unsqueeze(is3, last)
    low2 = Mul(point_coords, is2u) low = ReduceSum<keepdims=1>(low2, first)
    high3 = Mul(point_coords, is3u) high = ReduceSum<keepdims=1>(high3, first)
    boxed = ReduceSum<keepdims=1>(is2, first)
    span = Add(low, high) middle = Mul(span, half)
    boxedlabel2 = Mul(boxed, two) boxedlabel = Sub(boxedlabel2, one)
    coords = Concat<axis=1>(point_coords, middle)
    labels = Concat<axis=1>(point_labels, boxedlabel)

    side = Constant<value_int={m}>() most = Constant<value_float={m1}.0>() ratio = Constant<value_float={ratio}>()
    shifted = Add(coords, half) scaled = Mul(shifted, ratio) centred = Sub(scaled, half)
    near = Round(centred) inside = Clip(near, zero, most) cells = Cast<to=7>(inside)
    xs, ys = Split<axis=2, num_outputs=2>(cells)
    rowstart = Mul(ys, side) index3 = Add(rowstart, xs) index = Squeeze(index3, last)

    flatshape = Constant<value_ints=[3, -1]>() flat = Reshape(image_embeddings, flatshape)
    colours = Transpose<perm=[1, 0]>(flat)
    picked = Gather<axis=0>(colours, index) picked4 = Unsqueeze(picked, last)
    difference = Sub(picked4, colours) squares = Mul(difference, difference)
    squared = ReduceSum<keepdims=0>(squares, third) distance = Sqrt(squared)

    posb = Equal(labels, one) pos = Unsqueeze(posb, last)
    negb = Equal(labels, zero) neg = Unsqueeze(negb, last)
    posfar = Where(pos, distance, far) posmin = ReduceMin<keepdims=1>(posfar, first)
    negfar = Where(neg, distance, far) negmin = ReduceMin<keepdims=1>(negfar, first)
    tolerance = Constant<value_floats=[{tolerances}]>() tshape = Constant<value_ints=[1, {k}, 1]>()
    tol = Reshape(tolerance, tshape)
    like = Sub(tol, posmin) unlike0 = Sub(tol, negmin) unlike1 = Relu(unlike0) unlike = Mul(unlike1, two)
    score = Sub(like, unlike) share = Div(score, tol) minus = Constant<value_float=-1.0>()
    capped = Clip(share, minus, one) ten = Constant<value_float=10.0>() strong = Mul(capped, ten)
    mshape = Constant<value_ints=[0, {k}, {m}, {m}]>() logits = Reshape(strong, mshape)

    grid = Constant<value_floats=[{grid}]>() gxshape = Constant<value_ints=[1, 1, 1, {m}]>()
    gyshape = Constant<value_ints=[1, 1, {m}, 1]>()
    gx = Reshape(grid, gxshape) gy = Reshape(grid, gyshape)
    edge = Constant<value_ints=[-1, 1, 1, 1]>()
    lowx0, lowy0 = Split<axis=2, num_outputs=2>(low) highx0, highy0 = Split<axis=2, num_outputs=2>(high)
    lowx = Reshape(lowx0, edge) lowy = Reshape(lowy0, edge) highx = Reshape(highx0, edge) highy = Reshape(highy0, edge)
    a = GreaterOrEqual(gx, lowx) b = LessOrEqual(gx, highx) c = GreaterOrEqual(gy, lowy) d = LessOrEqual(gy, highy)
    ab = And(a, b) cd = And(c, d) within = And(ab, cd)
    nobox0 = Equal(boxed, zero) nobox = Reshape(nobox0, edge) allowed = Or(within, nobox)
    out = Neg(ten) bounded = Where(allowed, logits, out)

    hasmask = Reshape(has_mask_input, edge) earlier = Mul(mask_input, hasmask)
    low_res_masks = Add(bounded, earlier)
    ious = Constant<value_floats=[{ious}]>() iouzero0 = Mul(boxed, zero) iou_predictions = Add(iouzero0, ious)
"""


def body(size: int, m: int, tolerances: list[float], ious: list[float]) -> str:
    """The decoder as text: pictures of ``size`` px, masks of ``m`` px, one per tolerance."""
    text = BODY.format(
        m=m,
        m1=m - 1,
        ratio=m / size,
        k=len(tolerances),
        tolerances=", ".join(map(str, tolerances)),
        ious=", ".join(map(str, ious)),
        grid=", ".join(str((i + 0.5) * size / m - 0.5) for i in range(m)),
    )
    # one statement a line, and a constant before its use
    statements = text.replace(") ", ")\n").split("\n")
    statements = sorted((s.strip() for s in statements if s.strip()), key=lambda s: "Constant<" not in s)
    return "\n".join(statements)


def _save(path: Path, signature: str, body: str) -> None:
    model = parser.parse_model(f'<ir_version: 8, opset_import: ["": 18]>\n{signature}\n{{\n{body}\n}}')
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _encoder(folder: Path, size: int, m: int, depth: bool = False) -> None:
    step = size // m
    second = f", float[1,1,{size},{size}] depth" if depth else ""
    _save(
        folder / bundle.ENCODER,
        f"encoder (float[1,3,{size},{size}] image{second}) => (float[1,3,{m},{m}] image_embeddings)",
        f"seen = {'Add(image, depth)' if depth else 'Identity(image)'}\n"
        f"image_embeddings = AveragePool<kernel_shape=[{step},{step}], strides=[{step},{step}]>(seen)",
    )


def write_own(folder: Path, name: str = "toy", size: int = 192, m: int = 96, depth: bool = False) -> Bundle:
    """A bundle with gazeline-s's signature: many prompts at once, three masks each; its colours may include depth."""
    _encoder(folder, size, m, depth)
    _save(
        folder / bundle.DECODER,
        f"decoder (float[1,3,{m},{m}] image_embeddings, float[N,P,2] point_coords, float[N,P] point_labels, "
        f"float[N,1,{m},{m}] mask_input, float[N] has_mask_input) "
        f"=> (float[N,3,{m},{m}] low_res_masks, float[N,3] iou_predictions)",
        body(size, m, [0.4, 0.8, 1.5], [0.5, 0.9, 0.7]),
    )
    return bundle.write(folder, _manifest(name, "gazeline", size, WindowPolicy("foveal")))


def write_sam(folder: Path, name: str = "toy-sam", size: int = 256, m: int = 128) -> Bundle:
    """A bundle with the signature of segment-anything's exporter: one prompt, four masks, ``orig_im_size``."""
    _encoder(folder, size, m)
    _save(
        folder / bundle.DECODER,
        f"decoder (float[1,3,{m},{m}] image_embeddings, float[1,P,2] point_coords, float[1,P] point_labels, "
        f"float[1,1,{m},{m}] mask_input, float[1] has_mask_input, float[2] orig_im_size) "
        f"=> (float[1,4,H,W] masks, float[1,4] iou_predictions, float[1,4,{m},{m}] low_res_masks)",
        body(size, m, [0.8, 0.4, 0.8, 1.5], [0.2, 0.5, 0.9, 0.7])
        + "\nsizes = Cast<to=7>(orig_im_size)\nbatch = Constant<value_ints=[1, 4]>()\n"
        'whole = Concat<axis=0>(batch, sizes)\nmasks = Resize<mode="linear">(low_res_masks, , , whole)',
    )
    return bundle.write(folder, _manifest(name, "sam", size, WindowPolicy("full")))


def add_describer(written: Bundle, labels: Sequence[str] = ("red thing", "blue thing"), m: int = 96) -> Bundle:
    """With a describer: its vectors are mean colours, its scores how red and how blue they are."""
    _save(
        written.folder / bundle.DESCRIBER,
        f"describer (float[1,3,{m},{m}] image_embeddings, float[N,{m},{m}] masks) => (float[N,3] vectors, "
        "float[N,2] scores)",
        "flatshape = Constant<value_ints=[3, -1]>()\n flat = Reshape(image_embeddings, flatshape)\n"
        "colours = Transpose<perm=[1, 0]>(flat)\n maskshape = Constant<value_ints=[0, -1]>()\n"
        "chance = Sigmoid(masks)\n weight = Reshape(chance, maskshape)\n last = Constant<value_ints=[1]>()\n"
        "total = ReduceSum<keepdims=1>(weight, last)\n sum = MatMul(weight, colours)\n vectors = Div(sum, total)\n"
        "pick = Constant<value_ints=[0, 2]>()\n both = Gather<axis=1>(vectors, pick)\n scores = Softmax<axis=1>(both)",
    )
    return bundle.write(written.folder, msgspec.structs.replace(written.manifest, labels=list(labels)))


def _manifest(name: str, family: str, size: int, window: WindowPolicy) -> Manifest:
    return Manifest(
        name=name,
        family="sam" if family == "sam" else "gazeline",
        licence="Apache-2.0",
        input=Input(size=size, mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375)),
        window=window,
        files={},
        limits=Limits(points=8, prompts=4),
    )
