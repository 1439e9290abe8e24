"""Guidance as a wrapper round a denoiser: away from what is less wanted, towards what is more.

The other side is the same network without the condition (classifier-free guidance, Ho and Salimans 2022) or a
weaker network with the same condition (autoguidance, Karras et al. 2024). Guidance acts only in the middle noise
levels, where it sharpens what is asked for without narrowing the variety (Kynkaanniemi et al. 2024). It knows
conditions and denoisers only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from models.api import Condition
from models.sampling.solvers import Denoise

ConditionedDenoise = Callable[[Tensor, Tensor, Condition], Tensor]
"""(noisy ``(B, L, h, w)``, sigma ``(B,)``, condition) to expected clean latents."""


@dataclass(frozen=True, slots=True)
class Guidance:
    """How strongly, and on which noise levels.

    Attributes:
        weight: 1 follows the condition plainly; above 1 the samples are more typical of it.
        interval: lowest and highest noise level on which it acts; outside it one plain evaluation is enough.
    """

    weight: float
    interval: tuple[float, float]

    def acts(self, sigma: float) -> bool:
        """Whether there is anything to compare at ``sigma``."""
        low, high = self.interval
        return self.weight != 1.0 and low <= sigma <= high

    def evaluations(self, sigmas: tuple[float, ...]) -> int:
        """Network evaluations of one image when each of ``sigmas`` but the closing 0 is visited once."""
        return sum(2 if self.acts(sigma) else 1 for sigma in sigmas if sigma > 0)


def guided(
    denoise: ConditionedDenoise,
    condition: Condition,
    guidance: Guidance,
    *,
    weaker: ConditionedDenoise | None = None,
) -> Denoise:
    """A denoiser that asks for ``condition``.

    Both sides are computed in one batch, or one after the other where ``weaker`` is a network of its own.
    """
    both_sides = condition.followed_by(condition.dropped())

    def sides(x: Tensor, sigma: float) -> tuple[Tensor, Tensor]:
        if weaker is not None:
            level = x.new_full((len(x),), sigma)
            return denoise(x, level, condition), weaker(x, level, condition)
        both = denoise(torch.cat([x, x]), x.new_full((2 * len(x),), sigma), both_sides)
        asked, free = both.chunk(2)
        return asked, free

    def step(x: Tensor, sigma: float) -> Tensor:
        if not guidance.acts(sigma):
            return denoise(x, x.new_full((len(x),), sigma), condition)
        asked, other = sides(x, sigma)
        return other + guidance.weight * (asked - other)

    return step
