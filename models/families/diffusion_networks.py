"""The networks of a diffusion model: the denoiser, and where asked for a weaker one and one that jumps.

They are one module, so that weight averages, checkpoints and devices take them together. It knows shapes and
conditions, not noise levels' choice, losses or samplers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.api import Condition, FamilyConfig
from models.families.diffusion_options import DiffusionOptions
from models.nets.unet import ConditionedUNet
from models.objectives.denoising import denoise
from models.objectives.jumps import JumpNetwork
from models.paths.preconditioning import Preconditioning
from models.sampling.guidance import ConditionedDenoise
from models.training.augment import PARAMETERS


class DiffusionNetworks(nn.Module):
    """See the module.

    Attributes:
        main: the denoiser.
        weaker: a narrower one for autoguidance, or None.
        jumper: a copy of ``main`` that learns to jump, or None.
        jumps: 1 from the moment on at which the jumper was copied from the trained denoiser.
    """

    jumps: Tensor

    def __init__(self, config: FamilyConfig, options: DiffusionOptions, latent_channels: int) -> None:
        super().__init__()
        self.main = _unet(config, options, latent_channels)
        self.weaker = (
            _unet(config, options, latent_channels, width=options.weaker_width) if options.guide == "weaker" else None
        )
        self.jumper = _unet(config, options, latent_channels, jumps=True) if options.jump_share else None
        self.register_buffer("jumps", torch.zeros(()))

    @property
    def can_jump(self) -> bool:
        """Whether the jumper has begun to learn."""
        return self.jumper is not None and bool(self.jumps)

    def begin_jumps(self) -> None:
        """The jumper starts as the denoiser that was learnt."""
        self._jumper().load_state_dict(self.main.state_dict(), strict=False)
        self.jumps.fill_(1.0)

    def jumping(self, condition: Condition) -> JumpNetwork:
        """The jumper, told ``condition``, of images that nobody moved."""
        net = self._jumper()

        def raw(latents: Tensor, time: Tensor, landing: Tensor) -> Tensor:
            output: Tensor = net(latents, time, condition, _unmoved(latents), landing)
            return output

        return raw

    def _jumper(self) -> ConditionedUNet:
        if self.jumper is None:
            raise ValueError("this diffusion model has no network that jumps")
        return self.jumper


def denoiser(net: ConditionedUNet, path: Preconditioning) -> ConditionedDenoise:
    """``net`` as a denoiser of images that nobody moved."""

    def clean(noisy: Tensor, sigma: Tensor, condition: Condition) -> Tensor:
        def raw(latents: Tensor, time: Tensor) -> Tensor:
            output: Tensor = net(latents, time, condition, _unmoved(latents))
            return output

        return denoise(raw, path, noisy, sigma)

    return clean


def _unet(
    config: FamilyConfig, options: DiffusionOptions, latent_channels: int, *, width: float = 1.0, jumps: bool = False
) -> ConditionedUNet:
    groups = options.norm_groups
    channels = [max(1, round(width * entry / groups)) * groups for entry in options.channels]
    return ConditionedUNet(
        latent_channels=latent_channels,
        classes=len(config.classes),
        attributes=config.attributes,
        augmentations=PARAMETERS,
        channels=channels,
        attention=options.attention,
        res_blocks=options.res_blocks,
        head_channels=min(options.head_channels, *channels),
        norm_groups=groups,
        jumps=jumps,
    )


def _unmoved(latents: Tensor) -> Tensor:
    return latents.new_zeros((len(latents), PARAMETERS))
