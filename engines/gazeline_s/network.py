"""The network of gazeline-s: an encoder that runs once per window and a promptable decoder.

Encoder: convolutions down to stride 8 and attention at stride 16 (100 tokens in a 160 px window). Decoder: the prompt
is drawn as maps (clicks, box, earlier mask) and compared with the features under the click; convolutions at stride 8
and attention at stride 16 decide what belongs to it, features of stride 4 give the border, drawn at stride 2. The
inputs and outputs are those of segment-anything's decoder (https://github.com/facebookresearch/segment-anything), for
several prompts at once, with more than one feature map. The three masks are no interchangeable guesses: they are, in
this order, the part, the object and the group at the prompt; ``iou_predictions`` is the expected IoU of each with the
object.

Nearly all arithmetic is dense convolution or matrix product on few, coarse maps: on a processor, what passes over fine
maps (normalising, adding, interpolating) takes most of the time of training, not the products.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WINDOW_PX = 160
MASK_PX = WINDOW_PX // 2
KEY = 8  # channels of one group of keys
SLOTS = ("part", "object", "group")
RESERVE = (0.1, 0.0, 0.1)  # people mostly mean the object: another slot is to be taken only if it is that much better


def _conv(inside: int, outside: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outside), nn.ReLU(True)
    )


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _conv(width, width)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(self.first(x)))


class _Finer(nn.Module):
    """Twice the resolution: every place gives the channels of the four that it is divided into."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.spread = nn.Conv2d(inside, 4 * outside, 1)

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(self.spread(x), 2)


