"""ONNX pairs as the SAM family's repositories export them are recognised by their graphs, and segment once added."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from gazeline.engines import onnx_graph, onnx_pairs
from gazeline.engines.add import Request, add
from gazeline.engines.segmenter import Prompt, Segmenter
from tests.engines import toy_pairs

H, W = 480, 640
DISCS = [(200, 150, 70, (220, 30, 30)), (480, 330, 80, (30, 200, 40))]
EXPECTED = {  # signature, window, points of a prompt
    "segment_anything": ("segment-anything", "full", 32),
    "samexporter_preprocess": ("segment-anything", "full", 32),
    "nanosam": ("segment-anything", "full", 32),
    "edge_sam": ("EdgeSAM", "full", 32),
    "efficientvit_sam": ("EfficientViT-SAM", "full", 32),
    "efficient_sam": ("EfficientSAM", "stretched", 4),
    "efficient_sam_queries": ("EfficientSAM", "stretched", 1),
    "sam2": ("SAM 2", "stretched", 32),
}


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GAZELINE_MODELS", str(tmp_path / "models"))
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


def _picture() -> NDArray[np.uint8]:
    picture = np.full((H, W, 3), 120, np.uint8)
    for disc in DISCS:
        picture[_disc(disc)] = disc[3]
    return picture


def _disc(disc: tuple[int, int, int, tuple[int, int, int]]) -> NDArray[np.bool_]:
    x, y, r, _ = disc
    ys, xs = np.mgrid[:H, :W]
    return np.asarray(np.hypot(xs - x, ys - y) <= r)


def _iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float((a & b).sum() / max(1, (a | b).sum()))


@pytest.mark.parametrize("kind", toy_pairs.ALL)
def test_every_family_is_recognised_and_segments(kind: str, files: Path) -> None:
    toy_pairs.ALL[kind](files)
    for number, file in enumerate(sorted(files.iterdir())):  # names say nothing
        file.rename(files / f"{number}.onnx")
    what, window, points = EXPECTED[kind]
    said: list[str] = []
    bundle = add(Request(files, "toy"), said.append)
    assert what in said[0]
    assert what in bundle.manifest.description
    assert bundle.manifest.window.kind == window
    assert bundle.manifest.limits.points == points
    picture = _picture()
    segmenter = Segmenter.load("toy", threads=1)
    embedding = segmenter.encode(picture, segmenter.window_for(W, H))
    prompts = [Prompt([(x + 6, y - 5)]) for x, y, _, _ in DISCS]
    for masks, disc in zip(segmenter.decode(embedding, prompts), DISCS, strict=True):
        assert _iou(masks.mask(), _disc(disc)) > 0.8
    if points > 1:
        x, y, r, _ = DISCS[1]
        box = Prompt(box=(x - r, y - r, x + r, y + r))
        two = Prompt([(DISCS[0][0], DISCS[0][1])], [1])
        for masks, disc in zip(segmenter.decode(embedding, [box, two]), (DISCS[1], DISCS[0]), strict=True):
            assert _iou(masks.mask(), _disc(disc)) > 0.75
    segmenter.close()


def test_what_is_not_needed_is_cut_off(files: Path) -> None:
    toy_pairs.segment_anything(files)
    bundle = add(Request(files / "sam.decoder.onnx", "toy"), print)  # one of the two is enough
    decoder = onnx.load(bundle.decoder)
    assert "orig_im_size" not in onnx_graph.inputs(decoder)
    assert onnx_graph.outputs(decoder).keys() == {"low_res_masks", "iou_predictions"}


def test_an_earlier_mask_is_left_out_where_a_network_takes_none(files: Path) -> None:
    toy_pairs.edge_sam(files)
    add(Request(files, "toy"), print)
    segmenter = Segmenter.load("toy", threads=1)
    embedding = segmenter.encode(_picture(), segmenter.window_for(W, H))
    plain, hinted = segmenter.decode(
        embedding, [Prompt([(200, 150)]), Prompt([(200, 150)], mask=np.full((64, 64), 5.0, np.float32))]
    )
    assert np.array_equal(plain.logits, hinted.logits)
    segmenter.close()


def test_a_model_of_one_point_says_so_when_asked_for_more(files: Path) -> None:
    toy_pairs.efficient_sam_queries(files)
    add(Request(files, "toy"), print)
    segmenter = Segmenter.load("toy", threads=1)
    embedding = segmenter.encode(_picture(), segmenter.window_for(W, H))
    with pytest.raises(ValueError, match="takes exactly 1 point"):
        segmenter.decode(embedding, [Prompt(box=(10, 10, 90, 90))])
    segmenter.close()


def test_a_size_is_asked_for_where_the_graph_leaves_it_open(files: Path) -> None:
    toy_pairs.segment_anything(files)
    open_encoder = (
        "encoder (float[1,3,h,w] image) => (float[1,3,a,b] image_embeddings)",
        "image_embeddings = AveragePool<kernel_shape=[16, 16], strides=[16, 16]>(image)",
    )
    toy_pairs.save(files / "sam.encoder.onnx", *open_encoder)
    assert onnx_pairs.adapt(files / "sam.encoder.onnx", files / "sam.decoder.onnx").size == 512  # 16 px to a cell
    toy_pairs.segment_anything(files)
    with pytest.raises(ValueError, match="takes pictures of 512 pixels only, not of 256"):
        add(Request(files, "toy", size=256), print)


def _external(path: Path, location: str) -> None:
    weight = numpy_helper.from_array(np.ones(4, np.float32), "w")
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value=location)
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [4])
    graph = helper.make_graph([helper.make_node("Identity", ["w"], ["y"])], "g", [], [out], [weight])
    path.write_bytes(helper.make_model(graph).SerializeToString())


def _outside(folder: Path) -> None:
    _external(folder / "sam.encoder.onnx", "../../../etc/passwd")


def _missing_weights(folder: Path) -> None:
    _external(folder / "sam.encoder.onnx", "weights.bin")


def _linked_weights(folder: Path) -> None:
    _external(folder / "sam.encoder.onnx", "weights.bin")
    (folder / "weights.bin").symlink_to("/etc/hostname")


def _cut_off(folder: Path) -> None:
    path = folder / "sam.decoder.onnx"
    path.write_bytes(path.read_bytes()[:-50])


def _no_onnx(folder: Path) -> None:
    (folder / "sam.decoder.onnx").write_bytes(b"<html>not found</html>")


def _another_signature(folder: Path) -> None:
    toy_pairs.save(
        folder / "sam.decoder.onnx",
        "d (float[1,3,32,32] e, float[1,p,2] point_coords, float[1,p] point_labels) => (float[1,3,32,32] logits)",
        "logits = Identity(e)",
    )


def _not_fitting(folder: Path) -> None:
    toy_pairs.save(
        folder / "sam.encoder.onnx",
        "e (float[1,3,512,512] image) => (float[1,3,16,16] image_embeddings)",
        "image_embeddings = AveragePool<kernel_shape=[32, 32], strides=[32, 32]>(image)",
    )


def _one_file(folder: Path) -> None:
    (folder / "sam.decoder.onnx").unlink()


def _two_models(folder: Path) -> None:
    shutil.copy(folder / "sam.encoder.onnx", folder / "other.encoder.onnx")


def _swapped_names_of_one_network(folder: Path) -> None:
    shutil.copy(folder / "sam.encoder.onnx", folder / "sam.decoder.onnx")


def _grey(folder: Path) -> None:
    toy_pairs.save(
        folder / "sam.encoder.onnx",
        "e (float[1,1,512,512] image) => (float[1,3,32,32] image_embeddings)",
        "shape = Constant<value_ints=[1, 3, 512, 512]>() rgb = Expand(image, shape)\n"
        "image_embeddings = AveragePool<kernel_shape=[16, 16], strides=[16, 16]>(rgb)",
    )


def _lying_shape(folder: Path) -> None:
    """It says that it gives what the decoder needs, and gives something else."""
    toy_pairs.save(
        folder / "sam.encoder.onnx",
        "e (float[1,3,512,512] image) => (float[1,3,32,32] image_embeddings)",
        "shape = Constant<value_ints=[1, 3, -1, 1]>() image_embeddings = Reshape(image, shape)",
    )


def _old_opset(folder: Path) -> None:
    model = onnx.load(folder / "sam.encoder.onnx")
    model.opset_import[0].version = 9
    onnx.save(model, folder / "sam.encoder.onnx")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_outside, "reads its weights from '../../../etc/passwd', which is not a file beside it"),
        (_missing_weights, "needs the file .*weights.bin, which is not there"),
        (_linked_weights, "which is not a file beside it"),
        (_cut_off, "not an ONNX model, or it is cut off"),
        (_no_onnx, "not an ONNX model, or it is cut off"),
        (_another_signature, "signature that is not known: inputs e, point_coords, point_labels; outputs logits"),
        (_not_fitting, "does not fit its decoder, which takes image_embeddings of 1x3x32x32"),
        (_one_file, "neither a checkpoint of segment-anything nor a pair of ONNX files"),
        (_two_models, "several models"),
        (_swapped_names_of_one_network, "several models"),
        (_grey, "takes 1 channels, not the three of a picture"),
        (_lying_shape, "the networks do not run together"),
        (_old_opset, "opset 9; export it with opset 11 or later"),
    ],
)
def test_what_is_no_pair_is_refused_in_a_sentence_and_leaves_nothing(
    spoil: Callable[[Path], None], message: str, files: Path, models: Path
) -> None:
    toy_pairs.segment_anything(files)
    spoil(files)
    with pytest.raises((ValueError, FileNotFoundError), match=message) as caught:
        add(Request(files, "refused"), print)
    assert "\n" not in str(caught.value)
    assert list(models.iterdir()) == []
