"""segment-anything checkpoints become bundles that give what torch gives; what is no such checkpoint is refused."""

import importlib.util
import json
import os
import pickle
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gazeline.engines import bundle
from gazeline.engines.add import NEEDED, Request, add
from gazeline.engines.segmenter import Prompt, Segmenter

if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
    pytest.skip(f"needs {', '.join(missing)} (extra: export)", allow_module_level=True)

import torch

from gazeline.engines.sam import export, network, parity
from gazeline.engines.sam.checkpoint import read_checkpoint

SIZE = 256


@pytest.fixture(scope="module")
def state() -> dict[str, Any]:
    """A network of segment-anything with two blocks, one of them with global attention, and random weights."""
    return network.random_state(width=64, depth=2, size=SIZE)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(autouse=True)
def user_folder(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAZELINE_MODELS", str(models))


@pytest.fixture(scope="module")
def added(state: dict[str, Any], models: Path) -> bundle.Bundle:
    path = models / "checkpoint-of-some-name.bin"
    torch.save(state, path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAZELINE_MODELS", str(models))
        return add(Request(path, "tiny", licence="Apache-2.0"), print)


def test_a_checkpoint_becomes_a_model(added: bundle.Bundle, state: dict[str, Any]) -> None:
    assert added.name == "tiny"
    assert added.manifest.licence == "Apache-2.0"
    assert added.manifest.input.size == SIZE
    assert "ViT 64x2" in added.manifest.description
    assert parity.measure(network.build(state), added.folder).ok


def test_the_bundle_answers_as_segment_anything_s_own_predictor(added: bundle.Bundle, state: dict[str, Any]) -> None:
    """Points, a box, and both: what SamPredictor would make of the same picture, prompt by prompt."""
    sam: Any = network.build(state)
    segmenter = Segmenter.load("tiny", threads=1)
    picture = np.random.default_rng(0).integers(0, 255, (SIZE, SIZE, 3), np.uint8)  # no resampling: sizes are equal
    prompts = [
        Prompt([(60.0, 100.0)]),
        Prompt([(60.0, 100.0), (200.0, 40.0)], [1, 0]),
        Prompt(box=(30.0, 40.0, 120.0, 200.0)),
        Prompt([(70.0, 90.0)], box=(30.0, 40.0, 120.0, 200.0)),
    ]
    together = segmenter.decode(segmenter.encode(picture, segmenter.window_for(SIZE, SIZE)), prompts)
    with torch.no_grad():
        features = sam.image_encoder(sam.preprocess(torch.from_numpy(picture).permute(2, 0, 1)[None].float()))
        for prompt, found in zip(prompts, together, strict=True):
            points = np.asarray(prompt.points, np.float32)
            labels = torch.from_numpy(np.asarray(prompt.labels, np.float32))[None]
            box = None if prompt.box is None else torch.from_numpy(np.asarray(prompt.box, np.float32))[None]
            sparse, dense = sam.prompt_encoder(
                points=(torch.from_numpy(points)[None], labels) if len(points) else None, boxes=box, masks=None
            )
            single = len(points) == 1 and box is None
            masks, iou = sam.mask_decoder(features, sam.prompt_encoder.get_dense_pe(), sparse, dense, single)
            best = int(np.argmax(iou[0].numpy()))
            assert np.allclose(found.logits[found.best], masks[0, best].numpy(), atol=1e-3 * float(masks.abs().max()))
            assert found.iou[found.best] == pytest.approx(float(iou[0, best]), abs=1e-4)
    segmenter.close()


def test_a_smaller_foveal_encoder_has_its_positions_interpolated(state: dict[str, Any], models: Path) -> None:
    torch.save(state, models / "c.pth")
    small = add(Request(models / "c.pth", "tiny-128", size=128, foveal=True), print)
    assert small.manifest.window.kind == "foveal"
    segmenter = Segmenter.load("tiny-128", threads=1)
    window = segmenter.window_for(640, 480, (320.0, 240.0))
    assert window.is_foveal
    picture = np.zeros((480, 640, 3), np.uint8)
    (masks,) = segmenter.decode(segmenter.encode(picture, window), [Prompt([(320.0, 240.0)])])
    assert masks.logits.shape[-2:] == (32, 32)
    segmenter.close()
    flat = {k: torch.ones_like(v) if k.endswith("pos_embed") else v for k, v in state.items()}
    resized: Any = network.build(flat, 128)
    assert resized.image_encoder.pos_embed.shape == (1, 8, 8, 64)
    assert torch.allclose(resized.image_encoder.pos_embed, torch.ones(1))  # interpolation keeps what is even
    with pytest.raises(ValueError, match="multiple of 16 from 128 to 1024, not 100"):
        network.build(state, 100)


def test_safetensors_wrapped_and_half_precision_checkpoints_are_the_same(state: dict[str, Any], tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({name: tensor.contiguous() for name, tensor in state.items()}, tmp_path / "a")
    torch.save({"model": {f"module.{k}": v for k, v in state.items()}, "epoch": 3}, tmp_path / "b")
    torch.save({name: tensor.half() for name, tensor in state.items()}, tmp_path / "c")
    torch.save(state, tmp_path / "d", _use_new_zipfile_serialization=False)
    for name, tolerance in (("a", 0.0), ("b", 0.0), ("c", 1e-2), ("d", 0.0)):
        read = read_checkpoint(tmp_path / name)
        assert read.keys() == state.keys()
        for key, tensor in state.items():
            assert read[key].dtype == torch.float32
            assert torch.allclose(read[key], tensor, atol=tolerance)


SHARED = "prompt_encoder.shared_embedding.positional_embedding"
# Tensors as segment-anything and as Hugging Face's SamModel call them (transformers' convert_sam_to_hf.py).
NAMES = {
    "image_encoder.pos_embed": "vision_encoder.pos_embed",
    "image_encoder.patch_embed.proj.weight": "vision_encoder.patch_embed.projection.weight",
    "image_encoder.blocks.1.norm1.weight": "vision_encoder.layers.1.layer_norm1.weight",
    "image_encoder.blocks.1.attn.rel_pos_h": "vision_encoder.layers.1.attn.rel_pos_h",
    "image_encoder.blocks.0.mlp.lin1.bias": "vision_encoder.layers.0.mlp.lin1.bias",
    "image_encoder.neck.0.weight": "vision_encoder.neck.conv1.weight",
    "image_encoder.neck.1.bias": "vision_encoder.neck.layer_norm1.bias",
    "image_encoder.neck.2.weight": "vision_encoder.neck.conv2.weight",
    "image_encoder.neck.3.weight": "vision_encoder.neck.layer_norm2.weight",
    "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix": SHARED,
    "prompt_encoder.point_embeddings.3.weight": "prompt_encoder.point_embed.3.weight",
    "prompt_encoder.not_a_point_embed.weight": "prompt_encoder.not_a_point_embed.weight",
    "prompt_encoder.no_mask_embed.weight": "prompt_encoder.no_mask_embed.weight",
    "prompt_encoder.mask_downscaling.0.weight": "prompt_encoder.mask_embed.conv1.weight",
    "prompt_encoder.mask_downscaling.1.weight": "prompt_encoder.mask_embed.layer_norm1.weight",
    "prompt_encoder.mask_downscaling.3.weight": "prompt_encoder.mask_embed.conv2.weight",
    "prompt_encoder.mask_downscaling.4.bias": "prompt_encoder.mask_embed.layer_norm2.bias",
    "prompt_encoder.mask_downscaling.6.weight": "prompt_encoder.mask_embed.conv3.weight",
    "mask_decoder.mask_tokens.weight": "mask_decoder.mask_tokens.weight",
    "mask_decoder.transformer.layers.0.norm4.weight": "mask_decoder.transformer.layers.0.layer_norm4.weight",
    "mask_decoder.transformer.norm_final_attn.bias": "mask_decoder.transformer.layer_norm_final_attn.bias",
    "mask_decoder.output_upscaling.0.weight": "mask_decoder.upscale_conv1.weight",
    "mask_decoder.output_upscaling.1.weight": "mask_decoder.upscale_layer_norm.weight",
    "mask_decoder.output_upscaling.3.bias": "mask_decoder.upscale_conv2.bias",
    "mask_decoder.iou_prediction_head.layers.0.weight": "mask_decoder.iou_prediction_head.proj_in.weight",
    "mask_decoder.iou_prediction_head.layers.1.weight": "mask_decoder.iou_prediction_head.layers.0.weight",
    "mask_decoder.iou_prediction_head.layers.2.weight": "mask_decoder.iou_prediction_head.proj_out.weight",
    "mask_decoder.output_hypernetworks_mlps.2.layers.0.bias": "mask_decoder.output_hypernetworks_mlps.2.proj_in.bias",
    "mask_decoder.output_hypernetworks_mlps.2.layers.1.bias": "mask_decoder.output_hypernetworks_mlps.2.layers.0.bias",
    "mask_decoder.output_hypernetworks_mlps.2.layers.2.bias": "mask_decoder.output_hypernetworks_mlps.2.proj_out.bias",
}


def test_names_of_transformers_are_understood(state: dict[str, Any], tmp_path: Path) -> None:
    from safetensors.torch import save_file

    renamed = {theirs: state[ours].contiguous() for ours, theirs in NAMES.items()}
    renamed["shared_image_embedding.positional_embedding"] = renamed[SHARED].clone()
    save_file(renamed, tmp_path / "model.safetensors")
    read = read_checkpoint(tmp_path / "model.safetensors")
    assert read.keys() == NAMES.keys()
    assert all(torch.equal(read[name], state[name]) for name in NAMES)


class Evil:
    """What a hostile pickle holds: something that runs when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.system, (f"touch {self.mark}",)


def _hostile(path: Path, state: dict[str, Any]) -> None:
    torch.save({**state, "evil": Evil(path.parent / "was-run")}, path)


def _hostile_pickle(path: Path, state: dict[str, Any]) -> None:
    path.write_bytes(pickle.dumps({"model": Evil(path.parent / "was-run")}, protocol=2))


def _cut_off(path: Path, state: dict[str, Any]) -> None:
    torch.save(state, path)
    path.write_bytes(path.read_bytes()[:-1000])


def _bomb(path: Path, state: dict[str, Any]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/data.pkl", b"\0" * 50_000_000)


def _torchscript(path: Path, state: dict[str, Any]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/data.pkl", b"")
        archive.writestr("x/code/__torch__.py", b"")


def _other_zip(path: Path, state: dict[str, Any]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", b"hello")


def _lying_header(path: Path, state: dict[str, Any]) -> None:
    header = json.dumps({"w": {"dtype": "F32", "shape": [1000, 1000], "data_offsets": [0, 4_000_000]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 100)


def _long_header(path: Path, state: dict[str, Any]) -> None:
    path.write_bytes(struct.pack("<Q", 2**60) + b"{}")


def _another_network(path: Path, state: dict[str, Any]) -> None:
    torch.save({"conv1.weight": torch.zeros(3, 3)}, path)


def _mobile_sam(path: Path, state: dict[str, Any]) -> None:
    torch.save({**state, "image_encoder.patch_embed.seq.0.c.weight": torch.zeros(1)}, path)


def _missing(path: Path, state: dict[str, Any]) -> None:
    torch.save({k: v for k, v in state.items() if k != "mask_decoder.iou_token.weight"}, path)


def _wrong_shape(path: Path, state: dict[str, Any]) -> None:
    torch.save({**state, "mask_decoder.iou_token.weight": torch.zeros(1, 7)}, path)


def _broken_values(path: Path, state: dict[str, Any]) -> None:
    torch.save({**state, "mask_decoder.iou_token.weight": torch.full((1, 256), np.nan)}, path)


def _empty(path: Path, state: dict[str, Any]) -> None:
    path.touch()


def _text(path: Path, state: dict[str, Any]) -> None:
    path.write_text("a page that says the file was not found")


def _not_only_tensors(path: Path, state: dict[str, Any]) -> None:
    torch.save({**state, "note": "by hand"}, path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_hostile, "holds something else than tensors.*not run"),
        (_hostile_pickle, "holds something else than tensors.*not run"),
        (_cut_off, "damaged zip archive, or it is cut off"),
        (_bomb, "compressed zip archive"),
        (_torchscript, "TorchScript program"),
        (_other_zip, "no torch checkpoint"),
        (_lying_header, "no whole safetensors file"),
        (_long_header, "no whole safetensors file"),
        (_another_network, "no checkpoint of segment-anything"),
        (_mobile_sam, "checkpoint of MobileSAM, which is added as a pair of ONNX files"),
        (_missing, "iou_token.weight is missing"),
        (_wrong_shape, "iou_token.weight is 1x7, not 1x256"),
        (_broken_values, "not a number"),
        (_empty, "is empty"),
        (_text, "neither a checkpoint of segment-anything nor a pair of ONNX files"),
        (_not_only_tensors, "not all that it holds are tensors"),
    ],
)
def test_what_is_no_checkpoint_is_refused_in_a_sentence_and_leaves_nothing(
    make: Callable[[Path, dict[str, Any]], None], message: str, state: dict[str, Any], tmp_path: Path, models: Path
) -> None:
    path = tmp_path / "file.pth"
    make(path, state)
    before = sorted(models.iterdir())
    with pytest.raises(ValueError, match=message) as caught:
        add(Request(path, "refused"), print)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "was-run").exists()
    assert sorted(models.iterdir()) == before


def test_an_export_that_is_not_the_network_is_refused(
    added: bundle.Bundle, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of the exporter, played by the files of a network with other weights."""
    for name, file in (("export_encoder", added.encoder), ("export_decoder", added.decoder)):
        monkeypatch.setattr(export, name, lambda _, folder, file=file: shutil.copy(file, folder))
    torch.save(network.random_state(seed=1, width=64, depth=2, size=SIZE), tmp_path / "other.pth")
    before = sorted(models.iterdir())
    with pytest.raises(ValueError, match=r"the exported network is not the one of .*other\.pth.*it was not added"):
        add(Request(tmp_path / "other.pth", "refused"), print)
    assert sorted(models.iterdir()) == before


def test_names_are_kept_apart(added: bundle.Bundle, state: dict[str, Any], models: Path) -> None:
    torch.save(state, models / "c.pth")
    for name, message in (
        ("tiny", "there is a model tiny already"),
        ("gazeline-s", "comes with the package"),
        ("../x", "small letters"),
    ):
        with pytest.raises(ValueError, match=message):
            add(Request(models / "c.pth", name), print)
