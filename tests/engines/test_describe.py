"""Descriptions: alike for two looks at one thing, unlike for different things."""

import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.engines.segmenter import Embedding, Prompt, Segmenter
from tests.engines.toy_models import write_own, write_sam

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
