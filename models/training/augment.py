"""Light geometric augmentation on tensors, with its parameters, so that the network can be told what was done.

A network that is told learns from moved images without ever drawing one (Karras et al. 2022, appendix F.2).
It knows pixels only; the split rules that keep held-out images unaugmented lie with the caller.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

PARAMETERS = 5
"""Flip, rotation, scale, shift right, shift down; each 0 when nothing was done and within [-1, 1]."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far images may be moved.

    Attributes:
        share: share of the images that are moved at all.
        flip: share of the moved images that are mirrored left to right.
        degrees: largest rotation either way.
        scale: largest change of size, as a natural logarithm.
        shift: largest shift, as a share of the image side.
    """

    share: float = 0.5
    flip: float = 0.5
    degrees: float = 12.0
    scale: float = 0.12
    shift: float = 0.08

    def apply(self, images: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """``(B, C, H, W)`` in [-1, 1] to the moved images and ``(B, PARAMETERS)`` of what was done."""
        told = self._draw(len(images), generator)
        moved = (told != 0).any(dim=1)
        if not bool(moved.any()):
            return images, told.to(images.device)
        grid = functional.affine_grid(self._matrices(told[moved]), list(images[moved].shape), align_corners=False)
        result = images.clone()
        # Padding with 0 after a shift by 1 pads with -1: black, as the air round a patient.
        result[moved] = functional.grid_sample(images[moved] + 1, grid.to(images), align_corners=False) - 1
        return result, told.to(images.device)

    def _draw(self, count: int, generator: torch.Generator) -> Tensor:
        told = torch.rand((count, PARAMETERS), generator=generator) * 2 - 1
        told[:, 0] = (torch.rand(count, generator=generator) < self.flip).float()
        return told * (torch.rand((count, 1), generator=generator) < self.share)

    def _matrices(self, told: Tensor) -> Tensor:
        flip, angle = 1 - 2 * told[:, 0], told[:, 1] * math.radians(self.degrees)
        size = torch.exp(told[:, 2] * self.scale)
        cos, sin = angle.cos() * size, angle.sin() * size
        right, down = told[:, 3] * self.shift * 2, told[:, 4] * self.shift * 2
        first = torch.stack([cos * flip, -sin, right], dim=1)
        second = torch.stack([sin * flip, cos, down], dim=1)
        return torch.stack([first, second], dim=1)
