"""The VAE family: one step from noise to image, quick to train and to draw, softer than diffusion.

Codec (space to depth), network (encoder and decoder of MONAI's residual units), prior (a mixture per class),
objective (calibrated Gaussian likelihood and a Monte Carlo KL) and sampler (one decoding). This module only wires
them to the family contract.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.api import Batch, Condition, FamilyConfig, LossTerms, OnStep, Stage
from models.codecs.space_to_depth import SpaceToDepth
from models.families.options import read_options, spelt_out
from models.nets.coders import Decoder, Encoder
from models.nets.mixture_prior import MixturePrior
from models.training.seeds import generator as seeded

PHASE = "autoencode"


@dataclass(frozen=True, slots=True)
class VaeOptions:
    """Options of the family, as they stand in ``FamilyConfig.options``.

    Attributes:
        unshuffle: pixels folded along each side before the encoder.
        channels: channels per level; each further level halves both sides.
        width: length of the code.
        components: Gaussians per class in the prior.
        label_dropout: share of training images whose class is hidden.
        warm_up: steps over which the divergence term grows to its full weight.
        pixel_mean, pixel_std: of the training images.
    """

    unshuffle: int = 2
    channels: tuple[int, ...] = (48, 96, 128)
    width: int = 48
    components: int = 8
    label_dropout: float = 0.1
    warm_up: int = 200
    pixel_mean: float = 0.0
    pixel_std: float = 0.5


class Vae:
    """Class-conditional VAE with a learned prior. See ``models.api.Family`` and ``models.api.Reconstructs``."""

    stages = (Stage(PHASE, (PHASE,)),)

    def __init__(self, config: FamilyConfig) -> None:
        self.options = options = read_options(VaeOptions, config.family, config.options)
        self.config = spelt_out(config, options)
        if config.size % (options.unshuffle * 2 ** (len(options.channels) - 1)):
            raise ValueError(f"vae: a size of {config.size} does not divide into this network's levels")
        self.codec = SpaceToDepth(options.unshuffle, options.pixel_mean, options.pixel_std)
        shape = self.codec.latent_shape(config.channels, config.size)
        classes = len(config.classes)
        told = (classes, config.attributes)
        self.encoder = Encoder(shape, told, options.channels, options.width)
        self.decoder = Decoder(shape, told, options.channels, options.width)
        self.prior = MixturePrior(classes, options.components, options.width)
        self.net = nn.ModuleDict({"encoder": self.encoder, "decoder": self.decoder, "prior": self.prior})

    @property
    def network(self) -> nn.Module:
        """Encoder, decoder and prior."""
        return self.net

    def parameters(self, phase: str) -> list[nn.Parameter]:
        """All weights, in the one phase there is."""
        return list(self.net.parameters()) if phase == PHASE else []

    def loss(self, batch: Batch, phase: str, step: int, generator: torch.Generator) -> LossTerms:
        """Negative evidence bound per pixel, the likelihood's variance at its optimum (Rybkin et al. 2021)."""
        device = batch.images.device
        condition = batch.condition.thinned(self.options.label_dropout, generator)
        latents = self.codec.encode(batch.images)
        mean, log_variance = self.encoder(latents, condition)
        normal = torch.randn(mean.shape, generator=generator).to(device)
        codes = mean + torch.exp(0.5 * log_variance) * normal
        error = (self.decoder(codes, condition).float() - latents).square().mean()
        log_posterior = (-0.5 * (normal.square() + log_variance) - 0.9189385).sum(dim=1)
        divergence = (log_posterior - self.prior.log_density(codes, condition.labels)).mean() / latents[0].numel()
        weight = min(1.0, (step + 1) / max(1, self.options.warm_up))
        total = 0.5 * torch.log(error + 1e-4) + weight * divergence
        return LossTerms(total, {"reconstruction": float(error.detach()), "divergence": float(divergence.detach())})

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
        """Draw codes from the prior of each class and decode them: always one step; guidance does not apply."""
        device = next(self.net.parameters()).device
        condition = condition.to(device)
        sources = [seeded(seed, "sample") for seed in seeds]
        uniform = torch.stack([torch.rand((), generator=source) for source in sources]).to(device)
        width = self.options.width
        normal = torch.stack([torch.randn(width, generator=source) for source in sources]).to(device)
        images = self._decoded(self.prior.place(condition.labels, uniform, normal), condition)
        if on_step is not None:
            on_step(1, 1)
        return images

    @torch.no_grad()
    def reconstruct(self, images: Tensor, condition: Condition) -> Tensor:
        """Encode to the most likely code and decode it."""
        condition = condition.to(images.device)
        mean, _ = self.encoder(self.codec.encode(images), condition)
        return self._decoded(mean, condition)

    def _decoded(self, codes: Tensor, condition: Condition) -> Tensor:
        return self.codec.decode(self.decoder(codes, condition).float())


def build(config: FamilyConfig) -> Vae:
    """The registry's builder."""
    return Vae(config)
