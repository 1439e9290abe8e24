"""The VAE family: one step from noise to image, quick to train and to draw, softer than diffusion.

Codec (space to depth), network (encoder and decoder of MONAI's residual units), prior (a mixture that moves with the
condition), objectives (calibrated likelihoods with a Monte Carlo divergence, then a patch critic) and sampler (one
decoding). This module only wires them to the family contract.

Everything learns together; where a critic is asked for, a second stage follows, in which the encoder stays as it is,
the prior settles on the codes it gives, and the decoder is sharpened on codes drawn from that prior, as samples will
be (after Dai and Wipf 2019, and Larsen et al. 2016). It is not the default: a critic that does not know the classes
makes images look crisper and agree less with the class that was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.api import Batch, Condition, FamilyConfig, LossTerms, OnStep, Stage
from models.codecs.space_to_depth import SpaceToDepth
from models.families.options import read_options, spelt_out
from models.nets.coders import Decoder, Encoder
from models.nets.mixture_prior import MixturePrior
from models.objectives.adversarial import PatchCritic
from models.objectives.fidelity import fidelity_loss
from models.training.augment import PARAMETERS
from models.training.seeds import generator as seeded

AUTOENCODE, SHARPEN, CRITICISE = "autoencode", "sharpen", "criticise"
SHARPENING = 0.4
"""Share of the training in which a critic is listened to, where there is one."""


@dataclass(frozen=True, slots=True)
class VaeOptions:
    """Options of the family, as they stand in ``FamilyConfig.options``.

    Attributes:
        unshuffle: pixels folded along each side before the encoder.
        channels: channels per level; each further level halves both sides.
        width: length of the code.
        components: Gaussians in the prior, shared by all conditions.
        label_dropout: share of training images whose class is hidden.
        warm_up: steps over which the divergence term grows to its full weight.
        structure: weight of the structural likelihood beside that of the pixels.
        critic: weight of the critic in a second stage; 0 for no such stage.
        critic_width: channels of the critic's first layer, a multiple of 8.
        temperature: of the draws; below 1 codes lie nearer to the middle of their component than images do.
        pixel_mean, pixel_std: of the training images.
    """

    unshuffle: int = 2
    channels: tuple[int, ...] = (48, 96, 128)
    width: int = 48
    components: int = 8
    label_dropout: float = 0.1
    warm_up: int = 200
    structure: float = 0.5
    critic: float = 0.0
    critic_width: int = 32
    temperature: float = 1.0
    pixel_mean: float = 0.0
    pixel_std: float = 0.5


class Vae:
    """Conditional VAE with a learned prior. See ``models.api.Family`` and ``models.api.Reconstructs``."""

    def __init__(self, config: FamilyConfig) -> None:
        self.options = options = read_options(VaeOptions, config.family, config.options)
        self.config = spelt_out(config, options)
        if config.size % (options.unshuffle * 2 ** (len(options.channels) - 1)):
            raise ValueError(f"vae: a size of {config.size} does not divide into this network's levels")
        self.codec = SpaceToDepth(options.unshuffle, options.pixel_mean, options.pixel_std)
        shape = self.codec.latent_shape(config.channels, config.size)
        told = (len(config.classes), config.attributes)
        self.encoder = Encoder(shape, told, options.channels, options.width)
        self.decoder = Decoder(shape, told, options.channels, options.width)
        self.prior = MixturePrior(told, options.components, options.width)
        self.net = nn.ModuleDict({"encoder": self.encoder, "decoder": self.decoder, "prior": self.prior})
        self.stages: tuple[Stage, ...] = (Stage(AUTOENCODE, (AUTOENCODE,)),)
        if options.critic:
            self.net["critic"] = PatchCritic(config.channels, options.critic_width)
            self.stages = (
                Stage(AUTOENCODE, (AUTOENCODE,), 1.0 - SHARPENING),
                Stage(SHARPEN, (SHARPEN, CRITICISE), SHARPENING, watched=False),
            )

    @property
    def network(self) -> nn.Module:
        """Encoder, decoder and prior, and the critic where there is one."""
        return self.net

    def parameters(self, phase: str) -> list[nn.Parameter]:
        """What the phase moves."""
        parts = {AUTOENCODE: ("encoder", "decoder", "prior"), SHARPEN: ("decoder", "prior"), CRITICISE: ("critic",)}
        return [parameter for part in parts.get(phase, ()) for parameter in self.net[part].parameters()]

    def loss(self, batch: Batch, phase: str, step: int, generator: torch.Generator) -> LossTerms:
        """The loss of ``phase``; in all of them any part of the condition is hidden from some images."""
        if phase == CRITICISE:
            return self._criticism(_half(batch), generator)
        condition = batch.condition.thinned(self.options.label_dropout, generator)
        if phase == SHARPEN:
            return self._sharpening(batch, condition, generator)
        return self._evidence(batch, condition, step, generator)

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
        """Draw codes from the prior of each condition and decode them: always one step; guidance does not apply."""
        device = next(self.net.parameters()).device
        condition = condition.to(device)
        sources = [seeded(seed, "sample") for seed in seeds]
        uniform = torch.stack([torch.rand((), generator=source) for source in sources]).to(device)
        width = self.options.width
        normal = torch.stack([torch.randn(width, generator=source) for source in sources]).to(device)
        images = self._decoded(self.prior.place(condition, uniform, self.options.temperature * normal), condition)
        if on_step is not None:
            on_step(1, 1)
        return images

    @property
    def _critic(self) -> PatchCritic:
        critic = self.net["critic"]
        assert isinstance(critic, PatchCritic)
        return critic

    @torch.no_grad()
    def reconstruct(self, images: Tensor, condition: Condition) -> Tensor:
        """Encode to the most likely code and decode it."""
        condition = condition.to(images.device)
        mean, _ = self.encoder(self.codec.encode(images), condition, _plain(images))
        return self._decoded(mean, condition)

    def _evidence(self, batch: Batch, condition: Condition, step: int, generator: torch.Generator) -> LossTerms:
        """Negative evidence bound per pixel, the likelihoods' scales at their optimum (Rybkin et al. 2021)."""
        latents = self.codec.encode(batch.images)
        codes, log_posterior = self._encoded(batch, latents, condition, generator)
        error, named = self._error(batch, latents, self.decoder(codes, condition, batch.augmentation).float())
        divergence = (log_posterior - self.prior.log_density(codes, condition)).mean() / latents[0].numel()
        weight = min(1.0, (step + 1) / max(1, self.options.warm_up))
        return LossTerms(error + weight * divergence, named | {"divergence": float(divergence.detach())})

    def _sharpening(self, batch: Batch, condition: Condition, generator: torch.Generator) -> LossTerms:
        """Decoding stays true to images with codes of their own, and looks real for codes of the prior's."""
        latents = self.codec.encode(batch.images)
        with torch.no_grad():
            codes, _ = self._encoded(batch, latents, condition, generator)
        error, named = self._error(batch, latents, self.decoder(codes, condition, batch.augmentation).float())
        surprise = -self.prior.log_density(codes, condition).mean() / latents[0].numel()
        doubt = self._critic.disbelief(self._drawn(_half(batch), generator))
        total = error + surprise + self.options.critic * doubt
        return LossTerms(total, named | {"disbelief": float(doubt.detach())})

    def _criticism(self, batch: Batch, generator: torch.Generator) -> LossTerms:
        with torch.no_grad():
            drawn = self._drawn(batch, generator)
        wrong = self._critic.criticism(drawn, batch.images)
        return LossTerms(wrong, {"critic": float(wrong.detach())})

    def _encoded(
        self, batch: Batch, latents: Tensor, condition: Condition, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Codes drawn from the posterior of each image, ``(B, Z)``, and their log-densities there, ``(B,)``."""
        mean, log_variance = self.encoder(latents, condition, batch.augmentation)
        normal = torch.randn(mean.shape, generator=generator).to(mean.device)
        density = (-0.5 * (normal.square() + log_variance + math.log(2 * math.pi))).sum(dim=1)
        return mean + torch.exp(0.5 * log_variance) * normal, density

    def _error(self, batch: Batch, latents: Tensor, decoded: Tensor) -> tuple[Tensor, dict[str, float]]:
        """Negative log-likelihood per pixel: Gaussian of the pixels, Laplacian of the structure."""
        error = (decoded - latents).square().mean()
        return fidelity_loss(error, self.codec.decode(decoded), batch.images, self.options.structure)

    def _drawn(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Images decoded from codes of the prior's, asked for and moved as those of the batch are."""
        device = batch.images.device
        condition = batch.condition.thinned(self.options.label_dropout, generator)
        uniform = torch.rand(len(condition), generator=generator).to(device)
        normal = torch.randn((len(condition), self.options.width), generator=generator).to(device)
        codes = self.prior.place(condition, uniform, normal).detach()
        return self.codec.decode(self.decoder(codes, condition, batch.augmentation).float())

    def _decoded(self, codes: Tensor, condition: Condition) -> Tensor:
        return self.codec.decode(self.decoder(codes, condition, _plain(codes)).float())


def _half(batch: Batch) -> Batch:
    """Enough of ``batch`` for the critic, which costs as much an image as the decoder."""
    return batch.first(max(1, len(batch.images) // 2))


def _plain(rows: Tensor) -> Tensor:
    """No augmentation, one row for each of ``rows``."""
    return torch.zeros((len(rows), PARAMETERS), device=rows.device)


def build(config: FamilyConfig) -> Vae:
    """The registry's builder."""
    return Vae(config)
