"""Measure what a headset's camera does to a picture: noise, sharpness, vignette, exposure, colour.

The constants of `engines/gazeline_s/camera_effects.py` come from here:

    python tools/measure_camera.py ../shared/data/aria_everyday

Works on the pictures alone, so that any recording or folder of photographs can be measured, and compared with rendered
ones. Everything is in levels of 8 bit and pixels of the picture as it is.
"""

import argparse
import itertools
import json
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.runtime.calibration_pictures import pictures

F32 = NDArray[np.float32]
Image = NDArray[np.uint8]
BLOCK = 16
LEVELS = (0, 8, 16, 32, 64, 96, 128, 192, 256)
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def noise(image: Image) -> dict[str, Any]:
    """Standard deviation of luma and colour noise by level, and how alike neighbours' noise is.

    From the flattest tenth of the 16 px blocks of each level, a plane taken off each block; so it includes whatever
    fine texture those have, and is an upper bound.
    """
    rgb = image.astype(np.float32)
    luma = rgb @ LUMA
    chroma = rgb[..., 0] - rgb[..., 1]
    planes = {"luma": luma, "red_minus_green": chroma}
    height, width = (s // BLOCK * BLOCK for s in luma.shape)
    cut = {k: _blocks(p[:height, :width]) for k, p in planes.items()}
    means = cut["luma"].mean(1)
    rest = {k: _without_plane(b) for k, b in cut.items()}
    out: dict[str, Any] = {k: [] for k in planes} | {"neighbour": []}
    for low, high in itertools.pairwise(LEVELS):
        lit = cut["luma"].std(1) > 0  # outside a fisheye's circle there is nothing at all
        inside = np.flatnonzero((means >= low) & (means < high) & lit)
        calmest = np.argsort(rest["luma"][inside].std(1))[: len(inside) // 10]
        flat = inside[calmest] if len(inside) > 50 else inside[:0]
        for k in planes:
            out[k].append(float(np.median(rest[k][flat].std(1))) if len(flat) else None)
        if len(flat):
            grid = rest["luma"][flat].reshape(-1, BLOCK, BLOCK)
            out["neighbour"].append(float((grid[:, :, 1:] * grid[:, :, :-1]).mean() / (grid**2).mean()))
    return out | {"neighbour": float(np.median(out["neighbour"])) if out["neighbour"] else None}


def _blocks(plane: F32) -> F32:
    h, w = plane.shape
    cells = plane.reshape(h // BLOCK, BLOCK, w // BLOCK, BLOCK).transpose(0, 2, 1, 3)
    return np.asarray(cells.reshape(-1, BLOCK * BLOCK), np.float32)


def _without_plane(blocks: F32) -> F32:
    v, u = np.mgrid[0:BLOCK, 0:BLOCK].astype(np.float32) - (BLOCK - 1) / 2
    basis = np.stack([np.ones(BLOCK * BLOCK), u.ravel(), v.ravel()]).astype(np.float32)
    basis /= np.linalg.norm(basis, axis=1, keepdims=True)
    return np.asarray(blocks - blocks @ basis.T @ basis, np.float32)


def blur_px(image: Image) -> float:
    """Gaussian blur (sigma) of the sharpest edges: the 20th percentile over strong edges.

    From the ratio of gradients before and after blurring once more; Zhuo and Sim, "Defocus map estimation from a single
    image", Pattern Recognition 44 (2011).
    """
    luma = image.astype(np.float32) @ LUMA
    again = 1.0

    def slope(plane: F32) -> F32:
        return np.hypot(cv2.Sobel(plane, cv2.CV_32F, 1, 0), cv2.Sobel(plane, cv2.CV_32F, 0, 1)).astype(np.float32)

    smooth = np.asarray(cv2.GaussianBlur(luma, (0, 0), 0.7), np.float32)  # against the noise; taken off again below
    first, second = slope(smooth), slope(np.asarray(cv2.GaussianBlur(smooth, (0, 0), again), np.float32))
    crest = (first >= cv2.dilate(first, np.ones((3, 3), np.uint8)) - 1e-3) & (first > np.quantile(first, 0.97))
    ratio = np.maximum(first[crest] / np.maximum(second[crest], 1e-3), 1.001)
    sigma2 = again**2 / (ratio**2 - 1) - 0.7**2
    return float(np.sqrt(np.maximum(np.quantile(sigma2, 0.2), 0)))


def vignette(images: list[Image]) -> list[float]:
    """The 95th percentile of luma in five rings from the middle to the circle inscribed, the brightest ring being 1.

    Over all pictures together; a recording of one room confounds this with where its lamps are.
    """
    mean = np.stack([i.astype(np.float32) @ LUMA for i in images])
    h, w = mean.shape[1:]
    y, x = np.mgrid[0:h, 0:w]
    radius = np.hypot((x - w / 2) / (w / 2), (y - h / 2) / (h / 2))
    rings = [np.quantile(mean[:, (radius >= a) & (radius < a + 0.2)], 0.95) for a in (0.0, 0.2, 0.4, 0.6, 0.8)]
    return [float(r / max(rings)) for r in rings]


def exposure(image: Image) -> dict[str, Any]:
    """Percentiles of luma, share of clipped pixels, mean saturation (max - min over max), gains to grey."""
    luma = image.astype(np.float32) @ LUMA
    y, x = np.mgrid[-1 : 1 : luma.shape[0] * 1j, -1 : 1 : luma.shape[1] * 1j]
    lit = x**2 + y**2 < 0.95**2  # a fisheye's picture is a disc
    high, low = image.max(-1).astype(np.float32), image.min(-1).astype(np.float32)
    means = image[lit].mean(0)
    return {
        "luma_percentiles_1_25_50_75_99": [float(v) for v in np.percentile(luma[lit], [1, 25, 50, 75, 99])],
        "clipped": float((high[lit] >= 254).mean()),
        "saturation": float(((high - low) / np.maximum(high, 1))[lit].mean()),
        "red_and_blue_over_green": [float(means[0] / means[1]), float(means[2] / means[1])],
    }


def measure(images: list[Image]) -> dict[str, Any]:
    """All of it, as medians over the pictures."""
    noises = [noise(i) for i in images]
    exposures = [exposure(i) for i in images]

    def by_level(key: str) -> list[float | None]:
        columns = zip(*[n[key] for n in noises], strict=True)
        return [_median([v for v in column if v is not None]) for column in columns]

    return {
        "pictures": len(images),
        "size": list(images[0].shape[1::-1]),
        "levels": list(LEVELS),
        "noise_luma": by_level("luma"),
        "noise_red_minus_green": by_level("red_minus_green"),
        "noise_neighbour_correlation": _median([n["neighbour"] for n in noises if n["neighbour"] is not None]),
        "blur_px": _median([blur_px(i) for i in images]),
        "vignette_by_ring": [round(v, 3) for v in vignette(images)],
        "exposure": {k: np.round(np.median([e[k] for e in exposures], axis=0), 3).tolist() for k in exposures[0]},
    }


def _median(values: list[float]) -> float | None:
    return round(float(np.median(values)), 3) if values else None


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="a recording, a video, an image, or a folder of images, all of one size")
    parser.add_argument("--count", type=int, default=8, help="pictures to look at, evenly spread")
    args = parser.parse_args()
    print(json.dumps(measure(pictures(args.source, args.count)), indent=1))


if __name__ == "__main__":
    main()
