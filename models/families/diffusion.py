"""The diffusion family: five parts put together, each of which can be exchanged by an option.

Codec (space to depth), network (MONAI's U-Net), preconditioning (EDM or straight path), objective (denoising) and
sampler (a plain function, guided). This module only wires them to the family contract.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.api import Batch, Condition, FamilyConfig, LossTerms, OnStep, Stage
from models.codecs.space_to_depth import SpaceToDepth
from models.families.options import read_options, spelt_out
from models.nets.unet import ConditionedUNet
from models.objectives.denoising import denoise, denoising_loss
from models.paths.preconditioning import PRECONDITIONINGS
from models.sampling.guidance import guided
from models.sampling.solvers import EVALUATIONS_PER_STEP, SOLVERS, levels
from models.training.augment import PARAMETERS
from models.training.seeds import noise

PHASE = "denoise"


@dataclass(frozen=True, slots=True)
class DiffusionOptions:
    """Options of the family, as they stand in ``FamilyConfig.options``.

    Attributes:
        path: "edm" or "flow".
        unshuffle: pixels folded along each side before the network.
        channels, attention, res_blocks, head_channels, norm_groups: shape of the U-Net, level by level.
        label_dropout: share of training images whose class is hidden, so that guidance has a side to compare with.
        pixel_mean, pixel_std: of the training images.
        solver, steps: default sampler and its network evaluations per image (without guidance).
        guidance: default guidance weight.
        guidance_interval: lowest and highest noise level on which guidance acts.
        noise_range: lowest and highest noise level of the sampler.
        bend: how strongly the sampler's levels crowd at the low end (rho of Karras et al. 2022).
    """

    path: str = "edm"
    unshuffle: int = 2
    channels: tuple[int, ...] = (64, 128)
    attention: tuple[bool, ...] = (False, True)
    res_blocks: int = 2
    head_channels: int = 32
    norm_groups: int = 16
    label_dropout: float = 0.12
    pixel_mean: float = 0.0
    pixel_std: float = 0.5
    solver: str = "dpmpp_2m"
    steps: int = 12
    guidance: float = 2.2
    guidance_interval: tuple[float, float] = (0.1, 3.0)
    noise_range: tuple[float, float] = (0.01, 40.0)
    bend: float = 7.0


class Diffusion:
    """Class-conditional diffusion in folded pixel space. See ``models.api.Family``."""

    stages = (Stage(PHASE, (PHASE,)),)

    def __init__(self, config: FamilyConfig) -> None:
        self.options = options = read_options(DiffusionOptions, config.family, config.options)
        self.config = spelt_out(config, options)
        if options.path not in PRECONDITIONINGS or options.solver not in SOLVERS:
            raise ValueError(f"diffusion: unknown path {options.path!r} or solver {options.solver!r}")
        if config.size % (options.unshuffle * 2 ** (len(options.channels) - 1)):
            raise ValueError(f"diffusion: a size of {config.size} does not divide into this network's levels")
        self.codec = SpaceToDepth(options.unshuffle, options.pixel_mean, options.pixel_std)
        self.path = PRECONDITIONINGS[options.path]()
        self.latent_shape = self.codec.latent_shape(config.channels, config.size)
        self.net = ConditionedUNet(
            latent_channels=self.latent_shape[0],
            classes=len(config.classes),
            attributes=config.attributes,
            augmentations=PARAMETERS,
            channels=options.channels,
            attention=options.attention,
            res_blocks=options.res_blocks,
            head_channels=options.head_channels,
            norm_groups=options.norm_groups,
        )

    @property
    def network(self) -> nn.Module:
        """The U-Net."""
        return self.net

    def parameters(self, phase: str) -> list[nn.Parameter]:
        """All weights, in the one phase there is."""
        return list(self.net.parameters()) if phase == PHASE else []

    def loss(self, batch: Batch, phase: str, step: int, generator: torch.Generator) -> LossTerms:
        """Denoising loss with the class hidden from a share of the images."""
        condition = batch.condition.thinned(self.options.label_dropout, generator)

        def raw(latents: Tensor, time: Tensor) -> Tensor:
            output: Tensor = self.net(latents, time, condition, batch.augmentation)
            return output

        total = denoising_loss(raw, self.path, self.codec.encode(batch.images), generator)
        return LossTerms(total, {"denoising": float(total.detach())})

    @torch.no_grad()
    def sample(
        self,
        condition: Condition,
        seeds: Sequence[int],
        *,
        steps: int | None = None,
        guidance: float | None = None,
        on_step: OnStep | None = None,
    ) -> Tensor:
        """Guided sampling; ``steps`` are network evaluations, at least one."""
        options = self.options
        device = next(self.net.parameters()).device
        evaluations = options.steps if steps is None else steps
        low, high = options.noise_range
        sigmas = levels(
            max(1, evaluations // EVALUATIONS_PER_STEP[options.solver]), lowest=low, highest=high, bend=options.bend
        )
        start = noise(seeds, self.latent_shape).to(device) * sigmas[0]
        denoiser = guided(
            self._denoise,
            condition.to(device),
            weight=options.guidance if guidance is None else guidance,
            interval=options.guidance_interval,
        )
        latents = SOLVERS[options.solver](denoiser, start, sigmas, on_step or _ignore)
        return self.codec.decode(latents)

    def _denoise(self, noisy: Tensor, sigma: Tensor, condition: Condition) -> Tensor:
        plain = noisy.new_zeros((len(noisy), PARAMETERS))

        def raw(latents: Tensor, time: Tensor) -> Tensor:
            output: Tensor = self.net(latents, time, condition, plain)
            return output

        return denoise(raw, self.path, noisy, sigma)


def _ignore(done: int, total: int) -> None:
    """Nobody watches the steps."""


def build(config: FamilyConfig) -> Diffusion:
    """The registry's builder."""
    return Diffusion(config)
