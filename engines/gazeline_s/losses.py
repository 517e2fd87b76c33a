"""What training minimises: three masks that fit and an honest guess of how well each fits the object."""

import torch
import torch.nn.functional as F
from torch import Tensor

from gazeline.engines.gazeline_s.network import SLOTS

OBJECT = SLOTS.index("object")  # the slot of the thing as people name it
SLOT_SHARE = (0.5, 1.0, 0.3)


def loss(
    masks: Tensor, iou: Tensor, target: Tensor, weight: Tensor, levels: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """Logits (N, 3, M, M), expected IoU (N, 3), target (N, 3, M, M) in 0..1, weight (N, M, M): frame area per pixel,
    levels (N,): 1 where part and group are known, 0 where only the object is.

    Per slot binary cross-entropy and dice (Milletari et al. 2016), the latter once over the window and once weighted
    by frame area; plus the squared error of the expected IoU with the object. Also returns what is worth a curve.
    """
    share = masks.new_tensor(SLOT_SHARE) * torch.ones_like(iou)
    share[:, [k for k in range(len(SLOTS)) if k != OBJECT]] *= levels[:, None]
    entropy = F.binary_cross_entropy_with_logits(masks, target, reduction="none").mean((2, 3))
    chance = torch.sigmoid(masks)
    area = weight[:, None]
    per_slot = 4 * entropy + 0.5 * _dice(chance, target, torch.ones_like(area)) + _dice(chance, target, area)
    with torch.no_grad():
        true_iou = weighted_iou(masks > 0, target[:, OBJECT : OBJECT + 1] > 0.5, area)
    judged = (iou - true_iou).square()
    total = (per_slot * share).sum(1).mean() + 2 * judged.sum(1).mean()
    best = true_iou.gather(1, iou.argmax(1, keepdim=True))
    curves = {"iou_object": true_iou[:, OBJECT], "iou_chosen": best, "iou_best": true_iou.amax(1), "judged": judged}
    return total, {name: value.mean().detach() for name, value in curves.items()}


def _dice(chance: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    overlap = (chance * target * weight).sum((2, 3))
    total = ((chance + target) * weight).sum((2, 3))
    return 1 - (2 * overlap + 1) / (total + 1)


def weighted_iou(mask: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """IoU of boolean masks (.., M, M) where each pixel counts for its frame area."""
    both = ((mask & target) * weight).sum((-2, -1))
    either = ((mask | target) * weight).sum((-2, -1))
    return both / either.clamp(min=1e-6)
