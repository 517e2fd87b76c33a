"""How well a model segments annotated photographs from one click each: mean IoU in the frame, beside a disc's.

    python tools/eval_clicks.py COCO_FOLDER [--model gazeline-s] [--min-area 400] [--gaze-error 0.011] [--sheet OUT.png]

COCO_FOLDER holds ``images/`` and ``instances.json``. A click is the point deepest inside an object's mask, or, with
--gaze-error, that point moved by a normal error of this share of the picture's longer side (0.011 is about 0.8 degrees
in a 75 degree picture). Confidence limits are 95 %, by bootstrap. Needs pycocotools (extra ``dev``).
"""

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from gazeline.engines.gazeline_s.looks import Look, disc, iou, read_looks
from gazeline.engines.segmenter import Prompt, Segmenter

TILE_PX = 240


def main() -> None:
    """See the module's text."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--model", default="gazeline-s")
    arguments.add_argument("--min-area", type=int, default=400)
    arguments.add_argument("--gaze-error", type=float, default=0.0)
    arguments.add_argument("--sheet", type=Path)
    given = arguments.parse_args()
    rng = np.random.default_rng(0)
    looks = read_looks(given.folder, min_area_px=given.min_area, most=10_000)
    segmenter = Segmenter.load(given.model)
    rows, tiles = [], []
    for look in track(looks, description=given.folder.name):
        height, width = look.mask.shape
        moved = look.click + rng.normal(0, 1, 2) * given.gaze_error * max(height, width)
        look = replace(look, click=np.clip(moved, 0, [width - 1, height - 1]))  # noqa: PLW2901
        bgr = cv2.imread(str(look.picture), cv2.IMREAD_COLOR)
        if bgr is None:
            raise SystemExit(f"error: {look.picture} cannot be read as a picture")
        image = np.ascontiguousarray(bgr[..., ::-1], np.uint8)
        embedding = segmenter.encode(image, segmenter.window_for(width, height, look.click))
        (masks,) = segmenter.decode(embedding, [Prompt([look.click])])
        ious = [iou(masks.mask(k), look.mask) for k in range(len(masks.logits))]
        rows.append((ious[masks.best], max(ious), iou(disc(look), look.mask)))
        tiles.append((rows[-1][0], look, image, masks.mask()))
    scores = np.array(rows)  # (N, 3)
    draws = scores[rng.integers(0, len(scores), (2000, len(scores)))].mean(1)  # (2000, 3)
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    print(f"{len(scores)} objects of {given.folder.name}, {given.model}")
    for name, mean, a, b in zip(("chosen", "best of its candidates", "a disc"), scores.mean(0), low, high, strict=True):
        print(f"  {name:24s} {mean:.3f}  ({a:.3f} to {b:.3f})")
    if given.sheet:
        tiles.sort(key=lambda tile: -tile[0])
        picked = [tiles[i] for i in np.linspace(0, len(tiles) - 1, 24).astype(int)]
        rows_of_tiles = [np.hstack([_tile(*t) for t in picked[i : i + 6]]) for i in range(0, 24, 6)]
        cv2.imwrite(str(given.sheet), np.vstack(rows_of_tiles)[..., ::-1])


def _tile(score: float, look: Look, image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The picture with what was wanted in red and what was found in green."""
    picture = image.copy()
    for shape, colour in ((look.mask, (230, 60, 40)), (mask, (40, 230, 90))):
        rings, _ = cv2.findContours(shape.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, rings, -1, colour, 3)
    x, y = look.click.astype(int).tolist()
    cv2.circle(picture, (x, y), 6, (255, 230, 0), -1)
    height, width = picture.shape[:2]
    shrink = TILE_PX / max(height, width)
    small = cv2.resize(
        picture, (max(1, int(width * shrink)), max(1, int(height * shrink))), interpolation=cv2.INTER_AREA
    )
    tile = np.zeros((TILE_PX, TILE_PX, 3), np.uint8)
    tile[: small.shape[0], : small.shape[1]] = small
    cv2.putText(tile, f"{score:.2f}", (6, TILE_PX - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 2)
    return tile


if __name__ == "__main__":
    main()
