"""The generator: a latent vector and what is asked become a style, and the style draws coarse to fine.

Every level adds what it has to say to one picture, which is enlarged smoothly from level to level (Karras et al.
2020, "Analyzing and improving the image quality of StyleGAN", section 4): so a new network draws no noise that it
would have to unlearn, and learns outlines before details. (MONAI's ``Generator`` takes a latent alone and normalises
over the batch, so it is not used here.) It knows shapes and conditions, not critics, losses or where latents come
from.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.api import Attribute, Condition
from models.nets.conditioning import ConditionEmbedding
from models.nets.gan_blocks import SLOPE, Conv, Linear, StyledBlock

FAINT = 0.3
"""Of its final strength, what a new network draws: different seeds are told apart from the first step."""

FINE = 16
"""Channels at full resolution. Enlarging them smoothly before they are drawn leaves no pattern of the fold behind."""

MAPPING_RATE = 0.1
"""Of the mapping, against other layers: at full rate what all images share grew to six times what the latent says, and
images of one class became alike (Karras et al. 2019, appendix C: 0.01, for far longer training)."""


class Generator(nn.Module):
    """``latent`` normal numbers to images ``(B, C, H, W)`` of no fixed range.

    The last level lies ``factor`` times coarser than the image, and draws its details folded into channels. The
    mapping is given the condition and the parameters of an augmentation beside the latent (zeros when sampling).
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        told: tuple[int, Sequence[Attribute]],
        *,
        augmentations: int,
        latent: int,
        width: int,
        channels: Sequence[int],
        groups: int,
        factor: int,
    ) -> None:
        super().__init__()
        depth = len(channels) - 1
        self.factor, self.channels = factor, shape[0]
        self.start = (channels[-1], shape[1] // factor >> depth, shape[2] // factor >> depth)
        self.condition = ConditionEmbedding(*told, width)
        self.mapping = nn.Sequential(
            Linear(latent + width + augmentations, width, rate=MAPPING_RATE),
            nn.LeakyReLU(SLOPE),
            Linear(width, width, rate=MAPPING_RATE),
            nn.LeakyReLU(SLOPE),
        )
        self.basis = Linear(width, self.start[0] * self.start[1] * self.start[2])
        inside = [channels[-1], *reversed(channels[1:])]
        self.blocks = nn.ModuleList(
            StyledBlock(wide, narrow, width, groups) for wide, narrow in zip(inside, reversed(channels), strict=True)
        )
        self.pictures = nn.ModuleList(_picture(wide, shape[0], groups, FAINT) for wide in reversed(channels[1:]))
        self.fine = nn.Sequential(nn.GroupNorm(groups, channels[0]), nn.LeakyReLU(SLOPE), Conv(channels[0], FINE))
        self.details = _picture(FINE, shape[0], groups, 0.0)

    def style(self, latents: Tensor, condition: Condition, augmentation: Tensor) -> Tensor:
        """``(B, latent)``, a condition and ``(B, A)`` to the style ``(B, width)``."""
        said: Tensor = self.mapping(torch.cat([latents, self.condition(condition), augmentation], dim=1))
        return said

    def drawn(self, style: Tensor) -> Tensor:
        """The image of a style, ``(B, C, H, W)``."""
        maps = self.basis(style).view(-1, *self.start)
        picture = style.new_zeros((len(style), self.channels, *self.start[1:]))
        for block, said in zip(self.blocks, self.pictures, strict=False):
            maps = block(maps, style)
            picture = _twice_as_large(picture + said(maps))
            maps = functional.interpolate(maps, scale_factor=2, mode="nearest")
        maps = functional.interpolate(
            self.fine(self.blocks[-1](maps, style)), scale_factor=self.factor, mode="bilinear"
        )
        picture = functional.interpolate(picture, scale_factor=self.factor, mode="bilinear")
        total: Tensor = picture + self.details(maps)
        return total

    def forward(self, latents: Tensor, condition: Condition, augmentation: Tensor) -> Tensor:
        """``(B, latent)`` normal numbers to ``(B, C, H, W)``."""
        return self.drawn(self.style(latents, condition, augmentation))


def _picture(inside: int, outside: int, groups: int, spread: float) -> nn.Module:
    return nn.Sequential(nn.GroupNorm(groups, inside), nn.LeakyReLU(SLOPE), Conv(inside, outside, spread=spread))


def _twice_as_large(picture: Tensor) -> Tensor:
    return functional.interpolate(picture, scale_factor=2, mode="bilinear")
