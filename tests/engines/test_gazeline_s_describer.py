"""The describer can be trained for any encoder: from views to a bundle whose describer computes what torch computes."""

import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from gazeline.engines import bundle
from gazeline.engines.gazeline_s.procedural import make_scene
from gazeline.engines.gazeline_s.scenes import read_scene, write_scene
from gazeline.engines.segmenter import Segmenter

torch = pytest.importorskip("torch", reason="torch is not installed (extra `train`)")
pytest.importorskip("onnxscript", reason="onnxscript is not installed (extra `train`)")

from gazeline.engines.gazeline_s import train_describer as training  # noqa: E402
from gazeline.engines.gazeline_s.describer import INPUTS, Pool  # noqa: E402
from gazeline.engines.gazeline_s.describer_scores import Described, Report, calibration_error  # noqa: E402
from gazeline.engines.gazeline_s.looks import read_looks, take_looks  # noqa: E402


def _views(folder: Path, places: range) -> Path:
    """Two views of each place; what is dark is called a plum, and the rest a lemon."""
    folder.mkdir()
    for number, place in enumerate(np.repeat(places, 2).tolist()):
        scene = make_scene(np.random.default_rng(place), [], size=256)
        count = int(scene.object_ids.max())
        bright = [
            scene.image[scene.object_ids == k].mean() if (scene.object_ids == k).any() else 0 for k in range(count + 1)
        ]
        kinds = ("", *("lemon" if light > 110 else "plum" for light in bright[1:]))
        image = np.asarray(np.clip(scene.image * (1.0 - 0.1 * (number % 2)), 0, 255), np.uint8)
        write_scene(folder, number, replace(scene, image=image, kinds=kinds, place=place))
    return folder


def test_from_views_to_a_bundle_that_names_and_describes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    views, unseen = _views(tmp_path / "views", range(1, 10)), _views(tmp_path / "unseen", range(20, 23))
    scene = read_scene(views / "000000.jpg")
    assert scene.place == 1
    assert len(scene.kinds) == int(scene.object_ids.max()) + 1
    model, work = tmp_path / "model", tmp_path / "work"
    shutil.copytree(bundle.find(bundle.DEFAULT), model)
    encoder = bundle.read(model).manifest.files[bundle.ENCODER]

    training.main([views], unseen, work, model, windows=36, unseen_windows=12, steps=60, seed=0)

    written = bundle.load(model)
    assert written.manifest.labels == ["lemon", "plum"]
    assert written.manifest.files[bundle.ENCODER] == encoder
    report = msgspec.json.decode((work / "report.json").read_bytes(), type=Report)
    assert report.top1 > 0.6, "dark or bright, it should tell"
    assert "2 kinds" in capsys.readouterr().out

    segmenter = Segmenter.load(model, threads=1)
    embedding = segmenter.encode(scene.image, segmenter.window_for(256, 256, (128.0, 128.0)))
    masks = [np.where(np.indices((80, 80)).sum(0) < cut, 8.0, -8.0).astype(np.float32) for cut in (40, 70, 100)]
    found = segmenter.describe(embedding, masks)
    tensors = {**embedding.seen, **embedding.tensors, "masks": np.stack(masks)}
    with torch.no_grad():
        statistics = Pool()(*(torch.from_numpy(tensors[name]) for name in INPUTS))
    assert torch.isfinite(statistics).all()
    for one in found:
        assert np.linalg.norm(one.vector) == pytest.approx(1.0, abs=1e-4)
        assert one.scores.shape == (2,)
        assert 0.0 <= one.scores.sum() <= 1.0 + 1e-5
    (alone,) = segmenter.describe(embedding, masks[1:2])
    np.testing.assert_allclose(alone.vector, found[1].vector, atol=1e-5)
    training.main([views], unseen, work, model, windows=36, unseen_windows=12, steps=2, seed=0)  # looks are kept
    assert len(list(work.glob("looks-*.npz"))) == 3


def test_the_exported_network_is_the_trained_one(tmp_path: Path) -> None:
    from gazeline.engines.gazeline_s.describer import Head
    from gazeline.engines.gazeline_s.describer_export import export_describer
    from gazeline.engines.gazeline_s.looks import Looks

    model = tmp_path / "model"
    shutil.copytree(bundle.find(bundle.DEFAULT), model)
    segmenter = Segmenter.load(model, threads=1)
    image = np.random.default_rng(0).integers(0, 255, (240, 320, 3)).astype(np.uint8)
    depth = np.full((240, 320), 0.8, np.float32)
    embedding = segmenter.encode(image, segmenter.window_for(320, 240), depth)
    masks = np.where(np.indices((80, 80)).sum(0) < 60, 5.0, -5.0).astype(np.float32)[None]
    tensors = {**embedding.seen, **embedding.tensors, "masks": masks}
    with torch.no_grad():
        statistics = Pool()(*(torch.from_numpy(tensors[name]) for name in INPUTS))
    torch.manual_seed(0)
    head = Head(statistics.shape[1], 3).eval()
    export_describer(head, 1.5, model, ["a", "b", "c"], bundle.Likeness(middle=0.4, slope=7.0), 0.6)
    described = Segmenter.load(model, threads=1)
    assert described.bundle.manifest.likeness == bundle.Likeness(middle=0.4, slope=7.0)
    (found,) = described.describe(embedding, list(masks))
    one = np.zeros(1)
    looks = Looks(statistics.numpy().astype(np.float32), one[:, None], np.array(["a"]), one, one, one, one, one)  # type: ignore[arg-type]
    wanted = Described.of(head, looks)
    np.testing.assert_allclose(found.vector, wanted.vectors[0], atol=2e-2)
    chance = np.exp(wanted.logits[0] / 1.5)
    np.testing.assert_allclose(found.scores, (chance / chance.sum())[:-1], atol=2e-2)


def test_views_without_names_are_one_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "views"
    folder.mkdir()
    write_scene(folder, 0, make_scene(np.random.default_rng(0), [], size=256))
    with pytest.raises(ValueError, match=r"000000\.jpg does not say what its things are called"):
        take_looks(bundle.find(bundle.DEFAULT), [folder], 1, seed=0)
    with pytest.raises(ValueError, match="there are no views"):
        take_looks(bundle.find(bundle.DEFAULT), [tmp_path], 1, seed=0)
    with pytest.raises(FileNotFoundError):
        read_looks(tmp_path / "nothing.npz")


def test_the_calibration_error_is_zero_for_honest_scores_and_not_for_boasting_ones() -> None:
    rng = np.random.default_rng(0)
    score = rng.uniform(0, 1, 20_000).astype(np.float32)
    right = rng.uniform(0, 1, 20_000) < score
    assert calibration_error(score, right) < 0.02
    assert calibration_error(np.sqrt(score), right) > 0.1
