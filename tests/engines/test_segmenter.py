"""The segmenter with toy networks of both decoder signatures: they outline what has the colour of the clicked pixel."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gazeline.engines import bundle
from gazeline.engines.segmenter import Masks, Prompt, Segmenter
from gazeline.engines.window import Window
from tests.engines.toy_models import write_own, write_sam

H, W = 480, 640


@pytest.fixture(scope="module")
def image() -> NDArray[np.uint8]:
    """Two nearly equally red discs, a green one and a blue rectangle, on grey."""
    picture = np.full((H, W, 3), 120, np.uint8)
    for x, y, r, colour in DISCS:
        picture[_disc(x, y, r)] = colour
    picture[300:400, 400:560] = (20, 30, 220)
    return picture


DISCS = [(200, 150, 60, (220, 30, 30)), (460, 160, 50, (220, 60, 40)), (150, 380, 40, (30, 200, 40))]


def _disc(x: float, y: float, r: float) -> NDArray[np.bool_]:
    ys, xs = np.mgrid[:H, :W]
    return np.asarray(np.hypot(xs - x, ys - y) <= r)


def _iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float((a & b).sum() / max(1, (a | b).sum()))


@pytest.fixture(scope="module", params=["own", "sam"])
def segmenter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Segmenter:
    folder = tmp_path_factory.mktemp(request.param)
    (write_own if request.param == "own" else write_sam)(folder)
    return Segmenter.load(folder, threads=1)


def _decode(segmenter: Segmenter, image: NDArray[np.uint8], *prompts: Prompt) -> list[Masks]:
    first = np.asarray(prompts[0].points)
    window = segmenter.window_for(W, H, first[0] if len(first) else None)
    return segmenter.decode(segmenter.encode(image, window), prompts)


def test_a_point_outlines_its_object(segmenter: Segmenter, image: NDArray[np.uint8]) -> None:
    for x, y, r, _ in DISCS:
        (masks,) = _decode(segmenter, image, Prompt([(x + 5, y - 4)]))
        tight = masks.mask(0)
        assert _iou(tight, _disc(x, y, r)) > 0.9
        assert masks.logits.shape[0] == 3
        assert masks.best == int(np.argmax(masks.iou)) == 1


def test_candidates_go_from_narrow_to_wide(segmenter: Segmenter, image: NDArray[np.uint8]) -> None:
    (masks,) = _decode(segmenter, image, Prompt([(200, 150)]))
    assert not masks.mask(0)[160, 460]
    assert masks.mask()[160, 460]  # the other, nearly as red disc
    areas = [int(masks.mask(k).sum()) for k in range(3)]
    assert areas == sorted(areas)


def test_a_negative_point_takes_away(segmenter: Segmenter, image: NDArray[np.uint8]) -> None:
    prompt = Prompt([(200, 150), (460, 160)], labels=[1, 0])
    (masks,) = _decode(segmenter, image, prompt)
    assert masks.mask()[150, 200]
    assert not masks.mask()[160, 460]


def test_a_box_bounds_the_mask(segmenter: Segmenter, image: NDArray[np.uint8]) -> None:
    (masks,) = _decode(segmenter, image, Prompt(box=(130, 80, 270, 220)))
    assert _iou(masks.mask(), _disc(200, 150, 60)) > 0.9
    half = Prompt(box=(390, 290, 480, 410))
    (masks,) = _decode(segmenter, image, half)
    expected = np.zeros((H, W), np.bool_)
    expected[300:400, 400:480] = True
    assert _iou(masks.mask(), expected) > 0.85


def test_several_prompts_are_as_each_alone(segmenter: Segmenter, image: NDArray[np.uint8]) -> None:
    prompts = [
        Prompt([(200, 150)]),
        Prompt(box=(400, 100, 520, 220)),
        Prompt([(150, 380), (160, 390), (300, 300)], labels=[1, 1, 0]),
        Prompt([(480, 350)], box=(390, 290, 570, 410)),
        Prompt([(460, 160)]),
    ]
    embedding = segmenter.encode(image, segmenter.window_for(W, H))
    together = segmenter.decode(embedding, prompts)
    assert len(together) == len(prompts)
    for prompt, masks in zip(prompts, together, strict=True):
        (alone,) = segmenter.decode(embedding, [prompt])
        np.testing.assert_allclose(alone.logits, masks.logits, atol=1e-3)
        np.testing.assert_array_equal(alone.iou, masks.iou)
        assert alone.best == masks.best
    assert segmenter.decode(embedding, []) == []


def test_an_earlier_mask_is_taken_in(segmenter: Segmenter, image: NDArray[np.uint8]) -> None:
    (first,) = _decode(segmenter, image, Prompt([(200, 150)]))
    assert not first.mask(0)[380, 150]
    (green,) = segmenter.decode(
        segmenter.encode(image, first.window), [Prompt([(150, 380)], mask=50 + 0 * first.logits[0])]
    )
    assert green.mask(0).all() or green.window.is_foveal  # everything that the window shows
    assert green.mask(0)[150, 200]
    small = np.full((20, 20), -50, np.float32)
    (nothing,) = segmenter.decode(segmenter.encode(image, first.window), [Prompt([(200, 150)], mask=small)])
    assert not nothing.mask(0).any()
    assert nothing.crop(0)[1] == (0, 0, 0, 0)


def test_crop_mask_and_probability_agree(segmenter: Segmenter, image: NDArray[np.uint8]) -> None:
    (masks,) = _decode(segmenter, image, Prompt([(150, 380)]))
    for k in range(3):
        logits, (x0, y0, x1, y1) = masks.crop(k)
        assert logits.shape == (y1 - y0, x1 - x0)
        whole = masks.window.unwarp(masks.logits[k : k + 1])[0]
        np.testing.assert_array_equal(masks.mask(k), whole > 0)  # nothing is lost by looking at the crop alone
        np.testing.assert_allclose(logits, whole[y0:y1, x0:x1], atol=1e-4)
        probability = masks.probability(k)
        np.testing.assert_array_equal(probability > 0.5, masks.mask(k))
        assert probability.min() >= 0
        assert probability.max() <= 1


def test_encoding_and_decoding_at_the_same_time(segmenter: Segmenter, image: NDArray[np.uint8]) -> None:
    window = segmenter.window_for(W, H, (200, 150))
    embedding = segmenter.encode(image, window)
    (expected,) = segmenter.decode(embedding, [Prompt([(200, 150)])])
    other = threading.Thread(target=lambda: [segmenter.encode(255 - image, window) for _ in range(20)])
    other.start()
    for _ in range(20):
        (masks,) = segmenter.decode(embedding, [Prompt([(200, 150)])])
        np.testing.assert_array_equal(masks.logits, expected.logits)
    other.join()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (Prompt, "needs a box or at least one positive point"),
        (lambda: Prompt([(1, 2)], labels=[0]), "needs a box or at least one positive point"),
        (lambda: Prompt([(1, 2)], labels=[2]), "must be 1"),
        (lambda: Prompt([(1, 2)], labels=[1, 0]), "1 points and 2 labels"),
        (lambda: Prompt(box=(5, 5, 5, 9)), "x0 < x1"),
        (lambda: Prompt(box=(5, 5, float("nan"), 9)), "x0 < x1"),
        (lambda: Prompt([(700, 2)]), r"point \(700, 2\) lies outside the picture of 640x480"),
        (lambda: Prompt([(float("nan"), 2)]), "outside the picture"),
        (lambda: Prompt(box=(700, 2, 720, 9)), "outside the picture"),
        (lambda: Prompt([(5, 5)] * 9), "at most 8 points"),
    ],
)
def test_prompts_that_cannot_be_are_refused(
    segmenter: Segmenter, image: NDArray[np.uint8], make: Callable[[], Prompt], message: str
) -> None:
    embedding = segmenter.encode(image, segmenter.window_for(W, H))
    with pytest.raises(ValueError, match=message):
        segmenter.decode(embedding, [make()])


def test_points_beyond_a_foveal_window(tmp_path: Path, image: NDArray[np.uint8]) -> None:
    write_own(tmp_path)
    segmenter = Segmenter.load(tmp_path, threads=1)
    embedding = segmenter.encode(image, segmenter.window_for(W, H, (100, 100)))
    with pytest.raises(ValueError, match="outside the window"):
        segmenter.decode(embedding, [Prompt([(600, 100)])])
    with_negative = segmenter.decode(embedding, [Prompt([(200, 150), (600, 100)], labels=[1, 0])])
    without = segmenter.decode(embedding, [Prompt([(200, 150)])])
    np.testing.assert_array_equal(with_negative[0].logits, without[0].logits)


def test_a_gaze_off_the_frame_gives_the_window_at_its_edge(tmp_path: Path) -> None:
    write_own(tmp_path)
    segmenter = Segmenter.load(tmp_path, threads=1)
    assert segmenter.window_for(W, H, (-50, 700)) == segmenter.window_for(W, H, (0, H - 1))


def test_pictures_and_windows_that_do_not_fit_are_refused(segmenter: Segmenter, image: NDArray[np.uint8]) -> None:
    window = segmenter.window_for(W, H)
    with pytest.raises(ValueError, match=r"must be \(H, W, 3\) uint8"):
        segmenter.encode(image[..., 0], window)
    with pytest.raises(ValueError, match="frame of 640x480 pixels, not of 320x480"):
        segmenter.encode(image[:, :320], window)
    with pytest.raises(ValueError, match="the window has 32 pixels"):
        segmenter.encode(image, Window.full(W, H, 32))


def test_depth_tells_apart_what_colour_does_not(tmp_path: Path) -> None:
    grey = np.full((H, W, 3), 120, np.uint8)
    near = _disc(300, 200, 60)
    depth = np.where(near, 1.0, 3.0).astype(np.float32)
    depth[:10], depth[:, -20:] = np.nan, 0.0
    segmenter = Segmenter.load(write_own(tmp_path, depth=True).folder, threads=1)
    assert segmenter.takes_depth
    window = segmenter.window_for(W, H, (300, 200))
    for given in (depth, depth[1::2, 1::2]):
        (masks,) = segmenter.decode(segmenter.encode(grey, window, given), [Prompt([(300, 200)])])
        assert _iou(masks.mask(), near) > 0.9
    (flat,) = segmenter.decode(segmenter.encode(grey, window), [Prompt([(300, 200)])])
    assert flat.mask().mean() > 0.9
    with pytest.raises(ValueError, match=r"depth must be \(h, w\) metres as floats, not \(480, 640\) uint16"):
        segmenter.encode(grey, window, np.zeros((H, W), np.uint16))


def test_a_model_without_an_input_for_depth_does_not_look_at_it(segmenter: Segmenter, image: NDArray[np.uint8]) -> None:
    assert not segmenter.takes_depth
    window = segmenter.window_for(W, H, (200, 150))
    plain, deep = segmenter.encode(image, window), segmenter.encode(image, window, np.ones((H, W), np.float32))
    for name, tensor in plain.tensors.items():
        np.testing.assert_array_equal(tensor, deep.tensors[name])


def test_an_embedding_of_another_model_is_refused(tmp_path: Path, image: NDArray[np.uint8]) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_own(tmp_path / name, name)
    one, two = (Segmenter.load(tmp_path / name, threads=1) for name in ("one", "two"))
    with pytest.raises(ValueError, match="of the model one, not of two"):
        two.decode(one.encode(image, one.window_for(W, H)), [Prompt([(5, 5)])])
    with pytest.raises(ValueError, match="no backend 'abacus'"):
        Segmenter.load(tmp_path / "one", backend="abacus")


def test_networks_that_do_not_fit_each_other_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    a = write_own(tmp_path / "a", size=64, m=32)
    b = write_own(tmp_path / "b", size=192, m=96)
    b.encoder.write_bytes(a.encoder.read_bytes())
    bundle.write(tmp_path / "b", b.manifest)
    with pytest.raises(ValueError, match=r"encoder\.onnx must have one input of 1x3x192x192"):
        Segmenter.load(tmp_path / "b")
    a.decoder.write_bytes(a.encoder.read_bytes())
    bundle.write(tmp_path / "a", a.manifest)
    with pytest.raises(ValueError, match=r"decoder\.onnx: the decoder has no input 'point_coords'"):
        Segmenter.load(tmp_path / "a")
