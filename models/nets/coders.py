"""Encoder and decoder between an image and a short vector, built of MONAI's residual units.

The condition is told to both as an embedding, and so is the augmentation, that it need not stand in the code and does
not leak into samples. They know shapes and conditions, not likelihoods or priors. Group
normalisation throughout: an image must not depend on the batch that it came in.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.networks.blocks import Convolution, ResidualUnit, UpSample
from torch import Tensor, nn

from models.api import Attribute, Condition
from models.nets.conditioning import ConditionEmbedding
from models.training.augment import PARAMETERS

NORM = ("GROUP", {"num_groups": 8})
ACT = "GELU"


def _residual(inside: int, outside: int, strides: int = 1) -> ResidualUnit:
    return ResidualUnit(2, inside, outside, strides=strides, subunits=2, norm=NORM, act=ACT)


class Encoder(nn.Module):
    """``(B, L, h, w)`` and conditions to mean and log-variance ``(B, Z)``."""

    def __init__(
        self, shape: tuple[int, int, int], told: tuple[int, Sequence[Attribute]], channels: Sequence[int], width: int
    ) -> None:
        super().__init__()
        depth = len(channels) - 1
        body: list[nn.Module] = [Convolution(2, shape[0], channels[0], norm=NORM, act=ACT)]
        body += [_residual(channels[level], channels[level + 1], 2) for level in range(depth)]
        self.body = nn.Sequential(*body, nn.Flatten())
        self.condition = ConditionEmbedding(*told, width)
        flat = channels[-1] * (shape[1] >> depth) * (shape[2] >> depth)
        self.head = nn.Sequential(
            nn.Linear(flat + width + PARAMETERS, 4 * width), nn.GELU(), nn.Linear(4 * width, 2 * width)
        )

    def forward(self, latents: Tensor, condition: Condition, augmentation: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance, the latter within [-6, 2]; ``augmentation`` is ``(B, PARAMETERS)``."""
        told = torch.cat([self.body(latents), self.condition(condition), augmentation], dim=1)
        mean, spread = self.head(told).float().chunk(2, dim=1)
        return mean, 4.0 * torch.tanh(spread / 4.0 - 0.5) - 2.0


class Decoder(nn.Module):
    """``(B, Z)`` and conditions to ``(B, L, h, w)``."""

    def __init__(
        self, shape: tuple[int, int, int], told: tuple[int, Sequence[Attribute]], channels: Sequence[int], width: int
    ) -> None:
        super().__init__()
        depth = len(channels) - 1
        self.start = (channels[-1], shape[1] >> depth, shape[2] >> depth)
        self.condition = ConditionEmbedding(*told, width)
        flat = self.start[0] * self.start[1] * self.start[2]
        self.head = nn.Sequential(nn.Linear(2 * width + PARAMETERS, 4 * width), nn.GELU(), nn.Linear(4 * width, flat))
        body: list[nn.Module] = [_residual(channels[-1], channels[-1])]
        for level in reversed(range(depth)):
            body += [UpSample(2, channels[level + 1], channels[level], 2, mode="deconv")]
            body += [_residual(channels[level], channels[level])]
        self.body = nn.Sequential(*body, Convolution(2, channels[0], shape[0], conv_only=True))

    def forward(self, codes: Tensor, condition: Condition, augmentation: Tensor) -> Tensor:
        """Decoded latents; ``augmentation`` is ``(B, PARAMETERS)``, zeros while sampling."""
        flat = self.head(torch.cat([codes, self.condition(condition), augmentation], dim=1))
        output: Tensor = self.body(flat.view(-1, *self.start))
        return output
