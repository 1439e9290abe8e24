"""How different two images look, without any learned weights: edges and fine structure over several scales.

Pixel differences alone are best answered by a blur. This compares what a fixed bank of edge filters sees, at the same
place (where the edges are) and pooled over a neighbourhood (how much fine structure there is, wherever exactly it
lies; cf. the subband statistics of Portilla and Simoncelli 2000). A blur lacks that structure and pays for it. A
pretrained network would see more, but none may be fetched, and those there are know photographs, not slices.
It knows images, not models.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

EDGES = (
    ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0)),
    ((-1.0, -2.0, -1.0), (0.0, 0.0, 0.0), (1.0, 2.0, 1.0)),
    ((-2.0, -1.0, 0.0), (-1.0, 0.0, 1.0), (0.0, 1.0, 2.0)),
    ((0.0, -1.0, -2.0), (1.0, 0.0, -1.0), (2.0, 1.0, 0.0)),
    ((-1.0, -1.0, -1.0), (-1.0, 8.0, -1.0), (-1.0, -1.0, -1.0)),
)
"""Sobel filters in four directions and a Laplacian, each divided by its absolute sum."""
SMALLEST = 8
"""Pixels along a side below which an image is not halved any further."""
FAINT = 1e-4
"""Added to the squared structure before its root, so that the slope stays finite where there is none."""


def structure_loss(drawn: Tensor, real: Tensor, scales: int = 3) -> Tensor:
    """Distance of ``drawn`` to ``real``, both ``(B, C, H, W)`` in [-1, 1]; a scalar, 0 for equal images.

    Each of up to ``scales`` scales has half the resolution of the one before and the same say.
    """
    bank = torch.tensor(EDGES, device=real.device)[:, None]
    bank = bank / bank.abs().sum(dim=(2, 3), keepdim=True)
    drawn, real = (image.float().flatten(0, 1)[:, None] for image in (drawn, real))
    parts: list[Tensor] = []
    while len(parts) < scales and (not parts or min(real.shape[2:]) >= SMALLEST):
        seen, wanted = _edges(drawn, bank), _edges(real, bank)
        parts.append((seen - wanted).abs().mean() + (_strength(seen) - _strength(wanted)).abs().mean())
        drawn, real = functional.avg_pool2d(drawn, 2), functional.avg_pool2d(real, 2)
    return torch.stack(parts).mean()


def _edges(images: Tensor, bank: Tensor) -> Tensor:
    return functional.conv2d(functional.pad(images, (1, 1, 1, 1), mode="replicate"), bank)


def _strength(edges: Tensor) -> Tensor:
    """Root mean square over neighbourhoods of four pixels a side."""
    return torch.sqrt(functional.avg_pool2d(edges.square(), 4, 2) + FAINT)
