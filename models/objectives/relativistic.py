"""The adversarial objective: real and generated images judged in pairs, with penalties on both sides.

A critic that only has to rank one real image above one generated image leaves no stable way to drop a mode, and
zero-centred gradient penalties on both sides make the game converge locally (Huang et al. 2024, "The GAN is dead;
long live the GAN!", equations 2 and 4). It knows scores and a critic as a function, not images or conditions.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

Scores = Callable[[Tensor], Tensor]
"""``(B, ...)`` inputs to ``(B,)`` scores, each of its own input alone."""


def ranking_loss(above: Tensor, below: Tensor) -> Tensor:
    """``softplus(below - above)``, averaged over pairs of scores ``(B,)``: small where ``above`` is the higher.

    The critic descends it with real scores above, the generator with generated scores above.
    """
    return functional.softplus(below.float() - above.float()).mean()


def gradient_penalty(critic: Scores, inputs: Tensor) -> Tensor:
    """Mean squared length of the critic's gradient at ``inputs``: R1 at real ones, R2 at generated ones.

    It is computed in float32 whatever surrounds it, because a derivative of a derivative does not survive bfloat16.
    """
    with torch.autocast(inputs.device.type, enabled=False), torch.enable_grad():
        points = inputs.detach().float().requires_grad_()
        (slope,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
        return slope.square().flatten(1).sum(dim=1).mean()
