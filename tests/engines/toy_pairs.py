"""Tiny ONNX pairs with the signatures of the SAM family's exporters, which really segment by colour.

Names, shapes and what is free in them are those of the exporters named in `gazeline.engines.onnx_pairs`, but for the
sizes: the embedding is a small picture of 32 cells per side instead of 64, and has its three channels.
"""

from collections.abc import Callable
from pathlib import Path

import onnx
from onnx import parser

from tests.engines.toy_models import body

CELLS = 32  # per side of the embedding
COUNTED = 16 * CELLS  # the size of picture that the decoders count in
M = 4 * CELLS
MEAN, STD = "[123.675, 116.28, 103.53]", "[58.395, 57.12, 57.375]"
SAM_TOLERANCES, SAM_IOUS = [0.8, 0.4, 0.8, 1.5], [0.2, 0.5, 0.9, 0.7]


def save(path: Path, signature: str, text: str, opset: int = 18) -> None:
    """A network in ONNX's text form."""
    model = parser.parse_model(f'<ir_version: 8, opset_import: ["": {opset}]>\n{signature}\n{{\n{text}\n}}')
    onnx.checker.check_model(model)
    onnx.save(model, path)


def encoder(path: Path, size: int, name: str = "image", batch: str = "1") -> None:
    """(1, 3, S, S), normalised."""
    step = size // CELLS
    save(
        path,
        f"encoder (float[{batch},3,{size},{size}] {name}) => (float[{batch},3,{CELLS},{CELLS}] image_embeddings)",
        f"image_embeddings = AveragePool<kernel_shape=[{step}, {step}], strides=[{step}, {step}]>({name})",
    )


def _upsampled() -> str:
    """The body compares colours at the masks' size."""
    return (
        "scales = Constant<value_floats=[1.0, 1.0, 4.0, 4.0]>()\n"
        'image_large = Resize<mode="linear">(image_embeddings, , scales)'
    )


def _body(tolerances: list[float], ious: list[float]) -> str:
    return body(COUNTED, M, tolerances, ious).replace("Reshape(image_embeddings,", "Reshape(image_large,")


def segment_anything(folder: Path) -> None:
    """scripts/export_onnx_model.py, and samexporter's encoder without preprocessing."""
    encoder(folder / "sam.encoder.onnx", COUNTED, "input_image")
    save(
        folder / "sam.decoder.onnx",
        f"decoder (float[1,3,{CELLS},{CELLS}] image_embeddings, float[1,num_points,2] point_coords, "
        f"float[1,num_points] point_labels, float[1,1,{M},{M}] mask_input, float[1] has_mask_input, "
        f"float[2] orig_im_size) => (float[a,b,c,d] masks, float[1,4] iou_predictions, float[e,f,g,h] low_res_masks)",
        f"{_upsampled()}\n{_body(SAM_TOLERANCES, SAM_IOUS)}\n"
        "sizes = Cast<to=7>(orig_im_size)\nbatch = Constant<value_ints=[1, 4]>()\n"
        'whole = Concat<axis=0>(batch, sizes)\nmasks = Resize<mode="linear">(low_res_masks, , , whole)',
    )


def samexporter_preprocess(folder: Path) -> None:
    """samexporter with --use-preprocess: the encoder takes (H, W, 3), 0..255."""
    segment_anything(folder)
    save(
        folder / "sam.encoder.onnx",
        f"encoder (float[image_height,image_width,3] input_image) => (float[1,3,{CELLS},{CELLS}] image_embeddings)",
        f"mean = Constant<value_floats={MEAN}>() std = Constant<value_floats={STD}>()\n"
        "centred = Sub(input_image, mean) scaled = Div(centred, std) planes = Transpose<perm=[2, 0, 1]>(scaled)\n"
        "first = Constant<value_ints=[0]>() image = Unsqueeze(planes, first)\n"
        "image_embeddings = AveragePool<kernel_shape=[16, 16], strides=[16, 16]>(image)",  # 512 to 32
    )


