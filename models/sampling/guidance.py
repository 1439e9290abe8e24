"""Classifier-free guidance as a wrapper round a denoiser.

Both sides are computed in one batch. Guidance acts only in the middle noise levels, where it sharpens what is
asked for without narrowing the variety (Kynkaanniemi et al. 2024). It knows conditions and denoisers only.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from models.api import Condition
from models.sampling.solvers import Denoise

ConditionedDenoise = Callable[[Tensor, Tensor, Condition], Tensor]
"""(noisy ``(B, L, h, w)``, sigma ``(B,)``, condition) to expected clean latents."""


def guided(
    denoise: ConditionedDenoise,
    condition: Condition,
    *,
    weight: float,
    interval: tuple[float, float],
) -> Denoise:
    """A denoiser that asks for ``condition`` with ``weight`` (1 = as trained; above 1 = more typical of it).

    Outside ``interval`` (lowest and highest sigma) and at weight 1 the condition is followed plainly: one evaluation.
    """
    both_sides = condition.followed_by(condition.dropped())
    low, high = interval

    def step(x: Tensor, sigma: float) -> Tensor:
        if weight == 1.0 or not low <= sigma <= high:
            return denoise(x, x.new_full((len(x),), sigma), condition)
        both = denoise(torch.cat([x, x]), x.new_full((2 * len(x),), sigma), both_sides)
        asked, free = both.chunk(2)
        return free + weight * (asked - free)

    return step
