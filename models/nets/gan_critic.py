"""The critic: how real an image looks as an answer to what was asked, as one number without a unit.

The score is the product of what is seen and what was asked (projection; Miyato & Koyama 2018). It knows shapes and
conditions, not pairs, losses or generators.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.api import Attribute, Condition
from models.nets.conditioning import ConditionEmbedding
from models.nets.gan_blocks import SLOPE, Conv, Linear, PlainBlock


class Critic(nn.Module):
    """Folded images ``(B, L, h, w)`` and what was asked to scores ``(B,)``, each of its own image alone.

    No constant is added to a score, as pairs are compared and it would cancel.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        told: tuple[int, Sequence[Attribute]],
        *,
        augmentations: int,
        width: int,
        channels: Sequence[int],
    ) -> None:
        super().__init__()
        self.condition = ConditionEmbedding(*told, width)
        self.asked = Linear(width + augmentations, width)
        self.first = Conv(shape[0], channels[0])
        outside = [*channels[1:], channels[-1]]
        self.blocks = nn.ModuleList(PlainBlock(*pair) for pair in zip(channels, outside, strict=True))
        self.seen = Linear(channels[-1], width)

    def forward(self, images: Tensor, condition: Condition, augmentation: Tensor) -> Tensor:
        """Scores ``(B,)``; ``augmentation`` is ``(B, A)``, what is known to have been done to the images."""
        maps = self.first(images)
        for number, block in enumerate(self.blocks):
            if number:
                maps = functional.avg_pool2d(maps, 2)
            maps = block(maps)
        seen = functional.leaky_relu(self.seen(functional.leaky_relu(maps, SLOPE).mean(dim=(2, 3))), SLOPE)
        asked = self.asked(torch.cat([self.condition(condition), augmentation], dim=1))
        scores: Tensor = (seen * asked).float().sum(dim=1) / seen.shape[1] ** 0.5
        return scores
