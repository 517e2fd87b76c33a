"""Labelled sets are read in each of their layouts, and what is wrong with one is said in a sentence."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from gazeline.engines.labelled_sets import read_set, spread

GREY = np.full((60, 80, 3), 128, np.uint8)


def write_coco(folder: Path) -> None:
    (folder / "images").mkdir()
    cv2.imwrite(str(folder / "images" / "a.jpg"), GREY)
    square = [10.0, 10.0, 40.0, 10.0, 40.0, 40.0, 10.0, 40.0]
    annotation = {"image_id": 1, "category_id": 1, "segmentation": [square], "iscrowd": 0}
    content = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 80, "height": 60}],
        "annotations": [
            {**annotation, "id": 5, "area": 900},
            {**annotation, "id": 6, "area": 100},
            {**annotation, "id": 7, "area": 900, "iscrowd": 1},
        ],
    }
    (folder / "instances.json").write_text(json.dumps(content))


def write_view(folder: Path, number: int, *, scene: int) -> None:
    ids = np.zeros((60, 80), np.uint16)
    ids[10:40, 10:40], ids[45:50, 60:70] = 3, 9
    cv2.imwrite(str(folder / f"{number:06d}.jpg"), GREY)
    depth_mm = np.full((60, 80), 1500, np.uint16)
    np.savez_compressed(
        folder / f"{number:06d}.npz", object_ids=ids, part_ids=ids, depth_mm=depth_mm, scene_seed=scene, fov_deg=60.0
    )


def test_coco_leaves_out_crowds_and_what_is_too_small(tmp_path: Path) -> None:
    write_coco(tmp_path)
    (thing,) = read_set(tmp_path, min_area_px=400)
    assert (thing.name, thing.area_px) == ("a.jpg 5", 900)
    assert thing.picture == tmp_path / "images" / "a.jpg"
    assert thing.read_mask().sum() == 900
    assert len(read_set(tmp_path, min_area_px=50)) == 2


def test_davis_has_an_object_a_frame_or_one_for_each_value(tmp_path: Path) -> None:
    for kind in ("JPEGImages", "Annotations"):
        (tmp_path / kind / "480p" / "swan").mkdir(parents=True)
    mask = np.zeros((60, 80), np.uint8)
    mask[10:40, 10:40] = 255
    cv2.imwrite(str(tmp_path / "Annotations" / "480p" / "swan" / "00000.png"), mask)
    mask[10:40, 50:80] = 128
    cv2.imwrite(str(tmp_path / "Annotations" / "480p" / "swan" / "00001.png"), mask)
    things = read_set(tmp_path)
    assert [thing.name for thing in things] == ["swan 00000", "swan 00001 128", "swan 00001 255"]
    assert {thing.group for thing in things} == {"swan"}
    assert things[0].picture == tmp_path / "JPEGImages" / "480p" / "swan" / "00000.jpg"
    np.testing.assert_array_equal(things[1].read_mask(), mask == 128)


def test_views_have_depth_a_scene_and_an_angle(tmp_path: Path) -> None:
    for number in range(2):
        write_view(tmp_path, number, scene=100_000)
    things = read_set(tmp_path)
    assert [thing.name for thing in things] == ["000000 3", "000001 3"]
    assert {(thing.group, thing.fov_deg) for thing in things} == {("scene 100000", 60.0)}
    assert things[0].read_mask().sum() == 900
    assert things[0].read_depth is not None
    assert things[0].read_depth()[0, 0] == pytest.approx(1.5)


def test_a_part_of_a_set_is_spread_over_it(tmp_path: Path) -> None:
    for number in range(9):
        write_view(tmp_path, number, scene=number)
    assert [thing.name for thing in read_set(tmp_path, most=3)] == ["000000 3", "000004 3", "000008 3"]
    assert len(spread(read_set(tmp_path), 100)) == 9


def test_what_is_no_set_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*nowhere"):
        read_set(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"is no set of labelled pictures.*instances\.json"):
        read_set(tmp_path)
    (tmp_path / "000000.npz").write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(ValueError, match=r"000000\.npz is no rendered view"):
        read_set(tmp_path)
    np.savez(tmp_path / "000000.npz", depth_mm=np.zeros((2, 2)))
    with pytest.raises(ValueError, match="lacks object_ids"):
        read_set(tmp_path)
    write_view(tmp_path, 0, scene=0)
    with pytest.raises(ValueError, match="no labelled object of at least 5000 pixels"):
        read_set(tmp_path, min_area_px=5000)