class _Attention(nn.Module):
    """A pre-norm transformer block over all positions of a feature map."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.ReLU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:  # (B, T, C)
        b, t, c = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(b, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        mixed = torch.softmax(q @ k.transpose(-1, -2) * (c // self.heads) ** -0.5, -1) @ v
        x = x + self.out(mixed.transpose(1, 2).reshape(b, t, c))
        return x + self.mlp(self.norm2(x))


class Encoder(nn.Module):
    """image (B, 3, S, S), normalised, and depth (B, 1, S, S) m, 0 = unknown -> what a decoder needs, by name.

    ``image_embeddings`` (B, 96, S/8, S/8), ``features_4`` (B, 32, S/4, S/4), ``keys_8`` (B, 64, S/8, S/8) and
    ``keys_4`` (B, 32, S/4, S/4): what two places are compared by. S is WINDOW_PX, or smaller while training.
    """

    outputs = ("image_embeddings", "features_4", "keys_8", "keys_4")

    def __init__(self, blocks: int = 6) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 48, 7, 4, 3, bias=False)
        self.stem_depth = nn.Conv2d(6, 48, 4, 4, bias=False)
        self.stage4 = nn.Sequential(nn.BatchNorm2d(48), nn.ReLU(True), _Residual(48))
        self.stage8 = nn.Sequential(_conv(48, 96, 2), _Residual(96))
        self.stage16 = nn.Conv2d(96, 192, 3, 2, 1)
        self.position = nn.Parameter(0.02 * torch.randn(1, (WINDOW_PX // 16) ** 2, 192))
        self.attention = nn.Sequential(*[_Attention(192, 4) for _ in range(blocks)])
        self.norm16 = nn.LayerNorm(192)
        self.finer16 = _Finer(192, 96)
        self.fuse8 = _Residual(96)
        self.finer8 = _Finer(96, 48)
        self.fuse4 = _conv(48, 48)
        self.to8, self.to4 = nn.Conv2d(96, 96, 1), nn.Conv2d(48, 32, 1)
        self.key8, self.key4 = nn.Conv2d(96, 64, 1), nn.Conv2d(48, 32, 1)

    def forward(self, image: Tensor, depth: Tensor) -> tuple[Tensor, ...]:
        f4 = self.stage4(self.stem(image) + self.stem_depth(_relief(depth)))
        f8 = self.stage8(f4)
        f16 = self.stage16(f8)
        tokens = self.norm16(self.attention(f16.flatten(2).transpose(1, 2) + _places(self.position, f16.shape[-1])))
        e8 = self.fuse8(f8 + self.finer16(tokens.transpose(1, 2).reshape(f16.shape)))
        e4 = self.fuse4(f4 + self.finer8(e8))
        return self.to8(e8), self.to4(e4), _unit(self.key8(e8)), _unit(self.key4(e4))


def _relief(depth: Tensor) -> Tensor:
    """Depth (B, 1, S, S) in metres as six maps (B, 6, S, S): known or not, and how far behind the gazed place.

    The logarithm of the ratio to the depth in the middle, coarsely, and as sines and cosines that turn once in 1.7 and
    once in 1.15 times the distance: fine steps show everywhere, without a scale that would fit only one distance.
    """
    known = (depth > 0).to(depth.dtype)
    third = depth.shape[-1] // 3
    middle = (slice(None), slice(None), slice(third, -third), slice(third, -third))
    logarithm = torch.log(depth.clamp(min=0.05))
    home = (logarithm * known)[middle].sum((2, 3), True) / known[middle].sum((2, 3), True).clamp(min=1)
    away = (logarithm - home) * known
    turns = [away.clamp(-1, 1), torch.sin(12 * away), torch.cos(12 * away) * known]
    return torch.cat([known, *turns, torch.sin(45 * away), torch.cos(45 * away) * known], 1)


def _unit(keys: Tensor) -> Tensor:
    """Every group of KEY channels scaled to length one."""
    b, c, h, w = keys.shape
    return F.normalize(keys.reshape(b, c // KEY, KEY, h, w), dim=2, eps=1e-4).reshape(b, c, h, w)


class Decoder(nn.Module):
    """Prompts on windows -> masks (N, 3, S/2, S/2) as logits and their expected IoU (N, 3).

    Takes what `Encoder` gives for B windows, and N / B prompts for each, one window's after another's:
    ``point_coords`` (N, P, 2) in window pixels, ``point_labels`` (N, P): 1 this, 0 not this, 2 and 3 the corners of a
    box, -1 padding; ``mask_input`` (N, 1, S/2, S/2) logits, used where ``has_mask_input`` (N,) is 1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.enter8 = nn.Conv2d(2 * 8 + 5, 96, 1)
        self.asked8 = nn.Linear(2 * 64, 96)
        self.local8 = _conv(96, 96)
        self.token = nn.Conv2d(96, 128, 2, 2)
        self.position = nn.Parameter(0.02 * torch.randn(1, (WINDOW_PX // 16) ** 2, 128))
        self.attention = nn.Sequential(_Attention(128, 4), _Attention(128, 4))
        self.norm = nn.LayerNorm(128)
        self.finer16 = _Finer(128, 96)
        self.after8 = _conv(96, 96)
        self.enter4 = nn.Conv2d(4 + 2, 32, 1)
        self.finer8 = _Finer(96, 32)
        self.local4 = _conv(32, 32)
        self.draw = nn.Conv2d(32, 4 * len(SLOTS), 3, 1, 1)
        self.judge = nn.Sequential(nn.Linear(96 * 3 + 3, 128), nn.ReLU(), nn.Linear(128, 1))

    def forward(
        self,
        image_embeddings: Tensor,
        features_4: Tensor,
        keys_8: Tensor,
        keys_4: Tensor,
        point_coords: Tensor,
        point_labels: Tensor,
        mask_input: Tensor,
        has_mask_input: Tensor,
    ) -> tuple[Tensor, Tensor]:
        n = point_coords.shape[0]
        maps8, focus8 = _prompt_maps(point_coords, point_labels, image_embeddings.shape[-1], 8, 1.2)
        maps4, focus4 = _prompt_maps(point_coords, point_labels, features_4.shape[-1], 4, 1.0)
        given = has_mask_input.reshape(n, 1, 1, 1)
        earlier8 = F.avg_pool2d(torch.tanh(mask_input / 4), 4) * given
        like8, asked = _likeness(keys_8, focus8)
        like4, _ = _likeness(keys_4, focus4[:, :1])

        prompt8 = self.enter8(torch.cat([like8, maps8, earlier8, given.expand(earlier8.shape)], 1))
        prompt8 = prompt8 + self.asked8(asked).reshape(n, 96, 1, 1)
        x8 = self.local8(F.relu(_with(image_embeddings, prompt8)))
        tokens = self.token(x8)
        shape = tokens.shape
        tokens = tokens.flatten(2).transpose(1, 2) + _places(self.position, shape[-1])
        tokens = self.norm(self.attention(tokens))
        x8 = self.after8(x8 + self.finer16(tokens.transpose(1, 2).reshape(shape)))

        prompt4 = self.enter4(torch.cat([like4, maps4[:, :2]], 1)) + self.finer8(x8)
        x4 = self.local4(F.relu(_with(features_4, prompt4)))
        masks = F.pixel_shuffle(self.draw(x4), 2)
        expected = self._judged(masks.detach(), x8)
        return masks, expected if self.training else F.relu(expected - expected.new_tensor(RESERVE))

    def _judged(self, masks: Tensor, x8: Tensor) -> Tensor:
        """Expected IoU from what lies inside and around each mask and from how sure the mask is of itself."""
        n, k = masks.shape[:2]
        chance = torch.sigmoid(masks)
        inside = F.avg_pool2d(chance, 4).flatten(2)  # (N, K, 576)
        values = x8.flatten(2).transpose(1, 2)  # (N, 576, C)
        within = (inside @ values) / (inside.sum(-1, keepdim=True) + 1e-3)
        edge = inside * (1 - inside)
        around = (edge @ values) / (edge.sum(-1, keepdim=True) + 1e-3)
        whole = values.mean(1, keepdim=True).expand(-1, k, -1)
        flat = chance.flatten(2)
        area = flat.mean(-1, keepdim=True)
        sure = (flat - 0.5).abs().mean(-1, keepdim=True)
        firm = (flat * flat).sum(-1, keepdim=True) / (flat.sum(-1, keepdim=True) + 1e-3)
        seen = torch.cat([within, around, whole, area, sure, firm], -1)
        return torch.sigmoid(self.judge(seen)).reshape(n, k)


def _places(position: Tensor, side: int) -> Tensor:
    """What tells places apart, (1, T, C), for a map of ``side`` x ``side``: training may use smaller windows."""
    full = WINDOW_PX // 16
    if side == full:
        return position
    grid = position.transpose(1, 2).reshape(1, -1, full, full)
    return F.interpolate(grid, (side, side), mode="bilinear").flatten(2).transpose(1, 2)


def _with(features: Tensor, prompts: Tensor) -> Tensor:
    """The features of B windows (B, C, h, w) added to those of their prompts (N, C, h, w)."""
    b, c, h, w = features.shape
    return (features[:, None] + prompts.reshape(b, -1, c, h, w)).reshape(-1, c, h, w)


def _prompt_maps(coords: Tensor, labels: Tensor, side: int, stride: int, sigma: float) -> tuple[Tensor, Tensor]:
    """Maps (N, 3, side, side): clicks for, clicks against, box; and weights (N, 2, side * side) to pool under them."""
    cells = (coords + 0.5) / stride - 0.5  # (N, P, 2)
    grid = torch.arange(side, dtype=coords.dtype, device=coords.device)
    dx = grid - cells[..., 0, None]  # (N, P, side)
    dy = grid - cells[..., 1, None]
    spread = -1 / (2 * sigma * sigma)
    bell = torch.exp(dy * dy * spread)[..., :, None] * torch.exp(dx * dx * spread)[..., None, :]
    pro, con, start, end = ((labels == value).to(coords.dtype)[..., None, None] for value in (1.0, 0.0, 2.0, 3.0))
    right, below = torch.sigmoid(3 * dx)[..., None, :], torch.sigmoid(3 * dy)[..., :, None]
    beyond_start = (below * right * start).sum(1)
    before_end = ((1 - below) * (1 - right) * end).sum(1)
    for_, against, box = (bell * pro).amax(1), (bell * con).amax(1), beyond_start * before_end
    # A box without a click asks for what is like its inside.
    focus = torch.stack([for_ + 0.02 * box, against], 1).flatten(2)
    return torch.stack([for_, against, box], 1), focus


def _likeness(keys: Tensor, focus: Tensor) -> tuple[Tensor, Tensor]:
    """How like what is under the prompt each place is, per group of keys: (N, F * groups, h, w); and what is there."""
    b, c, h, w = keys.shape
    n, kinds, _ = focus.shape
    flat = keys.flatten(2)  # (B, C, hw)
    weights = focus / (focus.sum(-1, keepdim=True) + 1e-4)
    asked = weights.reshape(b, -1, h * w) @ flat.transpose(1, 2)  # (B, N / B * F, C)
    target = F.normalize(asked.reshape(b, -1, c // KEY, KEY), dim=-1, eps=1e-4).transpose(
        1, 2
    )  # (B, G, N / B * F, KEY)
    like = target @ flat.reshape(b, c // KEY, KEY, h * w)  # (B, G, N / B * F, hw)
    like = like.reshape(b, c // KEY, n // b, kinds, h, w).permute(0, 2, 3, 1, 4, 5)
    return like.reshape(n, kinds * c // KEY, h, w), asked.reshape(n, kinds * c)


class GazelineS(nn.Module):
    """Encoder and decoder together, for training: every window with its own prompts."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()

    def forward(
        self, image: Tensor, depth: Tensor, coords: Tensor, labels: Tensor, mask: Tensor, has: Tensor
    ) -> tuple[Tensor, Tensor]:
        """image (B, 3, S, S), depth (B, 1, S, S), coords (B, Q, P, 2), labels (B, Q, P), mask (B, Q, 1, M, M),
        has (B, Q) -> the masks and expected IoU of all B * Q prompts, as `Decoder` gives them."""
        features = self.encoder(image, depth)
        masks, iou = self.decoder(*features, *(t.flatten(0, 1) for t in (coords, labels, mask, has)))
        return masks, iou
