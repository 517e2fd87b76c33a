"""The network of gazeline-s: an encoder that runs once per window and a promptable decoder.

Encoder: a small convolutional pyramid with global attention at stride 16 (144 tokens in a 192 px window). Decoder: the
prompt is drawn as maps (clicks, box, earlier mask) and compared with the features under the click; convolutions and
attention at strides 8 and 16 decide what belongs to it, finer features from strides 4 and 2 give the border. The inputs
and outputs are those of segment-anything's decoder (https://github.com/facebookresearch/segment-anything), for
several prompts at once, with more than one feature map. The three masks are no interchangeable guesses: they are, in
this order, the part, the object and the group at the prompt; ``iou_predictions`` is the expected IoU of each with the
object.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WINDOW_PX = 192
MASK_PX = 96
KEY = 8  # channels of one group of keys
SLOTS = ("part", "object", "group")


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


class _Attention(nn.Module):
    """A pre-norm transformer block over all positions of a feature map."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width))

    def forward(self, x: Tensor) -> Tensor:  # (B, T, C)
        b, t, c = x.shape
        qkv = self.qkv(self.norm1(x)).reshape(b, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        mixed = torch.softmax(q @ k.transpose(-1, -2) * (c // self.heads) ** -0.5, -1) @ v
        x = x + self.out(mixed.transpose(1, 2).reshape(b, t, c))
        return x + self.mlp(self.norm2(x))


class Encoder(nn.Module):
    """image (B, 3, 192, 192), normalised -> what a decoder needs of it, by name.

    ``image_embeddings`` (B, 96, 24, 24), ``features_4`` (B, 32, 48, 48), ``features_2`` (B, 16, 96, 96), and
    ``keys_8`` (B, 64, 24, 24), ``keys_4`` (B, 32, 48, 48): what two places are compared by.
    """

    outputs = ("image_embeddings", "features_4", "features_2", "keys_8", "keys_4")

    def __init__(self, attention_blocks: int = 4) -> None:
        super().__init__()
        self.stem2 = nn.Sequential(_conv(3, 24, 2), _conv(24, 24))
        self.stage4 = nn.Sequential(_conv(24, 48, 2), _Residual(48))
        self.stage8 = nn.Sequential(_conv(48, 96, 2), _Residual(96), _Residual(96))
        self.stage16 = nn.Sequential(_conv(96, 192, 2), _Residual(192))
        self.position = nn.Parameter(torch.zeros(1, (WINDOW_PX // 16) ** 2, 192))
        self.attention = nn.ModuleList([_Attention(192, 6) for _ in range(attention_blocks)])
        self.down16 = nn.Conv2d(192, 96, 1)
        self.fuse8 = _Residual(96)
        self.down8 = nn.Conv2d(96, 48, 1)
        self.fuse4 = _Residual(48)
        self.down4 = nn.Conv2d(48, 16, 1)
        self.side2 = nn.Conv2d(24, 16, 1)
        self.to8, self.to4 = nn.Conv2d(96, 96, 1), nn.Conv2d(48, 32, 1)
        self.key8, self.key4 = nn.Conv2d(96, 64, 1), nn.Conv2d(48, 32, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        f2 = self.stem2(image)
        f4 = self.stage4(f2)
        f8 = self.stage8(f4)
        f16 = self.stage16(f8)
        tokens = f16.flatten(2).transpose(1, 2) + self.position
        for block in self.attention:
            tokens = block(tokens)
        f16 = f16 + tokens.transpose(1, 2).reshape(f16.shape)
        e8 = self.fuse8(f8 + _up(self.down16(f16)))
        e4 = self.fuse4(f4 + _up(self.down8(e8)))
        e2 = self.side2(f2) + _up(self.down4(e4))
        return self.to8(e8), self.to4(e4), e2, _unit(self.key8(e8)), _unit(self.key4(e4))


def _up(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def _unit(keys: Tensor) -> Tensor:
    """Every group of KEY channels scaled to length one."""
    b, c, h, w = keys.shape
    return F.normalize(keys.reshape(b, c // KEY, KEY, h, w), dim=2, eps=1e-4).reshape(b, c, h, w)


class Decoder(nn.Module):
    """Prompts on one window -> masks (N, 3, 96, 96) as logits and their expected IoU (N, 3).

    Takes what `Encoder` gives (for one window, or one for every prompt); ``point_coords`` (N, P, 2) in window pixels,
    ``point_labels`` (N, P): 1 this, 0 not this, 2 and 3 the corners of a box, -1 padding; ``mask_input``
    (N, 1, 96, 96) logits, used where ``has_mask_input`` (N,) is 1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.enter8 = nn.Conv2d(2 * 8 + 5, 96, 1)
        self.asked8 = nn.Linear(2 * 64, 96)
        self.local8 = _Residual(96)
        self.token = nn.Conv2d(96, 96, 2, 2)
        self.position = nn.Parameter(torch.zeros(1, (WINDOW_PX // 16) ** 2, 96))
        self.attention = nn.ModuleList([_Attention(96, 4), _Attention(96, 4)])
        self.after8 = _Residual(96)
        self.enter4 = nn.Conv2d(4 + 2, 32, 1)
        self.narrow8 = nn.Conv2d(96, 32, 1)
        self.local4 = _Residual(32)
        self.narrow4 = nn.Conv2d(32, 16, 1)
        self.local2 = nn.Sequential(
            nn.ReLU(), nn.Conv2d(16, 16, 3, 1, 1), nn.ReLU(), nn.Conv2d(16, len(SLOTS), 3, 1, 1)
        )
        self.coarse = nn.Conv2d(96, len(SLOTS), 1)
        self.judge = nn.Sequential(nn.Linear(96 * 3 + 3, 128), nn.ReLU(), nn.Linear(128, 1))

    def forward(
        self,
        image_embeddings: Tensor,
        features_4: Tensor,
        features_2: Tensor,
        keys_8: Tensor,
        keys_4: Tensor,
        point_coords: Tensor,
        point_labels: Tensor,
        mask_input: Tensor,
        has_mask_input: Tensor,
    ) -> tuple[Tensor, Tensor]:
        n = point_coords.shape[0]
        maps8, focus8 = _prompt_maps(point_coords, point_labels, WINDOW_PX // 8, 1.2)
        maps4, focus4 = _prompt_maps(point_coords, point_labels, WINDOW_PX // 4, 1.0)
        given = has_mask_input.reshape(n, 1, 1, 1)
        earlier8 = F.avg_pool2d(torch.tanh(mask_input / 4), 4) * given
        like8, asked = _likeness(keys_8, focus8)
        like4, _ = _likeness(keys_4, focus4[:, :1])

        prompt8 = self.enter8(torch.cat([like8, maps8, earlier8, given.expand(earlier8.shape)], 1))
        x8 = self.local8(F.relu(image_embeddings + prompt8 + self.asked8(asked).reshape(n, 96, 1, 1)))
        tokens = self.token(x8)
        side = tokens.shape[-1]
        tokens = tokens.flatten(2).transpose(1, 2) + self.position
        for block in self.attention:
            tokens = block(tokens)
        x8 = self.after8(x8 + _up(tokens.transpose(1, 2).reshape(n, 96, side, side)))

        prompt4 = self.enter4(torch.cat([like4, maps4[:, :2]], 1))
        x4 = self.local4(F.relu(features_4 + prompt4 + _up(self.narrow8(x8))))
        masks = self.local2(features_2 + _up(self.narrow4(x4)))
        masks = masks + F.interpolate(self.coarse(x8), scale_factor=4.0, mode="bilinear", align_corners=False)
        return masks, self._judged(masks, x8)

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


def _prompt_maps(coords: Tensor, labels: Tensor, side: int, sigma: float) -> tuple[Tensor, Tensor]:
    """Maps (N, 3, side, side): clicks for, clicks against, box; and weights (N, 2, side * side) to pool under them."""
    cells = (coords + 0.5) * (side / WINDOW_PX) - 0.5  # (N, P, 2)
    grid = torch.arange(side, dtype=coords.dtype, device=coords.device)
    dx = grid.reshape(1, 1, 1, side) - cells[..., 0, None, None]
    dy = grid.reshape(1, 1, side, 1) - cells[..., 1, None, None]
    bell = torch.exp(-(dx * dx + dy * dy) / (2 * sigma * sigma))  # (N, P, side, side)
    pro, con, start, end = ((labels == value).to(coords.dtype)[..., None, None] for value in (1.0, 0.0, 2.0, 3.0))
    beyond_start = (torch.sigmoid(3 * dx) * torch.sigmoid(3 * dy) * start).sum(1)
    before_end = (torch.sigmoid(-3 * dx) * torch.sigmoid(-3 * dy) * end).sum(1)
    for_, against, box = (bell * pro).amax(1), (bell * con).amax(1), beyond_start * before_end
    # A box without a click asks for what is like its inside.
    focus = torch.stack([for_ + 0.02 * box, against], 1).flatten(2)
    return torch.stack([for_, against, box], 1), focus


def _likeness(keys: Tensor, focus: Tensor) -> tuple[Tensor, Tensor]:
    """How like what is under the prompt each place is, per group of keys: (N, F * groups, h, w); and what is there."""
    b, c, h, w = keys.shape
    n, kinds, _ = focus.shape
    flat = keys.flatten(2)  # (1 or N, C, hw)
    weights = focus / (focus.sum(-1, keepdim=True) + 1e-4)
    asked = weights @ flat.transpose(1, 2).expand(n, -1, -1)  # (N, F, C)
    target = F.normalize(asked.reshape(n, kinds, c // KEY, KEY), dim=-1, eps=1e-4).permute(0, 2, 1, 3)  # (N, G, F, KEY)
    like = target @ flat.reshape(b, c // KEY, KEY, h * w)  # (N, G, F, hw)
    return like.reshape(n, kinds * c // KEY, h, w), asked.flatten(1)


class GazelineS(nn.Module):
    """Encoder and decoder together, for training: every window with its own prompts."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()

    def forward(
        self, image: Tensor, coords: Tensor, labels: Tensor, mask: Tensor, has: Tensor
    ) -> tuple[Tensor, Tensor]:
        """image (B, 3, S, S), coords (B, Q, P, 2), labels (B, Q, P), mask (B, Q, 1, M, M), has (B, Q) -> B*Q masks."""
        features = [f.repeat_interleave(coords.shape[1], 0) for f in self.encoder(image)]
        masks, iou = self.decoder(*features, *(t.flatten(0, 1) for t in (coords, labels, mask, has)))
        return masks, iou
