"""A learned prior over codes: for each class a mixture of Gaussians, and one more for "no condition".

A single Gaussian makes a VAE draw from places where no image lies; a few components per class follow the encoded
images (Tomczak and Welling 2018). It knows codes and labels, not images.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.api import DROPPED


class MixturePrior(nn.Module):
    """p(code | class)."""

    def __init__(self, classes: int, components: int, width: int) -> None:
        super().__init__()
        self.classes = classes
        self.means = nn.Parameter(torch.randn(classes + 1, components, width) * 0.5)
        self.log_stds = nn.Parameter(torch.zeros(classes + 1, components, width))
        self.logits = nn.Parameter(torch.zeros(classes + 1, components))

    def log_density(self, codes: Tensor, labels: Tensor) -> Tensor:
        """``(B,)`` log p(code | class) for codes ``(B, Z)``."""
        row = self._rows(labels)
        spread = self.log_stds[row].clamp(-4.0, 2.0)
        scaled = (codes[:, None] - self.means[row]) * torch.exp(-spread)
        single = (-0.5 * scaled.square() - spread - 0.9189385).sum(dim=2)
        return torch.logsumexp(single + self.logits[row].log_softmax(dim=1), dim=1)

    def place(self, labels: Tensor, uniform: Tensor, normal: Tensor) -> Tensor:
        """Turn noise into codes: ``uniform`` ``(B,)`` picks the component, ``normal`` ``(B, Z)`` the place in it."""
        row = self._rows(labels)
        heaps = self.logits[row].softmax(dim=1).cumsum(dim=1)
        chosen = (uniform[:, None] > heaps).sum(dim=1).clamp(max=heaps.shape[1] - 1)
        return self.means[row, chosen] + torch.exp(self.log_stds[row, chosen].clamp(-4.0, 2.0)) * normal

    def _rows(self, labels: Tensor) -> Tensor:
        return torch.where(labels == DROPPED, torch.full_like(labels, self.classes), labels)
