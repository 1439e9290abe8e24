"""Layers and residual blocks of generator and critic.

Weights are stored with unit variance and scaled where they are used, so that a step of the optimiser changes every
layer by the same share and one learning rate suits any width (Karras et al. 2018, section 4.1). The last layer of
each branch begins at zero, so that a new network is a short chain of resamplings and every block enters when it is
useful (Zhang et al. 2019, "Fixup initialization"). They know feature maps only.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE = 0.2
"""Of the leaky rectifier below zero."""
GAIN = 1.3
"""Keeps the variance through a leaky rectifier; a little below sqrt(2), as branches add up."""


class Linear(nn.Linear):
    """A linear layer of equalised rate, ``rate`` times that of the others."""

    def __init__(self, inside: int, outside: int, *, rate: float = 1.0) -> None:
        super().__init__(inside, outside)
        nn.init.normal_(self.weight, std=1.0 / rate)
        nn.init.zeros_(self.bias)
        self.scale, self.rate = rate * GAIN * inside**-0.5, rate

    def forward(self, vectors: Tensor) -> Tensor:
        """``(B, inside)`` to ``(B, outside)``."""
        return functional.linear(vectors, self.weight * self.scale, self.bias * self.rate)


class Conv(nn.Conv2d):
    """A convolution of equalised rate that keeps height and width; ``spread`` of 0 lets it begin silent."""

    def __init__(self, inside: int, outside: int, side: int = 3, *, spread: float = 1.0) -> None:
        super().__init__(inside, outside, side, padding=side // 2)
        nn.init.normal_(self.weight, std=spread)
        nn.init.zeros_(self.bias)  # type: ignore[arg-type]
        self.scale = GAIN * (inside * side * side) ** -0.5

    def forward(self, maps: Tensor) -> Tensor:
        """``(B, inside, h, w)`` to ``(B, outside, h, w)``."""
        return functional.conv2d(maps, self.weight * self.scale, self.bias, padding=self.padding)


def _skip(inside: int, outside: int) -> nn.Module:
    return Conv(inside, outside, 1) if inside != outside else nn.Identity()


class StyledBlock(nn.Module):
    """Two convolutions, each after a normalisation whose scale and shift a style vector sets.

    Group normalisation, as an image must not depend on the batch that it is drawn in.
    """

    def __init__(self, inside: int, outside: int, style: int, groups: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.GroupNorm(groups, width, affine=False) for width in (inside, outside))
        self.style = Linear(style, 2 * (inside + outside))
        self.first = Conv(inside, outside)
        self.second = Conv(outside, outside, spread=0.0)
        self.skip = _skip(inside, outside)
        self.split = [inside, inside, outside, outside]

    def forward(self, maps: Tensor, style: Tensor) -> Tensor:
        """``(B, inside, h, w)`` and ``(B, style)`` to ``(B, outside, h, w)``."""
        told = self.style(style)[:, :, None, None].split(self.split, dim=1)
        hidden = self.first(_styled(self.norms[0](maps), told[0], told[1]))
        hidden = self.second(_styled(self.norms[1](hidden), told[2], told[3]))
        total: Tensor = self.skip(maps) + hidden
        return total


def _styled(maps: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    return functional.leaky_relu(torch.addcmul(maps + shift, maps, scale), SLOPE)


class PlainBlock(nn.Module):
    """Two convolutions without normalisation, which would hide from a critic how bright or busy an image is."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.first = Conv(inside, inside)
        self.second = Conv(inside, outside, spread=0.0)
        self.skip = _skip(inside, outside)

    def forward(self, maps: Tensor) -> Tensor:
        """``(B, inside, h, w)`` to ``(B, outside, h, w)``."""
        hidden = self.first(functional.leaky_relu(maps, SLOPE))
        hidden = self.second(functional.leaky_relu(hidden, SLOPE))
        total: Tensor = self.skip(maps) + hidden
        return total
