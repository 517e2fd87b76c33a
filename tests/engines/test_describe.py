"""Descriptions: alike for two looks at one thing, unlike for different things."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.engines import bundle
from gazeline.engines.segmenter import Embedding, Prompt, Segmenter
from tests.engines.toy_models import add_describer, write_own, write_sam

H, W = 480, 640
RED, BLUE = (200.0, 150.0), (460.0, 160.0)


def picture(shift: int = 0) -> NDArray[np.uint8]:
    """A red and a blue square on grey, moved to the right by so many px."""
    image = np.full((H, W, 3), 120, np.uint8)
    for (x, y), colour in ((RED, (220, 30, 30)), (BLUE, (20, 30, 220))):
        image[int(y) - 40 : int(y) + 40, int(x) - 40 + shift : int(x) + 40 + shift] = colour
    return image


@pytest.fixture(scope="module", params=["own", "sam"])
def segmenter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Segmenter:
    folder = tmp_path_factory.mktemp(request.param)
    (write_own if request.param == "own" else write_sam)(folder)
    return Segmenter.load(folder, threads=1)


def look(segmenter: Segmenter, shift: int = 0) -> list[NDArray[np.float32]]:
    """The vectors of the red and the blue thing, both asked for in one embedding."""
    embedding = segmenter.encode(picture(shift), segmenter.window_for(W, H, (330.0 + shift, 150.0)))
    masks = segmenter.decode(embedding, [Prompt([(x + shift, y)]) for x, y in (RED, BLUE)])
    described = segmenter.describe(embedding, [found.logits[found.best] for found in masks])
    return [description.vector for description in described]


def test_looks_at_one_thing_are_alike_and_at_two_are_not(segmenter: Segmenter) -> None:
    first, second = look(segmenter), look(segmenter, shift=60)
    for red, blue in (first, second):
        assert np.linalg.norm(red) == pytest.approx(1.0, abs=1e-5)
        assert red.dtype == np.float32
        assert red @ blue < 0.5
    for one, other in zip(first, second, strict=True):
        assert one @ other > 0.95


def test_masks_without_a_pixel_and_embeddings_without_a_colour_have_a_description_too(segmenter: Segmenter) -> None:
    embedding = segmenter.encode(picture(), segmenter.window_for(W, H))
    nothing = np.full((24, 24), -5.0, np.float32)
    nothing[3, 4] = -1.0
    (described,) = segmenter.describe(embedding, [nothing])
    assert np.linalg.norm(described.vector) == pytest.approx(1.0, abs=1e-5)
    grey = segmenter.encode(np.full((H, W, 3), 120, np.uint8), segmenter.window_for(W, H))
    (flat,) = segmenter.describe(grey, [np.full((24, 24), 5.0, np.float32)])
    assert np.isfinite(flat.vector).all()
    assert segmenter.describe(embedding, []) == []


def test_an_embedding_of_another_model_is_refused(segmenter: Segmenter) -> None:
    embedding = segmenter.encode(picture(), segmenter.window_for(W, H))
    with pytest.raises(ValueError, match="of the model other, not of"):
        segmenter.describe(Embedding(embedding.tensors, embedding.window, "other"), [])


def test_a_bundle_with_a_describer_gives_its_vectors_and_scores(tmp_path: Path) -> None:
    add_describer(write_own(tmp_path))
    segmenter = Segmenter.load(tmp_path, threads=1)
    embedding = segmenter.encode(picture(), segmenter.window_for(W, H, (330.0, 150.0)))
    masks = segmenter.decode(embedding, [Prompt([px]) for px in (RED, BLUE)] * 20)  # more than go in one run
    red, blue = segmenter.describe(embedding, [found.logits[0] for found in masks])[-2:]
    assert red.scores[0] > 0.8
    assert blue.scores[1] > 0.8
    assert np.linalg.norm(red.vector) == pytest.approx(1.0, abs=1e-5)
    assert red.vector @ blue.vector < 0.0


def test_what_a_describer_is_marked_with_changes_with_its_weights(tmp_path: Path) -> None:
    plain = write_own(tmp_path)
    described = add_describer(plain)
    assert described.describer == tmp_path / "describer.onnx"
    assert plain.describer is None
    assert plain.describes_as.startswith("toy@")
    assert plain.describes_as != described.describes_as == bundle.load(tmp_path).describes_as


def test_a_describer_that_does_not_fit_is_one_sentence(tmp_path: Path) -> None:
    written = add_describer(write_own(tmp_path), labels=["only one"])
    with pytest.raises(ValueError, match=r"describer\.onnx: the describer's scores must be Nx1"):
        Segmenter.load(tmp_path)
    content = written.encoder.read_bytes()
    (tmp_path / "describer.onnx").write_bytes(content)
    with pytest.raises(ValueError, match=r"describer\.onnx is not the file that model\.toml describes"):
        Segmenter.load(tmp_path)
    bundle.write(tmp_path, written.manifest)
    with pytest.raises(ValueError, match=r"describer\.onnx: a describer must have an input 'masks'"):
        Segmenter.load(tmp_path)
    (tmp_path / "describer.onnx").unlink()
    with pytest.raises(FileNotFoundError, match=r"lacks its file .*describer\.onnx"):
        Segmenter.load(tmp_path)
