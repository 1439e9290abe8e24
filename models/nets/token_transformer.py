"""A small bidirectional transformer over a grid of codes, each number of which may be hidden.

Attention and feed-forward layers are MONAI's; the condition scales and shifts every block (Peebles and Xie 2023,
"adaLN-Zero"), and a depthwise convolution tells each place its neighbourhood (Chu et al. 2021), which a plain
transformer would have to learn from more images than a hospital has. It knows codes and conditions, not images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from monai.networks.blocks import MLPBlock, SABlock
from torch import Tensor, nn
from torch.nn import functional

from models.api import Attribute, Condition
from models.nets.conditioning import ConditionEmbedding

HIDDEN = -1
"""A number that is not known yet."""


@dataclass(frozen=True, slots=True)
class CodeShape:
    """How an image is written down.

    Attributes:
        grid: places along each side.
        numbers: at each place.
        levels: that a number can take.
    """

    grid: int
    numbers: int
    levels: int

    @property
    def places(self) -> int:
        """Of the whole grid."""
        return self.grid**2


@dataclass(frozen=True, slots=True)
class FeatureDropout:
    """Drops whole features of a branch, the same at every place of an image (Gal and Ghahramani 2016).

    Drawn from a given generator, as everything random in a loss.
    """

    share: float
    generator: torch.Generator

    def __call__(self, branch: Tensor) -> Tensor:
        """``(B, N, width)``."""
        kept = torch.rand((len(branch), 1, branch.shape[2]), generator=self.generator) >= self.share
        return branch * (kept.to(branch) / (1.0 - self.share))


class TokenTransformer(nn.Module):
    """Codes, partly hidden, to the odds of every level of every number."""

    usual: Tensor

    def __init__(
        self,
        shape: CodeShape,
        *,
        classes: int,
        attributes: Sequence[Attribute],
        augmentations: int,
        width: int,
        depth: int,
        heads: int,
        fold: int,
    ) -> None:
        super().__init__()
        if width % heads or shape.grid % fold:
            raise ValueError(f"width {width} does not divide into {heads} heads, or a grid of {shape.grid} by {fold}")
        self.shape, self.fold, side = shape, fold, shape.grid // fold
        self.into = nn.Linear(shape.numbers * (shape.levels + 1) * fold**2 + augmentations, width)
        self.position = nn.Parameter(0.02 * torch.randn(side**2, width))
        self.condition = ConditionEmbedding(classes, attributes, width)
        self.blocks = nn.ModuleList(_Block(width, heads, side) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, shape.numbers * shape.levels * fold**2)
        self.register_buffer("usual", torch.zeros(shape.places, shape.numbers, shape.levels))

    def forward(
        self, codes: Tensor, condition: Condition, augmentation: Tensor, dropout: FeatureDropout | None = None
    ) -> Tensor:
        """
        Args:
            codes: ``(B, N, D)`` int64 in 0..levels-1, or ``HIDDEN``.
            condition: of the batch.
            augmentation: ``(B, A)``; zeros for images as they were.
            dropout: in training.

        Returns:
            ``(B, N, D, levels)`` logits.
        """
        shape, side = self.shape, self.shape.grid // self.fold
        known = functional.one_hot(codes + 1, shape.levels + 1).to(self.position)
        image = known.flatten(2).transpose(1, 2).reshape(len(codes), -1, shape.grid, shape.grid)
        tokens = functional.pixel_unshuffle(image, self.fold).flatten(2).transpose(1, 2)
        moved = augmentation.to(known)[:, None].expand(-1, side**2, -1)
        x = self.into(torch.cat([tokens, moved], dim=2)) + self.position
        told = self.condition(condition)
        for block in self.blocks:
            x = block(x, told, dropout)
        found = self.head(self.norm(x)).float().transpose(1, 2).reshape(len(codes), -1, side, side)
        logits = functional.pixel_shuffle(found, self.fold).flatten(2).transpose(1, 2)
        return logits.reshape(*codes.shape, shape.levels) + self.usual

    def expect(self, codes: Tensor) -> None:
        """Start from how often each level stands at each place in ``codes`` ``(n, N, D)``, smoothed by one of each."""
        counted = functional.one_hot(codes, self.shape.levels).float().sum(dim=0) + 1.0
        self.usual.copy_((counted / counted.sum(dim=2, keepdim=True)).log())


class _Block(nn.Module):
    def __init__(self, width: int, heads: int, grid: int) -> None:
        super().__init__()
        self.grid = grid
        self.near = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.attention = SABlock(width, heads, qkv_bias=True)
        self.mlp = MLPBlock(width, 4 * width)
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.modulation = nn.Linear(width, 6 * width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, x: Tensor, told: Tensor, dropout: FeatureDropout | None) -> Tensor:
        shift, scale, gate, shift_mlp, scale_mlp, gate_mlp = self.modulation(functional.silu(told))[:, None].chunk(
            6, dim=2
        )
        x = x + self._nearby(x)
        branch = gate * self.attention(self.norm(x) * (1 + scale) + shift)
        x = x + (dropout(branch) if dropout else branch)
        branch = gate_mlp * self.mlp(self.norm(x) * (1 + scale_mlp) + shift_mlp)
        return x + (dropout(branch) if dropout else branch)

    def _nearby(self, x: Tensor) -> Tensor:
        found: Tensor = self.near(x.transpose(1, 2).reshape(len(x), -1, self.grid, self.grid))
        return found.flatten(2).transpose(1, 2)
