"""gazeline-s can be made again: scenes, samples, a training step, and an export that computes what torch computes."""

from pathlib import Path

import numpy as np
import pytest

from gazeline.engines.gazeline_s.generate import write_scene
from gazeline.engines.gazeline_s.procedural import make_scene
from gazeline.engines.ort import OrtSession

HALF = 2e-3  # weights are stored as fp16: 2**-11 each, a little more after some layers

torch = pytest.importorskip("torch", reason="torch is not installed (extra `train`)")
pytest.importorskip("onnxscript", reason="onnxscript is not installed (extra `train`)")


def test_a_scene_is_a_function_of_its_seed_and_its_ids_agree() -> None:
    first, again = (make_scene(np.random.default_rng(7), [], size=256) for _ in range(2))
    assert (first.image == again.image).all()
    assert (first.object_ids == again.object_ids).all()
    assert first.object_ids.max() >= 5
    assert len(first.groups) > first.object_ids.max()
    for part in np.unique(first.part_ids[first.object_ids > 0]):
        owners = np.unique(first.object_ids[first.part_ids == part])
        assert len(owners) == 1, f"part {part} belongs to the objects {owners}"


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenes")
    for seed in range(3):
        write_scene(folder, seed, make_scene(np.random.default_rng(seed), [], size=256))
    return folder


def test_samples_show_what_their_prompts_ask_for(scenes: Path) -> None:
    from gazeline.engines.gazeline_s.samples import Scenes

    samples = Scenes({scenes: 1.0}, 24, seed=3)
    hits = []
    for sample in (samples[k] for k in range(len(samples))):
        assert sample["image"].shape == (3, 192, 192)
        assert sample["weight"].mean() == pytest.approx(1, abs=1e-3)
        part, thing, group = np.moveaxis(sample["target"], 1, 0) > 0.5
        assert (part <= thing).all()
        assert (thing <= group).all()
        for points, labels, mask in zip(sample["coords"], sample["labels"], thing, strict=True):
            if labels[0] == 1:
                x, y = np.clip(np.rint((points[0] - 0.5) / 2).astype(int), 0, 95)
                hits.append(mask[max(y - 6, 0) : y + 7, max(x - 6, 0) : x + 7].any())
    assert np.mean(hits) > 0.9, "most clicks lie on their object; the others are an eye tracker's error"


def test_training_resumes_and_the_export_computes_the_same(scenes: Path, tmp_path: Path) -> None:
    from gazeline.engines.gazeline_s.export import export, load_weights
    from gazeline.engines.gazeline_s.network import Encoder
    from gazeline.engines.gazeline_s.train import main as train

    for steps in (2, 4):  # the second run goes on where the first ended
        train([str(scenes)], tmp_path, steps=steps, batch=2, every=2, workers=0)
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == 4

    model = load_weights(tmp_path / "checkpoint.pt")
    bundle = export(model, tmp_path / "bundle")
    assert bundle.bytes < 12e6
    encoder, decoder = OrtSession(bundle.encoder, 1), OrtSession(bundle.decoder, 1)
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(1, 3, 192, 192, generator=generator)
    with torch.no_grad():
        features = dict(zip(Encoder.outputs, model.encoder(image), strict=True))
    embedding = encoder.run({"image": image.numpy()})
    for name, value in features.items():
        assert _relative_error(embedding[name], value.numpy()) < HALF, name
    for prompts, points in ((1, 1), (3, 2)):
        asked = {
            "point_coords": torch.rand(prompts, points, 2, generator=generator) * 192,
            "point_labels": torch.randint(-1, 4, (prompts, points), generator=generator).float(),
            "mask_input": torch.randn(prompts, 1, 96, 96, generator=generator),
            "has_mask_input": torch.randint(0, 2, (prompts,), generator=generator).float(),
        }
        with torch.no_grad():
            masks, iou = model.decoder(*features.values(), *asked.values())
        answer = decoder.run({**embedding, **{name: value.numpy() for name, value in asked.items()}})
        assert _relative_error(answer["low_res_masks"], masks.numpy()) < HALF
        assert _relative_error(answer["iou_predictions"], iou.numpy()) < HALF


def _relative_error(got: np.ndarray, want: np.ndarray) -> float:
    return float(np.abs(got - want).max() / np.abs(want).max())
