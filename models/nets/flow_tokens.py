"""Patches as tokens: folded pixels, read in raster order and rotated so that a patch's values are nearly unrelated.

Each token's values meet only an own scale and shift in an affine autoregressive map, so what neighbouring pixels of a
patch share must be taken out before: an orthonormal cosine transform does it without a weight, a loss or a
determinant (its logarithm is 0). It knows folded pixels, not how likely they are.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class PatchTokens(nn.Module):
    """``(B, C f^2, h, w)`` in the order of ``pixel_unshuffle`` to ``(B, h w, C f^2)`` and back."""

    basis: Tensor

    def __init__(self, channels: int, fold: int, grid: int) -> None:
        super().__init__()
        side = cosine_basis(fold)
        basis = torch.kron(cosine_basis(channels), torch.kron(side, side))
        self.register_buffer("basis", basis.float(), persistent=False)
        self.grid = grid

    def forward(self, folded: Tensor) -> Tensor:
        """Tokens of folded pixels, in raster order; exact also under autocast, as a density must be."""
        with torch.autocast(folded.device.type, enabled=False):
            return folded.float().flatten(2).transpose(1, 2) @ self.basis.T

    def inverse(self, tokens: Tensor) -> Tensor:
        """Folded pixels of tokens."""
        with torch.autocast(tokens.device.type, enabled=False):
            return (tokens @ self.basis).transpose(1, 2).reshape(len(tokens), -1, self.grid, self.grid)


def cosine_basis(length: int) -> Tensor:
    """``(length, length)`` orthonormal cosine transform (DCT-II), one basis vector a row, in float64."""
    positions = torch.arange(length, dtype=torch.float64) + 0.5
    rows = torch.cos(math.pi / length * torch.arange(length, dtype=torch.float64)[:, None] * positions)
    rows[0] *= math.sqrt(0.5)
    return rows * math.sqrt(2.0 / length)
