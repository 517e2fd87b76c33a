"""The shipped model: it is whole, loads without torch, and segments plain things as anyone would."""

import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.engines import bundle
from gazeline.engines.segmenter import Prompt, Segmenter

H, W = 480, 640
DISC = (250.0, 200.0, 60.0)
BLOCK = (400, 250, 520, 400)  # x0, y0, x1, y1


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter.load(threads=1)


@pytest.fixture(scope="module")
def image() -> NDArray[np.uint8]:
    """An orange disc and a blue block on a softly shaded grey ground."""
    ys, xs = np.mgrid[:H, :W]
    picture = np.stack([110 + 0.05 * xs, 115 + 0.05 * ys, 120 + 0 * xs], axis=-1)
    picture[_disc()] = (220, 120, 40)
    picture[_block()] = (40, 70, 190)
    picture += np.random.default_rng(0).normal(0.0, 3.0, picture.shape)
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def _disc() -> NDArray[np.bool_]:
    ys, xs = np.mgrid[:H, :W]
    return np.asarray(np.hypot(xs - DISC[0], ys - DISC[1]) <= DISC[2])


def _block() -> NDArray[np.bool_]:
    mask = np.zeros((H, W), np.bool_)
    mask[BLOCK[1] : BLOCK[3], BLOCK[0] : BLOCK[2]] = True
    return mask


def _iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float((a & b).sum() / max(1, (a | b).sum()))


def test_it_is_small_free_and_foveal() -> None:
    shipped = bundle.load(bundle.DEFAULT)
    assert shipped.manifest.licence == "Apache-2.0"
    assert shipped.manifest.window.kind == "foveal"
    assert shipped.bytes < 12e6


def test_it_runs_without_torch() -> None:
    code = (
        "import sys; from gazeline.engines.segmenter import Segmenter; Segmenter.load(threads=1); "
        "print(sorted({'torch', 'onnx', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("prompt", "which"),
    [
        (Prompt([(252, 196)]), "disc"),
        (Prompt([(235, 220)]), "disc"),
        (Prompt(box=(188, 138, 312, 262)), "disc"),
        (Prompt([(460, 320)]), "block"),
        (Prompt(box=(395, 245, 525, 405)), "block"),
        (Prompt([(460, 320), (430, 280), (250, 200)], labels=[1, 1, 0]), "block"),
    ],
)
def test_plain_things_are_outlined(segmenter: Segmenter, image: NDArray[np.uint8], prompt: Prompt, which: str) -> None:
    truth = _disc() if which == "disc" else _block()
    ys, xs = np.nonzero(truth)
    window = segmenter.window_for(W, H, (xs.mean(), ys.mean()))
    (masks,) = segmenter.decode(segmenter.encode(image, window), [prompt])
    assert masks.logits.shape == (3, 80, 80)
    assert masks.iou.shape == (3,)
    assert _iou(masks.mask(), truth) > 0.8


def test_depth_shows_what_colour_hides(segmenter: Segmenter) -> None:
    """A grey disc before a grey wall: only a depth camera can tell."""
    grey = np.asarray(np.random.default_rng(0).normal(120, 3, (H, W, 3)).clip(0, 255), np.uint8)
    depth = np.where(_disc(), 0.8, 2.0).astype(np.float32)
    window = segmenter.window_for(W, H, DISC[:2])
    assert segmenter.takes_depth
    with_depth, without = (
        segmenter.decode(segmenter.encode(grey, window, given), [Prompt([DISC[:2]])])[0].mask()
        for given in (depth, None)
    )
    assert _iou(with_depth, _disc()) > 0.8 > _iou(without, _disc())


def test_unknown_depth_is_as_none(segmenter: Segmenter, image: NDArray[np.uint8]) -> None:
    window = segmenter.window_for(W, H, DISC[:2])
    without = segmenter.encode(image, window)
    unknown = segmenter.encode(image, window, np.full((H, W), np.nan, np.float32))
    for name, tensor in without.tensors.items():
        np.testing.assert_array_equal(tensor, unknown.tensors[name])


def test_a_batch_is_as_each_alone(segmenter: Segmenter, image: NDArray[np.uint8]) -> None:
    embedding = segmenter.encode(image, segmenter.window_for(W, H, (320, 240)))
    prompts = [
        Prompt([(252, 196)]),
        Prompt([(460, 320), (250, 200)], labels=[1, 0]),
        Prompt(box=(395, 245, 525, 405)),
        Prompt([(460, 320)], box=(395, 245, 525, 405)),
    ]
    together = segmenter.decode(embedding, prompts)
    for prompt, masks in zip(prompts, together, strict=True):
        (alone,) = segmenter.decode(embedding, [prompt])
        np.testing.assert_allclose(alone.logits, masks.logits, atol=1e-2)
        np.testing.assert_allclose(alone.iou, masks.iou, atol=1e-3)


def test_the_same_twice_is_the_same(segmenter: Segmenter, image: NDArray[np.uint8]) -> None:
    window = segmenter.window_for(W, H, (252, 196))
    first, second = (segmenter.decode(segmenter.encode(image, window), [Prompt([(252, 196)])])[0] for _ in range(2))
    np.testing.assert_array_equal(first.logits, second.logits)


def test_an_earlier_mask_does_no_harm(segmenter: Segmenter, image: NDArray[np.uint8]) -> None:
    embedding = segmenter.encode(image, segmenter.window_for(W, H, (252, 196)))
    (first,) = segmenter.decode(embedding, [Prompt([(252, 196)])])
    (second,) = segmenter.decode(embedding, [Prompt([(252, 196)], mask=first.logits[first.best])])
    assert _iou(first.mask(), second.mask()) > 0.8


@pytest.mark.parametrize("gaze", [(0, 0), (639, 479), (320, 0)])
def test_every_corner_of_the_frame_can_be_asked_for(
    segmenter: Segmenter, image: NDArray[np.uint8], gaze: tuple[int, int]
) -> None:
    embedding = segmenter.encode(image, segmenter.window_for(W, H, gaze))
    (masks,) = segmenter.decode(embedding, [Prompt([gaze])])
    assert np.isfinite(masks.logits).all()
    assert np.isfinite(masks.iou).all()


def test_it_describes_and_says_how_sure_it_is_of_names(segmenter: Segmenter, image: NDArray[np.uint8]) -> None:
    assert len(segmenter.bundle.manifest.labels) > 100
    seen = []
    for shift in (0, 25):
        moved = np.roll(image, shift, axis=1)
        embedding = segmenter.encode(moved, segmenter.window_for(W, H, (325.0 + shift, 260.0)))
        masks = segmenter.decode(embedding, [Prompt([(252.0 + shift, 196.0)]), Prompt([(460.0 + shift, 320.0)])])
        seen.append(segmenter.describe(embedding, [found.logits[found.best] for found in masks]))
    for described in (*seen[0], *seen[1]):
        assert described.scores.shape == (len(segmenter.bundle.manifest.labels),)
        assert 0.0 <= described.scores.min() <= described.scores.sum() <= 1.0 + 1e-4
    (disc, block), (moved_disc, moved_block) = ([d.vector for d in described] for described in seen)
    assert disc @ moved_disc > disc @ moved_block + 0.2
    assert block @ moved_block > block @ moved_disc + 0.2
