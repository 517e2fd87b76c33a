"""The describer of gazeline-s: what lies under a mask, as a vector of unit length and a score for each known kind.

`Pool` gathers statistics of the encoder's maps and of the picture under, around and across each mask; it has nothing to
be trained, so that its results are kept and training takes minutes. `Head` makes vector and scores of them. Together
they are ``describer.onnx``.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gazeline.engines.gazeline_s.network import MASK_PX

VECTOR = 64
INPUTS = ("image", "depth", "image_embeddings", "features_4", "keys_8", "masks")
OUTPUTS = ("vectors", "scores")
LUMINANCES, CHROMAS = 8, 5  # bins of the colour histograms
CHROMA_REACH = 1.6  # of the opponent colours, in units of the normalised picture


class Pool(nn.Module):
    """Statistics (N, STATISTICS) of one window under N masks.

    Takes the encoder's inputs ``image`` (1, 3, S, S), normalised, and ``depth`` (1, 1, S, S) m, 0 = unknown; its
    outputs ``image_embeddings``, ``features_4`` and ``keys_8``; and ``masks`` (N, S/2, S/2) as logits.
    """

    def forward(
        self, image: Tensor, depth: Tensor, image_embeddings: Tensor, features_4: Tensor, keys_8: Tensor, masks: Tensor
    ) -> Tensor:
        chance = torch.sigmoid(masks.clamp(-20.0, 20.0))[:, None]  # (N, 1, 80, 80)
        inside4, inside8 = F.avg_pool2d(chance, 2), F.avg_pool2d(chance, 4)
        around8 = F.relu(F.max_pool2d(inside8, 5, 1, 2) - inside8)
        embeddings = _moments(image_embeddings, inside8)
        fine = _moments(features_4, inside4)
        around, _ = _moments(image_embeddings, around8)
        keys, _ = _moments(keys_8, inside8)
        tall, wide = _slopes(image_embeddings, inside8)
        half = F.avg_pool2d(image, 2)
        colour = _moments(half, chance)
        colour_around, _ = _moments(F.avg_pool2d(image, 8), around8)
        colour_slope, _ = _slopes(half, chance)
        bins, _ = _moments(_histogram(half), chance)
        window = image_embeddings.mean((2, 3)).expand(masks.shape[0], -1)
        maps = (*embeddings, around, window, keys, *fine, tall, wide)
        light = image.mean((2, 3)).expand(masks.shape[0], -1)
        plain = (*colour, colour_around, colour_slope, light, bins, _shape(chance), _distance(depth, chance))
        return torch.cat([*maps, *plain], 1)


class Head(nn.Module):
    """Statistics (N, STATISTICS) -> vectors (N, 64) of unit length and logits (N, kinds + 1), the last for none."""

    def __init__(self, statistics: int, kinds: int, width: int = 320) -> None:
        super().__init__()
        self.enter = nn.Sequential(nn.BatchNorm1d(statistics, affine=False, eps=1e-4), nn.Linear(statistics, width))
        self.inner = nn.Sequential(nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(0.2), nn.Linear(width, width))
        self.vector = nn.Linear(width, VECTOR, bias=False)
        self.kind = nn.Sequential(nn.ReLU(), nn.Dropout(0.2), nn.Linear(width, kinds + 1))

    def forward(self, statistics: Tensor) -> tuple[Tensor, Tensor]:
        entered = self.enter(statistics).clamp(-8.0, 8.0)
        hidden = entered + self.inner(entered)
        return F.normalize(self.vector(hidden), dim=1, eps=1e-4), self.kind(hidden)


class Describer(nn.Module):
    """Both, as exported: vectors (N, 64), and a probability for each kind (N, kinds); what lacks to one is none's."""

    def __init__(self, head: Head, temperature: float) -> None:
        super().__init__()
        self.pool, self.head, self.temperature = Pool(), head, temperature

    def forward(
        self, image: Tensor, depth: Tensor, image_embeddings: Tensor, features_4: Tensor, keys_8: Tensor, masks: Tensor
    ) -> tuple[Tensor, Tensor]:
        vectors, logits = self.head(self.pool(image, depth, image_embeddings, features_4, keys_8, masks))
        return vectors, torch.softmax(logits / self.temperature, 1)[:, :-1]


