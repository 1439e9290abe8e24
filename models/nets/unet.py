"""The denoising network: MONAI's DiffusionModelUNet, told the condition, the time and the augmentation.

A network that jumps (see ``models.objectives.jumps``) is told besides where to. It knows tensors only: not what
the target is, how noise was drawn, or which sampler asks.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.networks.nets import DiffusionModelUNet
from monai.networks.nets.diffusion_model_unet import get_timestep_embedding
from torch import Tensor, nn

from models.api import Attribute, Condition
from models.nets.conditioning import ConditionEmbedding


class ConditionedUNet(nn.Module):
    """A U-Net over latents, whose class embedding is replaced by one of the whole condition.

    The augmentation parameters enter as constant input channels: zeros (no augmentation) while sampling.
    """

    def __init__(
        self,
        *,
        latent_channels: int,
        classes: int,
        attributes: Sequence[Attribute] = (),
        augmentations: int,
        channels: Sequence[int],
        attention: Sequence[bool],
        res_blocks: int,
        head_channels: int,
        norm_groups: int,
        jumps: bool = False,
    ) -> None:
        """``jumps``: whether it is told where to; what it is told adds nothing until it has learnt to heed it."""
        super().__init__()
        self.unet = DiffusionModelUNet(
            spatial_dims=2,
            in_channels=latent_channels + augmentations,
            out_channels=latent_channels,
            channels=tuple(channels),
            attention_levels=tuple(attention),
            num_res_blocks=res_blocks,
            num_head_channels=head_channels,
            norm_num_groups=norm_groups,
            num_class_embeds=1,
        )
        self.unet.class_embedding = nn.Identity()  # it is given the vector itself
        width = 4 * channels[0]
        self.condition = ConditionEmbedding(classes, attributes, width)
        self.target = TargetEmbedding(width) if jumps else None

    def forward(
        self, latents: Tensor, time: Tensor, condition: Condition, augmentation: Tensor, target: Tensor | None = None
    ) -> Tensor:
        """Raw output of the shape of ``latents``.

        Args:
            latents: ``(B, L, h, w)``, scaled to unit variance.
            time: ``(B,)`` what the sinusoidal embedding is given.
            condition: of the batch.
            augmentation: ``(B, A)`` parameters of the augmentation applied.
            target: ``(B,)`` time to jump to; of a network that jumps, and only there.
        """
        told = self.condition(condition)
        if self.target is not None and target is not None:
            told = told + self.target(target)
        planes = augmentation[:, :, None, None].expand(-1, -1, *latents.shape[2:])
        output: Tensor = self.unet(torch.cat([latents, planes.to(latents.dtype)], dim=1), time, class_labels=told)
        return output


class TargetEmbedding(nn.Module):
    """The time to jump to as a vector: zeros at first, so that the network begins as the denoiser it is copied from."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layer = nn.Linear(width, width)
        nn.init.zeros_(self.layer.weight)
        nn.init.zeros_(self.layer.bias)

    def forward(self, target: Tensor) -> Tensor:
        """``(B,)`` in 0..1000 to ``(B, width)``."""
        vector: Tensor = self.layer(get_timestep_embedding(target, self.layer.in_features))
        return vector
