"""Models that users bring name what is outlined: detectors by the box that fits, text models by the likeliest word."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.engines.labelers.detector import Detector
from gazeline.runtime.config import LabelSettings, Settings, labelled_by, loads
from gazeline.runtime.naming.detector_labeler import DetectorLabeler
from gazeline.runtime.naming.label import Crop

BOX = (300, 60, 480, 200)  # x0, y0, x1, y1 px


@pytest.fixture
def detector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DetectorLabeler:
    pytest.importorskip("onnx", reason="the toy detector is made with onnx")
    from gazeline.engines.add import Request, add_labeler
    from tests.engines import toy_detectors

    monkeypatch.setenv("GAZELINE_MODELS", str(tmp_path / "models"))
    toy_detectors.write(tmp_path / "toy.onnx", "rows6")
    (tmp_path / "labels.txt").write_text("\n".join(toy_detectors.LABELS))
    assert add_labeler(Request(tmp_path / "toy.onnx"), print) is not None
    return DetectorLabeler(Detector.load("toy"))


def picture() -> NDArray[np.uint8]:
    image = np.full((480, 640, 3), 128, np.uint8)
    x0, y0, x1, y1 = BOX
    image[y0:y1, x0:x1] = (230, 20, 30)
    return image


def crop(image: NDArray[np.uint8], box: tuple[int, int, int, int], track_id: int = 1) -> Crop:
    """A thing that fills a box, with 20 px around it."""
    x0, y0, x1, y1 = box
    left, top = max(0, x0 - 20), max(0, y0 - 20)
    part = image[top : y1 + 20, left : x1 + 20]
    mask = np.zeros(part.shape[:2], np.bool_)
    mask[y0 - top : y1 - top, x0 - left : x1 - left] = True
    return Crop(track_id, part, mask, None, image, (left, top))


def test_the_box_that_fits_a_mask_names_it_and_no_other(detector: DetectorLabeler) -> None:
    image = picture()
    right, left, small = detector.label(
        [crop(image, BOX), crop(image, (60, 60, 240, 200)), crop(image, (310, 70, 350, 110))]
    )
    assert (right.name, right.source) == ("red thing", "detector")
    assert right.score > 0.8
    assert left.name is None, "another place"
    assert small.name is None, "a part of it, or something in front of it"


def test_a_box_that_fits_less_well_is_believed_less(detector: DetectorLabeler) -> None:
    image = picture()
    x0, y0, x1, y1 = BOX
    scores = [detector.label([crop(image, (x0, y0, x1, y1 + more))])[0].score for more in (0, 60, 100)]
    assert scores[0] > scores[1] > scores[2] > 0.4


def test_without_the_picture_the_crop_alone_is_looked_at(detector: DetectorLabeler) -> None:
    whole = crop(picture(), BOX)
    (named,) = detector.label([Crop(1, whole.image, whole.mask)])
    assert named.name == "red thing"
    assert detector.label([]) == []


@pytest.fixture(scope="module")
def text_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for name in ("torch", "onnx", "onnxscript", "tokenizers"):
        pytest.importorskip(name, reason="towers are made with torch (extras: export, label)")
    from gazeline.engines.add import Request, add_labeler
    from tests.engines import toy_towers

    models, export = tmp_path_factory.mktemp("models"), tmp_path_factory.mktemp("export")
    toy_towers.hugging_face(export)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAZELINE_MODELS", str(models))
        assert add_labeler(Request(export, "towers"), print) is not None
    return models / "towers"


VOCABULARY = """
a photo of the {}.
the {} on the table.
mug, red mug
plate
blue spoon
laptop
"""


def noise(seed: int) -> Crop:
    image = np.random.default_rng(seed).integers(0, 255, (50 + seed, 60, 3), np.uint8)
    return Crop(seed, image, np.ones(image.shape[:2], np.bool_))


def test_names_are_the_likeliest_words_by_the_models_own_rule(text_model: Path) -> None:
    from gazeline.engines.labelers.clip import Clip
    from gazeline.runtime.naming import vocabulary
    from gazeline.runtime.naming.text_labeler import NOTHING, TextLabeler

    clip, known = Clip.load(text_model), vocabulary.parse(VOCABULARY)
    crops = [noise(seed) for seed in range(5)]
    named = TextLabeler(clip, known).label(crops)

    images = clip.embed_images([crop.image for crop in crops])
    logits = []
    for name, synonyms in known.names.items():
        by_word = []
        for word in (name, *synonyms):
            mean = clip.embed_texts([template.replace("{}", word) for template in known.templates]).mean(axis=0)
            by_word.append(images @ (mean / np.linalg.norm(mean)))
        logits.append(np.max(by_word, axis=0))
    nothing = (images @ clip.embed_texts(list(NOTHING)).T).max(axis=1)
    odds = np.exp(clip.manifest.scores.scale * np.stack([*logits, nothing], axis=1))
    chances = odds / odds.sum(axis=1, keepdims=True)  # (crops, names and nothing)
    names = list(known.names)
    for row, answer in zip(chances, named, strict=True):
        assert answer.source == "text"
        assert answer.name == names[int(row[:-1].argmax())]
        assert answer.score == pytest.approx(row[:-1].max(), abs=1e-3)
        told = {answer.name: answer.score, **dict(answer.others)}
        assert 1.0 - sum(told.values()) == pytest.approx(row[-1], abs=1e-3), "what is left is none of them"


def test_the_likeness_to_any_phrase_is_told(text_model: Path) -> None:
    from gazeline.engines.labelers.clip import Clip
    from gazeline.runtime.naming import vocabulary
    from gazeline.runtime.naming.text_labeler import TextLabeler

    clip = Clip.load(text_model)
    labeler, crops = TextLabeler(clip, vocabulary.parse(VOCABULARY)), [noise(seed) for seed in range(6)]
    likeness = np.array([labeler.likeness(crops, phrase) for phrase in ("red laptop", "of of of")])
    assert ((likeness > 0.0) & (likeness < 1.0)).all()
    assert not np.allclose(likeness[0], likeness[1])
    # a name is as likely as its double
    named = {answer.name: answer.score for answer in labeler.label(crops[:1])}
    for name, score in named.items():
        assert labeler.likeness(crops[:1], str(name))[0] == pytest.approx(score / (1.0 + score), rel=0.02)


def test_texts_are_embedded_once_and_a_damaged_cache_is_made_anew(text_model: Path, tmp_path: Path) -> None:
    from gazeline.engines.labelers.clip import Clip
    from gazeline.runtime.naming.text_labeler import KEPT, embedded

    clip, asked = Clip.load(text_model), []
    embed = clip.embed_texts
    clip.embed_texts = lambda texts: asked.append(1) or embed(texts)  # type: ignore[method-assign, func-returns-value]
    first = embedded(clip, ("a mug", "a plate"), tmp_path)
    assert np.array_equal(embedded(clip, ("a mug", "a plate"), tmp_path), first)
    assert len(asked) == 1
    embedded(clip, ("a mug", "a spoon"), tmp_path)
    assert len(asked) == 2, "other words, other vectors"
    (path,) = (p for p in tmp_path.glob("*.npy") if np.array_equal(np.load(p), first))
    path.write_bytes(path.read_bytes()[:-9])
    assert np.array_equal(embedded(clip, ("a mug", "a plate"), tmp_path), first)
    for i in range(KEPT + 3):
        embedded(clip, (f"word {i}",), tmp_path)
    assert len(list(tmp_path.glob("*"))) == KEPT


def test_settings_say_who_names_and_by_which_words(tmp_path: Path) -> None:
    settings = loads('[label]\nmodels = ["towers"]\nvocabulary = "things.txt"\nleast = 0.4\n')
    assert settings.label == LabelSettings(models=("towers",), vocabulary="things.txt", least=0.4)
    assert labelled_by(settings, ["yolox"]).label.models == ("yolox",)
    assert labelled_by(Settings(), []).label.models == ()
    with pytest.raises(ValueError, match=r"label\.least"):
        loads("[label]\nleast = 2.0\n")


def test_a_model_that_is_not_there_is_said_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gazeline.runtime.naming.labelling import labeler_of

    monkeypatch.setenv("GAZELINE_MODELS", str(tmp_path))
    with pytest.raises(ValueError, match="there is no model called 'yolo' that names things"):
        labeler_of("yolo", LabelSettings())


def test_the_models_of_the_settings_name_what_the_runtime_outlines(detector: DetectorLabeler, tmp_path: Path) -> None:
    from gazeline.engines.segmenter import Segmenter
    from gazeline.runtime.naming.labelling import crop_around, names_for, stage_of
    from tests.engines.toy_models import write_own

    (tmp_path / "segmenter").mkdir()
    write_own(tmp_path / "segmenter")
    segmenter, settings = Segmenter.load(tmp_path / "segmenter"), LabelSettings(models=("toy",), least=0.6)
    stage, names = stage_of(segmenter, settings, None), names_for(segmenter, settings)
    mask = np.zeros((480, 640), np.bool_)
    mask[BOX[1] : BOX[3], BOX[0] : BOX[2]] = True
    (answers,), (traits,) = stage.look([crop_around(7, mask, picture())])
    named = names.heard(7, answers, 0).of(7)
    assert named is not None
    assert (named.name, named.source) == ("red thing", "detector")
    assert traits.colours["red"] > 0.9
    assert not stage.compares
    stricter = names_for(segmenter, LabelSettings(least=0.95))
    assert stricter.heard(7, answers, 0).of(7) is None, "not sure enough to say it"


def test_models_that_name_things_are_listed_checked_and_not_taken_for_others(
    text_model: Path, detector: DetectorLabeler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    from gazeline.engines import bundle as segmenters
    from gazeline.runtime.models import catalogue as models

    shutil.copytree(text_model, tmp_path / "models" / "towers")
    infos = {info.name: info for info in models.list_models()}
    assert (infos["towers"].family, infos["toy"].family) == ("clip", "detector")
    for name in ("towers", "toy"):
        check = models.check_model(name)
        assert [step.what for step in check.steps] == ["files", "loads", "runs", "speed"]
        assert check.ok
        with pytest.raises(ValueError, match=f"{name} names things and does not outline them: use it with --label"):
            segmenters.find(name)
    (tmp_path / "models" / "toy" / "detector.onnx").write_bytes(b"broken")
    check = models.check_model("toy")
    assert not check.ok
    assert "is not the file" in check.steps[-1].detail