def nanosam(folder: Path) -> None:
    """nanosam/tools: no orig_im_size; an encoder of half the size that the decoder counts in."""
    encoder(folder / "resnet18_image_encoder.onnx", COUNTED // 2)
    save(
        folder / "mobile_sam_mask_decoder.onnx",
        f"decoder (float[1,3,{CELLS},{CELLS}] image_embeddings, float[1,num_points,2] point_coords, "
        f"float[1,num_points] point_labels, float[1,1,{M},{M}] mask_input, float[1] has_mask_input) "
        f"=> (float[1,4] iou_predictions, float[1,4,{M},{M}] low_res_masks)",
        f"{_upsampled()}\n{_body(SAM_TOLERANCES, SAM_IOUS)}",
    )


def _without_mask(text: str) -> str:
    return (
        f"nothing = Constant<value_float=0.0>()\nmshape0 = Constant<value_ints=[1, 1, {M}, {M}]>()\n"
        "mask_input = Expand(nothing, mshape0)\nhas_mask_input = Constant<value_floats=[0.0]>()\n" + text
    )


def edge_sam(folder: Path) -> None:
    """scripts/export_onnx_model.py of EdgeSAM."""
    encoder(folder / "edge_sam_encoder.onnx", COUNTED)
    text = _without_mask(f"{_upsampled()}\n{_body(SAM_TOLERANCES, SAM_IOUS)}")
    save(
        folder / "edge_sam_decoder.onnx",
        f"decoder (float[1,3,{CELLS},{CELLS}] image_embeddings, float[1,num_points,2] point_coords, "
        "float[1,num_points] point_labels) => (float[1,4] scores, float[a,b,c,d] masks)",
        text.replace("low_res_masks", "masks").replace("iou_predictions", "scores"),
    )


def efficientvit_sam(folder: Path) -> None:
    """applications/efficientvit_sam/deployment/onnx: many prompts, an encoder of half the size."""
    encoder(folder / "l0_encoder.onnx", COUNTED // 2, "input_image", batch="batch_size")
    text = _without_mask(f"{_upsampled()}\n{_body(SAM_TOLERANCES, SAM_IOUS)}")
    save(
        folder / "l0_decoder.onnx",
        f"decoder (float[1,3,{CELLS},{CELLS}] image_embeddings, float[batch_size,num_points,2] point_coords, "
        "float[batch_size,num_points] point_labels) => (float[a,b,c,d] masks, float[e,f] iou_predictions)",
        text.replace("low_res_masks", "masks"),
    )


def _efficient_sam(folder: Path, points: str, batch: str) -> None:
    step = COUNTED // CELLS
    save(
        folder / "efficient_sam_vitt_encoder.onnx",
        f"encoder (float[batch,3,height,width] batched_images) => (float[batch,3,{CELLS},{CELLS}] image_embeddings)",
        "mshape = Constant<value_ints=[1, 3, 1, 1]>()\n"
        "mean0 = Constant<value_floats=[0.485, 0.456, 0.406]>() mean = Reshape(mean0, mshape)\n"
        "std0 = Constant<value_floats=[0.229, 0.224, 0.225]>() std = Reshape(std0, mshape)\n"
        "centred = Sub(batched_images, mean) scaled = Div(centred, std)\n"
        f"image_embeddings = AveragePool<kernel_shape=[{step}, {step}], strides=[{step}, {step}]>(scaled)",
    )
    text = _without_mask(f"{_upsampled()}\n{_body([0.4, 0.8, 1.5], [0.5, 0.9, 0.7])}")
    save(
        folder / "efficient_sam_vitt_decoder.onnx",
        f"decoder (float[batch,3,{CELLS},{CELLS}] image_embeddings, float[1,{batch},{points},2] batched_point_coords, "
        f"float[1,{batch},{points}] batched_point_labels, int64[2] orig_im_size) "
        "=> (float[a,b,c,d,e] output_masks, float[f,g,h] iou_predictions, float[i,j,k,l] low_res)",
        f"counted = Constant<value_float={COUNTED}.0>() sizes = Cast<to=1>(orig_im_size)\n"
        "order = Constant<value_ints=[1, 0]>() width_height = Gather(sizes, order)\n"
        "ratio0 = Div(counted, width_height)\n"
        "rescaled = Mul(batched_point_coords, ratio0)\n"
        "pshape = Constant<value_ints=[-1, 0, 2]>() lshape0 = Constant<value_ints=[-1]>()\n"
        "zero0 = Constant<value_ints=[0]>() squeezed = Squeeze(rescaled, zero0)\n"
        "point_coords = Identity(squeezed) point_labels = Squeeze(batched_point_labels, zero0)\n"
        + text.replace("low_res_masks", "low_res").replace("iou_predictions", "quality")
        + "\nzero1 = Constant<value_ints=[0]>() iou_predictions = Unsqueeze(quality, zero1)\n"
        "lead = Constant<value_ints=[1, -1, 3]>() whole = Concat<axis=0>(lead, orig_im_size)\n"
        "four0 = Constant<value_ints=[1, 3]>() four = Concat<axis=0>(four0, orig_im_size)\n"
        'resized = Resize<mode="linear">(low_res, , , four) output_masks = Reshape(resized, whole)',
    )


def efficient_sam(folder: Path) -> None:
    """export_to_onnx.py as the published files were made: one query of many points."""
    _efficient_sam(folder, "num_points", "1")


def efficient_sam_queries(folder: Path) -> None:
    """export_to_onnx.py of today: many queries of one point."""
    _efficient_sam(folder, "1", "num_points")


def sam2(folder: Path) -> None:
    """samexporter's export_sam2.py: three feature maps, and a padding point that the network adds itself."""
    step = COUNTED // CELLS
    pools = "\n".join(
        f"{name} = AveragePool<kernel_shape=[{s}, {s}], strides=[{s}, {s}]>(image)"
        for name, s in (("high_res_feats_0", step // 4), ("high_res_feats_1", step // 2), ("image_embed", step))
    )
    maps = (
        f"float[1,3,{4 * CELLS},{4 * CELLS}] high_res_feats_0, float[1,3,{2 * CELLS},{2 * CELLS}] high_res_feats_1, "
        f"float[1,3,{CELLS},{CELLS}] image_embed"
    )
    save(folder / "sam2.encoder.onnx", f"encoder (float[1,3,{COUNTED},{COUNTED}] image) => ({maps})", pools)
    given = (
        f"float[1,3,{CELLS},{CELLS}] image_embed, float[1,3,{4 * CELLS},{4 * CELLS}] high_res_feats_0, "
        f"float[1,3,{2 * CELLS},{2 * CELLS}] high_res_feats_1"
    )
    text = _body([0.4, 0.8, 1.5], [0.5, 0.9, 0.7]).replace("low_res_masks", "masks")
    # as exported, the earlier mask of (N, 1, h, w) is multiplied with has_mask_input of (N,) without a reshape
    text = text.replace("hasmask = Reshape(has_mask_input, edge)", "hasmask = Identity(has_mask_input)")
    save(
        folder / "sam2.decoder.onnx",
        f"decoder ({given}, float[num_labels,num_points,2] point_coords, float[num_labels,num_points] point_labels, "
        f"float[num_labels,1,{M},{M}] mask_input, float[num_labels] has_mask_input) "
        "=> (float[a,b,c,d] masks, float[e,f] iou_predictions)",
        "none = Constant<value_float=0.0>() two0 = Constant<value_floats=[1.0, 1.0, 2.0, 2.0]>()\n"
        "four0 = Constant<value_floats=[1.0, 1.0, 4.0, 4.0]>()\n"
        "a0 = Mul(image_embed, none) a1 = Mul(high_res_feats_1, none)\n"
        'b0 = Resize<mode="nearest">(a0, , four0) b1 = Resize<mode="nearest">(a1, , two0)\n'
        "nothing = Add(b0, b1) image_large = Add(high_res_feats_0, nothing)\n" + text,
    )


ALL: dict[str, Callable[[Path], None]] = {
    write.__name__: write
    for write in (
        segment_anything,
        samexporter_preprocess,
        nanosam,
        edge_sam,
        efficientvit_sam,
        efficient_sam,
        efficient_sam_queries,
        sam2,
    )
}
