"""CLIP-like models, in the layouts in which their exports are found, give what torch gives, by their own rule."""

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gazeline.engines.add import Request, add_labeler

if missing := [
    name for name in ("torch", "onnx", "onnxscript", "tokenizers") if importlib.util.find_spec(name) is None
]:
    pytest.skip(f"needs {', '.join(missing)} (extras: export, label)", allow_module_level=True)

import torch

from gazeline.engines.labelers import bundle as bundles
from gazeline.engines.labelers.bundle import ClipManifest
from gazeline.engines.labelers.clip import Clip, fitted
from gazeline.engines.labelers.random_towers import export
from gazeline.engines.labelers.tokens import END
from tests.engines import toy_towers

TEXTS = ["a photo of a mug", "the RED plate!", "spoon on the table, in a long long long long long long long text"]


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Each layout is exported once."""
    folder, made = tmp_path_factory.mktemp("exports"), set[str]()

    def export(name: str) -> Path:
        if name not in made:
            made.add(name)
            (folder / name).mkdir()
            match name:
                case "immich":
                    toy_towers.immich(folder / name)
                case "siglip" | "clip":
                    toy_towers.hugging_face(folder / name, name)
        return folder / name

    return export


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models"
    monkeypatch.setenv("GAZELINE_MODELS", str(folder))
    return folder


def added(path: Path, **more: object) -> Clip:
    bundle = add_labeler(Request(path, "toy", **more), print)  # type: ignore[arg-type]
    assert bundle is not None
    return Clip.load(bundle.name)


def pictures(count: int = 11) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.integers(0, 255, (30 + 9 * i, 100 - 5 * i, 3), np.uint8) for i in range(count)]


@pytest.mark.parametrize("layout", ["clip", "siglip", "immich"])
def test_vectors_are_those_of_torch_whatever_the_batch(
    layout: str, exports: Callable[[str], Path], models: Path
) -> None:
    more = {"scale": 10.0, "bias": 0.0} if layout == "immich" else {}
    clip = added(exports(layout), **more)
    image, text = toy_towers.towers()
    planes = np.stack([fitted(picture, clip.manifest.picture) for picture in pictures()])
    tokenizer, rows = toy_towers.tokenizer(), []
    for said in TEXTS:
        # SigLIP's own tokenizer is given small letters without punctuation
        ids = tokenizer.encode("".join(c for c in said.lower() if c not in "!,") if layout == "siglip" else said).ids
        ids = ids if len(ids) <= toy_towers.LENGTH else [*ids[: toy_towers.LENGTH - 1], tokenizer.token_to_id(END)]
        rows.append(ids + [0] * (toy_towers.LENGTH - len(ids)))
    with torch.no_grad():
        wanted_images = torch.nn.functional.normalize(image(torch.from_numpy(planes)), dim=-1).numpy()
        wanted_texts = torch.nn.functional.normalize(text(torch.tensor(rows)), dim=-1).numpy()
    assert np.abs(clip.embed_images(pictures()) - wanted_images).max() < 1e-5
    assert np.abs(clip.embed_texts(TEXTS) - wanted_texts).max() < 1e-5
    assert clip.embed_images([]).shape == clip.embed_texts([]).shape == (0, toy_towers.OUT)


def test_the_scale_of_clip_is_measured_and_names_share_one_probability(
    exports: Callable[[str], Path], models: Path
) -> None:
    clip = added(exports("clip"))
    assert clip.manifest.scores.kind == "softmax"
    assert clip.manifest.scores.scale == pytest.approx(toy_towers.SCALE, rel=1e-3)
    images, texts = clip.embed_images(pictures(4)), clip.embed_texts(TEXTS)
    chances = clip.probabilities(images @ texts.T)
    expected = np.exp(toy_towers.SCALE * images @ texts.T)
    assert np.allclose(chances, expected / expected.sum(axis=1, keepdims=True), atol=1e-3)
    assert np.allclose(chances.sum(axis=1), 1.0, atol=1e-5)


def test_scale_and_bias_of_siglip_are_measured_and_each_name_stands_alone(
    exports: Callable[[str], Path], models: Path
) -> None:
    clip = added(exports("siglip"))
    assert clip.manifest.scores.kind == "sigmoid"
    assert clip.manifest.scores.bias == pytest.approx(toy_towers.BIAS, abs=0.05)
    assert clip.manifest.tokens.canonical
    images, texts = clip.embed_images(pictures(4)), clip.embed_texts(TEXTS)
    expected = 1.0 / (1.0 + np.exp(-(toy_towers.SCALE * images @ texts.T + toy_towers.BIAS)))
    assert np.allclose(clip.probabilities(images @ texts.T), expected, atol=0.01)


def test_one_file_of_both_towers_is_taken_apart(exports: Callable[[str], Path], models: Path, tmp_path: Path) -> None:
    apart = added(exports("clip"))
    folder = tmp_path / "whole"
    shutil.copytree(exports("clip"), folder)
    for name in ("vision_model.onnx", "text_model.onnx"):
        (folder / "onnx" / name).unlink()
    bundle = add_labeler(Request(folder, "whole"), print)
    assert bundle is not None
    whole = Clip.load("whole")
    assert np.abs(whole.embed_images(pictures(3)) - apart.embed_images(pictures(3))).max() < 1e-5
    assert np.abs(whole.embed_texts(TEXTS) - apart.embed_texts(TEXTS)).max() < 1e-5


def test_what_was_added_is_verified_and_says_what_it_is(exports: Callable[[str], Path], models: Path) -> None:
    clip = added(exports("clip"), licence="MIT")
    manifest = bundles.read(models / "toy").manifest
    assert isinstance(manifest, ClipManifest)
    assert manifest.licence == "MIT"
    assert manifest.picture.width == manifest.picture.height == toy_towers.SIDE
    assert manifest.picture.mean == pytest.approx([255 * value for value in toy_towers.CLIP_MEAN], abs=1e-3)
    assert set(manifest.files) == {"image.onnx", "text.onnx", "tokenizer.json"}
    clip.close()
    (models / "toy" / "tokenizer.json").write_text("{}")
    with pytest.raises(ValueError, match=r"tokenizer\.json is not the file"):
        Clip.load("toy")


def _no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def _bad_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text('{"model": 5}')


def _no_normalisation(folder: Path) -> None:
    (folder / "preprocessor_config.json").unlink()


def _broken_config(folder: Path) -> None:
    (folder / "config.json").write_text("{")


def _no_image_tower(folder: Path) -> None:
    (folder / "onnx" / "vision_model.onnx").unlink()
    (folder / "onnx" / "model.onnx").unlink()


def _two_precisions(folder: Path) -> None:
    shutil.copy(folder / "onnx" / "vision_model.onnx", folder / "onnx" / "vision_model_fp16.onnx")


def _no_rule(folder: Path) -> None:
    (folder / "onnx" / "model.onnx").unlink()


@pytest.mark.parametrize(
    ("layout", "spoil", "message"),
    [
        ("clip", _no_tokenizer, "there is no tokenizer: put tokenizer.json"),
        ("clip", _bad_tokenizer, "no tokenizer.json that can be used"),
        ("clip", _no_normalisation, "no file says how pictures are normalised"),
        ("clip", _broken_config, "config.json is no JSON file"),
        ("clip", _no_image_tower, "a text tower, text_model.onnx, but no image tower"),
        ("clip", _two_precisions, "several image towers: vision_model.onnx, vision_model_fp16.onnx"),
        ("siglip", _no_rule, "say --scale and --bias"),
    ],
)
def test_what_lacks_is_said_in_a_sentence_and_nothing_is_left(
    layout: str,
    spoil: Callable[[Path], None],
    message: str,
    exports: Callable[[str], Path],
    models: Path,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "spoilt"
    shutil.copytree(exports(layout), folder)
    spoil(folder)
    with pytest.raises(ValueError, match=message) as caught:
        add_labeler(Request(folder, "refused"), print)
    assert "\n" not in str(caught.value)
    assert not models.exists() or list(models.iterdir()) == []


def test_clips_own_scale_is_taken_where_none_is_known(
    exports: Callable[[str], Path], models: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "split"
    shutil.copytree(exports("clip"), folder)
    _no_rule(folder)
    said: list[str] = []
    bundle = add_labeler(Request(folder, "split"), said.append)
    assert bundle is not None
    assert isinstance(bundle.manifest, ClipManifest)
    assert bundle.manifest.scores.scale == 100.0
    assert any("is in none of the files" in line for line in said)


def test_towers_that_do_not_fit_are_refused(exports: Callable[[str], Path], models: Path, tmp_path: Path) -> None:
    folder = tmp_path / "unprojected"
    shutil.copytree(exports("clip"), folder)
    _no_rule(folder)
    image = toy_towers.towers()[0]
    image.head = torch.nn.Linear(toy_towers.SIZE.image_width, 24)
    export(
        image,
        (torch.zeros(1, 3, toy_towers.SIDE, toy_towers.SIDE),),
        folder / "onnx" / "vision_model.onnx",
        ["pixel_values"],
        ["pooler_output"],
        None,
    )
    with pytest.raises(ValueError, match="pictures give 24 values, texts 32; export them with their projections"):
        add_labeler(Request(folder, "refused"), print)
