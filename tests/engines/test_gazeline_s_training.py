"""gazeline-s can be made again: scenes, samples, training steps, and an export that computes what torch computes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gazeline.engines.gazeline_s.composites import pasted
from gazeline.engines.gazeline_s.procedural import make_scene
from gazeline.engines.gazeline_s.scenes import read_scene, write_scene
from gazeline.engines.ort import OrtSession

HALF = 3e-3  # weights are stored as fp16: 2**-11 each, more after twenty layers

torch = pytest.importorskip("torch", reason="torch is not installed (extra `train`)")
pytest.importorskip("onnxscript", reason="onnxscript is not installed (extra `train`)")


def test_a_scene_is_a_function_of_its_seed_and_its_ids_agree() -> None:
    first, again = (make_scene(np.random.default_rng(7), [], size=256) for _ in range(2))
    assert (first.image == again.image).all()
    assert (first.object_ids == again.object_ids).all()
    assert first.object_ids.max() >= 5
    assert len(first.groups) > first.object_ids.max()
    _check_parts(first.object_ids, first.part_ids)


def _check_parts(object_ids: np.ndarray, part_ids: np.ndarray) -> None:
    for part in np.unique(part_ids[object_ids > 0]):
        owners = np.unique(object_ids[part_ids == part])
        assert len(owners) == 1, f"part {part} belongs to the objects {owners}"


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenes")
    for seed in range(3):
        scene = make_scene(np.random.default_rng(seed), [], size=256)
        write_scene(folder, seed, replace(scene, depth_mm=np.where(scene.object_ids > 0, 900, 1500).astype(np.uint16)))
    return folder


def test_a_composite_knows_what_was_laid_into_it(scenes: Path) -> None:
    scene, donor = read_scene(scenes / "000000.jpg"), read_scene(scenes / "000001.jpg")
    last = int(scene.object_ids.max())
    for seed in range(4):
        both = pasted(np.random.default_rng(seed), scene, donor)
        new = np.unique(both.object_ids[both.object_ids > last])
        assert len(new) >= 1
        assert len(both.groups) > both.object_ids.max()
        _check_parts(both.object_ids, both.part_ids)
        changed = np.abs(both.image.astype(int) - scene.image).max(-1) > 25
        assert changed[both.object_ids > last].mean() > 0.5, "something else is seen where a thing was laid"
        assert both.depth_mm is None, "nobody knows how far away the new things are"


def test_damaged_scenes_are_named(scenes: Path, tmp_path: Path) -> None:
    picture = tmp_path / "000000.jpg"
    picture.write_bytes((scenes / "000000.jpg").read_bytes())
    picture.with_suffix(".npz").write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"000000.jpg and its .npz cannot be read .*; delete both"):
        read_scene(picture)


def test_samples_show_what_their_prompts_ask_for(scenes: Path) -> None:
    from gazeline.engines.gazeline_s.samples import Scenes, Source

    samples = Scenes([Source(scenes, pasted=0.5)], 160, 24, seed=3)
    hits, known = [], []
    for sample in (samples[k] for k in range(len(samples))):
        assert sample["image"].shape == (3, 160, 160)
        assert sample["target"].shape[1:] == (3, 80, 80)
        assert sample["weight"].mean() == pytest.approx(1, abs=1e-3)
        part, thing, group = np.moveaxis(sample["target"], 1, 0)
        assert (part <= thing).all()
        assert (thing <= group).all()
        depth = sample["depth"]
        known.append((depth > 0).any())
        assert ((depth == 0) | ((depth > 0.7) & (depth < 1.8))).all(), "metres, or 0 where nothing is known"
        for points, labels, mask in zip(sample["coords"], sample["labels"], thing > 0.5, strict=True):
            if labels[0] == 1:
                x, y = np.clip(np.rint((points[0] - 0.5) / 2).astype(int), 0, 79)
                hits.append(mask[max(y - 6, 0) : y + 7, max(x - 6, 0) : x + 7].any())
    assert np.mean(hits) > 0.9, "most clicks lie on their object; the others are an eye tracker's error"
    assert 0.1 < np.mean(known) < 0.9, "depth is there at times, so that the model can do without"


def test_the_loss_asks_for_nothing_that_is_not_known() -> None:
    from gazeline.engines.gazeline_s.losses import OBJECT, loss

    masks = torch.zeros(2, 3, 8, 8, requires_grad=True)
    target = torch.ones(2, 3, 8, 8)
    total, _ = loss(masks, torch.full((2, 3), 0.5), target, torch.ones(2, 8, 8), torch.tensor([1.0, 0.0]))
    torch.autograd.backward(total)
    assert masks.grad is not None
    pulled = masks.grad.abs().sum((2, 3)) > 0
    assert pulled[0].all()
    assert pulled[1].tolist() == [slot == OBJECT for slot in range(3)]


CONFIG = """
steps = {steps}
batch = 2
every = 2
workers = 0
window_px = 128
sources = [{{ folder = "{folder}" }}]
validation = ["{folder}"]
validation_objects = 2
"""


def test_training_resumes_and_the_export_computes_the_same(scenes: Path, tmp_path: Path) -> None:
    from gazeline.engines.gazeline_s.export import export, load_weights
    from gazeline.engines.gazeline_s.network import WINDOW_PX, Encoder
    from gazeline.engines.gazeline_s.train import main as train

    config = tmp_path / "config.toml"
    for steps in (2, 4):  # the second run goes on where the first ended
        config.write_text(CONFIG.format(steps=steps, folder=scenes))
        train(config, tmp_path / "run")
    assert torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)["step"] == 4
    page = (tmp_path / "run" / "index.html").read_text()
    assert "object_slot" in page
    assert (tmp_path / "run" / "samples.png").stat().st_size > 10_000

    model = load_weights(tmp_path / "run" / "checkpoint.pt")
    bundle = export(model, tmp_path / "bundle")
    assert bundle.bytes < 12e6
    encoder, decoder = OrtSession(bundle.encoder, 1), OrtSession(bundle.decoder, 1)
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(1, 3, WINDOW_PX, WINDOW_PX, generator=generator)
    depth = torch.rand(1, 1, WINDOW_PX, WINDOW_PX, generator=generator).sub(0.2).clamp(min=0)
    with torch.no_grad():
        features = dict(zip(Encoder.outputs, model.encoder(image, depth), strict=True))
    embedding = encoder.run({"image": image.numpy(), "depth": depth.numpy()})
    for name, value in features.items():
        assert _relative_error(embedding[name], value.numpy()) < HALF, name
    side = WINDOW_PX // 2
    for prompts, points in ((1, 1), (3, 2)):
        asked = {
            "point_coords": torch.rand(prompts, points, 2, generator=generator) * WINDOW_PX,
            "point_labels": torch.randint(-1, 4, (prompts, points), generator=generator).float(),
            "mask_input": torch.randn(prompts, 1, side, side, generator=generator),
            "has_mask_input": torch.randint(0, 2, (prompts,), generator=generator).float(),
        }
        with torch.no_grad():
            masks, iou = model.decoder(*features.values(), *asked.values())
        answer = decoder.run({**embedding, **{name: value.numpy() for name, value in asked.items()}})
        assert _relative_error(answer["low_res_masks"], masks.numpy()) < HALF
        assert _relative_error(answer["iou_predictions"], iou.numpy()) < HALF

    again = load_weights(bundle.folder)  # training can go on from what is shipped
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            assert torch.allclose(again.state_dict()[name], value, rtol=1e-3, atol=1e-4), name
    config.write_text(CONFIG.format(steps=1, folder=scenes))
    train(config, tmp_path / "further", start=bundle.folder)
    with pytest.raises(SystemExit, match=r"error: .* has no weights of this network"):
        train(config, tmp_path / "other", start=_other_bundle(tmp_path / "toy"))


def _other_bundle(folder: Path) -> Path:
    from tests.engines.toy_models import write_own

    folder.mkdir()
    return write_own(folder).folder


def test_a_wrong_configuration_is_a_sentence(scenes: Path, tmp_path: Path) -> None:
    from gazeline.engines.gazeline_s.train import main as train

    config = tmp_path / "config.toml"
    for text, message in (
        (CONFIG.format(steps="'many'", folder=scenes), "config.toml: Expected `int`, got `str` - at `\\$.steps`"),
        (CONFIG.format(steps=2, folder=tmp_path / "nothing"), "no scenes .* in .*nothing"),
    ):
        config.write_text(text)
        with pytest.raises(SystemExit, match=f"error: .*{message}"):
            train(config, tmp_path / "run")


def _relative_error(got: np.ndarray, want: np.ndarray) -> float:
    return float(np.sqrt(np.square(got - want).mean() / np.square(want).mean()))