def _moments(values: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and spread of maps (1, C, h, w) under weights (N, 1, h, w): (N, C) each."""
    flat, share = values.flatten(2)[0].T, _share(weight)  # (hw, C), (N, hw)
    mean = share @ flat
    return mean, (share @ flat.square() - mean.square()).clamp(min=0.0).add(1e-6).sqrt()


def _slopes(values: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """How maps (1, C, h, w) change from the mask's top to its bottom, and from its middle outwards: (N, C) each."""
    flat, share = values.flatten(2)[0].T, _share(weight)
    x, y = _places(weight)  # (hw,)
    slopes = []
    middle_x, middle_y = share @ x, share @ y  # (N,)
    away_x, away_y = x - middle_x[:, None], y - middle_y[:, None]  # (N, hw)
    for along in (away_y, (away_x.square() + away_y.square()).add(1e-8).sqrt()):
        centred = along - (share * along).sum(1, keepdim=True)
        spread = (share * centred.square()).sum(1, keepdim=True).add(1e-6).sqrt()
        slopes.append((share * centred / spread) @ flat)
    return slopes[0], slopes[1]


def _share(weight: Tensor) -> Tensor:
    flat = weight.flatten(1)
    return flat / (flat.sum(1, keepdim=True) + 1e-3)


def _places(weight: Tensor) -> tuple[Tensor, Tensor]:
    """x and y of each place of a square map, -1 to 1: (hw,) each."""
    side = weight.shape[-1]
    along = torch.linspace(-1.0, 1.0, side, dtype=weight.dtype, device=weight.device)
    return along.repeat(side), along.repeat_interleave(side)


def _histogram(image: Tensor) -> Tensor:
    """Which colours each pixel of (1, 3, h, w) has: (1, LUMINANCES + CHROMAS**2, h, w), soft bins."""
    red, green, blue = image[:, 0:1], image[:, 1:2], image[:, 2:3]
    luminance = (red + green + blue) / 3
    light = _hats(luminance, LUMINANCES, 2.0)
    a, b = _hats(red - green, CHROMAS, CHROMA_REACH), _hats((red + green) / 2 - blue, CHROMAS, CHROMA_REACH)
    chroma = (a[:, :, None] * b[:, None]).flatten(1, 2)
    return torch.cat([light, chroma], 1)


def _hats(values: Tensor, bins: int, reach: float) -> Tensor:
    """(1, 1, h, w) -> (1, bins, h, w): the share that each bin, from -reach to reach, has in a value."""
    centres = torch.linspace(-reach, reach, bins, dtype=values.dtype, device=values.device)[None, :, None, None]
    return F.relu(1.0 - (values.clamp(-reach, reach) - centres).abs() * ((bins - 1) / (2 * reach)))


def _shape(chance: Tensor) -> Tensor:
    """Size, place, proportions and compactness of masks (N, 1, h, w): (N, 9)."""
    share, (x, y) = _share(chance), _places(chance)
    flat = chance.flatten(1)
    area = flat.mean(1)
    middle_x, middle_y = share @ x, share @ y
    dx, dy = x - middle_x[:, None], y - middle_y[:, None]
    xx, yy, xy = (share * dx * dx).sum(1), (share * dy * dy).sum(1), (share * dx * dy).sum(1)
    spread = (xx + yy).add(1e-6)
    turn = ((xx - yy) / spread, 2 * xy / spread)
    filled = torch.log((area + 1e-4) / (4 * (xx * yy - xy * xy).clamp(min=0.0).add(1e-8).sqrt() + 1e-4))
    edge = torch.cat([chance[:, 0, 0], chance[:, 0, -1], chance[:, 0, :, 0], chance[:, 0, :, -1]], 1).mean(1)
    firm = flat.square().sum(1) / (flat.sum(1) + 1e-3)
    away = (middle_x.square() + middle_y.square()).add(1e-8).sqrt()
    length = torch.log(turn[0].square().add(turn[1].square()).clamp(max=0.9999).mul(-1).add(1.0))
    return torch.stack([torch.log(area + 1e-4), away, *turn, length, filled, edge, firm, torch.log(spread)], 1)


def _distance(depth: Tensor, chance: Tensor) -> Tensor:
    """How far what lies under masks is, how deep, and how large that makes it: (N, 4), zeros where unknown."""
    size = (MASK_PX, MASK_PX)
    known = F.interpolate((depth > 0).to(depth.dtype), size, mode="nearest")
    logarithm = F.interpolate(torch.log(depth.clamp(min=0.05)), size, mode="nearest") * known
    weight = chance * known
    seen = weight.flatten(1).sum(1)
    any_ = (seen > 4).to(depth.dtype)
    mean = (weight * logarithm).flatten(1).sum(1) / (seen + 1e-3)
    deep = ((weight * logarithm.square()).flatten(1).sum(1) / (seen + 1e-3) - mean.square()).clamp(min=0.0)
    size_m = mean + 0.5 * torch.log(chance.flatten(1).mean(1) + 1e-4)
    return torch.stack([any_, mean * any_, deep.add(1e-6).sqrt() * any_, size_m * any_], 1)
