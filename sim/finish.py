"""Two cheap touches after drawing: darkened creases where surfaces meet, and softened silhouettes.

Both work on the finished picture, so they cost the same for every scene and lens (a few ms at 640x480).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

RADII_PX = (2, 5, 11)  # in the half-size picture
STRENGTH = 1.2
STEEP = 0.9  # a step steeper than this is a silhouette before something far, not a crease
MOST = 0.5
REACH_M = 0.08


def crease_shade(depth_m: NDArray[np.float32], focal_px: float) -> NDArray[np.float32]:
    """How much light is left (H/2, W/2) in (0.5, 1]: ambient occlusion from the inverse distance's second difference.

    Inverse distance is linear across a plane, so its second difference is 0 there and positive in a hollow edge;
    after T. Luft, C. Colditz, O. Deussen, "Image enhancement by unsharp masking the depth buffer", SIGGRAPH 2006.
    """
    near = cv2.resize(depth_m, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_NEAREST)
    near = np.clip(near, np.float32(1e-2), np.float32(1e4))  # it is infinite where nothing is, 0 off the lens
    q = np.asarray(1.0 / near, np.float32)
    h, w = q.shape
    dark = np.zeros_like(q)
    reach = max(RADII_PX)
    padded = cv2.copyMakeBorder(q, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0)
    for radius in RADII_PX:
        gain = np.float32(focal_px / 2 / radius)
        hollow = np.zeros_like(q)
        for dx, dy in ((1, 0), (0, 1), (1, 1), (1, -1)):
            x, y = dx * radius, dy * radius
            a = padded[reach + y : reach + y + h, reach + x : reach + x + w]
            b = padded[reach - y : reach - y + h, reach - x : reach - x + w]
            slope = (0.5 * (a + b) / q - 1.0) * gain  # metres of hollow per metre of radius
            np.clip(slope, 0.0, STEEP, out=slope)
            hollow += slope * (STEEP - slope)
        hollow *= np.minimum(REACH_M / near * gain, 1.0)  # far away the radius spans whole walls
        dark += cv2.blur(hollow, (2 * radius + 1, 2 * radius + 1))  # or each edge would show again at the radius
    scale = np.float32(4 * STRENGTH / (STEEP * STEEP) / (4 * len(RADII_PX)))
    shade = 1.0 - np.minimum(dark * scale, np.float32(MOST))
    return np.asarray(shade, np.float32)


def finish(
    rgb: NDArray[np.uint8], part_ids: NDArray[np.uint16], depth_m: NDArray[np.float32], focal_px: float
) -> NDArray[np.uint8]:
    """The picture (H, W, 3) with creases darkened and the borders between parts smoothed."""
    shade = crease_shade(depth_m, focal_px)
    full = cv2.resize(shade, (rgb.shape[1], rgb.shape[0]), interpolation=cv2.INTER_LINEAR)
    light = cv2.convertScaleAbs(full, alpha=255.0)
    out = cv2.multiply(rgb, cv2.merge([light, light, light]), scale=1 / 255.0)
    edge = np.zeros(part_ids.shape, np.uint8)
    across, down = part_ids[:, 1:] != part_ids[:, :-1], part_ids[1:] != part_ids[:-1]
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    edge[1:] |= down
    edge[:-1] |= down
    soft = cv2.GaussianBlur(out, (3, 3), 0.7)
    cv2.copyTo(soft, edge, out)
    return np.asarray(out, np.uint8)
