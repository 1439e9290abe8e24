"""A learned prior over codes: a mixture of Gaussians that moves with the condition.

A single Gaussian makes a VAE draw from places where no image lies; a few components follow the encoded images
(Tomczak and Welling 2018). All conditions share the components and bend them: a condition seen ten times starts where
all images lie and moves no farther than its images ask for. It knows codes and conditions, not images.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.api import Attribute, Condition
from models.nets.conditioning import ConditionEmbedding

LOG_STDS = (-4.0, 2.0)
"""Narrowest and widest component, as natural logarithms of its deviation."""


@dataclass(frozen=True, slots=True)
class _Mixture:
    """What the prior is for each sample: means and log-deviations ``(B, K, Z)``, log-weights ``(B, K)``."""

    means: Tensor
    log_stds: Tensor
    log_weights: Tensor


class MixturePrior(nn.Module):
    """p(code | condition), for ``told`` classes and attributes, with ``components`` Gaussians of ``width``."""

    def __init__(self, told: tuple[int, Sequence[Attribute]], components: int, width: int) -> None:
        super().__init__()
        self.components, self.width = components, width
        self.means = nn.Parameter(torch.randn(components, width) * 0.5)
        self.condition = ConditionEmbedding(*told, width)
        last = nn.Linear(2 * width, self._numbers)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.bend = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), last)

    def log_density(self, codes: Tensor, condition: Condition) -> Tensor:
        """``(B,)`` log p(code | condition) for codes ``(B, Z)``."""
        mixture = self._mixture(condition)
        scaled = (codes.float()[:, None] - mixture.means) * torch.exp(-mixture.log_stds)
        single = (-0.5 * scaled.square() - mixture.log_stds - 0.5 * math.log(2 * math.pi)).sum(dim=2)
        return torch.logsumexp(single + mixture.log_weights, dim=1)

    def place(self, condition: Condition, uniform: Tensor, normal: Tensor) -> Tensor:
        """Turn noise into codes: ``uniform`` ``(B,)`` picks the component, ``normal`` ``(B, Z)`` the place in it."""
        mixture = self._mixture(condition)
        heaps = mixture.log_weights.exp().cumsum(dim=1)
        chosen = (uniform[:, None] > heaps).sum(dim=1).clamp(max=self.components - 1)
        row = torch.arange(len(chosen), device=chosen.device)
        return mixture.means[row, chosen] + torch.exp(mixture.log_stds[row, chosen]) * normal

    @property
    def _numbers(self) -> int:
        return self.components * (2 * self.width + 1)

    def _mixture(self, condition: Condition) -> _Mixture:
        bent = self.bend(self.condition(condition)).float()
        shape = (-1, self.components, self.width)
        half = self.components * self.width
        return _Mixture(
            self.means + bent[:, :half].view(shape),
            bent[:, half : 2 * half].view(shape).clamp(*LOG_STDS),
            bent[:, 2 * half :].log_softmax(dim=1),
        )
