"""Taking the noise out of a few samples a pixel: the light is filtered where the surface is the same, its colours kept.

The edge-avoiding a-trous wavelet of Dammertz et al., "Edge-Avoiding A-Trous Wavelet Transform for fast Global
Illumination Filtering" (HPG 2010), on light divided by albedo, guided by normals, range and part.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
KERNEL = (3 / 8, 1 / 4, 1 / 16)  # B3 spline: middle, one, two steps away
DARK = np.float32(0.03)  # albedo below this is taken for this
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)


def denoise(
    rgb: F32,
    albedo: F32,
    normal: F32,
    depth_m: F32,
    part_ids: NDArray[np.uint16],
    passes: int = 5,
    strength: float = 4.0,
) -> F32:
    """Linear RGB (H, W, 3) of few samples to one that looks like many; ``strength`` in deviations of the light."""
    base = np.maximum(albedo, DARK)
    light = rgb / base
    luma = np.asarray(light @ LUMA, np.float32)
    # fireflies: nothing is more than three times as bright as what is around it
    around = cv2.dilate(_median(luma), np.ones((3, 3), np.uint8))
    cap = 3 * np.asarray(around, np.float32) + 1e-3
    normal = normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-6)  # mixed ones on silhouettes
    light = light * np.minimum(1, cap / np.maximum(luma, 1e-6))[..., None].astype(np.float32)
    inverse = np.where(depth_m > 0, 1 / np.maximum(depth_m, 0.05), 0).astype(np.float32)
    parts = part_ids.astype(np.float32)
    height, width = luma.shape
    for step in (2**k for k in range(passes)):
        luma = np.asarray(light @ LUMA, np.float32)
        mean = cv2.GaussianBlur(luma, (0, 0), 2.5)
        spread = np.sqrt(np.maximum(cv2.GaussianBlur(luma * luma, (0, 0), 2.5) - mean * mean, 0)) + 0.02 * mean + 1e-4
        reach = 2 * step
        edge = cv2.BORDER_REPLICATE
        pads = [cv2.copyMakeBorder(a, reach, reach, reach, reach, edge) for a in (light, luma, normal, inverse, parts)]
        total, weights = np.zeros_like(light), np.zeros_like(luma)
        smooth = cv2.GaussianBlur(luma, (0, 0), 1.0)
        pad_smooth = cv2.copyMakeBorder(smooth, reach, reach, reach, reach, edge)
        for dy in range(-2, 3):
            for dx in range(-2, 3):
                y, x = reach + dy * step, reach + dx * step
                cut = np.s_[y : y + height, x : x + width]
                other, _, n, q, p = (a[cut] for a in pads)
                near = np.exp(-np.abs(pad_smooth[cut] - smooth) / (strength * spread))
                alike = np.einsum("ijk,ijk->ij", n, normal)
                same = (p == parts) * np.maximum(alike, 0) ** 32
                flat = np.exp(-np.abs(q - inverse) / (0.03 * inverse * step + 1e-4))
                w = KERNEL[abs(dx)] * KERNEL[abs(dy)] * near * same * flat
                total += other * w[..., None]
                weights += w
        light = np.where(weights[..., None] > 1e-4, total / np.maximum(weights, 1e-6)[..., None], light)
        strength *= 0.7
    return np.asarray(light * base, np.float32)


def _median(plane: F32) -> F32:
    return np.asarray(cv2.medianBlur(np.ascontiguousarray(plane, np.float32), 3), np.float32)
