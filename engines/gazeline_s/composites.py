"""Composites: things cut out of one scene and laid into another, so that masks stay exact on pictures of any kind.

"Cut, Paste and Learn" (Dwibedi et al. 2017) and "Simple Copy-Paste" (Ghiasi et al. 2021): the border is blended, the
thing takes on a brightness and colour of its own and throws a soft shadow, so that no single trace gives it away.
"""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.engines.gazeline_s.scenes import Scene

MIN_CUT_PX = 300
MOST_PASTED = 4


def pasted(rng: np.random.Generator, scene: Scene, donor: Scene) -> Scene:
    """``scene`` with one to four things of ``donor`` in it; as it was where the donor has nothing to give."""
    things = _whole_things(donor)
    if not len(things):
        return scene
    image = scene.image.astype(np.float32)
    objects, parts = scene.object_ids.copy(), scene.part_ids.copy()
    groups = list(scene.groups) + [0] * (int(objects.max()) + 1 - len(scene.groups))
    next_part = int(parts.max()) + 1
    for _ in range(rng.integers(1, MOST_PASTED + 1)):
        thing = int(rng.choice(things))
        sunk = bool((donor.object_ids[-1] == thing).any())
        cut = _cut(rng, donor, thing, scene.image.shape[:2], upright=sunk)
        if cut is None:
            continue
        colour, alpha, piece_ids = cut
        height, width = alpha.shape
        # Mostly whole, at times cut by the picture's edge.
        x0 = int(rng.integers(-width // 4, max(1, image.shape[1] - (3 * width) // 4)))
        y0 = int(rng.integers(-height // 4, max(1, image.shape[0] - (3 * height) // 4)))
        if sunk:  # what the picture's lower edge cut there, it cuts here
            y0 = image.shape[0] - height + 3
        left, top = max(x0, 0), max(y0, 0)
        right, bottom = min(x0 + width, image.shape[1]), min(y0 + height, image.shape[0])
        if right - left < 8 or bottom - top < 8:
            continue
        inner, outer = np.s_[top - y0 : bottom - y0, left - x0 : right - x0], np.s_[top:bottom, left:right]
        if rng.random() < 0.6:
            _shade(rng, image, alpha, x0, y0)
        a = alpha[inner][..., None]
        image[outer] += (colour[inner] - image[outer]) * a
        solid = alpha[inner] > 0.5
        objects[outer][solid] = len(groups)
        parts[outer][solid] = piece_ids[inner][solid] + next_part
        next_part += int(piece_ids.max()) + 1
        groups.append(0)
    picture = np.clip(image, 0, 255).astype(np.uint8)
    return replace(
        scene,
        image=picture,
        object_ids=objects,
        part_ids=parts,
        groups=np.array(groups, np.uint16),
        depth_mm=None,
        levels=scene.levels and donor.levels,
    )


def _whole_things(scene: Scene) -> NDArray[np.intp]:
    """The ids of things that are large enough and that the picture's edges do not cut, but for the lower one."""
    areas = np.bincount(scene.object_ids.ravel())
    areas[0] = 0
    edge = np.concatenate([scene.object_ids[0], scene.object_ids[:, 0], scene.object_ids[:, -1]])
    areas[np.unique(edge)] = 0
    return np.flatnonzero((areas >= MIN_CUT_PX) & (areas < 0.4 * scene.object_ids.size))


def _cut(
    rng: np.random.Generator, donor: Scene, thing: int, shape: tuple[int, ...], upright: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint16]] | None:
    """The thing at another size, perhaps mirrored, turned and of another tint: colour, alpha and ids of its parts."""
    ys, xs = np.nonzero(donor.object_ids == thing)
    box = np.s_[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    mask = (donor.object_ids[box] == thing).astype(np.float32)
    colour = donor.image[box].astype(np.float32)
    _, part_ids = np.unique(np.where(mask > 0, donor.part_ids[box], 0), return_inverse=True)
    part_ids = part_ids.reshape(mask.shape).astype(np.float32)
    longest = max(mask.shape)
    wanted = min(float(np.exp(rng.uniform(np.log(0.13), np.log(0.95)))) * max(shape), 2.2 * longest)
    scale = wanted / longest
    turn = rng.normal(0, 12) if rng.random() < 0.5 and not upright else 0.0
    matrix = cv2.getRotationMatrix2D((mask.shape[1] / 2, mask.shape[0] / 2), turn, scale)
    if rng.random() < 0.5:
        matrix = matrix @ np.array([[-1, 0, mask.shape[1]], [0, 1, 0], [0, 0, 1.0]])
    spread = np.abs(matrix[:, :2]) @ np.array([mask.shape[1], mask.shape[0]])
    width, height = (int(v) + 5 for v in spread)
    matrix[:, 2] += (np.array([width, height]) - np.array([mask.shape[1], mask.shape[0]])) / 2
    if min(width, height) < 8 or max(width, height) > 2000:
        return None
    smooth = cv2.INTER_AREA if scale < 0.6 else cv2.INTER_LINEAR
    alpha = np.asarray(cv2.warpAffine(mask, matrix, (width, height), flags=smooth), np.float32)
    alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.4, 1.0)), np.float32)
    alpha = np.clip((alpha - 0.5) * rng.uniform(1.2, 2.2) + 0.45, 0, 1)
    colour = np.asarray(
        cv2.warpAffine(colour, matrix, (width, height), flags=smooth, borderMode=cv2.BORDER_REPLICATE), np.float32
    )
    ids = cv2.warpAffine(part_ids, matrix, (width, height), flags=cv2.INTER_NEAREST).astype(np.uint16)
    colour = colour * np.float32(np.exp(rng.normal(0, 0.25))) * rng.normal(1, 0.07, 3).astype(np.float32)
    if rng.random() < 0.3:  # other colours altogether
        colour = colour[..., rng.permutation(3)]
    return colour, alpha.astype(np.float32), ids


def _shade(rng: np.random.Generator, image: NDArray[np.float32], alpha: NDArray[np.float32], x0: int, y0: int) -> None:
    """Darkens the picture below and beside where the thing will lie."""
    reach = 0.08 * max(alpha.shape)
    shift = np.array([[1, 0, x0 + rng.normal(0, reach)], [0, 1, y0 + abs(rng.normal(0, reach))]], np.float32)
    cast = cv2.warpAffine(alpha, shift, (image.shape[1], image.shape[0]))
    cast = cv2.blur(cast, (1 + 2 * int(rng.uniform(1, 1 + reach)),) * 2)
    image *= 1 - rng.uniform(0.1, 0.6) * cast[..., None]
