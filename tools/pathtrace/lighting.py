"""The light of a scene: lamps under the ceiling, daylight from the side, or the light of a photographed place."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from gazeline.sim.textures import Rng
from tools.pathtrace.tracer import Lamp, Surroundings

F64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Light:
    """Lamps and surroundings; an ``open`` room is drawn without ceiling and without the walls outside the picture."""

    lamps: list[Lamp]
    surroundings: Surroundings | None
    open: bool


def temperature(kelvin: float) -> F64:
    """Linear RGB of a black body, its green 1; a fit good to a few per cent from 2500 to 9000 K."""
    t = kelvin / 1000
    red = np.interp(t, [2.5, 3.5, 4.5, 5.5, 6.5, 9.0], [2.2, 1.6, 1.3, 1.12, 1.0, 0.82])
    blue = np.interp(t, [2.5, 3.5, 4.5, 5.5, 6.5, 9.0], [0.22, 0.45, 0.65, 0.84, 1.0, 1.35])
    return np.array([red, 1.0, blue])


def rectangle(centre: F64, towards: F64, width: float, height: float, radiance: F64) -> Lamp:
    """A lamp at ``centre`` that shines ``towards`` a direction."""
    z = towards / np.linalg.norm(towards)
    x = np.cross([0.0, 1.0, 0.0] if abs(z[1]) < 0.95 else [0.0, 0.0, 1.0], z)
    x /= np.linalg.norm(x)
    m = np.eye(4)
    m[:3, :3] = np.stack([x * width / 2, np.cross(z, x) * height / 2, z], axis=1)
    m[:3, 3] = centre
    return Lamp(m, (float(radiance[0]), float(radiance[1]), float(radiance[2])))


@cache
def _panorama(path: Path) -> NDArray[np.float32]:
    bgr = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if bgr is None:
        raise ValueError(f"{path} is no environment map that can be read; delete it or fetch it again")
    rgb = np.clip(np.asarray(bgr[..., ::-1], np.float32), 0, 300)
    return np.ascontiguousarray(
        cv2.resize(rgb, (512, 256), interpolation=cv2.INTER_AREA) / max(rgb.mean(), 1e-6), np.float32
    )


def _invented(rng: Rng) -> NDArray[np.float32]:
    """A bright sky or ceiling over a dim ground, with a few soft lights."""
    v, u = np.mgrid[0:64, 0:128].astype(np.float32)
    up = 1 - v / 63
    above, below = temperature(rng.uniform(4500, 9000)), temperature(rng.uniform(3000, 5500)) * 0.3
    picture = up[..., None] * above + (1 - up)[..., None] * below
    for _ in range(int(rng.integers(1, 4))):
        x, y, r = rng.uniform(0, 128), rng.uniform(4, 34), rng.uniform(2, 9)
        spot = np.exp(-((np.minimum(abs(u - x), 128 - abs(u - x))) ** 2 + (v - y) ** 2) / r**2)
        picture = picture + spot[..., None] * temperature(rng.uniform(2800, 7000)) * rng.uniform(5, 60)
    return np.asarray(picture / picture.mean(), np.float32)


def surroundings(rng: Rng, folder: Path | None) -> Surroundings:
    """One of the photographed places, or an invented one."""
    paths = sorted(folder.glob("*.hdr")) if folder is not None else []
    picture = _panorama(paths[int(rng.integers(len(paths)))]) if paths and rng.random() < 0.75 else _invented(rng)
    return Surroundings(picture, float(rng.uniform(0, 360)), 1.0)


def outside(rng: Rng, folder: Path | None) -> NDArray[np.uint8] | None:
    """What is to be seen through a window: a piece of a photographed place, sRGB; None without any."""
    paths = sorted(folder.glob("*.hdr")) if folder is not None else []
    if not paths:
        return None
    whole = _panorama(paths[int(rng.integers(len(paths)))])
    x, y = int(rng.integers(0, whole.shape[1] - 128)), int(rng.integers(60, 110))
    piece = whole[y : y + 96, x : x + 128] / np.quantile(whole[y : y + 96, x : x + 128], 0.8) * rng.uniform(0.5, 1.2)
    return np.asarray(np.clip(piece, 0, 1) ** (1 / 2.2) * 255, np.uint8)


def make_light(rng: Rng, folder: Path | None, low: F64, high: F64) -> Light:
    """Light for a room that reaches from ``low`` to ``high`` (3,)."""
    middle, size = (low + high) / 2, high - low
    lamps = []
    is_open = bool(rng.random() < 0.6)
    if not is_open or rng.random() < 0.35:
        for _ in range(int(rng.integers(1, 4))):
            at = np.array([*rng.uniform(-0.35, 0.35, 2)]) * size[[0, 2]] + middle[[0, 2]]
            w, d = rng.uniform(0.12, 0.9), rng.uniform(0.12, 1.2)
            centre = np.array([at[0], high[1] - rng.uniform(0.02, 0.3), at[1]])
            power = rng.uniform(1.5, 6) / (w * d) / 2
            lamps.append(rectangle(centre, np.array([0, -1.0, 0]), w, d, temperature(rng.uniform(2600, 6500)) * power))
    if not is_open or rng.random() < 0.4:  # a window beside or behind the wearer
        side = rng.choice([-1.0, 1.0])
        centre = np.array(
            [middle[0] + side * (size[0] / 2 - 0.02), rng.uniform(1.1, 1.7), rng.uniform(low[2], high[2])]
        )
        if rng.random() < 0.3:
            centre = np.array([rng.uniform(low[0], high[0]), rng.uniform(1.3, 1.9), high[2] - 0.02])
        inward = np.array([middle[0] - centre[0], -0.1, middle[2] - centre[2]])
        w, h = rng.uniform(0.6, 1.8), rng.uniform(0.7, 1.5)
        lamps.append(rectangle(centre, inward, w, h, temperature(rng.uniform(5000, 9000)) * rng.uniform(2, 14)))
    around = None
    if is_open:
        whole = surroundings(rng, folder)
        around = Surroundings(whole.picture, whole.turn_deg, float(rng.uniform(0.3, 1.5)))
    return Light(lamps, around, is_open)
