"""Muon: momentum whose update is made orthogonal (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon).

For matrices and, flattened, the kernels of convolutions; it needs fewer steps than AdamW does. The update is scaled as
in Liu et al. 2025 (https://arxiv.org/abs/2502.16982), so that learning rate and weight decay are those of AdamW.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

TURNS = ((4.0848, -6.8946, 2.9270), (3.9505, -6.3029, 2.6377), (3.7418, -5.5913, 2.3037), (2.8769, -3.1427, 1.2046))


class Muon(torch.optim.Optimizer):
    """Parameters of two or more dimensions only."""

    def __init__(self, params: Iterable[Tensor], lr: float, momentum: float = 0.95, weight_decay: float = 0.03) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One update of all parameters that have a gradient."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state: dict[str, Any] = self.state[parameter]
                if not state:
                    state["momentum"] = torch.zeros_like(parameter)
                held: Tensor = state["momentum"]
                held.lerp_(parameter.grad, 1 - group["momentum"])
                ahead = parameter.grad.lerp(held, group["momentum"])
                update = _orthogonal(ahead.flatten(1)).reshape(ahead.shape)
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(update, alpha=-group["lr"] * 0.2 * max(ahead.flatten(1).shape) ** 0.5)


def _orthogonal(matrix: Tensor) -> Tensor:
    """About U V' of matrix = U S V', by a Newton-Schulz iteration in bf16 (coefficients of You Jiacheng)."""
    x = matrix.bfloat16()
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / (x.norm() + 1e-7)
    for a, b, c in TURNS:
        square = x @ x.T
        x = a * x + (b * square + c * (square @ square)) @ x
    return (x.T if tall else x).to(matrix.dtype)
